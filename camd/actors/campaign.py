"""One campaign's actor: sleeps until its next due instant or its doorbell, runs a cycle, sleeps again.

It never polls: while nothing is due it costs no query. The database being away is weather, which `actors/watch`
tells once for all; the actor tries again later. Anything else is a bug and crashes it, for the supervisor to judge.
"""

from datetime import datetime, timedelta

import anyio

from camd.actors.wake import Doorbells, seconds_until
from camd.domain.errors import Transient
from camd.domain.facts import CampaignId
from camd.domain.retry import backoff
from camd.pipeline.context import Context
from camd.pipeline.cycle import run_cycle
from camd.ports.store import Tx
from camd.schema.report import CycleReport

_FIRST_RETRY = timedelta(seconds=1)
_LONGEST_RETRY = timedelta(minutes=1)
BREATH_SECONDS = 1.0
"""Between two cycles of a campaign for which its bell rings again and again, as while its mails go out. One that left
work behind, because it was more than fits into a cycle, goes on at once."""


class CycleRunner:
    """Runs cycles, one at a time for each campaign, whoever asks, and so many at once over all of them."""

    def __init__(self, context: Context, bells: Doorbells, at_once: int = 16) -> None:
        self._context = context
        self._bells = bells
        self._turns: dict[CampaignId, anyio.Lock] = {}
        self._at_once = anyio.CapacityLimiter(at_once)

    async def run(self, campaign_id: CampaignId, call_dry: bool) -> CycleReport:
        """One cycle, after the one that is running; its next wake is stored for the campaign's actor."""
        lock = self._turns.setdefault(campaign_id, anyio.Lock())
        try:
            async with lock, self._at_once:
                report = await run_cycle(
                    self._context,
                    campaign_id,
                    call_dry=call_dry,
                    tell_outboxes=self._bells.ring_outboxes,
                    tell_providers=self._bells.ring_providers,
                )
                await self._context.store.write(lambda tx: _keep_wake(tx, campaign_id, report))
                return report
        finally:
            if not lock.locked():
                self._turns.pop(campaign_id, None)


def _keep_wake(tx: Tx, campaign_id: CampaignId, report: CycleReport) -> None:
    if report.next_wake_at is not None:
        tx.campaigns.sleep_until(campaign_id, report.next_wake_at)


class CampaignActor:
    """Lives while the campaign is active; `run` returns when it no longer is."""

    def __init__(self, context: Context, runner: CycleRunner, bells: Doorbells, campaign_id: CampaignId) -> None:
        self._context = context
        self._runner = runner
        self._bell = bells.of(campaign_id)
        self._campaign_id = campaign_id
        self._failures = 0
        self._ended_at = -BREATH_SECONDS
        self._has_more = False

    async def run(self, wake_at: datetime | None) -> None:
        """`wake_at` is when the campaign has to be looked at first; none means now."""
        clock = self._context.clock
        due = wake_at or clock.now()
        while True:
            idle = self._context.settings.engine.max_idle_seconds
            rang = await self._bell.wait(seconds_until(due, clock, idle))
            if not rang and due > clock.now():
                continue
            if rang and not self._has_more:
                await self._breathe()
            self._context.metrics.schedule_lag_seconds.observe(max((clock.now() - due).total_seconds(), 0.0))
            next_due = await self._cycle()
            if next_due is None:
                return
            due = next_due

    async def _breathe(self) -> None:
        """One cycle answers all the rings of a second."""
        await anyio.sleep(max(self._ended_at + BREATH_SECONDS - self._context.clock.monotonic(), 0.0))
        self._bell.silence()

    async def _cycle(self) -> datetime | None:
        self._has_more = False
        try:
            report = await self._runner.run(self._campaign_id, call_dry=False)
            self._has_more = report.has_more
        except Transient as failure:
            return self._retry_at(failure)
        finally:
            self._ended_at = self._context.clock.monotonic()
        self._failures = 0
        return report.next_wake_at

    def _retry_at(self, failure: Transient) -> datetime:
        self._failures += 1
        roll = self._context.entropy.uniform(0.0, 1.0)
        wait = failure.retry_after or backoff(self._failures, _FIRST_RETRY, _LONGEST_RETRY, roll)
        return self._context.clock.now() + wait
