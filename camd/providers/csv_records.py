"""Bytes of a CSV file -> records with their physical line numbers, in bounded memory.

A malformed record is a value with its reason, never an exception, and the reading goes on at the next
physical line, so a stray quote costs one line. What makes a whole file unreadable raises `Invalid("file")`.
"""

import codecs
import csv
import hashlib
import io
import re
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from camd.domain.errors import Invalid

MAX_FILE_BYTES = 1_000_000_000
MAX_RECORD_BYTES = 1_000_000
MAX_COLUMNS = 200
# Looking for the end of an unclosed quote reads up to 1 MB ahead; a file made of such lines would be read
# a thousand times over, so what may be read again is limited for the whole file.
_MAX_REREAD_BYTES = 100_000_000
_CHUNK_BYTES = 1 << 20
_HEADER_BYTES = 64
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNDECODED = re.compile("[\ud800-\udfff]")

# The limit is the module's and global; its default of 128 KiB is below the 1 MB that we promise.
csv.field_size_limit(MAX_RECORD_BYTES)


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two physical lines: bytes from the file's start, and the number of the next line."""

    offset: int
    line: int


@dataclass(frozen=True, slots=True)
class Content:
    """What one look through the whole file tells; `start` lies behind the byte order mark."""

    encoding: str
    start: Position
    sha256: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record at its first physical `line`; `problem` is set when it is malformed, `end` lies behind it."""

    line: int
    cells: tuple[str, ...]
    problem: str | None
    end: Position


def scan(stream: BinaryIO) -> Content:
    """Reads a seekable stream once, in chunks, to fix its encoding before any row is taken from it.

    A byte order mark decides; else UTF-8 where every byte agrees, else Windows-1252.
    Raises `Invalid("file")`: empty, over 1 GB, a workbook, or UTF-16 that cannot be read.
    """
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    if size > MAX_FILE_BYTES:
        raise Invalid("the file is larger than 1 GB; split it and import the parts", field="file")
    head = stream.read(4096)
    encoding, mark = _encoding_of(head)
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    digest = hashlib.sha256()
    readable = True
    stream.seek(0)
    while chunk := stream.read(_CHUNK_BYTES):
        digest.update(chunk)
        readable = readable and _decodes(decoder, chunk)
    readable = readable and _decodes(decoder, b"", final=True)
    if not readable and encoding != "utf-8":
        raise Invalid("the file begins as UTF-16 but is damaged; save it as UTF-8", field="file")
    if not readable and not mark:
        encoding = "cp1252"
    return Content(encoding, Position(mark, 1), digest.hexdigest())


def _encoding_of(head: bytes) -> tuple[str, int]:
    if not head:
        raise Invalid("the file is empty", field="file")
    if head.startswith(b"PK\x03\x04"):
        raise Invalid("this is a workbook, not a CSV file; save it as CSV (UTF-8)", field="file")
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    if _looks_like_utf16(head) or _looks_like_utf16(head[:_HEADER_BYTES]):
        raise Invalid("the file looks like UTF-16 without a byte order mark; save it as UTF-8", field="file")
    return "utf-8", 0


def _looks_like_utf16(text: bytes) -> bool:
    """Every other byte of Latin text is NUL then; of other scripts it is not, but a header is mostly Latin."""
    return max(text[::2].count(0), text[1::2].count(0)) > len(text) / 4


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def records(
    stream: BinaryIO, encoding: str, delimiter: str, start: Position, width: int = MAX_COLUMNS
) -> Generator[Record, None, None]:
    """The records from `start` on; more than `width` filled cells make one malformed. Lines with nothing on
    them are passed over. Leaves the stream open."""
    stream.seek(start.offset)
    # UTF-16 was proven readable by the scan; in the others a broken byte spoils its own record only.
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    text = io.TextIOWrapper(stream, encoding=encoding, errors=errors, newline="")
    try:
        lines = _Lines(text, encoding, errors, start)
        while (first := lines.take()) is not None:
            record = _record(first, lines, delimiter, width)
            if record.cells or record.problem:
                yield record
    finally:
        text.detach()


@dataclass(frozen=True, slots=True)
class _Line:
    """A physical line with its end; `text` is empty when it was too long to be kept."""

    number: int
    text: str
    size: int


class _TooLong(Exception):
    """The record is over 1 MB."""


class _Lines:
    """Physical lines with their place in the file; lines that were read too far can be given back."""

    def __init__(self, text: io.TextIOWrapper, encoding: str, errors: str, start: Position) -> None:
        self._text = text
        self._encoding = encoding
        self._errors = errors
        self._returned: deque[_Line] = deque()
        self._next_number = start.line
        self._reread_bytes = 0
        self.position = start

    def take(self) -> _Line | None:
        line = self._returned.popleft() if self._returned else self._read()
        if line is not None:
            self.position = Position(self.position.offset + line.size, line.number + 1)
        return line

    def give_back(self, lines: list[_Line]) -> bool:
        """False when the file has used up what may be read again; the lines are then gone."""
        size = sum(line.size for line in lines)
        self._reread_bytes += size
        if self._reread_bytes > _MAX_REREAD_BYTES:
            return False
        if lines:
            self._returned.extendleft(reversed(lines))
            self.position = Position(self.position.offset - size, lines[0].number)
        return True

    def _read(self) -> _Line | None:
        text = self._text.readline(MAX_RECORD_BYTES + 1)
        if not text:
            return None
        size = self._size(text)
        part = text
        while len(part) > MAX_RECORD_BYTES and not part.endswith("\n"):
            part = self._text.readline(MAX_RECORD_BYTES + 1)
            size += self._size(part)
        line = _Line(self._next_number, text if size <= MAX_RECORD_BYTES else "", size)
        self._next_number += 1
        return line

    def _size(self, text: str) -> int:
        if text.isascii() and not self._encoding.startswith("utf-16"):
            return len(text)
        return len(text.encode(self._encoding, self._errors))


def _record(first: _Line, lines: _Lines, delimiter: str, width: int) -> Record:
    taken: list[_Line] = []
    cells: list[str] = []
    problem = None
    feed = _feed(first, lines, taken)
    try:
        cells = next(csv.reader(feed, delimiter=delimiter, strict=True, skipinitialspace=True))
    except _TooLong:
        problem = "over 1 MB: the line is too long, or a quote that opens here is never closed"
    except csv.Error as error:
        problem = f"malformed: {_explained(str(error))}"
    if any(cell.strip() for cell in cells[width:]):
        problem = f"malformed: {len(cells)} cells where {width} are allowed"
    if problem is not None and not lines.give_back(taken[1:]):
        problem = f"{problem}; skipped to line {taken[-1].number}"
    problem = problem or _unreadable(taken)
    return Record(first.number, tuple(cells[:width]) if problem is None else (), problem, lines.position)


def _feed(first: _Line, lines: _Lines, taken: list[_Line]) -> Iterator[str]:
    size = 0
    line: _Line | None = first
    while line is not None:
        taken.append(line)
        size += line.size
        if size > MAX_RECORD_BYTES:
            raise _TooLong
        yield line.text
        line = lines.take()


def _explained(error: str) -> str:
    if "unexpected end of data" in error:
        return "a quote that opens here is never closed"
    if "expected after" in error:
        return "a quoted cell goes on after its closing quote, or a quote is not doubled"
    return error


def _unreadable(taken: list[_Line]) -> str | None:
    for line in taken:
        if "\0" in line.text:
            return "malformed: holds a NUL byte"
        if not line.text.isascii() and _UNDECODED.search(line.text):
            return "malformed: holds bytes that are no text in the file's encoding; save the file as UTF-8"
    return None
