"""Hunter's domain search against its simulator: each address once, what a page costs, and what each answer means."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from camd.domain.errors import (
    BudgetExhausted,
    Failure,
    KeyRefused,
    Misconfigured,
    RateLimited,
    Scope,
    Transient,
    Uncertain,
)
from camd.domain.facts import Facts, Verdict
from camd.ports.providers import Cursor, Found, Page, Rejected
from camd.providers.http import Http
from camd.providers.hunter import HunterSource
from camd.providers.hunter_api import HunterSettings
from tests.simulators.hunter import KEY, SANDBOX_KEY, Fault, Hunter
from tests.simulators.people import Person, person
from tests.simulators.vendor import Spoilt

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
SMALL, BIG, EMPTY = "small.example", "big.example", "empty.example"


def at(domain: str, numbers: range) -> list[Person]:
    return [replace(person(each), domain=domain, email=f"p{each}@{domain}", company="Acme") for each in numbers]


PEOPLE = [*at(SMALL, range(3)), *at(BIG, range(3, 28))]
EVERYBODY = [each.email for each in PEOPLE]


class StillClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    @contextmanager
    def real_work(self) -> Iterator[None]:
        yield


@dataclass(slots=True)
class Reader:
    """Reads as the engine does: what a page gives is kept with its cursor, and each page is read by a new process."""

    server: Hunter
    entry: Mapping[str, object] = field(default_factory=lambda: {"domains": [SMALL, EMPTY, BIG]})
    limit: int = 1000
    key: str | None = KEY
    http: Http = field(default_factory=Http)
    cursor: Cursor | None = None
    found: list[Found] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    credits: Decimal = Decimal(0)

    def source(self) -> HunterSource:
        key = SecretStr(self.key) if self.key else None
        return HunterSource(HunterSettings(api_key=key, base_url=self.server.base_url), StillClock(), self.http)

    async def fetch(self) -> Page:
        before = len(self.server.requests)
        page = await self.source().fetch(self.entry, self.cursor, self.limit)
        assert len(self.server.requests) - before <= 1
        assert len(page.found) + len(page.rejected) <= self.limit
        assert page.credits <= HunterSource.price
        self.cursor = json.loads(json.dumps(dict(page.cursor)))
        self.found += page.found
        self.rejected += page.rejected
        self.warnings += page.warnings
        self.credits += page.credits
        return page

    async def read(self) -> list[str]:
        """The addresses of those who were found until nothing is left."""
        before = len(self.found)
        for _ in range(1000):
            if (await self.fetch()).exhausted:
                return [str(each.facts.email) for each in self.found[before:]]
        raise AssertionError("it never comes to rest")

    async def failure(self) -> Failure:
        with pytest.raises(Failure) as caught:
            await self.fetch()
        return caught.value


@pytest.fixture
async def server() -> AsyncIterator[Hunter]:
    async with Hunter(people=PEOPLE).serving() as hunter:
        yield hunter


@pytest.fixture
def reader(server: Hunter) -> Reader:
    return Reader(server)


async def test_a_page_is_one_get_with_the_key_in_a_header(server: Hunter, reader: Reader) -> None:
    reader.entry = {
        "domains": ["WWW.Big.example"],
        "seniority": ["senior", "executive"],
        "department": "operations",
        "required_field": ["full_name", "position"],
        "verification_status": ["valid"],
        "max_candidates": 30,
    }
    await reader.fetch()
    [request] = server.requests
    assert request.target == (
        "/v2/domain-search?domain=big.example&limit=10&offset=0&type=personal&seniority=senior%2Cexecutive"
        "&department=operations&required_field=full_name%2Cposition&verification_status=valid"
    )
    assert (request.method, request.headers["x-api-key"], request.body) == ("GET", KEY, b"")


async def test_each_address_of_each_domain_is_found_once_for_a_credit_for_ten(server: Hunter, reader: Reader) -> None:
    assert await reader.read() == EVERYBODY
    assert (reader.rejected, reader.warnings) == ([], [])
    assert reader.credits == server.spent == 1 + 0 + 3
    assert len(server.requests) == 5
    asked = len(server.requests)
    assert await reader.read() == []
    assert len(server.requests) == asked


@pytest.mark.parametrize("limit", [1, 7])
async def test_a_smaller_page_skips_and_repeats_nobody(server: Hunter, reader: Reader, limit: int) -> None:
    reader.limit = limit
    assert await reader.read() == EVERYBODY
    assert reader.credits == server.spent


async def test_the_example_is_understood(server: Hunter, reader: Reader) -> None:
    reader.key, reader.entry = SANDBOX_KEY, {"domains": ["nordwind.example"]}
    assert await reader.read() == ["t.okafor@nordwind.example"]
    [found] = reader.found
    assert (found.line, found.verdict, server.charges) == (1, None, [])
    assert found.facts == Facts(
        email="t.okafor@nordwind.example",
        first_name="Tobe",
        last_name="Okafor",
        title="Fleet Manager",
        seniority="manager",
        company="Nordwind Logistik",
        domain="nordwind.example",
        custom={"department": "operations", "source_page": "http://nordwind.example/team"},
        source="hunter",
        source_ref=found.source_ref,
    )


async def test_a_person_has_the_same_reference_in_every_reading_and_it_is_not_the_address(reader: Reader) -> None:
    await reader.read()
    first, reader.cursor, reader.found = [each.source_ref for each in reader.found], None, []
    await reader.read()
    assert [each.source_ref for each in reader.found] == first
    assert len(set(first)) == len(EVERYBODY)
    assert not any(each.email in " ".join(first) for each in PEOPLE)


async def test_a_page_that_was_lost_before_it_was_stored_comes_again_and_is_paid_for_once(
    server: Hunter, reader: Reader
) -> None:
    before = reader.cursor
    first = await reader.fetch()
    reader.cursor = before
    again = await reader.fetch()
    assert again.found == first.found
    assert again.credits == server.spent == 1


async def test_offices_are_left_out_unless_they_are_asked_for(server: Hunter, reader: Reader) -> None:
    server.generic = [f"info@{SMALL}", f"sales@{SMALL}"]
    reader.entry = {"domains": [SMALL]}
    assert await reader.read() == EVERYBODY[:3]
    reader.entry = {"domains": [SMALL], "address_type": "generic"}
    assert await reader.read() == server.generic
    assert [each.verdict for each in reader.found[3:]] == [Verdict.ROLE] * 2


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("valid", Verdict.VALID),
        ("accept_all", Verdict.CATCH_ALL),
        ("webmail", Verdict.FREEMAIL),
        ("disposable", Verdict.INVALID),
        ("invalid", Verdict.INVALID),
        ("quantum", Verdict.UNKNOWN),
    ],
)
async def test_what_hunter_knows_of_an_address_comes_with_it(
    server: Hunter, reader: Reader, status: str, verdict: Verdict
) -> None:
    server.statuses[EVERYBODY[0]] = status
    await reader.fetch()
    assert [each.verdict for each in reader.found] == [verdict, Verdict.VALID, Verdict.VALID]


@pytest.mark.parametrize("limit", [3, 1000])
async def test_max_candidates_holds_over_domains_and_pages(server: Hunter, reader: Reader, limit: int) -> None:
    reader.entry, reader.limit = {"domains": [SMALL, BIG], "max_candidates": 14}, limit
    assert await reader.read() == EVERYBODY[:14]
    asked = len(server.requests)
    page = await reader.fetch()
    assert (page.exhausted, len(server.requests)) == (True, asked)


async def test_other_domains_begin_anew(reader: Reader) -> None:
    reader.entry = {"domains": [SMALL]}
    assert await reader.read() == EVERYBODY[:3]
    reader.entry = {"domains": [BIG]}
    assert await reader.read() == EVERYBODY[3:]


async def test_a_domain_that_is_named_twice_is_asked_about_once(server: Hunter, reader: Reader) -> None:
    reader.entry = {"domains": [SMALL, f"www.{SMALL}", SMALL.upper()]}
    assert await reader.read() == EVERYBODY[:3]
    assert len(server.requests) == 1


async def test_a_claimed_domain_names_no_person_and_is_passed_over(server: Hunter, reader: Reader) -> None:
    server.claimed.add(SMALL)
    assert await reader.read() == EVERYBODY[3:]
    assert [(row.line, row.reason.split(": ")[:2]) for row in reader.rejected] == [(1, [f"domain {SMALL}", "claimed"])]
    assert not any(each.do_not_contact for each in reader.found)


@pytest.mark.parametrize("fault", [Fault.INVALID_DOMAIN, Fault.NOT_FOUND, Fault.UNPROCESSABLE])
async def test_a_domain_that_hunter_refuses_is_told_of_and_passed_over(
    server: Hunter, reader: Reader, fault: Fault
) -> None:
    server.faults.append(fault)
    assert await reader.read() == EVERYBODY[3:]
    assert [row.line for row in reader.rejected] == [1]
    assert SMALL in reader.rejected[0].reason


async def test_the_free_plan_ends_a_domain_after_ten_with_a_warning(server: Hunter, reader: Reader) -> None:
    server.is_free_plan = True
    reader.entry = {"domains": [BIG, SMALL]}
    assert await reader.read() == [*EVERYBODY[3:13], *EVERYBODY[:3]]
    [warning] = reader.warnings
    assert warning.startswith(f"{BIG}: Hunter's free plan shows no more than 10 addresses")
    assert reader.credits == server.spent == 2


async def test_an_item_that_cannot_be_read_is_told_of(server: Hunter, reader: Reader) -> None:
    server.faults.append(Fault.NULL_ITEMS)
    assert await reader.read() == EVERYBODY[3:]
    assert [row.line for row in reader.rejected] == [1, 2, 3]
    assert reader.credits == server.spent


async def test_a_page_in_another_order_is_as_good(server: Hunter, reader: Reader) -> None:
    server.always = Fault.REORDERED
    assert sorted(await reader.read()) == sorted(EVERYBODY)


async def test_an_empty_page_where_addresses_are_counted_is_warned_of(server: Hunter, reader: Reader) -> None:
    server.meet([None, None, None, Fault.EMPTY_PAGE])
    assert await reader.read() == EVERYBODY[:13]
    assert reader.warnings == [f"{BIG}: Hunter counts 25 addresses and shows none after 10"]


async def test_an_answer_without_a_count_is_read_to_its_end(server: Hunter, reader: Reader) -> None:
    server.always = Fault.NO_META
    assert await reader.read() == EVERYBODY


ANSWERS: list[tuple[str | int, type[Failure], Scope, str]] = [
    (Fault.UNAUTHORISED, KeyRefused, Scope.PROVIDER, r"401\); set providers.hunter.api_key"),
    (Fault.TOO_FAST, RateLimited, Scope.PROVIDER, "403"),
    (Fault.USED_UP, BudgetExhausted, Scope.PROVIDER, "429"),
    (Fault.WRONG_PARAMS, Misconfigured, Scope.CAMPAIGN, "400 wrong_params.*correct this source"),
    (Fault.TROUBLE, Transient, Scope.PROVIDER, "503"),
    (Fault.FOREIGN_PAGE, Transient, Scope.PROVIDER, "451 that is not Hunter's own"),
    (Fault.CHECKING, Uncertain, Scope.PROVIDER, "202 instead of an answer"),
    (Spoilt.REDIRECT, Transient, Scope.PROVIDER, "307"),
    (Spoilt.HTML, Uncertain, Scope.PROVIDER, "200 with text/html instead of JSON"),
    (Spoilt.MISLABELLED, Uncertain, Scope.PROVIDER, "200 with text/plain instead of JSON"),
    (Spoilt.TRUNCATED, Uncertain, Scope.PROVIDER, "cut off"),
    (Spoilt.EMPTY_BODY, Uncertain, Scope.PROVIDER, "empty"),
    (Spoilt.LOST, Uncertain, Scope.PROVIDER, "before the answer was whole"),
    (Spoilt.SLOW, Uncertain, Scope.PROVIDER, "in time"),
    (Spoilt.DRIP, Uncertain, Scope.PROVIDER, "in time"),
    (Spoilt.HUGE, Uncertain, Scope.PROVIDER, "too long"),
    (Fault.NO_DATA, Uncertain, Scope.PROVIDER, "200 without what was asked for"),
]


@pytest.mark.parametrize(("fault", "kind", "scope", "told"), ANSWERS, ids=[str(row[0]) for row in ANSWERS])
async def test_what_each_answer_means_and_that_nobody_is_skipped_or_paid_for_twice_over_it(
    server: Hunter, reader: Reader, fault: str | int, kind: type[Failure], scope: Scope, told: str
) -> None:
    """The sheet's statuses; faults 52, 53, 57, 58, 59 and 61."""
    if fault in (Spoilt.SLOW, Spoilt.DRIP):
        reader.http = Http(total_seconds=0.2)
    server.faults.append(fault)
    failure = await reader.failure()
    assert (type(failure), failure.scope) == (kind, scope)
    with pytest.raises(kind, match=told):
        raise failure
    assert KEY not in f"{failure!r} {failure.__cause__!r}"
    reader.http = Http()
    assert await reader.read() == EVERYBODY
    assert reader.credits == server.spent


async def test_fault_60_a_host_that_nobody_finds_was_not_asked(server: Hunter, reader: Reader) -> None:
    server.base_url = "https://nowhere.invalid"
    failure = await reader.failure()
    assert (type(failure), failure.scope) == (Transient, Scope.PROVIDER)


async def test_without_a_key_nobody_is_asked(server: Hunter, reader: Reader) -> None:
    reader.key = None
    failure = await reader.failure()
    assert (type(failure), failure.scope, server.requests) == (KeyRefused, Scope.PROVIDER, [])
    assert [problem.split(" ")[1] for problem in reader.source().check(reader.entry)] == ["providers.hunter.api_key"]


CHANGES: list[tuple[str, Callable[[dict[str, Any]], None]]] = [
    ("domains", lambda entry: entry.pop("domains")),
    ("domains", lambda entry: entry.update(domains=[])),
    ("domains", lambda entry: entry.update(domains=SMALL)),
    ("domains", lambda entry: entry.update(domains=[SMALL, f"https://{BIG}"])),
    ("domains", lambda entry: entry.update(domains=[f"{BIG}/team"])),
    ("domains", lambda entry: entry.update(domains=[f"mara@{BIG}"])),
    ("domains", lambda entry: entry.update(domains=["gmail.com"])),
    ("domains", lambda entry: entry.update(domains=["nordwind"])),
    ("domains", lambda entry: entry.update(domains=[1])),
    ("address_type", lambda entry: entry.update(address_type="role")),
    ("address_type", lambda entry: entry.update(address_type=["personal", "generic"])),
    ("seniority", lambda entry: entry.update(seniority=["vp"])),
    ("department", lambda entry: entry.update(department=[])),
    ("department", lambda entry: entry.update(department=1)),
    ("required_field", lambda entry: entry.update(required_field=["email"])),
    ("verification_status", lambda entry: entry.update(verification_status="invalid")),
    ("max_candidates", lambda entry: entry.update(max_candidates=0)),
    ("max_candidates", lambda entry: entry.update(max_candidates=True)),
    ("path", lambda entry: entry.update(path="people.csv")),
]


@pytest.mark.parametrize(("name", "change"), CHANGES)
async def test_a_wrong_entry_is_told_by_its_field_and_nobody_is_asked(
    server: Hunter, reader: Reader, name: str, change: Callable[[dict[str, Any]], None]
) -> None:
    entry: dict[str, Any] = {"domains": [SMALL]}
    change(entry)
    assert [problem.partition(":")[0] for problem in reader.source().check(entry)] == [name]
    reader.entry = entry
    failure = await reader.failure()
    assert (type(failure), failure.scope, server.requests) == (Misconfigured, Scope.CAMPAIGN, [])
