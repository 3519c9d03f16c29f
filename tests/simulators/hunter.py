"""Hunter's API on loopback, as its documentation describes it, with its ways to fail.

By hand: `python -m tests.simulators.hunter --port 8103 --people 25`.
"""

import argparse
import contextlib
import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from urllib.parse import parse_qsl

import anyio
from aiohttp import web

from camd.domain.contact import folded, linkedin_key
from tests.simulators.people import Person, population
from tests.simulators.vendor import Json, Request, Spoilt, Vendor

KEY = "simulated-hunter-key"
SANDBOX_KEY = "test-api-key"
"""Its answers are the documentation's examples, and cost nothing."""

VERIFIED = """{"data":{"status":"accept_all","result":"risky","score":62,"email":"mara.linden@nordwind.example",
 "regexp":true,"gibberish":false,"disposable":false,"webmail":false,"mx_records":true,"smtp_server":true,
 "smtp_check":true,"accept_all":true,"block":false,"sources":[]},
 "meta":{"params":{"email":"mara.linden@nordwind.example"}}}"""
FOUND = """{"data":{"first_name":"Mara","last_name":"Linden","email":"mara.linden@nordwind.example","score":94,
 "domain":"nordwind.example","accept_all":false,"position":"Head of Operations","twitter":null,
 "linkedin_url":null,"phone_number":null,"company":"Nordwind Logistik",
 "verification":{"date":"2026-10-30","status":"valid"},"sources":[]},
 "meta":{"params":{"first_name":"Mara","last_name":"Linden","full_name":null,"domain":"nordwind.example",
 "company":null,"max_duration":null}}}"""
SEARCHED = """{"data":{"domain":"nordwind.example","disposable":false,"webmail":false,"accept_all":false,
 "pattern":"{first}.{last}","organization":"Nordwind Logistik","emails":[{"value":"t.okafor@nordwind.example",
 "type":"personal","confidence":91,"sources":[{"domain":"nordwind.example","uri":"http://nordwind.example/team",
 "extracted_on":"2026-05-02","last_seen_on":"2026-10-20","still_on_page":true}],"first_name":"Tobe","last_name":"Okafor",
 "position":"Fleet Manager","seniority":"senior","department":"operations","linkedin":null,"twitter":null,
 "phone_number":null,"verification":{"date":null,"status":null}}]},
 "meta":{"results":1,"limit":10,"offset":0,"params":{"domain":"nordwind.example","company":null,"type":null,
 "seniority":null,"department":null}}}"""
_EXAMPLES = {"email-verifier": VERIFIED, "email-finder": FOUND, "domain-search": SEARCHED}

LIMITS: Mapping[str, tuple[int, int]] = {
    "email-verifier": (10, 300),
    "email-finder": (15, 500),
    "domain-search": (15, 500),
}
"""Calls of each kind in a second and in a minute."""
_DEPARTMENTS = {
    "Head of Operations": ("executive", "operations"),
    "Fleet Manager": ("senior", "operations"),
    "Managing Director": ("executive", "executive"),
    "Chief Financial Officer": ("executive", "finance"),
    "Buyer": ("junior", "operations"),
}


class Fault(StrEnum):
    """What one request meets instead of a good answer; besides, every status may be asked for by its number."""

    UNAUTHORISED = "unauthorised"
    TOO_FAST = "too_fast"  # 403
    TOO_FAST_WITH_WAIT = "too_fast_with_wait"
    USED_UP = "used_up"  # 429
    USED_UP_TEN_YEARS = "used_up_ten_years"
    USED_UP_EMPTY_HEADER = "used_up_empty_header"
    CLAIMED = "claimed"  # 451
    WRONG_PARAMS = "wrong_params"
    INVALID_EMAIL = "invalid_email"
    INVALID_DOMAIN = "invalid_domain"
    PAGINATION_ERROR = "pagination_error"
    NOT_FOUND = "not_found"
    UNPROCESSABLE = "unprocessable"
    TROUBLE = "trouble"
    CHECKING = "checking"  # 202 with half of the data
    CHECKING_WITH_WAIT = "checking_with_wait"
    ODD = "odd"  # 222 without data
    FOREIGN_PAGE = "foreign_page"  # 451 of somebody on the way
    FOREIGN_LIMIT = "foreign_limit"  # 429 of somebody on the way
    NO_DATA = "no_data"
    NO_META = "no_meta"
    NULL_FIELDS = "null_fields"
    NULL_ITEMS = "null_items"
    REORDERED = "reordered"
    EMPTY_PAGE = "empty_page"
    UNHEARD_OF = "unheard_of"  # fields and words of tomorrow


_PROBLEMS: Mapping[Fault, tuple[int, str, dict[str, str]]] = {
    Fault.UNAUTHORISED: (401, "authentication_failed", {}),
    Fault.TOO_FAST: (403, "too_many_requests", {}),
    Fault.TOO_FAST_WITH_WAIT: (403, "too_many_requests", {"Retry-After": "7"}),
    Fault.USED_UP: (429, "too_many_requests", {}),
    Fault.USED_UP_TEN_YEARS: (429, "too_many_requests", {"Retry-After": str(10 * 365 * 86_400)}),
    Fault.USED_UP_EMPTY_HEADER: (429, "too_many_requests", {"Retry-After": ""}),
    Fault.CLAIMED: (451, "claimed_email", {}),
    Fault.WRONG_PARAMS: (400, "wrong_params", {}),
    Fault.INVALID_EMAIL: (400, "invalid_email", {}),
    Fault.INVALID_DOMAIN: (400, "invalid_domain", {}),
    Fault.PAGINATION_ERROR: (400, "pagination_error", {}),
    Fault.NOT_FOUND: (404, "not_found", {}),
    Fault.UNPROCESSABLE: (422, "unprocessable", {}),
    Fault.TROUBLE: (503, "internal_error", {}),
}


class _Index:
    def __init__(self, people: Iterable[Person]) -> None:
        self.addresses: set[str] = set()
        self.by_domain: defaultdict[str, list[Person]] = defaultdict(list)
        self.by_company: defaultdict[str, list[Person]] = defaultdict(list)
        self.by_profile: defaultdict[str, list[Person]] = defaultdict(list)
        for person in people:
            self.addresses.add(person.email)
            self.by_domain[person.domain].append(person)
            self.by_company[folded(person.company)].append(person)
            self.by_profile[linkedin_key(person.linkedin) or ""].append(person)


@dataclass
class Hunter(Vendor):
    """Knows the people, as they are at the first request, but for the `unfound` addresses. `statuses` are the
    verifier's for addresses (else of people `valid`, of nobody `invalid`), `checking` and `odd` count for how many
    calls an address has 202 or 222 yet, `claimed` holds addresses and domains whose owner objected, `generic` offices'
    addresses beside the people.

    The same question is charged once until `new_month`. `allowance` is what a month may cost. Rates are enforced by
    the clock `now`, in seconds, where `limits_enforced`.
    """

    people: Sequence[Person] = ()
    unfound: set[str] = field(default_factory=set)
    statuses: dict[str, str] = field(default_factory=dict)
    checking: dict[str, int] = field(default_factory=dict)
    odd: dict[str, int] = field(default_factory=dict)
    claimed: set[str] = field(default_factory=set)
    generic: list[str] = field(default_factory=list)
    verification_credits: Decimal = Decimal("0.5")
    allowance: Decimal | None = None
    is_free_plan: bool = False
    limits_enforced: bool = False
    now: Callable[[], float] = anyio.current_time
    _paid: set[tuple[str, ...]] = field(default_factory=set)
    _spent: Decimal = Decimal(0)
    _calls: dict[tuple[str, float], deque[float]] = field(default_factory=dict)

    @cached_property
    def _known(self) -> "_Index":
        return _Index(self.people)

    def new_month(self) -> None:
        self._paid.clear()
        self._spent = Decimal(0)

    def answer(self, request: Request, fault: str | int | None) -> web.Response:
        if isinstance(fault, int):
            return _problem(fault, "as_asked")
        if fault in _PROBLEMS:
            return _problem(*_PROBLEMS[Fault(str(fault))])
        match fault:
            case Fault.FOREIGN_PAGE:
                return web.Response(status=451, text="<html>Blocked</html>", content_type="text/html")
            case Fault.FOREIGN_LIMIT:
                return web.Response(status=429, text="slow down", content_type="text/plain")
            case Fault.CHECKING:
                return _data(202, {"email": None, "status": "unknown"})
            case Fault.CHECKING_WITH_WAIT:
                return _data(202, {}, {"Retry-After": "33"})
            case Fault.ODD:
                return web.json_response({"meta": {}}, status=222)
        good = self._good(request)
        return good if fault is None or good.status != 200 else _changed(good, Fault(str(fault)))

    def _good(self, request: Request) -> web.Response:
        version, _, name = request.path.removeprefix("/").partition("/")
        key = request.headers.get("x-api-key")
        if request.method != "GET" or version != "v2" or name not in {*_EXAMPLES, "account"}:
            return _problem(404, "not_found")
        if key not in {KEY, SANDBOX_KEY}:
            return _problem(401, "authentication_failed")
        if self.limits_enforced and name in LIMITS and not self._is_slow_enough(name):
            return _problem(403, "too_many_requests")
        asked = dict(parse_qsl(request.query, keep_blank_values=True))
        if key == SANDBOX_KEY and name in _EXAMPLES:
            return web.json_response(text=_EXAMPLES[name])
        match name:
            case "email-verifier":
                return self._verify(asked)
            case "email-finder":
                return self._find(asked)
            case "domain-search":
                return self._search(asked)
        return self._account()

    def _is_slow_enough(self, name: str) -> bool:
        now = self.now()
        windows = [
            (count, seconds, self._calls.setdefault((name, seconds), deque()))
            for count, seconds in zip(LIMITS[name], (1.0, 60.0), strict=True)
        ]
        for _, seconds, calls in windows:
            while calls and calls[0] <= now - seconds:
                calls.popleft()
        if any(len(calls) >= count for count, _, calls in windows):
            return False
        for _, _, calls in windows:
            calls.append(now)
        return True

    def _pays(self, operation: str, about: str, question: tuple[str, ...], price: Decimal | int) -> bool:
        """Charges for a new question; False where the month's credits do not suffice for it."""
        if (operation, *question) in self._paid:
            return True
        if self.allowance is not None and self._spent + price > self.allowance:
            return False
        self._paid.add((operation, *question))
        self._spent += price
        self.charge(operation, about, price)
        return True

    def _verify(self, asked: Mapping[str, str]) -> web.Response:
        given = asked.get("email")
        if not given:
            return _problem(400, "wrong_params")
        if "@" not in given:
            return _problem(400, "invalid_email")
        email = given.lower()
        if email in self.claimed:
            return _problem(451, "claimed_email")
        if not self._pays("verify", email, (email,), self.verification_credits):
            return _problem(429, "too_many_requests")
        for status, calls in ((202, self.checking), (222, self.odd)):
            if calls.get(email, 0) > 0:
                calls[email] -= 1
                return _data(status, {"email": given} if status == 202 else None)
        told = self._status(email)
        details = {"email": given, "status": told, "score": 94, "accept_all": told == "accept_all"}
        return web.json_response({"data": json.loads(VERIFIED)["data"] | details, "meta": {"params": {"email": given}}})

    def _status(self, email: str) -> str:
        is_somebody = email in self._known.addresses or email in self.generic
        return self.statuses.get(email, "valid" if is_somebody else "invalid")

    def _find(self, asked: Mapping[str, str]) -> web.Response:
        if not 3 <= int(asked.get("max_duration", "10")) <= 20:
            return _problem(400, "invalid_max_duration")
        first, last = asked.get("first_name", ""), asked.get("last_name", "")
        handle = asked.get("linkedin_handle")
        if not ((first and last) or handle) or not (asked.get("domain") or asked.get("company") or handle):
            return _problem(400, "wrong_params")
        named = next(self._named(asked), None)
        if named is not None and named.email in self.claimed:
            return _problem(451, "claimed_email")
        known = named if named is not None and named.email not in self.unfound else None
        question = tuple(f"{name}={folded(value)}" for name, value in sorted(asked.items()))
        if known is not None and not self._pays("find", known.email, question, 1):
            return _problem(429, "too_many_requests")
        return web.json_response({"data": self._person(asked, known), "meta": {"params": dict(asked)}})

    def _named(self, asked: Mapping[str, str]) -> Iterator[Person]:
        """Of a masked name it makes a guess."""
        if handle := asked.get("linkedin_handle"):
            yield from self._known.by_profile.get(linkedin_key(f"https://www.linkedin.com/in/{handle}") or "", [])
            return
        by_domain = self._known.by_domain.get(asked.get("domain", "").lower(), [])
        first, last = folded(asked["first_name"]), asked["last_name"]
        for each in by_domain or self._known.by_company.get(folded(asked.get("company", "")), []):
            if folded(each.first_name) == first and ("*" in last or folded(each.last_name) == folded(last)):
                yield each

    def _person(self, asked: Mapping[str, str], known: Person | None) -> Json:
        if known is None:
            names = {name: asked.get(name) for name in ("first_name", "last_name", "domain", "company")}
            return dict.fromkeys(json.loads(FOUND)["data"]) | names | {"sources": []}
        told = self._status(known.email)
        return {
            **json.loads(FOUND)["data"],
            "first_name": known.first_name,
            "last_name": known.last_name,
            "email": known.email,
            "domain": known.domain,
            "accept_all": told == "accept_all",
            "position": known.title,
            "company": known.company,
            "linkedin_url": known.linkedin,
            "verification": {"date": "2026-10-30", "status": told},
        }

    def _search(self, asked: Mapping[str, str]) -> web.Response:
        domain, limit, offset = asked.get("domain", ""), int(asked.get("limit", "10")), int(asked.get("offset", "0"))
        if not domain:
            return _problem(400, "wrong_params")
        if "." not in domain:
            return _problem(400, "invalid_domain")
        if self.is_free_plan and limit + offset > 10:
            return _problem(400, "pagination_error")
        if domain in self.claimed:
            return _problem(451, "claimed_email")
        everybody = [each for each in self._addresses(domain) if _is_chosen(each, asked)]
        shown = everybody[offset : offset + limit]
        about = "&".join(f"{name}={value}" for name, value in sorted(asked.items()))
        price = -(-len(shown) // 10)
        if shown and not self._pays("search", about, (about,), price):
            return _problem(429, "too_many_requests")
        company = next((each.company for each in self._known.by_domain.get(domain, ())), None)
        details = {"domain": domain, "organization": company, "emails": shown}
        meta = {"results": len(everybody), "limit": limit, "offset": offset, "params": dict(asked)}
        return web.json_response({"data": json.loads(SEARCHED)["data"] | details, "meta": meta})

    def _addresses(self, domain: str) -> Iterator[Json]:
        example: Json = json.loads(SEARCHED)["data"]["emails"][0]
        for each in self._known.by_domain.get(domain, ()):
            if each.email not in self.unfound | self.claimed:
                seniority, department = _DEPARTMENTS.get(each.title, (None, None))
                yield example | {
                    "value": each.email,
                    "first_name": each.first_name,
                    "last_name": each.last_name,
                    "position": each.title,
                    "seniority": seniority,
                    "department": department,
                    "linkedin": each.linkedin,
                    "verification": {"date": "2026-10-30", "status": self._status(each.email)},
                }
        nobody = dict.fromkeys(("first_name", "last_name", "position", "seniority", "department", "linkedin"))
        for office in self.generic:
            if office.endswith(f"@{domain}"):
                yield example | nobody | {"value": office, "type": "generic"}

    def _account(self) -> web.Response:
        used = {"used": float(self._spent), "available": float(self.allowance or 0)}
        return web.json_response(
            {
                "data": {
                    "email": "operator@camd.example",
                    "plan_name": "Free" if self.is_free_plan else "Growth",
                    "reset_date": "2026-12-01",
                    "requests": {"searches": used, "verifications": used},
                }
            }
        )


def _is_chosen(address: Json, asked: Mapping[str, str]) -> bool:
    def of(name: str, value: object) -> bool:
        return name not in asked or value in asked[name].split(",")

    required = [name for name in asked.get("required_field", "").split(",") if name]
    values = address | {"full_name": address["last_name"]}
    return (
        of("type", address["type"])
        and of("seniority", address["seniority"])
        and of("department", address["department"])
        and of("verification_status", address["verification"]["status"])
        and all(values[name] for name in required)
    )


def _changed(good: web.Response, fault: Fault) -> web.Response:
    assert isinstance(good.body, bytes)
    told = json.loads(good.body)
    data = told["data"]
    match fault:
        case Fault.NO_DATA:
            del told["data"]
        case Fault.NO_META:
            del told["meta"]
        case Fault.NULL_FIELDS:
            told["data"] = {name: value if name == "emails" else None for name, value in data.items()}
        case Fault.NULL_ITEMS:
            data["emails"] = [None for _ in data["emails"]]
        case Fault.REORDERED:
            data["emails"].reverse()
        case Fault.EMPTY_PAGE:
            data["emails"] = []
        case Fault.UNHEARD_OF:
            data |= {"status": "quantum", "verification": {"status": "quantum"}, "tomorrow": {"a": [1]}}
    return web.json_response(told)


def _data(status: int, data: Json | None, headers: dict[str, str] | None = None) -> web.Response:
    told: Json = {"meta": {}} if data is None else {"data": data, "meta": {}}
    return web.json_response(told, status=status, headers=headers)


def _problem(status: int, word: str, headers: dict[str, str] | None = None) -> web.Response:
    told = {"errors": [{"id": word, "code": status, "details": f"not to be repeated {KEY}"}]}
    return web.json_response(told, status=status, headers=headers)


async def _serve(port: int, count: int, fault: str | None) -> None:
    server = Hunter(people=population(count), always=int(fault) if fault and fault.isdecimal() else fault)
    server.limits_enforced = True
    async with server.serving(port):
        example = {"api_key": KEY, "base_url": server.base_url}
        print(f"[providers.hunter]  # {count} people, of company0.example and so on")  # noqa: T201 - for a person
        print("\n".join(f"{name} = {json.dumps(value)}" for name, value in example.items()), flush=True)  # noqa: T201
        await anyio.sleep_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8103)
    parser.add_argument("--people", type=int, default=25, help="each at a company of their own")
    words = ", ".join([*Spoilt, *Fault])
    parser.add_argument("--fault", help=f"what every request meets: a status, or one of {words}")
    chosen = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        anyio.run(_serve, chosen.port, chosen.people, chosen.fault)


if __name__ == "__main__":
    main()
