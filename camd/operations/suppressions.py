"""Whom nobody writes to again: list, add, remove, and files of values."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import BinaryIO

import anyio

from camd.domain.errors import Invalid
from camd.domain.events import Event, EventType
from camd.domain.facts import SuppressionId
from camd.domain.suppression import SuppressionReason, SuppressionValue, keyed_hash, parse_value, removable
from camd.operations.desk import Desk
from camd.operations.errors import Conflict, NotFound
from camd.operations.once import Keep, no_keeping
from camd.pipeline import record
from camd.ports.journal import UnsuppressionLine
from camd.ports.records import Listing, Suppression, SuppressionFilter
from camd.ports.store import Tx
from camd.schema.page import DEFAULT_LIMIT, Page, checked_limit, cut, decode_cursor
from camd.schema.suppression import MAX_REJECTED, RejectedValue, SuppressionBody, SuppressionImport
from camd.schema.suppression import Suppression as SuppressionView

_KIND = "suppressions"
_PIECE = 200
_LONGEST_REASON = 300
MAX_LINE = 1_000_000
_HEADINGS = frozenset({"email", "e-mail", "address", "domain", "value", "mail", "email address"})


@dataclass(frozen=True, slots=True)
class Added:
    """`created` is false where the value was suppressed already."""

    suppression: SuppressionView
    created: bool


async def page(
    desk: Desk,
    *,
    reason: SuppressionReason | None = None,
    search: str | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[SuppressionView]:
    """`search` is a part of an address or domain, or the whole of one of which only the hash is kept."""

    def query(tx: Tx) -> Page[SuppressionView]:
        before = decode_cursor(_KIND, cursor) if cursor else None
        part = search.strip().lower() if search else None
        chosen = SuppressionFilter(reason, part or None, _hashes(tx, part) if part else ())
        found = tx.suppressions.page(Listing(checked_limit(limit) + 1, before), chosen)
        return cut([(suppression.id, view(suppression)) for suppression in found], limit, _KIND)

    return await desk.read(query)


def _hashes(tx: Tx, text: str) -> tuple[str, ...]:
    """Of the value that the text is, if it is a whole one."""
    try:
        value = parse_value(text)
    except Invalid:
        return ()
    return (keyed_hash(tx.instance.key(), value.kind, value.key),)


async def add(desk: Desk, body: SuppressionBody, *, actor: str, keep: Keep[Added] = no_keeping) -> Added:
    """Suppresses an address or a domain, with its consequences in every campaign, in one unit."""

    def unit(tx: Tx) -> Added:
        value = parse_value(body.value)
        made = _suppress(tx, desk, value, body.reason, body.note, actor)
        added = Added(view(made or _standing(tx, value)), created=made is not None)
        keep(tx, added)
        return added

    return await desk.write(unit)


def _standing(tx: Tx, value: SuppressionValue) -> Suppression:
    """What could not be added."""
    standing = tx.suppressions.covering([keyed_hash(tx.instance.key(), value.kind, value.key)])
    assert standing is not None, "what could not be added stands already"
    return standing


def _suppress(
    tx: Tx, desk: Desk, value: SuppressionValue, reason: SuppressionReason, note: str | None, actor: str
) -> Suppression | None:
    is_erased = reason is SuppressionReason.ERASED
    return record.suppress(
        tx, desk.context, value, reason, actor=actor, now=desk.now(), note=note, keep_value=not is_erased
    )


async def remove(desk: Desk, suppression_id: str, *, actor: str) -> None:
    """Raises `NotFound`, and `Conflict` for an erasure's: it is all that remembers the erased person."""

    def unit(tx: Tx) -> None:
        stored = tx.suppressions.get(SuppressionId(suppression_id))
        if stored is None:
            raise NotFound("suppression", suppression_id)
        if not removable(stored.reason):
            detail = "An erased person must not be written to again."
            raise Conflict("not-removable", "This suppression stays", detail)
        tx.suppressions.remove(stored.id)
        tx.journal.add(UnsuppressionLine(desk.now(), stored.kind, stored.hash))
        data = {"suppression_id": stored.id, "reason": stored.reason.value}
        tx.ledger.append(Event(EventType.SUPPRESSION_REMOVED, desk.now(), actor, data=data))

    await desk.write(unit)


async def import_csv(
    desk: Desk,
    stream: BinaryIO,
    *,
    actor: str,
    reason: SuppressionReason = SuppressionReason.OPERATOR,
    note: str | None = None,
    keep: Keep[SuppressionImport] = no_keeping,
) -> SuppressionImport:
    """One address or domain a line, in the first column; a heading is passed over. Repeating a file adds nothing."""
    lines = _cells(stream)
    rows = added = refused = 0
    rejected: list[RejectedValue] = []
    while piece := await _piece(desk, lines):
        values = [one for one in piece if isinstance(one, SuppressionValue)]
        added += await desk.write(_adding(desk, values, reason, note, actor))
        rows, refused = rows + len(piece), refused + len(piece) - len(values)
        problems = [one for one in piece if isinstance(one, RejectedValue)]
        rejected += problems[: MAX_REJECTED - len(rejected)]
    report = SuppressionImport(rows=rows, added=added, known=rows - added - refused, rejected=rejected)
    await desk.write(lambda tx: keep(tx, report))
    return report


async def _piece(desk: Desk, lines: Iterator[tuple[int, str]]) -> list[SuppressionValue | RejectedValue]:
    def read() -> list[SuppressionValue | RejectedValue]:
        return [_parsed(line, text) for line, text in islice(lines, _PIECE)]

    with desk.context.clock.real_work():
        return await anyio.to_thread.run_sync(read)


def _adding(
    desk: Desk, values: Sequence[SuppressionValue], reason: SuppressionReason, note: str | None, actor: str
) -> Callable[[Tx], int]:
    def unit(tx: Tx) -> int:
        added = 0
        for value in values:
            if _suppress(tx, desk, value, reason, note, actor) is not None:
                added += 1
            else:
                _standing(tx, value)
        return added

    return unit


def _cells(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """Line number and first cell of each line that has one, without the heading."""
    for line, raw in enumerate(iter(partial(stream.readline, MAX_LINE), b""), 1):
        text = raw.decode("utf-8-sig" if line == 1 else "utf-8", errors="replace")
        cell = re.split(r"[,;\t]", text, maxsplit=1)[0].strip().strip('"').strip()
        if cell and not (line == 1 and cell.lower() in _HEADINGS):
            yield line, cell


def _parsed(line: int, text: str) -> SuppressionValue | RejectedValue:
    try:
        return parse_value(text)
    except Invalid as error:
        return RejectedValue(line=line, reason=str(error)[:_LONGEST_REASON])


def view(suppression: Suppression) -> SuppressionView:
    return SuppressionView(
        id=suppression.id,
        value=suppression.value,
        kind=suppression.kind,
        reason=suppression.reason,
        note=suppression.note,
        created_at=suppression.created_at,
    )
