"""What each lead gets next, by how far it is."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from camd.domain.campaign import Campaign
from camd.domain.lead import Authority, Hold, HoldReason, Lead, Lost, LostReason, TouchAccepted
from camd.domain.outcome import Advance, Snooze
from camd.pipeline import outreach, record
from camd.pipeline.outreach import LeadView, Plan, Surroundings
from camd.ports.records import TouchStatus
from camd.ports.store import Tx
from camd.sim.world import STEPS, World, people, simulate

DAY = timedelta(days=1)


async def sent(world: World, **fields: object) -> tuple[Campaign, Lead]:
    """A live campaign whose one lead was written to just now."""
    campaign = await world.campaign(*people(1), dry_run=False, **fields)  # type: ignore[arg-type]  # of the definition
    await world.cycle(campaign)
    [touch] = await world.touches(campaign)
    now = world.clock.now()
    accepted = replace(touch, status=TouchStatus.SENT, sent_at=now, settled_at=now)
    await world.store.write(lambda tx: tx.touches.save(touch, accepted))
    [lead] = await world.leads(campaign)
    await world.store.write(lambda tx: record.apply(tx, lead, (TouchAccepted(),), actor="engine", now=now))
    return campaign, (await world.leads(campaign))[0]


async def plan(world: World, campaign: Campaign, lead: Lead, *, after: timedelta, dry: bool = False) -> Plan:
    now = world.clock.now() + after

    def reading(tx: Tx) -> tuple[list[LeadView], Surroundings]:
        views = outreach.read_views(tx, campaign, [lead])
        return views, outreach.surroundings(tx, world.context, campaign, views, now)

    views, around = await world.store.read(reading)
    [found] = outreach.plan_outreach(world.context, campaign, views, around, dry=dry, previewed=(), now=now)
    return found


def test_a_follow_up_is_planned_after_its_wait_of_working_days(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await sent(world)
        found = await plan(world, campaign, lead, after=timedelta(0))
        assert found.touch is not None
        assert (found.touch.step, found.touch.due_at) == (2, world.clock.now() + 3 * DAY)
        assert found.touch.mailbox == "sales"

    simulate(tmp_path, scenario)


def test_silence_for_thirty_days_after_the_last_step_loses_the_lead_in_a_live_cycle_only(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await sent(world, steps=STEPS[:1])
        waiting = await plan(world, campaign, lead, after=DAY)
        assert isinstance(waiting.outcome, Snooze)
        assert waiting.outcome.until == world.clock.now() + 30 * DAY
        over = await plan(world, campaign, lead, after=31 * DAY)
        assert over.outcome == Advance(lead, (Lost(LostReason.NO_REPLY, Authority.RULE),))
        assert (await plan(world, campaign, lead, after=31 * DAY, dry=True)).outcome == Snooze(None)

    simulate(tmp_path, scenario)


def test_a_lead_without_any_step_waits_for_one(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), steps=())
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        assert (await plan(world, campaign, lead, after=DAY)).outcome == Snooze(None)

    simulate(tmp_path, scenario)


def test_a_lead_on_hold_is_looked_at_again_when_its_last_hold_ends_by_its_date(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await sent(world)
        now = world.clock.now()
        away = Hold(HoldReason.OUT_OF_OFFICE, now, until=now + 2 * DAY)
        later = Hold(HoldReason.OPERATOR, now, until=now + 5 * DAY)
        review = Hold(HoldReason.NEEDS_REVIEW, now)

        async def next_look(*holds: Hold) -> object:
            found = await plan(world, campaign, replace(lead, holds=holds), after=timedelta(0))
            assert isinstance(found.outcome, Advance)
            assert found.touch is None
            return found.outcome.lead.next_action_at

        assert await next_look(away, later) == now + 5 * DAY
        assert await next_look(away, review) is None

    simulate(tmp_path, scenario)


def test_a_hold_that_is_over_no_longer_stands(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await sent(world)
        now = world.clock.now()
        held = replace(lead, holds=(Hold(HoldReason.OUT_OF_OFFICE, now, until=now + DAY),))
        found = await plan(world, campaign, held, after=2 * DAY)
        assert isinstance(found.outcome, Advance)
        assert (found.outcome.lead.holds, found.touch is not None) == ((), True)

    simulate(tmp_path, scenario)


def test_a_lead_keeps_the_steps_it_was_begun_with(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, lead = await sent(world)
        await world.edit(campaign, steps=[{"subject": "New", "body": "x"}, {"subject": "New", "body": "y"}])
        edited = await world.now(campaign)
        begun = replace(lead, steps_version=1)
        old = await plan(world, edited, begun, after=timedelta(0))
        new = await plan(world, edited, lead, after=timedelta(0))
        assert [found.touch.subject for found in (old, new) if found.touch] == ["Again", "New"]

    simulate(tmp_path, scenario)
