"""The one gate: everything that must hold before a touch may be handed over, in one list and one order.

`why` shows the whole list; the first refusal is the reason. A denial is an instant, never an error. The quotas come
last, in `send_quota`: there the answer and the debit are one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from itertools import chain

from camd.domain.campaign import Campaign, Channel
from camd.domain.eligibility import hold_due, loss_due
from camd.domain.goals import GoalFigures, bounce_slow
from camd.domain.lead import Lead
from camd.domain.send_window import next_day_start, next_open
from camd.domain.token_bucket import QuotaScope
from camd.pipeline import evaluate, outreach, send_quota
from camd.pipeline.context import Context
from camd.pipeline.mailboxes import choose_mailbox, unusable, volumes_left
from camd.pipeline.send_quota import Mail
from camd.ports.records import Touch, TouchStatus
from camd.ports.store import Tx

WAITING = frozenset({TouchStatus.PLANNED, TouchStatus.APPROVED, TouchStatus.DEFERRED})
OVERDUE = timedelta(hours=24)
"""What is later than that is planned anew by its campaign, not sent in a burst."""


_HEARS_AGAIN = timedelta(minutes=1)
"""After that it is worth looking again whether the mailbox hears."""
_HEARS_FIRST = timedelta(seconds=5)
"""The same after a start, while its inbox is read for the first time."""


class Reach(StrEnum):
    """How much a refusal stops: this touch, the campaign's, all of the mailbox's or of the whole instance."""

    TOUCH = "touch"
    CAMPAIGN = "campaign"
    MAILBOX = "mailbox"
    INSTANCE = "instance"


_QUOTA_REACH = {
    QuotaScope.CAMPAIGN: Reach.CAMPAIGN,
    QuotaScope.MAILBOX_DAY: Reach.MAILBOX,
    QuotaScope.MAILBOX_24H: Reach.MAILBOX,
    QuotaScope.MAILBOX_PACE: Reach.MAILBOX,
    QuotaScope.INSTANCE: Reach.INSTANCE,
}


@dataclass(frozen=True, slots=True)
class Check:
    """`until` is when a refusal may end by itself; none where it waits for a person or a fact."""

    name: str
    passed: bool
    reason: str | None = None
    until: datetime | None = None
    reach: Reach = Reach.TOUCH


@dataclass(frozen=True, slots=True)
class Subject:
    """What the gate looks at; `touch` is none where the lead's next one is not planned yet."""

    campaign: Campaign
    lead: Lead
    suppressed: bool
    touch: Touch | None
    mailbox: str | None

    @property
    def is_follow_up(self) -> bool:
        return self.touch.follow_up if self.touch else self.lead.state.ever_handed_over


def lead_checks(tx: Tx, ctx: Context, campaign: Campaign, lead: Lead, now: datetime) -> tuple[Check, ...]:
    """Every check for the lead's next touch, at `now`, in the order of the gate."""
    view = outreach.view_of(tx, campaign, lead)
    touch = next((touch for touch in view.touches if touch.status in WAITING), None)
    boxes = ctx.settings.mailboxes
    mailbox = choose_mailbox(boxes, volumes_left(tx, boxes, now), campaign, lead, view.touches)
    subject = Subject(campaign, lead, view.suppressed, touch, mailbox)
    return tuple(chain(checks(tx, ctx, subject, now), _quotas(tx, ctx, subject, now)))


def first_refusal(tx: Tx, ctx: Context, subject: Subject, now: datetime) -> Check | None:
    """The first check that refuses the touch an intent, quotas left aside."""
    return next((check for check in checks(tx, ctx, subject, now) if not check.passed), None)


def changed_since_intent(tx: Tx, ctx: Context, subject: Subject, now: datetime) -> Check | None:
    """The first check, of those that a person or an answer can have changed since the intent, that refuses now."""
    again = chain(instance_checks(tx, ctx), _campaign(ctx, subject), _person(ctx, subject, now))
    return next((check for check in again if not check.passed), None)


def checks(tx: Tx, ctx: Context, subject: Subject, now: datetime) -> Iterator[Check]:
    """Every check but the quotas."""
    yield from instance_checks(tx, ctx)
    yield from _campaign(ctx, subject)
    yield _approved(subject)
    yield from _person(ctx, subject, now)
    yield from _mailbox(tx, ctx, subject, now)
    yield from _hour(tx, subject, now)


def instance_checks(tx: Tx, ctx: Context) -> Iterator[Check]:
    """What stops all sending at once."""
    yield _check("kill_switch", not tx.instance.kill_switch().on, "kill_switch", reach=Reach.INSTANCE)
    yield _check("recovery_hold", not tx.instance.recovery().hold, "recovery_hold", reach=Reach.INSTANCE)
    closures = ctx.gate.closures()
    opens = max((closure.until for closure in closures if closure.until), default=None)
    lasts = any(closure.until is None for closure in closures)
    yield _check("gate_open", not closures, "gate_closed", None if lasts else opens, reach=Reach.INSTANCE)


def _check(name: str, passed: bool, reason: str, until: datetime | None = None, *, reach: Reach = Reach.TOUCH) -> Check:
    return _passed(name) if passed else Check(name, passed, reason, until, reach)


@cache
def _passed(name: str) -> Check:
    return Check(name, True)


def _campaign(ctx: Context, subject: Subject) -> Iterator[Check]:
    campaign = subject.campaign
    if ctx.settings.engine.dry_run:
        yield Check("live", False, "dry_run_instance", reach=Reach.INSTANCE)
    else:
        yield _check("live", not campaign.definition.dry_run, "dry_run_campaign", reach=Reach.CAMPAIGN)
    reason = campaign.status.reason or campaign.status.status
    yield _check("campaign_active", campaign.is_active, reason, reach=Reach.CAMPAIGN)


def _approved(subject: Subject) -> Check:
    touch = subject.touch
    if touch is not None and touch.status is TouchStatus.PLANNED:
        return Check("approved", False, "approval")
    version = subject.lead.steps_version or subject.campaign.steps_version
    is_old_text = touch is not None and touch.message_id is None and touch.steps_version != version
    return _check("approved", not is_old_text, "text_changed")


def _person(ctx: Context, subject: Subject, now: datetime) -> Iterator[Check]:
    lead, campaign = subject.lead, subject.campaign
    yield _check("lead_status", lead.is_open, lead.state.lost_reason or lead.status)
    by_mail = subject.touch is None or subject.touch.channel == Channel.EMAIL
    yield _check("address", not by_mail or lead.facts.email is not None, "no_address")
    standing = [hold for hold in lead.holds if hold.until is None or hold.until > now]
    for hold in standing:
        yield Check("no_hold", False, f"hold:{hold.reason}", hold.until)
    if not standing:
        yield _passed("no_hold")
    yield _check("not_suppressed", not subject.suppressed, "suppressed")
    country = outreach.judge_country(ctx.settings.countries, lead)
    loss = loss_due(lead, campaign.definition, suppressed=subject.suppressed, country=country)
    yield _check("eligible", loss is None, str(loss))
    hold_reason = hold_due(country, dry=False)
    yield _check("country", hold_reason is None, f"hold:{hold_reason}")


def _mailbox(tx: Tx, ctx: Context, subject: Subject, now: datetime) -> Iterator[Check]:
    name = subject.mailbox
    if subject.touch is not None and subject.touch.channel != Channel.EMAIL:
        return
    if name is None:
        yield Check("mailbox", False, "no mailbox is configured")
        return
    refusal = unusable(tx, ctx.settings.mailboxes, name, now)
    if refusal is None:
        yield _passed("mailbox")
    else:
        yield Check("mailbox", False, f"mailbox:{name}", refusal.until, Reach.MAILBOX)
    hears = not (subject.is_follow_up and ctx.hearing.is_deaf(name))
    has_just_begun = ctx.hearing.last_heard(name) is None and ctx.hearing.problem(name) is None
    yield _check("inbox", hears, f"mailbox:{name}", now + (_HEARS_FIRST if has_just_begun else _HEARS_AGAIN))


def _hour(tx: Tx, subject: Subject, now: datetime) -> Iterator[Check]:
    campaign, touch = subject.campaign, subject.touch
    timing = outreach.timing_of(campaign, subject.lead)
    opens = next_open(now, timing.window, timing.zone)
    yield _check("window", opens <= now, "window", opens)
    if touch is not None and not touch.follow_up:
        figures = GoalFigures(last_28_days=evaluate.deliveries(evaluate.delivered_lately(tx, campaign, now)))
        slow = bounce_slow(campaign.definition, figures)
        yield _check("bounces", not slow, "bounce_rate", next_day_start(now, campaign.definition.timezone))


def mail_of(tx: Tx, ctx: Context, subject: Subject) -> Mail | None:
    """The mail that the quotas are asked for; none where there is no mailbox or no address."""
    box = ctx.settings.mailboxes.get(subject.mailbox or "")
    if box is None or subject.lead.facts.email is None:
        return None
    step = subject.touch.step if subject.touch else 1
    return Mail(subject.campaign, subject.lead, step, subject.is_follow_up, box, tx.mailboxes.get(box.name))


def quota_refusal(scope: QuotaScope, until: datetime) -> Check:
    name = f"quota:{scope}"
    return Check(name, False, name, until, _QUOTA_REACH.get(scope, Reach.TOUCH))


def _quotas(tx: Tx, ctx: Context, subject: Subject, now: datetime) -> Iterator[Check]:
    mail = mail_of(tx, ctx, subject)
    if mail is None:
        return
    for scope, denied in send_quota.verdicts(tx, ctx.settings, mail, now):
        yield Check(f"quota:{scope}", True) if denied is None else quota_refusal(scope, denied.at)
