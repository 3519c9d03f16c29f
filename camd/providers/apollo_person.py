"""A person as Apollo shows one -> facts and a verdict. What is missing, masked or locked is left out, whatever shape
the object has; nothing is ever raised.

The workspace's own copy (`contact`), which its users edit, is not read but for its time zone.
Source: docs.apollo.io/reference/people-enrichment; knowledge.apollo.io on statuses of addresses.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from camd.domain.contact import linkedin_key
from camd.domain.facts import SENIORITIES, Facts, Verdict
from camd.providers import csv_values as values
from camd.providers.answers import address, country, text, whole

LEARNED = frozenset(
    {
        "email",
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
        "tags",
    }
)
"""The facts that `facts_of` may find."""
_MOST_EMPLOYEES = 100_000_000
_MOST_TAGS = 50
_URL = 500

# Apollo's "risky" ones (guessed and the like) are unknown here: another provider has to confirm them.
_VERDICTS: Mapping[str, Verdict] = {
    "verified": Verdict.VALID,
    "likely to engage": Verdict.VALID,
    "unverified": Verdict.UNKNOWN,
    "user managed": Verdict.UNKNOWN,
    "needs verification": Verdict.UNKNOWN,
    "update required": Verdict.UNKNOWN,
    "guessed": Verdict.UNKNOWN,
    "extrapolated": Verdict.UNKNOWN,
    "pending manual fulfillment": Verdict.UNKNOWN,
    "bounced": Verdict.INVALID,
}
_NO_ADDRESS = "unavailable"

Given = Mapping[str, Any]
"""An object of JSON."""


def facts_of(person: Given) -> Facts:
    company = _object(person, "organization")
    first, last = _names(person)
    zone = text(_object(person, "contact").get("time_zone"))
    tags = dict.fromkeys(_tags(person))
    count = whole(company.get("estimated_num_employees"), 1)
    return Facts(
        email=_email(person),
        first_name=first,
        last_name=last,
        title=text(person.get("title")),
        seniority=level if (level := person.get("seniority")) in SENIORITIES else None,
        company=text(company.get("name")),
        domain=_host(company.get("primary_domain")) or _host(company.get("website_url")),
        industry=text(company.get("industry")),
        employee_count=count if count is not None and count <= _MOST_EMPLOYEES else None,
        country=country(person.get("country")),
        city=text(person.get("city")),
        timezone=values.zone_name(zone) if zone else None,
        linkedin_url=linkedin_key(text(person.get("linkedin_url"), _URL)),
        tags=tuple(tags)[:_MOST_TAGS],
    )


def verdict_of(person: Given) -> tuple[Verdict, str]:
    """What Apollo says of the address it gives, and its word for it where camd knows that word."""
    status = _status(person)
    if status is None:
        return Verdict.UNKNOWN, "apollo: no status"
    if status not in _VERDICTS:
        return Verdict.UNKNOWN, "apollo: a status that camd does not know"
    return _VERDICTS[status], f"apollo: {status}"


def _status(person: Given) -> str | None:
    status = text(person.get("email_status"))
    return status.lower().replace("_", " ") if status else None


def _email(person: Given) -> str | None:
    given = address(person.get("email"))
    # An asterisk may stand in an address, but here it is a mask.
    return None if given is None or "*" in given or _status(person) == _NO_ADDRESS else given


def _names(person: Given) -> tuple[str | None, str | None]:
    first, last = _name(person.get("first_name")), _name(person.get("last_name"))
    whole_name = _unmasked(person.get("name"))
    return values.split_name(whole_name) if whole_name and first is None and last is None else (first, last)


def _name(value: object) -> str | None:
    name = _unmasked(value)
    return values.person_name(name) if name else None


def _unmasked(value: object) -> str | None:
    name = text(value)
    return None if name is None or "*" in name else name


def _host(value: object) -> str | None:
    url = text(value, _URL)
    return values.company_host(url) if url else None


def _tags(person: Given) -> Iterator[str]:
    for name in ("departments", "subdepartments", "functions"):
        listed = person.get(name)
        yield from (tag for item in (listed if isinstance(listed, list) else ()) if (tag := text(item, 100)))


def _object(person: Given, name: str) -> Given:
    part = person.get(name)
    return part if isinstance(part, dict) else {}
