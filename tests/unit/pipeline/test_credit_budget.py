"""What a day may cost."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from camd.domain.campaign import Campaign, Enrichment
from camd.pipeline import credit_budget
from camd.ports.settings import Settings
from camd.sim.world import World, simulate

MIDNIGHT_IN_BERLIN = datetime(2026, 1, 5, 23, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 6, tzinfo=UTC)


class Purse:
    """A campaign in Berlin of an engine that lives by UTC."""

    def __init__(self, world: World, campaign: Campaign) -> None:
        self.world = world
        self.campaign = campaign

    async def refusal(self, price: str, provider: str = "p") -> datetime | None:
        ctx, now = self.world.context, self.world.clock.now()
        return await self.world.store.read(
            lambda tx: credit_budget.refusal(tx, ctx, self.campaign, provider, Decimal(price), now)
        )

    async def reserve(self, price: str, provider: str = "p") -> datetime:
        now = self.world.clock.now()
        await self.world.store.write(lambda tx: credit_budget.reserve(tx, self.campaign, provider, Decimal(price), now))
        return now

    async def give_back(self, amount: str, reserved_at: datetime) -> None:
        await self.world.store.write(
            lambda tx: credit_budget.give_back(tx, self.campaign, "p", Decimal(amount), reserved_at)
        )

    async def spent(self, provider: str = "p") -> Decimal:
        ctx, now = self.world.context, self.world.clock.now()
        return await self.world.store.read(lambda tx: credit_budget.spent_today(tx, ctx, provider, now))

    def wait_until(self, instant: datetime) -> None:
        self.world.clock.jump(instant - self.world.clock.now())


def played(
    tmp_path: Path, *, campaign: str | None = None, provider: str | None = None
) -> Callable[[Callable[[Purse], Awaitable[None]]], None]:
    def run(scenario: Callable[[Purse], Awaitable[None]]) -> None:
        async def whole(world: World) -> None:
            world.credits_per_day = {} if provider is None else {"p": Decimal(provider)}
            await world.restart()
            enrichment = Enrichment((), None if campaign is None else Decimal(campaign))
            added = await world.live(enrichment=enrichment, timezone="Europe/Berlin")
            await scenario(Purse(world, added))

        simulate(tmp_path, whole)

    return run


def test_without_a_budget_nothing_is_refused(tmp_path: Path) -> None:
    async def scenario(purse: Purse) -> None:
        await purse.reserve("1000000")
        assert await purse.refusal("1000000") is None
        assert credit_budget.is_ever_enough(purse.world.context, purse.campaign, "p", Decimal(10**9))

    played(tmp_path)(scenario)


def test_a_campaigns_day_ends_in_its_own_zone(tmp_path: Path) -> None:
    async def scenario(purse: Purse) -> None:
        await purse.reserve("2", "one")
        assert await purse.refusal("1", "another") is None
        assert await purse.refusal("1.001", "another") == MIDNIGHT_IN_BERLIN
        purse.wait_until(MIDNIGHT_IN_BERLIN)
        assert await purse.refusal("3") is None

    played(tmp_path, campaign="3")(scenario)


def test_a_providers_day_ends_in_the_zone_of_the_engine_and_counts_all_campaigns(tmp_path: Path) -> None:
    async def scenario(purse: Purse) -> None:
        other = Purse(purse.world, await purse.world.live(name="other"))
        await other.reserve("2.5")
        assert await purse.refusal("0.5") is None
        assert await purse.refusal("1") == MIDNIGHT
        assert await purse.refusal("1", "another") is None
        assert await purse.spent() == Decimal("2.5")
        purse.wait_until(MIDNIGHT)
        assert await purse.spent() == 0

    played(tmp_path, provider="3")(scenario)


def test_half_credits_and_less_are_counted_as_they_are(tmp_path: Path) -> None:
    async def scenario(purse: Purse) -> None:
        for _ in range(3):
            assert await purse.refusal("0.5") is None
            await purse.reserve("0.5")
        assert await purse.refusal("0.001") == MIDNIGHT_IN_BERLIN

    played(tmp_path, campaign="1.5")(scenario)


def test_a_budget_of_nothing_pays_nothing(tmp_path: Path) -> None:
    async def scenario(purse: Purse) -> None:
        assert await purse.refusal("0.5") == MIDNIGHT_IN_BERLIN
        assert not credit_budget.is_ever_enough(purse.world.context, purse.campaign, "p", Decimal("0.5"))
        assert await purse.refusal("0") is None

    played(tmp_path, campaign="0")(scenario)


@pytest.mark.parametrize(("price", "is_enough"), [("3", True), ("3.001", False)])
def test_the_smaller_budget_says_what_is_ever_enough(tmp_path: Path, price: str, is_enough: bool) -> None:
    async def scenario(purse: Purse) -> None:
        found = credit_budget.is_ever_enough(purse.world.context, purse.campaign, "p", Decimal(price))
        assert found == is_enough

    played(tmp_path, campaign="9", provider="3")(scenario)


def test_what_comes_back_counts_in_the_day_in_which_it_was_reserved(tmp_path: Path) -> None:
    async def scenario(purse: Purse) -> None:
        reserved_at = await purse.reserve("3")
        purse.wait_until(MIDNIGHT)
        await purse.reserve("3")
        await purse.give_back("3", reserved_at)
        assert await purse.refusal("0.5") is not None
        assert await purse.spent() == 3

    played(tmp_path, campaign="3", provider="3")(scenario)


def test_what_cost_more_than_was_reserved_leaves_less(tmp_path: Path) -> None:
    async def scenario(purse: Purse) -> None:
        reserved_at = await purse.reserve("1")
        await purse.give_back("-1", reserved_at)
        await purse.give_back("0", reserved_at)
        assert await purse.spent() == 2
        assert await purse.refusal("1.5") == MIDNIGHT_IN_BERLIN

    played(tmp_path, campaign="3")(scenario)


def test_a_changed_zone_makes_no_second_day(tmp_path: Path) -> None:
    async def scenario(purse: Purse) -> None:
        await purse.reserve("3")
        elsewhere = replace(purse.campaign, definition=replace(purse.campaign.definition, timezone="Asia/Tokyo"))
        await purse.world.edit(purse.campaign, timezone="Asia/Tokyo")
        purse.wait_until(datetime(2026, 1, 5, 15, tzinfo=UTC))
        assert await Purse(purse.world, elsewhere).refusal("1") is not None

    played(tmp_path, campaign="3")(scenario)


def test_the_engines_zone_is_a_setting(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.credits_per_day = {"p": Decimal(1)}
        await world.restart()
        purse = Purse(world, await world.live())
        await purse.reserve("1")
        assert await purse.refusal("1") == datetime(2026, 1, 5, 15, tzinfo=UTC) + timedelta(0)

    def tokyo(settings: Settings) -> Settings:
        return replace(settings, engine=replace(settings.engine, timezone="Asia/Tokyo"))

    simulate(tmp_path, scenario, settings=tokyo)


def test_what_a_campaign_costs_is_counted_on_its_own_day(tmp_path: Path) -> None:
    async def scenario(purse: Purse) -> None:
        await purse.reserve("2", "one")
        await purse.reserve("0.5", "another")

        async def spent() -> Decimal:
            now = purse.world.clock.now()
            return await purse.world.store.read(lambda tx: credit_budget.spent_today_for(tx, purse.campaign, now))

        assert await spent() == Decimal("2.5")
        purse.wait_until(MIDNIGHT_IN_BERLIN)
        assert await spent() == 0

    played(tmp_path)(scenario)
