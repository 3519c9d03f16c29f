"""An answer may end a campaign's work in its own commit."""

from decimal import Decimal
from pathlib import Path

from camd.domain.campaign import Campaign, CampaignStatus, StatusReason
from camd.domain.events import ENGINE
from camd.domain.lead import Won
from camd.pipeline import record
from camd.pipeline.judging import judge, tell_status
from camd.sim.world import World, people, simulate


async def judged(world: World, campaign: Campaign) -> Campaign | None:
    now = world.clock.now()
    [lead] = await world.leads(campaign)
    await world.store.write(lambda tx: record.apply(tx, lead, (Won(Decimal(10)),), actor=ENGINE, now=now))
    stored = await world.now(campaign)
    return await world.store.write(lambda tx: judge(tx, stored, now))


def test_a_goal_that_is_reached_pauses(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), dry_run=False, target_clients=1)
        await world.cycle(campaign)
        changed = await judged(world, campaign)
        assert changed is not None
        assert (changed.status.status, changed.status.reason) == (CampaignStatus.PAUSED, StatusReason.GOAL_REACHED)
        tell_status(changed)

    simulate(tmp_path, scenario)


def test_a_goal_that_is_not_reached_changes_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), dry_run=False, target_clients=2)
        await world.cycle(campaign)
        # The list is exhausted and its one lead is a client: the campaign has come to its end, not to its goal.
        changed = await judged(world, campaign)
        assert changed is not None
        assert changed.status.status is CampaignStatus.COMPLETED
        assert await world.store.write(lambda tx: judge(tx, changed, world.clock.now())) is None

    simulate(tmp_path, scenario)
