"""What must hold between any two commits, whatever happened: each broken law is one line for a person to read."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from camd.domain import tally
from camd.domain.campaign import Campaign
from camd.domain.eligibility import loss_due
from camd.domain.events import EventType
from camd.domain.facts import CampaignId
from camd.domain.lead import Lead, LeadStatus
from camd.pipeline import outreach, record
from camd.ports.records import EventFilter, LeadFilter, LedgerRow, Listing, Preview, Touch
from camd.ports.settings import CountrySettings
from camd.ports.store import Tx

_EVERYTHING = 1_000_000


def broken(tx: Tx, now: datetime, countries: CountrySettings) -> list[str]:
    """The laws that do not hold; none in a sound world."""
    found = [problem for campaign in campaigns(tx) for problem in _of_campaign(tx, campaign, now, countries)]
    return [*found, *_of_ledger(ledger(tx))]


def campaigns(tx: Tx) -> list[Campaign]:
    return sorted(tx.campaigns.page(Listing(_EVERYTHING)), key=lambda campaign: campaign.id)


def leads(tx: Tx, campaign_id: CampaignId) -> list[Lead]:
    """In the order of their making."""
    found = tx.leads.page(campaign_id, Listing(_EVERYTHING), LeadFilter())
    return sorted(found, key=lambda lead: lead.id)


def touches(tx: Tx, campaign_id: CampaignId) -> list[Touch]:
    return [touch for lead in leads(tx, campaign_id) for touch in tx.touches.of_lead(lead.id)]


def previews(tx: Tx, campaign_id: CampaignId) -> list[Preview]:
    return list(tx.previews.of_campaign(campaign_id, _EVERYTHING))


def ledger(tx: Tx) -> list[LedgerRow]:
    return list(tx.ledger.after(0, _EVERYTHING, EventFilter()))


def _of_campaign(tx: Tx, campaign: Campaign, now: datetime, countries: CountrySettings) -> Iterator[str]:
    members = leads(tx, campaign.id)
    counted = {name: count for name, count in tx.leads.tallies(campaign.id).items() if count}
    recount = dict(sum((tally.tally(lead) for lead in members), Counter[str]()))
    if counted != recount:
        yield f"campaign {campaign.id}: tallies {counted} are no recount {recount}"
    by_status = sum(counted.get(tally.status_name(status), 0) for status in LeadStatus)
    if by_status != len(members):
        yield f"campaign {campaign.id}: {len(members)} leads, {by_status} in the sum over the statuses"
    for lead in members:
        yield from (
            f"lead {lead.id} ({lead.status}): {problem}" for problem in _of_lead(tx, campaign, lead, now, countries)
        )


def _of_lead(tx: Tx, campaign: Campaign, lead: Lead, now: datetime, countries: CountrySettings) -> Iterator[str]:
    planned = [touch for touch in tx.touches.of_lead(lead.id) if touch.status in record.CANCELLABLE]
    suppressed = lead.facts.email is not None and record.is_suppressed(tx, lead.facts.email)
    if not lead.is_open and planned:
        yield "has a planned touch although nobody may write to it"
    if not lead.is_open and tx.previews.of_lead(lead.id):
        yield "has a preview although nobody may write to it"
    is_looked_at_now = lead.next_action_at is not None and lead.next_action_at <= now
    if suppressed and not is_looked_at_now and (planned or tx.previews.of_lead(lead.id)):
        yield "is suppressed and something is planned for it"
    if not (_is_at_rest(lead) or _waits(campaign, lead, countries, suppressed=suppressed)):
        yield f"is forgotten: next action {lead.next_action}, nothing it waits for"


def _is_at_rest(lead: Lead) -> bool:
    return lead.status not in (LeadStatus.NEW, LeadStatus.ENRICHED, LeadStatus.CONTACTED)


def _waits(campaign: Campaign, lead: Lead, countries: CountrySettings, *, suppressed: bool) -> bool:
    """For an instant, for the end of a hold, for a doorbell, or for its campaign to go live or get steps."""
    if lead.next_action is None:
        return lead.waits_for is not None
    if lead.next_action_at or lead.holds or lead.waits_for or not campaign.definition.steps:
        return True
    country = outreach.judge_country(countries, lead)
    loss = loss_due(lead, campaign.definition, suppressed=suppressed, country=country)
    return campaign.planned_dry and loss is not None


def _of_ledger(rows: list[LedgerRow]) -> Iterator[str]:
    planned = Counter(
        (row.event.lead_id, row.event.data["step"]) for row in rows if row.event.type is EventType.TOUCH_PLANNED
    )
    cancelled = Counter(
        (row.event.lead_id, row.event.data["step"]) for row in rows if row.event.type is EventType.TOUCH_CANCELLED
    )
    for (lead_id, step), count in planned.items():
        if count - cancelled[lead_id, step] > 1:
            yield f"lead {lead_id}: step {step} was planned {count} times"
