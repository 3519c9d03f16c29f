"""Questions about people that cost money: what a provider offers, how it is asked, what it answers.

A *lookup* is one question about one person to one provider. Each is written down before it is asked, asked at most
once, and settled by its answer; the store's side of it is `Lookups`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import NewType, Protocol

from camd.domain.facts import CampaignId, CandidateId, Facts, LeadId, Verdict
from camd.domain.waterfall import LookupResult, LookupStatus, Offer, Operation
from camd.ports.providers import JsonScalar, RateLimit

LookupId = NewType("LookupId", int)
JobId = NewType("JobId", int)

Memory = Mapping[str, JsonScalar]
"""What a provider's module has to remember between two askings of one question; opaque to the engine."""
NOTHING: Memory = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Service:
    """One thing that a provider does, and how it may be asked.

    `batch` questions fit into one call, `at_once` calls (or jobs) may be open, `limits` are of calls and may change
    with what the provider's headers tell. `is_repeatable`: the same question again costs nothing more, so a lost answer
    is asked for again; elsewhere it is `uncertain` for good.
    """

    offer: Offer
    limits: Sequence[RateLimit]
    batch: int = 1
    at_once: int = 8
    is_repeatable: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """`ref` names it within its call and is no secret: a provider with a field for it gets it back. Of a person whom
    the provider itself found `facts.source` is its name and `facts.source_ref` its id."""

    ref: str
    facts: Facts
    memory: Memory = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question. `facts` holds only what was learned, `credits` what it cost, `raw` the provider's own
    words (JSON). `verdict` and `evidence`, a few words, are about `facts.email` or, without it, about the address that
    was asked for. `refs` are ids of the provider under which the person may be asked for again."""

    result: LookupResult
    credits: Decimal = Decimal(0)
    facts: Facts = field(default_factory=Facts)
    verdict: Verdict | None = None
    evidence: str | None = None
    refs: tuple[str, ...] = ()
    raw: str | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """No answer yet: the question is to be asked again, which costs nothing more, with this memory."""

    after: timedelta
    memory: Memory = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The provider was paid, or may still be, and will not be asked again."""


Reply = Finding | Later | Unfinished


@dataclass(frozen=True, slots=True)
class Job:
    """The provider works on a call; `id` is its own name for that."""

    id: str
    submitted_at: datetime
    poll_at: datetime
    polls: int = 0


class Enricher(Protocol):
    """Answers questions for credits.

    `ask` and `poll` give one reply to each question, in the order of the questions. They raise what happened instead:
    `RateLimited`, `BudgetExhausted`, `KeyRefused`, `PlanRefused` and any other `Transient` mean that nothing was done
    and nothing paid (scope `provider`); `Permanent` that this call is refused for good (scope `item`; one of several
    questions may be at fault); `Uncertain` that nobody knows.
    """

    @property
    def name(self) -> str: ...

    @property
    def services(self) -> Sequence[Service]:
        """One for each operation; none while the provider is not configured."""
        ...

    async def ask(self, operation: Operation, questions: Sequence[Question]) -> Sequence[Reply] | Job: ...

    async def poll(self, job: Job, questions: Sequence[Question]) -> Sequence[Reply] | Job:
        """The answer to a job, or the same job to be polled again later."""
        ...


OPEN = frozenset({LookupStatus.WANTED, LookupStatus.ASKED, LookupStatus.PENDING})


@dataclass(frozen=True, slots=True)
class LookupAnswer:
    """What of a finding is kept, until its person is erased."""

    facts: Facts = field(default_factory=Facts)
    verdict: Verdict | None = None
    evidence: str | None = None
    raw: str | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question: of a lead, of a candidate that only its answer can identify, or (a page of a source) of neither.

    `price` is what it may cost at most and is reserved while it is open and asked, `spent` what it did cost. `likeness`
    is a keyed hash: of several with the same one at one provider only one is asked at a time. `denied` is why it waits
    (a word of `CycleReport.waiting_for`), until `not_before`. `copied_from` gave the answer where it was not asked for
    again. `tries` counts the calls that did nothing.
    """

    id: LookupId
    provider: str
    operation: Operation
    campaign_id: CampaignId
    lead_id: LeadId | None
    candidate_id: CandidateId | None
    status: LookupStatus
    price: Decimal
    wanted_at: datetime
    not_before: datetime
    likeness: str | None = None
    denied: str | None = None
    tries: int = 0
    memory: Memory = field(default_factory=lambda: NOTHING)
    asked_at: datetime | None = None
    job_id: JobId | None = None
    settled_at: datetime | None = None
    result: LookupResult | None = None
    spent: Decimal | None = None
    answer: LookupAnswer | None = None
    copied_from: LookupId | None = None


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A job as it is stored, beside the questions that it answers."""

    id: JobId
    provider: str
    operation: Operation
    job: Job


@dataclass(frozen=True, slots=True)
class Asking:
    """A wanted lookup that is to be stored, with the keyed hashes of what its question is known by."""

    provider: str
    operation: Operation
    campaign_id: CampaignId
    lead_id: LeadId | None
    candidate_id: CandidateId | None
    price: Decimal
    likeness: str | None
    subjects: tuple[str, ...]


class Lookups(Protocol):
    """A lookup is *due* when it is wanted and its `not_before` has come; it is *in flight* while asked or pending."""

    def want(self, asking: Asking, now: datetime) -> Lookup: ...

    def get(self, lookup_id: LookupId) -> Lookup | None: ...

    def save(self, before: Lookup, after: Lookup) -> Lookup:
        """Raises `StaleWrite` where its status is no longer that of `before`."""
        ...

    def drop(self, lookup_id: LookupId) -> None:
        """Forgets one that is wanted; one that was asked stays for good."""
        ...

    def of_lead(self, lead_id: LeadId) -> Sequence[Lookup]:
        """Oldest first."""
        ...

    def of_leads(self, lead_ids: Collection[LeadId]) -> Mapping[LeadId, Sequence[Lookup]]:
        """Oldest first; a lead that has none is left out."""
        ...

    def give_to_lead(self, lookup_id: LookupId, lead_id: LeadId) -> None:
        """What was asked about a candidate turned out to be about this lead; there is no candidate any more."""
        ...

    def of_candidate(self, candidate_id: CandidateId) -> Lookup | None: ...

    def campaigns_due(self, provider: str, operation: Operation, now: datetime) -> Sequence[CampaignId]:
        """In the order of their numbers."""
        ...

    def due(
        self, provider: str, operation: Operation, campaign_id: CampaignId, now: datetime, limit: int
    ) -> Sequence[Lookup]:
        """Oldest first."""
        ...

    def wanted(self, provider: str, limit: int) -> Sequence[Lookup]:
        """Those about leads, due or not, oldest first."""
        ...

    def next_due_at(self, provider: str, after: datetime) -> datetime | None:
        """The soonest `not_before` after that instant of a wanted one."""
        ...

    def put_off(self, provider: str, campaign_id: CampaignId, until: datetime, denied: str | None) -> None:
        """Every wanted one of that campaign: not before then, for that reason."""
        ...

    def subjects(self, lookup_id: LookupId) -> Sequence[str]: ...

    def add_subjects(self, lookup_id: LookupId, subjects: Collection[str]) -> None:
        """Further names under which its answer is found; those it has are left."""
        ...

    def settled(self, provider: str, operation: Operation, subjects: Collection[str]) -> Lookup | None:
        """The latest one that was asked itself (no copy) and is done or uncertain, under any of these names."""
        ...

    def is_in_flight(
        self, provider: str, operation: Operation, subjects: Collection[str], likeness: str | None
    ) -> bool:
        """Whether one with any of these names, or with that likeness, is in flight."""
        ...

    def in_flight(self, provider: str) -> Sequence[Lookup]:
        """Asked ones, oldest first, without those that wait for a job."""
        ...

    def credits_wanted(self, campaign_id: CampaignId) -> Mapping[str, Decimal]:
        """By provider, the prices of the campaign's wanted ones."""
        ...

    def open_counts(self, campaign_id: CampaignId) -> Mapping[tuple[str, str | None], int]:
        """How many of the campaign's are open, by provider and reason of denial."""
        ...

    def forget_answers(self, lead_id: LeadId) -> None:
        """An erasure: what was asked and paid stays, nothing that was learned, and no name of the person."""
        ...

    def forget_candidate(self, candidate_id: CandidateId) -> None:
        """The same for what was asked about a candidate."""
        ...

    def add_job(self, provider: str, operation: Operation, job: Job) -> JobId: ...

    def save_job(self, job_id: JobId, job: Job) -> None: ...

    def end_job(self, job_id: JobId) -> None: ...

    def open_jobs(self, provider: str) -> Sequence[OpenJob]:
        """Soonest poll first."""
        ...

    def of_job(self, job_id: JobId) -> Sequence[Lookup]:
        """In the order of their ids, which is that of their questions."""
        ...
