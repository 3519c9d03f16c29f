"""A file of people brought into a campaign: streamed, all or nothing, and the same when it is brought in again.

The leads wait until the whole file is in; the last unit hands them to the engine together with the import's record.
Whatever ends an import before that, a kill too, leaves no lead of it (`undo_unfinished` at the next start). Facts
updated in known leads and suppressions stay: repeating them changes nothing.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import BinaryIO, TypeVar

import anyio

from camd.domain.events import ENGINE, Event, EventType, Value
from camd.domain.facts import ImportId
from camd.domain.lead import Action
from camd.operations.desk import Desk, find_open_campaign, refusals
from camd.operations.import_rows import Count, Fate, Importing, Rehearsal, bring_in
from camd.operations.imports import remove_leads
from camd.operations.once import Keep, no_keeping
from camd.ports.providers import Found, PeopleFile, Rejected
from camd.ports.records import Import
from camd.ports.store import Tx
from camd.schema.imports import ImportReport
from camd.telemetry.logs import get_log

log = get_log()

PIECE = 200
"""Rows in one unit: small enough that other writers wait for milliseconds."""
UNDO_SECONDS = 30

T = TypeVar("T")


async def import_csv(
    desk: Desk,
    ref: str | int,
    stream: BinaryIO,
    *,
    actor: str,
    file_name: str | None = None,
    dry_run: bool = False,
    update: bool = False,
    mapping: Mapping[str, str] | None = None,
    keep: Keep[ImportReport] = no_keeping,
) -> ImportReport:
    """Every line that cannot become a lead is named with its reason. Raises `Unprocessable` where the file as a
    whole cannot be read, `Conflict` for an archived campaign. A dry run writes nothing."""
    campaign = await desk.read(lambda tx: find_open_campaign(tx, ref))
    async with opened(desk, stream, mapping) as rows:
        if dry_run:
            return _report(await rehearsed(desk, rows, Rehearsal(campaign, update=update)), None)
        job = Importing(campaign, ImportId(desk.context.ids.new("im")), update, actor)
        return await _bring_in(desk, rows, job, file_name, keep)


@asynccontextmanager
async def opened(desk: Desk, stream: BinaryIO, mapping: Mapping[str, str] | None) -> AsyncIterator[PeopleFile]:
    """The file while the block lasts. Raises `Unprocessable` where it cannot be read as a whole."""
    with refusals():
        file = await _in_thread(desk, lambda: desk.context.read_rows(stream, mapping or {}))
    # Closed with the request: a reader that outlives its file has nothing to read from.
    with refusals(), closing(file):
        yield file


async def rehearsed(desk: Desk, rows: PeopleFile, rehearsal: Rehearsal) -> Count:
    """What an import would do to each row; nothing is written."""
    count = Count()
    while piece := await _piece(desk, rows):
        count.add(await desk.read(partial(rehearsal.play, rows=piece)))
    return count


async def _bring_in(
    desk: Desk, rows: PeopleFile, job: Importing, file_name: str | None, keep: Keep[ImportReport]
) -> ImportReport:
    record = Import(job.import_id, job.campaign.id, file_name, 0, {}, desk.now(), job.actor)
    count = Count()
    is_finished = False
    await desk.write(lambda tx: tx.imports.add(record))
    try:
        while piece := await _piece(desk, rows):
            count.add(await desk.write(partial(bring_in, desk=desk, job=job, rows=piece)))
        report = await desk.write(lambda tx: _finish(tx, desk, record, count, keep))
        is_finished = True
    finally:
        if not is_finished:
            with anyio.move_on_after(UNDO_SECONDS, shield=True):
                await _take_back(desk, record)
    for line in count.rejected:
        log.info("import.rejected_row", import_id=record.id, line=line.line)
    figures = dict(count.counts())
    log.info("import.finished", campaign_id=record.campaign_id, import_id=record.id, rows=count.rows, **figures)
    desk.doorbells.ring(record.campaign_id)
    return report


def _finish(tx: Tx, desk: Desk, record: Import, count: Count, keep: Keep[ImportReport]) -> ImportReport:
    now = desk.now()
    find_open_campaign(tx, record.campaign_id)
    tx.leads.release_import(record.id, Action.ENRICH, now)
    tx.imports.save(replace(record, rows=count.rows, counts=count.counts(), finished_at=now))
    tx.campaigns.sleep_until(record.campaign_id, now)
    data: dict[str, Value] = {"import_id": record.id, "rows": count.rows, **count.counts()}
    tx.ledger.append(Event(EventType.IMPORT_FINISHED, now, record.by, record.campaign_id, data=data))
    report = _report(count, record.id)
    keep(tx, report)
    return report


async def undo_unfinished(desk: Desk) -> int:
    """Removes what imports left behind that a kill has ended; answers how many imports. Run once at start."""
    left = await desk.read(lambda tx: tx.imports.unfinished())
    for record in left:
        await _take_back(desk, record)
    return len(left)


async def _take_back(desk: Desk, record: Import) -> None:
    def undone(tx: Tx) -> None:
        now = desk.now()
        tx.imports.save(replace(record, undone_at=now))
        data = {"import_id": record.id}
        tx.ledger.append(Event(EventType.IMPORT_UNDONE, now, ENGINE, record.campaign_id, data=data))

    await remove_leads(desk, record.id)
    await desk.write(undone)


async def _piece(desk: Desk, rows: PeopleFile) -> list[Found | Rejected]:
    return await _in_thread(desk, lambda: list(islice(rows, PIECE)))


async def _in_thread(desk: Desk, work: Callable[[], T]) -> T:
    with desk.context.clock.real_work():
        return await anyio.to_thread.run_sync(work)


def _report(count: Count, import_id: ImportId | None) -> ImportReport:
    return ImportReport(
        import_id=import_id,
        dry_run=import_id is None,
        rows=count.rows,
        added=count.fates[Fate.ADDED],
        updated=count.fates[Fate.UPDATED],
        duplicates=count.fates[Fate.DUPLICATE],
        suppressed=count.fates[Fate.SUPPRESSED],
        rejected=count.rejected,
    )
