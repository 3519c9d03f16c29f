"""Dropcontact's API on loopback, as its documentation describes it, with its ways to fail.

By hand: `python -m tests.simulators.dropcontact --port 8106`.
"""

import argparse
import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import anyio
from aiohttp import web

from camd.domain.contact import folded, linkedin_key
from camd.system import SystemClock
from tests.simulators.people import Person, population
from tests.simulators.vendor import Json, Request, Spoilt, Vendor

KEY = "simulated-key"
KEPT_SECONDS = 30 * 86_400
MOST_RECORDS = 250
MOST_BYTES = 15_000
_NAMES = """
first_name last_name full_name civility email linkedin job job_function job_level mobile_phone location company website
company_linkedin num_siren siret siret_address siret_zip siret_city custom_fields
"""
FIELDS = frozenset(_NAMES.split())
_COMPANY_FIELDS = frozenset({"company", "website", "company_linkedin", "num_siren", "siret"})
_DONE_ALL_THE_SAME = {504, 520, 524}


class Kind(StrEnum):
    """What there is to be found of a person: how their address is qualified in English."""

    FOUND = "nominative@pro"
    CATCH_ALL = "catch_all@pro"
    GENERIC = "generic@pro"
    PRIVATE = "nominative@perso"
    SCHOOL = "nominative@school"
    UNVERIFIED = "non_validated@pro"
    INVALID = "invalid@pro"
    DISPOSABLE = "nominative@disposable"
    OBJECTED = "do_not_contact@pro"
    NOT_FOUND = ""


VERIFIED = frozenset({Kind.FOUND, Kind.CATCH_ALL, Kind.GENERIC, Kind.PRIVATE, Kind.SCHOOL})
"""A credit is kept for these."""
_FRENCH = {
    Kind.FOUND: "Nominatif@pro",
    Kind.CATCH_ALL: "catch-all@pro",
    Kind.GENERIC: "Générique@pro",
    Kind.PRIVATE: "nominatif@perso",
    Kind.SCHOOL: "nominatif@school",
    Kind.UNVERIFIED: "non validé@pro",
    Kind.INVALID: "invalide@pro",
    Kind.DISPOSABLE: "nominatif@jetable",
    Kind.OBJECTED: "ne-pas-contacter@pro",
}


class Fault(StrEnum):
    """What one request meets instead of a good answer; `Spoilt` and statuses besides. Those of a result can be put
    together: `reordered+no_echo`."""

    NO_KEY = "no_key"
    UNKNOWN_ACCOUNT = "unknown_account"
    UNKNOWN_ACCOUNT_403 = "unknown_account_403"
    NO_CREDITS = "no_credits"
    QUOTA = "quota"
    RATE_LIMITED = "rate_limited"
    RATE_LIMITED_TEN_YEARS = "rate_limited_ten_years"
    TROUBLE = "trouble"
    FAILED = "failed"  # 200
    FAILED_CREDITS = "failed_credits"  # 200
    FAILED_KEY = "failed_key"  # 200
    ACCEPTED = "accepted"  # 202
    NO_REQUEST_ID = "no_request_id"
    NOT_READY = "not_ready"
    NO_DATA = "no_data"
    PARTIAL = "partial"
    REORDERED = "reordered"
    NO_ECHO = "no_echo"
    NULL_ITEMS = "null_items"
    FRENCH = "french"


def _problem(reason: str) -> Json:
    return {"error": True, "success": False, "reason": reason}


_NOT_READY: Json = {"error": False, "success": False, "reason": "Request not ready yet, try again in 30 seconds"}
_ANSWERS: dict[str, tuple[int, Json, dict[str, str]]] = {
    Fault.NO_KEY: (401, _problem("No api key received, put it in the header X-Access-Token"), {}),
    Fault.UNKNOWN_ACCOUNT: (401, _problem("Unknown account"), {}),
    Fault.UNKNOWN_ACCOUNT_403: (403, _problem("Unknown account"), {}),
    Fault.NO_CREDITS: (403, _problem("Not enough credits left on your account"), {}),
    Fault.QUOTA: (403, _problem("Quota exceeded"), {}),
    Fault.RATE_LIMITED: (429, _problem("Too Many Requests"), {}),
    Fault.RATE_LIMITED_TEN_YEARS: (429, _problem("Too Many Requests"), {"Retry-After": str(10 * 365 * 86_400)}),
    Fault.TROUBLE: (500, {"detail": f"not to be repeated {KEY}"}, {}),
    Fault.FAILED: (200, _problem(f"not to be repeated {KEY[:9]}"), {}),
    Fault.FAILED_CREDITS: (200, _problem("Not enough credits"), {}),
    Fault.FAILED_KEY: (200, _problem("Unknown account"), {}),
    Fault.NOT_READY: (200, _NOT_READY, {}),
}


@dataclass
class _Entry:
    sent: Json
    person: Person | None
    kind: Kind
    ready_at: float
    is_settled: bool = False


@dataclass
class _Batch:
    entries: list[_Entry]
    submitted_at: float
    is_french: bool

    @property
    def ready_at(self) -> float:
        return max(entry.ready_at for entry in self.entries)


@dataclass
class Dropcontact(Vendor):
    """`kind_of` says what is found of each of the people, `is_slow` whose records take an hour or two more; nobody
    else is found. A batch is ready after `ready_after_seconds` of `seconds`, and settled at the next request or
    `settle` after that. `is_strict` is an account for which an unknown field spoils the whole batch."""

    people: Sequence[Person] = ()
    kind_of: Callable[[Person], Kind] = lambda _: Kind.FOUND
    is_slow: Callable[[Person], bool] = lambda _: False
    balance: int = 100_000
    ready_after_seconds: float = 60.0
    slow_seconds: float = 7_200.0
    seconds: Callable[[], float] = SystemClock().monotonic
    is_strict: bool = True
    batches: dict[str, _Batch] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._known: dict[object, Person] = {}
        for person in self.people:
            name = folded(person.first_name), folded(person.last_name)
            self._known[linkedin_key(person.linkedin)] = person
            self._known[*name, person.domain] = person
            self._known[*name, folded(person.company)] = person

    def answer(self, request: Request, fault: str | int | None) -> web.Response:
        self.settle()
        if isinstance(fault, int) and not (request.method == "POST" and fault in _DONE_ALL_THE_SAME):
            return web.json_response({"detail": f"not to be repeated {KEY}"}, status=fault)
        if fault in _ANSWERS:
            status, told, headers = _ANSWERS[str(fault)]
            return web.json_response(told, status=status, headers=headers)
        if request.headers.get("x-access-token") != KEY:
            return web.json_response(_problem("Unknown account"), status=401)
        match request.method, request.path.split("/")[1:]:
            case "POST", ["v1", "enrich", "all"]:
                return self._submit(request, fault)
            case "GET", ["v1", "enrich", "all", request_id]:
                words = set(str(fault).split("+"))
                return web.json_response(self._result(request_id, "forceResults=true" in request.query, words))
            case "GET", ["v1", "account", "credits"]:
                return web.json_response({"credits": self.balance})
        return web.json_response({"detail": "Not Found"}, status=404)

    def settle(self) -> None:
        """Keeps the credits of the records that are ready by now, or gives them back."""
        now = self.seconds()
        for batch in self.batches.values():
            for entry in batch.entries:
                if entry.is_settled or entry.ready_at > now:
                    continue
                entry.is_settled = True
                if "email" in entry.sent:
                    self.charge("verify", entry.sent["email"], 1)
                elif entry.kind in VERIFIED and entry.person is not None:
                    self.charge("find", entry.person.email, 1)
                elif entry.sent:
                    self.balance += 1

    def _submit(self, request: Request, fault: str | int | None) -> web.Response:
        told: Any = None
        with contextlib.suppress(ValueError):
            told = json.loads(request.body) if request.headers.get("content-type") == "application/json" else None
        records = told.get("data") if isinstance(told, dict) else None
        problem = self._problem_of(records)
        if problem or not isinstance(records, list):
            return web.json_response(_problem(problem or "Missing data in JSON"), status=400)
        cost = sum(bool(record) for record in records)
        if cost > self.balance:
            return web.json_response(_problem("Not enough credits"), status=403)
        self.balance -= cost
        now = self.seconds()
        request_id = "".join(chr(ord("a") + int(digit)) for digit in f"{len(self.batches):015d}")
        entries = [self._entry(record, now) for record in records]
        self.batches[request_id] = _Batch(entries, now, is_french=told.get("language") != "en")
        accepted: Json = {"error": False, "success": True, "request_id": request_id, "credits_left": self.balance}
        if fault == Fault.NO_REQUEST_ID:
            del accepted["request_id"]
        status = fault if isinstance(fault, int) else 202 if fault == Fault.ACCEPTED else 200
        return web.json_response(accepted, status=status)

    def _problem_of(self, records: object) -> str | None:
        if not isinstance(records, list) or not records or not all(isinstance(record, dict) for record in records):
            return "Missing data in JSON"
        if len(records) > MOST_RECORDS:
            return "Too many records, you can only submit up to 250 records"
        if any(len(json.dumps(record, ensure_ascii=False).encode()) > MOST_BYTES for record in records):
            return "Data size is too big, you can only submit up to 15 kB of data in a single record"
        if self.is_strict and any(record.keys() - FIELDS for record in records):
            return "Unexpected field"
        return None

    def _entry(self, sent: Json, now: float) -> _Entry:
        name = folded(sent.get("first_name") or ""), folded(sent.get("last_name") or "")
        keys = (
            linkedin_key(sent.get("linkedin")) or "no profile",
            (*name, sent.get("website")),
            (*name, folded(sent.get("company") or "")),
        )
        person = next((self._known[key] for key in keys if key in self._known), None)
        wait = self.ready_after_seconds + (self.slow_seconds if person and self.is_slow(person) else 0)
        return _Entry(sent, person, self.kind_of(person) if person else Kind.NOT_FOUND, now + wait)

    def _result(self, request_id: str, is_forced: bool, words: set[str]) -> Json:
        now = self.seconds()
        batch = self.batches.get(request_id)
        if batch is None or now - batch.submitted_at > KEPT_SECONDS or not (is_forced or now >= batch.ready_at):
            return _NOT_READY
        is_french = batch.is_french or Fault.FRENCH in words
        data: list[Json | None] = [
            _enriched(entry, is_french=is_french) if now >= entry.ready_at else dict(entry.sent)
            for entry in batch.entries
        ]
        if Fault.NULL_ITEMS in words:
            data[0] = None
        if Fault.PARTIAL in words:
            del data[0]
        if Fault.REORDERED in words:
            data.reverse()
        if Fault.NO_ECHO in words:
            data = [
                record and {name: value for name, value in record.items() if name != "custom_fields"} for record in data
            ]
        told: Json = {"error": False, "success": True, "credits_left": self.balance, "data": data}
        if Fault.NO_DATA in words:
            del told["data"]
        return told


def _enriched(entry: _Entry, *, is_french: bool) -> Json:
    """Only attributes that are known, as Dropcontact has it."""
    sent, person = entry.sent, entry.person
    if unexpected := sorted(sent.keys() - FIELDS):
        return {**sent, "errors": {"unexpected_field": unexpected}}
    is_somebody = bool(sent.keys() & (_COMPANY_FIELDS | {"email", "linkedin"}))
    if not is_somebody:
        return {**sent, "errors": {"only_contact_data": True}} if sent else {}
    known = {name: value for name, value in sent.items() if name != "email"}
    if person is None:
        return known
    found: Json = {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "full_name": f"{person.first_name} {person.last_name}",
        "civility": "Madame" if is_french else "Mrs",
        "linkedin": person.linkedin.removeprefix("https://"),
        "company": person.company,
        "website": f"www.{person.domain}",
        "nb_employees": "51-200",
        "country": "FR",
        "job": person.title,
        "a_field_of_tomorrow": {"kind": "UNHEARD_OF"},
    }
    if entry.kind is not Kind.NOT_FOUND:
        qualification = _FRENCH[entry.kind] if is_french else entry.kind.value
        found["email"] = [{"email": _address(person, entry.kind), "qualification": qualification}]
    return known | found


def _address(person: Person, kind: Kind) -> str:
    local = person.email.partition("@")[0]
    match kind:
        case Kind.GENERIC:
            return f"contact@{person.domain}"
        case Kind.PRIVATE:
            return f"{local}@freemail.example"
        case Kind.DISPOSABLE:
            return f"{local}@throwaway.example"
        case _:
            return person.email


def mixed(person: Person) -> Kind:
    """Of ten people: five found, one each catch-all, generic, objected, and two not found."""
    tenth = (Kind.CATCH_ALL, Kind.GENERIC, Kind.OBJECTED, Kind.NOT_FOUND, Kind.NOT_FOUND)
    return tenth[person.number % 10] if person.number % 10 < len(tenth) else Kind.FOUND


async def _serve(port: int, people: int, ready: float, balance: int, fault: str | int | None) -> None:
    vendor = Dropcontact(
        people=population(people), kind_of=mixed, ready_after_seconds=ready, balance=balance, always=fault
    )
    async with vendor.serving(port) as server:
        print(f"[providers.dropcontact]  # {people} people, such as {population(1)[0].email}")  # noqa: T201
        print(f'api_key = "{KEY}"\nbase_url = "{server.base_url}"', flush=True)  # noqa: T201 - for a person
        await anyio.sleep_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8106)
    parser.add_argument("--people", type=int, default=25)
    parser.add_argument("--ready", type=float, default=90.0, help="seconds until a batch is ready")
    parser.add_argument("--balance", type=int, default=1000, help="credits")
    parser.add_argument("--fault", help=f"what every request meets: a status, or one of {', '.join((*Spoilt, *Fault))}")
    chosen = parser.parse_args()
    fault = int(chosen.fault) if chosen.fault and chosen.fault.isdigit() else chosen.fault
    with contextlib.suppress(KeyboardInterrupt):
        anyio.run(_serve, chosen.port, chosen.people, chosen.ready, chosen.balance, fault)


if __name__ == "__main__":
    main()
