"""Hunter's finder and verifier against their simulator: what each answer means, and what it cost."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import SecretStr

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
from camd.domain.waterfall import VERDICT, LookupResult, Operation
from camd.ports.lookups import NOTHING, Finding, Later, Memory, Question, Reply
from camd.providers.http import Http
from camd.providers.hunter_api import REST, HunterSettings
from camd.providers.hunter_lookups import HunterLookups
from tests.simulators.hunter import KEY, SANDBOX_KEY, Fault, Hunter
from tests.simulators.people import Person, person, population
from tests.simulators.vendor import Spoilt

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
FREE, HALF, ONE = Decimal(0), Decimal("0.5"), Decimal(1)
FIND, VERIFY = Operation.FIND, Operation.VERIFY
SOMEBODY = person(1)


class StillClock:
    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    @contextmanager
    def real_work(self) -> Iterator[None]:
        yield


@dataclass(slots=True)
class Asker:
    """Asks as the engine does, each time as a new process that has kept only the memory, through JSON."""

    server: Hunter
    http: Http = field(default_factory=Http)
    settings: HunterSettings = field(init=False)

    def __post_init__(self) -> None:
        self.settings = HunterSettings(api_key=SecretStr(KEY), base_url=self.server.base_url)

    def lookups(self) -> HunterLookups:
        return HunterLookups(self.settings, StillClock(), self.http)

    async def ask(self, operation: Operation, facts: Facts, memory: Memory = NOTHING) -> Reply:
        kept: Memory = json.loads(json.dumps(dict(memory)))
        [reply] = await self.lookups().ask(operation, [Question("1", facts, kept)])
        return reply

    async def find(self, facts: Facts) -> Finding:
        reply = await self.ask(FIND, facts)
        assert isinstance(reply, Finding)
        return reply

    async def verify(self, address: str) -> Finding:
        reply = await self.ask(VERIFY, Facts(email=address))
        assert isinstance(reply, Finding)
        return reply

    async def failure(self, operation: Operation) -> Failure:
        with pytest.raises(Failure) as caught:
            await self.ask(operation, known(SOMEBODY))
        return caught.value

    async def waits(self, address: str) -> tuple[list[timedelta], Finding]:
        """What passes between the askings until there is an answer."""
        waits: list[timedelta] = []
        reply = await self.ask(VERIFY, Facts(email=address))
        while isinstance(reply, Later):
            waits.append(reply.after)
            reply = await self.ask(VERIFY, Facts(email=address), reply.memory)
        assert isinstance(reply, Finding)
        return waits, reply


def known(somebody: Person) -> Facts:
    """Enough to ask either question."""
    return Facts(
        email=somebody.email,
        first_name=somebody.first_name,
        last_name=somebody.last_name,
        domain=somebody.domain,
    )


@pytest.fixture
async def server() -> AsyncIterator[Hunter]:
    async with Hunter(people=population(5)).serving() as hunter:
        yield hunter


@pytest.fixture
def asker(server: Hunter) -> Asker:
    return Asker(server)


async def test_an_address_is_verified_by_one_get_with_the_key_in_a_header(server: Hunter, asker: Asker) -> None:
    await asker.verify("mara+x@nordwind.example")
    [request] = server.requests
    assert (request.method, request.target) == ("GET", "/v2/email-verifier?email=mara%2Bx%40nordwind.example")
    assert (request.headers["x-api-key"], request.body) == (KEY, b"")
    assert "authorization" not in request.headers


NAMES = Facts(first_name="Zoë Ann", last_name="Ó Linden")
PROFILE = "https://www.linkedin.com/in/mara-linden"


@pytest.mark.parametrize(
    ("facts", "query"),
    [
        (
            replace(NAMES, domain="a.example", company="A & Söhne", linkedin_url=PROFILE),
            "domain=a.example&first_name=Zo%C3%AB%20Ann&last_name=%C3%93%20Linden",
        ),
        (
            replace(NAMES, company="A & Söhne", linkedin_url=PROFILE),
            "company=A%20%26%20S%C3%B6hne&first_name=Zo%C3%AB%20Ann&last_name=%C3%93%20Linden",
        ),
        (Facts(first_name="Mara", linkedin_url=PROFILE), "linkedin_handle=mara-linden"),
        (Facts(linkedin_url=PROFILE, domain="a.example"), "linkedin_handle=mara-linden&domain=a.example"),
        (Facts(linkedin_url="https://de.linkedin.com/in/j%C3%BCrgen/"), "linkedin_handle=j%C3%BCrgen"),
        (
            replace(NAMES, last_name="Li***n", domain="a.example", linkedin_url=PROFILE),
            "linkedin_handle=mara-linden&domain=a.example",
        ),
    ],
    ids=["domain", "company", "profile", "profile and domain", "country host", "masked name"],
)
async def test_a_person_is_looked_for_by_the_best_that_is_known_and_never_by_a_masked_name(
    server: Hunter, asker: Asker, facts: Facts, query: str
) -> None:
    asker.settings.max_duration = 20
    await asker.find(facts)
    [request] = server.requests
    assert (request.method, request.target) == ("GET", f"/v2/email-finder?{query}&max_duration=20")
    assert request.headers["x-api-key"] == KEY


async def test_each_way_to_name_a_person_finds_the_address(server: Hunter, asker: Asker) -> None:
    everything = known(SOMEBODY)
    by_name = replace(everything, email=None)
    ways = [by_name, replace(by_name, domain=None, company=SOMEBODY.company), Facts(linkedin_url=SOMEBODY.linkedin)]
    found = [await asker.find(facts) for facts in ways]
    assert [finding.facts.email for finding in found] == [SOMEBODY.email] * 3
    assert [finding.facts.last_name for finding in found] == [None, None, SOMEBODY.last_name]
    assert sum(finding.credits for finding in found) == server.spent == 3


async def test_the_example_of_a_verification_is_understood(server: Hunter, asker: Asker) -> None:
    asker.settings.api_key = SecretStr(SANDBOX_KEY)
    finding = await asker.verify("mara.linden@nordwind.example")
    assert finding == Finding(
        LookupResult.FOUND,
        HALF,
        verdict=Verdict.CATCH_ALL,
        evidence="hunter: accept_all, score 62",
        raw=finding.raw,
    )
    assert finding.raw is not None
    assert json.loads(finding.raw)["mx_records"] is True
    assert server.charges == []


async def test_the_example_of_a_person_is_understood(asker: Asker) -> None:
    asker.settings.api_key = SecretStr(SANDBOX_KEY)
    finding = await asker.find(Facts(first_name="Mara", last_name="Linden", domain="nordwind.example"))
    assert finding == Finding(
        LookupResult.FOUND,
        ONE,
        Facts(
            email="mara.linden@nordwind.example",
            title="Head of Operations",
            company="Nordwind Logistik",
            domain="nordwind.example",
        ),
        verdict=Verdict.VALID,
        evidence="hunter: valid on 2026-10-30, score 94",
        raw=finding.raw,
    )


async def test_nobody_found_costs_nothing(server: Hunter, asker: Asker) -> None:
    server.unfound.add(SOMEBODY.email)
    finding = await asker.find(known(SOMEBODY))
    assert (finding.result, finding.credits, finding.facts) == (LookupResult.NO_MATCH, FREE, Facts())
    assert server.spent == 0


STATUSES = [
    ("valid", Verdict.VALID),
    ("invalid", Verdict.INVALID),
    ("accept_all", Verdict.CATCH_ALL),
    ("webmail", Verdict.FREEMAIL),
    ("disposable", Verdict.INVALID),
    ("unknown", Verdict.UNKNOWN),
    ("quantum", Verdict.UNKNOWN),
]


@pytest.mark.parametrize(("status", "verdict"), STATUSES)
async def test_each_status_has_its_verdict_and_its_price_whatever_the_score(
    server: Hunter, asker: Asker, status: str, verdict: Verdict
) -> None:
    """The simulator's score is 94: a domain that accepts everything stays one."""
    server.statuses[SOMEBODY.email] = status
    verified, found = await asker.verify(SOMEBODY.email), await asker.find(known(SOMEBODY))
    assert (verified.result, verified.verdict, verified.credits) == (LookupResult.FOUND, verdict, HALF)
    assert (found.result, found.verdict, found.credits) == (LookupResult.FOUND, verdict, ONE)
    assert server.spent == verified.credits + found.credits
    assert SOMEBODY.email not in f"{verified.evidence} {found.evidence}"


async def test_fields_of_tomorrow_harm_nobody(server: Hunter, asker: Asker) -> None:
    server.always = Fault.UNHEARD_OF
    verified, found = await asker.verify(SOMEBODY.email), await asker.find(known(SOMEBODY))
    assert (verified.verdict, verified.evidence) == (Verdict.UNKNOWN, "hunter: a status of its own, score 94")
    assert (found.verdict, found.facts.email) == (Verdict.UNKNOWN, SOMEBODY.email)


async def test_an_answer_of_nothing_but_nulls_is_no_verdict_and_nobody_found(server: Hunter, asker: Asker) -> None:
    server.always = Fault.NULL_FIELDS
    verified, found = await asker.verify(SOMEBODY.email), await asker.find(known(SOMEBODY))
    assert (verified.verdict, found.result) == (Verdict.UNKNOWN, LookupResult.NO_MATCH)


async def test_a_verification_costs_what_the_plan_says(server: Hunter, asker: Asker) -> None:
    server.verification_credits = asker.settings.verification_credits = ONE
    finding = await asker.verify(SOMEBODY.email)
    assert finding.credits == server.spent == asker.lookups().services[1].offer.price == 1


ROUND = [2 * SECOND, 4 * SECOND, 8 * SECOND, 10 * SECOND, 10 * SECOND, 10 * SECOND]


async def test_202_is_polled_and_put_back_five_times_and_then_the_verdict_is_unknown(
    server: Hunter, asker: Asker
) -> None:
    """Its half of the data is never read."""
    server.checking[SOMEBODY.email] = 1_000
    waits, finding = await asker.waits(SOMEBODY.email)
    assert waits == ROUND + 5 * [15 * MINUTE, *ROUND]
    assert (finding.result, finding.verdict, finding.raw) == (LookupResult.FOUND, Verdict.UNKNOWN, None)
    assert finding.evidence == "hunter: no verdict, 202 each time"
    assert finding.credits == server.spent == HALF


async def test_202_that_becomes_a_verdict_is_paid_for_once(server: Hunter, asker: Asker) -> None:
    server.checking[SOMEBODY.email] = 3
    waits, finding = await asker.waits(SOMEBODY.email)
    assert waits == ROUND[:3]
    assert finding.verdict is Verdict.VALID
    assert finding.credits == server.spent == HALF


async def test_202_is_no_verdict_whatever_it_holds(server: Hunter, asker: Asker) -> None:
    server.faults.append(Fault.CHECKING)
    reply = await asker.ask(VERIFY, known(SOMEBODY))
    assert isinstance(reply, Later)
    assert reply.after == 2 * SECOND


async def test_202_with_a_wait_is_asked_again_after_it(server: Hunter, asker: Asker) -> None:
    server.faults.append(Fault.CHECKING_WITH_WAIT)
    waits, _ = await asker.waits(SOMEBODY.email)
    assert waits == [33 * SECOND]


async def test_222_is_asked_again_after_an_hour_and_six_and_then_the_verdict_is_unknown(
    server: Hunter, asker: Asker
) -> None:
    server.odd[SOMEBODY.email] = 1_000
    waits, finding = await asker.waits(SOMEBODY.email)
    assert waits == [HOUR, 6 * HOUR]
    assert (finding.verdict, finding.evidence) == (Verdict.UNKNOWN, "hunter: no verdict, 222 each time")
    assert finding.credits == server.spent == HALF


async def test_222_between_two_202_keeps_both_counts(server: Hunter, asker: Asker) -> None:
    server.faults.extend([Fault.CHECKING, Fault.ODD, Fault.CHECKING, Fault.ODD])
    waits, finding = await asker.waits(SOMEBODY.email)
    assert waits == [2 * SECOND, HOUR, 4 * SECOND, 6 * HOUR]
    assert finding.verdict is Verdict.VALID


@pytest.mark.parametrize("operation", [FIND, VERIFY])
async def test_whoever_claimed_the_address_objected(server: Hunter, asker: Asker, operation: Operation) -> None:
    server.claimed.add(SOMEBODY.email)
    reply = await asker.ask(operation, known(SOMEBODY))
    assert isinstance(reply, Finding)
    assert (reply.result, reply.credits, reply.facts, reply.raw) == (LookupResult.OBJECTED, FREE, Facts(), None)
    assert server.spent == 0


@pytest.mark.parametrize("operation", [FIND, VERIFY])
async def test_nobody_objected_where_a_451_is_not_hunters_own(
    server: Hunter, asker: Asker, operation: Operation
) -> None:
    server.always = Fault.FOREIGN_PAGE
    failure = await asker.failure(operation)
    assert (type(failure), failure.scope) == (Transient, Scope.PROVIDER)


async def test_an_address_that_hunter_cannot_read_is_invalid_and_free(server: Hunter, asker: Asker) -> None:
    server.always = Fault.INVALID_EMAIL
    finding = await asker.verify(SOMEBODY.email)
    assert (finding.result, finding.verdict, finding.credits) == (LookupResult.FOUND, Verdict.INVALID, FREE)


ANSWERS: list[tuple[str | int, type[Failure], Scope, str]] = [
    (Fault.UNAUTHORISED, KeyRefused, Scope.PROVIDER, r"401\); set providers.hunter.api_key"),
    (Fault.TOO_FAST, RateLimited, Scope.PROVIDER, "403"),
    (Fault.USED_UP, BudgetExhausted, Scope.PROVIDER, "429"),
    (Fault.FOREIGN_LIMIT, RateLimited, Scope.PROVIDER, "429"),
    (Fault.WRONG_PARAMS, Permanent, Scope.ITEM, "400 wrong_params"),
    (Fault.INVALID_DOMAIN, Permanent, Scope.ITEM, "400 invalid_domain"),
    (Fault.NOT_FOUND, Permanent, Scope.ITEM, "404"),
    (Fault.UNPROCESSABLE, Permanent, Scope.ITEM, "422"),
    (418, Permanent, Scope.ITEM, "418"),
    (Fault.TROUBLE, Transient, Scope.PROVIDER, "503"),
    (408, Transient, Scope.PROVIDER, "408"),
    (500, Transient, Scope.PROVIDER, "500"),
    (Spoilt.REDIRECT, Transient, Scope.PROVIDER, "307"),
    (204, Uncertain, Scope.PROVIDER, "204 instead of an answer"),
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


@pytest.mark.parametrize("operation", [FIND, VERIFY])
@pytest.mark.parametrize(("fault", "kind", "scope", "told"), ANSWERS, ids=[str(row[0]) for row in ANSWERS])
async def test_what_each_answer_means(
    server: Hunter,
    asker: Asker,
    operation: Operation,
    fault: str | int,
    kind: type[Failure],
    scope: Scope,
    told: str,
) -> None:
    """The sheet's statuses, 403 and 429 the other way round than elsewhere; faults 52, 53, 57, 58, 59 and 61."""
    if fault in (Spoilt.SLOW, Spoilt.DRIP):
        asker.http = Http(total_seconds=0.2)
    server.always = fault
    failure = await asker.failure(operation)
    assert isinstance(failure, kind)
    assert failure.scope is scope
    assert len(server.requests) == 1
    with pytest.raises(kind, match=told):
        raise failure
    said = f"{failure!r} {failure.__cause__!r}".lower()
    assert not any(secret.lower() in said for secret in (KEY, SOMEBODY.email, SOMEBODY.last_name, "repeated"))


@pytest.mark.parametrize(
    ("fault", "wait"),
    [
        (Fault.TOO_FAST, None),
        (Fault.TOO_FAST_WITH_WAIT, 7 * SECOND),
        (Fault.USED_UP, REST),
        (Fault.USED_UP_EMPTY_HEADER, REST),
        (Fault.USED_UP_TEN_YEARS, 24 * HOUR),
        (Fault.FOREIGN_LIMIT, None),
    ],
)
async def test_faults_54_and_55_a_wait_is_hunters_own_within_its_bounds_or_the_usual_one(
    server: Hunter, asker: Asker, fault: Fault, wait: timedelta | None
) -> None:
    server.always = fault
    failure = await asker.failure(VERIFY)
    assert isinstance(failure, Transient)
    assert failure.retry_after == wait


@pytest.mark.parametrize("operation", [FIND, VERIFY])
async def test_fault_61_an_answer_that_was_lost_is_asked_for_again_and_paid_for_once(
    server: Hunter, asker: Asker, operation: Operation
) -> None:
    services = {service.offer.operation: service for service in asker.lookups().services}
    assert services[operation].is_repeatable
    server.meet([Spoilt.LOST, Spoilt.TRUNCATED])
    for _ in range(2):
        assert isinstance(await asker.failure(operation), Uncertain)
    reply = await asker.ask(operation, known(SOMEBODY))
    assert isinstance(reply, Finding)
    assert reply.credits == server.spent == services[operation].offer.price


async def test_fault_60_a_host_that_nobody_finds_was_not_asked(asker: Asker) -> None:
    asker.settings.base_url = "https://nowhere.invalid"
    failure = await asker.failure(FIND)
    assert (type(failure), failure.scope) == (Transient, Scope.PROVIDER)


async def test_without_a_key_nothing_is_offered_and_nobody_asked(server: Hunter, asker: Asker) -> None:
    asker.settings.api_key = None
    assert asker.lookups().services == ()
    assert isinstance(await asker.failure(FIND), KeyRefused)
    assert server.requests == []


async def test_a_wrong_key_is_refused(asker: Asker) -> None:
    asker.settings.api_key = SecretStr("wrong")
    assert isinstance(await asker.failure(FIND), KeyRefused)


async def test_whoever_asks_too_fast_is_told_so_by_the_simulator(server: Hunter, asker: Asker) -> None:
    server.limits_enforced, server.now = True, lambda: 0.0
    for _ in range(10):
        await asker.verify(SOMEBODY.email)
    assert isinstance(await asker.failure(VERIFY), RateLimited)
    server.now = lambda: 1.0
    assert (await asker.verify(SOMEBODY.email)).verdict is Verdict.VALID


async def test_whoever_has_used_up_the_month_waits_for_the_next_one(server: Hunter, asker: Asker) -> None:
    server.allowance = ONE
    await asker.find(known(SOMEBODY))
    assert isinstance(await asker.failure(VERIFY), BudgetExhausted)
    server.new_month()
    assert (await asker.verify(SOMEBODY.email)).verdict is Verdict.VALID


async def test_what_is_offered_and_how_it_may_be_asked(asker: Asker) -> None:
    find, verify = asker.lookups().services
    assert (find.offer.operation, find.offer.price) == (FIND, ONE)
    assert (verify.offer.operation, verify.offer.price) == (VERIFY, HALF)
    assert find.offer.gives == {"email", "title", "company", "linkedin_url", "phone"}
    assert verify.offer.gives == {VERDICT}
    assert verify.offer.needs == (frozenset({"email"}),)
    assert {(service.batch, service.at_once) for service in (find, verify)} == {(1, 20)}
