"""The same seed gives the same ledger; a dry run twice gives the same plan."""

from pathlib import Path

from camd.domain.facts import Verdict
from camd.sim.world import World, people, simulate

Story = tuple[list[str], list[str]]


async def story(world: World) -> Story:
    """Two campaigns with people in common, one of them live, over three days; one list is away for a while."""
    world.verifier.verdicts["c3.example"] = Verdict.INVALID
    dry = await world.campaign(*people(20))
    live = await world.campaign(*people(20, first=10), dry_run=False)
    await world.crash_at(dry)
    await world.run_for(seconds=30)
    world.mend(dry)
    await world.suppress("c12.example")
    await world.run_for(days=3)
    planned = [*await world.previews(dry), *await world.touches(live)]
    return [str(row) for row in await world.ledger()], [str(one) for one in planned]


def test_the_same_seed_twice_gives_the_same_ledger_and_another_seed_another_one(tmp_path: Path) -> None:
    stories = []
    for number, seed in enumerate((7, 7, 8)):
        folder = tmp_path / str(number)
        folder.mkdir()
        stories.append(simulate(folder, story, seed=seed))
    first, again, other = stories
    assert len(first[0]) > 100
    assert first == again
    assert first[0] != other[0]


def test_a_dry_run_twice_gives_the_same_plan(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(60))
        report = await world.cycle(campaign)
        plan = await world.previews(campaign)
        assert (report.dry_run, report.touches_planned, len(plan)) == (True, 60, 60)
        await world.cycle(campaign)
        assert await world.previews(campaign) == plan
        await world.store.write(lambda tx: tx.previews.drop_campaign(campaign.id))
        await world.go(campaign, live=True)
        await world.go(campaign, live=False)
        await world.edit(campaign, name="the same under another name")
        await world.cycle(campaign)
        assert await world.previews(campaign) == plan

    simulate(tmp_path, scenario)
