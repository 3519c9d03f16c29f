"""One lead: its facts lie flat beside its state, also in what a caller sends."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from camd.domain.countries import COUNTRIES
from camd.domain.facts import Verdict
from camd.domain.lead import Action, HoldReason, LeadStatus, LostReason
from camd.domain.waterfall import LookupResult, LookupStatus, Operation
from camd.schema.definition import Language, TimeZone
from camd.schema.values import Body, Instant, Line, Money, Note, Number, View

MAX_CUSTOM = 50


def _blank_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _country(text: str) -> str:
    """Alpha-2 in capitals where it is one; a name stays as it was written, as the importers leave it."""
    return text.upper() if text.upper() in COUNTRIES else text


def _one_each(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))


SourceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,49}$")]
"""It stands in the ledger, which carries no address and no text."""
CustomName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
CustomValue = Annotated[str, Field(max_length=1000)]
Custom = Annotated[dict[CustomName, CustomValue], Field(max_length=MAX_CUSTOM)]
Tags = Annotated[tuple[Line, ...], Field(max_length=100), AfterValidator(_one_each)]
LeadNote = Annotated[str, Field(min_length=1, max_length=1000)]
"""Kept among the lead's custom fields, so that it is exported and erased with them."""
Text = Annotated[
    Line | None,
    BeforeValidator(_blank_is_none),
    WithJsonSchema({"anyOf": [{"type": "string", "maxLength": 500}, {"type": "null"}]}),
]


class LeadPatch(Body):
    """Facts to change: one that is left out stays, null empties it. An empty text is null."""

    email: Text = None
    first_name: Text = None
    last_name: Text = None
    title: Text = None
    seniority: Text = None
    company: Text = None
    domain: Text = None
    industry: Text = None
    employee_count: Annotated[int, Field(ge=0, le=100_000_000)] | None = None
    country: Annotated[Line, AfterValidator(_country)] | None = None
    city: Text = None
    timezone: TimeZone | None = None
    language: Language | None = None
    linkedin_url: Text = None
    phone: Text = None
    tags: Tags | None = None
    consent: Text = None
    custom: Custom | None = None
    expected_mrr: Money | None = None

    def changes(self) -> dict[str, Any]:
        """The facts that were named, as values of `Facts`."""
        named = {name: getattr(self, name) for name in self.model_fields_set}
        empty: dict[str, Any] = {"tags": (), "custom": {}}
        return {name: empty.get(name) if value is None else value for name, value in named.items()}


class LeadBody(LeadPatch):
    """A person to add. Without `source_ref` a person is known by address, profile, or name and company."""

    source: SourceName | None = None
    source_ref: Text = None


class Hold(View):
    reason: HoldReason
    since: Instant
    until: Instant | None
    note: str | None


class Lead(View):
    id: str
    campaign_id: int
    status: LeadStatus
    status_reason: LostReason | None
    email: str | None
    first_name: str | None
    last_name: str | None
    title: str | None
    seniority: str | None
    company: str | None
    domain: str | None
    industry: str | None
    employee_count: int | None
    country: str | None
    city: str | None
    timezone: str | None
    language: str | None
    linkedin_url: str | None
    phone: str | None
    tags: tuple[str, ...]
    consent: str | None
    custom: dict[str, str]
    source: str | None
    source_ref: str | None
    expected_mrr: Number | None
    verdict: Verdict | None
    score: float | None
    holds: list[Hold]
    next_action: Action | None
    next_action_at: Instant | None
    won_mrr: Number | None
    created_at: Instant
    updated_at: Instant


class Receipt(View):
    """One question about the person that a provider was, or is to be, asked for credits. `credits` is what it cost,
    `reserved` what it may cost while that is not known; `asked_before`: another question had given the answer."""

    provider: str
    operation: Operation
    status: LookupStatus
    result: LookupResult | None
    reserved: Number | None
    credits: Number | None
    evidence: str | None
    asked_before: bool
    asked_at: Instant | None
    settled_at: Instant | None


class LeadDetail(Lead):
    """One lead with what was paid to know them."""

    verdict_evidence: str | None
    receipts: list[Receipt]


class WonBody(Body):
    """Without `mrr`: the lead's expected revenue, else the campaign's per client, else 0."""

    mrr: Money | None = None
    note: LeadNote | None = None


class LostBody(Body):
    reason: LostReason = LostReason.OPERATOR
    note: LeadNote | None = None


class HoldBody(Body):
    """`reason` is text, kept as the note of a hold `operator`."""

    reason: Note | None = None
    until: Instant | None = None


class ReleaseBody(Body):
    """Without `reason` all holds end."""

    reason: HoldReason | None = None


class NoteBody(Body):
    note: LeadNote | None = None


class Check(View):
    """One thing that must hold before anything is sent; `until` is when it may pass by itself."""

    name: str
    passed: bool
    reason: str | None = None
    until: Instant | None = None


class WhyReport(View):
    """Every check that decides whether this lead is written to now; `allowed`: all of them pass."""

    lead_id: str
    allowed: bool
    next_action_at: Instant | None
    checks: list[Check]


class LeadExport(View):
    """Everything that is kept of one person in one campaign."""

    lead: Lead
    verdict_evidence: str | None
    lookups: list[dict[str, Any]]
    previews: list[dict[str, Any]]
    touches: list[dict[str, Any]]
    inbound: list[dict[str, Any]]
    events: list[dict[str, Any]]
