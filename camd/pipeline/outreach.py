"""Stage 5: what each enriched and scored lead gets next, and when. Plans touches, or in a dry run previews.

It decides and renders; it never speaks to a mail server, and it writes nothing: the cycle does.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from camd.domain.campaign import Campaign, Channel, Step
from camd.domain.eligibility import hold_due, loss_due
from camd.domain.facts import TouchId
from camd.domain.lead import Authority, Hold, HoldReason, Lead, Lost, LostReason
from camd.domain.outcome import Advance, Outcome, Snooze
from camd.domain.preflight import CountryPolicy, CountryVerdict, country_verdict
from camd.domain.send_window import local_day, next_day_start
from camd.domain.sequence import Due, Finished, PlannedTouch, Progress, Timing, next_touch, spread_by_day
from camd.domain.zones import ZoneEvidence, country_of, recipient_zone
from camd.pipeline.context import Context, working_on
from camd.pipeline.mailboxes import choose_mailbox
from camd.pipeline.record import is_suppressed
from camd.pipeline.template_variables import template_variables
from camd.ports.mail import Missing, Rendered, TemplateProblem
from camd.ports.records import Preview, Touch, TouchStatus
from camd.ports.settings import CountrySettings
from camd.ports.store import Tx

BATCH = 500
_RECONSIDERED = frozenset({HoldReason.MISSING_VARIABLE, HoldReason.CONSENT_REQUIRED})
"""Holds that end by themselves when facts or texts change: they are judged anew each time."""
_SETTLED = frozenset({TouchStatus.SENT, TouchStatus.UNKNOWN, TouchStatus.DONE, TouchStatus.SKIPPED})


@dataclass(frozen=True, slots=True)
class LeadView:
    """A lead with everything that decides about its next touch."""

    lead: Lead
    steps: tuple[Step, ...]
    touches: Sequence[Touch]
    suppressed: bool

    def touch_of(self, step: int) -> Touch | None:
        return next((touch for touch in self.touches if touch.step == step), None)


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided for one lead: an outcome, and the touch or preview that goes with it."""

    view: LeadView
    outcome: Outcome
    touch: Touch | None = None
    preview: Preview | None = None


def read_views(tx: Tx, campaign: Campaign, leads: Sequence[Lead]) -> list[LeadView]:
    """What `plan_outreach` needs, in one read."""
    return [view_of(tx, campaign, lead) for lead in leads]


def view_of(tx: Tx, campaign: Campaign, lead: Lead) -> LeadView:
    version = lead.steps_version or campaign.steps_version
    newest = version == campaign.steps_version
    return LeadView(
        lead,
        campaign.definition.steps if newest else tx.campaigns.steps(campaign.id, version),
        tx.touches.of_lead(lead.id),
        lead.facts.email is not None and is_suppressed(tx, lead.facts.email),
    )


def plan_outreach(
    ctx: Context,
    campaign: Campaign,
    views: Sequence[LeadView],
    *,
    dry: bool,
    previewed: Sequence[datetime],
    now: datetime,
) -> list[Plan]:
    """One plan for each lead, best leads first. `previewed` are the instants of the campaign's other previews."""
    ordered = sorted(views, key=lambda view: (-(view.lead.score or 0.0), view.lead.created_at, view.lead.id))
    plans = []
    for view in ordered:
        with working_on(view.lead):
            plans.append(_plan(ctx, campaign, view, dry=dry, now=now))
    return _spread(campaign, plans, previewed, now) if dry else plans


def _plan(ctx: Context, campaign: Campaign, view: LeadView, *, dry: bool, now: datetime) -> Plan:
    lead = view.lead
    country = judge_country(ctx.settings.countries, lead)
    if reason := loss_due(lead, campaign.definition, suppressed=view.suppressed, country=country):
        return Plan(view, _lost(lead, reason, dry=dry))
    standing = [
        hold for hold in lead.holds if hold.reason not in _RECONSIDERED and (hold.until is None or hold.until > now)
    ]
    if held := hold_due(country, dry=dry):
        standing.append(Hold(held, _since(lead, held, now)))
    if standing:
        ends = _last([hold.until for hold in standing])
        return Plan(view, Advance(replace(lead, holds=tuple(standing), waits_for=None, next_action_at=ends)))
    return _next(ctx, campaign, view, dry=dry, now=now)


def judge_country(countries: CountrySettings, lead: Lead) -> CountryVerdict:
    """What the operator's decisions on countries mean for this lead."""
    decisions = {code: CountryPolicy(rule) for code, rule in countries.items()}
    return country_verdict(country_of(lead.facts), decisions, has_consent=lead.facts.consent is not None)


def _lost(lead: Lead, reason: LostReason, *, dry: bool) -> Outcome:
    """A dry cycle loses nobody: `why` names the reason, and the first live cycle moves the lead."""
    if dry:
        return Snooze(None)
    return Advance(lead, (Lost(reason, Authority.RULE),))


def _last(ends: Sequence[datetime | None]) -> datetime | None:
    """The instant at which the last hold ends by its date; none where one waits for a person or a fact."""
    return max((end for end in ends if end is not None), default=None) if None not in ends else None


def _next(ctx: Context, campaign: Campaign, view: LeadView, *, dry: bool, now: datetime) -> Plan:
    """For a lead that no standing hold stops."""
    lead = view.lead
    match next_touch(lead.id, _progress(view), view.steps, timing_of(campaign, lead), now):
        case PlannedTouch(step, due_at):
            return _planned(ctx, campaign, view, step, due_at, dry=dry, now=now)
        case Finished(no_reply_at) if no_reply_at <= now and not dry:
            return Plan(view, Advance(lead, (Lost(LostReason.NO_REPLY, Authority.RULE),)))
        case Finished(no_reply_at):
            return Plan(view, Snooze(no_reply_at if no_reply_at > now else None))
        case None:
            waiting = any(touch.status is TouchStatus.PLANNED for touch in view.touches)
            return Plan(view, Snooze(None, "approval" if waiting else None))
        case never:
            assert_never(never)


def _progress(view: LeadView) -> Progress:
    lead = view.lead
    assert lead.enriched_at is not None, "an open lead was enriched"
    settled = {touch.step: touch.sent_at or touch.due_at for touch in view.touches if touch.status in _SETTLED}
    standing = (touch.step for touch in view.touches if touch.status is not TouchStatus.CANCELLED)
    return Progress(
        enriched_at=lead.enriched_at,
        score=lead.score or 0.0,
        settled=settled,
        planned=frozenset(standing) - settled.keys(),
    )


def timing_of(campaign: Campaign, lead: Lead) -> Timing:
    """When this lead may be written to, by the campaign's window and the clock the lead lives by."""
    definition = campaign.definition
    return Timing(
        window=definition.window,
        zone=recipient_zone(lead.facts, definition.timezone),
        first_touch_spread_hours=definition.first_touch_spread_hours,
        no_reply_days=definition.no_reply_days,
        seed=campaign.id.to_bytes(8),
    )


def _planned(
    ctx: Context, campaign: Campaign, view: LeadView, step: Step, due_at: datetime, *, dry: bool, now: datetime
) -> Plan:
    lead = view.lead
    text = ctx.renderer.render(step, template_variables(ctx.settings.sender, campaign.definition, lead))
    match text:
        case Missing(variable):
            hold = Hold(HoldReason.MISSING_VARIABLE, _since(lead, HoldReason.MISSING_VARIABLE, now), note=variable)
            return Plan(view, Advance(_held(lead, hold)))
        case TemplateProblem(message=message):
            return Plan(view, Advance(_held(lead, Hold(HoldReason.NEEDS_REVIEW, now, note=message))))
        case Rendered():
            mailbox = choose_mailbox(ctx.settings.mailboxes, campaign, lead, view.touches)
            advance = Advance(replace(lead, holds=(), waits_for=None, next_action_at=due_at))
            if dry:
                return Plan(view, advance, preview=_preview(lead, step, due_at, mailbox, text))
            touch = _touch(ctx, campaign, lead, step, due_at, mailbox, text, now)
            return Plan(view, advance, touch=_instead_of(view.touch_of(step.number), touch))
        case never:
            assert_never(never)


def _since(lead: Lead, reason: HoldReason, now: datetime) -> datetime:
    """A hold that is found again keeps the instant of its beginning."""
    return next((hold.since for hold in lead.holds if hold.reason is reason), now)


def _held(lead: Lead, hold: Hold) -> Lead:
    return replace(lead, holds=(hold,), waits_for=None, next_action_at=None)


def _preview(lead: Lead, step: Step, due_at: datetime, mailbox: str | None, text: Rendered) -> Preview:
    return Preview(lead.campaign_id, lead.id, step.number, due_at, mailbox, text.subject, text.body)


def _touch(
    ctx: Context,
    campaign: Campaign,
    lead: Lead,
    step: Step,
    due_at: datetime,
    mailbox: str | None,
    text: Rendered,
    now: datetime,
) -> Touch:
    return Touch(
        id=TouchId(ctx.ids.new("to")),
        campaign_id=campaign.id,
        lead_id=lead.id,
        step=step.number,
        channel=step.channel,
        status=TouchStatus.PLANNED,
        due_at=due_at,
        mailbox=mailbox if step.channel is Channel.EMAIL else None,
        subject=text.subject,
        body=text.body,
        steps_version=lead.steps_version or campaign.steps_version,
        created_at=now,
    )


def _instead_of(earlier: Touch | None, touch: Touch) -> Touch:
    """A step that was cancelled, as with a lead that was lost and reopened, is planned anew in its old row."""
    return touch if earlier is None else replace(touch, id=earlier.id, version=earlier.version)


def _spread(campaign: Campaign, plans: Sequence[Plan], previewed: Sequence[datetime], now: datetime) -> list[Plan]:
    """Moves previews to the first day with room under the campaign's daily limit, in the order of the plans."""
    definition = campaign.definition
    taken = Counter(local_day(at, definition.timezone) for at in previewed)
    wanted = [
        Due(plan.view.lead.id, plan.preview.due_at, definition.window, _zone(campaign, plan))
        for plan in plans
        if plan.preview
    ]
    due = spread_by_day(wanted, definition.daily_email_limit, definition.timezone, taken)
    return [_moved(campaign, plan, due[plan.view.lead.id], now) if plan.preview else plan for plan in plans]


def _zone(campaign: Campaign, plan: Plan) -> ZoneEvidence:
    return recipient_zone(plan.view.lead.facts, campaign.definition.timezone)


def _moved(campaign: Campaign, plan: Plan, due_at: datetime, now: datetime) -> Plan:
    assert isinstance(plan.outcome, Advance), "a lead with a preview advances"
    assert plan.preview is not None, "only a preview is spread"
    # A preview whose instant has come is sent by nobody: it stands for its day and is made anew on the next.
    look_at = due_at if due_at > now else next_day_start(now, campaign.definition.timezone)
    lead = replace(plan.outcome.lead, next_action_at=look_at)
    return replace(plan, outcome=Advance(lead), preview=replace(plan.preview, due_at=due_at))
