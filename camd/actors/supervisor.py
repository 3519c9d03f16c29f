"""Keeps one actor for every active campaign: restarts it when it crashes, parks it when it crashes too often.

One for one: each campaign has its own count of crashes. Many campaigns crashing within a minute have one cause,
and that closes the send gate.
"""

import traceback
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import anyio
from anyio.abc import TaskGroup, TaskStatus

from camd.actors.campaign import CampaignActor, CycleRunner
from camd.actors.wake import Doorbells
from camd.domain.campaign import Campaign, CampaignStatus, StatusReason
from camd.domain.errors import Transient
from camd.domain.events import ENGINE, Event, EventType
from camd.domain.facts import CampaignId, LeadId
from camd.domain.lead import Hold, HoldReason, Lead
from camd.domain.retry import ACTOR_INTENSITY, GiveUp, Restart, is_common_cause
from camd.pipeline import evaluate, record
from camd.pipeline.context import Context, LeadCrash
from camd.pipeline.judging import tell_status
from camd.pipeline.send_gate import REOPENS_AFTER, GateReason
from camd.ports.records import Crash
from camd.ports.store import Tx
from camd.telemetry.logs import get_log

log = get_log()

STRIKES = 3
"""Crashes on one lead after which that lead is held and the campaign goes on."""
ROSTER_SECONDS = 60.0
"""How long a ring of the roster's bell that was lost delays a campaign's start or end."""
_MINUTE = timedelta(minutes=1)
_LONGEST_TRACEBACK = 20_000


@dataclass(slots=True)
class _Child:
    scope: anyio.CancelScope
    crashes: deque[Crash] = field(default_factory=deque)

    def note(self, crash: Crash) -> None:
        self.crashes.append(crash)
        while self.crashes[0].at <= crash.at - ACTOR_INTENSITY.period:
            self.crashes.popleft()

    def forgive(self, lead_id: LeadId | None) -> None:
        """The crashes on a lead that is held now count no longer: the campaign goes on without it."""
        self.crashes = deque(each for each in self.crashes if each.lead_id != lead_id)


class Supervisor:
    """Owns the tasks of all campaign actors."""

    def __init__(
        self,
        context: Context,
        runner: CycleRunner,
        bells: Doorbells,
        *,
        roster_seconds: float = ROSTER_SECONDS,
    ) -> None:
        self._context = context
        self._runner = runner
        self._bells = bells
        self._roster_seconds = roster_seconds
        self._children: dict[CampaignId, _Child] = {}
        self._recent_crashes: deque[tuple[datetime, CampaignId]] = deque()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Follows the roster of active campaigns until cancelled; started once each of them has its actor."""
        async with anyio.create_task_group() as tasks:
            await self._follow_roster(tasks)
            task_status.started()
            while True:
                await self._bells.roster.wait(self._roster_seconds)
                await self._follow_roster(tasks)

    async def _follow_roster(self, tasks: TaskGroup) -> None:
        active = dict(await self._context.store.read(lambda tx: tx.campaigns.active()))
        for campaign_id in self._children.keys() - active.keys():
            self._children[campaign_id].scope.cancel()
        for campaign_id in active.keys() - self._children.keys():
            self._children[campaign_id] = _Child(anyio.CancelScope())
            tasks.start_soon(self._keep, campaign_id, active[campaign_id])

    async def _keep(self, campaign_id: CampaignId, wake_at: datetime | None) -> None:
        """One actor for its whole life, restarts included."""
        child = self._children[campaign_id]
        log.debug("actor.started", campaign_id=campaign_id)
        try:
            with child.scope:
                while True:
                    try:
                        await CampaignActor(self._context, self._runner, self._bells, campaign_id).run(wake_at)
                        break
                    except Exception as error:  # noqa: BLE001 - a supervisor catches every bug of its child
                        if not await self._after_crash(campaign_id, child, error):
                            break
                    wake_at = None
        finally:
            del self._children[campaign_id]
            self._bells.forget(campaign_id)
            log.debug("actor.stopped", campaign_id=campaign_id)
        # A campaign that was activated again while its old actor went needs a new one.
        self._bells.roster.ring()

    async def _after_crash(self, campaign_id: CampaignId, child: _Child, error: Exception) -> bool:
        """Records the crash and waits for the restart; false where the campaign is parked instead."""
        context = self._context
        now = context.clock.now()
        crash = Crash(
            campaign_id,
            now,
            error=_summary(error),
            traceback="".join(traceback.format_exception(error))[-_LONGEST_TRACEBACK:],
            lead_id=_crashed_on(error),
        )
        child.note(crash)
        context.metrics.actor_restarts_total.labels("crash").inc()
        log.error("actor.crashed", campaign_id=campaign_id, error=crash.error, count=len(child.crashes))
        self._look_for_common_cause(campaign_id, now)
        verdict = ACTOR_INTENSITY.after_crash(
            [each.at for each in child.crashes], now, context.entropy.uniform(0.0, 1.0)
        )
        try:
            if await context.store.write(lambda tx: _record_crash(tx, crash)):
                child.forgive(crash.lead_id)
            elif isinstance(verdict, GiveUp):
                parked = await context.store.write(lambda tx: _park(tx, crash))
                if parked is not None:
                    tell_status(parked)
                log.error("actor.parked", campaign_id=campaign_id, error=crash.error)
                return False
        except Transient:
            # The database is away, which is no fault of this campaign: it is judged at its next crash.
            verdict = Restart(_MINUTE)
        delay = verdict.after if isinstance(verdict, Restart) else timedelta(0)
        log.warning("actor.restart_scheduled", campaign_id=campaign_id, delay_s=delay.total_seconds())
        await anyio.sleep(delay.total_seconds())
        return True

    def _look_for_common_cause(self, campaign_id: CampaignId, now: datetime) -> None:
        self._recent_crashes.append((now, campaign_id))
        while self._recent_crashes[0][0] < now - _MINUTE:
            self._recent_crashes.popleft()
        crashed = {crashed_id for _, crashed_id in self._recent_crashes}
        closed = any(it.reason is GateReason.COMMON_CAUSE for it in self._context.gate.closures())
        if closed or is_common_cause(len(crashed), len(self._children)):
            if not closed:
                log.error("supervisor.common_cause", count=len(crashed))
            # Each further crash moves the end: the gate opens after ten minutes without one.
            self._context.gate.close(GateReason.COMMON_CAUSE, now + REOPENS_AFTER)


def _record_crash(tx: Tx, crash: Crash) -> bool:
    """True where its lead is held from now on, so that the next run goes without it."""
    tx.campaigns.add_crash(crash)
    tx.ledger.append(Event(EventType.ACTOR_CRASHED, crash.at, ENGINE, crash.campaign_id, crash.lead_id))
    lead = tx.leads.get(crash.lead_id) if crash.lead_id else None
    if lead is None:
        return False
    is_poison = lead.strikes + 1 >= STRIKES
    after = _poisoned(lead, crash) if is_poison else replace(lead, strikes=lead.strikes + 1)
    record.apply(tx, lead, (), actor=ENGINE, now=crash.at, after=after)
    return is_poison


def _poisoned(lead: Lead, crash: Crash) -> Lead:
    poison = Hold(HoldReason.POISON, crash.at, note=crash.error)
    return replace(lead, strikes=0, holds=lead.holds_with(poison), next_action_at=None)


def _park(tx: Tx, crash: Crash) -> Campaign | None:
    """The campaign as it is paused; none where it is not active any more."""
    campaign = tx.campaigns.get(crash.campaign_id)
    if campaign is None or campaign.status.status is not CampaignStatus.ACTIVE:
        return None
    status, reason = CampaignStatus.PAUSED, StatusReason.PARKED
    paused = evaluate.change_status(tx, campaign, status, reason, crash.at, detail=crash.traceback)
    tx.ledger.append(Event(EventType.ACTOR_PARKED, crash.at, ENGINE, crash.campaign_id))
    return paused


def _crashed_on(error: BaseException) -> LeadId | None:
    return next((cause.lead_id for cause in _causes(error) if isinstance(cause, LeadCrash)), None)


def _summary(error: BaseException) -> str:
    """The innermost cause by its type alone: its text may hold what a person wrote."""
    *_, last = _causes(error)
    return type(last).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    yield error
    inner = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__
    if inner is not None:
        yield from _causes(inner)
