"""The fields of a `[[sources]]` entry of type `apollo`: Apollo's own filters under Apollo's own names.

Apollo passes over a name that it does not know in silence and then finds about everybody, so nothing unknown, empty or
unreadable goes out. Source: docs.apollo.io/reference/people-api-search.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from camd.domain.contact import registrable_domain
from camd.domain.facts import SENIORITIES
from camd.ports.providers import MAX_CANDIDATES, SourceField
from camd.providers.answers import text
from camd.schema.status import FieldKind

MOST_VALUES = 1_000
"""Of one filter; Apollo says so of domains."""
_ADDRESS_STATUSES = ("verified", "unverified", "likely to engage", "unavailable")
_WITHOUT_ADDRESS = frozenset({"unverified", "unavailable"})
_RANGE = re.compile(r"([0-9]{1,9}),([0-9]{1,9})")

TEXT, FLAG, LIST, TABLE = FieldKind.TEXT, FieldKind.FLAG, FieldKind.LIST, FieldKind.TABLE
Check = Callable[[object], str | None]
"""A mend, or none where the value is usable."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One that has no problems. `filters` are Apollo's, ranges as `{"min": …, "max": …}`."""

    filters: Mapping[str, object]
    include_without_email: bool
    max_candidates: int | None

    @classmethod
    def read(cls, settings: Mapping[str, object]) -> "Entry":
        filters = {name: _plain(value) for name, value in settings.items() if name not in _OWN_FIELDS}
        statuses, most = filters.get("contact_email_status"), settings.get("max_candidates")
        asks_for_them = isinstance(statuses, list) and not _WITHOUT_ADDRESS.isdisjoint(statuses)
        assert most is None or isinstance(most, int)
        return cls(filters, bool(settings.get("include_without_email", asks_for_them)), most)

    def is_full(self, found: int) -> bool:
        return self.max_candidates is not None and found >= self.max_candidates

    @property
    def digest(self) -> str:
        wanted = json.dumps([self.filters, self.include_without_email], sort_keys=True)
        return hashlib.sha256(wanted.encode()).hexdigest()[:32]


def problems_of(settings: Mapping[str, object]) -> list[str]:
    problems = []
    for name, value in settings.items():
        if name not in _FIELDS:
            problems.append(f"{name}: {_unknown(name)}; known are {', '.join(_FIELDS)}")
        elif (mend := _FIELDS[name](value)) is not None:
            problems.append(f"{name}: {mend}")
    if settings.keys().isdisjoint(_FIELDS.keys() - _OWN_FIELDS - {"include_similar_titles"}):
        problems.append("person_titles: give this or another filter; without one Apollo answers with anybody")
    return problems


def _unknown(name: str) -> str:
    base, bracket, end = name.partition("[")
    if base not in _FIELDS or not bracket:
        return "unknown field"
    return f"unknown field, write {base} = [...]" if end == "]" else f"unknown field, write {base} = {{ min = ... }}"


def _plain(value: object) -> object:
    match value:
        case str():
            return value.strip()
        case list() | tuple():
            return [_plain(item) for item in value]
        case Mapping():
            return dict(value)
    return value


def _texts(value: object) -> str | None:
    is_usable = isinstance(value, list | tuple) and 0 < len(value) <= MOST_VALUES and all(map(text, value))
    return None if is_usable else f"give a list of 1 to {MOST_VALUES} texts"


def _some_of(known: Sequence[str]) -> Check:
    def problem(value: object) -> str | None:
        is_usable = isinstance(value, list | tuple) and value and all(item in known for item in value)
        return None if is_usable else f"give a list of some of these: {', '.join(known)}"

    return problem


def _domains(value: object) -> str | None:
    if (problem := _texts(value)) is not None:
        return problem
    assert isinstance(value, list | tuple)
    is_bare = all(registrable_domain(item) and not item.strip().lower().startswith("www.") for item in value)
    return None if is_bare else "give bare domains such as example.com, without www. and @"


def _head_counts(value: object) -> str | None:
    matches = []
    if isinstance(value, list | tuple) and len(value) <= MOST_VALUES:
        matches = [_RANGE.fullmatch(item) if isinstance(item, str) else None for item in value]
    is_usable = matches and all(match and int(match[1]) <= int(match[2]) for match in matches)
    return None if is_usable else 'give a list of ranges such as "11,50", the smaller number first'


def _span(is_bound: Callable[[object], bool], example: str) -> Check:
    """Apollo's `name[min]` and `name[max]` as a table."""

    def problem(value: object) -> str | None:
        mend = f"give one bound or both, the smaller first, as in {example}"
        if not isinstance(value, Mapping) or not value or not value.keys() <= {"min", "max"}:
            return mend
        bounds = [value[end] for end in ("min", "max") if end in value]
        return None if all(map(is_bound, bounds)) and bounds == sorted(bounds) else mend

    return problem


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_day(value: object) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _line(value: object) -> str | None:
    return None if text(value) else "give a text"


def _yes_or_no(value: object) -> str | None:
    return None if isinstance(value, bool) else "give true or false"


def _most(value: object) -> str | None:
    return None if _is_count(value) and value != 0 else "give a whole number of at least 1"


_counts = _span(_is_count, "{ min = 1, max = 100 }")
_days = _span(_is_day, '{ min = "2026-07-01", max = "2026-09-30" }')
_TECHNOLOGIES = "technologies by Apollo's names, such as salesforce"
_CHECKED: Sequence[tuple[SourceField, Check]] = (
    (SourceField("person_titles", LIST, "Job titles, such as head of sales"), _texts),
    (SourceField("include_similar_titles", FLAG, "Titles that mean about the same, too"), _yes_or_no),
    (SourceField("person_seniorities", LIST, f"Some of {', '.join(SENIORITIES)}"), _some_of(SENIORITIES)),
    (SourceField("person_locations", LIST, "Where the people live: cities, states or countries"), _texts),
    (SourceField("organization_locations", LIST, "Where their companies have their seat"), _texts),
    (SourceField("q_organization_domains_list", LIST, "Companies' bare domains, such as example.com"), _domains),
    (
        SourceField("contact_email_status", LIST, f"What of their address: {', '.join(_ADDRESS_STATUSES)}"),
        _some_of(_ADDRESS_STATUSES),
    ),
    (SourceField("organization_ids", LIST, "Companies by Apollo's ids"), _texts),
    (SourceField("organization_num_employees_ranges", LIST, 'Company sizes, such as "11,50"'), _head_counts),
    (SourceField("revenue_range", TABLE, "Revenue of the company: min, max"), _counts),
    (SourceField("currently_using_all_of_technology_uids", LIST, f"All of these {_TECHNOLOGIES}"), _texts),
    (SourceField("currently_using_any_of_technology_uids", LIST, f"One of these {_TECHNOLOGIES}"), _texts),
    (SourceField("currently_not_using_any_of_technology_uids", LIST, f"None of these {_TECHNOLOGIES}"), _texts),
    (SourceField("q_organization_job_titles", LIST, "Titles of jobs that the company offers"), _texts),
    (SourceField("organization_job_locations", LIST, "Where it offers jobs"), _texts),
    (SourceField("organization_num_jobs_range", TABLE, "How many jobs it offers: min, max"), _counts),
    (SourceField("organization_job_posted_at_range", TABLE, "When it offered them, days: min, max"), _days),
    (SourceField("q_keywords", TEXT, "Words that describe the people"), _line),
    (SourceField("include_without_email", FLAG, "People without a verified address, too"), _yes_or_no),
    (MAX_CANDIDATES, _most),
)
FIELDS = tuple(field for field, _ in _CHECKED)
_FIELDS: Mapping[str, Check] = {field.name: check for field, check in _CHECKED}
_OWN_FIELDS = frozenset({"include_without_email", "max_candidates"})
"""Not Apollo's."""
