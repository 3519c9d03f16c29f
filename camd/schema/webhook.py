"""What camd tells other programs: the body of every event, one line for a chat, and the endpoints and their deliveries.

`data` carries ids, reasons and figures; `person` and `campaign_name` are null for an endpoint without personal data.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from pydantic import ConfigDict, Field, create_model

from camd.domain.events import EventType
from camd.domain.webhooks import DeliveryStatus, Flavour, PauseReason
from camd.schema.values import Instant, Number, View

TEST_TYPE = "webhook.test"
MAX_BYTES = 20_000
"""Of a body; what a receiver is sure to take."""


class Person(View):
    """Whom it is about, as they are known when it is sent; every text is cut at 300 characters. An erased person, or
    one who is known by no fact, is null instead."""

    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    company: str | None = None
    domain: str | None = None
    country: str | None = None
    language: str | None = None
    phone: str | None = None
    linkedin_url: str | None = None


class EventData(View):
    """`sequence` grows with every event and has gaps; `occurred_at` is the event's own instant. Receivers put events in
    order by them: deliveries may overtake each other."""

    model_config = ConfigDict(populate_by_name=True)

    sequence: int
    occurred_at: Instant
    actor: str


class CampaignData(EventData):
    campaign_id: int
    campaign_name: str | None = None
    status_before: str | None = Field(default=None, alias="from")
    reason: str | None = None


class CampaignUpdatedData(CampaignData):
    fields: int | None = None
    steps_version: int | None = None


class ScopeData(CampaignData):
    scope: str | None = None


class LeadData(EventData):
    campaign_id: int
    campaign_name: str | None = None
    lead_id: str
    person: Person | None = None


class SourcedData(LeadData):
    source: str | None = None


class ScoredData(LeadData):
    score: float | None = None


class HoldData(LeadData):
    reason: str | None = None


class MoveData(LeadData):
    """A lead's status before and after; both may be the same."""

    status_before: str | None = Field(default=None, alias="from")
    status_after: str | None = Field(default=None, alias="to")
    reason: str | None = None


class WonData(MoveData):
    """`mrr` is money a month in the campaign's currency."""

    mrr: Number | None = None
    currency: str | None = None


class TouchData(LeadData):
    touch_id: str
    step: int | None = None
    reason: str | None = None
    resolved_as: str | None = Field(default=None, alias="as")


class InboundData(EventData):
    """Null ids: it belongs to no lead."""

    campaign_id: int | None = None
    campaign_name: str | None = None
    lead_id: str | None = None
    touch_id: str | None = None
    person: Person | None = None
    inbound_id: str | None = None


class ReceivedData(InboundData):
    kind: str | None = Field(default=None, alias="class")
    mailbox: str | None = None


class ReclassifiedData(InboundData):
    kind_before: str | None = Field(default=None, alias="from")
    kind: str | None = Field(default=None, alias="to")


class SuppressionData(EventData):
    suppression_id: str | None = None
    reason: str | None = None
    kind: str | None = None


class ProviderData(EventData):
    provider: str | None = None


class MailboxData(EventData):
    mailbox: str | None = None
    reason: str | None = None


class ActorData(EventData):
    campaign_id: int | None = None
    campaign_name: str | None = None
    lead_id: str | None = None


class TokenData(EventData):
    token_id: int | None = None
    scope: str | None = None


class ExportData(ActorData):
    """`leads` counts those of one person, where the export was of a person in every campaign."""

    leads: int | None = None


class ImportData(EventData):
    campaign_id: int | None = None
    campaign_name: str | None = None
    import_id: str | None = None
    rows: int | None = None
    added: int | None = None
    updated: int | None = None
    duplicates: int | None = None
    suppressed: int | None = None
    rejected: int | None = None
    removed: int | None = None
    kept: int | None = None


class ReasonData(EventData):
    reason: str | None = None


class MessageData(EventData):
    """Of `webhook.test`, which stands in no ledger: its `sequence` is 0."""

    message: str


_MOVES = (
    EventType.LEAD_ENRICHED,
    EventType.LEAD_CONTACTED,
    EventType.LEAD_REPLIED,
    EventType.LEAD_QUALIFIED,
    EventType.LEAD_LOST,
    EventType.LEAD_REOPENED,
    EventType.LEAD_ERASED,
)
_OTHERS: dict[EventType, type[EventData]] = {
    EventType.CAMPAIGN_UPDATED: CampaignUpdatedData,
    EventType.LEAD_DISCOVERED: SourcedData,
    EventType.LEAD_DUPLICATE_SKIPPED: SourcedData,
    EventType.LEAD_SCORED: ScoredData,
    EventType.LEAD_WON: WonData,
    EventType.LEAD_HELD: HoldData,
    EventType.LEAD_RELEASED: HoldData,
    EventType.INBOUND_RECEIVED: ReceivedData,
    EventType.INBOUND_RECLASSIFIED: ReclassifiedData,
    EventType.QUOTA_EXHAUSTED: ScopeData,
    EventType.GOAL_REACHED: CampaignData,
    EventType.EXPORT_MADE: ExportData,
}
_FAMILIES: dict[str, type[EventData]] = {
    "campaign": CampaignData,
    "touch": TouchData,
    "suppression": SuppressionData,
    "provider": ProviderData,
    "mailbox": MailboxData,
    "actor": ActorData,
    "killswitch": EventData,
    "token": TokenData,
    "import": ImportData,
    "recovery": ReasonData,
}


def _data_of(kind: EventType) -> type[EventData]:
    if kind in _MOVES:
        return MoveData
    return _OTHERS.get(kind) or _FAMILIES[kind.partition(".")[0]]


DATA: Mapping[EventType, type[EventData]] = MappingProxyType({kind: _data_of(kind) for kind in EventType})
"""The `data` of each event."""


class WebhookEvent(View):
    """The body of a delivery, Standard Webhooks 1.0.0. `timestamp` is the event's own instant in every attempt."""

    type: str
    timestamp: Instant


class TestEvent(WebhookEvent):
    """What `camd webhooks test` sends."""

    __test__ = False

    type: Literal["webhook.test"] = "webhook.test"
    data: MessageData


def _body(kind: EventType) -> type[WebhookEvent]:
    name = "".join(part.title() for part in kind.replace("_", ".").split(".")) + "Event"
    # `Any`: a literal of a name that is known at run time alone.
    fields: dict[str, Any] = {"type": (Literal[kind.value], kind.value), "data": (DATA[kind], ...)}
    return create_model(name, __base__=WebhookEvent, **fields)


BODIES: Mapping[str, type[WebhookEvent]] = MappingProxyType(
    {**{kind.value: _body(kind) for kind in EventType}, TEST_TYPE: TestEvent}
)
"""By the event's name, the whole body that an endpoint of the flavours standard and make gets."""


class ChatLine(View):
    """The whole body that an endpoint of the flavour slack gets: one line."""

    text: str


class EndpointStatus(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"


class WebhookEndpoint(View):
    """An endpoint of the configuration; its URL is a secret and never shown. `events` are those that it gets.

    A paused one keeps its events and is tried with the oldest of them at `next_try_at`; `reason` is why. `backlog`
    counts what waits, since `oldest_at`; `dead` the deliveries that were given up and can be replayed.
    """

    name: str
    flavour: Flavour
    status: EndpointStatus
    reason: PauseReason | None = None
    since: Instant | None = None
    next_try_at: Instant | None = None
    events: list[str]
    signed: bool
    personal_data: bool
    backlog: int
    oldest_at: Instant | None = None
    dead: int
    delivered_at: Instant | None = None


class WebhookTest(View):
    """`message` is what came of it, and how to mend it where `ok` is false."""

    __test__ = False

    name: str
    ok: bool
    message: str
    event_id: str
    status_code: int | None = None


class WebhookDelivery(View):
    """One event for one endpoint. `event_id` is the `webhook-id` of every attempt, a replay's too; `status_code` and
    `reason` are those of the last attempt."""

    id: int
    endpoint: str
    event_id: str
    sequence: int
    type: str
    status: DeliveryStatus
    attempts: int
    created_at: Instant
    next_attempt_at: Instant | None = None
    attempted_at: Instant | None = None
    settled_at: Instant | None = None
    status_code: int | None = None
    reason: str | None = None
