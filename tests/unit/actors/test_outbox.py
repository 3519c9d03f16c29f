"""One outbox: what it claims, what it does with every way a handover can end, and when it looks again."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import anyio

from camd.domain.campaign import Campaign
from camd.ports.channel import Handover, Refused, Stage
from camd.ports.records import MailboxState, Touch, TouchStatus
from camd.ports.settings import Settings
from camd.ports.store_errors import StoreUnavailable
from camd.sim.world import STEPS, World, people, simulate

AWAY = StoreUnavailable("the database is away")
LATER = Refused(Stage.RCPT, 450, "4.2.1", "450 4.2.1 later")
P0 = "p0@c0.example"


def quick(settings: Settings) -> Settings:
    """A mailbox that may send one mail a second."""
    box = replace(settings.mailboxes["sales"], min_gap_seconds=1, jitter_seconds=0)
    return replace(settings, mailboxes={"sales": box})


async def one(world: World) -> Campaign:
    return await world.live(*people(1), steps=STEPS[:1])


async def only(world: World, campaign: Campaign) -> Touch:
    [touch] = await world.touches(campaign)
    return touch


async def state(world: World) -> MailboxState:
    return await world.store.read(lambda tx: tx.mailboxes.get("sales"))


def test_a_ready_touch_is_sent_once_with_its_text(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await one(world)
        await world.run_for(hours=2)
        [handover] = world.mail.delivered
        touch = await only(world, campaign)
        assert touch.status is TouchStatus.SENT
        assert (handover.recipient, handover.subject, handover.body) == (P0, touch.subject, touch.body)
        assert (handover.message_id, handover.mailbox) == (touch.message_id, "sales")

    simulate(tmp_path, scenario, settings=quick)


def test_a_bug_in_the_next_mail_costs_the_one_before_it_nothing(tmp_path: Path) -> None:
    """Its place asks for the next one in the commit that stores the outcome."""

    def one_place(settings: Settings) -> Settings:
        return replace(settings, mailboxes={"sales": replace(quick(settings).mailboxes["sales"], max_connections=1)})

    async def scenario(world: World) -> None:
        async def tear_the_other(_: Handover) -> None:
            [whole] = [touch for touch in await world.touches(campaign) if touch.status is TouchStatus.APPROVED]
            await world.store.write(lambda tx: tx.touches.save(whole, replace(whole, body=None)))

        world.mail.before_mark, world.mail.seconds = tear_the_other, 2.0
        campaign = await world.live(*people(2), steps=STEPS[:1])
        await world.run_for(minutes=30)
        assert len(world.mail.delivered) == 1
        assert {touch.status for touch in await world.touches(campaign)} == {TouchStatus.SENT, TouchStatus.APPROVED}

    simulate(tmp_path, scenario, settings=one_place)


def test_an_outbox_with_nothing_to_do_asks_nothing_until_its_bell_or_the_hour(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.roster_seconds = 7200.0
        await world.run_for(seconds=1)
        calls = world.store.calls
        await world.run_for(minutes=59)
        assert world.store.calls == calls

    simulate(tmp_path, scenario)


def test_what_a_refusal_gives_back_is_used_the_same_day(tmp_path: Path) -> None:
    """The campaign was passed over for the day while its last mail was on its way."""

    async def scenario(world: World) -> None:
        world.mail.seconds = 30
        world.mail.refused.add(P0)
        world.mail.before_mark = lambda _: anyio.sleep(30)
        world.mail.answers[P0] = [Refused(Stage.RCPT, 550, "5.5.0", "550 5.5.0 no")]
        world.mail.refused.clear()
        campaign = await world.live(*people(3), steps=STEPS[:1], daily_email_limit=1)
        await world.run_for(minutes=30)
        assert len(world.mail.delivered) == 1
        assert [touch.status for touch in await world.touches(campaign)].count(TouchStatus.REJECTED) == 1

    simulate(tmp_path, scenario, settings=quick)


def test_a_database_that_is_away_at_the_mark_is_no_fault_of_the_mailbox(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        async def goes_away(_: Handover) -> None:
            world.mail.before_mark = comes_back
            world.store.trouble = AWAY

        async def comes_back(_: Handover) -> None:
            """The second handover finds it there."""

        campaign = await one(world)
        world.mail.before_mark = goes_away
        await world.run_for(seconds=3)
        assert world.mail.delivered == []
        world.store.trouble = None
        await world.run_for(minutes=1)
        assert len(world.mail.delivered) == 1
        assert (await only(world, campaign)).status is TouchStatus.SENT
        assert (await state(world)).stopped_until is None

    simulate(tmp_path, scenario, settings=quick)


def test_a_place_that_rests_does_not_keep_a_stop_waiting(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        async def goes_away(_: Handover) -> None:
            world.mail.before_mark = comes_back
            world.store.trouble = AWAY

        async def comes_back(_: Handover) -> None:
            """The second handover finds it there."""

        await one(world)
        world.mail.before_mark = goes_away
        await world.run_for(seconds=3)
        world.store.trouble = None
        await world.run_for(seconds=6)
        before = world.clock.now()
        await world.outboxes.drain()
        assert world.clock.now() - before < timedelta(seconds=1)

    simulate(tmp_path, scenario, settings=quick)
