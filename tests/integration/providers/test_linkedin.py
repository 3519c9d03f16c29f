"""LinkedIn's Lead Sync against its simulator: each response once, nobody skipped, and what each answer means."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from camd.domain.errors import Failure, Misconfigured, Permanent, Scope, Transient
from camd.ports.providers import Cursor, Found, NotYet, Page, Rejected
from camd.providers.http import Http
from camd.providers.linkedin import LinkedInSource
from camd.providers.linkedin_api import LinkedInSettings
from tests.simulators.linkedin import ACCOUNT, PAGE_OWNER, TOKEN, Fault, LinkedIn, response

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ENTRY: Mapping[str, object] = {"owner": ACCOUNT}
LIMIT = 1000


@dataclass(slots=True)
class HandClock:
    """Stands still until a test moves it."""

    instant: datetime = NOW

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return self.instant.timestamp()

    @contextmanager
    def real_work(self) -> Iterator[None]:
        yield


@dataclass(slots=True)
class Reader:
    """Reads a source as the engine does: what it gives is kept with the cursor, which goes through JSON as in the
    database, and each read is made by a new process."""

    server: LinkedIn
    entry: Mapping[str, object] = field(default_factory=lambda: dict(ENTRY))
    limit: int = LIMIT
    version: str | None = "202610"
    token: str | None = TOKEN
    http: Http = field(default_factory=Http)
    clock: HandClock = field(default_factory=HandClock)
    cursor: Cursor | None = None
    found: list[Found] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    def source(self) -> LinkedInSource:
        token = SecretStr(self.token) if self.token else None
        section = LinkedInSettings(access_token=token, version=self.version, base_url=self.server.base_url)
        return LinkedInSource(section, self.clock, self.http)

    async def fetch(self) -> Page | NotYet:
        page = await self.source().fetch(self.entry, self.cursor, self.limit)
        if isinstance(page, Page):
            assert len(page.found) + len(page.rejected) <= self.limit
            self.cursor = json.loads(json.dumps(dict(page.cursor)))
            self.found += page.found
            self.rejected += page.rejected
        return page

    async def read(self) -> list[int]:
        """Everything there is now; the numbers of those found by this."""
        before = len(self.found)
        for _ in range(1000):
            page = await self.fetch()
            if isinstance(page, NotYet) or page.exhausted:
                return [number(each) for each in self.found[before:]]
        raise AssertionError("it never comes to rest")

    async def failure(self) -> Failure:
        with pytest.raises(Failure) as caught:
            await self.fetch()
        return caught.value

    def later(self, length: timedelta) -> None:
        self.clock.instant += length


def number(found: Found) -> int:
    return int(found.source_ref.split("-")[4])


@pytest.fixture
async def server() -> AsyncIterator[LinkedIn]:
    async with LinkedIn().serving() as linkedin:
        yield linkedin


@pytest.fixture
def reader(server: LinkedIn) -> Reader:
    return Reader(server)


async def test_a_request_is_written_as_rest_li_wants_it(server: LinkedIn, reader: Reader) -> None:
    await reader.fetch()
    assert server.targets == [
        (
            "/rest/leadFormResponses?q=owner&owner=(sponsoredAccount:urn%3Ali%3AsponsoredAccount%3A1234567)"
            "&leadType=(leadType:SPONSORED)&limitedToTestLeads=false"
            "&submittedAtTimeRange=(start:1762084800000,end:1793620800000)"
            "&fields=id,submittedAt,testLead,leadType,owner,versionedLeadGenFormUrn,leadMetadataInfo,associatedEntityInfo,"
            "formResponse,form:(hiddenFields,creationLocale,name,id,content)&count=100&start=0"
        )
    ]
    [headers] = server.headers
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["LinkedIn-Version"] == "202610"
    assert headers["X-Restli-Protocol-Version"] == "2.0.0"


async def test_the_first_reading_goes_back_a_year_and_no_further(server: LinkedIn, reader: Reader) -> None:
    server.responses = [response(1, NOW - timedelta(days=364)), response(2, NOW - timedelta(days=366))]
    assert await reader.read() == [1]


async def test_several_pages_are_read_to_their_end(server: LinkedIn, reader: Reader) -> None:
    server.responses = [response(each, NOW - each * MINUTE) for each in range(1, 251)]
    assert sorted(await reader.read()) == list(range(1, 251))
    assert len(server.targets) == 3


async def test_more_than_one_page_of_ours_is_split_by_time(server: LinkedIn, reader: Reader) -> None:
    server.responses = [response(each, NOW - each * HOUR) for each in range(1, 301)]
    reader.limit = 70
    assert sorted(await reader.read()) == list(range(1, 301))


async def test_equal_instants_over_restarts_give_each_response_once(server: LinkedIn, reader: Reader) -> None:
    server.responses = [response(each, NOW - HOUR) for each in range(1, 8)]
    reader.limit = 2
    assert sorted(await reader.read()) == list(range(1, 8))


async def test_nothing_is_asked_for_again_before_a_quarter_of_an_hour(server: LinkedIn, reader: Reader) -> None:
    await reader.read()
    reader.later(14 * MINUTE)
    asked = len(server.targets)
    assert await reader.fetch() == NotYet(NOW + 15 * MINUTE)
    assert len(server.targets) == asked


async def test_a_response_of_the_meantime_comes_with_the_next_reading(server: LinkedIn, reader: Reader) -> None:
    server.responses = [response(1, NOW - MINUTE)]
    assert await reader.read() == [1]
    reader.later(15 * MINUTE)
    server.responses.append(response(2, NOW + MINUTE))
    assert await reader.read() == [2]
    reader.later(15 * MINUTE)
    assert await reader.read() == []


async def test_a_response_that_is_shown_some_minutes_late_comes_with_the_next_reading(
    server: LinkedIn, reader: Reader
) -> None:
    await reader.read()
    server.responses.append(response(1, NOW - 10 * MINUTE))
    reader.later(15 * MINUTE)
    assert await reader.read() == [1]


@pytest.mark.parametrize("late", [20 * HOUR, 47 * HOUR])
async def test_a_response_that_is_shown_late_is_not_missed(server: LinkedIn, reader: Reader, late: timedelta) -> None:
    server.responses = [response(1, NOW - MINUTE)]
    assert await reader.read() == [1]
    server.responses.append(response(2, NOW - late))
    given: list[int] = []
    for _ in range(4 * 25):
        reader.later(15 * MINUTE)
        given += await reader.read()
    assert given == [2]


async def test_days_without_a_daemon_are_made_up_for(server: LinkedIn, reader: Reader) -> None:
    await reader.read()
    server.responses = [response(each, NOW + each * HOUR) for each in range(240)]
    reader.later(timedelta(days=10))
    assert sorted(await reader.read()) == list(range(240))


async def test_a_clock_that_is_set_back_neither_stops_reading_nor_repeats(server: LinkedIn, reader: Reader) -> None:
    server.responses = [response(1, NOW - MINUTE)]
    assert await reader.read() == [1]
    reader.later(-2 * HOUR)
    server.responses.append(response(2, NOW - 2 * HOUR - MINUTE))
    assert await reader.read() == [2]


async def test_a_clock_that_ran_days_ahead_for_a_while_costs_no_late_response(server: LinkedIn, reader: Reader) -> None:
    await reader.read()
    reader.later(timedelta(days=10))
    await reader.read()
    reader.later(timedelta(days=-10) + 15 * MINUTE)
    server.responses.append(response(1, NOW - 20 * HOUR))
    assert await reader.read() == [1]


Step = tuple[str, int, int]
WAITS = st.tuples(st.just("wait"), st.integers(1, 30 * 60), st.just(0))
WITHDRAWALS = st.tuples(st.just("withdraw"), st.integers(0, 10_000), st.just(0))
FAULTS = st.tuples(st.just("fail"), st.integers(0, 3), st.integers(0, 3))
FAILING = (Fault.LOST, Fault.TRUNCATED, Fault.REORDERED, Fault.TROUBLE)


def histories(limit: int, most: int) -> st.SearchStrategy[tuple[list[Step], int]]:
    """At most so many arrive at once, which are a few pages of `limit`."""
    arrivals = st.tuples(st.just("arrive"), st.integers(0, 47 * 60), st.integers(1, most))
    steps = st.lists(st.one_of(arrivals, WAITS, WITHDRAWALS, FAULTS), max_size=8)
    return st.tuples(steps, st.just(limit))


@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(histories(3, 10), histories(50, 130), histories(LIMIT, 130)))
def test_whatever_happens_each_response_is_given_once_and_only_withdrawn_ones_are_taken_back(
    history: tuple[list[Step], int],
) -> None:
    steps, limit = history

    async def scenario() -> None:
        async with LinkedIn().serving() as server:
            reader = Reader(server, limit=limit)
            arrived, withdrawn = 0, set()
            for kind, one, two in steps:
                match kind:
                    case "arrive":
                        at = reader.clock.now() - one * MINUTE
                        server.responses += [response(each, at) for each in range(arrived, arrived + two)]
                        arrived += two
                    case "withdraw" if arrived:
                        withdrawn.add(one % arrived)
                        server.withdraw(one % arrived)
                    case "fail":
                        server.faults.extend([None] * two + [FAILING[one]])
                    case "wait":
                        reader.later(one * MINUTE)
                        with suppress(Failure):
                            await reader.read()
            server.faults.clear()
            reader.later(25 * HOUR)
            await reader.read()
            people = Counter(number(each) for each in reader.found if not each.do_not_contact)
            taken_back = {number(each) for each in reader.found if each.do_not_contact}
            assert max(people.values(), default=1) == 1
            assert people.keys() >= set(range(arrived)) - withdrawn
            assert taken_back <= withdrawn & people.keys()

    anyio.run(scenario)


async def test_a_deletion_between_two_pages_makes_nobody_slip_through(server: LinkedIn, reader: Reader) -> None:
    server.responses = [response(each, NOW - each * MINUTE) for each in range(1, 151)]

    def delete(request: int) -> None:
        if request == 2:
            server.withdraw(1)

    server.on_request = delete
    assert sorted(await reader.read()) == list(range(2, 151))


async def test_another_order_between_two_pages_makes_nobody_slip_through(server: LinkedIn, reader: Reader) -> None:
    server.responses = [response(each, NOW - each * MINUTE) for each in range(1, 151)]
    server.faults.extend([None, Fault.REORDERED])
    assert sorted(await reader.read()) == list(range(1, 151))


async def test_an_empty_page_where_responses_are_counted_is_not_believed(server: LinkedIn, reader: Reader) -> None:
    server.responses = [response(each, NOW - each * MINUTE) for each in range(1, 151)]
    server.faults.extend([None, Fault.EMPTY_PAGE])
    assert sorted(await reader.read()) == list(range(1, 151))


async def test_responses_that_change_without_end_are_left_for_later(server: LinkedIn, reader: Reader) -> None:
    server.responses = [response(each, NOW - each * MINUTE) for each in range(1, 151)]
    server.on_request = lambda request: server.responses.append(response(1000 + request, NOW - MINUTE))
    failure = await reader.failure()
    assert (type(failure), failure.scope) == (Transient, Scope.PROVIDER)
    server.on_request = None
    assert len(await reader.read()) == len(server.responses)


async def test_an_answer_without_a_count_is_read_to_its_end(server: LinkedIn, reader: Reader) -> None:
    server.responses = [response(each, NOW - each * MINUTE) for each in range(1, 151)]
    server.always = Fault.NO_TOTAL
    assert sorted(await reader.read()) == list(range(1, 151))


async def test_an_item_that_cannot_be_read_is_told_of_once(server: LinkedIn, reader: Reader) -> None:
    server.responses = [response(1, NOW - MINUTE)]
    server.always = Fault.NULL_ITEMS
    assert await reader.read() == []
    reader.later(15 * MINUTE)
    await reader.read()
    assert [row.reason.partition(":")[0] for row in reader.rejected] == ["malformed"]


async def test_a_response_that_names_nobody_is_rejected_without_its_answers(server: LinkedIn, reader: Reader) -> None:
    server.responses = [
        response(1, NOW - 2 * MINUTE, answers={"FIRST_NAME": "Mara"}),
        response(2, NOW - MINUTE, answers={"EMAIL": "mara at nordwind"}),
    ]
    assert await reader.read() == []
    reasons = [row.reason for row in reader.rejected]
    assert [reason.split(": ")[1] for reason in reasons] == ["no_identity", "bad_email"]
    assert "mara" not in " ".join(reasons).lower()


@pytest.mark.parametrize("form", [2, "2", "urn:li:leadGenForm:2"])
async def test_only_the_forms_that_are_named_are_read(server: LinkedIn, reader: Reader, form: object) -> None:
    server.responses = [response(each, NOW - each * MINUTE, form=each) for each in (1, 2, 3)]
    reader.entry = {"owner": ACCOUNT, "forms": [form]}
    assert await reader.read() == [2]


async def test_other_forms_begin_anew(server: LinkedIn, reader: Reader) -> None:
    server.responses = [response(each, NOW - each * MINUTE, form=each) for each in (1, 2)]
    reader.entry = {"owner": ACCOUNT, "forms": [1]}
    assert await reader.read() == [1]
    reader.entry = {"owner": ACCOUNT, "forms": [2]}
    assert await reader.read() == [2]


async def test_a_form_that_is_left_out_is_looked_up_once(server: LinkedIn, reader: Reader) -> None:
    server.responses = [response(each, NOW - each * MINUTE, form=each) for each in range(1, 121)]
    server.faults.extend([Fault.NO_FORMS, Fault.NO_FORMS])
    assert sorted(await reader.read()) == list(range(1, 121))
    assert reader.found[0].facts.email is not None
    assert [target.partition("?")[0].rpartition("/")[2] for target in server.targets] == [
        "leadFormResponses",
        "leadFormResponses",
        "leadForms",
        "leadForms",
    ]


async def test_answers_without_any_form_are_rejected_with_the_reason(server: LinkedIn, reader: Reader) -> None:
    server.responses = [response(1, NOW - MINUTE)]
    server.faults.extend([Fault.NO_FORMS, Fault.EMPTY_PAGE])
    assert await reader.read() == []
    assert [row.reason.split(": ")[1] for row in reader.rejected] == ["no_form"]


async def test_test_leads_are_passed_over(server: LinkedIn, reader: Reader) -> None:
    server.responses = [response(1, NOW - MINUTE, test=True), response(2, NOW - MINUTE)]
    assert await reader.read() == [2]
    assert reader.rejected == []


async def test_a_page_is_asked_for_all_its_kinds_of_leads_and_never_for_sponsored_ones(
    server: LinkedIn, reader: Reader
) -> None:
    kinds = ("COMPANY", "EVENT", "ORGANIZATION_PRODUCT")
    server.responses = [
        response(each, NOW - each * MINUTE, owner=PAGE_OWNER, lead_type=kind) for each, kind in enumerate(kinds, 1)
    ]
    server.responses.append(response(9, NOW - MINUTE))
    reader.entry = {"owner": PAGE_OWNER}
    assert sorted(await reader.read()) == [1, 2, 3]
    assert "SPONSORED" not in " ".join(server.targets)


@pytest.mark.parametrize("limit", [2, LIMIT])
async def test_max_candidates_holds_over_readings_and_then_nothing_is_asked(
    server: LinkedIn, reader: Reader, limit: int
) -> None:
    server.responses = [response(each, NOW - each * MINUTE) for each in range(1, 4)]
    reader.entry, reader.limit = {"owner": ACCOUNT, "max_candidates": 5}, limit
    assert len(await reader.read()) == 3
    reader.later(HOUR)
    server.responses += [response(each, NOW + each * MINUTE) for each in range(4, 9)]
    assert len(await reader.read()) == 2
    asked = len(server.targets)
    page = await reader.fetch()
    assert isinstance(page, Page)
    assert (page.exhausted, len(server.targets)) == (True, asked)


async def test_a_response_that_was_withdrawn_takes_its_person_back(server: LinkedIn, reader: Reader) -> None:
    server.responses = [response(each, NOW - each * HOUR) for each in (1, 2)]
    assert sorted(await reader.read()) == [1, 2]
    server.withdraw(1)
    reader.later(timedelta(days=1))
    assert await reader.read() == [1]
    assert (reader.found[-1].do_not_contact, reader.found[-1].facts.email) == (True, None)
    reader.later(timedelta(days=1))
    assert await reader.read() == []


async def test_a_response_that_only_the_list_lacks_is_not_withdrawn(server: LinkedIn, reader: Reader) -> None:
    server.responses = [response(1, NOW - HOUR)]
    await reader.read()
    reader.later(timedelta(days=1))
    server.faults.extend([Fault.EMPTY_PAGE, Fault.EMPTY_PAGE])
    assert await reader.read() == []


ANSWERS: list[tuple[Fault, type[Failure], Scope, str]] = [
    (Fault.UNAUTHORISED, Misconfigured, Scope.PROVIDER, "renew it and set providers.linkedin.access_token"),
    (Fault.FORBIDDEN, Misconfigured, Scope.PROVIDER, "the scope r_marketing_leadgen_automation"),
    (Fault.SUNSET, Misconfigured, Scope.PROVIDER, "ended version 202610.*set providers.linkedin.version to a newer"),
    (Fault.RATE_LIMITED, Transient, Scope.PROVIDER, "429"),
    (Fault.TROUBLE, Transient, Scope.PROVIDER, "503"),
    (Fault.REDIRECT, Transient, Scope.PROVIDER, "307"),
    (Fault.HTML, Transient, Scope.PROVIDER, "200 with text/html instead of JSON"),
    (Fault.MISLABELLED, Transient, Scope.PROVIDER, "200 with text/plain instead of JSON"),
    (Fault.TRUNCATED, Transient, Scope.PROVIDER, "cut off"),
    (Fault.EMPTY_BODY, Transient, Scope.PROVIDER, "empty"),
    (Fault.LOST, Transient, Scope.PROVIDER, "before the answer was whole"),
    (Fault.SLOW, Transient, Scope.PROVIDER, "in time"),
    (Fault.DRIP, Transient, Scope.PROVIDER, "in time"),
    (Fault.HUGE, Transient, Scope.PROVIDER, "too long"),
]


@pytest.mark.parametrize(("fault", "kind", "scope", "told"), ANSWERS, ids=[row[0].value for row in ANSWERS])
async def test_what_each_answer_means_and_that_nobody_is_skipped_over_it(
    server: LinkedIn, reader: Reader, fault: Fault, kind: type[Failure], scope: Scope, told: str
) -> None:
    """401, 403, 426 and 429 of the matrix of statuses; faults 52, 53, 57, 58 and 59."""
    server.responses = [response(each, NOW - each * MINUTE) for each in range(1, 151)]
    if fault in (Fault.SLOW, Fault.DRIP):
        reader.http = Http(total_seconds=1)
    for first in ([fault], [None, fault]):
        server.faults.extend(first)
        failure = await reader.failure()
        assert (type(failure), failure.scope) == (kind, scope)
        with pytest.raises(kind, match=told):
            raise failure
        assert TOKEN not in f"{failure!r} {failure.__cause__!r}"
    reader.http = Http()
    server.faults.clear()
    assert sorted(await reader.read()) == list(range(1, 151))


async def test_fault_54_a_429_without_a_wait_rests_longer_each_time_and_then_until_the_quotas_begin(
    server: LinkedIn, reader: Reader
) -> None:
    source = reader.source()
    server.always = Fault.RATE_LIMITED

    async def wait() -> timedelta | None:
        with pytest.raises(Transient) as caught:
            await source.fetch(ENTRY, None, LIMIT)
        return caught.value.retry_after

    assert [await wait() for _ in range(4)] == [MINUTE, 5 * MINUTE, 15 * MINUTE, 12 * HOUR + 5 * MINUTE]
    reader.clock.instant = NOW.replace(hour=0, minute=2)
    assert await wait() == 3 * MINUTE
    server.always = None
    await source.fetch(ENTRY, None, LIMIT)
    server.always = Fault.RATE_LIMITED
    assert await wait() == MINUTE


@pytest.mark.parametrize(
    ("fault", "wait"),
    [(Fault.RATE_LIMITED_TEN_YEARS, timedelta(hours=24)), (Fault.RATE_LIMITED_EMPTY_HEADER, MINUTE)],
)
async def test_fault_55_a_wait_that_is_asked_for_has_its_bounds(
    server: LinkedIn, reader: Reader, fault: Fault, wait: timedelta
) -> None:
    server.always = fault
    failure = await reader.failure()
    assert isinstance(failure, Transient)
    assert failure.retry_after == wait


async def test_fault_60_a_host_that_nobody_finds_is_weather(reader: Reader) -> None:
    reader.server.base_url = "https://nowhere.invalid"
    failure = await reader.failure()
    assert (type(failure), failure.scope) == (Transient, Scope.PROVIDER)


@pytest.mark.parametrize(
    ("status", "kind", "scope"),
    [
        (400, Misconfigured, Scope.CAMPAIGN),
        (404, Misconfigured, Scope.CAMPAIGN),
        (418, Permanent, Scope.PROVIDER),
        (408, Transient, Scope.PROVIDER),
        (500, Transient, Scope.PROVIDER),
    ],
)
async def test_an_answer_that_is_about_the_request(
    server: LinkedIn, reader: Reader, status: int, kind: type[Failure], scope: Scope
) -> None:
    server.always = status
    failure = await reader.failure()
    assert isinstance(failure, kind)
    assert failure.scope is scope


async def test_without_a_token_nobody_is_asked(server: LinkedIn, reader: Reader) -> None:
    reader.token = reader.version = None
    failure = await reader.failure()
    assert (type(failure), failure.scope, server.targets) == (Misconfigured, Scope.PROVIDER, [])
    assert [problem.split(" ")[1] for problem in reader.source().check(ENTRY)] == [
        "providers.linkedin.access_token",
        "providers.linkedin.version",
    ]


@pytest.mark.parametrize(
    ("version", "told"), [("202602", False), ("202601", True), ("202512", True), ("202611", False), ("202612", False)]
)
async def test_a_version_older_than_nine_months_is_warned_of_while_it_still_works(
    reader: Reader, version: str, told: bool
) -> None:
    reader.version = version
    page = await reader.fetch()
    assert isinstance(page, Page)
    assert [version in warning and "set providers.linkedin.version" in warning for warning in page.warnings] == (
        [True] if told else []
    )
    assert reader.source().check(ENTRY) == []


CHANGES: list[tuple[str, Callable[[dict[str, Any]], None]]] = [
    ("owner", lambda entry: entry.pop("owner")),
    ("owner", lambda entry: entry.update(owner="1234567")),
    ("owner", lambda entry: entry.update(owner="urn:li:person:1")),
    ("forms", lambda entry: entry.update(forms="1")),
    ("forms", lambda entry: entry.update(forms=["fleet guide"])),
    ("forms", lambda entry: entry.update(forms=[True])),
    ("max_candidates", lambda entry: entry.update(max_candidates=0)),
    ("max_candidates", lambda entry: entry.update(max_candidates=True)),
    ("path", lambda entry: entry.update(path="people.csv")),
]


@pytest.mark.parametrize(("name", "change"), CHANGES)
async def test_a_wrong_entry_is_told_by_its_field_and_nobody_is_asked(
    server: LinkedIn, reader: Reader, name: str, change: Callable[[dict[str, Any]], None]
) -> None:
    entry = dict(ENTRY)
    change(entry)
    assert [problem.partition(":")[0] for problem in reader.source().check(entry)] == [name]
    reader.entry = entry
    failure = await reader.failure()
    assert (type(failure), failure.scope, server.targets) == (Misconfigured, Scope.CAMPAIGN, [])
