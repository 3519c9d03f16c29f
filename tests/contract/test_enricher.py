"""One suite for everything that answers questions for credits, each against its simulator.

A lost or spoilt answer to what is paid for is `Uncertain`; whatever says that nothing was done was not paid for; and no
error tells of a person or a key.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from camd.domain.errors import (
    Failure,
    KeyRefused,
    Permanent,
    PlanRefused,
    Scope,
    Transient,
    Uncertain,
)
from camd.domain.facts import Facts
from camd.domain.waterfall import REF, VERDICT, Operation, known_facts
from camd.ports.clock import Clock
from camd.ports.lookups import Enricher, Finding, Job, Question, Reply, Service
from camd.providers.apollo_api import ApolloSettings
from camd.providers.apollo_match import ApolloEnricher
from camd.providers.dropcontact import Dropcontact, DropcontactSettings
from camd.providers.http import Answer, Http
from camd.providers.hunter_api import HunterSettings
from camd.providers.hunter_lookups import HunterLookups
from camd.providers.millionverifier import MillionVerifier, MillionVerifierSettings
from camd.providers.zerobounce import ZeroBounce, ZeroBounceSettings
from tests.simulators import apollo, dropcontact, hunter, millionverifier, zerobounce
from tests.simulators.people import Person, person, population
from tests.simulators.vendor import Spoilt, Vendor

COUNT = 6
PEOPLE = population(COUNT)
STRANGER = person(900)
OTHER_KEY = "another-key-that-nobody-knows"
NAMED = (Transient, KeyRefused, PlanRefused, Permanent, Uncertain)
"""`RateLimited` and `BudgetExhausted` are `Transient`."""
LOST = [Spoilt.LOST, Spoilt.HTML, Spoilt.MISLABELLED, Spoilt.TRUNCATED, Spoilt.EMPTY_BODY, Spoilt.HUGE]
LATE = [Spoilt.SLOW, Spoilt.DRIP]


@dataclass(slots=True)
class HandClock:
    """Stands still until a test moves it."""

    instant: datetime = datetime(2026, 11, 2, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return self.instant.timestamp()

    @contextmanager
    def real_work(self) -> Iterator[None]:
        yield


Make = Callable[[SecretStr | None, str, Clock, Http | None], Enricher]


@dataclass(slots=True)
class Kind:
    """An enricher of one vendor, asked for one operation. `can_reorder`: answers of several come in any order."""

    operation: Operation
    vendor: Vendor
    key: str
    make: Make
    clock: HandClock = field(default_factory=HandClock)
    can_reorder: bool = False

    def enricher(self, key: str | None = "", base_url: str = "", http: Http | None = None) -> Enricher:
        """With the vendor's key and address unless others are named; None is no key."""
        given_key = None if key is None else SecretStr(key or self.key)
        return self.make(given_key, base_url or self.vendor.base_url or "http://127.0.0.1:9", self.clock, http)

    def service(self) -> Service:
        [service] = [each for each in self.enricher().services if each.offer.operation is self.operation]
        return service

    def questions(self, people: Sequence[Person]) -> list[Question]:
        return [Question(f"question-{each.number}", self._facts(each)) for each in people]

    def calls(self, people: Sequence[Person]) -> list[list[Question]]:
        """As many at once as it takes."""
        questions, batch = self.questions(people), self.service().batch
        return [questions[start : start + batch] for start in range(0, len(questions), batch)]

    def _facts(self, who: Person) -> Facts:
        if self.operation is Operation.VERIFY:
            return Facts(email=who.email)
        return Facts(first_name=who.first_name, last_name=who.last_name, company=who.company, domain=who.domain)


def _kind(name: str) -> Kind:
    clock = HandClock()
    match name:
        case "apollo":
            return Kind(
                Operation.MATCH,
                apollo.Apollo(people=list(PEOPLE)),
                apollo.KEY,
                lambda key, url, clock, http: ApolloEnricher(ApolloSettings(api_key=key, base_url=url), clock, http),
                can_reorder=True,
            )
        case "dropcontact":
            return Kind(
                Operation.FIND,
                dropcontact.Dropcontact(people=PEOPLE, seconds=clock.monotonic),
                dropcontact.KEY,
                lambda key, url, clock, http: Dropcontact(DropcontactSettings(api_key=key, base_url=url), clock, http),
                clock,
                can_reorder=True,
            )
        case "hunter-find" | "hunter-verify":
            return Kind(
                Operation.FIND if name == "hunter-find" else Operation.VERIFY,
                hunter.Hunter(people=PEOPLE),
                hunter.KEY,
                lambda key, url, clock, http: HunterLookups(HunterSettings(api_key=key, base_url=url), clock, http),
            )
        case "millionverifier":
            return Kind(
                Operation.VERIFY,
                millionverifier.MillionVerifier(people=PEOPLE),
                millionverifier.KEY,
                lambda key, url, clock, http: MillionVerifier(
                    MillionVerifierSettings(api_key=key, base_url=url), clock, http
                ),
            )
        case _:
            return Kind(
                Operation.VERIFY,
                zerobounce.ZeroBounce(people=PEOPLE),
                zerobounce.KEY,
                lambda key, url, clock, http: ZeroBounce(ZeroBounceSettings(api_key=key, base_url=url), clock, http),
                can_reorder=True,
            )


KINDS = ["apollo", "dropcontact", "hunter-find", "hunter-verify", "millionverifier", "zerobounce"]
JOBS = ["dropcontact"]


@pytest.fixture(params=KINDS)
async def kind(request: pytest.FixtureRequest) -> AsyncIterator[Kind]:
    kind = _kind(request.param)
    async with kind.vendor.serving():
        yield kind


@pytest.fixture(params=JOBS)
async def job_kind(request: pytest.FixtureRequest) -> AsyncIterator[Kind]:
    kind = _kind(request.param)
    async with kind.vendor.serving():
        yield kind


async def answered(kind: Kind, enricher: Enricher, questions: Sequence[Question]) -> Sequence[Reply]:
    """The replies, at once or when the job is done."""
    return await finished(kind, enricher, questions, await enricher.ask(kind.operation, questions))


async def finished(
    kind: Kind, enricher: Enricher, questions: Sequence[Question], outcome: Sequence[Reply] | Job
) -> Sequence[Reply]:
    for _ in range(100):
        if not isinstance(outcome, Job):
            return outcome
        kind.clock.instant = max(kind.clock.instant, outcome.poll_at)
        outcome = await enricher.poll(outcome, questions)
    raise AssertionError("the job never ends")


async def failure(kind: Kind, enricher: Enricher, job: Job | None = None) -> Failure:
    """Of a call about one person, or of a poll of its job."""
    questions = kind.questions(PEOPLE[:1])
    with pytest.raises(Failure) as caught:
        await (enricher.poll(job, questions) if job else enricher.ask(kind.operation, questions))
    tells_of_nobody(kind, caught.value)
    return caught.value


def tells_of_nobody(kind: Kind, failure: Failure) -> None:
    """Nor do the errors that led to it."""
    told = ""
    error: BaseException | None = failure
    while error is not None:
        told += f"{error!r} {vars(error)} "
        error = error.__cause__ or error.__context__
    for secret in (kind.key, OTHER_KEY, PEOPLE[0].last_name, "not to be repeated", "@"):
        assert secret.lower() not in told.lower()


async def test_without_a_key_there_are_no_services(kind: Kind) -> None:
    assert list(kind.enricher(key=None).services) == []


async def test_what_is_offered_can_be_asked_and_told(kind: Kind) -> None:
    enricher = kind.enricher()
    everything = Facts(
        email="x", first_name="x", last_name="x", company="x", domain="x", linkedin_url=PEOPLE[0].linkedin
    )
    askable = known_facts(everything)
    tellable = {each.name for each in fields(Facts)} | {VERDICT}
    operations = [service.offer.operation for service in enricher.services]
    assert len(set(operations)) == len(operations)
    for service in enricher.services:
        assert service.offer.provider == enricher.name
        assert service.offer.needs
        assert all(need <= askable or need == {REF} for need in service.offer.needs)
        assert service.offer.gives
        assert service.offer.gives <= tellable
        assert service.offer.price > 0
        assert min(service.batch, service.at_once, *(limit.count for limit in service.limits)) >= 1


async def test_each_ask_and_each_poll_is_one_request(kind: Kind) -> None:
    enricher, questions = kind.enricher(), kind.questions(PEOPLE[:1])
    outcome = await enricher.ask(kind.operation, questions)
    requests = 1
    while isinstance(outcome, Job):
        assert len(kind.vendor.requests) == requests
        kind.clock.instant = outcome.poll_at
        outcome = await enricher.poll(outcome, questions)
        requests += 1
    assert len(kind.vendor.requests) == requests


async def test_replies_come_in_the_order_of_the_questions(kind: Kind) -> None:
    kind.vendor.always = "reordered" if kind.can_reorder else None
    for questions in kind.calls(PEOPLE[::-1]):
        replies = await answered(kind, kind.enricher(), questions)
        assert len(replies) == len(questions)
        for question, reply in zip(questions, replies, strict=True):
            assert isinstance(reply, Finding)
            [asked] = [each for each in PEOPLE if question.ref == f"question-{each.number}"]
            assert asked.email in (reply.raw or "").lower()


async def test_the_credits_of_a_call_are_what_the_vendor_charged(kind: Kind) -> None:
    enricher = kind.enricher()
    for questions in kind.calls([*PEOPLE, STRANGER]):
        before = kind.vendor.spent
        replies = await answered(kind, enricher, questions)
        assert total(replies) == kind.vendor.spent - before
    assert kind.vendor.spent > 0


async def test_a_question_costs_at_most_its_price(kind: Kind) -> None:
    for questions in kind.calls([*PEOPLE, STRANGER]):
        for reply in await answered(kind, kind.enricher(), questions):
            assert isinstance(reply, Finding)
            assert 0 <= reply.credits <= kind.service().offer.price


@pytest.mark.parametrize("fault", LOST)
async def test_fault_61_an_answer_that_is_lost_or_no_answer_may_have_been_paid_for(kind: Kind, fault: Spoilt) -> None:
    """Faults 52, 53 and 61."""
    kind.vendor.meet([fault])
    told = await failure(kind, kind.enricher())
    assert (type(told), told.scope, len(kind.vendor.requests)) == (Uncertain, Scope.PROVIDER, 1)


@pytest.mark.parametrize("fault", LATE)
async def test_fault_58_no_answer_outlasts_the_deadline_of_its_call(fault: Spoilt) -> None:
    async def late(kind: Kind) -> None:
        kind.vendor.always = fault
        async with kind.vendor.serving():
            told = await failure(kind, kind.enricher(http=Http(total_seconds=1)))
            assert (type(told), told.scope) == (Uncertain, Scope.PROVIDER)

    # At once, as each waits for its second.
    async with anyio.create_task_group() as group:
        for name in KINDS:
            group.start_soon(late, _kind(name))


async def test_whoever_cannot_be_reached_was_not_asked(kind: Kind) -> None:
    told = await failure(kind, kind.enricher(base_url="http://127.0.0.1:9"))
    assert (type(told), told.scope, kind.vendor.spent) == (Transient, Scope.PROVIDER, Decimal(0))


@pytest.mark.parametrize("status", [500, 503])
async def test_a_vendor_in_trouble_has_done_nothing(kind: Kind, status: int) -> None:
    kind.vendor.meet([status])
    told = await failure(kind, kind.enricher())
    assert (type(told), told.scope, kind.vendor.spent) == (Transient, Scope.PROVIDER, Decimal(0))


async def test_fault_59_a_redirect_is_not_followed(kind: Kind) -> None:
    kind.vendor.meet([Spoilt.REDIRECT])
    told = await failure(kind, kind.enricher())
    assert (type(told), told.scope, len(kind.vendor.requests)) == (Transient, Scope.PROVIDER, 1)


async def test_a_wrong_key_is_told_by_its_setting_and_pays_for_nothing(kind: Kind) -> None:
    enricher = kind.enricher(key=OTHER_KEY)
    told = await failure(kind, enricher)
    assert (type(told), told.scope, kind.vendor.spent) == (KeyRefused, Scope.PROVIDER, Decimal(0))
    assert f"providers.{enricher.name}.api_key" in str(told)


async def test_the_key_is_in_no_repr(kind: Kind) -> None:
    enricher = kind.enricher()
    assert kind.key not in f"{enricher!r} {vars(enricher)!r} {enricher.services!r}"


@pytest.mark.parametrize("fault", [*LOST, Spoilt.REDIRECT, 500, 503])
async def test_a_poll_that_fails_costs_nothing_and_is_made_again(job_kind: Kind, fault: str | int) -> None:
    enricher, questions = job_kind.enricher(), job_kind.questions(PEOPLE[:1])
    job = await enricher.ask(job_kind.operation, questions)
    assert isinstance(job, Job)
    job_kind.clock.instant = job.poll_at
    job_kind.vendor.meet([fault])
    told = await failure(job_kind, enricher, job)
    assert (type(told), told.scope) == (Transient, Scope.PROVIDER)
    assert total(await finished(job_kind, enricher, questions, job)) == job_kind.vendor.spent == 1


def total(replies: Sequence[Reply]) -> Decimal:
    return sum((reply.credits for reply in replies if isinstance(reply, Finding)), Decimal(0))


@dataclass(frozen=True, slots=True)
class Heard(Http):
    """Keeps the answers."""

    answers: list[Answer] = field(default_factory=list)

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes | None = None
    ) -> Answer:
        self.answers.append(await Http.request(self, method, url, headers=headers, content=content))
        return self.answers[-1]


@dataclass(frozen=True, slots=True)
class Told(Http):
    """Gives one answer after the other."""

    answers: list[Answer] = field(default_factory=list)

    async def request(
        self,
        method: str,  # noqa: ARG002 - as of `Http`
        url: str,  # noqa: ARG002 - same
        *,
        headers: Mapping[str, str],  # noqa: ARG002 - same
        content: bytes | None = None,  # noqa: ARG002 - same
    ) -> Answer:
        return self.answers.pop(0)


@cache
def good_answers(name: str) -> Sequence[Answer]:
    """To a call about two people at most, and of a job to its poll."""

    async def hear() -> Sequence[Answer]:
        kind, http = _kind(name), Heard()
        async with kind.vendor.serving():
            await answered(kind, kind.enricher(http=http), kind.calls(PEOPLE[:2])[0])
        return http.answers[:1] + http.answers[-1:] if name in JOBS else http.answers

    return anyio.run(hear)


TEXTS = st.sampled_from(
    ["unknown", "valid", "error", "credits", "api key", "a\r\nb", "\ud800", "x" * 5_000, PEOPLE[0].email]
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=9), TEXTS)
RUBBISH = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | TEXTS, inner, max_size=3),
    max_leaves=6,
)
STATUSES = [200, 200, 200, 200, 201, 202, 204, 222, 301, 400, 401, 402, 403, 404, 409, 422, 429, 451, 500, 524, 599]


def places(told: Any) -> Iterator[tuple[Any, Any]]:
    """Everything within, as a container and the key in it."""
    if isinstance(told, dict | list):
        for key, inner in list(told.items() if isinstance(told, dict) else enumerate(told)):
            yield told, key
            yield from places(inner)


@st.composite
def spoilt(draw: st.DrawFn, good: bytes) -> Any:
    """Rubbish, or a good answer with some of it replaced by rubbish."""
    told = json.loads(good)
    for _ in range(draw(st.integers(0, 4))):
        container, key = draw(st.sampled_from([*places({"": told})]))
        value = draw(RUBBISH)
        if container == {"": told}:
            told = value
        else:
            container[key] = value
    return told


def is_believable(reply: Reply) -> bool:
    if not isinstance(reply, Finding):
        return True
    texts = [value for value in (getattr(reply.facts, each.name) for each in fields(Facts)) if isinstance(value, str)]
    return (
        reply.credits >= 0
        and len(reply.raw or "") <= 4_000
        and PEOPLE[0].email not in (reply.evidence or "")
        and all(len(text) <= 500 and not set(text) & set("\r\n\0\ud800") for text in texts)
    )


@pytest.mark.parametrize(("name", "place"), [*((name, 0) for name in KINDS), *((name, 1) for name in JOBS)])
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_is_answered_comes_out_as_replies_or_as_a_named_failure(
    name: str, place: int, data: st.DataObject
) -> None:
    """`place` is that of the answer which is spoilt."""
    kind, good = _kind(name), list(good_answers(name))
    body = json.dumps(data.draw(spoilt(good[place].body))).encode()
    good[place] = replace(good[place], body=body, status=data.draw(st.sampled_from(STATUSES)))

    async def ask() -> None:
        questions = kind.calls(PEOPLE[:2])[0]
        enricher = kind.enricher(http=Told(answers=good))
        outcome = await enricher.ask(kind.operation, questions)
        if place == 1:
            assert isinstance(outcome, Job)
            outcome = await enricher.poll(outcome, questions)
        if not isinstance(outcome, Job):
            assert len(outcome) == len(questions)
            assert all(map(is_believable, outcome))

    failed: Failure | None = None
    try:
        anyio.run(ask)
    except Failure as failure:
        failed = failure
    if failed is not None:
        assert isinstance(failed, NAMED)
        tells_of_nobody(kind, failed)
