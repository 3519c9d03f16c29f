"""A database that is full or away at each moment of a handover, and journals that cannot be written."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from camd.domain.campaign import Campaign
from camd.domain.lead import HoldReason
from camd.pipeline.send_gate import GateReason
from camd.ports.channel import Handover
from camd.ports.journal import HandoverOutcomeWord, OutcomeLine
from camd.ports.records import TouchStatus
from camd.ports.settings import Settings
from camd.ports.store_errors import StoreUnavailable
from camd.sim.world import STEPS, World, mailbox, people, simulate

FULL = StoreUnavailable("the disk is full")


def two_mailboxes(settings: Settings) -> Settings:
    boxes = {name: replace(mailbox(name), min_gap_seconds=60, jitter_seconds=0) for name in ("one", "two")}
    return replace(settings, mailboxes=boxes)


async def statuses(world: World, campaign: Campaign) -> list[TouchStatus]:
    return [touch.status for touch in await world.touches(campaign)]


def fills_the_disk(world: World) -> Callable[[Handover], Awaitable[None]]:
    async def happening(_: Handover) -> None:
        world.store.trouble = FULL

    return happening


async def nothing(_: Handover) -> None:
    """All is well."""


def test_fault_24_a_disk_that_is_full_at_the_intent_sends_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(3), steps=STEPS[:1])
        await world.cycle(campaign, dry=True)
        world.store.trouble = FULL
        await world.run_for(hours=1)
        assert world.mail.delivered == []
        world.store.trouble = None
        await world.run_for(hours=1)
        assert len(world.mail.delivered) == 3
        await world.check_invariants()

    simulate(tmp_path, scenario, settings=two_mailboxes)


def test_a_disk_that_is_full_at_the_mark_sends_nothing_and_takes_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1), steps=STEPS[:1])
        world.mail.before_mark = fills_the_disk(world)
        await world.run_for(minutes=10)
        assert (world.mail.delivered, world.journal.lines) == ([], [])
        world.mail.before_mark = nothing
        world.store.trouble = None
        await world.run_for(minutes=10)
        assert await statuses(world, campaign) == [TouchStatus.SENT]
        assert len(world.mail.delivered) == 1
        assert await world.store.read(lambda tx: tx.mailboxes.all()) == {}

    simulate(tmp_path, scenario, settings=two_mailboxes)


def test_a_journal_that_cannot_be_written_hands_nothing_over(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        attempts = []

        async def counted(handover: Handover) -> None:
            attempts.append(handover)

        campaign = await world.live(*people(1), steps=STEPS[:1])
        world.mail.before_mark = counted
        world.journal.broken = True
        await world.run_for(minutes=10)
        assert world.mail.delivered == []
        assert 1 < len(attempts) <= 60
        world.journal.broken = False
        await world.run_for(minutes=1)
        assert await statuses(world, campaign) == [TouchStatus.SENT]

    simulate(tmp_path, scenario, settings=two_mailboxes)


def test_fault_25_an_outcome_that_cannot_be_stored_is_kept_and_nothing_else_is_sent_until_it_is(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(4), steps=STEPS[:1])
        world.mail.after_mark = fills_the_disk(world)
        await world.run_for(minutes=30)
        in_flight = len(world.mail.delivered)
        assert 1 <= in_flight <= 2
        assert [closure.reason for closure in world.context.gate.closures()] == [GateReason.OUTCOME_WAITS]
        world.mail.after_mark = nothing
        world.store.trouble = None
        await world.run_for(seconds=5)
        assert world.context.gate.closures() == ()
        assert (await statuses(world, campaign)).count(TouchStatus.SENT) >= in_flight
        await world.run_for(minutes=5)
        assert await statuses(world, campaign) == [TouchStatus.SENT] * 4
        assert len(world.mail.delivered) == 4
        await world.check_invariants()

    simulate(tmp_path, scenario, settings=two_mailboxes)


def test_fault_25_a_crash_while_an_outcome_waits_leaves_its_line_in_the_journal_and_the_touch_unknown(
    tmp_path: Path,
) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1), steps=STEPS[:1])
        world.mail.after_mark = fills_the_disk(world)
        await world.run_for(minutes=10)
        world.mail.after_mark = nothing
        [delivered] = world.mail.delivered
        told = [line for line in world.journal.lines if isinstance(line, OutcomeLine)]
        assert {(line.message_id, line.outcome) for line in told} == {(delivered.message_id, HandoverOutcomeWord.SENT)}
        await world.restart()
        await world.run_for(hours=1)
        [lead] = await world.leads(campaign)
        assert await statuses(world, campaign) == [TouchStatus.UNKNOWN]
        assert [hold.reason for hold in lead.holds] == [HoldReason.SEND_UNKNOWN]
        assert world.mail.delivered == [delivered]

    simulate(tmp_path, scenario, settings=two_mailboxes)
