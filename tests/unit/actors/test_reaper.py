from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from camd.actors.reaper import BATCH, EVERY_SECONDS, Reaper
from camd.domain.facts import Facts, InboundId, LeadId, TouchId
from camd.domain.inbound import InboundClass
from camd.domain.lead import Lead, LeadState, LeadStatus
from camd.domain.webhooks import DeliveryStatus
from camd.ports.records import Crash, Inbound, InboundFilter, Listing, Touch, TouchFilter, TouchStatus
from camd.ports.settings import RetentionSettings, Settings
from camd.ports.store import Tx
from camd.sim.world import World, simulate

EVERYTHING = Listing(limit=10_000)
DAYS = RetentionSettings(body_days=20, inbound_days=10)
Scenario = Callable[[World], Coroutine[None, None, None]]


def kept_for_days(settings: Settings) -> Settings:
    return replace(settings, retention=DAYS)


def reaping(work: Scenario) -> Scenario:
    """The scenario with the reaper beside it."""

    async def scenario(world: World) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(Reaper(world.context).run)
            await work(world)
            tasks.cancel_scope.cancel()

    return scenario


async def pass_days(days: int) -> None:
    await anyio.sleep(timedelta(days=days).total_seconds())


async def pass_an_hour() -> None:
    """In which the reaper works once."""
    await anyio.sleep(EVERY_SECONDS + 60)


async def receive(world: World, count: int) -> None:
    def unit(tx: Tx) -> None:
        for number in range(count):
            now = world.clock.now()
            kind = InboundClass.HUMAN_NEUTRAL
            message = Inbound(
                InboundId(f"in_{number}"),
                "sales",
                f"{number}",
                kind,
                "no rule",
                False,
                now,
                now,
                "engine",
                text="Call me",
            )
            assert tx.inbox.add(message)

    await world.store.write(unit)


async def write_to(world: World, *statuses: TouchStatus) -> None:
    """A lead for each, with one touch."""
    campaign = await world.campaign(active=False)
    now = world.clock.now()

    def unit(tx: Tx) -> None:
        for number, status in enumerate(statuses):
            lead = Lead(
                LeadId(f"ld_{number}"), campaign.id, f"{number}", LeadState(LeadStatus.CONTACTED), Facts(), now, now
            )
            tx.leads.insert(lead)
            touch_id = TouchId(f"to_{number}")
            tx.touches.insert(
                Touch(touch_id, campaign.id, lead.id, 1, "email", status, now, body="A word?", settled_at=now)
            )

    await world.store.write(unit)


async def texts(world: World) -> set[str | None]:
    found = await world.store.read(lambda tx: tx.inbox.page(EVERYTHING, InboundFilter()))
    return {message.text for message in found}


async def bodies(world: World) -> dict[TouchStatus, str | None]:
    found = await world.store.read(lambda tx: tx.touches.page(EVERYTHING, TouchFilter()))
    return {touch.status: touch.body for touch in found}


def test_crash_reports_are_kept_for_thirty_days(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        campaign = await world.campaign()
        crash = Crash(campaign.id, world.clock.now(), "ZeroDivisionError", "Traceback")
        await world.store.write(lambda tx: tx.campaigns.add_crash(crash))
        await pass_days(30)
        assert await world.store.read(lambda tx: tx.campaigns.crashes(campaign.id, 10))
        await pass_an_hour()
        assert not await world.store.read(lambda tx: tx.campaigns.crashes(campaign.id, 10))

    simulate(tmp_path, reaping(work))


def test_deliveries_that_are_over_are_kept_for_thirty_days(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        def unit(tx: Tx) -> None:
            now = world.clock.now()
            for seq in (1, 2):
                tx.webhooks.add("crm", seq, f"ev_{seq}", now)
            delivery, _ = tx.webhooks.due("crm", now, 2)
            tx.webhooks.save(delivery, replace(delivery, status=DeliveryStatus.DEAD, settled_at=now))

        async def kept() -> list[int]:
            return [delivery.seq for delivery in await world.store.read(lambda tx: tx.webhooks.page(EVERYTHING))]

        await world.store.write(unit)
        await pass_days(30)
        assert await kept() == [2, 1]
        await pass_an_hour()
        assert await kept() == [2]

    simulate(tmp_path, reaping(work))


def test_texts_that_came_in_are_kept_for_their_days(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await receive(world, 1)
        await pass_days(DAYS.inbound_days)
        assert await texts(world) == {"Call me"}
        await pass_an_hour()
        assert await texts(world) == {None}

    simulate(tmp_path, reaping(work), settings=kept_for_days)


def test_bodies_of_settled_touches_are_kept_for_their_days(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await write_to(world, TouchStatus.SENT)
        await pass_days(DAYS.body_days)
        assert await bodies(world) == {TouchStatus.SENT: "A word?"}
        await pass_an_hour()
        assert await bodies(world) == {TouchStatus.SENT: None}

    simulate(tmp_path, reaping(work), settings=kept_for_days)


@pytest.mark.parametrize("status", [TouchStatus.PLANNED, TouchStatus.DEFERRED, TouchStatus.UNKNOWN])
def test_a_touch_that_may_still_go_keeps_its_body_however_old_it_is(tmp_path: Path, status: TouchStatus) -> None:
    async def work(world: World) -> None:
        await write_to(world, status)
        await pass_days(DAYS.body_days + 1)
        assert await bodies(world) == {status: "A word?"}

    simulate(tmp_path, reaping(work), settings=kept_for_days)


def test_more_texts_than_one_commit_takes_go_in_the_same_hour(tmp_path: Path) -> None:
    async def work(world: World) -> None:
        await receive(world, BATCH + 1)
        await pass_days(DAYS.inbound_days)
        await pass_an_hour()
        assert await texts(world) == {None}

    simulate(tmp_path, reaping(work), settings=kept_for_days)
