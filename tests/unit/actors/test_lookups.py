"""A provider's desk: what was asked is settled, whatever becomes of the process, the database and the provider."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import anyio
import pytest

from camd.actors.lookups import JOB_LASTS, POLL_RETRY, Desks, word_of
from camd.actors.wake import Doorbells
from camd.domain.campaign import Campaign, Enrichment
from camd.domain.errors import (
    BudgetExhausted,
    Failure,
    KeyRefused,
    Misconfigured,
    Permanent,
    PlanRefused,
    RateLimited,
    Scope,
    Transient,
    Uncertain,
)
from camd.domain.facts import Verdict
from camd.domain.lead import LostReason
from camd.domain.waterfall import LookupResult, LookupStatus, Operation
from camd.pipeline.context import Context
from camd.pipeline.cycle import run_cycle
from camd.ports.lookups import Finding, Job, Later, Lookup, Unfinished
from camd.ports.store import Tx
from camd.ports.store_errors import StoreUnavailable
from camd.sim.clock import START
from camd.sim.enrichers import NO_MATCH, MemoryEnricher, service, verdict
from camd.sim.world import World, people, simulate
from camd.telemetry.metrics import PROVIDER_RESULTS

T = TypeVar("T")
PROVIDER = Scope.PROVIDER
AWAY = StoreUnavailable("planted")
WEATHER = Transient("bad gateway", scope=PROVIDER)


@dataclass
class Office:
    """A campaign that wants to know whether addresses work, and the one desk that asks."""

    world: World
    provider: MemoryEnricher
    bells: Doorbells = field(default_factory=Doorbells)
    campaigns: list[Campaign] = field(default_factory=list)

    async def want(self, count: int, first: int = 0) -> None:
        campaign = await self.world.live(*people(count, first), enrichment=Enrichment(("v",)))
        await run_cycle(self.world.context, campaign.id, call_dry=False)
        self.campaigns.append(campaign)

    async def lookups(self) -> list[Lookup]:
        leads = [lead for campaign in self.campaigns for lead in await self.world.leads(campaign)]
        return await self.world.store.read(lambda tx: [each for lead in leads for each in tx.lookups.of_lead(lead.id)])

    async def statuses(self) -> list[LookupStatus]:
        return [lookup.status for lookup in await self.lookups()]

    async def run_for(
        self, seconds: float, meanwhile: Callable[[], Awaitable[None]] | None = None, context: Context | None = None
    ) -> None:
        """The desk works for that long and is then cut off."""
        desks = Desks(context or self.world.context, self.bells)
        async with anyio.create_task_group() as tasks:
            await tasks.start(desks.run)
            if meanwhile is not None:
                await meanwhile()
            await anyio.sleep(seconds)
            tasks.cancel_scope.cancel()

    async def ask(self) -> None:
        """Everything that may be asked now."""
        desks = Desks(self.world.context, self.bells)
        async with anyio.create_task_group() as tasks:
            await tasks.start(desks.run)
            assert desks.is_running
            await desks.at_rest()
            await desks.drain()
        assert not desks.is_running


def played(
    tmp_path: Path,
    scenario: Callable[[Office], Awaitable[None]],
    *,
    batch: int = 1,
    is_repeatable: bool = False,
    works_for: timedelta | None = None,
) -> None:
    async def whole(world: World) -> None:
        offered = service("v", Operation.VERIFY, batch=batch, is_repeatable=is_repeatable)
        provider = MemoryEnricher(
            world.clock, "v", [offered], lambda *_: verdict(Verdict.VALID), seconds=1, works_for=works_for
        )
        world.enrichers = [provider]
        world.verifier.verdicts = {f"c{number}.example": Verdict.UNKNOWN for number in range(99)}
        await world.restart()
        await scenario(Office(world, provider))

    simulate(tmp_path, whole)


def test_what_is_wanted_is_asked_and_the_desk_rests_when_all_is_answered(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        await office.want(20)
        await office.ask()
        assert await office.statuses() == [LookupStatus.DONE] * 20
        assert (len(office.provider.calls), office.provider.spent) == (20, Decimal(20))

    played(tmp_path, scenario)


def test_an_idle_desk_asks_the_database_nothing(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        await office.ask()
        before = office.world.store.calls
        await office.run_for(3000)
        assert office.world.store.calls - before < 10

    played(tmp_path, scenario)


def test_a_stopped_desk_lets_what_is_in_flight_end_and_asks_nothing_new(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        office.provider.seconds = 30
        await office.want(20)
        desks = Desks(office.world.context, office.bells)
        async with anyio.create_task_group() as tasks:
            await tasks.start(desks.run)
            await anyio.sleep(1)
            await desks.drain()
        assert office.world.clock.now() - START == timedelta(seconds=30)
        statuses = await office.statuses()
        assert (statuses.count(LookupStatus.DONE), statuses.count(LookupStatus.WANTED)) == (8, 12)

    played(tmp_path, scenario)


def test_a_desk_without_providers_is_drained_at_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        desks = Desks(world.context, Doorbells())
        await desks.drain()
        await desks.at_rest()
        await desks.run()
        assert not desks.is_running

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("is_repeatable", [True, False])
def test_a_call_that_is_cut_off_is_uncertain_or_asked_again_where_that_is_free(
    tmp_path: Path, is_repeatable: bool
) -> None:
    async def scenario(office: Office) -> None:
        office.provider.seconds = 60
        await office.want(2)
        await office.run_for(10)
        assert await office.statuses() == [LookupStatus.WANTED if is_repeatable else LookupStatus.UNCERTAIN] * 2
        await office.run_for(200)
        assert len(office.provider.calls) == (4 if is_repeatable else 2)
        assert office.provider.spent == 2

    played(tmp_path, scenario, is_repeatable=is_repeatable)


def test_what_a_killed_process_had_asked_is_settled_by_the_next_one(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        office.provider.seconds = 60
        await office.want(2)

        async def kill() -> None:
            await anyio.sleep(5)
            office.world.store.trouble = AWAY

        await office.run_for(10, kill)
        assert await office.statuses() == [LookupStatus.ASKED] * 2
        office.world.store.trouble = None
        await office.run_for(10)
        assert await office.statuses() == [LookupStatus.UNCERTAIN] * 2
        assert len(office.provider.calls) == 2

    played(tmp_path, scenario)


@pytest.mark.parametrize("trouble", [None, KeyRefused("wrong key", scope=PROVIDER)])
def test_an_answer_that_comes_while_the_database_is_away_is_kept_until_it_is_back(
    tmp_path: Path, trouble: Failure | None
) -> None:
    async def scenario(office: Office) -> None:
        office.provider.seconds = 10
        office.provider.troubles.append(trouble)
        await office.want(1)

        async def away() -> None:
            await anyio.sleep(5)
            office.world.store.trouble = AWAY
            await anyio.sleep(60)
            office.world.store.trouble = None

        await office.run_for(10, away)
        assert await office.statuses() == ([LookupStatus.DONE] if trouble is None else [])
        assert len(office.provider.calls) == 1

    played(tmp_path, scenario)


class DoubtfulStore:
    """Its next commits stand, and it says that they do not."""

    def __init__(self, world: World) -> None:
        self._inner = world.store
        self.doubts = 0

    async def write(self, unit: Callable[[Tx], T]) -> T:
        answer = await self._inner.write(unit)
        if self.doubts and isinstance(answer, frozenset):
            self.doubts -= 1
            raise AWAY
        return answer

    async def read(self, query: Callable[[Tx], T]) -> T:
        return await self._inner.read(query)


def test_an_answer_whose_commit_stands_after_all_is_not_settled_twice(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        await office.want(1)
        doubtful = DoubtfulStore(office.world)
        doubtful.doubts = 1
        await office.run_for(60, context=replace(office.world.context, store=doubtful))
        [lookup] = await office.lookups()
        assert (lookup.status, lookup.spent, doubtful.doubts) == (LookupStatus.DONE, Decimal(1), 0)
        assert office.world.context.metrics.actor_restarts_total.labels("crash")._value.get() == 0

    played(tmp_path, scenario)


def test_a_bug_of_one_provider_is_a_restart_and_then_a_rest(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        office.provider.troubles.extend(ZeroDivisionError("planted") for _ in range(20))
        await office.want(40)
        await office.run_for(1800)
        assert len(office.provider.troubles) >= 20 - 6 * 8
        calls = len(office.provider.calls)
        await office.run_for(1)
        assert LookupStatus.UNCERTAIN in await office.statuses()
        assert calls <= 6 * 8

    played(tmp_path, scenario)


def test_a_job_is_polled_until_it_answers_also_by_another_process(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        await office.want(5)
        await office.run_for(40)
        assert await office.statuses() == [LookupStatus.PENDING] * 5
        polls = office.provider.polls
        await office.run_for(60)
        assert await office.statuses() == [LookupStatus.DONE] * 5
        assert (len(office.provider.calls), polls, office.provider.polls) == (1, 1, 3)

    played(tmp_path, scenario, batch=10, works_for=timedelta(seconds=80))


def test_a_poll_that_fails_is_made_again_after_a_while_or_when_the_provider_is_back(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        full = RateLimited("too many", scope=PROVIDER, retry_after=timedelta(hours=1))
        office.provider.poll_troubles.extend([WEATHER, full])
        await office.want(1)
        await office.run_for(35)
        assert office.provider.polls == 1
        await office.run_for(POLL_RETRY.total_seconds() + 5)
        assert office.provider.polls == 2
        await office.run_for(3500)
        assert office.provider.polls == 2
        await office.run_for(200)
        assert await office.statuses() == [LookupStatus.DONE]

    played(tmp_path, scenario, works_for=timedelta(seconds=30))


@pytest.mark.parametrize("trouble", [Uncertain("lost", scope=PROVIDER), Permanent("unknown job", scope=Scope.ITEM)])
def test_a_job_that_will_never_answer_is_uncertain(tmp_path: Path, trouble: Failure) -> None:
    async def scenario(office: Office) -> None:
        office.provider.poll_troubles.append(trouble)
        await office.want(1)
        await office.run_for(60)
        assert await office.statuses() == [LookupStatus.UNCERTAIN]

    played(tmp_path, scenario, works_for=timedelta(seconds=30))


def test_a_job_whose_provider_never_comes_back_is_given_up(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        office.provider.poll_troubles.extend(KeyRefused("wrong key", scope=PROVIDER) for _ in range(999))
        await office.want(1)
        await office.run_for((JOB_LASTS - timedelta(hours=2)).total_seconds())
        assert await office.statuses() == [LookupStatus.PENDING]
        await office.run_for(timedelta(hours=4).total_seconds())
        assert await office.statuses() == [LookupStatus.UNCERTAIN]

    played(tmp_path, scenario, works_for=timedelta(seconds=30))


def test_a_provider_in_trouble_is_asked_again_when_it_has_rested(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        office.provider.troubles.append(RateLimited("too many", scope=PROVIDER, retry_after=timedelta(hours=1)))
        await office.want(1)
        await office.run_for(3590)
        assert len(office.provider.calls) == 1
        await office.run_for(60)
        assert await office.statuses() == [LookupStatus.DONE]

    played(tmp_path, scenario)


def test_a_lost_answer_is_never_asked_for_again(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        office.provider.troubles.append(Uncertain("cut", scope=PROVIDER))
        await office.want(1)
        await office.run_for(7200)
        assert await office.statuses() == [LookupStatus.UNCERTAIN]
        assert len(office.provider.calls) == 1

    played(tmp_path, scenario)


def test_two_that_settle_one_question_are_a_bug(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        office.provider.seconds = 5
        await office.want(1)

        async def settle_behind_its_back() -> None:
            await anyio.sleep(1)
            [asked] = await office.lookups()
            stolen = replace(asked, status=LookupStatus.UNCERTAIN)
            await office.world.store.write(lambda tx: tx.lookups.save(asked, stolen))

        await office.run_for(30, settle_behind_its_back)
        assert office.world.context.metrics.actor_restarts_total.labels("crash")._value.get() == 1

    played(tmp_path, scenario)


class AwayForReads:
    """Answers no question before it was asked thrice."""

    def __init__(self, world: World) -> None:
        self._inner = world.store
        self.left = 2

    async def write(self, unit: Callable[[Tx], T]) -> T:
        return await self._inner.write(unit)

    async def read(self, query: Callable[[Tx], T]) -> T:
        if self.left:
            self.left -= 1
            raise AWAY
        return await self._inner.read(query)


def test_a_desk_that_cannot_read_waits_until_it_can(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        await office.want(1)
        await office.run_for(60, context=replace(office.world.context, store=AwayForReads(office.world)))
        assert await office.statuses() == [LookupStatus.DONE]

    played(tmp_path, scenario)


def test_whoever_waits_for_an_answer_is_rung(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        await office.want(1)
        bell = office.bells.of(office.campaigns[0].id)
        await office.ask()
        assert bell.rings == 1

    played(tmp_path, scenario)


def test_an_objection_takes_effect_at_once(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        office.provider.answers = lambda *_: Finding(LookupResult.OBJECTED)
        await office.want(1)
        await office.ask()
        [lead] = await office.world.leads(office.campaigns[0])
        assert lead.state.lost_reason is LostReason.DO_NOT_CONTACT

    played(tmp_path, scenario)


def test_a_desk_that_starts_while_the_database_is_away_waits_for_it(tmp_path: Path) -> None:
    async def scenario(office: Office) -> None:
        await office.want(1)
        office.world.store.trouble = AWAY

        async def back() -> None:
            await anyio.sleep(20)
            office.world.store.trouble = None

        await office.run_for(20, back)
        assert await office.statuses() == [LookupStatus.DONE]

    played(tmp_path, scenario)


@pytest.mark.parametrize(
    ("outcome", "word"),
    [
        (RateLimited("x", scope=PROVIDER), "rate_limited"),
        (BudgetExhausted("x", scope=PROVIDER), "budget_exhausted"),
        (KeyRefused("x", scope=PROVIDER), "auth"),
        (PlanRefused("x", scope=PROVIDER), "plan_or_scope"),
        (Misconfigured("x", scope=PROVIDER), "plan_or_scope"),
        (Uncertain("x", scope=PROVIDER), "uncertain"),
        (WEATHER, "transient"),
        (Permanent("x", scope=PROVIDER), "permanent"),
        (Job("1", START, START), "pending"),
        ([Finding(LookupResult.FOUND)], "ok"),
        ([NO_MATCH], "no_match"),
        ([Finding(LookupResult.OBJECTED)], "suppressed_person"),
        ([Finding(LookupResult.REFUSED)], "permanent"),
        ([Later(timedelta())], "pending"),
        ([Unfinished()], "uncertain"),
        ([], "ok"),
    ],
)
def test_every_answer_is_counted_by_one_of_the_words(outcome: Failure | Job | list[Finding], word: str) -> None:
    assert word_of(outcome) == word
    assert word in PROVIDER_RESULTS
