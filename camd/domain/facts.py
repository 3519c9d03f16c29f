"""What is known of a person: plain values, each optional, none of them checked twice.

A fact that is not known is `None` (or empty); adapters turn blank cells into `None` before they build
`Facts`, so "known but empty" does not exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import NewType

CampaignId = NewType("CampaignId", int)
LeadId = NewType("LeadId", str)
TouchId = NewType("TouchId", str)
ImportId = NewType("ImportId", str)
SuppressionId = NewType("SuppressionId", str)
CandidateId = NewType("CandidateId", int)
InboundId = NewType("InboundId", str)


class Verdict(StrEnum):
    """What verification says of an address; `suppressed` and `invalid` are never contacted."""

    VALID = "valid"
    CATCH_ALL = "catch_all"
    ROLE = "role"
    FREEMAIL = "freemail"
    UNKNOWN = "unknown"
    INVALID = "invalid"
    SUPPRESSED = "suppressed"


SENIORITIES = (
    "owner",
    "founder",
    "c_suite",
    "partner",
    "vp",
    "head",
    "director",
    "manager",
    "senior",
    "entry",
    "intern",
)
"""From the most to the least senior, in Apollo's words."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One person's facts, in the API's names and order.

    `country` is an ISO 3166-1 alpha-2 code where it was understood, else the raw text. `seniority` is one
    of `SENIORITIES` where it was understood. `expected_mrr` is money a month in the campaign's currency.
    """

    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    seniority: str | None = None
    company: str | None = None
    domain: str | None = None
    industry: str | None = None
    employee_count: int | None = None
    country: str | None = None
    city: str | None = None
    timezone: str | None = None
    language: str | None = None
    linkedin_url: str | None = None
    phone: str | None = None
    tags: tuple[str, ...] = ()
    consent: str | None = None
    custom: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    source: str | None = None
    source_ref: str | None = None
    expected_mrr: Decimal | None = None
