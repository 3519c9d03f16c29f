"""What must hold between any two commits, whatever happened: each broken law is one line for a person to read."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from camd.domain import tally
from camd.domain.campaign import Campaign
from camd.domain.contact import parse_address
from camd.domain.eligibility import loss_due
from camd.domain.events import EventType
from camd.domain.facts import CampaignId
from camd.domain.lead import Lead, LeadStatus
from camd.domain.send_window import local_day
from camd.domain.suppression import SuppressionValue, covering
from camd.pipeline import outreach, record
from camd.pipeline.settle import IN_FLIGHT
from camd.ports.channel import Handover
from camd.ports.lookups import OPEN
from camd.ports.records import EventFilter, LeadFilter, LedgerRow, Listing, Preview, Touch, TouchStatus
from camd.ports.settings import CountrySettings, MailboxSettings
from camd.ports.store import Tx

_EVERYTHING = 1_000_000
_ONE_DAY = timedelta(hours=24)
_READY = frozenset({TouchStatus.APPROVED, TouchStatus.DEFERRED})


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that a server took, and when: by this a simulation judges, not by what the daemon wrote down."""

    at: datetime
    handover: Handover


def broken(tx: Tx, now: datetime, countries: CountrySettings) -> list[str]:
    """The laws that do not hold; none in a sound world."""
    found = [problem for campaign in campaigns(tx) for problem in _of_campaign(tx, campaign, now, countries)]
    return [*found, *_of_ledger(ledger(tx))]


def unlawful(
    tx: Tx,
    arrivals: Sequence[Arrival],
    refusals: Mapping[SuppressionValue, datetime],
    mailboxes: Mapping[str, MailboxSettings],
) -> list[str]:
    """What of the mails that arrived should not have; `refusals` are who or what was refused, and since when."""
    return [
        *_twice(tx, arrivals),
        *_after_a_no(arrivals, refusals),
        *_over_campaign_limit(tx, arrivals),
        *_over_mailbox_limit(arrivals, mailboxes),
    ]


def _twice(tx: Tx, arrivals: Sequence[Arrival]) -> Iterator[str]:
    for message_id, count in Counter(arrival.handover.message_id for arrival in arrivals).items():
        if count > 1:
            yield f"message {message_id} arrived {count} times"
    steps = Counter((touch.lead_id, touch.step) for _, touch in _with_touches(tx, arrivals))
    for (lead_id, step), count in steps.items():
        if count > 1:
            yield f"lead {lead_id}: step {step} arrived {count} times"


def _after_a_no(arrivals: Sequence[Arrival], refusals: Mapping[SuppressionValue, datetime]) -> Iterator[str]:
    for arrival in arrivals:
        for value in covering(parse_address(arrival.handover.recipient)):
            if arrival.at > refusals.get(value, arrival.at):
                yield f"{arrival.handover.recipient} was written to at {arrival.at}, after their no"


def _over_campaign_limit(tx: Tx, arrivals: Sequence[Arrival]) -> Iterator[str]:
    """For campaigns whose zone and limit were never changed."""
    by_id = {campaign.id: campaign.definition for campaign in campaigns(tx)}
    days = Counter(
        (touch.campaign_id, local_day(arrival.at, by_id[touch.campaign_id].timezone))
        for arrival, touch in _with_touches(tx, arrivals)
    )
    for (campaign_id, day), count in days.items():
        if count > by_id[campaign_id].daily_email_limit:
            yield f"campaign {campaign_id}: {count} mails on {day}"


def _over_mailbox_limit(arrivals: Sequence[Arrival], mailboxes: Mapping[str, MailboxSettings]) -> Iterator[str]:
    instants: defaultdict[str, list[datetime]] = defaultdict(list)
    for arrival in arrivals:
        instants[arrival.handover.mailbox].append(arrival.at)
    for name, all_at in instants.items():
        limit = mailboxes[name].daily_limit
        for first, one_too_many in zip(sorted(all_at), sorted(all_at)[limit:], strict=False):
            if one_too_many - first < _ONE_DAY:
                yield f"mailbox {name}: more than {limit} mails in the 24 hours from {first}"


def _with_touches(tx: Tx, arrivals: Sequence[Arrival]) -> Iterator[tuple[Arrival, Touch]]:
    for arrival in arrivals:
        touch = tx.touches.of_message(arrival.handover.message_id)
        assert touch is not None, "a touch that was handed over is never deleted"
        yield arrival, touch


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
    recount = dict(sum((Counter(tally.tally(lead)) for lead in members), Counter[str]()))
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
    touches = tx.touches.of_lead(lead.id)
    planned = [touch for touch in touches if touch.status in record.CANCELLABLE]
    suppressed = lead.facts.email is not None and record.is_suppressed(tx, lead.facts.email)
    if not lead.is_open and planned:
        yield "has a planned touch although nobody may write to it"
    if not lead.is_open and tx.previews.of_lead(lead.id):
        yield "has a preview although nobody may write to it"
    is_looked_at_now = lead.next_action_at is not None and lead.next_action_at <= now
    if suppressed and not is_looked_at_now and (planned or tx.previews.of_lead(lead.id)):
        yield "is suppressed and something is planned for it"
    stands = any(_stands(campaign, touch) for touch in touches)
    is_asked_about = any(lookup.status in OPEN for lookup in tx.lookups.of_lead(lead.id))
    if not (_is_at_rest(lead) or stands or is_asked_about or _waits(campaign, lead, countries, suppressed=suppressed)):
        yield f"is forgotten: next action {lead.next_action}, nothing it waits for"


def _stands(campaign: Campaign, touch: Touch) -> bool:
    """Whether an outbox or a person has it, and the lead is looked at again when it is over; in a dry campaign it
    waits for that to go live."""
    if touch.status is TouchStatus.PLANNED:
        return touch.mailbox is None or campaign.planned_dry
    return touch.status in IN_FLIGHT or (touch.status in _READY and touch.ready_at is not None)


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
