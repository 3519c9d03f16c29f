"""A campaign in figures, all of them counted when they came about: nothing is counted here."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from camd.domain import tally
from camd.domain.campaign import Campaign
from camd.domain.day_facts import DayFact
from camd.domain.goals import GoalFigures, bad_losses, goal_progress, share, targets
from camd.domain.lead import HoldReason, LeadStatus, LostReason
from camd.domain.send_window import local_day
from camd.domain.token_bucket import QuotaScope
from camd.operations import campaign_views, mailboxes
from camd.operations.desk import Desk, find_campaign
from camd.operations.errors import invalid
from camd.pipeline.credit_budget import spent_today_for
from camd.pipeline.evaluate import delivered_lately, goal_figures
from camd.pipeline.send_quota import used_by_instance
from camd.ports.records import DeliveryFact, DeliveryScope
from camd.ports.store import Tx
from camd.schema.figures import (
    DEFAULT_DAYS,
    MAX_DAYS,
    CampaignMetrics,
    CampaignSeries,
    Day,
    Funnel,
    Goal,
    QuotaUse,
    Rate,
    Rates,
)
from camd.schema.outlook import InstanceSeries

_NO_LEADS: Mapping[DayFact, int] = dict.fromkeys(DayFact, 0)
_NO_MAILS: Mapping[DeliveryFact, int] = dict.fromkeys(DeliveryFact, 0)


async def metrics(desk: Desk, ref: str | int) -> CampaignMetrics:
    return await desk.read(lambda tx: _metrics(tx, desk, find_campaign(tx, ref)))


async def series(desk: Desk, ref: str | int, *, days: int = DEFAULT_DAYS) -> CampaignSeries:
    """The last days, today included. Raises `Unprocessable` for more than a year of them."""
    _require_days(days)

    def query(tx: Tx) -> CampaignSeries:
        campaign = find_campaign(tx, ref)
        listed = list(last_days(tx, campaign, today(campaign, desk.now()), days))
        return CampaignSeries(campaign_id=campaign.id, timezone=campaign.definition.timezone, days=listed)

    return await desk.read(query)


def today(campaign: Campaign, now: datetime) -> date:
    """The campaign's local day."""
    return local_day(now, campaign_views.zone_of(campaign))


def last_days(tx: Tx, campaign: Campaign, last: date, count: int) -> Iterator[Day]:
    first = last - timedelta(days=count - 1)
    leads = tx.days.since(campaign.id, first)
    mails = tx.deliveries.days(DeliveryScope.CAMPAIGN, str(campaign.id), first)
    return _each_day(first, count, dict(leads), dict(mails))


async def instance_series(desk: Desk, *, days: int = DEFAULT_DAYS) -> InstanceSeries:
    """The last days of all campaigns together, up to the engine's today. Raises `Unprocessable` as `series` does."""
    _require_days(days)

    def query(tx: Tx) -> InstanceSeries:
        first = local_day(desk.now(), desk.context.settings.engine.timezone) - timedelta(days=days - 1)
        leads, mails = tx.days.since_of_all(first), tx.deliveries.days_of_all(first)
        return InstanceSeries(days=list(_each_day(first, days, dict(leads), dict(mails))))

    return await desk.read(query)


def _require_days(days: int) -> None:
    if not 1 <= days <= MAX_DAYS:
        raise invalid("days", f"give a number from 1 to {MAX_DAYS}")


def _each_day(
    first: date,
    count: int,
    leads: Mapping[date, Mapping[DayFact, int]],
    mails: Mapping[date, Mapping[DeliveryFact, int]],
) -> Iterator[Day]:
    for place in range(count):
        day = first + timedelta(days=place)
        yield _day(day, leads.get(day, _NO_LEADS), mails.get(day, _NO_MAILS))


def _day(day: date, leads: Mapping[DayFact, int], mails: Mapping[DeliveryFact, int]) -> Day:
    return Day(
        day=day,
        sent=mails[DeliveryFact.SENT],
        bounced=mails[DeliveryFact.HARD_BOUNCES] + mails[DeliveryFact.HARD_5XX_RCPT],
        complaints=mails[DeliveryFact.COMPLAINTS],
        **{fact.value: leads[fact] for fact in DayFact},
    )


def _metrics(tx: Tx, desk: Desk, campaign: Campaign) -> CampaignMetrics:
    now, definition = desk.now(), campaign.definition
    tallies = tx.leads.tallies(campaign.id)
    figures = goal_figures(campaign, tallies, delivered_lately(tx, campaign, now))
    return CampaignMetrics(
        campaign_id=campaign.id,
        name=definition.name,
        status=campaign.status.status,
        dry_run=definition.dry_run,
        at=now,
        currency=definition.currency,
        leads={status: tallies.get(tally.status_name(status), 0) for status in LeadStatus},
        holds={reason: tallies.get(f"{tally.HOLD}{reason}", 0) for reason in HoldReason},
        funnel=funnel(tallies, figures),
        rates=_rates(campaign, tallies, figures),
        won_mrr=figures.won_mrr,
        goal_progress=goal_progress(definition, figures),
        goals=goals(campaign, figures),
        quotas=list(_quotas(tx, desk, campaign, now)),
    )


def funnel(tallies: Mapping[str, int], figures: GoalFigures) -> Funnel:
    return Funnel(
        leads=sum(tallies.get(tally.status_name(status), 0) for status in LeadStatus),
        contacted=figures.contacted,
        replied=tallies.get(tally.CONTACTED_REPLIED, 0),
        qualified=figures.qualified + figures.won,
        won=figures.won,
    )


def goals(campaign: Campaign, figures: GoalFigures) -> list[Goal]:
    return [
        Goal(target=target, achieved=achieved, wanted=wanted, progress=share(achieved, wanted))
        for target, (achieved, wanted) in targets(campaign.definition, figures).items()
    ]


def rate(count: int, of: int) -> Rate:
    """A bounce or complaint may be about a mail sent before those that it is a part of."""
    return Rate(value=min(1.0, count / of) if of else 0.0, count=count, of=of)


def _rates(campaign: Campaign, tallies: Mapping[str, int], figures: GoalFigures) -> Rates:
    contacted, mails = figures.contacted, figures.last_28_days
    return Rates(
        reply=rate(tallies.get(tally.CONTACTED_REPLIED, 0), contacted),
        conversion=rate(tallies.get(tally.CONTACTED_CONVERTED, 0), contacted),
        loss=rate(bad_losses(campaign.definition, figures), contacted),
        opt_out=rate(figures.lost_after_contact.get(LostReason.OPTED_OUT, 0), contacted),
        bounce=rate(mails.bounced, mails.sent + mails.hard_5xx_rcpt),
        complaint=rate(figures.complaints_28d, mails.sent),
    )


def _quotas(tx: Tx, desk: Desk, campaign: Campaign, now: datetime) -> Iterator[QuotaUse]:
    """Those that end with the day; what paces from mail to mail, or is about one person, has no figure here."""
    definition, settings = campaign.definition, desk.context.settings
    sent = campaign_views.sent_today(tx, [campaign], now)[campaign.id]
    yield _use(QuotaScope.CAMPAIGN, None, sent, definition.daily_email_limit)
    for box in mailboxes.states(tx, desk):
        if not definition.mailboxes or box.name in definition.mailboxes:
            yield _use(QuotaScope.MAILBOX_DAY, box.name, box.used_today, box.limit_today)
    if limit := settings.limits.instance_daily:
        yield _use(QuotaScope.INSTANCE, None, used_by_instance(tx, settings, now), limit)
    if (credits_ := definition.enrichment.credits_per_day) is not None:
        yield _use(QuotaScope.PROVIDER_CREDITS, None, spent_today_for(tx, campaign, now), credits_)


def _use(scope: QuotaScope, key: str | None, used: Decimal | int, limit: Decimal | int) -> QuotaUse:
    return QuotaUse(scope=scope, key=key, used=Decimal(used), limit=Decimal(limit))
