"""Without its journal a database takes every mail that was due for one that may have gone out, and no other."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from camd.daemon import doubts
from camd.domain.campaign import Autonomy, AutonomyMode, Campaign
from camd.domain.lead import Action, HoldReason, LeadStatus
from camd.ports.records import Recovery, TouchStatus
from camd.sim.world import World, people, simulate

FULL = Autonomy(AutonomyMode.FULL)


async def planned(world: World, count: int = 1, *, autonomy: Autonomy = FULL) -> Campaign:
    """A live campaign that has planned and not sent."""
    await world.store.write(lambda tx: tx.instance.set_recovery(Recovery(hold=True)))
    campaign = await world.campaign(*people(count), dry_run=False, autonomy=autonomy, first_touch_spread_hours=0)
    await world.cycle(campaign)
    return campaign


async def doubt(world: World, **later: float) -> Counter[str]:
    """As a start would so much later."""
    now = world.clock.now() + timedelta(**later)
    return +await world.store.write(lambda tx: doubts.doubt_all_due(tx, world.context, now))


async def statuses(world: World, campaign: Campaign) -> Mapping[int, TouchStatus]:
    return {touch.step: touch.status for touch in await world.touches(campaign)}


def test_a_mail_that_was_due_is_unknown_and_its_lead_is_held(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        assert await doubt(world, days=1) == {"unknown": 1}
        [touch] = await world.touches(campaign)
        assert touch.status is TouchStatus.UNKNOWN
        assert touch.message_id is not None, "an answer to it is recognised"
        [lead] = await world.leads(campaign)
        assert [hold.reason for hold in lead.holds] == [HoldReason.SEND_UNKNOWN]
        assert await doubt(world, days=1) == {}
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_one_that_waited_for_approval_may_have_been_approved(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world, autonomy=Autonomy())
        await doubt(world, days=1)
        assert await statuses(world, campaign) == {1: TouchStatus.UNKNOWN}

    simulate(tmp_path, scenario)


def test_one_that_is_due_later_cannot_have_gone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        before = await world.touches(campaign)
        assert await doubt(world, days=-1) == {}
        assert await world.touches(campaign) == before

    simulate(tmp_path, scenario)


def test_steps_that_were_not_planned_yet_are_doubted_too_as_far_as_they_were_due(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        assert await doubt(world, days=30) == {"unknown": 2}
        assert await statuses(world, campaign) == {1: TouchStatus.UNKNOWN, 2: TouchStatus.UNKNOWN}
        follow_up = (await world.touches(campaign))[1]
        assert follow_up.mailbox is None, "tried again, it is rendered before any outbox sees it"

    simulate(tmp_path, scenario)


def test_somebody_who_was_not_enriched_yet_is_held(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        [lead] = await world.leads(campaign)
        [touch] = await world.touches(campaign)
        cancelled = replace(touch, status=TouchStatus.CANCELLED, ready_at=None)
        await world.store.write(lambda tx: tx.touches.save(touch, cancelled))
        new = replace(lead, state=replace(lead.state, status=LeadStatus.NEW), next_action=Action.ENRICH)
        await world.store.write(lambda tx: tx.leads.save(lead, new))
        assert await doubt(world, days=1) == {"new_leads_held": 1}
        [held] = await world.leads(campaign)
        assert (held.status, held.next_action_at) == (LeadStatus.NEW, None)
        await world.cycle(campaign)
        assert await world.leads(campaign) == [held]

    simulate(tmp_path, scenario)


def test_a_campaign_that_sends_nothing_is_left_alone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        dry = await world.campaign(*people(1))
        await world.cycle(dry)
        paused = await planned(world)
        await world.pause(paused)
        assert await doubt(world, days=30) == {}

    simulate(tmp_path, scenario)
