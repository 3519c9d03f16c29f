"""One pass of a campaign's pipeline: every stage once, on one bounded batch each, and a CycleReport.

It alone acts on what the stages decide. Each commit first looks whether the campaign is still the one that was
read: a pause or an edit ends the cycle, nothing of it is lost, and the next cycle begins with the change.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TypeVar, assert_never

from camd.domain.campaign import Campaign, CampaignStatus, StatusReason
from camd.domain.errors import Misconfigured, Scope, UnknownCampaign
from camd.domain.events import ENGINE, EventType
from camd.domain.facts import CampaignId
from camd.domain.lead import Action, Authority, Lead, LeadEvent, Lost, LostReason
from camd.domain.outcome import Advance, Outcome, Snooze, Want
from camd.domain.run_mode import DryReason, RunMode, run_mode
from camd.domain.send_window import NeverOpens
from camd.domain.zones import UnknownZone
from camd.pipeline import approval, dedupe, discover, enrich, evaluate, outreach, overdue, record, score, waiting
from camd.pipeline.context import Context, working_on
from camd.pipeline.dry_store import DryStore
from camd.pipeline.judging import judge, tell_status
from camd.pipeline.lookup_claims import DENIED, allow_again
from camd.pipeline.lookup_offers import identifying
from camd.pipeline.lookup_outcomes import about_leads, want
from camd.pipeline.recognise import recognised
from camd.pipeline.record import is_lead_suppressed
from camd.ports.records import Candidate, TouchStatus
from camd.ports.store import StaleWrite, Tx
from camd.schema.report import CycleError, CycleReport
from camd.telemetry.logs import get_log

log = get_log()

T = TypeVar("T")

STAGES = ("discover", "dedupe", "enrich", "score", "outreach", "evaluate")
UNIT = 100
"""Leads in one commit: small enough that other writers wait for milliseconds."""


async def run_cycle(
    ctx: Context,
    campaign_id: CampaignId,
    *,
    call_dry: bool,
    tell_outboxes: Callable[[Collection[str]], None] = lambda _: None,
    tell_providers: Callable[[Collection[str]], None] = lambda _: None,
) -> CycleReport:
    """Runs one cycle, and tells the outboxes of the mailboxes for which it changed what waits to be sent, and the
    providers that have questions of it to answer. Raises `UnknownCampaign`; a bug in a stage comes out as it is."""
    campaign = await ctx.store.read(lambda tx: tx.campaigns.get(campaign_id))
    if campaign is None:
        raise UnknownCampaign(f"there is no campaign {campaign_id}")
    mode = run_mode(campaign, instance_dry=ctx.settings.engine.dry_run, call_dry=call_dry)
    cycle = _Cycle(replace(ctx, store=DryStore(ctx.store)) if mode.dry else ctx, campaign, mode)
    started = ctx.clock.monotonic()
    try:
        await cycle.run()
    except StaleWrite:
        cycle.wake(ctx.clock.now())
    except (Misconfigured, UnknownZone, NeverOpens) as problem:
        await cycle.pause_misconfigured(problem)
    except Exception:
        ctx.metrics.cycles_total.labels("failed").inc()
        raise
    report = await cycle.finish(ctx.clock.monotonic() - started)
    tell_outboxes(cycle.mailboxes)
    tell_providers(cycle.providers)
    log.info(
        "campaign.cycle_finished",
        campaign_id=campaign_id,
        dry_run=report.dry_run,
        duration_s=report.duration_seconds,
    )
    return report


@dataclass(frozen=True, slots=True)
class _Closing:
    """How things stand after the stages."""

    due: datetime | None
    standing: waiting.Standing
    credits_wanted: Mapping[str, Decimal]


def _closing(tx: Tx, campaign_id: CampaignId) -> _Closing:
    return _Closing(
        tx.leads.next_due(campaign_id),
        waiting.standing(tx, campaign_id),
        tx.lookups.credits_wanted(campaign_id),
    )


class _Cycle:
    def __init__(self, ctx: Context, campaign: Campaign, mode: RunMode) -> None:
        self._ctx = ctx
        self._campaign = campaign
        self._mode = mode
        self._report = CycleReport(campaign_id=campaign.id, campaign_name=campaign.definition.name, dry_run=mode.dry)
        self._wake_at: datetime | None = None
        self._would_spend: dict[str, Decimal] = {}
        self.mailboxes: set[str] = set()
        self.providers: set[str] = set()
        # A dry call on a live campaign looks, and leaves the schedule of its leads alone.
        self._peeks = mode.dry_reasons == (DryReason.CALL,)

    async def run(self) -> None:
        if self._campaign.planned_dry != self._mode.dry and not self._peeks:
            await self._plan_anew()
        if self._mode.discovers:
            with self._stage("discover"):
                await self._discover()
        with self._stage("dedupe"):
            await self._dedupe()
        with self._stage("enrich"):
            await self._enrich()
        with self._stage("score"):
            await self._score()
        with self._stage("outreach"):
            await self._outreach()
            if not self._mode.dry:
                await self._tend()
        with self._stage("evaluate"):
            await self._evaluate()

    def wake(self, at: datetime) -> None:
        """The campaign has to be looked at again at `at`, or earlier."""
        self._wake_at = at if self._wake_at is None else min(self._wake_at, at)

    def _go_on(self) -> None:
        """A batch was full."""
        self._report.has_more = True
        self.wake(self._ctx.clock.now())

    async def pause_misconfigured(self, problem: Exception) -> None:
        """A person must mend the campaign; until then it rests."""
        self._report.errors.append(CycleError(stage="cycle", scope=Scope.CAMPAIGN, message=str(problem)))
        if not self._campaign.is_active:
            return

        def unit(tx: Tx) -> Campaign:
            return evaluate.change_status(
                tx,
                self._fresh(tx),
                CampaignStatus.PAUSED,
                StatusReason.MISCONFIGURED,
                self._ctx.clock.now(),
                detail=str(problem),
            )

        try:
            self._note_status(await self._ctx.store.write(unit))
        except StaleWrite:
            self.wake(self._ctx.clock.now())

    async def finish(self, duration_seconds: float) -> CycleReport:
        now = self._ctx.clock.now()
        idle = now + timedelta(seconds=self._ctx.settings.engine.max_idle_seconds)
        self._report.duration_seconds = round(duration_seconds, 6)

        closing = await self._ctx.store.read(partial(_closing, campaign_id=self._campaign.id))
        due = closing.due
        if self._campaign.is_active:
            self._report.next_wake_at = min(at for at in (idle, due, self._wake_at) if at is not None)
        gate_closed = bool(self._ctx.gate.closures())
        waits = waiting.waiting_for(closing.standing, self._mode, gate_closed=gate_closed)
        self._report.waiting_for = waits or {waiting.NOTHING_DUE: 1}
        if self._mode.dry:
            self._count(closing.credits_wanted.items())
            self._report.would_spend = {name: float(amount) for name, amount in sorted(self._would_spend.items())}
        else:
            lookups = closing.standing.lookups
            self.providers.update(provider for provider, _ in lookups)
            if denied := [provider for provider, reason in lookups if reason == DENIED]:
                await self._ctx.store.write(partial(self._allow_again, providers=denied, now=now))
        self._ctx.metrics.cycles_total.labels("dry" if self._mode.dry else "live").inc()
        self._ctx.metrics.cycle_duration_seconds.observe(duration_seconds)
        return self._report

    def _allow_again(self, tx: Tx, providers: Sequence[str], now: datetime) -> None:
        for provider in providers:
            allow_again(tx, self._ctx, self._campaign, provider, now)

    async def _plan_anew(self) -> None:
        """The campaign went live or dry since its last cycle: previews go, and every open lead is planned anew."""
        now = self._ctx.clock.now()

        def unit(tx: Tx) -> Campaign:
            campaign = self._fresh(tx)
            tx.previews.drop_campaign(campaign.id)
            tx.leads.wake(campaign.id, Action.OUTREACH, now)
            first_live_at = campaign.first_live_at or (None if self._mode.dry else now)
            return tx.campaigns.save(replace(campaign, planned_dry=self._mode.dry, first_live_at=first_live_at))

        self._campaign = await self._ctx.store.write(unit)

    async def _discover(self) -> None:
        stored = await self._ctx.store.read(lambda tx: tx.sources.of(self._campaign.id))
        states = discover.source_states(self._campaign, stored)
        found = await discover.discover(self._ctx, self._campaign, states, dry=self._mode.dry)
        self._report.errors += found.errors
        self._count(found.would_spend.items())
        for wait in found.waits:
            self.wake(self._ctx.clock.now() + wait)
        if found.more:
            self._go_on()
        for page in found.pages:
            now = self._ctx.clock.now()
            added = await self._write(partial(discover.store_page, campaign=self._campaign, read=page, now=now))
            self._report.duplicates_skipped += len(page.page.found) - added

    async def _dedupe(self) -> None:
        candidates = await self._ctx.store.read(lambda tx: tx.candidates.waiting(self._campaign.id, dedupe.BATCH))
        if len(candidates) == dedupe.BATCH:
            self._go_on()
        for some in _chunks(candidates):
            admissions = await self._write(partial(self._admit, candidates=some))
            for admission in admissions:
                if isinstance(admission, dedupe.Admitted):
                    self._report.leads_discovered += 1
                else:
                    self._report.duplicates_skipped += 1
        await self._ask_who_stubs_are()

    async def _ask_who_stubs_are(self) -> None:
        offers = identifying(self._ctx, self._campaign)
        stubs = await self._ctx.store.read(lambda tx: tx.candidates.stubs(self._campaign.id, dedupe.STUBS))
        if self._peeks:
            self._count((stub.source, offers[stub.source].price) for stub in stubs if stub.source in offers)
            return
        if not stubs:
            return
        if len(stubs) == dedupe.STUBS and all(stub.source in offers for stub in stubs):
            self._go_on()
        unit = partial(
            dedupe.want_stubs, campaign=self._campaign, stubs=stubs, offers=offers, now=self._ctx.clock.now()
        )
        self._report.duplicates_skipped += await self._write(unit)

    def _admit(self, tx: Tx, candidates: Sequence[Candidate]) -> list[dedupe.Admission]:
        now = self._ctx.clock.now()
        return dedupe.admit_candidates(tx, self._ctx, self._campaign, candidates, now=now, dry=self._mode.dry)

    async def _enrich(self) -> None:
        now = self._ctx.clock.now()
        self._report.errors += enrich.not_configured(self._ctx, self._campaign)
        leads = await self._due(Action.ENRICH, enrich.BATCH)
        if not leads:
            return
        lookups = await self._ctx.store.read(lambda tx: about_leads(tx, leads))
        dry = self._mode.dry and not self._peeks
        outcomes = await enrich.enrich(self._ctx, self._campaign, leads, lookups, dry=dry, now=now)
        if self._peeks:
            wanted = [outcome.offer for _, outcome in outcomes if isinstance(outcome, Want)]
            self._count((offer.provider, offer.price) for offer in wanted)
            outcomes = [(lead, outcome) for lead, outcome in outcomes if not _is_for_live_cycles(outcome)]
        self._report.leads_enriched += await self._record("enrich", outcomes, now)

    def _count(self, unpaid: Iterable[tuple[str, Decimal]]) -> None:
        """What this cycle leaves unasked because it is dry."""
        for provider, price in unpaid:
            self._would_spend[provider] = self._would_spend.get(provider, Decimal(0)) + price

    async def _score(self) -> None:
        now = self._ctx.clock.now()
        leads = await self._due(Action.SCORE, score.BATCH)
        outcomes = score.score_leads(self._campaign, leads, now)
        self._report.leads_scored += await self._record("score", outcomes, now)

    async def _outreach(self) -> None:
        now = self._ctx.clock.now()
        leads = await self._due(Action.OUTREACH, outreach.BATCH)
        if not leads:
            return

        def reading(tx: Tx) -> tuple[list[outreach.LeadView], outreach.Surroundings, Sequence[datetime]]:
            views = outreach.read_views(tx, self._campaign, leads)
            batch = {lead.id for lead in leads}
            previewed = tx.previews.instants(self._campaign.id, now) if self._mode.dry else ()
            around = outreach.surroundings(tx, self._ctx, self._campaign, views, now)
            return views, around, [at for lead_id, at in previewed if lead_id not in batch]

        views, around, previewed = await self._ctx.store.read(reading)
        plans = outreach.plan_outreach(
            self._ctx, self._campaign, views, around, dry=self._mode.dry, previewed=previewed, now=now
        )
        for some in _chunks(plans):
            self._report.touches_planned += await self._write(partial(self._record_plans, plans=some, now=now))

    async def _tend(self) -> None:
        """What waits needlessly for approval, or has waited past its day."""
        now = self._ctx.clock.now()

        def unit(tx: Tx) -> bool:
            moved = overdue.plan_overdue_anew(tx, self._campaign, now)
            approved = approval.approve_waiting(tx, self._campaign, now)
            self.mailboxes.update(touch.mailbox for touch in (*moved, *approved) if touch.mailbox)
            return len(moved) == overdue.BATCH or len(approved) == approval.BATCH

        if await self._write(unit):
            self._go_on()

    def _record_plans(self, tx: Tx, plans: Sequence[outreach.Plan], now: datetime) -> int:
        planned = sum(self._record_plan(tx, plan, now) for plan in plans)
        tx.previews.drop_leads([plan.view.lead.id for plan in plans if plan.preview is None])
        return planned

    def _record_plan(self, tx: Tx, plan: outreach.Plan, now: datetime) -> bool:
        lead = plan.view.lead
        with working_on(lead):
            if not self._peeks and not self._settle(tx, lead, plan.outcome, now):
                return False
            if plan.preview is not None:
                tx.previews.put(plan.preview)
                return True
            return self._record_touch(tx, plan, now)

    def _record_touch(self, tx: Tx, plan: outreach.Plan, now: datetime) -> bool:
        """True where a text was planned that was not planned before."""
        lead, before, touch = plan.view.lead, plan.instead_of, plan.touch
        self.mailboxes.update(each.mailbox for each in (*plan.view.touches, touch) if each and each.mailbox)
        if not self._mode.dry and plan.is_forgotten:
            tx.touches.rearm(lead.id, now)
        if plan.drops is not None:
            record.cancel_touch(tx, plan.drops, actor=ENGINE, now=now, reason="step_gone")
        if touch is None or touch == before:
            return False
        if before is None:
            tx.touches.insert(touch)
        else:
            if plan.is_other_text:
                record.note_touch(tx, EventType.TOUCH_CANCELLED, before, actor=ENGINE, now=now, reason="text_changed")
            tx.touches.save(before, touch)
        is_new = before is None or plan.is_other_text or before.status is TouchStatus.CANCELLED
        if is_new:
            record.note_touch(tx, EventType.TOUCH_PLANNED, touch, actor=ENGINE, now=now)
        return is_new

    async def _evaluate(self) -> None:
        def unit(tx: Tx) -> Campaign | None:
            return judge(tx, self._fresh(tx), self._ctx.clock.now())

        if changed := await self._ctx.store.write(unit):
            self._note_status(changed)

    def _note_status(self, changed: Campaign) -> None:
        self._campaign = changed
        if changed.status.status is CampaignStatus.PAUSED:
            self._report.campaign_paused = changed.status.reason
        tell_status(changed)

    async def _due(self, action: Action, batch: int) -> Sequence[Lead]:
        now = self._ctx.clock.now()
        leads = await self._ctx.store.read(lambda tx: tx.leads.due(self._campaign.id, action, now, batch))
        if len(leads) == batch:
            self._go_on()
        return leads

    async def _record(self, stage: str, outcomes: Sequence[tuple[Lead, Outcome]], now: datetime) -> int:
        """Commits the outcomes in units; answers how many leads advanced."""
        advanced = 0
        for some in _chunks(outcomes):
            advanced += await self._write(partial(self._settle_all, outcomes=some, now=now))
        self._ctx.metrics.stage_items_total.labels(stage, "advanced").inc(advanced)
        self._ctx.metrics.stage_items_total.labels(stage, "snoozed").inc(len(outcomes) - advanced)
        return advanced

    def _settle_all(self, tx: Tx, outcomes: Sequence[tuple[Lead, Outcome]], now: datetime) -> int:
        settled = [self._settle(tx, lead, outcome, now) and isinstance(outcome, Advance) for lead, outcome in outcomes]
        return sum(settled)

    def _settle(self, tx: Tx, lead: Lead, outcome: Outcome, now: datetime) -> bool:
        """False where the lead was changed meanwhile: it stays due, and the next cycle sees it as it is."""
        with working_on(lead):
            try:
                match outcome:
                    case Advance(after, events):
                        self._advance(tx, lead, after, events, now)
                    case Want(after, offer):
                        if is_lead_suppressed(tx, after):
                            self._lose(tx, lead, LostReason.DO_NOT_CONTACT, now)
                        elif self._advance(tx, lead, after, (), now):
                            want(tx, offer, lead.campaign_id, lead.id, after.facts, now)
                    case Snooze(until, reason):
                        tx.leads.save(lead, replace(lead, next_action_at=until, waits_for=reason))
                    case never:
                        assert_never(never)
            except StaleWrite:
                return False
        return True

    def _advance(self, tx: Tx, lead: Lead, after: Lead, events: tuple[LeadEvent, ...], now: datetime) -> bool:
        """False where what was learned shows that the lead is nobody to work on."""
        known = recognised(tx, lead, after)
        if isinstance(known, Lead):
            record.apply(tx, lead, events, actor=ENGINE, now=now, after=known)
            return True
        self._lose(tx, lead, known, now)
        return False

    def _lose(self, tx: Tx, lead: Lead, reason: LostReason, now: datetime) -> None:
        """A dry cycle loses nobody: the lead rests, and the first live one sees it again."""
        if not self._mode.dry:
            record.apply(tx, lead, (Lost(reason, Authority.RULE),), actor=ENGINE, now=now)
        elif not self._peeks:
            tx.leads.save(lead, replace(lead, next_action=Action.OUTREACH, next_action_at=None, waits_for=None))

    async def _write(self, unit: Callable[[Tx], T]) -> T:
        def guarded(tx: Tx) -> T:
            self._fresh(tx)
            return unit(tx)

        return await self._ctx.store.write(guarded)

    def _fresh(self, tx: Tx) -> Campaign:
        """The campaign, if it is still the one this cycle read; raises `StaleWrite`."""
        campaign = tx.campaigns.get(self._campaign.id)
        if campaign is None or campaign.version != self._campaign.version:
            raise StaleWrite("the campaign was changed while its cycle ran")
        return campaign

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        started = self._ctx.clock.monotonic()
        yield
        duration = self._ctx.clock.monotonic() - started
        self._ctx.metrics.stage_duration_seconds.labels(name).observe(duration)


def _is_for_live_cycles(outcome: Outcome) -> bool:
    """What pays, or loses a lead."""
    return isinstance(outcome, Want) or (
        isinstance(outcome, Advance) and any(isinstance(event, Lost) for event in outcome.events)
    )


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), UNIT):
        yield items[start : start + UNIT]
