"""A campaign with nothing due costs nothing until its next instant."""

from pathlib import Path

import pytest

from camd.actors.supervisor import ROSTER_SECONDS
from camd.sim.world import World, people, simulate


@pytest.mark.parametrize("campaigns", [0, 50])
def test_idle_campaigns_cost_no_query_for_an_hour(tmp_path: Path, campaigns: int) -> None:
    async def scenario(world: World) -> None:
        for number in range(campaigns):
            await world.campaign(*people(1, first=number), steps=())
        world.roster_seconds = 7200.0
        await world.run_for(seconds=1)
        world.store.calls = 0
        await world.run_for(minutes=59, seconds=58)
        assert world.store.calls == 0
        await world.run_for(seconds=2)
        of_the_outbox = 1
        assert (world.store.calls > of_the_outbox) == bool(campaigns)

    simulate(tmp_path, scenario)


def test_the_roster_is_read_once_a_minute_however_many_campaigns_there_are(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        for number in range(50):
            await world.campaign(*people(1, first=number), steps=())
        world.roster_seconds = ROSTER_SECONDS
        await world.run_for(seconds=1)
        world.store.calls = 0
        await world.run_for(minutes=50)
        assert world.store.calls == 50

    simulate(tmp_path, scenario)
