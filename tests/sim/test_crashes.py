"""Actors that crash: restarted, then parked, one for one; many at once have one cause; a poison lead is held."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from camd.domain.campaign import CampaignStatus, StatusReason
from camd.domain.errors import Scope, Transient
from camd.domain.events import EventType
from camd.domain.lead import HoldReason, LeadStatus
from camd.pipeline.send_gate import GateReason
from camd.ports.records import TouchStatus
from camd.ports.store_errors import StoreUnavailable
from camd.sim.world import World, people, simulate


async def count(world: World, kind: EventType) -> int:
    return sum(row.event.type is kind for row in await world.ledger())


def test_fault_85_an_actor_crashing_at_each_tick_is_parked_at_its_sixth_crash_and_200_others_go_on(
    tmp_path: Path,
) -> None:
    async def scenario(world: World) -> None:
        crashing = await world.campaign(*people(1), name="crashing")
        others = [await world.campaign(*people(1, first=number)) for number in range(200)]
        await world.crash_at(crashing)
        await world.run_for(minutes=10)
        parked = await world.now(crashing)
        assert (parked.status.status, parked.status.reason) == (CampaignStatus.PAUSED, StatusReason.PARKED)
        assert parked.status.detail is not None
        assert "ZeroDivisionError: planted by the simulation" in parked.status.detail
        crashes = await world.store.read(lambda tx: tx.campaigns.crashes(crashing.id, 10))
        assert [crash.error for crash in crashes] == ["ZeroDivisionError"] * 6
        assert "Traceback (most recent call last)" in crashes[0].traceback
        assert await count(world, EventType.ACTOR_CRASHED) == 6
        assert await count(world, EventType.ACTOR_PARKED) == 1
        assert [len(await world.previews(other)) for other in others] == [1] * 200
        assert world.context.gate.closures() == ()
        await world.run_for(hours=1, minutes=5)
        assert await count(world, EventType.ACTOR_CRASHED) == 6

    simulate(tmp_path, scenario)


def test_a_parked_campaign_that_was_mended_and_resumed_goes_on(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(3))
        await world.crash_at(campaign)
        await world.run_for(minutes=10)
        world.mend(campaign)
        await world.resume(campaign)
        await world.run_for(minutes=1)
        assert (await world.now(campaign)).is_active
        assert len(await world.previews(campaign)) == 3

    simulate(tmp_path, scenario)


def test_crashes_farther_apart_than_the_window_park_nobody(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        await world.run_for(minutes=1)
        for _ in range(8):
            await world.crash_at(campaign)
            await world.run_for(milliseconds=1)
            world.mend(campaign)
            await world.run_for(minutes=5)
        assert (await world.now(campaign)).is_active
        assert await count(world, EventType.ACTOR_CRASHED) == 8

    simulate(tmp_path, scenario)


def test_a_quarter_of_forty_campaigns_crashing_at_once_closes_the_gate_until_ten_quiet_minutes(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaigns = [await world.campaign(*people(1, first=number)) for number in range(40)]
        await world.run_for(minutes=1)
        for campaign in campaigns[:10]:
            await world.crash_at(campaign)
        await world.run_for(milliseconds=1)
        [closure] = world.context.gate.closures()
        assert closure.reason is GateReason.COMMON_CAUSE
        assert (await world.cycle(campaigns[39])).waiting_for["gate_closed"] == 1
        for campaign in campaigns[:10]:
            world.mend(campaign)
        await world.run_for(minutes=9, seconds=59)
        assert world.context.gate.closures()
        await world.run_for(seconds=1)
        assert world.context.gate.closures() == ()

    simulate(tmp_path, scenario)


def test_each_further_crash_keeps_the_gate_closed_for_ten_more_minutes(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaigns = [await world.campaign(*people(1, first=number)) for number in range(20)]
        await world.run_for(minutes=1)
        for campaign in campaigns[:5]:
            await world.crash_at(campaign)
        await world.run_for(milliseconds=1)
        for campaign in campaigns[:5]:
            world.mend(campaign)
        await world.run_for(minutes=6)
        await world.crash_at(campaigns[9])
        await world.run_for(milliseconds=1)
        world.mend(campaigns[9])
        crashed_at = world.clock.now()
        [closure] = world.context.gate.closures()
        assert closure.until is not None
        assert closure.until - crashed_at == pytest.approx(timedelta(minutes=10), abs=timedelta(seconds=1))

    simulate(tmp_path, scenario)


def test_four_campaigns_crashing_at_once_leave_the_gate_open(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaigns = [await world.campaign(*people(1, first=number)) for number in range(8)]
        for campaign in campaigns[:4]:
            await world.crash_at(campaign)
        await world.run_for(seconds=50)
        assert world.context.gate.closures() == ()

    simulate(tmp_path, scenario)


def test_fault_84_a_lead_that_crashes_its_actor_three_times_is_held_and_the_campaign_goes_on(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.verifier.crashes_on.add("p1@c1.example")
        campaign = await world.campaign(*people(3))
        await world.run_for(minutes=10)
        assert (await world.now(campaign)).is_active
        good, poison, also_good = await world.leads(campaign)
        assert (good.status, poison.status, also_good.status) == (
            LeadStatus.ENRICHED,
            LeadStatus.NEW,
            LeadStatus.ENRICHED,
        )
        [hold] = poison.holds
        assert (hold.reason, hold.note) == (HoldReason.POISON, "ZeroDivisionError")
        crashes = await world.store.read(lambda tx: tx.campaigns.crashes(campaign.id, 10))
        assert [crash.lead_id for crash in crashes] == [poison.id] * 3
        assert len(await world.previews(campaign)) == 2
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_three_leads_that_crash_their_actor_are_held_and_park_nobody(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.verifier.crashes_on |= {"p0@c0.example", "p1@c1.example", "p2@c2.example"}
        campaign = await world.campaign(*people(4))
        await world.run_for(minutes=10)
        assert (await world.now(campaign)).is_active
        held = [lead.holds[0].reason if lead.holds else None for lead in await world.leads(campaign)]
        assert held == [HoldReason.POISON] * 3 + [None]

    simulate(tmp_path, scenario)


def test_a_crash_while_the_database_is_away_parks_nobody_and_the_supervisor_lives(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        other = await world.campaign(*people(1, first=1))
        await world.run_for(minutes=1)
        await world.crash_at(campaign)
        world.store.trouble = StoreUnavailable("the database is away")
        await world.run_for(minutes=30)
        world.store.trouble = None
        world.mend(campaign)
        await world.run_for(minutes=2)
        assert (await world.now(campaign)).is_active
        assert (await world.now(other)).is_active

    simulate(tmp_path, scenario)


def test_a_crash_that_no_supervisor_saw_is_no_strike(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.verifier.crashes_on.add("p0@c0.example")
        campaign = await world.campaign(*people(1))
        for _ in range(4):
            with pytest.raises(ExceptionGroup):
                await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        assert (lead.strikes, lead.holds) == (0, ())

    simulate(tmp_path, scenario)


def test_a_database_that_is_away_is_weather_and_crashes_nobody(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(3))
        world.store.trouble = StoreUnavailable("the database is away")
        await world.run_for(minutes=30)
        assert await world.leads(campaign) == []
        world.store.trouble = None
        await world.run_for(minutes=2)
        assert len(await world.previews(campaign)) == 3
        assert Counter(row.event.type for row in await world.ledger())[EventType.ACTOR_CRASHED] == 0

    simulate(tmp_path, scenario)


def test_a_source_that_is_away_is_asked_again_and_nothing_is_lost(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(2))
        away = Transient("the list is away", scope=Scope.PROVIDER)
        await world.crash_at(campaign, away)
        other = await world.campaign(*people(2, first=5))
        await world.run_for(minutes=30)
        assert (await world.leads(campaign), len(await world.previews(other))) == ([], 2)
        world.mend(campaign)
        await world.run_for(hours=1)
        assert len(await world.previews(campaign)) == 2

    simulate(tmp_path, scenario)


def test_a_poison_lead_that_was_released_goes_on_where_it_stopped(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.verifier.crashes_on.add("p0@c0.example")
        campaign = await world.campaign(*people(1))
        await world.run_for(minutes=10)
        world.verifier.crashes_on.clear()
        [held] = await world.leads(campaign)
        await world.release(held)
        await world.run_for(minutes=1)
        assert len(await world.previews(campaign)) == 1
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_a_lead_that_was_lost_and_reopened_gets_its_cancelled_step_again(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(2), dry_run=False)
        await world.run_for(minutes=1)
        lead, _ = await world.leads(campaign)
        await world.lose(lead)
        lost = await world.touches(campaign)
        assert [touch.status for touch in lost] == [TouchStatus.CANCELLED, TouchStatus.PLANNED]
        [lead] = [lead for lead in await world.leads(campaign) if lead.status is LeadStatus.LOST]
        await world.reopen(lead)
        await world.run_for(minutes=1)
        again = await world.touches(campaign)
        assert [(touch.status, touch.step) for touch in again] == [(TouchStatus.PLANNED, 1)] * 2
        assert [touch.id for touch in again] == [touch.id for touch in lost]
        await world.check_invariants()

    simulate(tmp_path, scenario)
