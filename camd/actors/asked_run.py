"""A cycle that a person asked for: its report waits until what was ready to go has gone, or says why it does not."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

import anyio

from camd.actors.campaign import CycleRunner
from camd.actors.inboxes import Inboxes
from camd.actors.lookups import Desks
from camd.actors.outboxes import Outboxes
from camd.domain.facts import CampaignId
from camd.domain.lead import Action
from camd.pipeline.context import Context
from camd.pipeline.track import REPLIES_PROCESSED
from camd.ports.records import Touch, TouchStatus
from camd.ports.store import Tx
from camd.schema.report import CycleReport

LONGEST_SECONDS = 60.0
LOOKED_AT = 500
_SUMMED = (
    "leads_discovered",
    "duplicates_skipped",
    "leads_enriched",
    "leads_scored",
    "touches_planned",
    "errors",
    "duration_seconds",
)
_WAITING = frozenset({TouchStatus.APPROVED, TouchStatus.DEFERRED})


class AskedRuns:
    """Where no outbox runs, as in a command beside no daemon, they run for as long as a live cycle takes, and every
    inbox is heard first."""

    def __init__(
        self, context: Context, runner: CycleRunner, outboxes: Outboxes, inboxes: Inboxes, desks: Desks
    ) -> None:
        self._context = context
        self._runner = runner
        self._outboxes = outboxes
        self._inboxes = inboxes
        self._desks = desks
        self._one_at_a_time = anyio.Lock()

    async def run(self, campaign_id: CampaignId, dry: bool) -> CycleReport:
        report = await self._runner.run(campaign_id, dry)
        if not report.dry_run:
            if not self._inboxes.is_running:
                await self._inboxes.read_once()
            if not self._desks.is_running:
                report = await self._ask(campaign_id, report)
            await self._send(campaign_id, report)
        report.replies_processed = await self._context.store.write(partial(_take_replies, campaign_id=campaign_id))
        return report

    async def _ask(self, campaign_id: CampaignId, report: CycleReport) -> CycleReport:
        """The questions that the cycle wrote down are asked, and it goes on with the answers, while there are any."""
        if not await self._context.store.read(lambda tx: tx.lookups.open_counts(campaign_id)):
            return report
        async with self._one_at_a_time, anyio.create_task_group() as tasks:
            await tasks.start(self._desks.run)
            with anyio.move_on_after(LONGEST_SECONDS):
                await self._desks.at_rest()
                while await self._context.store.read(partial(_is_answered, campaign_id=campaign_id, now=self._now)):
                    report = _together(report, await self._runner.run(campaign_id, False))
                    await self._desks.at_rest()
            await self._desks.drain()
        return report

    @property
    def _now(self) -> datetime:
        return self._context.clock.now()

    async def _send(self, campaign_id: CampaignId, report: CycleReport) -> None:
        now = self._context.clock.now()
        ready, mailboxes = await self._context.store.read(lambda tx: _to_go(tx, campaign_id, now))
        async with self._sending():
            with anyio.move_on_after(LONGEST_SECONDS):
                await self._outboxes.at_rest(mailboxes)
            # As it is now: an outbox that is stopped forgets why it waited.
            waits = {name: box.waits_for(campaign_id) for name, box in self._outboxes.boxes.items()}
        left = await self._context.store.read(lambda tx: _as_they_are(tx, ready))
        self._tell(report, ready, left, waits)

    @asynccontextmanager
    async def _sending(self) -> AsyncIterator[None]:
        if self._outboxes.is_running:
            yield
            return
        async with self._one_at_a_time, anyio.create_task_group() as tasks:
            await tasks.start(self._outboxes.run)
            yield
            await self._outboxes.drain()

    def _tell(
        self, report: CycleReport, ready: Sequence[Touch], left: Sequence[Touch], waits: Mapping[str, str | None]
    ) -> None:
        done = self._outboxes.counts.take(CampaignId(report.campaign_id))
        report.outreach_sent = done[TouchStatus.SENT]
        report.outreach_failed = done[TouchStatus.REJECTED] + done[TouchStatus.DEFERRED]
        report.outreach_unknown = done[TouchStatus.UNKNOWN]
        before = {touch.id: touch for touch in ready}
        denied = [touch for touch in left if touch.status in _WAITING and touch.attempts == before[touch.id].attempts]
        cancelled = [touch for touch in left if touch.status is TouchStatus.CANCELLED]
        report.outreach_skipped = len(denied) + len(cancelled)
        reasons = Counter(reason for touch in denied if (reason := waits.get(touch.mailbox or "") or touch.reason))
        if reasons:
            report.waiting_for.pop("nothing_due", None)
            report.waiting_for.update(reasons)


def _is_answered(tx: Tx, campaign_id: CampaignId, now: datetime) -> bool:
    """Whether an answer makes more work for a cycle."""
    due = tx.leads.due(campaign_id, Action.ENRICH, now, 1)
    return bool(due or tx.candidates.waiting(campaign_id, 1))


def _together(first: CycleReport, second: CycleReport) -> CycleReport:
    """One report of two cycles that belong together, with what the second one leaves."""
    sums = {name: getattr(first, name) + getattr(second, name) for name in _SUMMED}
    return second.model_copy(update=sums)


def _take_replies(tx: Tx, campaign_id: CampaignId) -> int:
    """They count from nothing afterwards."""
    if processed := tx.counters.get(campaign_id, REPLIES_PROCESSED):
        tx.counters.put(campaign_id, REPLIES_PROCESSED, 0)
    return processed


def _to_go(tx: Tx, campaign_id: CampaignId, now: datetime) -> tuple[Sequence[Touch], Collection[str]]:
    """What is ready, and the mailboxes that have it or carry some of the campaign's already: the outboxes were rung."""
    ready = tx.touches.ready_of(campaign_id, now, LOOKED_AT)
    flying = [touch for touch in tx.touches.in_flight() if touch.campaign_id == campaign_id]
    return ready, {touch.mailbox for touch in (*ready, *flying) if touch.mailbox}


def _as_they_are(tx: Tx, touches: Sequence[Touch]) -> list[Touch]:
    return [found for touch in touches if (found := tx.touches.get(touch.id))]
