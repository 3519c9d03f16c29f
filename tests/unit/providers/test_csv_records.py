import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.errors import Invalid
from camd.providers.csv_records import MAX_FILE_BYTES, Position, Record, records, scan


def read(data: bytes, delimiter: str = ",", width: int = 200) -> list[Record]:
    stream = io.BytesIO(data)
    content = scan(stream)
    return list(records(stream, content.encoding, delimiter, content.start, width))


def lines_and_cells(data: bytes) -> list[tuple[int, tuple[str, ...] | None]]:
    return [(record.line, None if record.problem else record.cells) for record in read(data)]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("Zoë".encode("utf-8-sig"), "utf-8"),
        ("Zoë".encode(), "utf-8"),
        ("Zoë".encode("cp1252"), "cp1252"),
        ("Zoë".encode("utf-16"), "utf-16-le"),
        (b"\xfe\xff" + "Zoë".encode("utf-16-be"), "utf-16-be"),
        (b"a" * 2_000_000 + "ë".encode(), "utf-8"),
        (b"a" * 2_000_000 + "ë".encode("cp1252"), "cp1252"),
    ],
)
def test_the_whole_file_decides_its_encoding(data: bytes, encoding: str) -> None:
    assert scan(io.BytesIO(data)).encoding == encoding


@pytest.mark.parametrize(
    ("data", "mend"),
    [
        (b"", "empty"),
        (b"PK\x03\x04workbook", "save it as CSV"),
        ("name,email\n".encode("utf-16-le"), "UTF-16"),
        (("email,first_name,company,city\n" + "ж" * 5000).encode("utf-16-be"), "UTF-16"),
        (b"\xff\xfea\x00\x00\xd8", "damaged"),
        (b"\xff\xfea", "damaged"),
    ],
)
def test_a_file_that_cannot_be_read_says_how_to_mend_it(data: bytes, mend: str) -> None:
    with pytest.raises(Invalid, match=mend) as refusal:
        scan(io.BytesIO(data))
    assert refusal.value.field == "file"


def test_a_file_over_the_limit_is_refused_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "sparse.csv"
    with path.open("wb") as sparse:
        sparse.truncate(MAX_FILE_BYTES + 1)
    with path.open("rb") as stream, pytest.raises(Invalid, match="1 GB"):
        scan(stream)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_lines_are_physical_lines_whatever_ends_them(end: str, encoding: str) -> None:
    text = end.join(["a,b", '"Zoë\n1",2', "", "x,y", ""])
    assert lines_and_cells(text.encode(encoding)) == [(1, ("a", "b")), (2, ("Zoë\n1", "2")), (5, ("x", "y"))]


def test_a_stray_quote_costs_its_own_line_only() -> None:
    data = b'a,b\n1,"open\n2,"x"\n3,y\n'
    assert lines_and_cells(data) == [(1, ("a", "b")), (2, None), (3, ("2", "x")), (4, ("3", "y"))]


def test_a_quote_that_is_never_closed_costs_its_own_line_only() -> None:
    data = b'a,"open\n' + b"x,y\n" * 1000
    found = read(data)
    assert found[0].problem == "malformed: a quote that opens here is never closed"
    assert [record.line for record in found[1:]] == list(range(2, 1002))


def test_looking_for_the_closing_quote_ends_after_one_megabyte() -> None:
    data = b'a,"open\n' + (b"x" * 97 + b",y\n") * 12_000
    found = read(data)
    assert "over 1 MB" in str(found[0].problem)
    assert [record.line for record in found[1:]] == list(range(2, 12_002))


def test_a_file_made_of_open_quotes_is_read_in_bounded_time() -> None:
    # Fresh, each of these lines opens a quote; inside a quote it closes and opens one again.
    found = read((b"x" * 1000 + b'","""\n') * 5_000)
    assert "skipped to line" in str(found[-1].problem)
    assert len(found) < 200


@pytest.mark.parametrize(("size", "kept"), [(1_000_000, True), (1_000_001, False)])
def test_a_line_may_have_one_megabyte(size: int, kept: bool) -> None:
    start = b"a,b\n"
    found = read(start + b"x" * (size - 3) + b",y\n" + b"1,2\n")
    assert [record.problem is None for record in found] == [True, kept, True]
    assert [record.line for record in found] == [1, 2, 3]


def test_a_line_of_twenty_megabytes_is_passed_over() -> None:
    assert lines_and_cells(b"a,b\n" + b"x" * 20_000_000 + b"\n1,2\n") == [(1, ("a", "b")), (2, None), (3, ("1", "2"))]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"a\0b,c", "NUL"),
        (b'"a"b,c', "closing quote"),
        (b"," * 199 + b"x", None),
        (b"," * 200 + b"x", "201 cells"),
        (b"," * 300, None),
        (b"Zo\x81,c", "no text"),
    ],
)
def test_a_malformed_line_says_what_is_wrong_with_it(line: bytes, problem: str | None) -> None:
    (_, found, after) = read(b"a,b\n" + line + b"\nZo\xeb,2\n")
    assert (problem or "None") in str(found.problem)
    assert after.cells == ("Zoë", "2")


def test_a_byte_order_mark_is_believed_against_one_broken_line() -> None:
    found = read(b"\xef\xbb\xbfa,b\nZo\xeb,1\n" + "Zoë,2\n".encode())
    assert [record.cells for record in found] == [("a", "b"), (), ("Zoë", "2")]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16-le"])
def test_reading_can_go_on_behind_every_record(encoding: str) -> None:
    rows = ["a,b", 'Zoë,"1\n2"', 'stray,"quote', "Åsa,x", "", "end,€"]
    data = "\r\n".join(rows).encode(encoding)

    def from_position(start: Position) -> list[Record]:
        return list(records(io.BytesIO(data), encoding, ",", start))

    whole = from_position(Position(0, 1))
    assert len(whole) == 5
    assert whole[-1].end.offset == len(data)
    for index, record in enumerate(whole):
        assert from_position(record.end) == whole[index + 1 :]


@given(st.lists(st.sampled_from([b"a", b",", b'"', b"\n", b"\r", b"\0", b"\xe9", b"\x81", b"\xc3\xa9"]), max_size=60))
def test_noise_is_answered_in_the_order_of_its_lines(parts: list[bytes]) -> None:
    try:
        found = read(b"".join(parts))
    except Invalid:
        return
    numbers = [record.line for record in found]
    assert numbers == sorted(set(numbers))
