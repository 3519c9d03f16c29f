"""The source `hunter`: the people whose addresses Hunter knows at given companies, domain by domain.

A page is one call of at most ten addresses, for at most one credit; the same page again is free within the month. A
domain that Hunter does not answer about is told of and passed over, any other failure leaves the place where it is.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from camd.domain.contact import linkedin_key, parse_address
from camd.domain.errors import Misconfigured, Scope, Uncertain
from camd.domain.facts import Facts, Verdict
from camd.ports.clock import Clock
from camd.ports.providers import MAX_CANDIDATES, Cursor, Found, Page, RateLimit, Rejected, SourceField
from camd.providers import answers
from camd.providers import csv_values as values
from camd.providers.http import Http
from camd.providers.hunter_api import CLAIMED, SET_KEY, HunterApi, HunterSettings, Refused, read_object, verdict_of
from camd.schema.status import FieldKind

PAGE = 10
"""Addresses that one credit pays for."""
TYPE = "address_type"
"""Hunter's `type`, a word that says in every entry which source it is."""
_CHOICES: Mapping[str, frozenset[str]] = {
    TYPE: frozenset({"personal", "generic"}),
    "seniority": frozenset({"junior", "senior", "executive"}),
    "department": frozenset(
        {"executive", "it", "finance", "management", "sales", "legal", "support", "hr", "marketing", "communication"}
        | {"education", "design", "health", "operations"}
    ),
    "required_field": frozenset({"full_name", "position", "phone_number"}),
    "verification_status": frozenset({"valid", "accept_all", "unknown"}),
}
FIELDS = (
    SourceField("domains", FieldKind.LIST, "Companies' bare domains, such as nordwind.example", required=True),
    SourceField(TYPE, FieldKind.TEXT, "personal (if left out) or generic addresses"),
    SourceField("seniority", FieldKind.LIST, "Some of junior, senior, executive"),
    SourceField("department", FieldKind.LIST, "Hunter's departments, such as sales or management"),
    SourceField("required_field", FieldKind.LIST, "Only people with these: full_name, position, phone_number"),
    SourceField("verification_status", FieldKind.LIST, "Some of valid, accept_all, unknown"),
    MAX_CANDIDATES,
)
_FIELDS = tuple(field.name for field in FIELDS)
_SENIORITY = {"junior": "entry", "senior": "senior"}


@dataclass(frozen=True, slots=True)
class _Entry:
    domains: Sequence[str]
    filters: Mapping[str, str]
    max_candidates: int | None

    @property
    def digest(self) -> str:
        text = json.dumps([list(self.domains), sorted(self.filters.items())])
        return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class _Place:
    """The next address to ask for is the `offset`-th of the `domain`-th domain."""

    digest: str
    domain: int = 0
    offset: int = 0
    found: int = 0

    def cursor(self) -> Cursor:
        return {"digest": self.digest, "domain": self.domain, "offset": self.offset, "found": self.found}

    def at_next_domain(self) -> "_Place":
        return replace(self, domain=self.domain + 1, offset=0)

    def is_end(self, entry: _Entry) -> bool:
        is_full = entry.max_candidates is not None and self.found >= entry.max_candidates
        return is_full or self.domain >= len(entry.domains)


class HunterSource:
    """`[[sources]]` of type `hunter`: `domains`, Hunter's own filters (`type` is `personal` unless it is set), and
    `max_candidates`, counted over the life of the entry."""

    name = "hunter"
    fields: Sequence[SourceField] = FIELDS
    # Hunter allows 15 a second and 500 a minute; burst and count together stay below.
    limits: Sequence[RateLimit] = (
        RateLimit(12, timedelta(seconds=1), burst=2),
        RateLimit(480, timedelta(minutes=1), burst=12),
    )
    price = Decimal(1)

    def __init__(self, settings: HunterSettings, clock: Clock, http: Http | None = None) -> None:
        self._api = HunterApi(settings, clock, http or Http())

    def check(self, settings: Mapping[str, object]) -> Sequence[str]:
        return [*_problems(settings), *([] if self._api.has_key else [SET_KEY])]

    async def fetch(self, settings: Mapping[str, object], cursor: Cursor | None, limit: int) -> Page:
        """Raises `Uncertain` where the answer was lost, `Misconfigured` of scope `campaign` where only this entry is
        at fault, and what else `HunterApi.get` raises of scope `provider`."""
        if problems := _problems(settings):
            raise Misconfigured("; ".join(problems), scope=Scope.CAMPAIGN)
        entry = _entry(settings)
        place = _place(entry, cursor)
        if place.is_end(entry):
            return _page(entry, place)
        left = limit if entry.max_candidates is None else min(limit, entry.max_candidates - place.found)
        size, domain = min(PAGE, left), entry.domains[place.domain]
        asked = {"domain": domain, "limit": str(size), "offset": str(place.offset), **entry.filters}
        try:
            answer = await self._api.get("domain-search", asked)
        except Refused as refused:
            return _passed_over(entry, place, refused)
        data, meta = read_object(answer, proof="emails")
        if not isinstance(data["emails"], list):
            raise Uncertain("Hunter: 200 without a list of addresses", scope=Scope.PROVIDER)
        return _read(entry, place, size, data, meta)


def _read(entry: _Entry, place: _Place, size: int, data: dict[str, Any], meta: object) -> Page:
    domain, items = entry.domains[place.domain], answers.objects(data["emails"])
    rows = [_row(domain, line, item, data) for line, item in enumerate(items[:size], start=place.offset + 1)]
    people = [row for row in rows if isinstance(row, Found)]
    reached = replace(place, offset=place.offset + size, found=place.found + len(people))
    total = answers.whole(meta.get("results")) if isinstance(meta, dict) else None
    warnings = []
    if not items and total is not None and total > place.offset:
        warnings.append(f"{domain}: Hunter counts {total} addresses and shows none after {place.offset}")
    if not items or (reached.offset >= total if total is not None else len(items) < size):
        reached = reached.at_next_domain()
    rejected = [row for row in rows if isinstance(row, Rejected)]
    return _page(entry, reached, people, rejected, warnings, Decimal(1 if items else 0))


def _passed_over(entry: _Entry, place: _Place, refused: Refused) -> Page:
    domain, line = entry.domains[place.domain], place.domain + 1
    if refused.reason == "pagination_error":
        warning = f"{domain}: Hunter's free plan shows no more than {place.offset} addresses; another plan shows all"
        return _page(entry, place.at_next_domain(), warnings=[warning])
    if refused.status == CLAIMED:
        why = "claimed: its owner asked Hunter not to process it (451)"
    elif refused.status == 400 and refused.reason != "invalid_domain":
        mend = "correct this source's fields"
        raise Misconfigured(
            f"Hunter does not understand the request (400 {refused.reason}); {mend}", scope=Scope.CAMPAIGN
        )
    else:
        why = f"refused: Hunter does not answer about it ({refused.status} {refused.reason})"
    return _page(entry, place.at_next_domain(), rejected=[Rejected(line, f"domain {domain}: {why}")])


def _page(
    entry: _Entry,
    reached: _Place,
    found: Sequence[Found] = (),
    rejected: Sequence[Rejected] = (),
    warnings: Sequence[str] = (),
    credits_spent: Decimal = Decimal(0),
) -> Page:
    return Page(found, rejected, reached.cursor(), reached.is_end(entry), warnings, credits_spent)


def _row(domain: str, line: int, item: dict[str, Any] | None, data: dict[str, Any]) -> Found | Rejected:
    email = answers.address(item.get("value")) if item else None
    if item is None or email is None:
        return Rejected(line, f"domain {domain}: bad_email: this row has no address that can be read")
    given = item.get("verification")
    check = given if isinstance(given, dict) else {}
    verdict = verdict_of(check.get("status"), data.get("accept_all"))
    if item.get("type") == "generic" and verdict is not Verdict.INVALID:
        verdict = Verdict.ROLE
    # The address itself would stay in records that outlive an erasure.
    source_ref = hashlib.sha256(parse_address(email).key.encode()).hexdigest()[:32]
    return Found(source_ref, _facts(domain, email, source_ref, item, data), line, verdict=verdict)


def _facts(domain: str, email: str, source_ref: str, item: dict[str, Any], data: dict[str, Any]) -> Facts:
    title = answers.text(item.get("position")) or answers.text(item.get("position_raw"))
    phone = answers.text(item.get("phone_number"), most=50)
    custom = {
        "department": answers.text(item.get("department")),
        "source_page": next((_uri(page) for page in answers.objects(item.get("sources"))), None),
    }
    return Facts(
        email=email,
        first_name=answers.text(item.get("first_name")),
        last_name=answers.text(item.get("last_name")),
        title=title,
        seniority=values.seniority_of(title or "") or _SENIORITY.get(str(item.get("seniority"))),
        company=answers.text(data.get("organization")),
        domain=domain,
        linkedin_url=linkedin_key(answers.text(item.get("linkedin"), most=500)),
        phone=values.phone_number(phone, None) if phone else None,
        custom={name: value for name, value in custom.items() if value is not None},
        source="hunter",
        source_ref=source_ref,
    )


def _uri(page: dict[str, Any] | None) -> str | None:
    """Where the address was found on the web; a person who asks has to be told."""
    return answers.text(page.get("uri"), most=500) if page else None


def _problems(settings: Mapping[str, object]) -> list[str]:
    problems = [f"{name}: unknown field; known are {', '.join(_FIELDS)}" for name in settings if name not in _FIELDS]
    domains = settings.get("domains")
    if not isinstance(domains, list | tuple) or not domains:
        problems.append("domains: give a list of companies' domains, such as nordwind.example")
    else:
        wrong = [place for place, domain in enumerate(domains, start=1) if _domain(domain) is None]
        problems += [
            f"domains: number {place} is no company's bare domain, such as nordwind.example" for place in wrong
        ]
    for name, known in _CHOICES.items():
        if name in settings and _filter(name, settings[name]) is None:
            some = "one" if name == TYPE else "a list"
            problems.append(f"{name}: give {some} of {', '.join(sorted(known))}, or leave it out")
    most = settings.get("max_candidates")
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
        problems.append("max_candidates: give a whole number of at least 1")
    return problems


def _domain(given: object) -> str | None:
    """In lower case, as an A-label, without `www.`; free mail has no people of a company."""
    text = answers.text(given)
    return values.company_host(text) if text is not None and not set(text) & set("/:@?# ") else None


def _filter(name: str, given: object) -> str | None:
    """Comma-separated, as Hunter wants several."""
    words = [given] if isinstance(given, str) else given
    if not isinstance(words, list | tuple) or not words or (name == TYPE and len(words) > 1):
        return None
    return ",".join(words) if all(isinstance(word, str) and word in _CHOICES[name] for word in words) else None


def _entry(settings: Mapping[str, object]) -> _Entry:
    domains, most = settings["domains"], settings.get("max_candidates")
    assert isinstance(domains, list | tuple)
    assert most is None or isinstance(most, int)
    bare = dict.fromkeys(domain for given in domains if (domain := _domain(given)) is not None)
    chosen = {name: _filter(name, settings[name]) for name in _CHOICES if name in settings}
    # A campaign writes to people; whoever wants an office's address says so.
    filters = {TYPE: "personal"} | {name: value for name, value in chosen.items() if value is not None}
    filters = {"type": filters.pop(TYPE)} | filters
    return _Entry(tuple(bare), filters, most)


def _place(entry: _Entry, cursor: Cursor | None) -> _Place:
    """Where the cursor left off, if it is about the same entry; else the beginning."""
    if cursor is None or cursor["digest"] != entry.digest:
        return _Place(entry.digest)
    return _Place(entry.digest, *(int(cursor[name] or 0) for name in ("domain", "offset", "found")))
