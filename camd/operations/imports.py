"""The imports of the past, and taking one back."""

from dataclasses import replace

from camd.domain.events import Event, EventType, Value
from camd.domain.facts import ImportId, LeadId
from camd.domain.lead import Lead
from camd.operations.desk import Desk, find_campaign
from camd.operations.errors import Conflict, NotFound
from camd.operations.import_rows import Fate
from camd.ports.records import Import, Listing, TouchStatus
from camd.ports.store import Tx
from camd.schema.imports import Import as ImportView
from camd.schema.imports import UndoReport
from camd.schema.page import DEFAULT_LIMIT, Page, checked_limit, cut, decode_cursor

_KIND = "imports"
_BATCH = 200
_HANDED_OVER = frozenset({TouchStatus.ON_WIRE, TouchStatus.SENT, TouchStatus.UNKNOWN, TouchStatus.DONE})


async def page(
    desk: Desk, *, ref: str | int | None = None, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[ImportView]:
    def query(tx: Tx) -> Page[ImportView]:
        campaign_id = find_campaign(tx, ref).id if ref is not None else None
        before = decode_cursor(_KIND, cursor) if cursor else None
        found = tx.imports.page(Listing(checked_limit(limit) + 1, before), campaign_id)
        return cut([(record.id, _view(record)) for record in found], limit, _KIND)

    return await desk.read(query)


async def undo(desk: Desk, import_id: str, *, actor: str) -> UndoReport:
    """Removes the leads that were never handed a touch, without suppressing them. Asking again is harmless."""
    record = await desk.read(lambda tx: _find(tx, import_id))
    if record.finished_at is None and record.undone_at is None:
        raise Conflict("import-running", "The import is still running", "Wait until it has finished.")
    removed, kept = await remove_leads(desk, record.id)

    def undone(tx: Tx) -> None:
        now = desk.now()
        tx.imports.save(replace(record, undone_at=now))
        data: dict[str, Value] = {"import_id": record.id, "removed": removed, "kept": kept}
        tx.ledger.append(Event(EventType.IMPORT_UNDONE, now, actor, record.campaign_id, data=data))

    if record.undone_at is None:
        await desk.write(undone)
    desk.doorbells.ring(record.campaign_id)
    return UndoReport(import_id=record.id, removed=removed, kept=kept)


async def remove_leads(desk: Desk, import_id: ImportId) -> tuple[int, int]:
    """Removes the leads of an import that were never handed a touch, in bounded units: how many went and stayed."""
    removed = kept = 0
    after: LeadId | None = None
    while True:

        def unit(tx: Tx, after: LeadId | None = after) -> list[tuple[LeadId, bool]]:
            return [(lead.id, _removed(tx, lead)) for lead in tx.leads.of_import(import_id, _BATCH, after)]

        fates = await desk.write(unit)
        if not fates:
            return removed, kept
        gone = sum(is_gone for _, is_gone in fates)
        removed, kept, after = removed + gone, kept + len(fates) - gone, fates[-1][0]


def _removed(tx: Tx, lead: Lead) -> bool:
    was_handed_over = any(touch.status in _HANDED_OVER for touch in tx.touches.of_lead(lead.id))
    if lead.state.ever_handed_over or was_handed_over:
        return False
    tx.leads.delete(lead)
    # Without their lead nobody could erase them.
    tx.lookups.forget_answers(lead.id)
    return True


def _find(tx: Tx, import_id: str) -> Import:
    record = tx.imports.get(ImportId(import_id))
    if record is None:
        raise NotFound("import", import_id)
    return record


def _view(record: Import) -> ImportView:
    return ImportView(
        id=record.id,
        campaign_id=record.campaign_id,
        file_name=record.file_name,
        rows=record.rows,
        created_at=record.created_at,
        by=record.by,
        finished_at=record.finished_at,
        undone_at=record.undone_at,
        **{fate.value: record.counts.get(fate.value, 0) for fate in Fate},
    )
