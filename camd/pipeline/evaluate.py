"""Stage 7: is the goal reached, is something going wrong, is everything done? Reads tallies, never counts rows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from camd.domain import tally
from camd.domain.campaign import Campaign, CampaignStatus, StatusChange, StatusReason
from camd.domain.events import Event, EventType, by_rule
from camd.domain.goals import Deliveries, GoalFigures, pause_verdict
from camd.domain.lead import LeadStatus, LostReason
from camd.domain.send_window import local_day
from camd.ports.records import DeliveryFact, DeliveryScope, NoticeKind, SourceState
from camd.ports.store import Tx

_LATELY = timedelta(days=27)
_AT_WORK = (LeadStatus.NEW, LeadStatus.ENRICHED, LeadStatus.CONTACTED)


def evaluate(tx: Tx, campaign: Campaign, states: Sequence[SourceState], now: datetime) -> Campaign | None:
    """The campaign as a rule leaves it, saved with its ledger events; none where no rule speaks.

    Only an active campaign is judged. Raises `StaleWrite` where it changed since it was read.
    """
    if not campaign.is_active:
        return None
    tallies = tx.leads.tallies(campaign.id)
    figures = goal_figures(campaign, tallies, delivered_lately(tx, campaign, now))
    verdict = pause_verdict(campaign.definition, figures, campaign.mutes, now)
    if verdict is not None:
        if verdict.reason is StatusReason.GOAL_REACHED:
            _note(tx, campaign, EventType.GOAL_REACHED, verdict.reason, now)
        return change_status(tx, campaign, CampaignStatus.PAUSED, verdict.reason, now, figures=verdict.figures)
    if _all_finished(tx, campaign, tallies, states):
        return change_status(tx, campaign, CampaignStatus.COMPLETED, StatusReason.ALL_FINISHED, now)
    return None


def _all_finished(tx: Tx, campaign: Campaign, tallies: Mapping[str, int], states: Sequence[SourceState]) -> bool:
    """Everything its sources gave has come to its end; a campaign that never had a lead waits for its first."""
    at_work = sum(tallies.get(tally.status_name(status), 0) for status in _AT_WORK)
    had_leads = any(tallies.get(tally.status_name(status), 0) for status in LeadStatus)
    return (
        had_leads and not at_work and all(state.exhausted for state in states) and not tx.candidates.is_any(campaign.id)
    )


def change_status(
    tx: Tx,
    campaign: Campaign,
    status: CampaignStatus,
    reason: StatusReason,
    now: datetime,
    *,
    figures: Mapping[str, float] | None = None,
    detail: str | None = None,
) -> Campaign:
    """A rule's change of status, with who, when, why and the figures that decided it."""
    change = StatusChange(status, reason, by_rule(reason), now, figures or {}, detail)
    saved = tx.campaigns.save(replace(campaign, status=change, updated_at=now))
    kind = EventType.CAMPAIGN_PAUSED if status is CampaignStatus.PAUSED else EventType.CAMPAIGN_COMPLETED
    _note(tx, campaign, kind, reason, now)
    if status is CampaignStatus.PAUSED:
        data = {"reason": reason.value, **change.figures}
        tx.notices.add(NoticeKind.CAMPAIGN_PAUSED, now, campaign_id=campaign.id, data=data)
    return saved


def _note(tx: Tx, campaign: Campaign, kind: EventType, reason: StatusReason, now: datetime) -> None:
    tx.ledger.append(Event(kind, now, by_rule(reason), campaign.id, data={"reason": reason.value}))


def goal_figures(
    campaign: Campaign, tallies: Mapping[str, int], delivered: Mapping[DeliveryFact, int] = MappingProxyType({})
) -> GoalFigures:
    """The figures that goals and pause rules look at, from the campaign's tallies and what became of its mails in the
    last 28 days."""
    definition = campaign.definition
    qualified = tallies.get(tally.status_name(LeadStatus.QUALIFIED), 0)
    won = tallies.get(tally.status_name(LeadStatus.WON), 0)
    by_default = (definition.mrr_per_client or Decimal(0)) * tallies.get(tally.QUALIFIED_WITHOUT_MRR, 0)
    return GoalFigures(
        contacted=tallies.get(tally.CONTACTED, 0),
        lost_after_contact={reason: tallies.get(tally.lost_after_contact(reason), 0) for reason in LostReason},
        qualified=qualified,
        won=won,
        won_mrr=_money(tallies.get(tally.WON_CENTS, 0)),
        qualified_mrr=_money(tallies.get(tally.QUALIFIED_CENTS, 0)) + by_default,
        first_live_at=campaign.first_live_at,
        ever_qualified=qualified + won > 0,
        last_28_days=deliveries(delivered),
        complaints_28d=delivered.get(DeliveryFact.COMPLAINTS, 0),
    )


def delivered_lately(tx: Tx, campaign: Campaign, now: datetime) -> Mapping[DeliveryFact, int]:
    """What became of the campaign's mails in the last 28 days, today included."""
    first = local_day(now, campaign.definition.timezone) - _LATELY
    return tx.deliveries.since(DeliveryScope.CAMPAIGN, str(campaign.id), first)


def deliveries(counted: Mapping[DeliveryFact, int]) -> Deliveries:
    return Deliveries(
        sent=counted.get(DeliveryFact.SENT, 0),
        hard_bounces=counted.get(DeliveryFact.HARD_BOUNCES, 0),
        hard_5xx_rcpt=counted.get(DeliveryFact.HARD_5XX_RCPT, 0),
    )


def _money(cents: int) -> Decimal:
    return Decimal(cents) / 100
