"""What a server says, whatever it says."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from camd.mail.imap_syntax import (
    Literal,
    NotImap,
    Status,
    Value,
    arrival,
    day,
    has_free_text,
    literal_size,
    number,
    plain,
    quoted,
    response,
)


def values(line: bytes, *literals: bytes) -> list[Value]:
    return list(response(b"* " + line, [Literal(each, len(each)) for each in literals]).values)


def test_a_fetch_is_a_list_of_names_and_values() -> None:
    found = values(b'12 FETCH (UID 7 FLAGS (\\Seen "a b") X NIL BODY[]<0> {5} Y ())', b"a)(\r\n")
    body = Literal(b"a)(\r\n", 5)
    assert found == [
        b"12",
        b"FETCH",
        [b"UID", b"7", b"FLAGS", [b"\\Seen", b"a b"], b"X", None, b"BODY[]<0>", body, b"Y", []],
    ]


def test_what_looks_like_a_literal_in_a_string_is_none() -> None:
    assert values(b'LIST () "/" "a {5}"') == [b"LIST", [], b"/", b"a {5}"]


@pytest.mark.parametrize("line", [b"* OK done {5}", b"A1 NO {5}", b"+ {5}", b"* BYE [X] {5}", b"* ok {5}"])
def test_a_text_may_end_like_a_literal(line: bytes) -> None:
    assert has_free_text(line)


def test_a_line_that_announces_a_literal_says_its_size() -> None:
    line = b"* 1 FETCH (BODY[] {120}"
    assert not has_free_text(line)
    assert literal_size(line) == 120
    assert literal_size(line + b" ") is None


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"A1 OK done", Status("OK", "", "", "done")),
        (b"* no [alert] be careful", Status("NO", "ALERT", "", "be careful")),
        (b"* OK [UIDVALIDITY 7] ok", Status("OK", "UIDVALIDITY", "7", "ok")),
        (b"* OK", Status("OK", "", "", "")),
        (b"* BYE [broken", Status("BYE", "", "", "[broken")),
        (b"* OKAY done", None),
    ],
)
def test_a_status_has_a_code_and_a_text(line: bytes, status: Status | None) -> None:
    assert response(line, []).status == status


@pytest.mark.parametrize("line", [b"* LIST (", b"* LIST )", b'* LIST "a', b'* LIST "a\\"', b"* (()"])
def test_what_does_not_end_is_no_imap(line: bytes) -> None:
    with pytest.raises(NotImap):
        response(line, [])


@pytest.mark.parametrize("hostile", [b"(", b")", b'"', b'"\\', b"{5} ", b"()", b" ", b"[", b"OK ["])
def test_a_hundred_kilobytes_of_anything_are_read_or_refused(hostile: bytes) -> None:
    for line in (b"* " + hostile * (100_000 // len(hostile)), b"* OK [" + hostile * 50_000):
        try:
            response(line, [])
        except NotImap:
            continue


@given(st.binary(), st.lists(st.binary(max_size=9), max_size=3))
@example(b"* {1}", [])
def test_no_line_raises_anything_else(line: bytes, literals: list[bytes]) -> None:
    try:
        response(line, [Literal(each, len(each)) for each in literals])
    except NotImap:
        return


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n")))
def test_a_quoted_string_is_read_as_it_was_written(text: str) -> None:
    assert values(b"X " + quoted(text)) == [b"X", text.encode()]


@pytest.mark.parametrize("end", ["\r", "\n", "\0"])
def test_no_string_ends_the_line(end: str) -> None:
    with pytest.raises(ValueError, match="end of line"):
        quoted(f"a{end}b")


@pytest.mark.parametrize(
    ("told", "at"),
    [
        (b"17-Jul-1996 02:44:25 -0700", datetime(1996, 7, 17, 9, 44, 25, tzinfo=UTC)),
        (b" 1-Mar-2026 00:00:00 +0000", datetime(2026, 3, 1, tzinfo=UTC)),
        (b"01-Mar-2026 00:00:00 -0000", datetime(2026, 3, 1, tzinfo=UTC)),
        (b"yesterday", None),
        (b"31-Dec-9999 23:00:00 -1400", None),
        (b"99-Foo-9999 99:99:99 +9999", None),
        (b"", None),
    ],
)
def test_a_date_of_arrival_is_utc_or_nothing(told: bytes, at: datetime | None) -> None:
    assert arrival(told) == at


@given(st.binary(max_size=40))
def test_whatever_stands_for_a_date_raises_nothing(told: bytes) -> None:
    arrival(told)


def test_a_day_is_english_whatever_the_machine_speaks() -> None:
    assert day(date(2026, 3, 1)) == "1-Mar-2026"


def test_a_value_is_read_in_any_form() -> None:
    texts: list[Value] = [b"a", Literal(b"b", 1), None, [b"c"]]
    assert [plain(each) for each in texts] == [b"a", b"b", b"", b""]
    numbers: list[Value] = [b"12", Literal(b"7", 1), b"x", None, b"9" * 11, "²".encode()]
    assert [number(each) for each in numbers] == [12, 7, None, None, None, None]
