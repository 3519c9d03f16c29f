"""One inbox: every message once and none lost, whatever crashes between reading it and the next one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import anyio
import pytest

from camd.actors.inbox import STRIKES, Inbox
from camd.actors.wake import Doorbells
from camd.domain.campaign import Campaign
from camd.domain.errors import Scope, Transient
from camd.domain.inbound import InboundClass
from camd.domain.lead import LeadStatus
from camd.pipeline.context import Context
from camd.pipeline.cycle import run_cycle
from camd.ports.inbox import Letter, LetterReader, RawMessage, Unreadable
from camd.ports.records import Inbound, InboundFilter, Listing, NoticeKind, Touch, TouchStatus
from camd.ports.settings import Settings
from camd.ports.store_errors import StoreUnavailable
from camd.sim import letters
from camd.sim.inbox import INBOX, SENT, TRASH, away
from camd.sim.world import STEPS, World, people, simulate

US, P0 = "sales@us.example", "p0@c0.example"
OURS = "m1@us.example"


def authoritative(settings: Settings) -> Settings:
    boxes = {name: replace(box, sent_folder_authoritative=True) for name, box in settings.mailboxes.items()}
    return replace(settings, mailboxes=boxes)


async def written(world: World, status: TouchStatus = TouchStatus.SENT) -> Campaign:
    """A campaign with one lead and its first mail, handed over now."""
    campaign = await world.live(*people(1), steps=STEPS[:1])
    await run_cycle(world.context, campaign.id, call_dry=False)
    [touch] = await world.touches(campaign)
    now = world.clock.now()
    sent = replace(touch, status=status, message_id=OURS, mailbox="sales", on_wire_at=now, intent_at=now, ready_at=None)
    await world.store.write(lambda tx: tx.touches.save(touch, sent))
    return campaign


def answer(world: World, text: str = "Who are you?") -> EmailMessage:
    message = letters.fresh(P0, US, "Re: For C0", text, world.clock.now())
    message["In-Reply-To"] = f"<{OURS}>"
    return message


@asynccontextmanager
async def listening(
    context: Context, bells: Doorbells | None = None, poll_seconds: float = 60.0
) -> AsyncIterator[None]:
    inbox = Inbox(context, context.settings.mailboxes["sales"], bells or Doorbells(), poll_seconds)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(inbox.run)
        yield
        tasks.cancel_scope.cancel()


async def once(context: Context) -> None:
    await Inbox(context, context.settings.mailboxes["sales"], Doorbells(), 60.0).read_once()


async def pass_by(**length: float) -> None:
    await anyio.sleep(timedelta(**length).total_seconds())


async def rows(world: World) -> list[Inbound]:
    return list(await world.store.read(lambda tx: tx.inbox.page(Listing(50), InboundFilter())))


async def status(world: World, campaign: Campaign) -> LeadStatus:
    [lead] = await world.leads(campaign)
    return lead.status


async def touch_of(world: World, campaign: Campaign) -> Touch:
    [touch] = await world.touches(campaign)
    return touch


@dataclass
class Reader:
    """The real one, which does something else first."""

    inner: LetterReader
    before: Callable[[RawMessage], Awaitable[None]]
    read_bytes: list[bytes] = field(default_factory=list)

    async def read(self, raw: RawMessage, mailbox: str) -> Letter | Unreadable:
        self.read_bytes.append(raw.content)
        await self.before(raw)
        return await self.inner.read(raw, mailbox)


def reading(world: World, before: Callable[[RawMessage], Awaitable[None]]) -> tuple[Context, Reader]:
    reader = Reader(world.context.letters, before)
    return replace(world.context, letters=reader), reader


def test_a_message_is_applied_as_soon_as_it_comes_and_its_campaign_wakes(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        bells = Doorbells()
        bells.of(campaign.id).silence()
        async with listening(world.context, bells, poll_seconds=600):
            await pass_by(seconds=1)
            rung = bells.of(campaign.id).rings
            world.inboxes.deliver("sales", answer(world))
            await pass_by(seconds=1)
            assert await status(world, campaign) is LeadStatus.REPLIED
        assert (bells.of(campaign.id).rings, bells.notices.rings) == (rung + 1, 1)

    simulate(tmp_path, scenario)


def test_the_database_that_goes_away_in_between_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)

        async def goes_away(_: RawMessage) -> None:
            if len(reader.read_bytes) == 2:
                world.store.trouble = StoreUnavailable("the database is away")

        context, reader = reading(world, goes_away)
        for text in ("Who are you?", "And what is this?", "Why me?"):
            world.inboxes.deliver("sales", answer(world, text))
        async with listening(context):
            await pass_by(seconds=1)
            assert len(await rows(world)) == 1
            world.store.trouble = None
            await pass_by(minutes=2)
        assert len(await rows(world)) == 3
        replied = [row for row in await world.ledger() if row.event.type == "inbound.received"]
        assert len(replied) == 3
        assert await status(world, campaign) is LeadStatus.REPLIED
        assert len(reader.read_bytes) == 4

    simulate(tmp_path, scenario)


async def crashes(_: RawMessage) -> None:
    raise ZeroDivisionError("planted by the test")


def test_fault_84_a_message_that_crashes_it_is_kept_for_a_person_wherever_it_lies(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        context, reader = reading(world, crashes)
        inbox = Inbox(context, context.settings.mailboxes["sales"], Doorbells(), 60.0)
        raw = world.inboxes.deliver("sales", answer(world))
        for _ in range(STRIKES - 1):
            with pytest.raises(ZeroDivisionError):
                await inbox.read_once()
            world.inboxes.move("sales", raw, INBOX, TRASH)
            world.inboxes.move("sales", raw, TRASH, INBOX)
        await inbox.read_once()
        world.inboxes.deliver("sales", raw.content, TRASH)
        await inbox.read_once()
        [row] = await rows(world)
        assert (row.waiting, row.evidence) == (True, "could not be read: camd crashed on it: ZeroDivisionError")
        assert len(reader.read_bytes) == STRIKES + 1

    simulate(tmp_path, scenario)


def test_a_message_that_crashes_it_holds_up_no_later_one_for_long(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)

        async def dislikes(raw: RawMessage) -> None:
            if b"boom" in raw.content:
                await crashes(raw)

        context, _ = reading(world, dislikes)
        inbox = Inbox(context, context.settings.mailboxes["sales"], Doorbells(), 60.0)
        world.inboxes.deliver("sales", answer(world, "boom"))
        for number in range(STRIKES):
            # Each new message gives the old one another place.
            world.inboxes.deliver("sales", answer(world, f"Who are you, {number}?"))
            if number < STRIKES - 1:
                with pytest.raises(ZeroDivisionError):
                    await inbox.read_once()
        await inbox.read_once()
        assert await status(world, campaign) is LeadStatus.REPLIED
        assert len(await rows(world)) == STRIKES + 1

    simulate(tmp_path, scenario)


def test_the_same_message_in_two_folders_is_one(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await written(world)
        raw = world.inboxes.deliver("sales", answer(world))
        world.inboxes.deliver("sales", raw.content, TRASH)
        await once(world.context)
        await once(world.context)
        assert len(await rows(world)) == 1

    simulate(tmp_path, scenario)


def test_whatever_lies_in_the_folder_sent_is_a_copy(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        world.inboxes.deliver("sales", answer(world), SENT)
        world.inboxes.deliver("sales", b"\x00", SENT)
        await once(world.context)
        kinds = {row.kind for row in await rows(world)}
        assert kinds <= {InboundClass.OWN_COPY, InboundClass.UNRELATED}
        assert await status(world, campaign) is LeadStatus.ENRICHED

    simulate(tmp_path, scenario)


def test_a_server_that_is_away_is_tried_again_and_told_of_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        async with listening(world.context):
            await pass_by(seconds=1)
            world.inboxes.trouble["sales"] = away()
            world.inboxes.deliver("sales", answer(world))
            await pass_by(hours=2)
            told = await world.store.read(lambda tx: tx.notices.count_waiting())
            assert told == {NoticeKind.MAILBOX: 1}
            assert world.context.hearing.is_deaf("sales")
            del world.inboxes.trouble["sales"]
            await pass_by(minutes=6)
        assert await status(world, campaign) is LeadStatus.REPLIED
        assert not world.context.hearing.is_deaf("sales")

    simulate(tmp_path, scenario)


def test_where_the_database_is_away_too_the_notice_is_made_good(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.inboxes.trouble["sales"] = Transient("away", scope=Scope.MAILBOX)
        world.store.trouble = StoreUnavailable("the database is away")
        async with listening(world.context):
            await pass_by(hours=1)
            world.store.trouble = None
            await pass_by(minutes=10)
        assert await world.store.read(lambda tx: tx.notices.count_waiting()) == {NoticeKind.MAILBOX: 1}

    simulate(tmp_path, scenario)


def copy_of(message_id: str, sent_at: datetime) -> EmailMessage:
    message = letters.fresh(US, P0, "For C0", "Hello", sent_at)
    message.replace_header("Message-ID", f"<{message_id}>")
    return message


@pytest.mark.parametrize("message_id", [OURS, "renamed@provider.example"])
def test_a_copy_that_came_before_a_crash_proves_after_it_that_the_mail_went(tmp_path: Path, message_id: str) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world, TouchStatus.ON_WIRE)
        world.inboxes.deliver("sales", copy_of(message_id, world.clock.now()), SENT)
        await once(world.context)
        touch = await touch_of(world, campaign)
        await world.store.write(lambda tx: tx.touches.save(touch, replace(touch, status=TouchStatus.UNKNOWN)))
        async with listening(world.context):
            await pass_by(hours=2)
        assert (await touch_of(world, campaign)).status is TouchStatus.SENT

    simulate(tmp_path, scenario, settings=authoritative)


def test_an_answer_that_came_before_a_crash_proves_it_too_without_any_sent_folder(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world, TouchStatus.ON_WIRE)
        world.inboxes.mailboxes["sales"].folders.pop("Sent")
        note = letters.fresh(P0, US, "Automatic reply: For C0", "I am away.", world.clock.now())
        note["In-Reply-To"], note["Auto-Submitted"] = f"<{OURS}>", "auto-replied"
        world.inboxes.deliver("sales", note)
        await once(world.context)
        touch = await touch_of(world, campaign)
        await world.store.write(lambda tx: tx.touches.save(touch, replace(touch, status=TouchStatus.UNKNOWN)))
        await once(world.context)
        assert (await touch_of(world, campaign)).status is TouchStatus.SENT

    simulate(tmp_path, scenario, settings=authoritative)


async def unknown(world: World, *, on_wire: timedelta = timedelta(0)) -> Campaign:
    """A mail of which nobody knows; `on_wire` is how long ago the wall clock says that it went on the wire."""
    campaign = await written(world, TouchStatus.UNKNOWN)
    touch = await touch_of(world, campaign)
    at = world.clock.now() - on_wire
    await world.store.write(lambda tx: tx.touches.save(touch, replace(touch, on_wire_at=at)))
    return campaign


def test_absence_proves_after_a_quarter_of_an_hour_by_a_clock_that_nobody_sets(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        # As after the wall clock was set forward by a day.
        campaign = await unknown(world, on_wire=timedelta(days=1))
        async with listening(world.context):
            await pass_by(minutes=14)
            assert (await touch_of(world, campaign)).status is TouchStatus.UNKNOWN
            await pass_by(minutes=3)
        assert (await touch_of(world, campaign)).status is not TouchStatus.UNKNOWN

    simulate(tmp_path, scenario, settings=authoritative)


def test_where_there_is_no_sent_folder_absence_proves_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await unknown(world)
        world.inboxes.mailboxes["sales"].folders.pop("Sent")
        async with listening(world.context):
            await pass_by(hours=2)
        assert (await touch_of(world, campaign)).status is TouchStatus.UNKNOWN

    simulate(tmp_path, scenario, settings=authoritative)
