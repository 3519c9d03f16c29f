"""What the mailbox itself sent, and what answers prove of a mail of which nobody knew whether it arrived."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from camd.domain.campaign import Campaign
from camd.domain.events import EventType
from camd.domain.facts import InboundId
from camd.domain.inbound import InboundClass
from camd.domain.lead import Action, Hold, HoldReason, Lead, LeadStatus
from camd.domain.message_id import message_id
from camd.pipeline import reconcile
from camd.pipeline.matching import Match
from camd.pipeline.reconcile import OwnCopy
from camd.ports.inbox import Letter, Reading
from camd.ports.records import Inbound, MatchedBy, NoticeKind, Touch, TouchStatus
from camd.ports.settings import Settings
from camd.sim.world import INSTANCE_KEY, World, people, simulate

P0 = "p0@c0.example"
OURS = "m1@us.example"
RENAMED = "renamed@provider.example"


def authoritative(settings: Settings) -> Settings:
    boxes = {name: replace(box, sent_folder_authoritative=True) for name, box in settings.mailboxes.items()}
    return replace(settings, mailboxes=boxes)


async def on_the_wire(world: World, status: TouchStatus = TouchStatus.ON_WIRE, **fields: Any) -> Touch:
    """The first mail of one lead, on its way since now. `Any`: fields of the touch."""
    campaign = await world.campaign(*people(1), dry_run=False)
    await world.cycle(campaign)
    [touch] = await world.touches(campaign)
    now = world.clock.now()
    flying: dict[str, Any] = {"message_id": OURS, "mailbox": "sales", "on_wire_at": now, "ready_at": None}
    after = replace(touch, status=status, **(flying | fields))
    [lead] = await world.leads(campaign)
    held = replace(lead, holds=(Hold(HoldReason.SEND_UNKNOWN, now),), next_action=Action.OUTREACH, waits_for=None)
    if status is TouchStatus.UNKNOWN:
        await world.store.write(lambda tx: tx.leads.save(lead, held))
    return await world.store.write(lambda tx: tx.touches.save(touch, after))


def copy(world: World, message_id: str | None = "theirs@us.example", **fields: Any) -> Letter:
    """`Any`: fields of the letter."""
    reading = Reading(InboundClass.OWN_COPY, "")
    at = world.clock.now()
    plain = Letter("1", at, message_id, "sales@us.example", None, (P0,), (), False, "Hello", "", reading)
    return replace(plain, **fields)


async def read(world: World, letter: Letter) -> OwnCopy:
    now = world.clock.now()
    return await world.store.write(lambda tx: reconcile.own_copy(tx, world.context, "sales", letter, now))


async def proved(world: World, match: Match) -> Match:
    now = world.clock.now()
    return await world.store.write(lambda tx: reconcile.prove_arrived(tx, world.context, match, now))


async def settled(world: World, *looked_for: Touch) -> list[TouchStatus]:
    ids, now = {touch.id for touch in looked_for}, world.clock.now()
    found = await world.store.write(lambda tx: reconcile.settle_unknown(tx, world.context, "sales", ids, now))
    return [touch.status for touch in found]


async def stored(world: World, touch: Touch, kind: InboundClass, **fields: Any) -> None:
    """A message came in. `Any`: its fields."""
    at = world.clock.now()
    row = Inbound(InboundId("ib_1"), "sales", "1", kind, "", False, at, at, "", lead_id=touch.lead_id)
    await world.store.write(lambda tx: tx.inbox.add(replace(row, **fields)))


async def lead_of(world: World, touch: Touch) -> Lead:
    lead = await world.store.read(lambda tx: tx.leads.get(touch.lead_id))
    assert lead is not None
    return lead


async def now_of(world: World, touch: Touch) -> Touch:
    found = await world.store.read(lambda tx: tx.touches.get(touch.id))
    assert found is not None
    return found


async def holds(world: World, campaign: Campaign) -> list[HoldReason]:
    [lead] = await world.leads(campaign)
    return [hold.reason for hold in lead.holds]


def test_whoever_has_its_message_id_has_an_unknown_mail(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        touch = await on_the_wire(world, TouchStatus.UNKNOWN)
        before = Match(await lead_of(world, touch), touch, MatchedBy.MESSAGE_ID)
        after = await proved(world, before)
        assert after.touch is not None
        assert after.lead is not None
        assert (after.touch.status, after.lead.status, after.lead.holds) == (
            TouchStatus.SENT,
            LeadStatus.CONTACTED,
            (),
        )
        [resolved] = [row for row in await world.ledger() if row.event.type is EventType.TOUCH_RESOLVED]
        assert resolved.event.actor == "rule:reconciliation"

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("status", [TouchStatus.SENT, TouchStatus.ON_WIRE])
def test_of_a_mail_that_is_not_unknown_nothing_is_proved(tmp_path: Path, status: TouchStatus) -> None:
    async def scenario(world: World) -> None:
        touch = await on_the_wire(world, status)
        match = Match(await lead_of(world, touch), touch)
        assert await proved(world, match) is match
        assert await proved(world, Match()) == Match()

    simulate(tmp_path, scenario)


def test_a_copy_settles_its_unknown_mail(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        touch = await on_the_wire(world, TouchStatus.UNKNOWN)
        found = await read(world, copy(world, OURS))
        assert found == OwnCopy(touch, frozenset({touch.campaign_id}))
        assert (await now_of(world, touch)).status is TouchStatus.SENT

    simulate(tmp_path, scenario)


def test_the_copy_of_a_mail_that_is_known_to_be_sent_changes_no_campaign(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        touch = await on_the_wire(world, TouchStatus.SENT)
        assert await read(world, copy(world, OURS)) == OwnCopy(touch)

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("subject", ["Hello", "Re: Hello"])
def test_fault_62_a_copy_under_another_message_id_is_known_by_recipient_time_and_subject(
    tmp_path: Path, subject: str
) -> None:
    async def scenario(world: World) -> None:
        touch = await on_the_wire(world, subject="Hello")
        assert (await read(world, copy(world, RENAMED, subject=subject))).touch == touch
        alias = await world.store.read(lambda tx: tx.touches.of_alias(RENAMED))
        assert alias == touch
        assert (await lead_of(world, touch)).holds == ()

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    ("of_touch", "of_copy"),
    [
        pytest.param({"mailbox": "other"}, {}, id="another mailbox"),
        pytest.param({"on_wire_at": None}, {}, id="never handed over"),
        pytest.param({}, {"subject": "Lunch?"}, id="another subject"),
        pytest.param({"subject": None}, {}, id="a text that is gone"),
        pytest.param({}, {"message_id": None}, id="no id"),
    ],
)
def test_a_copy_that_is_none_of_ours_is_the_operators(
    tmp_path: Path, of_touch: dict[str, Any], of_copy: dict[str, Any]
) -> None:
    async def scenario(world: World) -> None:
        touch = await on_the_wire(world, **({"subject": "Hello"} | of_touch))
        found = await read(world, copy(world, **of_copy))
        assert found == OwnCopy(campaigns=frozenset({touch.campaign_id}))
        assert [hold.reason for hold in (await lead_of(world, touch)).holds] == [HoldReason.OPERATOR_WROTE]

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_copy_of_another_time_is_no_copy_of_that_mail(tmp_path: Path, minutes: int) -> None:
    async def scenario(world: World) -> None:
        touch = await on_the_wire(world, subject="Hello", on_wire_at=world.clock.now() + timedelta(minutes=minutes))
        assert (await read(world, copy(world))).touch is None
        assert (await now_of(world, touch)).status is TouchStatus.ON_WIRE

    simulate(tmp_path, scenario)


def test_who_was_written_to_by_hand_is_held_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), dry_run=False)
        await world.cycle(campaign)
        by_hand = copy(world, recipients=("x@y.example", "no address", P0, P0.upper()))
        assert (await read(world, by_hand)).campaigns == {campaign.id}
        assert (await read(world, by_hand)).campaigns == frozenset()
        assert await holds(world, campaign) == [HoldReason.OPERATOR_WROTE]

    simulate(tmp_path, scenario)


def test_a_mail_by_hand_from_before_the_lead_was_known_is_history(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), dry_run=False)
        await world.cycle(campaign)
        old = copy(world, arrived_at=world.clock.now() - timedelta(days=3))
        assert await read(world, old) == OwnCopy()
        assert await holds(world, campaign) == []

    simulate(tmp_path, scenario)


def test_whom_nobody_may_write_to_any_more_needs_no_hold(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), dry_run=False)
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        await world.lose(lead)
        assert await read(world, copy(world)) == OwnCopy()

    simulate(tmp_path, scenario)


def test_fault_15_a_second_sender_holds_everything_and_is_told_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), dry_run=False)
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        strange = message_id(
            INSTANCE_KEY, campaign_id=campaign.id, lead_id=lead.id, step=7, steps_version=1, sender="sales@us.example"
        )
        for _ in range(2):
            assert await read(world, copy(world, strange)) == OwnCopy()
        recovery = await world.store.read(lambda tx: tx.instance.recovery())
        assert (recovery.hold, recovery.reason) == (True, reconcile.SECOND_SENDER)
        assert await world.store.read(lambda tx: tx.notices.count_waiting()) == {NoticeKind.RECOVERY_HOLD: 1}
        assert await holds(world, campaign) == []

    simulate(tmp_path, scenario)


async def seen_in_sent(world: World, touch: Touch) -> None:
    await stored(world, touch, InboundClass.OWN_COPY, message_id=OURS, lead_id=None)


async def answered(world: World, touch: Touch) -> None:
    await stored(world, touch, InboundClass.OUT_OF_OFFICE, touch_id=touch.id, matched_by=MatchedBy.MESSAGE_ID)


async def guessed(world: World, touch: Touch) -> None:
    await stored(world, touch, InboundClass.OUT_OF_OFFICE, touch_id=touch.id, matched_by=MatchedBy.SENDER)


@pytest.mark.parametrize("seen", [seen_in_sent, answered])
def test_what_came_in_while_it_was_on_the_wire_proves_it_sent(
    tmp_path: Path, seen: Callable[[World, Touch], Awaitable[None]]
) -> None:
    async def scenario(world: World) -> None:
        touch = await on_the_wire(world, TouchStatus.UNKNOWN)
        await seen(world, touch)
        assert await settled(world, touch) == [TouchStatus.SENT]

    simulate(tmp_path, scenario, settings=authoritative)


@pytest.mark.parametrize("fields", [{}, {"message_id": None}])
def test_absence_proves_that_it_was_never_sent_where_the_folder_is_authoritative(
    tmp_path: Path, fields: dict[str, Any]
) -> None:
    async def scenario(world: World) -> None:
        touch = await on_the_wire(world, TouchStatus.UNKNOWN, **fields)
        await guessed(world, touch)
        assert await settled(world) == []
        assert await settled(world, touch) == [TouchStatus.APPROVED]

    simulate(tmp_path, scenario, settings=authoritative)


def test_absence_proves_nothing_elsewhere(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        touch = await on_the_wire(world, TouchStatus.UNKNOWN)
        assert await settled(world, touch) == []
        assert (await now_of(world, touch)).status is TouchStatus.UNKNOWN

    simulate(tmp_path, scenario)
