"""Apollo's API on loopback, as its documentation describes it, with its ways to fail.

A test plants people and faults and reads what was asked and charged; by hand:
`python -m tests.simulators.apollo --port 8102`.
"""

import argparse
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from math import ceil
from typing import Any
from urllib.parse import parse_qsl

import anyio
from aiohttp import web

from camd.domain.contact import folded, linkedin_key, name_key
from camd.ports.clock import Clock
from camd.system import SystemClock
from tests.simulators.people import Person, population
from tests.simulators.vendor import Json, Request, Spoilt, Vendor

KEY = "simulated-apollo-key"
SEARCH, BULK_MATCH, MATCH = "mixed_people/api_search", "people/bulk_match", "people/match"
USAGE = "usage_stats/api_usage_stats"
MOST_PAGES, MOST_PER_PAGE, MOST_AT_ONCE = 500, 100, 10
EVERYBODY = 232_764_882
REFRESHED = "2026-10-02T08:11:03.120+00:00"

Rates = tuple[int | None, int | None, int | None]
RATES: Mapping[str, Mapping[str, Rates]] = {
    "paid": {SEARCH: (200, 6_000, 50_000), BULK_MATCH: (1_000, None, None), MATCH: (1_000, None, None)},
    "free": {SEARCH: (50, 200, 600), BULK_MATCH: (20, 100, 600), MATCH: (50, 200, 600)},
}
_ELSE: Mapping[str, Rates] = {"paid": (200, 400, 2_000), "free": (50, 200, 600)}
_WINDOWS = (("minute", "minute", 60), ("hourly", "hourly", 3_600), ("24-hour", "24-hour", 86_400))


_plain = lru_cache(maxsize=100_000)(folded)


class Fault(StrEnum):
    """What one request meets instead of a good answer."""

    INVALID_KEY = "invalid_key"
    INVALID_TOKEN = "invalid_token"
    API_INACCESSIBLE = "api_inaccessible"
    NO_CREDITS_402 = "no_credits_402"
    NO_CREDITS_403 = "no_credits_403"
    NO_CREDITS_422 = "no_credits_422"
    RATE_LIMITED = "rate_limited"  # for an hour
    RATE_LIMITED_TEN_YEARS = "rate_limited_ten_years"
    RATE_LIMITED_EMPTY_HEADER = "rate_limited_empty_header"
    EMPTY_RATE_HEADERS = "empty_rate_headers"
    NO_RATE_HEADERS = "no_rate_headers"
    NULL_ITEMS = "null_items"  # nobody is matched; every row is null
    REORDERED = "reordered"
    MISSING_MATCHES = "missing_matches"  # the unmatched are left out
    FRACTIONAL = "fractional"  # half a credit a person
    HUGE_REQUEST_ID = "huge_request_id"
    WATERFALL = "waterfall"
    LOCKED = "locked"
    NO_TOTAL = "no_total"
    NO_PEOPLE = "no_people"


_STATUSES: Mapping[str, tuple[int, str, str, Mapping[str, str]]] = {
    Fault.INVALID_TOKEN: (401, "INVALID_ACCESS_TOKEN", "The access token is not valid", {}),
    Fault.API_INACCESSIBLE: (
        403,
        "API_INACCESSIBLE",
        "api/v1/people is not accessible with this access token on a free plan. Upgrade for more credits",
        {},
    ),
    Fault.NO_CREDITS_402: (402, "PAYMENT_REQUIRED", "Please upgrade", {}),
    Fault.NO_CREDITS_403: (403, "FORBIDDEN", "You have insufficient credits", {}),
    Fault.NO_CREDITS_422: (422, "UNPROCESSABLE", "Insufficient Credits for this request", {}),
    Fault.RATE_LIMITED: (429, "", "", {"retry-after": "3600"}),
    Fault.RATE_LIMITED_TEN_YEARS: (429, "", "", {"retry-after": str(10 * 365 * 86_400)}),
    Fault.RATE_LIMITED_EMPTY_HEADER: (429, "", "", {"retry-after": ""}),
}


@dataclass
class _Window:
    """A fixed window; it opens at its first request."""

    opened: float | None = None
    used: int = 0

    def at(self, now: float, seconds: int) -> "_Window":
        if self.opened is None or now >= self.opened + seconds:
            self.opened, self.used = None, 0
        return self


@dataclass
class Apollo(Vendor):
    """`people` are whom it knows; of those in `without_email` it has no address, and a match never knows those in
    `unmatched` (by number). `statuses` are of addresses, `verified` if not named. `scopes` are those of the key, None
    of a master key. `rates` overrule those of the plan; they are enforced where `limits_enforced` says so. `is_older`:
    the search shows whole people, with their addresses locked but for those in `unlocked`, as it once did. `total` is
    claimed by each page of a search instead of the truth."""

    people: list[Person] = field(default_factory=list)
    without_email: set[int] = field(default_factory=set)
    unmatched: set[int] = field(default_factory=set)
    statuses: dict[int, str] = field(default_factory=dict)
    unlocked: set[int] = field(default_factory=set)
    contacts: dict[int, Json] = field(default_factory=dict)
    scopes: frozenset[str] | None = None
    plan: str = "paid"
    rates: dict[str, Rates] = field(default_factory=dict)
    limits_enforced: bool = False
    is_older: bool = False
    total: int | None = None
    clock: Clock = field(default_factory=SystemClock)
    turned_away: int = 0
    _windows: dict[str, list[_Window]] = field(default_factory=dict)
    _index: dict[int, Person] = field(default_factory=dict)
    _by_name: dict[str, int] = field(default_factory=dict)

    def answer(self, request: Request, fault: str | int | None) -> web.Response:
        endpoint = request.path.removeprefix("/api/v1/")
        if isinstance(fault, int):
            return _problem(fault, "AS_ASKED", f"not to be repeated {KEY}")
        if fault == Fault.INVALID_KEY or request.headers.get("x-api-key") != KEY:
            return web.Response(status=401, text="Invalid API key. Please see docs.", content_type="text/plain")
        if fault in _STATUSES:
            return _problem(*_STATUSES[str(fault)])
        if self.scopes is not None and endpoint not in self.scopes:
            return _problem(*_STATUSES[Fault.API_INACCESSIBLE])
        headers, wait = self._count(endpoint)
        if wait is not None and self.limits_enforced:
            self.turned_away += 1
            headers["retry-after"] = str(ceil(wait))
            return _problem(
                429, "", f"The maximum number of api calls allowed for api/v1/{endpoint} is reached", headers
            )
        good = self._route(request, endpoint, fault)
        if fault == Fault.EMPTY_RATE_HEADERS:
            headers = dict.fromkeys(("x-rate-limit-minute", "x-rate-limit-hourly", "x-rate-limit-24-hour"), "")
        if fault != Fault.NO_RATE_HEADERS:
            good.headers.update(headers)
        return good

    def _route(self, request: Request, endpoint: str, fault: str | None) -> web.Response:
        if request.method != "POST" or not request.path.startswith("/api/v1/"):
            return _problem(404, "NOT_FOUND", "no such route")
        query = parse_qsl(request.query, keep_blank_values=True)
        match endpoint:
            case "mixed_people/api_search":
                return self._search(_asked(request, query), fault)
            case "people/bulk_match":
                return self._bulk_match(json.loads(request.body or b"{}"), dict(query), fault)
            case "people/match":
                return self._match(dict(query) | json.loads(request.body or b"{}"))
            case "usage_stats/api_usage_stats":
                return web.json_response(self._usage())
            case "mixed_people/search":
                return _problem(403, "API_INACCESSIBLE", "deprecated for API callers, use mixed_people/api_search")
        return _problem(404, "NOT_FOUND", "no such route")

    def _count(self, endpoint: str) -> tuple[dict[str, str], float | None]:
        """Counts the call, unless a window is full: then the seconds until the last full one is over."""
        now = self.clock.monotonic()
        rates = self._rates(endpoint)
        windows = self._windows.setdefault(endpoint, [_Window() for _ in _WINDOWS])
        full: list[float] = []
        for (_, _, seconds), limit, window in zip(_WINDOWS, rates, windows, strict=True):
            window.at(now, seconds)
            if limit is not None and window.used >= limit:
                full.append((now if window.opened is None else window.opened) + seconds - now)
        if not full or not self.limits_enforced:
            for window in windows:
                window.opened = now if window.opened is None else window.opened
                window.used += 1
        headers = {}
        for (name, usage, _), limit, window in zip(_WINDOWS, rates, windows, strict=True):
            headers[f"x-rate-limit-{name}"] = "" if limit is None else str(limit)
            if limit is not None:
                headers[f"x-{usage}-usage"] = str(window.used)
                headers[f"x-{usage}-requests-left"] = str(max(limit - window.used, 0))
        return headers, max(full, default=None)

    def _rates(self, endpoint: str) -> Rates:
        return self.rates.get(endpoint) or RATES[self.plan].get(endpoint) or _ELSE[self.plan]

    def _usage(self) -> Json:
        told: Json = {}
        for endpoint in (SEARCH, BULK_MATCH, MATCH):
            windows = self._windows.get(endpoint, [_Window() for _ in _WINDOWS])
            controller, _, action = endpoint.partition("/")
            told[json.dumps([f"api/v1/{controller}", action])] = {
                name: {
                    "limit": limit,
                    "consumed": window.used,
                    "left_over": None if limit is None else limit - window.used,
                }
                for name, limit, window in zip(("minute", "hour", "day"), self._rates(endpoint), windows, strict=True)
            }
        return told

    def _search(self, asked: Json, fault: str | None) -> web.Response:
        if "q_organization_domains" in asked and "q_organization_domains_list" in asked:
            return _problem(422, "UNPROCESSABLE", "these filters cannot be used together")
        page, per_page = int(asked.get("page", 1)), int(asked.get("per_page", 10))
        if not 1 <= page <= MOST_PAGES or not 1 <= per_page <= MOST_PER_PAGE:
            return _problem(422, "UNPROCESSABLE", "page or per_page is out of range")
        if not _FILTERS & asked.keys():
            # Names that it does not know are passed over.
            return web.json_response({"total_entries": EVERYBODY, "people": [_FAMOUS]})
        known = [person for person in self.people if self._fits(person, asked)]
        shown = known[(page - 1) * per_page : page * per_page]
        total = len(known) if self.total is None else self.total
        if fault == Fault.REORDERED:
            shown = shown[::-1]
        told: Json = {"total_entries": total, "people": [self._row(person) for person in shown]}
        if self.is_older:
            told = {
                "pagination": {"page": page, "per_page": per_page, "total_entries": total},
                "people": [self._whole_row(person) for person in shown if person.number not in self.contacts],
                "contacts": [self._contact_row(person) for person in shown if person.number in self.contacts],
            }
        if fault == Fault.NULL_ITEMS:
            told["people"] = [None for _ in shown]
        if fault == Fault.NO_PEOPLE:
            told["people"] = []
        if fault == Fault.NO_TOTAL:
            told.pop("total_entries", None)
        return web.json_response(told)

    def _fits(self, person: Person, asked: Json) -> bool:
        """The filters that this world can tell apart; the others fit everybody."""
        titles = [_plain(title) for title in asked.get("person_titles", [])]
        is_exact = str(asked.get("include_similar_titles", True)).lower() == "false"
        own = _plain(person.title)
        places = [*asked.get("person_locations", []), *asked.get("organization_locations", [])]
        domains = asked.get("q_organization_domains_list", [])
        statuses = asked.get("contact_email_status", [])
        return (
            (not titles or any(own == title or (not is_exact and title in own) for title in titles))
            and (not places or any(_plain(place) == _plain(person.country) for place in places))
            and (not domains or person.domain in domains)
            and (not statuses or self._status(person) in statuses)
        )

    def _status(self, person: Person) -> str:
        return "unavailable" if person.number in self.without_email else self.statuses.get(person.number, "verified")

    def _row(self, person: Person) -> Json:
        return {
            "id": person.apollo_id,
            "first_name": person.first_name,
            "last_name_obfuscated": person.masked,
            "title": person.title,
            "last_refreshed_at": REFRESHED,
            "has_email": self._status(person) in {"verified", "likely to engage"},
            "has_city": False,
            "has_state": False,
            "has_country": True,
            "has_direct_phone": "Maybe: please request direct dial via people/bulk_match",
            "organization": {"name": person.company, "has_industry": True, "has_employee_count": True},
        }

    def _whole_row(self, person: Person) -> Json:
        """As the older search showed people."""
        told = self._person(person)
        if person.number not in self.unlocked and told["email"] is not None:
            told["email"] = "email_not_unlocked@domain.com"
        return told

    def _contact_row(self, person: Person) -> Json:
        """Whom a user of the workspace saved."""
        told = self._person(person) | {"id": f"contact{person.number}", "person_id": person.apollo_id}
        return told | self.contacts[person.number]

    def _bulk_match(self, body: Json, flags: Mapping[str, str], fault: str | None) -> web.Response:
        details = body.get("details")
        if not isinstance(details, list) or not 1 <= len(details) <= MOST_AT_ONCE:
            return _problem(422, "UNPROCESSABLE", f"details must have 1 to {MOST_AT_ONCE} items")
        known = [None if fault == Fault.NULL_ITEMS else self._known(detail) for detail in details]
        found = [person for person in known if person is not None]
        price = Decimal("0.5") if fault == Fault.FRACTIONAL else Decimal(1)
        for person in found:
            self.charge("match", person.apollo_id, price)
        cost = price * len(found)
        told: Json = {
            "status": "success",
            "error_code": None,
            "error_message": None,
            "total_requested_enrichments": len(details),
            "unique_enriched_records": len(found),
            "missing_records": len(details) - len(found),
            "credits_consumed": int(cost) if cost == int(cost) else float(cost),
            "matches": [self._person(person) if person else None for person in known],
            "request_id": -(2**63) if fault == Fault.HUGE_REQUEST_ID else -6_812_345_678_901_234_567,
        }
        if fault == Fault.WATERFALL or "true" in {flags.get("run_waterfall_email"), flags.get("run_waterfall_phone")}:
            told = _of_a_waterfall(told)
        match fault:
            case Fault.MISSING_MATCHES:
                told["matches"] = [each for each in told["matches"] if each]
            case Fault.REORDERED:
                told["matches"].reverse()
            case Fault.LOCKED:
                told["matches"] = [each and _locked(each) for each in told["matches"]]
        return web.json_response(told)

    def _match(self, detail: Json) -> web.Response:
        person = self._known(detail)
        if person is not None:
            self.charge("match", person.apollo_id, 1)
        return web.json_response({"person": self._person(person) if person else None})

    def _known(self, detail: Json) -> Person | None:
        if len(self._index) != len(self.people):
            self._index = {person.number: person for person in self.people}
            self._by_name = {name: person.number for person in self.people for name in _names(person)}
        number = next((self._by_name[name] for name in _asked_for(detail) if name in self._by_name), None)
        return None if number is None or number in self.unmatched else self._index[number]

    def _person(self, person: Person) -> Json:
        status = self._status(person)
        told: Json = {
            "id": person.apollo_id,
            "first_name": person.first_name,
            "last_name": person.last_name,
            "name": f"{person.first_name} {person.last_name}",
            "linkedin_url": person.linkedin.replace("https://", "http://"),
            "title": person.title,
            "headline": f"{person.title} at {person.company}",
            "email": None if status == "unavailable" else person.email,
            "email_status": status,
            "extrapolated_email_confidence": None,
            "city": None,
            "state": None,
            "country": person.country,
            "seniority": "head",
            "departments": ["master_operations"],
            "subdepartments": ["operations"],
            "functions": ["operations"],
            "a_field_of_tomorrow": {"kind": "unheard of"},
            "employment_history": [
                {"current": True, "organization_name": person.company, "title": person.title, "end_date": None},
                {"current": True, "organization_name": "Another", "title": "Adviser", "end_date": None},
            ],
            "organization": {
                "name": person.company,
                "website_url": f"http://www.{person.domain}",
                "primary_domain": person.domain,
                "industry": "logistics & supply chain",
                "estimated_num_employees": 10 + person.number % 500,
            },
        }
        if person.number in self.contacts:
            told["contact"] = self.contacts[person.number]
        return told


_FILTERS = frozenset(
    {
        "person_titles",
        "person_seniorities",
        "person_locations",
        "organization_locations",
        "q_organization_domains_list",
        "contact_email_status",
        "organization_ids",
        "organization_num_employees_ranges",
        "revenue_range",
        "currently_using_all_of_technology_uids",
        "currently_using_any_of_technology_uids",
        "currently_not_using_any_of_technology_uids",
        "q_organization_job_titles",
        "organization_job_locations",
        "organization_num_jobs_range",
        "organization_job_posted_at_range",
        "q_keywords",
    }
)
_FAMOUS: Json = {
    "id": "54a4a7d17468693fda6ac320",
    "first_name": "Famous",
    "last_name_obfuscated": "Ex***e",
    "title": "Chief Executive Officer",
    "has_email": True,
    "organization": {"name": "Everybody Knows It"},
}


def _asked(request: Request, query: list[tuple[str, str]]) -> Json:
    """Query and body together; `name[]` gathers a list, `name[min]` a table."""
    asked: dict[str, Any] = json.loads(request.body or b"{}")
    for name, value in query:
        base, _, rest = name.partition("[")
        match rest:
            case "":
                asked[base] = value
            case "]":
                asked.setdefault(base, []).append(value)
            case _:
                asked.setdefault(base, {})[rest.rstrip("]")] = value
    return asked


def _names(person: Person) -> list[str]:
    """Whatever somebody may ask for this person by."""
    known: Json = {"id": person.apollo_id, "linkedin_url": person.linkedin, "email": person.email}
    name = {"first_name": person.first_name, "last_name": person.last_name}
    each = [{key: value} for key, value in known.items()]
    each += [{**name, "domain": person.domain}, {**name, "organization_name": person.company}]
    return [asked for detail in each for asked in _asked_for(detail)]


def _asked_for(detail: Json) -> list[str]:
    """An id says it all."""
    if "id" in detail:
        return [f"id {detail['id']}"]
    first, last, company = (
        _plain(str(detail.get(name) or "")) for name in ("first_name", "last_name", "organization_name")
    )
    at_domain = name_key(first, last, detail.get("domain"))
    profile = linkedin_key(detail.get("linkedin_url"))
    return [
        *([f"profile {profile}"] if profile else []),
        *([f"address {detail['email'].lower()}"] if detail.get("email") else []),
        *([f"domain {at_domain}"] if at_domain else []),
        *([f"company {first} {last} {company}"] if first and last and company else []),
    ]


def _of_a_waterfall(told: Json) -> Json:
    """Results follow later; what they cost is not known yet."""
    later = ("unique_enriched_records", "missing_records", "credits_consumed")
    kept = {name: value for name, value in told.items() if name not in later}
    bare = [
        each and {name: value for name, value in each.items() if name not in {"email", "email_status"}}
        for each in told["matches"]
    ]
    return kept | {"matches": bare, "waterfall": {"status": "accepted", "message": "results follow"}}


def _locked(person: Json) -> Json:
    return person | {"email": f"Email_Not_Unlocked@{person['organization']['primary_domain']}"}


def _problem(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    told = {"error": message, "error_code": code} if status != 429 else {"message": message}
    return web.json_response(told, status=status, headers=headers)


async def _serve(port: int, people: int, plan: str, fault: str | None) -> None:
    known = list(population(people))
    async with Apollo(people=known, plan=plan, limits_enforced=True, always=fault).serving(port) as server:
        example = {"api_key": KEY, "plan": plan, "base_url": server.base_url}
        print(f"[providers.apollo]  # {people} people, all of them in France")  # noqa: T201 - for a person
        print("\n".join(f"{name} = {json.dumps(value)}" for name, value in example.items()), flush=True)  # noqa: T201
        await anyio.sleep_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8102)
    parser.add_argument("--people", type=int, default=250)
    parser.add_argument("--plan", choices=list(RATES), default="paid", help="whose limits are enforced")
    parser.add_argument("--fault", choices=[*Fault, *Spoilt], help="what every request meets")
    chosen = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        anyio.run(_serve, chosen.port, chosen.people, chosen.plan, chosen.fault)


if __name__ == "__main__":
    main()
