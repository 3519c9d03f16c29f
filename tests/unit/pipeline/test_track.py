"""Each message once: its class, what it did and its row stand in one transaction, and keep no more than they may."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from camd.domain.campaign import Campaign
from camd.domain.events import ENGINE, EventType
from camd.domain.inbound import InboundClass
from camd.domain.lead import Action, HoldReason, LeadStatus, LostReason, TouchAccepted
from camd.domain.suppression import SuppressionKind, keyed_hash
from camd.pipeline import record
from camd.pipeline.track import ANSWERS, REPLIES_PROCESSED, Tracked, track, track_unreadable
from camd.ports.inbox import Letter, RawMessage, Reading, Unreadable
from camd.ports.records import Inbound, InboundFilter, Listing, MatchedBy, NoticeKind, TouchStatus
from camd.ports.settings import Settings
from camd.sim.world import INSTANCE_KEY, World, people, simulate

P0, STRANGER = "p0@c0.example", "who@elsewhere.example"
OURS = "m1@us.example"


def told(settings: Settings) -> Settings:
    return replace(settings, notify=replace(settings.notify, email=("ann@operators.example",)))


async def written(world: World, status: TouchStatus = TouchStatus.SENT) -> Campaign:
    """A campaign that has written to its one lead."""
    campaign = await world.campaign(*people(1), dry_run=False)
    await world.cycle(campaign)
    [touch], [lead] = await world.touches(campaign), await world.leads(campaign)
    now = world.clock.now()
    sent = replace(touch, status=status, message_id=OURS, mailbox="sales", on_wire_at=now, subject="Hello")
    if status is TouchStatus.SENT:
        sent = replace(sent, sent_at=now, settled_at=now)
    await world.store.write(lambda tx: tx.touches.save(touch, sent))
    after = replace(lead, next_action=Action.OUTREACH, waits_for=None)
    await world.store.write(lambda tx: record.apply(tx, lead, (TouchAccepted(),), actor=ENGINE, now=now, after=after))
    return campaign


def letter(world: World, kind: InboundClass, identity: str = "1", **fields: Any) -> Letter:
    """`Any`: fields of the letter and of its reading."""
    read = {name: fields.pop(name) for name in ("until", "has_left", "is_doubtful", "reports") if name in fields}
    reading = Reading(kind, "a rule", **read)
    at = world.clock.now()
    plain = Letter(identity, at, "x@them.example", P0, None, (), (OURS,), True, "Re: Hello", "Words", reading)
    return replace(plain, **fields)


async def tracked(world: World, mail: Letter) -> Tracked | None:
    now = world.clock.now()
    return await world.store.write(lambda tx: track(tx, world.context, "sales", mail, now))


async def row_of(world: World, mail: Letter) -> Inbound:
    found = await tracked(world, mail)
    assert found is not None
    return found.inbound


async def unreadable(world: World, content: bytes, identity: str = "1") -> Tracked | None:
    now = world.clock.now()
    raw, found = RawMessage(content, len(content), now), Unreadable(identity, now, "too deep")
    return await world.store.write(lambda tx: track_unreadable(tx, world.context, "sales", found, raw, now))


async def all_rows(world: World) -> list[Inbound]:
    return list(await world.store.read(lambda tx: tx.inbox.page(Listing(5_000), InboundFilter())))


async def notices(world: World) -> int:
    return (await world.store.read(lambda tx: tx.notices.count_waiting())).get(NoticeKind.ANSWER, 0)


async def counted(world: World, campaign: Campaign) -> tuple[int, int]:
    return await world.store.read(
        lambda tx: (tx.counters.get(campaign.id, REPLIES_PROCESSED), tx.counters.get(campaign.id, ANSWERS))
    )


def test_an_answer_is_stored_with_whom_it_belongs_to_and_what_it_did(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        found = await tracked(world, letter(world, InboundClass.HUMAN_NEGATIVE))
        [row], [lead], [touch] = await all_rows(world), await world.leads(campaign), await world.touches(campaign)
        assert found == Tracked(row, frozenset({campaign.id}))
        assert (row.campaign_id, row.lead_id, row.touch_id) == (campaign.id, lead.id, touch.id)
        assert (row.kind, row.matched_by, row.waiting) == (
            InboundClass.HUMAN_NEGATIVE,
            MatchedBy.MESSAGE_ID,
            False,
        )
        assert (row.sender, row.subject, row.text, row.evidence) == (P0, "Re: Hello", "Words", "a rule")
        assert row.sender_hash == keyed_hash(INSTANCE_KEY, SuppressionKind.ADDRESS, P0)
        assert row.effects is not None
        assert (row.effects.moved_to, lead.state.lost_reason) == (LeadStatus.LOST, LostReason.NEGATIVE_REPLY)
        [received] = [each.event for each in await world.ledger() if each.event.type is EventType.INBOUND_RECEIVED]
        assert received.data == {"inbound_id": row.id, "class": "human_negative", "mailbox": "sales"}
        assert await counted(world, campaign) == (1, 1)

    simulate(tmp_path, scenario)


def test_a_message_is_applied_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        mail = letter(world, InboundClass.HUMAN_NEUTRAL)
        await tracked(world, mail)
        before = await world.ledger()
        assert await tracked(world, mail) is None
        assert await world.ledger() == before
        assert await counted(world, campaign) == (1, 1)

    simulate(tmp_path, scenario)


def test_what_a_machine_answers_is_counted_apart_and_told_to_nobody(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        row = await row_of(world, letter(world, InboundClass.OUT_OF_OFFICE, until=date(2031, 1, 1)))
        assert row.until == date(2031, 1, 1)
        assert (await counted(world, campaign), await notices(world)) == ((1, 0), 0)

    simulate(tmp_path, scenario, settings=told)


@pytest.mark.parametrize(
    ("fields", "waits"),
    [
        pytest.param({}, False, id="the lead's own"),
        pytest.param({"thread": (), "sender": STRANGER}, True, id="nobody's answer"),
    ],
)
def test_the_operator_is_told_of_an_answer(tmp_path: Path, fields: dict[str, Any], waits: bool) -> None:
    async def scenario(world: World) -> None:
        await written(world)
        row = await row_of(world, letter(world, InboundClass.HUMAN_NEGATIVE, **fields))
        assert (row.waiting, await notices(world)) == (waits, 1)
        [notice] = await world.store.read(lambda tx: tx.notices.waiting(NoticeKind.ANSWER, 5))
        assert (notice.inbound_id, notice.campaign_id) == (row.id, row.campaign_id)

    simulate(tmp_path, scenario, settings=told)


def test_where_nobody_is_to_be_told_no_notice_is_kept(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await written(world)
        await tracked(world, letter(world, InboundClass.HUMAN_NEUTRAL))
        assert await notices(world) == 0

    simulate(tmp_path, scenario)


def test_what_a_stranger_writes_who_answers_nothing_is_none_of_our_business(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await written(world)
        mail = letter(world, InboundClass.HUMAN_POSITIVE, sender=STRANGER, thread=(), is_reply=False)
        row = await row_of(world, mail)
        assert (row.kind, row.waiting, row.sender, row.subject, row.text) == (
            InboundClass.UNRELATED,
            False,
            None,
            None,
            None,
        )
        assert await notices(world) == 0

    simulate(tmp_path, scenario, settings=told)


def test_a_strangers_wish_for_no_more_mail_waits_for_a_person(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await written(world)
        mail = letter(world, InboundClass.OPT_OUT_REQUEST, sender=STRANGER, thread=(), is_reply=False)
        row = await row_of(world, mail)
        assert (row.waiting, row.text, row.lead_id) == (True, "Words", None)

    simulate(tmp_path, scenario)


def test_who_names_no_address_has_no_hash(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await written(world)
        assert (await row_of(world, letter(world, InboundClass.HUMAN_NEUTRAL, sender=None))).sender_hash is None

    simulate(tmp_path, scenario)


def test_fault_86_nothing_of_an_erased_persons_text_is_kept(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        [lead] = await world.leads(campaign)
        await world.erase(lead)
        row = await row_of(world, letter(world, InboundClass.HUMAN_POSITIVE))
        assert row.lead_id == lead.id
        assert (row.sender, row.subject, row.text, row.raw) == (None, None, None, None)
        [lead] = await world.leads(campaign)
        assert lead.state.lost_reason is LostReason.ERASED

    simulate(tmp_path, scenario)


def test_an_answer_to_an_unknown_mail_proves_it_sent_and_is_applied(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world, TouchStatus.UNKNOWN)
        await tracked(world, letter(world, InboundClass.HUMAN_NEUTRAL))
        [touch], [lead] = await world.touches(campaign), await world.leads(campaign)
        assert (touch.status, lead.status) == (TouchStatus.SENT, LeadStatus.REPLIED)

    simulate(tmp_path, scenario)


def test_an_answer_known_by_its_sender_alone_proves_no_mail(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world, TouchStatus.UNKNOWN)
        await tracked(world, letter(world, InboundClass.HUMAN_NEUTRAL, thread=()))
        assert [touch.status for touch in await world.touches(campaign)] == [TouchStatus.UNKNOWN]

    simulate(tmp_path, scenario)


def test_what_is_only_hinted_at_holds_and_waits_for_a_person(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        row = await row_of(world, letter(world, InboundClass.OPT_OUT_REQUEST, is_doubtful=True))
        [lead] = await world.leads(campaign)
        assert ([hold.reason for hold in lead.holds], row.waiting) == ([HoldReason.NEEDS_REVIEW], True)

    simulate(tmp_path, scenario)


def by_hand(world: World) -> Letter:
    return letter(world, InboundClass.OWN_COPY, thread=(), recipients=(P0,), message_id="hand@us.example", subject="x")


def of_ours(world: World) -> Letter:
    return letter(world, InboundClass.OWN_COPY, thread=(), recipients=(P0,), message_id=OURS)


def renamed(world: World) -> Letter:
    return letter(world, InboundClass.OWN_COPY, thread=(), recipients=(P0,), message_id="other@provider.example")


@pytest.mark.parametrize(("build", "known_as"), [(by_hand, "hand@us.example"), (of_ours, OURS), (renamed, OURS)])
def test_a_copy_of_a_mail_of_ours_is_remembered_by_the_id_it_has_here(
    tmp_path: Path, build: Callable[[World], Letter], known_as: str
) -> None:
    async def scenario(world: World) -> None:
        await written(world, TouchStatus.ON_WIRE)
        row = await row_of(world, build(world))
        assert (row.kind, row.message_id) == (InboundClass.OWN_COPY, known_as)
        assert (row.sender, row.text, row.sender_hash, row.waiting) == (None, None, None, False)
        assert await world.store.read(lambda tx: tx.inbox.has_own_copy("sales", known_as))

    simulate(tmp_path, scenario)


def test_fault_64_what_cannot_be_read_is_kept_raw_once_and_waits(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        found = await unreadable(world, b"x" * 300_000)
        assert found is not None
        assert (found.inbound.waiting, found.inbound.evidence) == (True, "could not be read: too deep")
        assert found.inbound.raw == b"x" * 256_000
        assert await unreadable(world, b"x") is None
        assert len(await all_rows(world)) == 1

    simulate(tmp_path, scenario)


def test_a_flood_of_what_cannot_be_read_does_not_fill_the_disk(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await unreadable(world, b"x")
        [row] = await all_rows(world)

        def fill(number: int) -> Inbound:
            return replace(row, id=type(row.id)(f"ib_{number}"), identity=f"{number}", raw=None)

        await world.store.write(lambda tx: [tx.inbox.add(fill(number)) for number in range(2, 1_001)])
        found = await unreadable(world, b"x" * 300_000, identity="one more")
        assert found is not None
        assert (found.inbound.raw, found.inbound.waiting) == (None, True)

    simulate(tmp_path, scenario)
