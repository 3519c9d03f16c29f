"""What the engine asks of its store, in the engine's words; `camd.store` answers with SQLite.

A unit of work is a plain function of one transaction: `await store.write(unit)` runs it whole, in one
`BEGIN IMMEDIATE … COMMIT`, or not at all. It cannot await, so no transaction spans a network call. Calls of
`store.read` get the same `Tx`, on a connection that cannot write.

Raises `StoreUnavailable` where the database is away or full; `StaleWrite` where a row changed since it was read.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from camd.domain.campaign import Campaign, CampaignStatus, Definition, StatusChange, StatusReason, Step
from camd.domain.errors import CamdError
from camd.domain.events import Event, EventType
from camd.domain.facts import (
    CampaignId,
    CandidateId,
    Facts,
    ImportId,
    LeadId,
    SuppressionId,
    TouchId,
    Verdict,
)
from camd.domain.lead import Action, Lead, LeadStatus
from camd.domain.suppression import SuppressionKind, SuppressionReason
from camd.domain.token_bucket import QuotaScope
from camd.ports.providers import Cursor, Found

T = TypeVar("T")


class StaleWrite(CamdError):
    """The row was changed by somebody else since it was read; read it again."""


class NameTaken(CamdError):
    """Another campaign that is not archived has this name."""


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
class Touch:
    """One planned or done contact, unique by (lead, step)."""

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
    version: int = 1


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
class Switch:
    """A state of the whole instance that a person or a rule sets: the kill switch."""

    on: bool
    reason: str | None
    since: datetime | None
    by: str | None


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
    seq: int
    event: Event


@dataclass(frozen=True, slots=True)
class LeadFilter:
    status: LeadStatus | None = None
    tag: str | None = None
    held: bool | None = None
    search: str | None = None


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


class Campaigns(Protocol):
    def add(self, definition: Definition, status: StatusChange) -> Campaign:
        """Raises `NameTaken`."""
        ...

    def get(self, campaign_id: CampaignId) -> Campaign | None: ...

    def named(self, name: str) -> Campaign | None:
        """The campaign of that name: the one that is not archived, else the newest archived one."""
        ...

    def page(self, listing: Listing, status: CampaignStatus | None = None) -> Sequence[Campaign]: ...

    def save(self, campaign: Campaign) -> Campaign:
        """Writes all of it if `version` is still the stored one, and answers it with its new version. Steps are kept
        under `steps_version`: other steps under a version that is kept are an `AssertionError`, that is, a bug.

        Raises `StaleWrite`, `NameTaken`."""
        ...

    def steps(self, campaign_id: CampaignId, version: int) -> tuple[Step, ...]: ...

    def active(self) -> Sequence[tuple[CampaignId, datetime | None]]:
        """Every active campaign with the instant of its next cycle."""
        ...

    def sleep_until(self, campaign_id: CampaignId, at: datetime) -> None:
        """Sets `next_cycle_at` and nothing else; not a new version."""
        ...

    def by_status(self) -> Mapping[CampaignStatus, int]: ...

    def add_crash(self, crash: Crash) -> None: ...

    def crashes(self, campaign_id: CampaignId, limit: int) -> Sequence[Crash]: ...

    def forget_crashes(self, before: datetime) -> None: ...

    def count_paused(self, reason: StatusReason) -> int: ...


class Leads(Protocol):
    """Every write keeps the campaign's tallies (`domain.tally`) in the same commit."""

    def insert(self, lead: Lead) -> bool:
        """False, and nothing written, where (campaign, key) is taken."""
        ...

    def get(self, lead_id: LeadId) -> Lead | None: ...

    def save(self, before: Lead, after: Lead) -> Lead:
        """Writes `after`, holds included, if the stored version is `before.version`; answers it with its new
        version. `before` must be the lead as it was read: tallies and holds change by the difference. A key that
        another lead of the campaign has is refused by the database, as a bug: ask `known` first.

        Raises `StaleWrite`."""
        ...

    def delete(self, lead: Lead) -> None:
        """Removes the lead with its holds, previews and the touches that were never on the wire.

        Raises `StaleWrite`; the database refuses it, as a bug, where a touch was on the wire."""
        ...

    def due(self, campaign_id: CampaignId, action: Action, now: datetime, limit: int) -> Sequence[Lead]:
        """Leads whose next action is `action` and due, earliest first."""
        ...

    def next_due(self, campaign_id: CampaignId) -> datetime | None: ...

    def known(self, campaign_id: CampaignId, identity: Identity) -> Lead | None:
        """The lead that is this person: same source reference, same key, same LinkedIn URL, then same name and
        company where one of the two has no address."""
        ...

    def of_person(self, address_key: str) -> Sequence[Lead]:
        """The leads of every campaign with that address key."""
        ...

    def of_address_hash(self, address_hash: str) -> Sequence[Lead]:
        """The leads of every campaign whose address key has this keyed hash."""
        ...

    def of_domain(self, domain: str) -> Sequence[Lead]:
        """The leads of every campaign whose address lies in that domain or under it."""
        ...

    def of_import(self, import_id: ImportId, limit: int, after: LeadId | None = None) -> Sequence[Lead]:
        """In the order of their ids; `after` is the last one of the batch before."""
        ...

    def page(self, campaign_id: CampaignId | None, listing: Listing, chosen: LeadFilter) -> Sequence[Lead]: ...

    def wake(self, campaign_id: CampaignId, action: Action, at: datetime, then: Action | None = None) -> int:
        """Makes every lead of that next action due at `at`, for `then` where that is given; answers how many.

        Each of them gets a new version."""
        ...

    def release_import(self, import_id: ImportId, action: Action, at: datetime) -> int:
        """Hands the leads of a finished import to the engine: those that are `new` and have no next action get
        this one and wait for nothing, a new version of each. Answers how many."""
        ...

    def tallies(self, campaign_id: CampaignId) -> Mapping[str, int]:
        """Without the names that count 0."""
        ...

    def all_tallies(self) -> Mapping[str, int]:
        """Summed over the campaigns."""
        ...

    def tallies_of(self, campaign_ids: Collection[CampaignId]) -> Mapping[CampaignId, Mapping[str, int]]: ...


class Candidates(Protocol):
    def add(self, campaign_id: CampaignId, source: str, rows: Sequence[Found]) -> int:
        """Adds those whose source reference is not yet a candidate; answers how many."""
        ...

    def waiting(self, campaign_id: CampaignId, limit: int) -> Sequence[Candidate]:
        """Oldest first."""
        ...

    def remove(self, ids: Sequence[CandidateId]) -> None: ...


class Sources(Protocol):
    def of(self, campaign_id: CampaignId) -> Sequence[SourceState]: ...

    def save(self, campaign_id: CampaignId, state: SourceState) -> None: ...

    def forget(self, campaign_id: CampaignId) -> None:
        """The definition's sources changed: all are read from their start again."""
        ...


class Touches(Protocol):
    def insert(self, touch: Touch) -> bool:
        """False, and nothing written, where (lead, step) is taken."""
        ...

    def get(self, touch_id: TouchId) -> Touch | None: ...

    def of_lead(self, lead_id: LeadId) -> Sequence[Touch]: ...

    def save(self, before: Touch, after: Touch) -> Touch:
        """Raises `StaleWrite`."""
        ...


class Previews(Protocol):
    def put(self, preview: Preview) -> None: ...

    def of_lead(self, lead_id: LeadId) -> Preview | None: ...

    def of_campaign(self, campaign_id: CampaignId, limit: int) -> Sequence[Preview]:
        """Soonest first."""
        ...

    def instants(self, campaign_id: CampaignId, since: datetime) -> Sequence[tuple[LeadId, datetime]]:
        """Whose previews lie at or after `since`, and when."""
        ...

    def drop_lead(self, lead_id: LeadId) -> None: ...

    def drop_campaign(self, campaign_id: CampaignId) -> None: ...


class Suppressions(Protocol):
    def add(self, suppression: Suppression) -> bool:
        """False where (kind, hash) stands already."""
        ...

    def get(self, suppression_id: SuppressionId) -> Suppression | None: ...

    def covering(self, hashes: Collection[str]) -> Suppression | None: ...

    def remove(self, suppression_id: SuppressionId) -> None: ...

    def page(self, listing: Listing, reason: SuppressionReason | None = None) -> Sequence[Suppression]: ...


class Imports(Protocol):
    def add(self, record: Import) -> None: ...

    def get(self, import_id: ImportId) -> Import | None: ...

    def save(self, record: Import) -> None: ...

    def unfinished(self) -> Sequence[Import]:
        """Neither finished nor undone: a crash left them."""
        ...

    def page(self, listing: Listing, campaign_id: CampaignId | None = None) -> Sequence[Import]: ...


class Quotas(Protocol):
    """Debits are ledger rows that are never changed: a refund is a row with a negative amount."""

    def bucket(self, name: str) -> datetime | None: ...

    def set_bucket(self, name: str, theoretical_arrival: datetime) -> None: ...

    def debit(self, scope: QuotaScope, key: str, at: datetime, day: date, amount: int) -> None: ...

    def used_on(self, scope: QuotaScope, key: str, day: date) -> int: ...

    def used_since(self, scope: QuotaScope, key: str, since: datetime) -> Sequence[tuple[datetime, int]]: ...


class Ledger(Protocol):
    def append(self, event: Event) -> None: ...

    def after(self, seq: int, limit: int, chosen: EventFilter) -> Sequence[LedgerRow]: ...


class Instance(Protocol):
    """The one row of the whole installation."""

    def key(self) -> bytes: ...

    def kill_switch(self) -> Switch: ...

    def set_kill_switch(self, switch: Switch) -> None: ...


class Tx(Protocol):
    """One transaction over every aggregate."""

    @property
    def campaigns(self) -> Campaigns: ...
    @property
    def leads(self) -> Leads: ...
    @property
    def candidates(self) -> Candidates: ...
    @property
    def sources(self) -> Sources: ...
    @property
    def touches(self) -> Touches: ...
    @property
    def previews(self) -> Previews: ...
    @property
    def suppressions(self) -> Suppressions: ...
    @property
    def imports(self) -> Imports: ...
    @property
    def quotas(self) -> Quotas: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def instance(self) -> Instance: ...


class Store(Protocol):
    async def write(self, unit: Callable[[Tx], T]) -> T:
        """Runs `unit` whole on the writer and answers after its commit; what it raises discards it alone."""
        ...

    async def read(self, query: Callable[[Tx], T]) -> T: ...
