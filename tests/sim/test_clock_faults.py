"""A clock that is set, slewed, or asked for a zone that is gone."""

from datetime import timedelta
from pathlib import Path

import pytest

from camd.domain.campaign import CampaignStatus, StatusReason
from camd.pipeline.send_gate import GateReason
from camd.ports.providers import RateLimit
from camd.sim.world import World, people, simulate

HOURLY = RateLimit(10, timedelta(hours=1), burst=10)


def test_fault_36_a_clock_set_back_plans_nothing_twice_and_refills_no_quota(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(5), dry_run=False)
        await world.start(watch=True)
        await world.run_for(minutes=1)
        touches = await world.touches(campaign)
        assert (await world.context.quota.take("hourly", HOURLY, 10)).count == 10
        world.clock.jump(-timedelta(hours=1))
        await world.run_for(minutes=2)
        [closure] = world.context.gate.closures()
        assert closure.reason is GateReason.CLOCK_JUMPED
        assert (await world.context.quota.take("hourly", HOURLY, 10)).count == 0
        await world.run_for(hours=3)
        assert [(touch.lead_id, touch.step, touch.due_at) for touch in await world.touches(campaign)] == [
            (touch.lead_id, touch.step, touch.due_at) for touch in touches
        ]
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_fault_37_a_clock_set_forward_gives_no_credit_and_closes_the_gate_for_ten_minutes(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(5), dry_run=False)
        await world.start(watch=True)
        await world.run_for(minutes=1)
        touches = await world.touches(campaign)
        await world.context.quota.take("hourly", HOURLY, 10)
        world.clock.jump(timedelta(days=1))
        await world.run_for(seconds=10)
        assert [closure.reason for closure in world.context.gate.closures()] == [GateReason.CLOCK_JUMPED]
        assert (await world.context.quota.take("hourly", HOURLY, 1000)).count == HOURLY.burst
        await world.run_for(minutes=9)
        assert world.context.gate.closures()
        await world.run_for(minutes=2)
        assert world.context.gate.closures() == ()
        assert len(await world.touches(campaign)) == len(touches)

    simulate(tmp_path, scenario)


def test_fault_38_a_slewed_clock_has_no_effect(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(5))
        await world.start(watch=True)
        await world.run_for(minutes=1)
        plan = await world.previews(campaign)
        for _ in range(100):
            world.clock.jump(timedelta(microseconds=2500))
            await world.run_for(seconds=5)
        assert world.context.gate.closures() == ()
        assert await world.previews(campaign) == plan

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("direction", [1, -1])
def test_everybody_looks_again_when_the_clock_was_set(tmp_path: Path, direction: int) -> None:
    async def scenario(world: World) -> None:
        await world.campaign(*people(1))
        await world.start(watch=True)
        await world.run_for(minutes=1)
        fetched = world.source.fetched
        world.source.lists["campaign 1"] += people(1, first=1)
        await world.store.write(lambda tx: tx.sources.forget((tx.campaigns.active())[0][0]))
        world.clock.jump(direction * timedelta(minutes=5))
        await world.run_for(seconds=10)
        assert world.source.fetched == fetched + 1

    simulate(tmp_path, scenario)


def test_fault_43_a_zone_that_was_removed_pauses_the_campaign_instead_of_meaning_utc(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        sound = await world.campaign(*people(1))
        campaign = await world.campaign(*people(2), timezone="Europe/Nowhere")
        await world.run_for(minutes=1)
        status = (await world.now(campaign)).status
        assert (status.status, status.reason) == (CampaignStatus.PAUSED, StatusReason.MISCONFIGURED)
        assert status.detail == "'Europe/Nowhere' is no known time zone: use an IANA name such as Europe/Berlin"
        assert await world.previews(campaign) == []
        assert len(await world.previews(sound)) == 1
        await world.check_invariants()

    simulate(tmp_path, scenario)
