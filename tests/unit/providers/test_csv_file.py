import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from camd.domain.errors import Misconfigured, Scope, Transient
from camd.ports.providers import Cursor, Found, Page
from camd.providers.csv_file import CsvSource, _read, _Settings

HEADER = "email,company\n"


class CountingClock:
    """Says how often a worker thread was waited for."""

    def __init__(self) -> None:
        self.waits = 0

    def now(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    @contextmanager
    def real_work(self) -> Iterator[None]:
        self.waits += 1
        yield


@pytest.fixture
def clock() -> CountingClock:
    return CountingClock()


@pytest.fixture
def source(clock: CountingClock) -> CsvSource:
    return CsvSource(clock)


def people(first: int, last: int) -> str:
    return "".join(f"p{number}@clinic.example,x\n" for number in range(first, last + 1))


def emails(page: Page) -> list[str | None]:
    return [found.facts.email for found in page.found]


async def read_all(source: CsvSource, settings: Mapping[str, object], cursor: Cursor | None, limit: int) -> list[Page]:
    pages = [await source.fetch(settings, cursor, limit)]
    while not pages[-1].exhausted:
        pages.append(await source.fetch(settings, pages[-1].cursor, limit))
    return pages


async def test_a_file_is_read_page_by_page_to_its_end(source: CsvSource, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(HEADER + people(1, 4) + "broken,x\n" + people(5, 7), encoding="utf-8")
    pages = await read_all(source, {"path": str(path)}, None, 3)
    assert [len(page.found) + len(page.rejected) for page in pages] == [3, 3, 2]
    assert [email for page in pages for email in emails(page)] == [f"p{n}@clinic.example" for n in range(1, 8)]
    assert [rejected.line for page in pages for rejected in page.rejected] == [6]
    assert [found.line for found in pages[-1].found] == [8, 9]


async def test_a_file_that_was_read_to_its_end_has_nothing_more(source: CsvSource, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(HEADER + people(1, 2), encoding="utf-8")
    read = await source.fetch({"path": str(path)}, None, 10)
    again = await source.fetch({"path": str(path)}, read.cursor, 10)
    assert (read.exhausted, again.exhausted) == (True, True)
    assert (list(again.found), list(again.rejected), again.cursor) == ([], [], read.cursor)


async def test_a_cursor_goes_on_in_the_middle_of_a_file_that_was_only_touched(
    source: CsvSource, tmp_path: Path
) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(HEADER + people(1, 4), encoding="utf-8")
    first = await source.fetch({"path": str(path)}, None, 2)
    os.utime(path, ns=(1, 1))
    second = await source.fetch({"path": str(path)}, first.cursor, 2)
    assert emails(second) == ["p3@clinic.example", "p4@clinic.example"]


async def test_a_file_that_was_replaced_is_read_again_from_its_start(source: CsvSource, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(HEADER + people(1, 2), encoding="utf-8")
    before = await source.fetch({"path": str(path)}, None, 10)
    other = tmp_path / "other.csv"
    other.write_text("company;email\nx;p0@clinic.example\nx;p1@clinic.example\n", encoding="utf-8")
    other.replace(path)
    after = await source.fetch({"path": str(path)}, before.cursor, 10)
    assert emails(after) == ["p0@clinic.example", "p1@clinic.example"]
    assert after.found[1].source_ref == before.found[0].source_ref


async def test_a_line_added_to_a_file_that_was_read_is_found(source: CsvSource, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(HEADER + people(1, 2), encoding="utf-8")
    before = await source.fetch({"path": str(path)}, None, 10)
    path.write_text(HEADER + people(1, 3), encoding="utf-8")
    after = await source.fetch({"path": str(path)}, before.cursor, 10)
    assert "p3@clinic.example" in emails(after)


class Growing(io.FileIO):
    """A file to which somebody adds half a line while it is being read."""

    grown = False

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed names no buffer class
        if not self.grown:
            self.grown = True
            with Path(str(self.name)).open("a", encoding="utf-8") as other:
                other.write("p9@clin")
        return super().readinto(buffer) or 0


def test_a_file_that_is_being_written_is_left_for_later(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(HEADER + people(1, 2), encoding="utf-8")
    with io.BufferedReader(Growing(path)) as stream, pytest.raises(Transient, match="being written"):
        _read(_Settings(path, {}, None), stream, None, 10)


async def test_a_corrected_map_reads_the_file_again(source: CsvSource, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("Name,Company,Privat\nAnna Berg,x,anna@b.example\n", encoding="utf-8")
    before = await source.fetch({"path": str(path)}, None, 10)
    after = await source.fetch({"path": str(path), "map": {"Privat": "email"}}, before.cursor, 10)
    assert (emails(before), emails(after)) == ([None], ["anna@b.example"])


async def test_no_more_candidates_are_found_than_were_asked_for(source: CsvSource, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(HEADER + people(1, 3) + "broken,x\n" + people(4, 9), encoding="utf-8")
    settings = {"path": str(path), "max_candidates": 5}
    pages = await read_all(source, settings, None, 2)
    assert sum(len(page.found) for page in pages) == 5
    raised = await source.fetch({**settings, "max_candidates": 6}, pages[-1].cursor, 10)
    assert emails(raised) == ["p6@clinic.example"]


async def test_windows_text_and_quoted_lines_survive_the_pages(source: CsvSource, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    rows = [f'p{number}@b.example;"Zähne\r\nund mehr";Jörg\r\n' for number in range(6)]
    path.write_bytes(("E-Mail;Notiz;Vorname\r\n" + "".join(rows)).encode("cp1252"))
    pages = await read_all(source, {"path": str(path)}, None, 1)
    found = [row for page in pages for row in page.found]
    assert [row.line for row in found] == [2, 4, 6, 8, 10, 12]
    assert {row.facts.first_name for row in found} == {"Jörg"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
async def test_unicode_text_from_a_spreadsheet_survives_the_pages(
    source: CsvSource, tmp_path: Path, encoding: str
) -> None:
    text = 'E-Mail\tFirma\r\na@b.example\t"Łódź\r\n👏"\r\nc@d.example\tx\r\n\r\ne@f.example\ty'
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    path = tmp_path / "people.csv"
    path.write_bytes(mark + text.encode(encoding))
    pages = await read_all(source, {"path": str(path), "map": {"Firma": "custom.firm"}}, None, limit=1)
    found = [(row.line, row.facts.email) for page in pages for row in page.found]
    assert found == [(2, "a@b.example"), (4, "c@d.example"), (6, "e@f.example")]


async def test_files_are_read_in_a_worker_thread(source: CsvSource, clock: CountingClock, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(HEADER, encoding="utf-8")
    assert (await source.fetch({"path": str(path)}, None, 10)).exhausted
    assert clock.waits == 1


@pytest.mark.parametrize("content", [None, b"", b"no header\n", b"PK\x03\x04"])
async def test_a_file_that_a_person_must_mend_is_misconfigured(
    source: CsvSource, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "leads.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Misconfigured, match=r"leads\.csv") as failure:
        await source.fetch({"path": str(path)}, None, 10)
    assert failure.value.scope is Scope.CAMPAIGN


async def test_a_folder_is_no_file(source: CsvSource, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured):
        await source.fetch({"path": str(tmp_path)}, None, 10)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({}, "path"),
        ({"path": 1}, "path"),
        ({"path": "a\0b"}, "path"),
        ({"path": "missing.csv"}, "path"),
        ({"path": "/dev/null", "file": "x"}, "file"),
        ({"path": "x", "map": "email"}, "map"),
        ({"path": "x", "map": {"Mail": "e-mail"}}, "map"),
        ({"path": "x", "map": {"Mail": 1}}, "map"),
        ({"path": "x", "max_candidates": 0}, "max_candidates"),
        ({"path": "x", "max_candidates": True}, "max_candidates"),
    ],
)
async def test_a_wrong_entry_names_its_field(source: CsvSource, settings: Mapping[str, object], field: str) -> None:
    assert source.check(settings)[0].startswith(f"{field}:")
    with pytest.raises(Misconfigured):
        await source.fetch(settings, None, 10)


def test_a_usable_entry_has_no_problems(source: CsvSource, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(HEADER, encoding="utf-8")
    settings = {"path": str(path), "map": {"Mail": "email", "Segment": "custom.tier"}, "max_candidates": 10}
    assert source.check(settings) == []


async def test_the_rows_of_a_page_name_the_file_as_their_source(source: CsvSource, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text(HEADER + people(1, 1), encoding="utf-8")
    (row,) = (await source.fetch({"path": str(path)}, None, 10)).found
    assert isinstance(row, Found)
    assert (row.facts.source, row.facts.source_ref) == ("csv", row.source_ref)
