"""Apollo's people search against its simulator: each person once, nothing paid, and what each answer means."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from camd.domain.errors import (
    BudgetExhausted,
    Failure,
    KeyRefused,
    Misconfigured,
    PlanRefused,
    RateLimited,
    Scope,
    Transient,
)
from camd.domain.facts import Verdict
from camd.ports.providers import Cursor, Found, Page, RateLimit, Rejected
from camd.providers.apollo import ApolloSource
from camd.providers.apollo_api import ApolloSettings
from camd.providers.http import Answer, Http
from tests.simulators.apollo import BULK_MATCH, KEY, SEARCH, Apollo, Fault
from tests.simulators.people import person, population
from tests.simulators.vendor import Spoilt

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ENTRY: Mapping[str, object] = {"person_locations": ["france"]}
LIMIT = 1000
# The documentation's example.
EXAMPLE = """
{"total_entries": 2, "people": [
  {"id":"66f0c1a2b3d4e5f601020304","first_name":"Mara","last_name_obfuscated":"Li***n",
   "title":"Head of Operations","last_refreshed_at":"2026-10-02T08:11:03.120+00:00",
   "has_email":true,"has_city":true,"has_state":true,"has_country":true,"has_direct_phone":"Yes",
   "organization":{"name":"Nordwind Logistik","has_industry":true,"has_phone":true,"has_city":true,
     "has_state":true,"has_country":true,"has_zip_code":true,"has_revenue":false,"has_employee_count":true}},
  {"id":"66f0c1a2b3d4e5f601020305","first_name":"Tomas","last_name_obfuscated":"Ve***y","title":null,
   "last_refreshed_at":"2026-09-14T17:40:55.001+00:00","has_email":false,"has_city":false,"has_state":false,
   "has_country":true,"has_direct_phone":"Maybe: please request direct dial via people/bulk_match",
   "organization":{"name":"Acme Example","has_industry":false,"has_phone":false,"has_city":false,
     "has_state":false,"has_country":false,"has_zip_code":false,"has_revenue":false,"has_employee_count":true}}]}
"""


class StillClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    @contextmanager
    def real_work(self) -> Iterator[None]:
        yield


@dataclass(frozen=True, slots=True)
class Canned(Http):
    """Gives always the same answer."""

    body: str = "{}"

    async def request(self, *_: object, **__: object) -> Answer:
        return Answer(200, {"content-type": "application/json"}, self.body.encode())


@dataclass(slots=True)
class Reader:
    """Reads a source as the engine does: what it gives is kept with the cursor, which goes through JSON as in the
    database, and each read is made by a new process."""

    server: Apollo
    entry: Mapping[str, object] = field(default_factory=lambda: dict(ENTRY))
    limit: int = LIMIT
    key: str | None = KEY
    param_style: str = "body"
    http: Http = field(default_factory=Http)
    cursor: Cursor | None = None
    found: list[Found] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def source(self) -> ApolloSource:
        section = {"base_url": self.server.base_url or "http://127.0.0.1:9", "param_style": self.param_style}
        key = SecretStr(self.key) if self.key else None
        return ApolloSource(ApolloSettings.model_validate({**section, "api_key": key}), StillClock(), self.http)

    async def fetch(self) -> Page:
        page = await self.source().fetch(self.entry, self.cursor, self.limit)
        assert len(page.found) + len(page.rejected) <= self.limit
        assert page.credits == 0
        self.cursor = json.loads(json.dumps(dict(page.cursor)))
        self.found += page.found
        self.rejected += page.rejected
        self.warnings += page.warnings
        return page

    async def read(self) -> list[str]:
        """Everything there is; the references found by this."""
        before = len(self.found)
        for _ in range(1000):
            if (await self.fetch()).exhausted:
                return [each.source_ref for each in self.found[before:]]
        raise AssertionError("it never comes to rest")

    async def failure(self) -> Failure:
        with pytest.raises(Failure) as caught:
            await self.fetch()
        return caught.value


def refs(count: int, start: int = 0) -> list[str]:
    return [person(number).apollo_id for number in range(start, start + count)]


@pytest.fixture
async def server() -> AsyncIterator[Apollo]:
    async with Apollo(people=list(population(7)), clock=StillClock()).serving() as apollo:
        yield apollo


@pytest.fixture
def reader(server: Apollo) -> Reader:
    return Reader(server)


async def test_a_search_is_asked_for_in_the_body_and_the_key_only_in_its_header(server: Apollo, reader: Reader) -> None:
    reader.entry = {
        "person_titles": ["head of operations"],
        "include_similar_titles": False,
        "revenue_range": {"min": 300_000},
        "max_candidates": 5,
        "include_without_email": True,
    }
    await reader.fetch()
    [request] = server.requests
    assert (request.method, request.target) == ("POST", "/api/v1/mixed_people/api_search")
    assert request.headers["x-api-key"] == KEY
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept"] == "application/json"
    assert request.headers["cache-control"] == "no-cache"
    assert json.loads(request.body) == {
        "person_titles": ["head of operations"],
        "include_similar_titles": False,
        "revenue_range": {"min": 300_000},
        "page": 1,
        "per_page": 100,
    }


async def test_the_filters_can_travel_in_the_query_as_apollo_declares_them(server: Apollo, reader: Reader) -> None:
    reader.param_style = "query"
    reader.entry = {
        "person_titles": ["head of operations", "buyer"],
        "include_similar_titles": False,
        "revenue_range": {"min": 300_000},
        "contact_email_status": ["verified", "likely to engage"],
    }
    assert len(await reader.read()) == 3
    [request] = server.requests
    assert request.query == (
        "person_titles%5B%5D=head%20of%20operations&person_titles%5B%5D=buyer&include_similar_titles=false"
        "&revenue_range%5Bmin%5D=300000&contact_email_status%5B%5D=verified"
        "&contact_email_status%5B%5D=likely%20to%20engage&page=1&per_page=100"
    )
    assert json.loads(request.body) == {}


async def test_the_documented_example_becomes_stubs() -> None:
    reader = Reader(Apollo(), http=Canned(body=EXAMPLE))
    reader.entry = {**ENTRY, "include_without_email": True}
    page = await reader.fetch()
    assert page.exhausted
    mara, tomas = page.found
    assert (mara.source_ref, mara.is_stub, mara.verdict) == ("66f0c1a2b3d4e5f601020304", True, None)
    assert (mara.facts.first_name, mara.facts.last_name) == ("Mara", "Li***n")
    assert (mara.facts.title, mara.facts.company) == ("Head of Operations", "Nordwind Logistik")
    assert (mara.facts.source, mara.facts.source_ref) == ("apollo", mara.source_ref)
    assert (tomas.facts.first_name, tomas.facts.title, tomas.facts.email) == ("Tomas", None, None)


async def test_every_page_is_read_and_nothing_is_paid(server: Apollo, reader: Reader) -> None:
    server.people = list(population(250))
    assert await reader.read() == refs(250)
    assert [json.loads(request.body)["page"] for request in server.requests] == [1, 2, 3]
    assert server.charges == []
    assert reader.source().price == Decimal(0)


@pytest.mark.parametrize("limit", [1, 2, 7, 70, 100])
async def test_a_smaller_read_goes_on_within_the_page(server: Apollo, reader: Reader, limit: int) -> None:
    count = 7 if limit < 7 else 130
    server.people = list(population(count))
    reader.limit = limit
    assert await reader.read() == refs(count)
    assert {json.loads(request.body)["per_page"] for request in server.requests} == {100}


async def test_a_source_that_is_exhausted_asks_for_nothing(server: Apollo, reader: Reader) -> None:
    await reader.read()
    asked = len(server.requests)
    assert (await reader.fetch()).exhausted
    assert len(server.requests) == asked


async def test_max_candidates_counts_over_the_life_of_the_entry(server: Apollo, reader: Reader) -> None:
    reader.entry, reader.limit = {**ENTRY, "max_candidates": 5}, 3
    assert await reader.read() == refs(5)
    reader.entry = {**ENTRY, "max_candidates": 2}
    assert await reader.read() == []
    reader.entry = {**ENTRY, "max_candidates": 6}
    assert await reader.read() == refs(1, start=5)
    assert len(server.requests) == 3


async def test_another_search_begins_anew(reader: Reader) -> None:
    await reader.read()
    reader.entry = {**ENTRY, "person_titles": ["buyer"]}
    assert await reader.read() == [person(4).apollo_id]


async def test_reading_ends_where_apollo_counts_no_more_also_on_a_full_page(server: Apollo, reader: Reader) -> None:
    server.people = list(population(200))
    await reader.read()
    assert len(server.requests) == 2


async def test_reading_ends_at_a_page_without_people(server: Apollo, reader: Reader) -> None:
    server.total = 500
    await reader.fetch()
    assert (await reader.fetch()).exhausted
    assert len(server.requests) == 2


async def test_without_a_count_reading_ends_at_a_page_without_people(server: Apollo, reader: Reader) -> None:
    server.always = Fault.NO_TOTAL
    assert await reader.read() == refs(7)
    assert len(server.requests) == 2


async def test_a_count_of_nobody_beside_people_does_not_end_the_reading(server: Apollo, reader: Reader) -> None:
    server.is_older, server.people, server.total = True, list(population(150)), 0
    assert await reader.read() == refs(150)


async def test_no_page_behind_the_five_hundredth_is_asked_for(server: Apollo, reader: Reader) -> None:
    server.total = 60_000
    await reader.fetch()
    assert reader.cursor is not None
    server.people = list(population(50_000))
    reader.cursor = {**reader.cursor, "page": 500}
    assert await reader.read() == refs(100, start=49_900)
    assert len(server.requests) == 2


async def test_more_people_than_apollo_shows_are_a_warning(server: Apollo, reader: Reader) -> None:
    server.total = 50_001
    page = await reader.fetch()
    [warning] = page.warnings
    assert "50001" in warning
    assert "split the source by country, seniority or company size" in warning


async def test_nobody_is_warned_who_wants_fewer_than_apollo_shows(server: Apollo, reader: Reader) -> None:
    server.total = 50_001
    reader.entry = {**ENTRY, "max_candidates": 1_000}
    assert (await reader.fetch()).warnings == []


async def test_a_count_as_if_there_were_no_filters_is_refused(server: Apollo, reader: Reader) -> None:
    server.total = 50_000_001
    failure = await reader.failure()
    assert isinstance(failure, Misconfigured)
    assert failure.scope is Scope.CAMPAIGN
    assert reader.found == []


async def test_a_name_that_apollo_would_pass_over_is_never_sent(server: Apollo, reader: Reader) -> None:
    reader.entry = {"titles": ["ceo"], "person_locations": ["france"]}
    failure = await reader.failure()
    assert isinstance(failure, Misconfigured)
    assert failure.scope is Scope.CAMPAIGN
    assert str(failure).startswith("titles: unknown field; known are person_titles, ")
    assert list(reader.source().check(reader.entry)) == [str(failure)]
    assert server.requests == []


async def test_people_without_an_address_are_passed_over_and_told_of(server: Apollo, reader: Reader) -> None:
    server.without_email = {1, 3}
    reader.limit = 2
    assert await reader.read() == [person(number).apollo_id for number in (0, 2, 4, 5, 6)]
    assert [warning.partition(";")[0] for warning in reader.warnings] == [
        "passed over 1 on this page without a verified address",
        "passed over 1 on this page without a verified address",
    ]


@pytest.mark.parametrize(
    "more", [{"include_without_email": True}, {"contact_email_status": ["verified", "unavailable"]}]
)
async def test_people_without_an_address_are_taken_where_the_entry_asks(
    server: Apollo, reader: Reader, more: Mapping[str, object]
) -> None:
    server.without_email = {1, 3}
    reader.entry = {**ENTRY, **more}
    assert await reader.read() == refs(7)
    assert reader.warnings == []


async def test_people_who_change_places_between_two_pages_are_harmless(server: Apollo, reader: Reader) -> None:
    server.people = list(population(150))
    await reader.fetch()
    # One of the first page comes once more; the one that left for it is given later, or never.
    server.people = [person(999), *population(150)]
    given = Counter([each.source_ref for each in reader.found] + await reader.read())
    assert [ref for ref, times in given.items() if times == 2] == [person(99).apollo_id]


async def test_a_page_in_another_order_is_read_whole(server: Apollo, reader: Reader) -> None:
    server.meet([Fault.REORDERED])
    assert sorted(await reader.read()) == refs(7)


async def test_rows_that_are_nobody_are_rejected_with_their_place(server: Apollo, reader: Reader) -> None:
    server.meet([Fault.NULL_ITEMS])
    reader.limit = 3
    page = await reader.fetch()
    assert [row.line for row in page.rejected] == [1, 2, 3]
    assert all(row.reason.startswith("malformed: ") for row in page.rejected)


@pytest.mark.parametrize("bad", [{"first_name": "Mara"}, {"id": 7}, {"id": "x\r\ny"}, {"id": ""}])
async def test_a_person_without_an_id_is_rejected(bad: Mapping[str, object]) -> None:
    reader = Reader(Apollo(), http=Canned(body=json.dumps({"total_entries": 1, "people": [bad]})))
    page = await reader.fetch()
    assert [row.reason for row in page.rejected] == ["no_id: Apollo names no id of this person"]


async def test_a_name_that_is_not_masked_as_documented_is_not_taken_for_a_name() -> None:
    row = {"id": "a", "first_name": "Mara", "last_name_obfuscated": "Linden"}
    reader = Reader(Apollo(), http=Canned(body=json.dumps({"total_entries": 1, "people": [row]})))
    [found] = (await reader.fetch()).found
    assert found.facts.last_name is None


async def test_the_older_search_gives_stubs_with_more_facts_and_no_locked_address(
    server: Apollo, reader: Reader
) -> None:
    server.is_older = True
    server.people = list(population(120))
    assert await reader.read() == refs(120)
    first = reader.found[0]
    assert first.is_stub
    assert (first.facts.last_name, first.facts.email) == (person(0).last_name, None)
    assert first.facts.domain == person(0).domain
    assert len(server.requests) == 2


async def test_whom_the_older_search_shows_with_an_address_need_not_be_paid_for(server: Apollo, reader: Reader) -> None:
    server.is_older, server.unlocked, server.statuses = True, {0, 1}, {1: "unverified"}
    await reader.read()
    assert [(each.is_stub, each.verdict) for each in reader.found[:3]] == [
        (False, Verdict.VALID),
        (False, Verdict.UNKNOWN),
        (True, None),
    ]
    assert reader.found[0].facts.email == person(0).email


async def test_a_contact_of_the_workspace_has_the_id_of_its_person(server: Apollo, reader: Reader) -> None:
    server.is_older, server.contacts = True, {2: {"title": "Boss"}}
    assert sorted(await reader.read()) == refs(7)


async def test_no_key_is_told_before_anything_is_asked(server: Apollo, reader: Reader) -> None:
    reader.key = None
    assert any("providers.apollo.api_key" in problem for problem in reader.source().check(ENTRY))
    failure = await reader.failure()
    assert isinstance(failure, KeyRefused)
    assert "providers.apollo.api_key" in str(failure)
    assert server.requests == []


@pytest.mark.parametrize(
    ("fault", "kind", "scope", "mend"),
    [
        (Fault.INVALID_KEY, KeyRefused, Scope.PROVIDER, "providers.apollo.api_key"),
        (Fault.INVALID_TOKEN, KeyRefused, Scope.PROVIDER, "providers.apollo.api_key"),
        (Fault.API_INACCESSIBLE, PlanRefused, Scope.PROVIDER, "the scope mixed_people/api_search"),
        (403, PlanRefused, Scope.PROVIDER, "the scope mixed_people/api_search"),
        (404, PlanRefused, Scope.PROVIDER, "providers.apollo.base_url"),
        (Fault.NO_CREDITS_402, BudgetExhausted, Scope.PROVIDER, "buy credits"),
        (Fault.NO_CREDITS_403, BudgetExhausted, Scope.PROVIDER, "buy credits"),
        (Fault.NO_CREDITS_422, BudgetExhausted, Scope.PROVIDER, "buy credits"),
        (Fault.RATE_LIMITED, RateLimited, Scope.PROVIDER, "429"),
        (400, Misconfigured, Scope.CAMPAIGN, "correct the fields"),
        (410, Misconfigured, Scope.CAMPAIGN, "410"),
        (422, Misconfigured, Scope.CAMPAIGN, "correct the fields"),
        (408, Transient, Scope.PROVIDER, "408"),
        (500, Transient, Scope.PROVIDER, "500"),
        (503, Transient, Scope.PROVIDER, "503"),
        (Spoilt.HTML, Transient, Scope.PROVIDER, "text/html"),
        (Spoilt.MISLABELLED, Transient, Scope.PROVIDER, "text/plain"),
        (Spoilt.TRUNCATED, Transient, Scope.PROVIDER, "broken"),
        (Spoilt.EMPTY_BODY, Transient, Scope.PROVIDER, "empty"),
        (Spoilt.REDIRECT, Transient, Scope.PROVIDER, "307"),
        (Spoilt.LOST, Transient, Scope.PROVIDER, ""),
        (Spoilt.SLOW, Transient, Scope.PROVIDER, "in time"),
        (Spoilt.DRIP, Transient, Scope.PROVIDER, "in time"),
        (Spoilt.HUGE, Transient, Scope.PROVIDER, "too long"),
    ],
)
async def test_each_answer_has_its_meaning_and_the_place_is_kept(
    server: Apollo, reader: Reader, fault: str | int, kind: type[Failure], scope: Scope, mend: str
) -> None:
    reader.limit, reader.http = 3, Http(total_seconds=0.25)
    await reader.fetch()
    server.meet([fault])
    failure = await reader.failure()
    assert (type(failure), failure.scope) == (kind, scope)
    assert mend in str(failure)
    assert KEY not in str(failure)
    reader.http = Http()
    assert await reader.read() == refs(4, start=3)


async def test_a_server_that_is_not_there_is_weather(reader: Reader) -> None:
    reader.server = Apollo(base_url="http://127.0.0.1:9")
    assert type(await reader.failure()) is Transient


@pytest.mark.parametrize("body", ["[]", "{}", '{"people": null}', '{"people": "all"}', '{"total_entries": 3}'])
async def test_an_answer_without_a_list_of_people_is_no_answer(body: str) -> None:
    assert type(await Reader(Apollo(), http=Canned(body=body)).failure()) is Transient


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["a@b.example", "\ud800\r\n"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["name", "total_entries"]), inner),
    max_leaves=5,
)
PARTS = st.sampled_from([*json.loads(EXAMPLE)["people"][0], "email", "email_status", "person_id", "last_name"])


@settings(max_examples=100)
@given(
    st.dictionaries(st.sampled_from(["people", "contacts", "total_entries", "pagination"]), VALUES)
    | st.fixed_dictionaries({"people": st.lists(st.dictionaries(PARTS, VALUES) | VALUES), "total_entries": VALUES})
)
async def test_no_rubbish_is_an_error_of_another_kind(body: object) -> None:
    reader = Reader(Apollo(), http=Canned(body=json.dumps(body)))
    with suppress(Failure):
        page = await reader.fetch()
        assert all(found.source_ref for found in page.found)


@pytest.mark.parametrize(
    ("fault", "wait"),
    [
        (Fault.RATE_LIMITED, HOUR),
        (Fault.RATE_LIMITED_TEN_YEARS, DAY),
        (Fault.RATE_LIMITED_EMPTY_HEADER, None),
    ],
)
async def test_apollo_says_itself_how_long_to_wait(
    server: Apollo, reader: Reader, fault: Fault, wait: timedelta | None
) -> None:
    server.meet([fault])
    failure = await reader.failure()
    assert isinstance(failure, RateLimited)
    assert failure.retry_after == wait


async def test_a_key_without_the_scope_is_told_which_one_to_add(server: Apollo, reader: Reader) -> None:
    server.scopes = frozenset({BULK_MATCH})
    failure = await reader.failure()
    assert isinstance(failure, PlanRefused)
    assert SEARCH in str(failure)


def paces(source: ApolloSource) -> dict[timedelta, int]:
    return {limit.period: limit.count for limit in source.limits}


async def test_the_limits_are_those_of_the_plan_until_the_headers_tell_others(server: Apollo, reader: Reader) -> None:
    source = reader.source()
    assert paces(source) == {MINUTE: 190, HOUR: 5_700, DAY: 47_500}
    server.rates = {SEARCH: (400, None, 100)}
    await source.fetch(ENTRY, None, LIMIT)
    assert paces(source) == {MINUTE: 380, DAY: 95}
    server.meet([Fault.NO_RATE_HEADERS, Fault.EMPTY_RATE_HEADERS])
    await source.fetch(ENTRY, None, LIMIT)
    assert paces(source) == {MINUTE: 380, DAY: 95}
    await source.fetch(ENTRY, None, LIMIT)
    assert paces(source) == {}


async def test_a_refusal_for_too_many_calls_tells_the_limits_as_well(server: Apollo, reader: Reader) -> None:
    server.rates, server.limits_enforced = {SEARCH: (1, None, None)}, True
    source = reader.source()
    await source.fetch(ENTRY, None, LIMIT)
    with pytest.raises(RateLimited) as caught:
        await source.fetch(ENTRY, None, LIMIT)
    assert caught.value.retry_after == MINUTE
    assert list(source.limits) == [RateLimit(1, 2 * MINUTE)]
    assert server.turned_away == 1
