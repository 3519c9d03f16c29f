"""Who may be asked, and how fast; who rests is told of once."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

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
from camd.domain.events import EventType
from camd.domain.waterfall import Operation
from camd.pipeline.provider_health import LEAST_RATE, LONG_REST, ProviderHealth
from camd.ports.providers import RateLimit
from camd.ports.store_errors import StoreUnavailable
from camd.sim.world import World, simulate

FIND, VERIFY = Operation.FIND, Operation.VERIFY
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
PROVIDER = Scope.PROVIDER
WEATHER = Transient("bad gateway", scope=PROVIDER)
TOO_MANY = RateLimited("too many", scope=PROVIDER)
NOT_IN_PLAN = PlanRefused("no verifier", scope=PROVIDER)
WRONG_KEY = KeyRefused("wrong key", scope=PROVIDER)


class Patient:
    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def health(self) -> ProviderHealth:
        return self.world.context.providers

    async def fails(self, failure: Failure, operation: Operation = FIND, times: int = 1) -> None:
        for _ in range(times):
            await self.health.failed("list", operation, failure)

    async def answers(self, operation: Operation = FIND) -> None:
        await self.health.answered("list", operation)

    def rest(self, operation: Operation = FIND) -> timedelta | None:
        until = self.health.not_before("list", operation)
        return None if until is None else until - self.world.clock.now()

    def wait(self, length: timedelta) -> None:
        self.world.clock.jump(length)

    def wait_out(self) -> None:
        self.wait(self.rest() or timedelta())

    async def told(self) -> list[EventType]:
        kinds = {EventType.PROVIDER_DEGRADED, EventType.PROVIDER_RECOVERED}
        return [row.event.type for row in await self.world.ledger() if row.event.type in kinds]

    def paced(self) -> RateLimit:
        [limit] = self.health.paced("list", [RateLimit(10, SECOND, burst=5)])
        return limit


def played(tmp_path: Path, scenario: Callable[[Patient], Awaitable[None]]) -> None:
    async def whole(world: World) -> None:
        await scenario(Patient(world))

    simulate(tmp_path, whole)


def test_a_few_failures_in_a_row_are_a_rest_and_one_tries(tmp_path: Path) -> None:
    async def scenario(p: Patient) -> None:
        await p.fails(WEATHER, times=4)
        assert p.rest() is None
        await p.fails(WEATHER)
        assert p.rest() == 30 * SECOND
        assert p.rest(VERIFY) == 30 * SECOND
        p.wait_out()
        assert p.health.is_trial("list", FIND)
        await p.fails(WEATHER)
        assert p.rest() == 30 * SECOND
        p.wait_out()
        await p.answers()
        assert not p.health.is_trial("list", FIND)
        assert await p.told() == [EventType.PROVIDER_DEGRADED, EventType.PROVIDER_RECOVERED]

    played(tmp_path, scenario)


def test_what_was_asked_before_the_rest_neither_ends_nor_lengthens_it(tmp_path: Path) -> None:
    async def scenario(p: Patient) -> None:
        await p.fails(WRONG_KEY)
        await p.answers()
        assert p.rest() == LONG_REST
        await p.fails(WEATHER)
        await p.fails(TOO_MANY)
        assert p.rest() == LONG_REST
        assert p.paced().period == SECOND
        assert await p.told() == [EventType.PROVIDER_DEGRADED]

    played(tmp_path, scenario)


def test_who_says_until_when_is_left_alone_until_then(tmp_path: Path) -> None:
    async def scenario(p: Patient) -> None:
        await p.fails(RateLimited("too many", scope=PROVIDER, retry_after=20 * SECOND))
        assert p.rest() == 20 * SECOND
        await p.fails(RateLimited("too many", scope=PROVIDER, retry_after=HOUR))
        assert p.rest() == HOUR
        assert p.paced().period == SECOND

    played(tmp_path, scenario)


@pytest.mark.parametrize("failure", [WRONG_KEY, BudgetExhausted("no credits", scope=PROVIDER)])
def test_what_only_a_person_or_a_new_day_can_mend_is_tried_now_and_then(tmp_path: Path, failure: Failure) -> None:
    async def scenario(p: Patient) -> None:
        await p.fails(failure)
        assert p.rest() == LONG_REST
        is_refused = isinstance(failure, Misconfigured)
        assert p.health.is_refused("list", VERIFY) == is_refused
        p.wait_out()
        assert not p.health.is_refused("list", VERIFY)
        await p.fails(failure)
        assert p.health.is_refused("list", VERIFY) == is_refused
        assert await p.told() == [EventType.PROVIDER_DEGRADED]

    played(tmp_path, scenario)


def test_a_plan_that_lacks_one_operation_stops_that_one_alone(tmp_path: Path) -> None:
    async def scenario(p: Patient) -> None:
        await p.fails(NOT_IN_PLAN, VERIFY)
        assert (p.rest(VERIFY), p.rest(FIND)) == (LONG_REST, None)
        assert p.health.is_refused("list", VERIFY)
        assert not p.health.is_refused("list", FIND)
        await p.answers(FIND)
        assert set(p.health.degraded()) == {"list verify"}

    played(tmp_path, scenario)


def test_a_failure_of_one_question_or_campaign_is_not_the_providers(tmp_path: Path) -> None:
    async def scenario(p: Patient) -> None:
        await p.fails(Misconfigured("a bad entry", scope=Scope.CAMPAIGN), times=9)
        await p.fails(Transient("this one", scope=Scope.ITEM), times=9)
        assert p.rest() is None

    played(tmp_path, scenario)


def test_fault_54_too_many_without_a_time_halves_the_rate_once_a_burst_and_backs_off(tmp_path: Path) -> None:
    async def scenario(p: Patient) -> None:
        await p.fails(TOO_MANY, times=8)
        assert p.paced() == RateLimit(10, 2 * SECOND, burst=1)
        rest = p.rest()
        assert rest is not None
        assert timedelta(milliseconds=100) <= rest <= 2 * SECOND
        p.wait_out()
        await p.fails(TOO_MANY)
        assert p.paced().period == 4 * SECOND
        rest = p.rest()
        assert rest is not None
        assert rest <= 4 * SECOND

    played(tmp_path, scenario)


def test_the_rate_is_never_halved_to_nothing_and_such_a_provider_is_told_of(tmp_path: Path) -> None:
    async def scenario(p: Patient) -> None:
        for _ in range(9):
            await p.fails(TOO_MANY)
            p.wait_out()
        assert p.paced().period == SECOND / LEAST_RATE
        assert await p.told() == [EventType.PROVIDER_DEGRADED]

    played(tmp_path, scenario)


def test_the_rate_grows_back_while_it_answers(tmp_path: Path) -> None:
    async def scenario(p: Patient) -> None:
        await p.fails(TOO_MANY)
        p.wait_out()
        await p.answers()
        assert p.paced().period == 2 * SECOND
        for _ in range(3):
            p.wait(timedelta(minutes=1))
            await p.answers()
        assert p.paced().period < 1.1 * SECOND
        p.wait(timedelta(minutes=1))
        await p.answers()
        assert p.paced() == RateLimit(10, SECOND, burst=5)

    played(tmp_path, scenario)


def test_where_the_database_is_away_nobody_who_has_an_answer_to_keep_is_stopped(tmp_path: Path) -> None:
    async def scenario(p: Patient) -> None:
        p.world.store.trouble = StoreUnavailable("away")
        await p.fails(WRONG_KEY)
        p.world.store.trouble = None
        assert p.rest() == LONG_REST
        assert await p.told() == []

    played(tmp_path, scenario)
