"""A provider in trouble rests, is told of once, and costs nobody else anything."""

from datetime import timedelta
from pathlib import Path

from camd.domain.errors import Misconfigured, Scope, Transient
from camd.domain.events import EventType
from camd.sim.world import World, people, simulate

WEATHER = Transient("the vendor is away", scope=Scope.PROVIDER)
FULL = Transient("too many requests", scope=Scope.PROVIDER, retry_after=timedelta(hours=1))
WRONG_KEY = Misconfigured("the key is refused; correct api_key", scope=Scope.PROVIDER)


async def told(world: World) -> list[EventType]:
    kinds = {EventType.PROVIDER_DEGRADED, EventType.PROVIDER_RECOVERED}
    return [row.event.type for row in await world.ledger() if row.event.type in kinds]


def test_a_vendor_that_asks_for_an_hour_is_left_alone_for_it_and_told_of_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first = await world.campaign(*people(1))
        second = await world.campaign(*people(1, first=5), name="second")
        await world.crash_at(first, FULL)
        await world.crash_at(second, FULL)
        await world.run_for(minutes=50)
        asked = world.source.fetched
        assert asked <= 2
        assert await told(world) == [EventType.PROVIDER_DEGRADED]
        [rest] = world.context.providers.degraded().values()
        assert "too many requests" in rest.problem
        world.mend(first)
        world.mend(second)
        await world.run_for(hours=2)
        assert await told(world) == [EventType.PROVIDER_DEGRADED, EventType.PROVIDER_RECOVERED]
        assert world.context.providers.degraded() == {}

    simulate(tmp_path, scenario)


def test_a_refused_key_rests_and_the_leads_that_are_there_go_on(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(3))
        await world.run_for(minutes=1)
        await world.crash_at(campaign, WRONG_KEY)
        await world.run_for(hours=3)
        assert len(world.mail.delivered) == 3
        assert (await world.now(campaign)).is_active
        assert await told(world) == [EventType.PROVIDER_DEGRADED]

    simulate(tmp_path, scenario)


def test_a_short_trouble_is_no_news(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        await world.crash_at(campaign, WEATHER)
        await world.run_for(minutes=3)
        world.mend(campaign)
        await world.run_for(minutes=30)
        assert await told(world) == []
        assert len(await world.leads(campaign)) == 1

    simulate(tmp_path, scenario)
