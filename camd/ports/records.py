"""The rows of the store as the engine sees them: plain values, made by `ports.store` and given back to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from camd.domain.access import Scope, TokenId
from camd.domain.events import Event, EventType, Value
from camd.domain.facts import (
    CampaignId,
    CandidateId,
    Facts,
    ImportId,
    InboundId,
    LeadId,
    SuppressionId,
    TouchId,
    Verdict,
)
from camd.domain.inbound import InboundClass
from camd.domain.lead import HoldReason, LeadStatus
from camd.domain.suppression import SuppressionKind, SuppressionReason
from camd.domain.token_bucket import QuotaScope, Taken
from camd.ports.providers import Cursor


@dataclass(frozen=True, slots=True)
class Listing:
    """Which page of a list, newest first: at most `limit` rows older than the one whose id is `before`."""

    limit: int = 50
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A found row that is not yet a lead."""

    id: CandidateId
    campaign_id: CampaignId
    source: str
    source_ref: str
    facts: Facts
    do_not_contact: bool
    verdict: Verdict | None
    is_stub: bool = False


@dataclass(frozen=True, slots=True)
class SourceState:
    """Where a campaign's source stands. `position` is its place in the definition's list of sources."""

    position: int
    type: str
    cursor: Cursor | None
    exhausted: bool
    found: int


@dataclass(frozen=True, slots=True)
class Suppression:
    """`value` is none where only the keyed hash is kept."""

    id: SuppressionId
    kind: SuppressionKind
    hash: str
    value: str | None
    reason: SuppressionReason
    note: str | None
    created_at: datetime
    by: str


class TouchStatus(StrEnum):
    PLANNED = "planned"
    APPROVED = "approved"
    INTENT = "intent"
    ON_WIRE = "on_wire"
    SENT = "sent"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    DONE = "done"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Debit:
    """`zone` is that of the local day in which it counts; none for a rolling window."""

    scope: QuotaScope
    key: str
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Debits:
    """What an intent took at `at`, one unit each, kept with its touch so that exactly that can be given back."""

    at: datetime
    caps: tuple[Debit, ...]
    pace: Taken


@dataclass(frozen=True, slots=True)
class Touch:
    """One planned or done contact, unique by (lead, step).

    `due_at` is when it was planned for, `ready_at` when the outbox has to look at it; none where it waits for
    something without an instant. `follow_up` and `score` order the ready ones. `attempts` counts the handovers that a
    server put off. From the first intent on it has its Message-ID, mailbox and hash of its text for good.
    """

    id: TouchId
    campaign_id: CampaignId
    lead_id: LeadId
    step: int
    channel: str
    status: TouchStatus
    due_at: datetime
    mailbox: str | None = None
    subject: str | None = None
    body: str | None = None
    reason: str | None = None
    message_id: str | None = None
    sent_at: datetime | None = None
    steps_version: int = 1
    created_at: datetime | None = None
    ready_at: datetime | None = None
    follow_up: bool = False
    score: float = 0.0
    approved_by: str | None = None
    attempts: int = 0
    first_attempt_at: datetime | None = None
    intent_at: datetime | None = None
    on_wire_at: datetime | None = None
    settled_at: datetime | None = None
    text_hash: str | None = None
    recipient_hash: str | None = None
    debits: Debits | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class DueMails:
    """Mails of a campaign that are due on one of the days that were asked for, the first of which has `place` 0."""

    campaign_id: CampaignId
    place: int
    mails: int
    follow_ups: int


@dataclass(frozen=True, slots=True)
class StandingMails:
    """Mails of a campaign that go through one mailbox and wait there: ready, or put off for a `reason`, which is
    `deferred` where a server asked for that."""

    mailbox: str
    reason: str | None
    is_ready: bool
    mails: int
    first_at: datetime | None


@dataclass(frozen=True, slots=True)
class Preview:
    """The mail that a lead would get, and when; a row of its own, never a touch."""

    campaign_id: CampaignId
    lead_id: LeadId
    step: int
    due_at: datetime
    mailbox: str | None
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Import:
    """One file brought in by a person. `counts` holds added, updated, duplicates, suppressed and rejected."""

    id: ImportId
    campaign_id: CampaignId
    file_name: str | None
    rows: int
    counts: Mapping[str, int]
    created_at: datetime
    by: str
    finished_at: datetime | None = None
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A key to the API; `hash` is all that is kept of its text."""

    id: TokenId
    name: str
    scope: Scope
    hash: str = field(repr=False)
    created_at: datetime
    by: str
    expires: datetime | None
    last_used: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Switch:
    """A state of the whole instance that a person or a rule sets: the kill switch."""

    on: bool
    reason: str | None
    since: datetime | None
    by: str | None


@dataclass(frozen=True, slots=True)
class Recovery:
    """The recovery hold: while it stands nothing is sent. `figures` tell what was found."""

    hold: bool = False
    reason: str | None = None
    since: datetime | None = None
    by: str | None = None
    figures: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class MachineIdentity:
    """By what a copied database is noticed; none where the machine has no such thing."""

    machine_id: str | None = None
    hardware_id: str | None = None
    inode: str | None = None


class MailboxReason(StrEnum):
    """Why a mailbox is disabled until a person enables it."""

    OPERATOR = "operator"
    LOG_IN_REFUSED = "log_in_refused"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class MailboxState:
    """What is remembered of a mailbox over restarts.

    `disabled` by a person or a rule until a person enables it; `stopped_until` ends by itself. `refused_log_ins` and
    `refusals` (answers 5.7.x) count those in a row. `rate` is the learned share of its pace, from above 0 to 1.
    """

    name: str
    disabled: MailboxReason | None = None
    detail: str | None = None
    since: datetime | None = None
    by: str | None = None
    stopped_until: datetime | None = None
    stopped_for: str | None = None
    refused_log_ins: int = 0
    refusals: int = 0
    rate: float = 1.0


class DeliveryScope(StrEnum):
    CAMPAIGN = "campaign"
    MAILBOX = "mailbox"


class DeliveryFact(StrEnum):
    """What is counted for each local day: `refusals` are answers 5.7.x."""

    SENT = "sent"
    HARD_BOUNCES = "hard_bounces"
    HARD_5XX_RCPT = "hard_5xx_rcpt"
    REFUSALS = "refusals"
    REFUSED_LOG_INS = "refused_log_ins"
    COMPLAINTS = "complaints"


@dataclass(frozen=True, slots=True)
class ZoneChange:
    """The zone whose local days a quota counts, and the one before it; see `domain.token_bucket.day_windows`."""

    zone: str
    before: str | None = None
    changed_at: datetime | None = None


class MatchedBy(StrEnum):
    """How a message was found to belong to a lead: a Message-ID of ours, the address that a report names, or the
    address it came from."""

    MESSAGE_ID = "message_id"
    REPORT = "report"
    SENDER = "sender"


@dataclass(frozen=True, slots=True)
class Effects:
    """What a class did at `at`, so far as another class can take it back: `moved_to` is the status that it gave the
    lead, `held` are the holds that it asked for, also where one stood already, `counted` what it added to the
    deliveries of its touch's campaign and mailbox on that day. `is_soft`: it counts as a soft bounce of the lead."""

    at: datetime
    moved_to: LeadStatus | None = None
    held: tuple[tuple[LeadId, HoldReason], ...] = ()
    counted: tuple[DeliveryFact, ...] = ()
    is_soft: bool = False


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message that came in, unique by (mailbox, identity). `waiting`: it is on the review list.

    `sender_hash` is the keyed hash of its sender's key. Of a message that concerns nobody, and after an erasure or
    the retention's end, sender, subject, text and raw are none; `raw` is kept only of what could not be read.
    """

    id: InboundId
    mailbox: str
    identity: str
    kind: InboundClass
    evidence: str
    waiting: bool
    arrived_at: datetime
    created_at: datetime
    by: str
    campaign_id: CampaignId | None = None
    lead_id: LeadId | None = None
    touch_id: TouchId | None = None
    matched_by: MatchedBy | None = None
    message_id: str | None = None
    sender_hash: str | None = None
    sender: str | None = None
    subject: str | None = None
    text: str | None = None
    raw: bytes | None = None
    until: date | None = None
    note: str | None = None
    effects: Effects | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class InboundFilter:
    waiting: bool | None = None
    kind: InboundClass | None = None
    campaign_id: CampaignId | None = None
    lead_id: LeadId | None = None
    mailbox: str | None = None


class NoticeKind(StrEnum):
    """What the operator is told of at once; the digest is told of once a day."""

    ANSWER = "answer"
    CAMPAIGN_PAUSED = "campaign_paused"
    MAILBOX = "mailbox"
    GATE_CLOSED = "gate_closed"
    RECOVERY_HOLD = "recovery_hold"
    WEBHOOK_DEAD = "webhook_dead"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell the operator, by ids and figures: its text is made when it goes out."""

    id: int
    kind: NoticeKind
    at: datetime
    campaign_id: CampaignId | None = None
    inbound_id: InboundId | None = None
    mailbox: str | None = None
    data: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Crash:
    """One crash of a campaign's actor as the supervisor saw it."""

    campaign_id: CampaignId
    at: datetime
    error: str
    traceback: str
    lead_id: LeadId | None = None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """`is_dry`: a dry cycle wrote it."""

    seq: int
    event: Event
    is_dry: bool = False


@dataclass(frozen=True, slots=True)
class LeadFilter:
    status: LeadStatus | None = None
    tag: str | None = None
    held: bool | None = None
    search: str | None = None


@dataclass(frozen=True, slots=True)
class TouchFilter:
    status: TouchStatus | None = None
    campaign_id: CampaignId | None = None
    lead_id: LeadId | None = None
    mailbox: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class SuppressionFilter:
    """`part` is of a value in lower case; with it come those of one of the `hashes`, whose value may not be kept."""

    reason: SuppressionReason | None = None
    part: str | None = None
    hashes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventFilter:
    campaign_id: CampaignId | None = None
    lead_id: LeadId | None = None
    actor: str | None = None
    type: EventType | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """The keys by which a person may already be known in a campaign; see `domain.contact`."""

    key: str
    source: str | None = None
    source_ref: str | None = None
    linkedin: str | None = None
    name: str | None = None
    has_address: bool = False
