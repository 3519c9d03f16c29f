"""What is true together is written together."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from camd.domain.events import EventType
from camd.domain.lead import Authority, Hold, HoldReason, Lead, LeadStatus, Lost, LostReason, Reopened, Replied, Won
from camd.domain.suppression import SuppressionReason, parse_value
from camd.pipeline import record
from camd.ports.records import TouchStatus
from camd.ports.store import StaleWrite
from camd.sim.world import World, people, simulate

LOST = Lost(LostReason.OPERATOR, Authority.OPERATOR)


async def apply(world: World, lead: Lead, *events: object) -> Lead:
    now = world.clock.now()
    return await world.store.write(lambda tx: record.apply(tx, lead, events, actor="os:ann", now=now))  # type: ignore[arg-type]  # events of the table


def test_an_illegal_move_is_a_bug_and_writes_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        await world.cycle(campaign)
        before = await world.ledger()
        [lead] = await world.leads(campaign)
        with pytest.raises(AssertionError):
            await apply(world, lead, LOST, LOST)
        assert (await world.leads(campaign), await world.ledger()) == ([lead], before)

    simulate(tmp_path, scenario)


def test_a_stale_lead_is_refused_with_nothing_written(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        await world.change_lead(lead, title="Dentist")
        before = await world.ledger()
        with pytest.raises(StaleWrite):
            await apply(world, lead, LOST)
        assert await world.ledger() == before

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("event", [LOST, Replied(), Won(Decimal(10))])
def test_what_moves_a_lead_out_of_its_open_statuses_cancels_what_was_planned(tmp_path: Path, event: object) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), dry_run=False)
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        after = await apply(world, lead, event)
        [touch] = await world.touches(campaign)
        assert (touch.status, touch.reason) == (TouchStatus.CANCELLED, after.status)
        assert (after.next_action, after.next_action_at) == (None, None)
        assert (await world.ledger())[-1].event.type is EventType.TOUCH_CANCELLED

    simulate(tmp_path, scenario)


def test_a_touch_that_is_on_the_wire_is_out_of_reach(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), dry_run=False)
        await world.cycle(campaign)
        [touch] = await world.touches(campaign)
        await world.store.write(lambda tx: tx.touches.save(touch, replace(touch, status=TouchStatus.ON_WIRE)))
        await apply(world, (await world.leads(campaign))[0], LOST)
        assert [touch.status for touch in await world.touches(campaign)] == [TouchStatus.ON_WIRE]

    simulate(tmp_path, scenario)


def test_a_new_lead_that_is_reopened_begins_at_its_enrichment(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        world.verifier.crashes_on.add("p0@c0.example")
        with pytest.raises(ExceptionGroup):
            await world.cycle(campaign)
        world.verifier.crashes_on.clear()
        [lead] = await world.leads(campaign)
        lost = await apply(world, lead, LOST)
        assert (await apply(world, lost, Reopened())).status is LeadStatus.NEW

    simulate(tmp_path, scenario)


def test_a_win_that_is_taken_back_leaves_no_revenue(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        await world.cycle(campaign)
        won = await apply(world, (await world.leads(campaign))[0], Won(Decimal(10)))
        assert won.won_mrr == Decimal(10)
        taken_back = await apply(world, won, Reopened())
        assert (taken_back.status, taken_back.won_mrr) == (LeadStatus.QUALIFIED, None)

    simulate(tmp_path, scenario)


def test_a_suppression_reaches_the_person_in_every_campaign_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        one, two = await world.campaign(*people(1)), await world.campaign(*people(2), dry_run=False)
        await world.cycle(one)
        await world.cycle(two)
        await world.suppress("P0+news@C0.example")
        before = await world.ledger()
        await world.suppress("p0@c0.example")
        assert await world.ledger() == before
        reasons = [lead.state.lost_reason for campaign in (one, two) for lead in await world.leads(campaign)]
        assert reasons == [LostReason.DO_NOT_CONTACT, LostReason.DO_NOT_CONTACT, None]
        await world.suppress("c0.example")
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_a_suppression_of_a_dry_cycle_leaves_leads_that_are_not_open_as_they_are(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        await world.cycle(campaign)
        won = await apply(world, (await world.leads(campaign))[0], Won(Decimal(10)))
        value, reason = parse_value("c0.example"), SuppressionReason.DO_NOT_CONTACT
        now = world.clock.now()
        await world.store.write(
            lambda tx: record.suppress(tx, world.context, value, reason, actor="engine", now=now, loses=False)
        )
        assert await world.leads(campaign) == [won]

    simulate(tmp_path, scenario)


def test_a_tagged_row_without_an_address_suppresses_nobody(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [found] = people(1)
        nobody = replace(found, facts=replace(found.facts, email=None), do_not_contact=True)
        campaign = await world.campaign(nobody)
        await world.cycle(campaign)
        assert (await world.leads(campaign), await world.ledger()) == ([], [])

    simulate(tmp_path, scenario)


def test_a_lead_whose_last_hold_ends_is_looked_at_at_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        held = replace(lead, holds=(Hold(HoldReason.OPERATOR, world.clock.now()),), next_action_at=None)
        await world.store.write(lambda tx: tx.leads.save(lead, held))
        [held] = await world.leads(campaign)
        now = world.clock.now()
        after = replace(held, holds=())
        saved = await world.store.write(lambda tx: record.apply(tx, held, (), actor="os:ann", now=now, after=after))
        assert saved.next_action_at == now

    simulate(tmp_path, scenario)
