"""What an endpoint is told of an event: made anew for each attempt, of the ledger's row and of the rows it points to.

Nothing of it is stored, so that an erased person is in no attempt after the erasure. Ids, reasons and figures never
change; a person's facts are those of the moment.
"""

from datetime import datetime
from typing import Any

from camd.domain.campaign import Campaign
from camd.domain.events import Event, EventType, Value
from camd.domain.facts import Facts
from camd.domain.lead import Lead
from camd.ports.records import LedgerRow
from camd.ports.settings import WebhookSettings
from camd.ports.store import Tx
from camd.schema.webhook import BODIES, ChatLine, MessageData, Person, TestEvent

LONGEST = 300
"""Characters of one fact: ten of them stay far under 20 kB."""
TEST_MESSAGE = "This is a test. Nothing has happened."
_SLACK_MEANS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def body_of(tx: Tx, endpoint: WebhookSettings, seq: int) -> bytes:
    """The very bytes that are signed and sent."""
    row = tx.ledger.get(seq)
    assert row is not None, "the ledger's rows stay"
    event = row.event
    campaign = tx.campaigns.get(event.campaign_id) if event.campaign_id is not None else None
    lead = tx.leads.get(event.lead_id) if event.lead_id is not None else None
    if endpoint.flavour == "slack":
        text = _line(event, campaign, lead, personal=endpoint.personal_data)
        return ChatLine(text=text).model_dump_json().encode()
    data = _data(row, campaign, lead, personal=endpoint.personal_data)
    body = BODIES[event.type].model_validate({"timestamp": event.at, "data": data})
    return body.model_dump_json(by_alias=True).encode()


def trial_body_of(endpoint: WebhookSettings, actor: str, now: datetime) -> bytes:
    if endpoint.flavour == "slack":
        return ChatLine(text=f"camd: {TEST_MESSAGE}").model_dump_json().encode()
    data = MessageData(sequence=0, occurred_at=now, actor=_actor(actor, endpoint.personal_data), message=TEST_MESSAGE)
    return TestEvent(timestamp=now, data=data).model_dump_json(by_alias=True).encode()


def _data(row: LedgerRow, campaign: Campaign | None, lead: Lead | None, *, personal: bool) -> dict[str, Any]:
    """`Any`: the model of the event's body takes what it knows, and checks it."""
    event = row.event
    data: dict[str, Any] = {
        **event.data,
        "sequence": row.seq,
        "occurred_at": event.at,
        "actor": _actor(event.actor, personal),
        "campaign_id": event.campaign_id,
        "lead_id": event.lead_id,
        "touch_id": event.touch_id,
    }
    if event.type is EventType.LEAD_WON and lead is not None and campaign is not None:
        data |= {"mrr": lead.won_mrr, "currency": campaign.definition.currency}
    if personal:
        data |= {
            "campaign_name": campaign.definition.name if campaign else None,
            "person": _person(lead.facts) if lead else None,
        }
    return data


def _actor(actor: str, personal: bool) -> str:
    """A user's name is a person's datum too."""
    return actor if personal else actor.partition(":")[0]


def _person(facts: Facts) -> Person | None:
    known = {name: getattr(facts, name) for name in Person.model_fields}
    cut = {name: value[:LONGEST] for name, value in known.items() if value}
    return Person(**cut) if cut else None


def _line(event: Event, campaign: Campaign | None, lead: Lead | None, *, personal: bool) -> str:
    """`lead.replied: Ann Smith, Acme (Q1)`."""
    who = _who(event, lead, personal)
    where = _where(campaign, personal)
    reason: Value = event.data.get("reason")
    words = [f"{event.type}:", who, f"({where})" if where else "", f"because of {reason}" if reason else ""]
    line = " ".join(" ".join(words).split())
    return line.removesuffix(":").translate(_SLACK_MEANS)


def _who(event: Event, lead: Lead | None, personal: bool) -> str:
    if lead is None or not personal:
        return event.lead_id or ""
    facts = lead.facts
    name = " ".join(part for part in (facts.first_name, facts.last_name) if part) or facts.email or lead.id
    return ", ".join(part[:LONGEST] for part in (name, facts.company) if part)


def _where(campaign: Campaign | None, personal: bool) -> str:
    if campaign is None:
        return ""
    return campaign.definition.name if personal else f"campaign {campaign.id}"
