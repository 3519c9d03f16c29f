from pathlib import Path

import anyio

from camd.actors.health import Phase
from camd.actors.wake import Doorbells
from camd.actors.watch import Watch
from camd.pipeline.send_gate import GateReason
from camd.ports.store_errors import StoreUnavailable
from camd.sim.world import World, people, simulate


def test_a_database_that_goes_makes_the_process_unready_until_it_is_back(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.health.phase = Phase.RUNNING
        await world.start(watch=True)
        await world.run_for(seconds=6)
        assert world.health.is_ready
        world.store.trouble = StoreUnavailable("away")
        await world.run_for(minutes=1)
        assert (world.health.is_ready, world.health.store_error) == (False, "away")
        world.store.trouble = None
        await world.run_for(seconds=5)
        assert world.health.is_ready

    simulate(tmp_path, scenario)


def test_a_full_disk_keeps_the_gate_closed_until_there_is_room(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.start(watch=True)
        world.context.gate.close(GateReason.DISK_FULL)
        await world.run_for(seconds=6)
        assert world.context.gate.closures() == ()
        assert world.health.disk_free_bytes

    simulate(tmp_path, scenario)


def test_a_folder_that_is_gone_says_nothing_of_the_disk(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.campaign(*people(1))
        nowhere = Watch(world.context, world.health, Doorbells(), tmp_path / "gone" / "camd.db")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(nowhere.run)
            await anyio.sleep(12)
            tasks.cancel_scope.cancel()
        assert world.health.disk_free_bytes is None

    simulate(tmp_path, scenario)
