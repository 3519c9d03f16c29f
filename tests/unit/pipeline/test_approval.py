"""The first texts of each version wait for a person's click; then the others go by themselves."""

from dataclasses import replace
from pathlib import Path

import pytest

from camd.domain.campaign import Autonomy, AutonomyMode, Campaign, Channel, Step
from camd.domain.events import EventType
from camd.pipeline.approval import approvals_counter, approve_waiting, is_granted
from camd.pipeline.cycle import run_cycle
from camd.ports.records import TouchStatus
from camd.sim.world import STEPS, World, people, simulate

TWO = Autonomy(approve_first=2)
FULL = Autonomy(AutonomyMode.FULL)
CALL = (Step(1, "Call {{ first_name }}", "Ask for Q1", Channel.TASK),)


async def planned(world: World, count: int, autonomy: Autonomy = TWO, steps: tuple[Step, ...] = STEPS) -> Campaign:
    campaign = await world.campaign(*people(count), dry_run=False, autonomy=autonomy, steps=steps)
    await run_cycle(world.context, campaign.id, call_dry=False)
    return campaign


async def approvals(world: World, campaign: Campaign, version: int, count: int) -> None:
    """A person has approved so many texts of that version."""
    await world.store.write(lambda tx: tx.counters.put(campaign.id, approvals_counter(version), count))


async def granted(world: World, campaign: Campaign, version: int = 1) -> bool:
    return await world.store.read(lambda tx: is_granted(tx, campaign, version))


async def approve(world: World, campaign: Campaign) -> int:
    """How many the rule approves."""
    now = world.clock.now()
    return len(await world.store.write(lambda tx: approve_waiting(tx, campaign, now)))


async def statuses(world: World, campaign: Campaign) -> list[TouchStatus]:
    return [touch.status for touch in await world.touches(campaign)]


async def version_of_first(world: World, campaign: Campaign, version: int) -> None:
    """The text of the first touch is that of another version of the steps."""
    touch = (await world.touches(campaign))[0]
    await world.store.write(lambda tx: tx.touches.save(touch, replace(touch, steps_version=version)))


@pytest.mark.parametrize(
    ("autonomy", "approved", "free"),
    [(TWO, 0, False), (TWO, 1, False), (TWO, 2, True), (TWO, 3, True), (Autonomy(approve_first=0), 0, True)],
)
def test_texts_are_free_once_so_many_were_approved(
    tmp_path: Path, autonomy: Autonomy, approved: int, free: bool
) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(autonomy=autonomy)
        await approvals(world, campaign, 1, approved)
        assert await granted(world, campaign) is free

    simulate(tmp_path, scenario)


def test_full_autonomy_asks_nobody(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(autonomy=FULL)
        assert await granted(world, campaign)

    simulate(tmp_path, scenario)


def test_approvals_count_for_the_version_of_the_steps_and_for_the_campaign_alone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, other = await world.campaign(autonomy=TWO), await world.campaign(autonomy=TWO)
        await approvals(world, campaign, 1, 2)
        assert [await granted(world, campaign, version) for version in (1, 2)] == [True, False]
        assert not await granted(world, other)

    simulate(tmp_path, scenario)


def test_what_waits_without_need_is_approved_by_the_rule_for_its_planned_instant(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world, 1)
        await approvals(world, campaign, 1, 2)
        assert await approve(world, campaign) == 1
        [touch] = await world.touches(campaign)
        assert (touch.status, touch.ready_at, touch.approved_by) == (
            TouchStatus.APPROVED,
            touch.due_at,
            "rule:autonomy",
        )
        [lead] = await world.leads(campaign)
        assert (lead.waits_for, lead.next_action_at) == (None, None)
        event = (await world.ledger())[-1].event
        assert (event.type, event.actor, event.touch_id) == (EventType.TOUCH_APPROVED, "rule:autonomy", touch.id)
        assert await approve(world, campaign) == 0

    simulate(tmp_path, scenario)


def test_nothing_is_approved_that_has_to_wait_for_a_person(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world, 3)
        before = await world.touches(campaign)
        assert (await approve(world, campaign), await world.touches(campaign)) == (0, before)

    simulate(tmp_path, scenario)


def test_only_the_version_that_was_approved_often_enough_is_approved(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world, 3)
        await version_of_first(world, campaign, 7)
        await approvals(world, campaign, 1, 2)
        assert await approve(world, campaign) == 2
        assert await statuses(world, campaign) == [TouchStatus.PLANNED, TouchStatus.APPROVED, TouchStatus.APPROVED]

    simulate(tmp_path, scenario)


def test_a_rule_s_approval_counts_for_no_other_text(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world, 2, autonomy=Autonomy(approve_first=0))
        counted = await world.store.read(lambda tx: tx.counters.get(campaign.id, approvals_counter(1)))
        assert (await statuses(world, campaign), counted) == ([TouchStatus.APPROVED] * 2, 0)

    simulate(tmp_path, scenario)


def test_a_lead_that_waits_for_nobody_is_left_alone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world, 1)
        [lead] = await world.leads(campaign)
        before = await world.store.write(lambda tx: tx.leads.save(lead, replace(lead, waits_for=None)))
        await approvals(world, campaign, 1, 2)
        await approve(world, campaign)
        assert (await statuses(world, campaign), await world.leads(campaign)) == ([TouchStatus.APPROVED], [before])

    simulate(tmp_path, scenario)


def test_a_task_waits_for_the_person_who_does_it(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world, 1, autonomy=FULL, steps=CALL)
        assert (await approve(world, campaign), await statuses(world, campaign)) == (0, [TouchStatus.PLANNED])

    simulate(tmp_path, scenario)
