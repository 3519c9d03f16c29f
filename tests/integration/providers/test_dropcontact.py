"""Dropcontact against its simulator: a batch is paid for once, whatever happens, and what each answer means."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from camd.domain.errors import (
    BudgetExhausted,
    Failure,
    KeyRefused,
    Permanent,
    RateLimited,
    Scope,
    Transient,
    Uncertain,
)
from camd.domain.facts import Facts, Verdict
from camd.domain.waterfall import LookupResult, Operation
from camd.ports.lookups import Finding, Job, Question, Reply, Unfinished
from camd.providers.dropcontact import Dropcontact, DropcontactSettings
from camd.providers.http import Answer, Http
from tests.simulators import dropcontact as simulator
from tests.simulators.dropcontact import KEY, Fault, Kind, mixed
from tests.simulators.people import Person, person, population
from tests.simulators.vendor import Spoilt

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
PEOPLE = population(30)

SUBMITTED: dict[str, Any] = {
    "data": [
        {
            "first_name": "Mara",
            "last_name": "Linden",
            "company": "Nordwind Logistik",
            "website": "nordwind.example",
            "custom_fields": {"camd_lead": "ld_01J9"},
        }
    ],
    "siren": False,
    "language": "en",
}
ACCEPTED = '{"error":false,"success":true,"request_id":"qzmxkpvlrtdnhwa","credits_left":15277}'
PENDING = '{"error": false, "success": false, "reason": "Request not ready yet, try again in 30 seconds"}'
READY = """\
{"error":false,"success":true,"credits_left":15276,"data":[{"first_name":"Mara","last_name":"Linden",
 "full_name":"Mara Linden","civility":"Mrs","email":[{"email":"mara.linden@nordwind.example",
 "qualification":"nominative@pro"}],"linkedin":"www.linkedin.com/in/mara-linden-example","company":"Nordwind Logistik",
 "website":"www.nordwind.example","nb_employees":"51-200","country":"DE","job":"Head of Operations",
 "custom_fields":{"camd_lead":"ld_01J9"}}]}"""


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


@dataclass(frozen=True, slots=True)
class Told(Http):
    """Gives what it was told instead of asking anybody."""

    body: bytes = b""

    async def request(self, *_: object, **__: object) -> Answer:
        return Answer(200, {"content-type": "application/json"}, self.body)


@dataclass(slots=True)
class Asker:
    """Asks as the engine does: only what is in a job is kept between two calls."""

    server: simulator.Dropcontact
    clock: HandClock
    key: str | None = KEY
    http: Http = field(default_factory=Http)
    vendor: Dropcontact = field(init=False)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A new process."""
        key = SecretStr(self.key) if self.key else None
        section = DropcontactSettings(api_key=key, base_url=self.server.base_url or "https://nowhere.invalid")
        self.vendor = Dropcontact(section, self.clock, self.http)

    async def submit(self, questions: Sequence[Question]) -> Job:
        return await self.vendor.ask(Operation.FIND, questions)

    async def poll(self, job: Job, questions: Sequence[Question], at: timedelta | None = None) -> Sequence[Reply] | Job:
        """At its appointment, or so long after it was submitted."""
        self.clock.instant = job.poll_at if at is None else job.submitted_at + at
        return await self.vendor.poll(job, questions)

    async def wait(self, job: Job, questions: Sequence[Question]) -> Sequence[Reply]:
        for _ in range(1000):
            told = await self.poll(job, questions)
            if not isinstance(told, Job):
                return told
            assert (told.id, told.submitted_at, told.polls) == (job.id, job.submitted_at, job.polls + 1)
            job = told
        raise AssertionError("it never comes to rest")

    async def replies(self, questions: Sequence[Question]) -> Sequence[Reply]:
        return await self.wait(await self.submit(questions), questions)


def question(who: Person, **changes: str | None) -> Question:
    facts = Facts(first_name=who.first_name, last_name=who.last_name, company=who.company, domain=who.domain)
    return Question(f"lookup{who.number}", replace(facts, **changes))  # type: ignore[arg-type]  # texts only


QUESTIONS = [question(who) for who in PEOPLE]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def server(clock: HandClock) -> AsyncIterator[simulator.Dropcontact]:
    vendor = simulator.Dropcontact(people=PEOPLE, kind_of=mixed, seconds=clock.monotonic)
    async with vendor.serving() as serving:
        yield serving


@pytest.fixture
def asker(server: simulator.Dropcontact, clock: HandClock) -> Asker:
    return Asker(server, clock)


def addresses(replies: Sequence[Reply]) -> list[str | None]:
    return [each.facts.email if isinstance(each, Finding) else None for each in replies]


def cost(replies: Sequence[Reply]) -> Decimal:
    return sum((each.credits for each in replies if isinstance(each, Finding)), Decimal(0))


async def test_the_bodies_of_the_documentation_are_understood(asker: Asker) -> None:
    questions = [Question("ld_01J9", Facts(first_name="Mara", last_name="Linden", domain="nordwind.example"))]
    asker.http = Told(body=ACCEPTED.encode())
    asker.begin()
    job = await asker.submit(questions)
    assert job == Job("qzmxkpvlrtdnhwa", submitted_at=NOW, poll_at=NOW + 30 * SECOND)
    asker.http = Told(body=PENDING.encode())
    asker.begin()
    assert isinstance(await asker.poll(job, questions), Job)
    asker.http = Told(body=READY.encode())
    asker.begin()
    told = await asker.poll(job, questions)
    assert not isinstance(told, Job)
    assert addresses(told) == ["mara.linden@nordwind.example"]
    assert cost(told) == 1


async def test_a_batch_is_written_as_the_documentation_has_it(server: simulator.Dropcontact, asker: Asker) -> None:
    facts = Facts(first_name="Mara", last_name="Linden", company="Nordwind Logistik", domain="nordwind.example")
    job = await asker.submit([Question("ld_01J9", facts)])
    await asker.poll(job, [Question("ld_01J9", facts)])
    submission, poll = server.requests
    assert (submission.method, submission.target) == ("POST", "/v1/enrich/all")
    assert json.loads(submission.body) == SUBMITTED
    assert submission.headers["content-type"] == "application/json"
    assert (poll.method, poll.target, poll.body) == ("GET", f"/v1/enrich/all/{job.id}", b"")
    assert [request.headers["x-access-token"] for request in server.requests] == [KEY, KEY]


async def test_everybody_gets_their_own_answer_and_the_sum_is_what_dropcontact_kept(
    server: simulator.Dropcontact, asker: Asker
) -> None:
    replies = await asker.replies(QUESTIONS)
    kinds = [mixed(who) for who in PEOPLE]
    results = [each.result for each in replies if isinstance(each, Finding)]
    assert [
        LookupResult.OBJECTED
        if kind is Kind.OBJECTED
        else LookupResult.NO_MATCH
        if kind is Kind.NOT_FOUND
        else LookupResult.FOUND
        for kind in kinds
    ] == results
    assert [
        address == (f"contact@{who.domain}" if kind is Kind.GENERIC else who.email)
        for who, kind, address in zip(PEOPLE, kinds, addresses(replies), strict=True)
        if kind is not Kind.NOT_FOUND
    ] == [True] * 24
    assert cost(replies) == server.spent == 21
    assert server.balance == 100_000 - 21


@pytest.mark.parametrize(
    ("kind", "result", "verdict", "tags"),
    [
        (Kind.FOUND, LookupResult.FOUND, Verdict.VALID, ()),
        (Kind.CATCH_ALL, LookupResult.FOUND, Verdict.CATCH_ALL, ()),
        (Kind.GENERIC, LookupResult.FOUND, Verdict.ROLE, ()),
        (Kind.PRIVATE, LookupResult.FOUND, Verdict.FREEMAIL, ("freemail",)),
        (Kind.SCHOOL, LookupResult.FOUND, Verdict.VALID, ("school",)),
        (Kind.UNVERIFIED, LookupResult.FOUND, Verdict.UNKNOWN, ()),
        (Kind.INVALID, LookupResult.FOUND, Verdict.INVALID, ()),
        (Kind.DISPOSABLE, LookupResult.FOUND, Verdict.INVALID, ()),
        (Kind.OBJECTED, LookupResult.OBJECTED, Verdict.SUPPRESSED, ()),
        (Kind.NOT_FOUND, LookupResult.NO_MATCH, None, ()),
    ],
)
@pytest.mark.parametrize("fault", [None, Fault.FRENCH])
async def test_each_qualification_means_the_same_in_both_languages_and_costs_what_is_charged(
    server: simulator.Dropcontact,
    asker: Asker,
    fault: Fault | None,
    kind: Kind,
    result: LookupResult,
    verdict: Verdict | None,
    tags: tuple[str, ...],
) -> None:
    server.kind_of = lambda _: kind
    job = await asker.submit(QUESTIONS[:1])
    server.meet([fault])
    [reply] = await asker.wait(replace(job, poll_at=NOW + MINUTE), QUESTIONS[:1])
    assert isinstance(reply, Finding)
    assert (reply.result, reply.verdict, reply.facts.tags, reply.credits) == (result, verdict, tags, server.spent)


@pytest.mark.parametrize(
    "known",
    [
        {"company": None},
        {"domain": None},
        {"first_name": None, "last_name": None, "company": None, "domain": None, "linkedin_url": PEOPLE[9].linkedin},
    ],
)
async def test_each_offered_set_of_facts_suffices(asker: Asker, known: dict[str, str | None]) -> None:
    asked = question(PEOPLE[9], **known)
    [service] = asker.vendor.services
    given = {
        name for name in ("first_name", "last_name", "company", "domain", "linkedin_url") if getattr(asked.facts, name)
    }
    assert any(need <= given for need in service.offer.needs)
    assert addresses(await asker.replies([asked])) == [PEOPLE[9].email]


async def test_an_address_that_is_known_is_not_sent_so_that_nothing_is_verified(
    server: simulator.Dropcontact, asker: Asker
) -> None:
    await asker.replies([question(PEOPLE[9], email="old@elsewhere.example")])
    assert [charge.operation for charge in server.charges] == ["find"]
    assert b"elsewhere" not in server.requests[0].body


async def test_what_it_offers_is_what_the_documentation_sells(asker: Asker) -> None:
    [service] = asker.vendor.services
    assert (service.offer.operation, service.batch, service.at_once) == (Operation.FIND, 250, 4)
    assert service.offer.price == 1
    assert [(limit.count, limit.period) for limit in service.limits] == [(60, SECOND)]
    assert not service.is_repeatable
    assert service.offer.gives <= set(Facts.__slots__)


async def test_250_records_go_out_in_one_request(server: simulator.Dropcontact, asker: Asker) -> None:
    many = [question(person(number)) for number in range(250)]
    await asker.submit(many)
    assert len(json.loads(server.requests[0].body)["data"]) == 250


async def test_nobody_is_offered_anything_without_a_key(server: simulator.Dropcontact, asker: Asker) -> None:
    asker.key = None
    asker.begin()
    assert asker.vendor.services == ()
    with pytest.raises(KeyRefused, match=r"set providers\.dropcontact\.api_key"):
        await asker.vendor.poll(Job("qzmxkpvlrtdnhwa", NOW, NOW), QUESTIONS[:1])
    assert server.requests == []


REFUSALS: list[tuple[str | int, type[Failure], Scope, str]] = [
    (Fault.FAILED, Permanent, Scope.ITEM, "200"),
    (Fault.FAILED_CREDITS, BudgetExhausted, Scope.PROVIDER, "credits do not cover"),
    (Fault.FAILED_KEY, KeyRefused, Scope.PROVIDER, "set providers.dropcontact.api_key"),
    (400, Permanent, Scope.ITEM, "400"),
    (Fault.NO_KEY, KeyRefused, Scope.PROVIDER, "401.*set providers.dropcontact.api_key"),
    (Fault.UNKNOWN_ACCOUNT, KeyRefused, Scope.PROVIDER, "401.*set providers.dropcontact.api_key"),
    (Fault.UNKNOWN_ACCOUNT_403, KeyRefused, Scope.PROVIDER, "403.*set providers.dropcontact.api_key"),
    (Fault.NO_CREDITS, BudgetExhausted, Scope.PROVIDER, "credits do not cover.*403.*enrichment.providers"),
    (Fault.QUOTA, BudgetExhausted, Scope.PROVIDER, "credits do not cover.*403"),
    (403, BudgetExhausted, Scope.PROVIDER, "403"),
    (404, Permanent, Scope.ITEM, "404"),
    (422, Permanent, Scope.ITEM, "422"),
    (Fault.RATE_LIMITED, RateLimited, Scope.PROVIDER, "429"),
    (Fault.TROUBLE, Transient, Scope.PROVIDER, "500"),
    (503, Transient, Scope.PROVIDER, "503"),
    (504, Uncertain, Scope.PROVIDER, "lost.*504"),
    (408, Transient, Scope.PROVIDER, "408"),
    (Fault.NO_REQUEST_ID, Uncertain, Scope.PROVIDER, "no request_id"),
    (Fault.NOT_READY, Uncertain, Scope.PROVIDER, "no request_id"),
    (Spoilt.REDIRECT, Transient, Scope.PROVIDER, "307"),
    (Spoilt.HTML, Uncertain, Scope.PROVIDER, "text/html instead of JSON"),
    (Spoilt.MISLABELLED, Uncertain, Scope.PROVIDER, "text/plain instead of JSON"),
    (Spoilt.TRUNCATED, Uncertain, Scope.PROVIDER, "cut off"),
    (Spoilt.EMPTY_BODY, Uncertain, Scope.PROVIDER, "empty"),
    (Spoilt.LOST, Uncertain, Scope.PROVIDER, "before the answer was whole"),
    (Spoilt.HUGE, Uncertain, Scope.PROVIDER, "too long"),
    (Spoilt.SLOW, Uncertain, Scope.PROVIDER, "in time"),
    (Spoilt.DRIP, Uncertain, Scope.PROVIDER, "in time"),
]


@pytest.mark.parametrize(("fault", "kind", "scope", "told"), REFUSALS, ids=[str(row[0]) for row in REFUSALS])
async def test_what_each_answer_to_a_submission_means(
    server: simulator.Dropcontact, asker: Asker, fault: str | int, kind: type[Failure], scope: Scope, told: str
) -> None:
    """The table of statuses; faults 52, 53, 58, 59 and 61."""
    if fault in (Spoilt.SLOW, Spoilt.DRIP):
        asker.http = Http(total_seconds=0.5)
        asker.begin()
    server.meet([fault])
    with pytest.raises(kind, match=told) as caught:
        await asker.submit(QUESTIONS[:1])
    failure = caught.value
    assert (type(failure), failure.scope, len(server.requests)) == (kind, scope, 1)
    assert not isinstance(failure, Transient) or failure.retry_after is None
    for word in (KEY, "not to be repeated", PEOPLE[0].last_name):
        assert word not in f"{failure!r} {failure.__cause__!r}"


@pytest.mark.parametrize(
    "fault",
    [404, 503, Fault.NO_CREDITS, Fault.RATE_LIMITED, Fault.UNKNOWN_ACCOUNT, Fault.FAILED],
    ids=str,
)
async def test_after_a_failure_that_says_so_nothing_was_done(
    server: simulator.Dropcontact, asker: Asker, fault: str | int
) -> None:
    server.meet([fault])
    with pytest.raises(Failure):
        await asker.submit(QUESTIONS[:2])
    assert (server.batches, server.balance) == ({}, 100_000)


async def test_any_success_status_will_do(server: simulator.Dropcontact, asker: Asker) -> None:
    server.meet([Fault.ACCEPTED])
    assert addresses(await asker.replies(QUESTIONS[9:10])) == [PEOPLE[9].email]


async def test_a_submission_that_is_not_called_a_success_is_none(asker: Asker) -> None:
    asker.http = Told(body=ACCEPTED.replace('"success":true', '"success":false').encode())
    asker.begin()
    with pytest.raises(Uncertain):
        await asker.submit(QUESTIONS[:1])


async def test_fault_55_a_wait_that_is_asked_for_has_its_bounds(server: simulator.Dropcontact, asker: Asker) -> None:
    server.meet([Fault.RATE_LIMITED_TEN_YEARS])
    with pytest.raises(RateLimited) as caught:
        await asker.submit(QUESTIONS[:1])
    assert caught.value.retry_after == DAY


async def test_fault_60_a_submission_that_never_left_is_weather(asker: Asker) -> None:
    asker.server.base_url = "https://nowhere.invalid"
    asker.begin()
    with pytest.raises(Transient, match="not reached") as caught:
        await asker.submit(QUESTIONS[:1])
    assert (type(caught.value), caught.value.scope) == (Transient, Scope.PROVIDER)


POLLS: list[tuple[str | int, type[Failure], str]] = [
    (Fault.FAILED, Uncertain, "failed to work"),
    (Fault.FAILED_CREDITS, Uncertain, "failed to work"),
    (Fault.FAILED_KEY, KeyRefused, "api_key"),
    (Fault.NO_DATA, Transient, "no result"),
    (400, Transient, "400"),
    (404, Transient, "404"),
    (422, Transient, "422"),
    (Fault.UNKNOWN_ACCOUNT, KeyRefused, "401"),
    (Fault.UNKNOWN_ACCOUNT_403, KeyRefused, "403"),
    (Fault.RATE_LIMITED, RateLimited, "429"),
    (Fault.TROUBLE, Transient, "500"),
    (504, Transient, "504"),
    (Spoilt.REDIRECT, Transient, "307"),
    (Spoilt.HTML, Transient, "text/html instead of JSON"),
    (Spoilt.MISLABELLED, Transient, "text/plain instead of JSON"),
    (Spoilt.TRUNCATED, Transient, "cut off"),
    (Spoilt.EMPTY_BODY, Transient, "empty"),
    (Spoilt.LOST, Transient, "before the answer was whole"),
    (Spoilt.HUGE, Transient, "too long"),
    (Spoilt.SLOW, Transient, "in time"),
]


@pytest.mark.parametrize(("fault", "kind", "told"), POLLS, ids=[str(row[0]) for row in POLLS])
async def test_what_each_answer_to_a_poll_means_and_that_the_result_can_still_be_had(
    server: simulator.Dropcontact, asker: Asker, fault: str | int, kind: type[Failure], told: str
) -> None:
    job = await asker.submit(QUESTIONS[:2])
    if fault is Spoilt.SLOW:
        asker.http = Http(total_seconds=0.5)
        asker.begin()
    server.meet([fault])
    with pytest.raises(kind, match=told) as caught:
        await asker.poll(job, QUESTIONS[:2], at=2 * MINUTE)
    assert (type(caught.value), caught.value.scope) == (kind, Scope.PROVIDER)
    assert KEY not in f"{caught.value!r} {caught.value.__cause__!r}"
    asker.http = Http()
    asker.begin()
    assert addresses(await asker.wait(job, QUESTIONS[:2])) == [PEOPLE[0].email, f"contact@{PEOPLE[1].domain}"]
    assert server.spent == 2


@pytest.mark.parametrize("fault", [404, 503, Spoilt.LOST, Fault.NO_DATA])
async def test_a_result_is_hoped_for_as_long_as_dropcontact_keeps_it(
    server: simulator.Dropcontact, asker: Asker, fault: str | int
) -> None:
    job = await asker.submit(QUESTIONS[:1])
    server.always = fault
    with pytest.raises(Transient):
        await asker.poll(job, QUESTIONS[:1], at=29 * DAY)
    with pytest.raises(Uncertain, match="30 days"):
        await asker.poll(job, QUESTIONS[:1], at=30 * DAY)


async def test_a_batch_that_takes_ninety_seconds_is_asked_for_three_times(
    server: simulator.Dropcontact, asker: Asker
) -> None:
    server.ready_after_seconds = 90
    await asker.replies(QUESTIONS[:1])
    assert Counter(request.method for request in server.requests)["GET"] in (3, 4)


async def test_a_batch_is_asked_for_every_half_minute_then_every_five_minutes(
    server: simulator.Dropcontact, asker: Asker
) -> None:
    server.ready_after_seconds = 50 * 60
    job = await asker.submit(QUESTIONS[:1])
    assert job.poll_at - job.submitted_at == 30 * SECOND
    while isinstance(told := await asker.poll(job, QUESTIONS[:1]), Job):
        usual = 30 * SECOND if job.poll_at - job.submitted_at < 10 * MINUTE else 5 * MINUTE
        assert 0.8 * usual <= told.poll_at - job.poll_at <= 1.2 * usual
        job = told
    assert addresses(told) == [PEOPLE[0].email]
    assert not any(request.query for request in server.requests)


async def test_the_jitter_of_a_poll_is_always_the_same_and_of_two_polls_differs(asker: Asker) -> None:
    job = await asker.submit(QUESTIONS[:1])
    first, again, other = [
        await asker.poll(each, QUESTIONS[:1], at=30 * SECOND) for each in (job, job, replace(job, polls=1))
    ]
    assert isinstance(first, Job)
    assert isinstance(other, Job)
    assert first == again
    assert first.poll_at != other.poll_at


async def test_after_an_hour_what_is_finished_is_taken_and_the_rest_is_unfinished(
    server: simulator.Dropcontact, asker: Asker
) -> None:
    server.is_slow = lambda who: who.number == 1
    replies = await asker.replies([QUESTIONS[0], QUESTIONS[1], QUESTIONS[9]])
    assert addresses(replies) == [PEOPLE[0].email, None, PEOPLE[9].email]
    assert replies[1] == Unfinished()
    assert [request.query for request in server.requests][-2:] == ["", "forceResults=true"]
    assert cost(replies) == server.spent == 2
    asker.clock.instant += DAY
    server.settle()
    assert server.spent == 3  # what was unfinished may be charged later


async def test_after_a_pause_of_the_daemon_the_first_poll_is_a_plain_one(
    server: simulator.Dropcontact, asker: Asker
) -> None:
    job = await asker.submit(QUESTIONS)
    asker.begin()
    replies = await asker.poll(job, QUESTIONS, at=29 * DAY)
    assert not isinstance(replies, Job)
    assert Unfinished() not in replies
    assert (len(server.requests), cost(replies)) == (2, server.spent)


async def test_a_batch_that_dropcontact_does_not_know_is_pending_for_a_day_and_then_lost(
    server: simulator.Dropcontact, asker: Asker
) -> None:
    job = await asker.submit(QUESTIONS[:1])
    server.batches.clear()
    with pytest.raises(Uncertain, match="24 hours") as caught:
        await asker.wait(job, QUESTIONS[:1])
    assert caught.value.scope is Scope.PROVIDER
    assert DAY <= asker.clock.instant - NOW <= DAY + 6 * MINUTE
    assert [request.method for request in server.requests].count("POST") == 1


async def test_a_batch_is_not_given_up_before_it_was_asked_for_by_force(
    server: simulator.Dropcontact, asker: Asker
) -> None:
    server.ready_after_seconds, server.is_slow = 60, lambda who: who.number == 1
    server.slow_seconds = 10 * DAY.total_seconds()
    job = await asker.submit(QUESTIONS[:2])
    told = await asker.poll(job, QUESTIONS[:2], at=2 * DAY)
    assert isinstance(told, Job)
    assert addresses(await asker.wait(told, QUESTIONS[:2])) == [PEOPLE[0].email, None]


CHANGES: list[tuple[str, Callable[[list[str | None]], list[str | None]]]] = [
    (Fault.REORDERED, lambda expected: expected),
    (Fault.NO_ECHO, lambda expected: expected),
    ("reordered+no_echo", lambda expected: expected),
    (Fault.PARTIAL, lambda expected: [None, *expected[1:]]),
    ("partial+no_echo", lambda expected: [None, *expected[1:]]),
    ("partial+reordered+no_echo", lambda expected: [None, *expected[1:]]),
    (Fault.NULL_ITEMS, lambda expected: [None, *expected[1:]]),
    ("null_items+no_echo", lambda expected: [None, *expected[1:]]),
    ("null_items+reordered+no_echo+french", lambda expected: [None, *expected[1:]]),
]


@pytest.mark.parametrize(("fault", "change"), CHANGES, ids=[row[0] for row in CHANGES])
async def test_an_answer_reaches_its_own_question_however_the_batch_comes_back(
    server: simulator.Dropcontact, asker: Asker, fault: str, change: Callable[[list[str | None]], list[str | None]]
) -> None:
    questions = [*QUESTIONS[5:10], *QUESTIONS[15:20]]
    expected: list[str | None] = [each.email for each in (*PEOPLE[5:10], *PEOPLE[15:20])]
    job = await asker.submit(questions)
    server.always = fault
    replies = await asker.poll(job, questions, at=MINUTE)
    assert not isinstance(replies, Job)
    assert addresses(replies) == change(expected)
    assert [each == Unfinished() for each in replies] == [each is None for each in change(expected)]


async def test_a_batch_is_cut_to_what_the_balance_covers(server: simulator.Dropcontact, asker: Asker) -> None:
    def batch() -> int:
        [service] = asker.vendor.services
        return service.batch

    server.balance = 30
    with pytest.raises(BudgetExhausted) as caught:
        await asker.submit([question(person(number)) for number in range(250)])
    assert caught.value.retry_after == 5 * SECOND
    assert (batch(), server.balance) == (125, 30)
    job = await asker.submit(QUESTIONS[:20])
    assert batch() == server.balance == 10
    await asker.wait(job, QUESTIONS[:20])
    assert batch() == server.balance == 16
    server.balance = 0
    with pytest.raises(BudgetExhausted) as caught:
        await asker.submit(QUESTIONS[:1])
    assert (batch(), caught.value.retry_after) == (1, None)
    server.balance = 5_000
    await asker.submit(QUESTIONS[:1])
    assert batch() == 250


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"base_url": "https://api.dropcontact.io"}, r"https://api\.dropcontact\.com"),
        ({"base_url": "http://api.dropcontact.com"}, "https"),
        ({"api_key": "two words"}, "one word"),
        ({"credits_per_day": -1}, "greater than or equal to 0"),
        ({"batch_size": 251}, "250"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_with_the_mend(changes: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        DropcontactSettings.model_validate(changes)


def test_every_setting_has_a_default() -> None:
    assert DropcontactSettings().base_url == "https://api.dropcontact.com"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_BODIES = _JSON | st.fixed_dictionaries(
    {},
    optional={
        "error": st.booleans() | _JSON,
        "success": st.booleans() | _JSON,
        "reason": st.sampled_from(["Unknown account", "Not enough credits"]) | _JSON,
        "request_id": st.just("qzmxkpvlrtdnhwa") | _JSON,
        "credits_left": _JSON,
        "credits": _JSON,
        "data": st.lists(_JSON, max_size=3) | _JSON,
    },
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=_BODIES, age=st.sampled_from([MINUTE, 2 * HOUR, 2 * DAY, 40 * DAY]))
async def test_rubbish_raises_nothing_but_what_the_engine_knows(asker: Asker, body: object, age: timedelta) -> None:
    asker.clock.instant = NOW
    asker.http = Told(body=json.dumps(body).encode())
    asker.begin()
    with suppress(KeyRefused, BudgetExhausted, Permanent, Uncertain):
        assert (await asker.submit(QUESTIONS[:2])).id.strip()
    with suppress(KeyRefused, Transient, Uncertain):
        told = await asker.poll(Job("qzmxkpvlrtdnhwa", NOW, NOW + age), QUESTIONS[:2], at=age)
        assert isinstance(told, Job) or len(told) == 2
    assert [service.batch >= 1 for service in asker.vendor.services] == [True]
