"""Apollo's bulk match against its simulator: who is who, what it cost, and what each answer means."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import SecretStr

from camd.domain.errors import (
    BudgetExhausted,
    Failure,
    KeyRefused,
    Permanent,
    PlanRefused,
    RateLimited,
    Scope,
    Transient,
    Uncertain,
)
from camd.domain.facts import Facts, Verdict
from camd.domain.token_bucket import RateBucket, Taken
from camd.domain.waterfall import REF, VERDICT, LookupResult, Operation
from camd.ports.lookups import Finding, Question
from camd.ports.providers import RateLimit
from camd.providers.apollo_api import ApolloSettings
from camd.providers.apollo_match import ApolloEnricher
from camd.providers.http import Http
from tests.simulators.apollo import BULK_MATCH, KEY, SEARCH, Apollo, Fault
from tests.simulators.people import Person, person, population
from tests.simulators.vendor import Spoilt

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


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
class Asker:
    """Asks as the engine does."""

    server: Apollo
    clock: HandClock = field(default_factory=HandClock)
    key: str | None = KEY
    plan: str = "paid"
    http: Http = field(default_factory=Http)

    def enricher(self) -> ApolloEnricher:
        section = {"base_url": self.server.base_url, "plan": self.plan}
        settings = ApolloSettings.model_validate({**section, "api_key": SecretStr(self.key) if self.key else None})
        return ApolloEnricher(settings, self.clock, self.http)

    async def ask(self, *asked: Facts) -> list[Finding]:
        questions = [Question(f"q{place}", facts) for place, facts in enumerate(asked)]
        before = self.server.spent
        replies = await self.enricher().ask(Operation.MATCH, questions)
        assert isinstance(replies, Sequence)
        found = [reply for reply in replies if isinstance(reply, Finding)]
        assert len(found) == len(asked)
        assert sum((each.credits for each in found), Decimal(0)) == self.server.spent - before
        return found

    async def failure(self, *asked: Facts) -> Failure:
        questions = [Question(f"q{place}", facts) for place, facts in enumerate(asked or (stub(1),))]
        with pytest.raises(Failure) as caught:
            await self.enricher().ask(Operation.MATCH, questions)
        return caught.value


def stub(number: int) -> Facts:
    """As a search leaves it."""
    known = person(number)
    return Facts(
        first_name=known.first_name,
        last_name=known.masked,
        title=known.title,
        company=known.company,
        source="apollo",
        source_ref=known.apollo_id,
    )


def by_profile(known: Person) -> Facts:
    return Facts(linkedin_url=known.linkedin)


def by_address(known: Person) -> Facts:
    return Facts(email=known.email)


def by_domain(known: Person) -> Facts:
    return Facts(first_name=known.first_name, last_name=known.last_name, domain=known.domain)


def by_company(known: Person) -> Facts:
    return Facts(first_name=known.first_name, last_name=known.last_name, company=known.company, source="csv")


def addresses(findings: Sequence[Finding]) -> list[str | None]:
    return [finding.facts.email for finding in findings]


@pytest.fixture
async def server() -> AsyncIterator[Apollo]:
    async with Apollo(people=list(population(30)), clock=HandClock()).serving() as apollo:
        yield apollo


@pytest.fixture
def asker(server: Apollo) -> Asker:
    return Asker(server)


async def test_one_call_asks_for_all_and_for_nothing_that_costs_more(server: Apollo, asker: Asker) -> None:
    known = person(3)
    everything = Facts(
        email=known.email,
        first_name=known.first_name,
        last_name=known.last_name,
        company=known.company,
        domain=known.domain,
        linkedin_url=known.linkedin,
        phone="+33123456789",
        source="csv",
        source_ref="7",
    )
    await asker.ask(stub(1), everything)
    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/api/v1/people/bulk_match")
    assert request.query == (
        "reveal_personal_emails=false&reveal_phone_number=false&run_waterfall_email=false&run_waterfall_phone=false"
    )
    assert request.headers["x-api-key"] == KEY
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {
        "details": [
            {"id": person(1).apollo_id},
            {
                "email": known.email,
                "first_name": known.first_name,
                "last_name": known.last_name,
                "domain": known.domain,
                "organization_name": known.company,
                "linkedin_url": known.linkedin,
            },
        ]
    }


async def test_a_single_question_is_asked_the_same_way(server: Apollo, asker: Asker) -> None:
    assert addresses(await asker.ask(stub(1))) == [person(1).email]
    assert server.requests[0].path == "/api/v1/people/bulk_match"


async def test_a_masked_name_and_the_id_of_another_provider_are_never_sent(server: Apollo, asker: Asker) -> None:
    await asker.ask(Facts(first_name="Mara", last_name="Li***n", company="X", source="hunter", source_ref="66f0"))
    assert json.loads(server.requests[0].body) == {"details": [{"first_name": "Mara", "organization_name": "X"}]}


async def test_ten_people_in_ten_ways_are_each_found_for_a_credit(asker: Asker) -> None:
    ways = (by_profile, by_address, by_domain, by_company)
    asked = [stub(0), stub(1), *(way(person(2 + place)) for place, way in enumerate((*ways, *ways)))]
    findings = await asker.ask(*asked)
    assert addresses(findings) == [person(number).email for number in range(10)]
    assert [finding.credits for finding in findings] == [Decimal(1)] * 10
    assert {(finding.result, finding.verdict) for finding in findings} == {(LookupResult.FOUND, Verdict.VALID)}
    assert [finding.refs for finding in findings] == [(person(number).apollo_id,) for number in range(10)]


@pytest.mark.parametrize("fault", [None, Fault.REORDERED, Fault.MISSING_MATCHES])
async def test_each_answer_goes_to_its_question_whatever_the_order_and_the_gaps(
    server: Apollo, asker: Asker, fault: Fault | None
) -> None:
    server.unmatched = {1, 4}
    server.meet([fault])
    known = [person(number) for number in range(6)]
    asked = (stub(0), stub(1), by_profile(known[2]), by_address(known[3]), by_domain(known[4]), by_company(known[5]))
    findings = await asker.ask(*asked)
    assert addresses(findings) == [known[0].email, None, known[2].email, known[3].email, None, known[5].email]
    assert findings[1] == Finding(LookupResult.NO_MATCH, evidence="apollo: no match")
    assert server.spent == 4


async def test_nobody_matched_is_an_answer_that_costs_nothing(server: Apollo, asker: Asker) -> None:
    server.meet([Fault.NULL_ITEMS])
    assert {(each.result, each.credits) for each in await asker.ask(stub(1), stub(2))} == {
        (LookupResult.NO_MATCH, Decimal(0))
    }


async def test_a_person_without_an_address_is_found_all_the_same(server: Apollo, asker: Asker) -> None:
    server.without_email = {1}
    [finding] = await asker.ask(stub(1))
    assert (finding.result, finding.facts.email, finding.verdict) == (LookupResult.FOUND, None, None)
    assert (finding.facts.last_name, finding.facts.domain) == (person(1).last_name, person(1).domain)


async def test_a_locked_address_is_none(server: Apollo, asker: Asker) -> None:
    server.meet([Fault.LOCKED])
    [finding] = await asker.ask(stub(1))
    assert (finding.result, finding.facts.email, finding.verdict) == (LookupResult.FOUND, None, None)


async def test_a_bounced_address_is_invalid_and_a_guessed_one_unknown(server: Apollo, asker: Asker) -> None:
    server.statuses = {1: "bounced", 2: "guessed"}
    assert [each.verdict for each in await asker.ask(stub(1), stub(2))] == [Verdict.INVALID, Verdict.UNKNOWN]


async def test_the_workspaces_copy_never_wins_over_the_person(server: Apollo, asker: Asker) -> None:
    server.contacts = {1: {"first_name": "X", "email": "x@free.example", "title": "Y", "time_zone": "Europe/Paris"}}
    [finding] = await asker.ask(stub(1))
    assert (finding.facts.first_name, finding.facts.email) == (person(1).first_name, person(1).email)
    assert (finding.facts.title, finding.facts.timezone) == (person(1).title, "Europe/Paris")


async def test_fractions_of_credits_are_counted(server: Apollo, asker: Asker) -> None:
    server.meet([Fault.FRACTIONAL])
    assert [each.credits for each in await asker.ask(stub(1), stub(2))] == [Decimal("0.5"), Decimal("0.5")]


async def test_the_same_person_again_is_charged_again(server: Apollo, asker: Asker) -> None:
    assert [(await asker.ask(stub(1)))[0].credits for _ in range(2)] == [Decimal(1)] * 2
    assert server.spent == 2


async def test_an_answer_in_the_shape_of_a_waterfall_is_read_at_the_price_of_the_list(
    server: Apollo, asker: Asker
) -> None:
    server.meet([Fault.WATERFALL])
    server.unmatched = {2}
    found, missed = await asker.ask(stub(1), stub(2))
    assert (found.facts.last_name, found.facts.email, found.credits) == (person(1).last_name, None, Decimal(1))
    assert (missed.result, missed.credits) == (LookupResult.NO_MATCH, Decimal(0))


async def test_a_huge_negative_request_id_disturbs_nothing(server: Apollo, asker: Asker) -> None:
    server.meet([Fault.HUGE_REQUEST_ID])
    assert addresses(await asker.ask(stub(1))) == [person(1).email]


@pytest.mark.parametrize(
    ("fault", "kind", "scope", "mend"),
    [
        (Fault.INVALID_KEY, KeyRefused, Scope.PROVIDER, "providers.apollo.api_key"),
        (Fault.INVALID_TOKEN, KeyRefused, Scope.PROVIDER, "providers.apollo.api_key"),
        (Fault.API_INACCESSIBLE, PlanRefused, Scope.PROVIDER, "the scope people/bulk_match"),
        (403, PlanRefused, Scope.PROVIDER, "the scope people/bulk_match"),
        (404, PlanRefused, Scope.PROVIDER, "providers.apollo.base_url"),
        (Fault.NO_CREDITS_402, BudgetExhausted, Scope.PROVIDER, "buy credits"),
        (Fault.NO_CREDITS_403, BudgetExhausted, Scope.PROVIDER, "buy credits"),
        (Fault.NO_CREDITS_422, BudgetExhausted, Scope.PROVIDER, "buy credits"),
        (Fault.RATE_LIMITED, RateLimited, Scope.PROVIDER, "429"),
        (400, Permanent, Scope.ITEM, "400"),
        (410, Permanent, Scope.ITEM, "410"),
        (422, Permanent, Scope.ITEM, "422"),
        (408, Transient, Scope.PROVIDER, "408"),
        (500, Transient, Scope.PROVIDER, "500"),
        (503, Transient, Scope.PROVIDER, "503"),
        (Spoilt.REDIRECT, Transient, Scope.PROVIDER, "307"),
        (Spoilt.HTML, Uncertain, Scope.PROVIDER, "text/html"),
        (Spoilt.MISLABELLED, Uncertain, Scope.PROVIDER, "text/plain"),
        (Spoilt.TRUNCATED, Uncertain, Scope.PROVIDER, "broken"),
        (Spoilt.EMPTY_BODY, Uncertain, Scope.PROVIDER, "empty"),
        (Spoilt.LOST, Uncertain, Scope.PROVIDER, "lost"),
        (Spoilt.SLOW, Uncertain, Scope.PROVIDER, "in time"),
        (Spoilt.DRIP, Uncertain, Scope.PROVIDER, "in time"),
        (Spoilt.HUGE, Uncertain, Scope.PROVIDER, "too long"),
    ],
)
async def test_each_answer_has_its_meaning_and_is_asked_for_once(
    server: Apollo, asker: Asker, fault: str | int, kind: type[Failure], scope: Scope, mend: str
) -> None:
    asker.http = Http(total_seconds=0.25)
    server.meet([fault])
    failure = await asker.failure(by_address(person(1)))
    assert (type(failure), failure.scope) == (kind, scope)
    assert mend in str(failure)
    assert KEY not in str(failure)
    assert person(1).email not in str(failure)
    assert len(server.requests) == 1


async def test_a_server_that_is_not_there_was_never_asked(asker: Asker) -> None:
    asker.server = Apollo(base_url="http://127.0.0.1:9")
    assert type(await asker.failure()) is Transient


async def test_an_account_without_credits_names_no_end_of_it(server: Apollo, asker: Asker) -> None:
    server.meet([Fault.NO_CREDITS_402])
    failure = await asker.failure()
    assert isinstance(failure, BudgetExhausted)
    assert failure.retry_after is None


@pytest.mark.parametrize(
    ("fault", "wait"),
    [
        (Fault.RATE_LIMITED, HOUR),
        (Fault.RATE_LIMITED_TEN_YEARS, DAY),
        (Fault.RATE_LIMITED_EMPTY_HEADER, None),
    ],
)
async def test_apollo_says_itself_how_long_to_wait(
    server: Apollo, asker: Asker, fault: Fault, wait: timedelta | None
) -> None:
    server.meet([fault])
    failure = await asker.failure()
    assert isinstance(failure, RateLimited)
    assert failure.retry_after == wait


async def test_a_key_that_may_only_search_is_told_the_scope_to_add(server: Apollo, asker: Asker) -> None:
    server.scopes = frozenset({SEARCH})
    failure = await asker.failure()
    assert isinstance(failure, PlanRefused)
    assert BULK_MATCH in str(failure)


def test_without_a_key_nothing_is_offered(asker: Asker) -> None:
    asker.key = None
    assert asker.enricher().services == ()


def test_what_is_offered(asker: Asker) -> None:
    [service] = asker.enricher().services
    offer = service.offer
    assert (offer.provider, offer.operation, offer.price) == ("apollo", Operation.MATCH, Decimal(1))
    assert (service.batch, service.is_repeatable) == (10, False)
    assert {frozenset({REF}), frozenset({"email"}), frozenset({"linkedin_url"})} < set(offer.needs)
    assert "email" in offer.gives
    assert VERDICT not in offer.gives
    assert "phone" not in offer.gives


async def test_the_limits_are_those_of_the_plan_until_the_headers_tell_others(server: Apollo, asker: Asker) -> None:
    asker.plan = "free"
    enricher = asker.enricher()

    def limits() -> Sequence[RateLimit]:
        [service] = enricher.services
        return service.limits

    assert [(limit.count, limit.period) for limit in limits()] == [(19, MINUTE), (95, HOUR), (570, DAY)]
    await enricher.ask(Operation.MATCH, [Question("q", stub(1))])
    assert limits() == [RateLimit(950, MINUTE, burst=25)]
    server.meet([Fault.NO_RATE_HEADERS])
    await enricher.ask(Operation.MATCH, [Question("q", stub(1))])
    assert limits() == [RateLimit(950, MINUTE, burst=25)]


async def test_whoever_keeps_to_the_limits_is_never_turned_away(server: Apollo, asker: Asker) -> None:
    clock = HandClock()
    server.clock, server.limits_enforced, server.plan = clock, True, "free"
    asker.clock, asker.plan = clock, "free"
    enricher = asker.enricher()
    [service] = enricher.services
    tats: dict[timedelta, datetime] = {}
    for _ in range(120):
        for limit in service.limits:
            bucket = RateBucket(limit.count, limit.period, limit.burst)
            taken = bucket.take(tats.get(limit.period), clock.now())
            if not isinstance(taken, Taken):
                clock.instant = taken.at
                taken = bucket.take(tats.get(limit.period), clock.now())
            assert isinstance(taken, Taken)
            tats[limit.period] = taken.tat
        await enricher.ask(Operation.MATCH, [Question("q", stub(1))])
    assert server.turned_away == 0
    assert clock.now() - NOW > HOUR


async def test_calls_beyond_the_window_are_turned_away_until_it_is_over(server: Apollo, asker: Asker) -> None:
    clock = HandClock()
    server.clock, server.limits_enforced, server.rates = clock, True, {BULK_MATCH: (2, 3, None)}
    for _ in range(2):
        await asker.enricher().ask(Operation.MATCH, [Question("q", stub(1))])
    first = await asker.failure()
    assert isinstance(first, RateLimited)
    assert first.retry_after == MINUTE
    clock.instant += MINUTE
    await asker.enricher().ask(Operation.MATCH, [Question("q", stub(1))])
    second = await asker.failure()
    assert isinstance(second, RateLimited)
    assert second.retry_after == HOUR - MINUTE
    assert server.spent == 3
