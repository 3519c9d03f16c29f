"""Compares database, journal and machine at a start, before anything is served, and begins a recovery hold where
they do not fit: the database was restored or copied, or the journal was lost.

What was found is written in one transaction together with the hold, so a start that is killed is simply repeated.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import anyio

from camd.daemon import doubts, found_handovers, found_refusals
from camd.daemon.identity import adopted, differences
from camd.daemon.journal import FileJournal
from camd.daemon.journal_lines import JournalContents, StandLine, read_journal
from camd.domain.events import ENGINE, Event, EventType, Value
from camd.pipeline import settle
from camd.pipeline.context import Context
from camd.ports.journal import JournalMark
from camd.ports.records import Listing, MachineIdentity, NoticeKind, Recovery, TouchFilter, TouchStatus
from camd.ports.store import Tx
from camd.telemetry.logs import get_log

log = get_log()

_LAST_SENT = 500
_RECENT_AT_MOST = 1000
"""So many refusals are looked up at each start before a line says that the database has them."""


class Mismatch(StrEnum):
    RESTORED = "restored"
    JOURNAL_AHEAD = "journal_ahead"
    JOURNAL_LOST = "journal_lost"
    IDENTITY = "identity"


_SENTENCES = {
    Mismatch.RESTORED: "A backup was put in the place of the database.",
    Mismatch.JOURNAL_AHEAD: "The journal is ahead of the database, so an older database was put in its place.",
    Mismatch.JOURNAL_LOST: (
        "The journal is lost or cut: what was sent since the database's last entry is not known, every mail that may"
        " have been is now unknown, and opt-outs clicked since then are lost."
    ),
    Mismatch.IDENTITY: "The database was copied, or is on another machine: the other one may still be sending.",
}


@dataclass(frozen=True, slots=True)
class Handed:
    """A mail that the database has as sent."""

    message_id: str
    on_wire_at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """What the database says of itself. `sent` are its newest mails, `in_flight` the Message-IDs of those whose
    outcome it does not have."""

    mark: JournalMark
    identity: MachineIdentity
    recovery: Recovery
    sent: tuple[Handed, ...] = ()
    in_flight: frozenset[str] = frozenset()


async def recover(ctx: Context, journal: FileJournal, machine: MachineIdentity) -> None:
    """Settles what an earlier process left open, applies what only the journal has, enters a hold where one is due.

    Raises StoreUnavailable.
    """
    known = await ctx.store.read(read_known)
    about = {*known.in_flight, *(handed.message_id for handed in known.sent)}
    with ctx.clock.real_work():
        contents = await anyio.to_thread.run_sync(lambda: read_journal(journal.path, after=known.mark, about=about))
    mismatches = compare(known, machine, contents)
    if mismatches:
        await _hold(ctx, journal, machine, known, contents, mismatches)
    else:
        await _go_on(ctx, journal, machine, known, contents)
    ctx.metrics.recovery_hold.set(bool(mismatches) or known.recovery.hold)


def read_known(tx: Tx) -> Known:
    instance = tx.instance
    sent = tx.touches.page(Listing(_LAST_SENT), TouchFilter(status=TouchStatus.SENT))
    return Known(
        instance.journal_mark(),
        instance.identity(),
        instance.recovery(),
        tuple(
            Handed(touch.message_id, touch.on_wire_at)
            for touch in sent
            # What a person resolved as sent may lack its line: a crash came between the mark and the line.
            if touch.message_id and touch.on_wire_at and touch.sent_at and touch.sent_at > touch.on_wire_at
        ),
        frozenset(touch.message_id for touch in tx.touches.in_flight() if touch.message_id),
    )


def compare(known: Known, machine: MachineIdentity, contents: JournalContents) -> tuple[Mismatch, ...]:
    """Why this database may not be the one that wrote the journal, or not alone; none where all fits.

    A crash leaves the database ahead by what was just marked, never the journal.
    """
    if _is_first_start(known, contents):
        return ()
    found = []
    if contents.restored:
        found.append(Mismatch.RESTORED)
    if contents.highest is not None and contents.highest > known.mark:
        found.append(Mismatch.JOURNAL_AHEAD)
    if known.mark.generation not in contents.generations or _is_cut(known, contents):
        found.append(Mismatch.JOURNAL_LOST)
    changed = differences(known.identity, machine)
    # A restore puts another file in the place of the one before: that alone tells of no other machine.
    if changed and not (contents.restored and changed == ("inode",)):
        found.append(Mismatch.IDENTITY)
    return tuple(found)


def _is_first_start(known: Known, contents: JournalContents) -> bool:
    return known.identity == MachineIdentity() and known.mark.number == 0 and contents.tells_nothing


def _is_cut(known: Known, contents: JournalContents) -> bool:
    """Each mail that was sent had its line before it went out; one that is younger than all lines has lost it."""
    written = {recorded.line.message_id for recorded in contents.handovers}
    return any(
        handed.message_id not in written and (contents.ends_at is None or handed.on_wire_at > contents.ends_at)
        for handed in known.sent
    )


async def _go_on(
    ctx: Context, journal: FileJournal, machine: MachineIdentity, known: Known, contents: JournalContents
) -> None:
    if known.mark.generation not in contents.generations:
        await journal.append_entries([StandLine(known.mark, ctx.clock.now())])
    told = found_handovers.outcomes(contents)
    identity = adopted(known.identity, machine)

    def unit(tx: Tx) -> None:
        now = ctx.clock.now()
        settle.settle_interrupted(tx, ctx, told, now)
        found_refusals.apply(tx, ctx, contents.recent, now)
        tx.instance.set_identity(identity)

    if known.in_flight or contents.recent or identity != known.identity:
        await ctx.store.write(unit)
    log.info("recovery.scanned", count=len(known.in_flight))
    if len(contents.recent) > _RECENT_AT_MOST:
        mark = await ctx.store.write(lambda tx: tx.instance.next_journal_mark())
        await journal.append_entries([StandLine(mark, ctx.clock.now())])


async def _hold(
    ctx: Context,
    journal: FileJournal,
    machine: MachineIdentity,
    known: Known,
    contents: JournalContents,
    mismatches: tuple[Mismatch, ...],
) -> None:
    last = max(known.mark, contents.highest or known.mark)
    mark = JournalMark(last.generation + 1, 0)
    # Before the commit: a start that is killed between the two finds the journal ahead, and does all this again.
    await journal.append_entries([StandLine(mark, ctx.clock.now())])

    def unit(tx: Tx) -> Counter[str]:
        now = ctx.clock.now()
        figures = found_handovers.apply(tx, ctx, contents, known.mark, now)
        if Mismatch.JOURNAL_LOST in mismatches:
            figures += doubts.doubt_all_due(tx, ctx, now)
        settle.settle_interrupted(tx, ctx, found_handovers.outcomes(contents), now)
        figures += found_refusals.apply(tx, ctx, contents.refusals, now)
        figures["damaged_lines"] = contents.damaged
        figures = +figures
        reason = " ".join(_SENTENCES[mismatch] for mismatch in mismatches)
        tx.instance.set_recovery(Recovery(True, reason, now, ENGINE, figures))
        tx.instance.set_identity(adopted(known.identity, machine))
        tx.instance.set_journal_mark(mark)
        data: dict[str, Value] = {"reason": ", ".join(mismatches), **figures}
        tx.ledger.append(Event(EventType.RECOVERY_HELD, now, ENGINE, data=data))
        tx.notices.add(NoticeKind.RECOVERY_HOLD, now, data=data)
        return figures

    figures = await ctx.store.write(unit)
    log.error("journal.mismatch", reason=", ".join(mismatches))
    log.error("recovery.hold_entered", reason=", ".join(mismatches), actor=ENGINE, count=figures.total())
