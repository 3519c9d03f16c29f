from datetime import timedelta
from pathlib import Path

import anyio

from camd.actors.reaper import Reaper
from camd.ports.records import Crash
from camd.sim.world import World, simulate


def test_crash_reports_are_kept_for_thirty_days(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign()
        crash = Crash(campaign.id, world.clock.now(), "ZeroDivisionError", "Traceback")
        await world.store.write(lambda tx: tx.campaigns.add_crash(crash))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(Reaper(world.context).run)
            await anyio.sleep(timedelta(days=30).total_seconds())
            assert await world.store.read(lambda tx: tx.campaigns.crashes(campaign.id, 10))
            await anyio.sleep(timedelta(hours=2).total_seconds())
            assert not await world.store.read(lambda tx: tx.campaigns.crashes(campaign.id, 10))
            tasks.cancel_scope.cancel()

    simulate(tmp_path, scenario)
