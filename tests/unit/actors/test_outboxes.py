"""One outbox for each mailbox: what crashes is restarted or parked, and delays no other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from camd.actors.outboxes import Outboxes
from camd.actors.wake import Doorbells
from camd.domain.campaign import Campaign
from camd.domain.events import EventType
from camd.pipeline.cycle import run_cycle
from camd.ports.channel import Handover
from camd.ports.records import MailboxReason, MailboxState, Touch, TouchStatus
from camd.ports.settings import Settings
from camd.ports.store_errors import StoreUnavailable
from camd.sim.mail import Happening
from camd.sim.world import STEPS, World, mailbox, people, simulate

P0 = "p0@c0.example"
AWAY = StoreUnavailable("the database is away")


def quick(settings: Settings) -> Settings:
    boxes = settings.mailboxes.items()
    eager = {name: replace(box, min_gap_seconds=0.0, jitter_seconds=0.0) for name, box in boxes}
    return replace(settings, mailboxes=eager)


def two(settings: Settings) -> Settings:
    return quick(replace(settings, mailboxes={name: mailbox(name) for name in ("info", "sales")}))


async def campaign_with(world: World, count: int, first: int = 0, **fields: Any) -> Campaign:
    """So many mails are ready, and nobody sends them yet. `Any`: fields of the definition."""
    campaign = await world.live(*people(count, first), steps=STEPS[:1], **fields)
    await run_cycle(world.context, campaign.id, call_dry=False)
    return campaign


@asynccontextmanager
async def running(world: World) -> AsyncIterator[Outboxes]:
    outboxes = Outboxes(world.context, Doorbells())
    async with anyio.create_task_group() as tasks:
        await tasks.start(outboxes.run)
        yield outboxes
        tasks.cancel_scope.cancel()


@asynccontextmanager
async def at_most(seconds: float) -> AsyncIterator[None]:
    with anyio.fail_after(seconds):
        yield


def crashes_at(name: str, tried: list[Handover], times: int = 1_000) -> Happening:
    """A bug with that mailbox, so many times."""

    async def happens(handover: Handover) -> None:
        if handover.mailbox == name and len(tried) < times:
            tried.append(handover)
            raise ZeroDivisionError("planted by the simulation")

    return happens


async def statuses(world: World, campaign: Campaign) -> list[TouchStatus]:
    return sorted(touch.status for touch in await world.touches(campaign))


async def state(world: World, name: str = "sales") -> MailboxState:
    return await world.store.read(lambda tx: tx.mailboxes.get(name))


async def changed(world: World, touch: Touch, **fields: Any) -> None:
    """`Any`: fields of the touch."""
    await world.store.write(lambda tx: tx.touches.save(touch, replace(touch, **fields)))


def test_an_outbox_that_crashed_before_its_message_went_out_sends_it_after_its_restart(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        tried: list[Handover] = []
        world.mail.before_mark = crashes_at("sales", tried, times=2)
        campaign = await campaign_with(world, 1)
        async with running(world):
            await anyio.sleep(60)
        assert await statuses(world, campaign) == [TouchStatus.SENT]
        [sent] = world.mail.delivered
        assert [handover.message_id for handover in tried] == [sent.message_id] * 2
        assert (await state(world)).disabled is None

    simulate(tmp_path, scenario, settings=quick)


def test_a_message_that_was_on_the_wire_at_the_crash_is_unknown_and_the_others_go_on(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.answers[P0] = [ZeroDivisionError("planted by the simulation")]
        campaign = await campaign_with(world, 3)
        async with running(world):
            await anyio.sleep(60)
        outcomes = await statuses(world, campaign)
        assert outcomes.count(TouchStatus.UNKNOWN) + outcomes.count(TouchStatus.SENT) == 3
        assert 1 <= outcomes.count(TouchStatus.UNKNOWN) <= 2, "at most one for each connection"
        assert P0 not in {handover.recipient for handover in world.mail.delivered}

    simulate(tmp_path, scenario, settings=quick)


def test_the_sixth_crash_in_ten_minutes_parks_the_mailbox_while_another_goes_on(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        tried: list[Handover] = []
        world.mail.before_mark = crashes_at("sales", tried)
        crashing = await campaign_with(world, 1, mailboxes=("sales",))
        working = await campaign_with(world, 5, first=1, mailboxes=("info",))
        async with running(world):
            await anyio.sleep(600)
            assert await statuses(world, working) == [TouchStatus.SENT] * 5
            await anyio.sleep(timedelta(days=1).total_seconds())
        assert (len(tried), await statuses(world, crashing)) == (6, [TouchStatus.APPROVED])
        parked = await state(world)
        assert (parked.disabled, parked.by) == (MailboxReason.PARKED, "rule:parked")
        assert parked.detail == "its outbox crashed 6 times; camd mailboxes enable sales"
        told = [row.event for row in await world.ledger() if row.event.type is EventType.MAILBOX_DEGRADED]
        assert [event.data for event in told] == [{"mailbox": "sales", "reason": "parked"}]
        assert (await state(world, "info")).disabled is None

    simulate(tmp_path, scenario, settings=two)


def test_a_parked_mailbox_sends_again_once_a_person_enables_it(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.before_mark = crashes_at("sales", [], times=6)
        campaign = await campaign_with(world, 1)
        await world.run_for(hours=1)
        assert await statuses(world, campaign) == [TouchStatus.APPROVED]
        await world.enable("sales")
        await world.run_for(minutes=1)
        assert await statuses(world, campaign) == [TouchStatus.SENT]
        assert len(world.mail.delivered) == 1

    simulate(tmp_path, scenario, settings=quick)


def test_a_mailbox_that_was_enabled_is_not_parked_for_what_it_did_before(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        tried: list[Handover] = []
        world.mail.before_mark = crashes_at("sales", tried, times=8)
        campaign = await campaign_with(world, 1)
        await world.run_for(seconds=330)
        assert (await state(world)).disabled is MailboxReason.PARKED
        await world.enable("sales")
        await world.run_for(seconds=60)
        assert (len(tried), (await state(world)).disabled) == (8, None)
        assert await statuses(world, campaign) == [TouchStatus.SENT]

    simulate(tmp_path, scenario, settings=quick)


def test_first_mails_that_a_parked_mailbox_never_tried_go_by_another_of_their_campaign(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        tried: list[Handover] = []
        world.mail.before_mark = crashes_at("sales", tried)
        campaign = await campaign_with(world, 8)
        async with running(world):
            await anyio.sleep(3600)
        touches = await world.touches(campaign)
        assert {touch.status for touch in touches if touch.mailbox == "info"} == {TouchStatus.SENT}
        stays = [touch for touch in touches if touch.mailbox == "sales"]
        assert {handover.message_id for handover in tried} <= {touch.message_id for touch in stays}
        assert all(touch.message_id for touch in stays), "an intent of it was made"

    simulate(tmp_path, scenario, settings=two)


def test_crashes_that_lie_far_apart_park_nothing(tmp_path: Path) -> None:
    """At the mailbox's own pace there is one in ten minutes."""

    async def scenario(world: World) -> None:
        campaign = await campaign_with(world, 8)
        for number in range(8):
            world.mail.answers[f"p{number}@c{number}.example"] = [ZeroDivisionError("planted by the simulation")]
        async with running(world):
            await anyio.sleep(timedelta(hours=3).total_seconds())
        assert await statuses(world, campaign) == [TouchStatus.UNKNOWN] * 8
        assert (await state(world)).disabled is None

    simulate(tmp_path, scenario)


def test_a_mailbox_is_not_parked_while_the_database_is_away_and_is_at_its_next_crash(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        tried: list[Handover] = []
        crash = crashes_at("sales", tried)

        async def last_crash_without_database(handover: Handover) -> None:
            if len(tried) == 5:
                world.store.trouble = AWAY
            await crash(handover)

        world.mail.before_mark = last_crash_without_database
        await campaign_with(world, 1)
        async with running(world):
            await anyio.sleep(400)
            assert (len(tried), (await state(world)).disabled) == (6, None)
            world.store.trouble = None
            await anyio.sleep(400)
        assert (len(tried), (await state(world)).disabled) == (7, MailboxReason.PARKED)

    simulate(tmp_path, scenario, settings=quick)


def test_a_database_that_is_away_while_an_outbox_begins_anew_is_no_crash_of_it(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        tried: list[Handover] = []
        crash = crashes_at("sales", tried, times=2)

        async def crash_without_database(handover: Handover) -> None:
            world.store.trouble = AWAY
            world.mail.before_mark = crash
            await crash(handover)

        world.mail.before_mark = crash_without_database
        campaign = await campaign_with(world, 1)
        async with running(world):
            await anyio.sleep(160)
            world.store.trouble = None
            await anyio.sleep(600)
        assert (len(tried), (await state(world)).disabled) == (2, None)
        assert await statuses(world, campaign) == [TouchStatus.SENT]

    simulate(tmp_path, scenario, settings=quick)


def test_draining_ends_what_is_in_flight_and_begins_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.seconds = 30
        campaign = await campaign_with(world, 5)
        async with running(world) as outboxes:
            await anyio.sleep(1)
            async with at_most(60):
                await outboxes.drain()
            drained = await statuses(world, campaign)
            await anyio.sleep(3600)
        assert drained == await statuses(world, campaign) == [TouchStatus.APPROVED] * 3 + [TouchStatus.SENT] * 2
        assert world.clock.monotonic() == pytest.approx(30 + 3600, abs=1)

    simulate(tmp_path, scenario, settings=quick)


def test_draining_waits_for_no_restart(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.before_mark = crashes_at("sales", [])
        campaign = await campaign_with(world, 1)
        async with running(world) as outboxes:
            await anyio.sleep(200)
            began = world.clock.monotonic()
            await outboxes.drain()
            assert world.clock.monotonic() == began
        assert await statuses(world, campaign) == [TouchStatus.INTENT]

    simulate(tmp_path, scenario, settings=quick)


def test_draining_waits_for_no_database(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.store.trouble = AWAY
        async with at_most(60), running(world) as outboxes:
            await anyio.sleep(12)
            await outboxes.drain()

    simulate(tmp_path, scenario)


def test_outboxes_that_were_drained_can_run_again(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        outboxes = Outboxes(world.context, Doorbells())
        for first in range(2):
            await campaign_with(world, 1, first=first)
            async with anyio.create_task_group() as tasks:
                await tasks.start(outboxes.run)
                await outboxes.at_rest({"sales"})
                await outboxes.drain()
        assert [handover.recipient for handover in world.mail.delivered] == [P0, "p1@c1.example"]

    simulate(tmp_path, scenario, settings=quick)


def test_draining_what_does_not_run_ends_at_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await Outboxes(world.context, Doorbells()).drain()

    simulate(tmp_path, scenario)


def test_outboxes_run_until_they_are_drained(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        outboxes = Outboxes(world.context, Doorbells())
        told = [outboxes.is_running]
        async with anyio.create_task_group() as tasks:
            await tasks.start(outboxes.run)
            told.append(outboxes.is_running)
            await outboxes.drain()
            told.append(outboxes.is_running)
        assert told == [False, True, False]

    simulate(tmp_path, scenario)


def test_outboxes_are_at_rest_when_nothing_more_goes_now(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.seconds = 5
        campaign = await campaign_with(world, 3)
        async with running(world) as outboxes:
            await outboxes.at_rest({"sales", "gone"})
            assert await statuses(world, campaign) == [TouchStatus.SENT] * 3

    simulate(tmp_path, scenario, settings=quick)


def test_everybody_who_waits_for_an_outbox_to_rest_is_told(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.seconds = 5
        await campaign_with(world, 3)
        async with running(world) as outboxes, at_most(60), anyio.create_task_group() as waiting:
            waiting.start_soon(outboxes.at_rest, {"sales"})
            waiting.start_soon(outboxes.at_rest, {"sales"})
        assert len(world.mail.delivered) == 3

    simulate(tmp_path, scenario, settings=quick)


def test_nobody_waits_for_an_outbox_that_has_ended(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.seconds = 5
        await campaign_with(world, 3)
        async with running(world) as outboxes, at_most(60), anyio.create_task_group() as waiting:
            waiting.start_soon(outboxes.at_rest, {"sales"})
            await anyio.sleep(1)
            await outboxes.drain()
        assert len(world.mail.delivered) == 2

    simulate(tmp_path, scenario, settings=quick)


def test_first_mails_of_a_mailbox_that_is_configured_no_longer_go_by_another(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await campaign_with(world, 2)
        first, follow_up = await world.touches(campaign)
        await changed(world, first, mailbox="gone")
        await changed(world, follow_up, mailbox="gone", follow_up=True)
        async with running(world):
            await anyio.sleep(60)
        assert [handover.mailbox for handover in world.mail.delivered] == ["sales"]
        assert [touch.mailbox for touch in await world.touches(campaign)] == ["sales", "gone"]

    simulate(tmp_path, scenario, settings=quick)
