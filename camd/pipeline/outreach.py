"""Stage 5: what each enriched and scored lead gets next, and when. Plans touches, or in a dry run previews.

A touch that waits is rendered anew when its text or its lead's facts changed, until its first intent.

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
from camd.domain.lead import Action, Authority, Hold, HoldReason, Lead, LeadStatus, Lost, LostReason
from camd.domain.outcome import Advance, Outcome, Snooze
from camd.domain.preflight import CountryPolicy, CountryVerdict, country_verdict
from camd.domain.send_window import local_day, next_day_start
from camd.domain.sequence import Due, Finished, PlannedTouch, Progress, Timing, next_touch, spread_by_day
from camd.domain.zones import ZoneEvidence, country_of, recipient_zone
from camd.pipeline.approval import is_granted
from camd.pipeline.context import Context, working_on
from camd.pipeline.mail_text import compose, opt_out_url
from camd.pipeline.mailboxes import choose_mailbox, volumes_left
from camd.pipeline.record import is_lead_suppressed
from camd.ports.mail import Missing, Rendered, TemplateProblem
from camd.ports.records import Preview, Touch, TouchStatus
from camd.ports.settings import CountrySettings
from camd.ports.store import Tx

BATCH = 500
APPROVAL = "approval"
_RECONSIDERED = frozenset({HoldReason.MISSING_VARIABLE, HoldReason.CONSENT_REQUIRED})
"""Holds that end by themselves when facts or texts change: they are judged anew each time."""
OVER = frozenset({TouchStatus.SENT, TouchStatus.UNKNOWN, TouchStatus.REJECTED, TouchStatus.DONE, TouchStatus.SKIPPED})
_HANDEDOVER = frozenset({TouchStatus.SENT, TouchStatus.UNKNOWN, TouchStatus.DONE})
_READY = frozenset({TouchStatus.APPROVED, TouchStatus.DEFERRED})
_CHANGEABLE = frozenset({TouchStatus.PLANNED, TouchStatus.APPROVED})


@dataclass(frozen=True, slots=True)
class LeadView:
    """A lead with everything that decides about its next touch. `steps` are those of `steps_version`."""

    lead: Lead
    steps: tuple[Step, ...]
    steps_version: int
    touches: Sequence[Touch]
    suppressed: bool

    def touch_of(self, step: int) -> Touch | None:
        return next((touch for touch in self.touches if touch.step == step), None)

    @property
    def changeable(self) -> Touch | None:
        """The planned touch whose text nobody has been promised by a Message-ID."""
        found = (touch for touch in self.touches if touch.status in _CHANGEABLE and touch.message_id is None)
        return next(found, None)

    @property
    def thread(self) -> str | None:
        """The first subject of the lead's thread; none before its first mail."""
        first = (touch.subject for touch in self.touches if touch.message_id and touch.status in OVER)
        return next(first, None)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decides about a whole batch. `left` is each usable mailbox's volume, counted down as mails are given to
    it; the texts of the steps versions in `granted` wait for nobody's approval."""

    instance_key: bytes
    left: dict[str, int]
    granted: frozenset[int]


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided for one lead: an outcome, and the touch or preview that goes with it. `instead_of` is the
    row that the touch takes over; `drops` is planned for a step that is gone."""

    view: LeadView
    outcome: Outcome
    touch: Touch | None = None
    instead_of: Touch | None = None
    drops: Touch | None = None
    preview: Preview | None = None

    @property
    def is_other_text(self) -> bool:
        """Whether what was planned, and perhaps approved, is no longer what would be sent."""
        before, after = self.instead_of, self.touch
        if before is None or after is None or before.status not in _CHANGEABLE:
            return False
        return (before.subject, before.body) != (after.subject, after.body)

    @property
    def is_forgotten(self) -> bool:
        """Whether nothing stands against a touch any more that the gate had put off without an instant."""
        waiting = (touch.status in _READY and touch.ready_at is None for touch in self.view.touches)
        return isinstance(self.outcome, Snooze) and any(waiting)


def read_views(tx: Tx, campaign: Campaign, leads: Sequence[Lead]) -> list[LeadView]:
    """What `plan_outreach` needs, in one read."""
    return [view_of(tx, campaign, lead) for lead in leads]


def surroundings(tx: Tx, ctx: Context, campaign: Campaign, views: Sequence[LeadView], now: datetime) -> Surroundings:
    versions = {view.steps_version for view in views}
    return Surroundings(
        tx.instance.key(),
        volumes_left(tx, ctx.settings.mailboxes, now),
        frozenset(version for version in versions if is_granted(tx, campaign, version)),
    )


def view_of(tx: Tx, campaign: Campaign, lead: Lead) -> LeadView:
    version = lead.steps_version or campaign.steps_version
    newest = version == campaign.steps_version
    return LeadView(
        lead,
        campaign.definition.steps if newest else tx.campaigns.steps(campaign.id, version),
        version,
        tx.touches.of_lead(lead.id),
        is_lead_suppressed(tx, lead),
    )


def plan_outreach(
    ctx: Context,
    campaign: Campaign,
    views: Sequence[LeadView],
    around: Surroundings,
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
            plans.append(_plan(ctx, campaign, view, around, dry=dry, now=now))
    return _spread(campaign, plans, previewed, now) if dry else plans


def _plan(ctx: Context, campaign: Campaign, view: LeadView, around: Surroundings, *, dry: bool, now: datetime) -> Plan:
    lead = view.lead
    if lead.status is LeadStatus.NEW and not dry:
        # It was previewed; what a dry run would not pay for is asked now.
        return Plan(view, Advance(replace(lead, next_action=Action.ENRICH, next_action_at=now, waits_for=None)))
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
    return _next(ctx, campaign, view, around, dry=dry, now=now)


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


def _next(ctx: Context, campaign: Campaign, view: LeadView, around: Surroundings, *, dry: bool, now: datetime) -> Plan:
    """For a lead that no standing hold stops."""
    lead = view.lead
    changeable = None if dry else view.changeable
    steps = view.steps if lead.facts.email else [step for step in view.steps if step.channel is Channel.TASK]
    match next_touch(lead.id, _progress(view, changeable), steps, timing_of(campaign, lead), now):
        case PlannedTouch(step, due_at):
            return _planned(ctx, campaign, view, around, step, due_at, dry=dry, now=now)
        case Finished(no_reply_at) if no_reply_at <= now and not dry:
            return Plan(view, Advance(lead, (Lost(LostReason.NO_REPLY, Authority.RULE),)))
        case Finished(no_reply_at):
            return Plan(view, Snooze(no_reply_at if no_reply_at > now else None), drops=changeable)
        case None:
            return Plan(view, Snooze(None), drops=changeable)
        case never:
            assert_never(never)


def _progress(view: LeadView, changeable: Touch | None) -> Progress:
    lead = view.lead
    assert lead.enriched_at is not None, "an open lead was enriched"
    over = {touch.step: touch.settled_at or touch.due_at for touch in view.touches if touch.status in OVER}
    standing = {touch.step for touch in view.touches if touch.status is not TouchStatus.CANCELLED}
    if changeable is not None:
        standing.discard(changeable.step)
    return Progress(
        enriched_at=lead.enriched_at,
        score=lead.score or 0.0,
        settled=over,
        planned=frozenset(standing) - over.keys(),
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
    ctx: Context,
    campaign: Campaign,
    view: LeadView,
    around: Surroundings,
    step: Step,
    due_at: datetime,
    *,
    dry: bool,
    now: datetime,
) -> Plan:
    lead = view.lead
    match _text(ctx, campaign, view, around, step, dry=dry):
        case Missing(variable):
            hold = Hold(HoldReason.MISSING_VARIABLE, _since(lead, HoldReason.MISSING_VARIABLE, now), note=variable)
            return Plan(view, Advance(_held(lead, hold)))
        case TemplateProblem(message=message):
            return Plan(view, Advance(_held(lead, Hold(HoldReason.NEEDS_REVIEW, now, note=message))))
        case Rendered() as text:
            if dry:
                advance = Advance(replace(lead, holds=(), waits_for=None, next_action_at=due_at))
                mailbox = _mailbox(ctx, campaign, view, around, step)
                return Plan(view, advance, preview=_preview(lead, step, due_at, mailbox, text))
            return _touched(ctx, campaign, view, around, PlannedTouch(step, due_at), text, now)
        case never:
            assert_never(never)


def _text(
    ctx: Context, campaign: Campaign, view: LeadView, around: Surroundings, step: Step, *, dry: bool
) -> Rendered | Missing | TemplateProblem:
    lead = view.lead
    url = opt_out_url(ctx.settings, around.instance_key, lead.facts.email) if lead.facts.email else None
    return compose(ctx, campaign.definition, lead, step, thread=view.thread, opt_out_url=url, preview=dry)


def _touched(
    ctx: Context,
    campaign: Campaign,
    view: LeadView,
    around: Surroundings,
    planned: PlannedTouch,
    text: Rendered,
    now: datetime,
) -> Plan:
    """The planned touch: as it was where nothing of it changed, else in the row of the one before it."""
    lead, step = view.lead, planned.step
    before, changeable = view.touch_of(step.number), view.changeable
    drops = changeable if changeable is not None and changeable.step != step.number else None
    touch = _touch(ctx, campaign, view, around, planned, text, now)
    if before is not None:
        touch = replace(touch, id=before.id, version=before.version)
        if before.status in _CHANGEABLE and before.steps_version == view.steps_version:
            same = (before.subject, before.body) == (text.subject, text.body)
            touch = _as_it_was(before, touch) if same else replace(touch, due_at=before.due_at)
    if touch.status is TouchStatus.PLANNED and step.channel is Channel.EMAIL:
        if view.steps_version in around.granted:
            touch = replace(touch, status=TouchStatus.APPROVED, ready_at=touch.due_at)
        else:
            advance = replace(lead, holds=(), waits_for=APPROVAL, next_action_at=None)
            return Plan(view, Advance(advance), touch=touch, instead_of=before, drops=drops)
    next_at = touch.due_at if touch.due_at > now else None
    advance = replace(lead, holds=(), waits_for=None, next_action_at=next_at)
    return Plan(view, Advance(advance), touch=touch, instead_of=before, drops=drops)


def _as_it_was(before: Touch, touch: Touch) -> Touch:
    """Where it stands and by which mailbox follows the lead; one that was put off without an instant is due again."""
    ready_at = before.ready_at or (before.due_at if before.status is TouchStatus.APPROVED else None)
    return replace(before, score=touch.score, mailbox=touch.mailbox, ready_at=ready_at)


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
    view: LeadView,
    around: Surroundings,
    planned: PlannedTouch,
    text: Rendered,
    now: datetime,
) -> Touch:
    lead, step = view.lead, planned.step
    return Touch(
        id=TouchId(ctx.ids.new("to")),
        campaign_id=campaign.id,
        lead_id=lead.id,
        step=step.number,
        channel=step.channel,
        status=TouchStatus.PLANNED,
        due_at=planned.due_at,
        mailbox=_mailbox(ctx, campaign, view, around, step),
        subject=text.subject,
        body=text.body,
        steps_version=view.steps_version,
        created_at=now,
        follow_up=any(touch.status in _HANDEDOVER for touch in view.touches),
        score=lead.score or 0.0,
    )


def _mailbox(ctx: Context, campaign: Campaign, view: LeadView, around: Surroundings, step: Step) -> str | None:
    if step.channel is not Channel.EMAIL:
        return None
    chosen = choose_mailbox(ctx.settings.mailboxes, around.left, campaign, view.lead, view.touches)
    if chosen in around.left:
        around.left[chosen] -= 1
    return chosen


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
