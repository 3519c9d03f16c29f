"""What the engine asks of its store, in the engine's words; `camd.store` answers with SQLite.

A unit of work is a plain function of one transaction: `await store.write(unit)` runs it whole, in one
`BEGIN IMMEDIATE … COMMIT`, or not at all. It cannot await, so no transaction spans a network call. Lines that it adds
to `tx.journal` are on the disk too before it is answered. Calls of `store.read` get the same `Tx`, on a connection that
cannot write.

Raises `StoreUnavailable` where the database is away or full; `StaleWrite` where a row changed since it was read.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from typing import Protocol, TypeVar

from camd.domain.access import Scope, TokenId
from camd.domain.campaign import Campaign, CampaignStatus, Definition, StatusChange, StatusReason, Step
from camd.domain.day_facts import DayFact
from camd.domain.errors import CamdError
from camd.domain.events import Event, EventType
from camd.domain.facts import CampaignId, CandidateId, Facts, ImportId, LeadId, SuppressionId, Verdict
from camd.domain.lead import Action, Lead
from camd.domain.token_bucket import QuotaScope
from camd.ports.answer_store import Answers
from camd.ports.inbox_store import Inbox, Notices
from camd.ports.journal import JournalBuffer, JournalMark
from camd.ports.lookups import Lookups
from camd.ports.providers import Found
from camd.ports.records import (
    Candidate,
    Crash,
    Debit,
    DeliveryFact,
    DeliveryScope,
    EventFilter,
    Identity,
    Import,
    LeadFilter,
    LedgerRow,
    Listing,
    MachineIdentity,
    MailboxState,
    Recovery,
    SourceState,
    Suppression,
    SuppressionFilter,
    Switch,
    Token,
    ZoneChange,
)
from camd.ports.touch_store import Previews, Touches
from camd.ports.webhooks import Webhooks

T = TypeVar("T")


class StaleWrite(CamdError):
    """The row was changed by somebody else since it was read; read it again."""


class NameTaken(CamdError):
    """Another campaign that is not archived, or another token, has this name."""


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

    def forget_crashes_of(self, lead_id: LeadId) -> None:
        """What a crash says of itself may name the lead that it happened at."""
        ...

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

    def of_company(self, company: str) -> Sequence[Lead]:
        """The open leads of every campaign at that company; see `domain.contact.company_of`."""
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
        """Those that are no stubs, oldest first."""
        ...

    def stubs(self, campaign_id: CampaignId, limit: int) -> Sequence[Candidate]:
        """Those about which no question was written down yet, oldest first."""
        ...

    def get(self, candidate_id: CandidateId) -> Candidate | None: ...

    def note_asked(self, candidate_id: CandidateId) -> None:
        """There is a question now about this stub."""
        ...

    def identify(self, candidate_id: CandidateId, facts: Facts, verdict: Verdict | None) -> None:
        """It is a stub no more, and waits to become a lead."""
        ...

    def is_any(self, campaign_id: CampaignId) -> bool: ...

    def all(self, after: CandidateId, limit: int) -> Sequence[Candidate]:
        """Of every campaign, stubs too, in the order of their ids; `after` is the last one of the batch before."""
        ...

    def remove(self, ids: Sequence[CandidateId]) -> None: ...


class Sources(Protocol):
    def of(self, campaign_id: CampaignId) -> Sequence[SourceState]: ...

    def save(self, campaign_id: CampaignId, state: SourceState) -> None: ...

    def forget(self, campaign_id: CampaignId) -> None:
        """The definition's sources changed: all are read from their start again."""
        ...


class Suppressions(Protocol):
    def add(self, suppression: Suppression) -> bool:
        """False where (kind, hash) stands already."""
        ...

    def get(self, suppression_id: SuppressionId) -> Suppression | None: ...

    def covering(self, hashes: Collection[str]) -> Suppression | None: ...

    def remove(self, suppression_id: SuppressionId) -> None: ...

    def page(self, listing: Listing, chosen: SuppressionFilter | None = None) -> Sequence[Suppression]: ...


class Imports(Protocol):
    def add(self, record: Import) -> None: ...

    def get(self, import_id: ImportId) -> Import | None: ...

    def save(self, record: Import) -> None: ...

    def unfinished(self) -> Sequence[Import]:
        """Neither finished nor undone: a crash left them."""
        ...

    def page(self, listing: Listing, campaign_id: CampaignId | None = None) -> Sequence[Import]: ...


class Quotas(Protocol):
    """Debits are ledger rows that are never changed: a refund is a row with a negative amount that bears the
    instant of its debit."""

    def bucket(self, name: str) -> datetime | None: ...

    def set_bucket(self, name: str, theoretical_arrival: datetime) -> None: ...

    def debit(self, scope: QuotaScope, key: str, at: datetime, amount: int) -> None: ...

    def debit_all(self, caps: Sequence[Debit], at: datetime, amount: int) -> None:
        """`debit` for each of them."""
        ...

    def used(self, scope: QuotaScope, key: str, since: datetime) -> int:
        """The sum of the debits at or after `since`."""
        ...

    def used_of(self, windows: Sequence[tuple[QuotaScope, str, datetime]]) -> Sequence[int]:
        """`used` for each of a few."""
        ...

    def used_since(self, scope: QuotaScope, key: str, since: datetime) -> Sequence[tuple[datetime, int]]: ...

    def zone(self, name: str) -> ZoneChange | None: ...

    def set_zone(self, name: str, change: ZoneChange) -> None: ...


class Mailboxes(Protocol):
    """A mailbox that was never written has the default state."""

    def get(self, name: str) -> MailboxState: ...

    def all(self) -> Mapping[str, MailboxState]:
        """Those that were ever written."""
        ...

    def put(self, state: MailboxState) -> None: ...


class Deliveries(Protocol):
    """What became of mails, by local day. `key` is a campaign's number or a mailbox's name."""

    def add(self, scope: DeliveryScope, key: str, day: date, fact: DeliveryFact, amount: int = 1) -> None: ...

    def since(self, scope: DeliveryScope, key: str, day: date) -> Mapping[DeliveryFact, int]:
        """The sums over that day and those after it, every fact named."""
        ...

    def days(self, scope: DeliveryScope, key: str, day: date) -> Sequence[tuple[date, Mapping[DeliveryFact, int]]]:
        """That day and those after it on which anything was counted, in their order, every fact named."""
        ...

    def days_of_all(self, day: date) -> Sequence[tuple[date, Mapping[DeliveryFact, int]]]:
        """The same summed over all campaigns."""
        ...

    def clean_days(self, mailbox: str, before: date) -> int:
        """Days before that one with a mail accepted and no hard bounce (in a report or to RCPT), refusal or refused
        log-in."""
        ...


class Days(Protocol):
    """What happened to a campaign's leads, by its local day; the ledger counts here what it records."""

    def add(self, campaign_id: CampaignId, day: date, changes: Mapping[DayFact, int]) -> None: ...

    def since(self, campaign_id: CampaignId, day: date) -> Sequence[tuple[date, Mapping[DayFact, int]]]:
        """That day and those after it on which anything was counted, in their order, every fact named."""
        ...

    def since_of_all(self, day: date) -> Sequence[tuple[date, Mapping[DayFact, int]]]:
        """The same summed over all campaigns."""
        ...


class Counters(Protocol):
    """Small figures of a campaign that are no part of its definition and make no new version of it."""

    def get(self, campaign_id: CampaignId, name: str) -> int:
        """0 where it was never written."""
        ...

    def put(self, campaign_id: CampaignId, name: str, amount: int) -> None: ...

    def add(self, campaign_id: CampaignId, name: str, amount: int) -> None: ...

    def total(self, name: str) -> int:
        """Over all campaigns."""
        ...


class Ledger(Protocol):
    def append(self, event: Event) -> None:
        """Counts it for its campaign's day too (`Days`)."""
        ...

    def after(self, seq: int, limit: int, chosen: EventFilter, *, newest: bool = False) -> Sequence[LedgerRow]:
        """The first ones above `seq`, or the `newest`; ascending either way."""
        ...

    def get(self, seq: int) -> LedgerRow | None: ...

    def last_seq(self) -> int:
        """0 for none."""
        ...

    def next_of(self, campaign_id: CampaignId, seq: int, kinds: Collection[EventType]) -> EventType | None:
        """Of these kinds, the first of the campaign after `seq`."""
        ...

    def in_dry_run(self) -> AbstractContextManager[None]:
        """What is appended inside is marked as that of a dry cycle."""
        ...


class Instance(Protocol):
    """The one row of the whole installation."""

    def key(self) -> bytes: ...

    def kill_switch(self) -> Switch: ...

    def set_kill_switch(self, switch: Switch) -> None: ...

    def recovery(self) -> Recovery: ...

    def set_recovery(self, recovery: Recovery) -> None: ...

    def identity(self) -> MachineIdentity: ...

    def set_identity(self, identity: MachineIdentity) -> None: ...

    def journal_mark(self) -> JournalMark:
        """That of the last handover that was marked."""
        ...

    def set_journal_mark(self, mark: JournalMark) -> None: ...

    def next_journal_mark(self) -> JournalMark:
        """Counts one handover more and answers its mark."""
        ...


class Tokens(Protocol):
    """Keys to the API."""

    def add(self, name: str, scope: Scope, text_hash: str, *, at: datetime, by: str, expires: datetime | None) -> Token:
        """Raises `NameTaken`."""
        ...

    def get(self, token_id: TokenId) -> Token | None:
        """None where it was revoked too."""
        ...

    def all(self) -> Sequence[Token]:
        """With those that were revoked."""
        ...

    def page(self, listing: Listing) -> Sequence[Token]:
        """Without those that were revoked."""
        ...

    def revoke(self, token_id: TokenId, at: datetime) -> None: ...

    def set_last_used(self, token_id: TokenId, at: datetime) -> None: ...


class Tx(Protocol):
    """One transaction over every aggregate."""

    @property
    def journal(self) -> JournalBuffer: ...

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
    def mailboxes(self) -> Mailboxes: ...
    @property
    def deliveries(self) -> Deliveries: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def notices(self) -> Notices: ...
    @property
    def lookups(self) -> Lookups: ...
    @property
    def counters(self) -> Counters: ...
    @property
    def days(self) -> Days: ...
    @property
    def answers(self) -> Answers: ...
    @property
    def webhooks(self) -> Webhooks: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def instance(self) -> Instance: ...
    @property
    def tokens(self) -> Tokens: ...


class Store(Protocol):
    async def write(self, unit: Callable[[Tx], T]) -> T:
        """Runs `unit` whole on the writer and answers after its commit; what it raises discards it alone.

        Raises `StoreUnavailable` too where the commit stands and the journal could not be written."""
        ...

    async def read(self, query: Callable[[Tx], T]) -> T: ...
