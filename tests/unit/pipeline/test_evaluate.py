from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from camd.domain.campaign import Campaign, CampaignStatus, StatusReason
from camd.domain.events import ENGINE, EventType
from camd.domain.lead import Authority, Lead, Qualified, Won
from camd.pipeline import record
from camd.pipeline.evaluate import evaluate
from camd.ports.records import SourceState
from camd.ports.store import StaleWrite
from camd.sim.world import World, people, simulate

READ = SourceState(0, "list", {"row": 1}, exhausted=True, found=1)


async def qualify(world: World, lead: Lead) -> None:
    events = (Qualified(Authority.OPERATOR),)
    await world.store.write(lambda tx: record.apply(tx, lead, events, actor="os:ann", now=world.clock.now()))


async def judge(world: World, campaign: Campaign, *states: SourceState) -> Campaign | None:
    return await world.store.write(lambda tx: evaluate(tx, campaign, states, world.clock.now()))


async def kinds(world: World) -> list[EventType]:
    return [row.event.type for row in await world.ledger()]


def test_a_goal_that_is_reached_pauses_with_its_figures_and_is_told(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(2), target_clients=1)
        await world.cycle(campaign)
        await qualify(world, (await world.leads(campaign))[0])
        report = await world.cycle(campaign)
        status = (await world.now(campaign)).status
        assert (status.status, status.reason, status.by) == (
            CampaignStatus.PAUSED,
            StatusReason.GOAL_REACHED,
            "rule:goal_reached",
        )
        assert status.figures
        assert (report.campaign_paused, report.next_wake_at) == ("goal_reached", None)
        assert (await kinds(world))[-2:] == [EventType.GOAL_REACHED, EventType.CAMPAIGN_PAUSED]

    simulate(tmp_path, scenario)


def test_another_rule_pauses_without_telling_of_a_goal(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), dry_run=False)
        await world.cycle(campaign)
        world.clock.jump(timedelta(days=91))
        await world.cycle(campaign)
        status = (await world.now(campaign)).status
        assert (status.status, status.reason) == (CampaignStatus.PAUSED, StatusReason.AGE_LIMIT)
        assert EventType.GOAL_REACHED not in await kinds(world)

    simulate(tmp_path, scenario)


def test_won_revenue_counts_towards_the_goal(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), target_mrr=Decimal(100))
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        won = (Won(Decimal("99.99")),)
        await world.store.write(lambda tx: record.apply(tx, lead, won, actor="os:ann", now=world.clock.now()))
        unread = replace(READ, exhausted=False)
        assert await judge(world, await world.now(campaign), unread) is None
        [lead] = await world.leads(campaign)
        await world.store.write(lambda tx: tx.leads.save(lead, replace(lead, won_mrr=Decimal(100))))
        paused = await judge(world, await world.now(campaign), unread)
        assert paused is not None
        assert paused.status.reason is StatusReason.GOAL_REACHED

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    ("states", "completes"), [((READ,), True), ((), True), ((replace(READ, exhausted=False),), False)]
)
def test_a_campaign_is_completed_when_every_source_is_read_and_every_lead_finished(
    tmp_path: Path, states: tuple[SourceState, ...], completes: bool
) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        await world.cycle(campaign)
        assert await judge(world, campaign, *states) is None
        await world.lose((await world.leads(campaign))[0])
        completed = await judge(world, campaign, *states)
        assert (completed is not None) == completes

    simulate(tmp_path, scenario)


def test_a_candidate_that_waits_keeps_the_campaign_going(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        await world.cycle(campaign)
        await world.lose((await world.leads(campaign))[0])
        await world.store.write(lambda tx: tx.candidates.add(campaign.id, "list", people(1, first=1)))
        assert await judge(world, campaign, READ) is None

    simulate(tmp_path, scenario)


def test_a_campaign_that_never_had_a_lead_waits_for_its_first(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign()
        await world.run_for(days=1)
        assert (await world.now(campaign)).is_active

    simulate(tmp_path, scenario)


def test_only_an_active_campaign_is_judged(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), target_clients=1)
        await world.cycle(campaign)
        await qualify(world, (await world.leads(campaign))[0])
        await world.pause(campaign)
        assert await judge(world, await world.now(campaign)) is None

    simulate(tmp_path, scenario)


def test_a_campaign_that_was_changed_since_it_was_read_is_left_as_it_is(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), target_clients=1)
        await world.cycle(campaign)
        await qualify(world, (await world.leads(campaign))[0])
        await world.edit(campaign, target_niche="dentists")
        with pytest.raises(StaleWrite):
            await judge(world, campaign)
        assert EventType.GOAL_REACHED not in await kinds(world)

    simulate(tmp_path, scenario)


def test_the_ledger_names_the_rule(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), timezone="Europe/Nowhere")
        await world.cycle(campaign)
        row = (await world.ledger())[-1]
        assert (row.event.type, row.event.actor) == (EventType.CAMPAIGN_PAUSED, "rule:misconfigured")
        assert row.event.actor != ENGINE

    simulate(tmp_path, scenario)
