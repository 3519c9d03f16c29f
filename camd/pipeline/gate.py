"""The one gate: everything that must hold before a touch may be handed over, in one list and one order.

`why` shows the whole list; the first refusal is the reason. A denial is an instant, never an error.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from camd.domain.campaign import Campaign
from camd.domain.eligibility import hold_due, loss_due
from camd.domain.lead import Lead
from camd.domain.send_window import next_open
from camd.domain.token_bucket import NotBefore
from camd.pipeline import outreach, send_quota
from camd.pipeline.context import Context
from camd.pipeline.mailboxes import choose_mailbox
from camd.ports.records import TouchStatus
from camd.ports.store import Tx


@dataclass(frozen=True, slots=True)
class Check:
    """`until` is when a refusal may end by itself; none where it waits for a person or a fact."""

    name: str
    passed: bool
    reason: str | None = None
    until: datetime | None = None


def lead_checks(tx: Tx, ctx: Context, campaign: Campaign, lead: Lead, now: datetime) -> tuple[Check, ...]:
    """Every check for the lead's next touch, at `now`, in the order of the gate."""
    view = outreach.view_of(tx, campaign, lead)
    return (
        *_instance(tx, ctx),
        _live(ctx, campaign),
        _check("campaign_active", campaign.is_active, campaign.status.reason or campaign.status.status),
        _approved(view),
        _check("lead_status", lead.is_open, lead.state.lost_reason or lead.status),
        *_holds(lead, now),
        *_eligibility(ctx, campaign, view),
        *_sending(tx, ctx, campaign, view, now),
    )


def _check(name: str, passed: bool, reason: str, until: datetime | None = None) -> Check:
    return Check(name, passed) if passed else Check(name, passed, reason, until)


def _instance(tx: Tx, ctx: Context) -> Iterator[Check]:
    killed = tx.instance.kill_switch()
    yield _check("kill_switch", not killed.on, "kill_switch")
    closures = ctx.gate.closures()
    yield _check(
        "gate_open",
        not closures,
        "gate_closed",
        max((closure.until for closure in closures if closure.until), default=None),
    )


def _live(ctx: Context, campaign: Campaign) -> Check:
    if ctx.settings.engine.dry_run:
        return Check("live", False, "dry_run_instance")
    return _check("live", not campaign.definition.dry_run, "dry_run_campaign")


def _approved(view: outreach.LeadView) -> Check:
    waiting = any(touch.status is TouchStatus.PLANNED for touch in view.touches)
    return _check("approved", not waiting, "approval")


def _holds(lead: Lead, now: datetime) -> Iterator[Check]:
    standing = [hold for hold in lead.holds if hold.until is None or hold.until > now]
    for hold in standing:
        yield Check("no_hold", False, f"hold:{hold.reason}", hold.until)
    if not standing:
        yield Check("no_hold", True)


def _eligibility(ctx: Context, campaign: Campaign, view: outreach.LeadView) -> Iterator[Check]:
    lead = view.lead
    yield _check("not_suppressed", not view.suppressed, "suppressed")
    country = outreach.judge_country(ctx.settings.countries, lead)
    loss = loss_due(lead, campaign.definition, suppressed=view.suppressed, country=country)
    yield _check("eligible", loss is None, str(loss))
    hold = hold_due(country, dry=False)
    yield _check("country", hold is None, f"hold:{hold}")


def _sending(tx: Tx, ctx: Context, campaign: Campaign, view: outreach.LeadView, now: datetime) -> Iterator[Check]:
    lead = view.lead
    mailbox = choose_mailbox(ctx.settings.mailboxes, campaign, lead, view.touches)
    yield _check("mailbox", mailbox is not None, "no mailbox is configured")
    timing = outreach.timing_of(campaign, lead)
    opens = next_open(now, timing.window, timing.zone)
    yield _check("window", opens <= now, "window", opens)
    if mailbox is None:
        return
    account = ctx.settings.mailboxes[mailbox]
    for scope, verdict in send_quota.verdicts(tx, ctx.settings, campaign, lead, account, view.touches, now):
        name = f"quota:{scope}"
        denied = isinstance(verdict, NotBefore)
        yield _check(name, not denied, name, verdict.at if isinstance(verdict, NotBefore) else None)
