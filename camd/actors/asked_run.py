"""A cycle that a person asked for: its report waits until what was ready to go has gone, or says why it does not."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import anyio

from camd.actors.campaign import CycleRunner
from camd.actors.outboxes import Outboxes
from camd.domain.facts import CampaignId
from camd.pipeline.context import Context
from camd.ports.records import Touch, TouchStatus
from camd.ports.store import Tx
from camd.schema.report import CycleReport

LONGEST_SECONDS = 60.0
LOOKED_AT = 500
_WAITING = frozenset({TouchStatus.APPROVED, TouchStatus.DEFERRED})


class AskedRuns:
    """Where no outbox runs, as in a command beside no daemon, they run for as long as a live cycle takes."""

    def __init__(self, context: Context, runner: CycleRunner, outboxes: Outboxes) -> None:
        self._context = context
        self._runner = runner
        self._outboxes = outboxes
        self._one_at_a_time = anyio.Lock()

    async def run(self, campaign_id: CampaignId, dry: bool) -> CycleReport:
        report = await self._runner.run(campaign_id, dry)
        if report.dry_run:
            return report
        now = self._context.clock.now()
        ready = await self._context.store.read(lambda tx: tx.touches.ready_of(campaign_id, now, LOOKED_AT))
        async with self._sending():
            with anyio.move_on_after(LONGEST_SECONDS):
                await self._outboxes.at_rest({touch.mailbox for touch in ready if touch.mailbox})
        left = await self._context.store.read(lambda tx: _as_they_are(tx, ready))
        self._tell(report, ready, left)
        return report

    @asynccontextmanager
    async def _sending(self) -> AsyncIterator[None]:
        if self._outboxes.is_running:
            yield
            return
        async with self._one_at_a_time, anyio.create_task_group() as tasks:
            await tasks.start(self._outboxes.run)
            yield
            await self._outboxes.drain()

    def _tell(self, report: CycleReport, ready: Sequence[Touch], left: Sequence[Touch]) -> None:
        done = self._outboxes.counts.take(CampaignId(report.campaign_id))
        report.outreach_sent = done[TouchStatus.SENT]
        report.outreach_failed = done[TouchStatus.REJECTED] + done[TouchStatus.DEFERRED]
        report.outreach_unknown = done[TouchStatus.UNKNOWN]
        before = {touch.id: touch for touch in ready}
        denied = [touch for touch in left if touch.status in _WAITING and touch.attempts == before[touch.id].attempts]
        cancelled = [touch for touch in left if touch.status is TouchStatus.CANCELLED]
        report.outreach_skipped = len(denied) + len(cancelled)
        reasons = Counter(filter(None, map(self._reason, denied)))
        if reasons:
            report.waiting_for.pop("nothing_due", None)
            report.waiting_for.update(reasons)

    def _reason(self, touch: Touch) -> str | None:
        box = self._outboxes.boxes.get(touch.mailbox or "")
        return (box.waits_for(touch.campaign_id) if box else None) or touch.reason


def _as_they_are(tx: Tx, touches: Sequence[Touch]) -> list[Touch]:
    return [found for touch in touches if (found := tx.touches.get(touch.id))]
