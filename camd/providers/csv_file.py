"""The source `csv`: a file on this machine, read page by page.

A file whose content changed is read again from its start; the people it named before are the same
candidates (`source_ref`), so that adds only the new ones. An unchanged file that was read to its end costs
one stat. Missing or unreadable as CSV is `Misconfigured`, a disk in trouble `Transient`.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import BinaryIO

import anyio.to_thread

from camd.domain.errors import Invalid, Misconfigured, Scope, Transient
from camd.ports.clock import Clock
from camd.ports.providers import MAX_CANDIDATES, Cursor, Found, Page, RateLimit, Rejected, SourceField
from camd.providers.csv_columns import find_layout, unknown_field
from camd.providers.csv_records import Content, Position, scan
from camd.providers.csv_rows import rows_from
from camd.schema.status import FieldKind

FIELDS = (
    SourceField("path", FieldKind.TEXT, "The CSV file, on the machine on which camd runs", required=True),
    SourceField("map", FieldKind.TABLE, "Columns of other names: column = field, or custom.<name>"),
    MAX_CANDIDATES,
)
_FIELDS = tuple(field.name for field in FIELDS)


@dataclass(frozen=True, slots=True)
class _Settings:
    path: Path
    mapping: Mapping[str, str]
    max_candidates: int | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins; `stamp` and `digest` tell whether file and map are still the same."""

    stamp: str
    digest: str
    content: Content
    position: Position
    found: int

    def cursor(self) -> Cursor:
        return {
            "stamp": self.stamp,
            "digest": self.digest,
            "sha256": self.content.sha256,
            "encoding": self.content.encoding,
            "start": self.content.start.offset,
            "offset": self.position.offset,
            "line": self.position.line,
            "found": self.found,
        }


class CsvSource:
    """`[[sources]]` of type `csv`: `path` (relative to the working directory), `map` = {column = field} and
    `max_candidates`, counted over one reading of the file."""

    name = "csv"
    fields: Sequence[SourceField] = FIELDS
    limits: Sequence[RateLimit] = ()
    price = Decimal(0)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def check(self, settings: Mapping[str, object]) -> Sequence[str]:
        problems = _problems(settings)
        if not problems and not Path(str(settings["path"])).is_file():
            problems.append(f"path: there is no file {settings['path']}; put it there or correct the path")
        return problems

    async def fetch(self, settings: Mapping[str, object], cursor: Cursor | None, limit: int) -> Page:
        """The next `limit` rows at most. Raises `Misconfigured` or `Transient`, both for the campaign."""
        if problems := _problems(settings):
            raise Misconfigured("; ".join(problems), scope=Scope.CAMPAIGN)
        page = partial(_page, _settings(settings), cursor, limit)
        with self._clock.real_work():
            return await anyio.to_thread.run_sync(page)


def _problems(settings: Mapping[str, object]) -> list[str]:
    problems = [f"{name}: unknown field; known are {', '.join(_FIELDS)}" for name in settings if name not in _FIELDS]
    path = settings.get("path")
    if not isinstance(path, str) or not path or "\0" in path:
        problems.append("path: give the path of a CSV file")
    mapping = settings.get("map", {})
    if not isinstance(mapping, Mapping):
        problems.append("map: give a table of column = field")
    else:
        problems += [
            f"map: {field!r} for column {column!r} is no field; use a fact's name or custom.<name>"
            for column, field in mapping.items()
            if not isinstance(field, str) or unknown_field(field)
        ]
    most = settings.get("max_candidates")
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
        problems.append("max_candidates: give a whole number of at least 1")
    return problems


def _settings(settings: Mapping[str, object]) -> _Settings:
    mapping, most = settings.get("map", {}), settings.get("max_candidates")
    assert isinstance(mapping, Mapping)
    assert most is None or isinstance(most, int)
    return _Settings(Path(str(settings["path"])), mapping, most)


def _page(settings: _Settings, cursor: Cursor | None, limit: int) -> Page:
    try:
        with settings.path.open("rb") as stream:
            return _read(settings, stream, cursor, limit)
    except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError) as error:
        raise Misconfigured(f"{settings.path}: {error.strerror}", scope=Scope.CAMPAIGN) from error
    except OSError as error:
        raise Transient(f"{settings.path}: {error.strerror}", scope=Scope.CAMPAIGN) from error
    except Invalid as error:
        raise Misconfigured(f"{settings.path}: {error}", scope=Scope.CAMPAIGN) from error


def _read(settings: _Settings, stream: BinaryIO, cursor: Cursor | None, limit: int) -> Page:
    stamp = _stamp(stream)
    place = _place(settings, stream, stamp, cursor)
    most = limit if settings.max_candidates is None else min(limit, settings.max_candidates - place.found)
    size = os.fstat(stream.fileno()).st_size
    if most < 1 or place.position.offset >= size:
        return Page((), (), place.cursor(), exhausted=True)
    layout = find_layout(stream, place.content, settings.mapping)
    found: list[Found] = []
    rejected: list[Rejected] = []
    position = max(place.position, layout.body, key=lambda start: start.offset)
    with closing(rows_from(stream, layout, position)) as rows:
        for row, end in rows:
            position = end
            if isinstance(row, Found):
                found.append(row)
            else:
                rejected.append(row)
            if len(found) == most or len(found) + len(rejected) == limit:
                break
        else:
            position = Position(size, position.line)
    if _stamp(stream) != stamp:
        # Half a line at the end would otherwise become a person with half an address.
        raise Transient(f"{settings.path} is being written", scope=Scope.CAMPAIGN)
    reached = _Place(stamp, place.digest, place.content, position, place.found + len(found))
    done = position.offset >= size or reached.found == settings.max_candidates
    return Page(found, rejected, reached.cursor(), done)


def _place(settings: _Settings, stream: BinaryIO, stamp: str, cursor: Cursor | None) -> _Place:
    """Where the cursor left off, if file and map are what they were; else the start."""
    digest = hashlib.sha256(json.dumps(dict(settings.mapping), sort_keys=True).encode()).hexdigest()
    known = _from_cursor(cursor) if cursor is not None else None
    if known is not None and known.digest == digest and known.stamp == stamp:
        return known
    content = scan(stream)
    if known is not None and known.digest == digest and known.content == content:
        return _Place(stamp, digest, content, known.position, known.found)
    return _Place(stamp, digest, content, content.start, 0)


def _from_cursor(cursor: Cursor) -> _Place:
    return _Place(
        stamp=str(cursor["stamp"]),
        digest=str(cursor["digest"]),
        content=Content(
            encoding=str(cursor["encoding"]),
            start=Position(int(cursor["start"] or 0), 1),
            sha256=str(cursor["sha256"]),
        ),
        position=Position(int(cursor["offset"] or 0), int(cursor["line"] or 1)),
        found=int(cursor["found"] or 0),
    )


def _stamp(stream: BinaryIO) -> str:
    status = os.fstat(stream.fileno())
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}"
