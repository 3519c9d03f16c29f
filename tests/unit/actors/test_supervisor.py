"""Actors appear and disappear with their campaigns; `tests/sim/test_crashes.py` shows what becomes of crashes."""

from pathlib import Path

from camd.domain.campaign import CampaignStatus, StatusReason
from camd.domain.events import EventType
from camd.domain.facts import CampaignId
from camd.sim.world import World, people, simulate


def test_a_campaign_that_becomes_active_is_worked_and_one_that_is_paused_is_left_alone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.run_for(minutes=5)
        campaign = await world.campaign(*people(2), dry_run=False)
        await world.run_for(seconds=1)
        planned = await world.touches(campaign)
        assert len(planned) == 2
        await world.pause(campaign)
        paused, leads = await world.now(campaign), await world.leads(campaign)
        await world.run_for(days=1)
        assert (await world.now(campaign), await world.leads(campaign)) == (paused, leads)
        assert (await world.touches(campaign), await world.previews(campaign)) == (planned, [])
        await world.resume(campaign)
        await world.run_for(days=1)
        assert {lead.waits_for for lead in await world.leads(campaign)} == {"approval"}

    simulate(tmp_path, scenario)


def test_a_campaign_that_was_paused_and_resumed_at_once_keeps_an_actor(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        await world.run_for(seconds=1)
        for _ in range(3):
            await world.pause(campaign)
            await world.resume(campaign)
        world.source.lists[campaign.definition.name] += people(1, first=1)
        await world.store.write(lambda tx: tx.sources.forget(campaign.id))
        await world.run_for(hours=2)
        assert len(await world.leads(campaign)) == 2

    simulate(tmp_path, scenario)


def test_a_campaign_paused_by_a_person_while_it_crashes_is_not_parked(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        await world.crash_at(campaign)
        await world.run_for(minutes=1)
        await world.pause(campaign)
        await world.run_for(minutes=30)
        status = (await world.now(campaign)).status
        assert (status.status, status.reason) == (CampaignStatus.PAUSED, StatusReason.OPERATOR)
        kinds = [row.event.type for row in await world.ledger()]
        assert EventType.ACTOR_PARKED not in kinds

    simulate(tmp_path, scenario)


def test_a_restart_goes_on_at_the_stored_instants_and_repeats_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(2))
        await world.run_for(minutes=5)
        [(_, wakes_at)] = await world.store.read(lambda tx: tx.campaigns.active())
        fetched, ledger = world.source.fetched, await world.ledger()
        await world.restart()
        await world.run_for(minutes=5)
        assert (world.source.fetched, await world.ledger()) == (fetched, ledger)
        assert await world.store.read(lambda tx: tx.campaigns.active()) == [(CampaignId(campaign.id), wakes_at)]

    simulate(tmp_path, scenario)
