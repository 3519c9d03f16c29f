from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from camd.actors.campaign import CampaignActor, CycleRunner
from camd.actors.wake import Doorbells
from camd.domain.errors import Transient
from camd.domain.facts import CampaignId
from camd.pipeline.context import Context
from camd.ports.store_errors import StoreUnavailable
from camd.schema.report import CycleReport
from camd.sim.world import World, people, simulate


def test_a_cycle_that_two_ask_for_runs_twice_one_after_the_other(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(3))
        discovered = []

        async def ask() -> None:
            discovered.append((await world.cycle(campaign)).leads_discovered)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            tasks.start_soon(ask)
        assert discovered == [3, 0]

    simulate(tmp_path, scenario)


def test_who_stops_waiting_for_a_turn_lets_nobody_else_run_beside_the_cycle(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(3))
        runner = CycleRunner(world.context, Doorbells())
        discovered = []

        async def ask() -> None:
            discovered.append((await runner.run(campaign.id, False)).leads_discovered)

        async def give_up(scope: anyio.CancelScope) -> None:
            with scope:
                await ask()

        scope = anyio.CancelScope()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            await anyio.lowlevel.checkpoint()
            tasks.start_soon(give_up, scope)
            await anyio.lowlevel.checkpoint()
            scope.cancel()
            await anyio.lowlevel.checkpoint()
            tasks.start_soon(ask)
        assert discovered == [3, 0]

    simulate(tmp_path, scenario)


def test_the_next_wake_of_a_cycle_is_stored_for_the_actor_to_come(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        report = await world.cycle(campaign)
        active = await world.store.read(lambda tx: tx.campaigns.active())
        assert active == [(campaign.id, report.next_wake_at)]

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("retry_after", [None, timedelta(minutes=20)])
def test_an_actor_waits_out_bad_weather(tmp_path: Path, retry_after: timedelta | None) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        away: Transient = StoreUnavailable("away")
        away.retry_after = retry_after
        world.store.trouble = away
        runner = CycleRunner(world.context, Doorbells())
        actor = CampaignActor(world.context, runner, Doorbells(), campaign.id)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(actor.run, None)
            await anyio.sleep(600)
            world.store.trouble = None
            await anyio.sleep(300)
            assert bool(await world.leads(campaign)) == (retry_after is None)
            await anyio.sleep(600)
            assert await world.leads(campaign)
            tasks.cancel_scope.cancel()

    simulate(tmp_path, scenario)


def test_an_actor_ends_when_its_campaign_is_no_longer_active(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), timezone="Europe/Nowhere")
        actor = CampaignActor(world.context, CycleRunner(world.context, Doorbells()), Doorbells(), campaign.id)
        await actor.run(world.clock.now() + timedelta(hours=2))
        assert world.clock.monotonic() == 7200

    simulate(tmp_path, scenario)


class RungRunner(CycleRunner):
    """Something rings for the campaign during each of its cycles."""

    def __init__(self, context: Context, bells: Doorbells) -> None:
        super().__init__(context, bells)
        self._rung = bells
        self.cycles = 0

    async def run(self, campaign_id: CampaignId, call_dry: bool) -> CycleReport:
        report = await super().run(campaign_id, call_dry)
        self._rung.ring(campaign_id)
        self.cycles += 1
        return report


def test_a_campaign_with_more_than_a_cycle_holds_goes_on_at_once_though_its_bell_rings(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1000))
        bells = Doorbells()
        actor = CampaignActor(world.context, RungRunner(world.context, bells), bells, campaign.id)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(actor.run, None)
            await anyio.sleep(0.5)
            assert len(await world.previews(campaign)) == 1000
            tasks.cancel_scope.cancel()

    simulate(tmp_path, scenario)


def test_a_campaign_whose_bell_rings_again_and_again_breathes_between_its_cycles(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        bells = Doorbells()
        runner = RungRunner(world.context, bells)
        actor = CampaignActor(world.context, runner, bells, campaign.id)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(actor.run, None)
            await anyio.sleep(10.5)
            tasks.cancel_scope.cancel()
        assert runner.cycles == 11

    simulate(tmp_path, scenario)
