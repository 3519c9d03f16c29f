"""Which provider is asked next about a person: for what is missing, the cheapest that can tell, each at most once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from camd.domain.contact import folded, is_free_mail, linkedin_key, parse_address, registrable_domain
from camd.domain.facts import Facts, Verdict


class Operation(StrEnum):
    """What a provider is asked to do."""

    SEARCH = "search"  # for people: a page of a source
    MATCH = "match"  # who is this, by the provider's own id, a profile, an address, or a name at a company
    FIND = "find"  # the address of a person by name and company
    VERIFY = "verify"  # whether an address works


class LookupStatus(StrEnum):
    """Where one question stands."""

    WANTED = "wanted"
    ASKED = "asked"
    PENDING = "pending"  # a job of the provider
    DONE = "done"
    UNCERTAIN = "uncertain"


class LookupResult(StrEnum):
    """What the answer to one question says."""

    FOUND = "found"
    NO_MATCH = "no_match"
    OBJECTED = "objected"  # the person asked the provider not to be processed or written to
    REFUSED = "refused"  # the provider will never answer this question


VERDICT = "verdict"
"""Stands among the names of facts for what is known of the address."""

REF = "source_ref"
"""Stands among the facts that a question needs for the provider's own id of the person."""

FRESH_DAYS: Mapping[Verdict, int] = {Verdict.INVALID: 180, Verdict.UNKNOWN: 1}
"""For how many days a verdict on an address is believed, where not for the usual number."""
USUAL_FRESH_DAYS = 30

LEARNABLE = frozenset(
    {
        "first_name",
        "last_name",
        "title",
        "seniority",
        "company",
        "domain",
        "industry",
        "employee_count",
        "country",
        "city",
        "timezone",
        "linkedin_url",
        "phone",
    }
)
"""The facts, beside the address, that a campaign may ask to be paid for."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a provider sells. `price` is the most that one question costs, in its credits; any set of `needs` suffices
    to ask, `gives` are the facts that an answer may hold."""

    provider: str
    operation: Operation
    price: Decimal
    needs: tuple[frozenset[str], ...]
    gives: frozenset[str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a campaign wants to know of its people beside an address that works."""

    facts: frozenset[str] = frozenset()
    recheck_catch_all: bool = False


Asked = Collection[tuple[str, Operation]]
"""What was asked about a person already, whatever came of it."""


def next_offer(
    offers: Sequence[Offer], facts: Facts, verdict: Verdict | None, asked: Asked, wanted: Wanted
) -> Offer | None:
    """The cheapest of the campaign's offers that can tell what is missing, the earlier one of equals; none when nothing
    is missing or nobody is left to ask."""
    missing = _missing(facts, verdict, wanted)
    known = known_facts(facts)
    useful = [
        offer
        for offer in offers
        if (offer.provider, offer.operation) not in asked
        and offer.gives & missing
        and any(need <= known or _is_own_ref(need, offer, facts) for need in offer.needs)
    ]
    return min(useful, key=lambda offer: offer.price, default=None)


def known_facts(facts: Facts) -> frozenset[str]:
    """The names of the facts that a question may be built on; a masked name (`Li***n`) buys only a guess."""
    names = {name for name in _QUESTIONS if (value := getattr(facts, name)) and "*" not in value}
    if linkedin_key(facts.linkedin_url) is None:
        names.discard("linkedin_url")
    return frozenset(names)


def subjects_of(provider: str, operation: Operation, facts: Facts) -> tuple[str, ...]:
    """The names under which a question about this person is known again to that provider, whoever asks it, most
    certain first. A reference is one only where it is the provider's own: in two lists the same one is two people."""
    address = f"address:{parse_address(facts.email).key}" if facts.email else None
    if operation is Operation.VERIFY:
        return (address,) if address else ()
    known = known_facts(facts)
    ref = f"ref:{provider}:{facts.source_ref}" if facts.source == provider and facts.source_ref else None
    profile = f"profile:{linkedin_key(facts.linkedin_url)}" if "linkedin_url" in known else None
    first, last = folded(facts.first_name or ""), folded(facts.last_name or "")
    name = f"name:{first}|{last}" if {"first_name", "last_name"} <= known and first and last else None
    domain = registrable_domain(facts.domain) if facts.domain and not is_free_mail(facts.domain) else None
    companies = (domain, folded(facts.company or ""))
    names = (ref, address, profile, *(f"{name}|{company}" for company in companies if name and company))
    return tuple(name for name in names if name)


def likeness_of(facts: Facts) -> str | None:
    """The same for two questions that may be about one person, masked names (`Li***n`) included: they are not asked
    at once, for the answer to one may answer the other."""
    first, last = folded(facts.first_name or ""), (facts.last_name or "").casefold()
    return f"{first}|{last[:2]}|{last[-1:]}" if first and last else None


def fresh_days(verdict: Verdict | None) -> int:
    """For how many days an answer is not paid for again."""
    return FRESH_DAYS.get(verdict, USUAL_FRESH_DAYS) if verdict is not None else USUAL_FRESH_DAYS


_TRUST = (
    Verdict.SUPPRESSED,
    Verdict.INVALID,
    Verdict.ROLE,
    Verdict.FREEMAIL,
    Verdict.VALID,
    Verdict.CATCH_ALL,
    Verdict.UNKNOWN,
)
"""Whose word counts where providers disagree on an address."""


def most_trusted(verdicts: Collection[Verdict]) -> Verdict | None:
    return min(verdicts, key=_TRUST.index, default=None)


_QUESTIONS = ("email", "first_name", "last_name", "company", "domain", "linkedin_url")


def _is_own_ref(need: frozenset[str], offer: Offer, facts: Facts) -> bool:
    return need == {REF} and facts.source == offer.provider and facts.source_ref is not None


def _missing(facts: Facts, verdict: Verdict | None, wanted: Wanted) -> frozenset[str]:
    missing = {name for name in wanted.facts if getattr(facts, name) in (None, ())}
    if facts.email is None:
        missing.add("email")
    elif verdict in {None, Verdict.UNKNOWN} or (verdict is Verdict.CATCH_ALL and wanted.recheck_catch_all):
        missing.add(VERDICT)
    return frozenset(missing)
