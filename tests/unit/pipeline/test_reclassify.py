"""A person's word takes back what a class did, and nothing that stands for another reason."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest

from camd.domain.campaign import Campaign, Scoring
from camd.domain.events import ENGINE, EventType
from camd.domain.facts import CampaignId, Facts, InboundId
from camd.domain.inbound import BounceKind, InboundClass
from camd.domain.lead import (
    Action,
    Authority,
    HoldReason,
    Lead,
    LeadEvent,
    LeadStatus,
    Lost,
    LostReason,
    Qualified,
    Reopened,
    TouchAccepted,
    Won,
)
from camd.pipeline import record
from camd.pipeline.reclassify import reclassify
from camd.pipeline.track import ANSWERS, track
from camd.ports.inbox import Letter, Reading, Report
from camd.ports.providers import Found
from camd.ports.records import DeliveryScope, Effects, Inbound, Listing, Touch, TouchStatus
from camd.sim.clock import START
from camd.sim.world import OPERATOR, World, people, simulate

P0 = "p0@c0.example"
POSITIVE, NEGATIVE, NEUTRAL = InboundClass.HUMAN_POSITIVE, InboundClass.HUMAN_NEGATIVE, InboundClass.HUMAN_NEUTRAL
AWAY, AUTOMATIC, BOUNCE = InboundClass.OUT_OF_OFFICE, InboundClass.AUTO_REPLY, InboundClass.HARD_BOUNCE
OPT_OUT = InboundClass.OPT_OUT_REQUEST


async def written(world: World, *found: Found, **fields: Any) -> Campaign:
    """A live campaign that has written to its leads. `Any`: fields of its definition."""
    campaign = await world.campaign(*(found or people(1)), dry_run=False, **fields)
    await world.cycle(campaign)
    now = world.clock.now()
    for touch in await world.touches(campaign):
        fields_of_sent = {"status": TouchStatus.SENT, "mailbox": "sales", "sent_at": now, "settled_at": now}
        await changed(world, touch, message_id=f"{touch.lead_id}@us.example", **fields_of_sent)
    for lead in await world.leads(campaign):
        after = replace(lead, next_action=Action.OUTREACH, next_action_at=now + timedelta(days=3), waits_for=None)
        await happens(world, lead, TouchAccepted(), after=after)
    return campaign


async def changed(world: World, touch: Touch, **fields: Any) -> None:
    """`Any`: fields of the touch."""
    await world.store.write(lambda tx: tx.touches.save(touch, replace(touch, **fields)))


async def happens(world: World, lead: Lead, *events: LeadEvent, after: Lead | None = None) -> None:
    now = world.clock.now()
    await world.store.write(lambda tx: record.apply(tx, lead, events, actor=ENGINE, now=now, after=after))


async def only_lead(world: World, campaign: Campaign) -> Lead:
    [lead] = await world.leads(campaign)
    return lead


async def now_of(world: World, lead: Lead) -> Lead:
    found = await world.store.read(lambda tx: tx.leads.get(lead.id))
    assert found is not None
    return found


async def comes(world: World, lead: Lead, kind: InboundClass, **fields: Any) -> Inbound:
    """A message that answers the lead's mail, a moment later. `Any`: fields of the letter and of its reading."""
    await anyio.sleep(1)
    read = {name: fields.pop(name) for name in ("until", "has_left", "is_doubtful", "reports") if name in fields}
    now = world.clock.now()
    thread = (f"{lead.id}@us.example",)
    name = world.context.ids.new("x")
    plain = Letter(name, now, name, lead.facts.email, None, (), thread, True, "", "Words", Reading(kind, "", **read))
    mail = replace(plain, **fields)
    found = await world.store.write(lambda tx: track(tx, world.context, "sales", mail, now))
    assert found is not None
    return found.inbound


async def judged(
    world: World, row: Inbound, kind: InboundClass, *, until: date | None = None, note: str | None = None
) -> tuple[Inbound, frozenset[CampaignId]]:
    await anyio.sleep(1)
    now = world.clock.now()
    stored = await world.store.read(lambda tx: tx.inbox.get(row.id))
    assert stored is not None
    return await world.store.write(
        lambda tx: reclassify(tx, world.context, stored, kind, until=until, note=note, actor=OPERATOR, now=now)
    )


def reasons(lead: Lead) -> list[HoldReason]:
    return [hold.reason for hold in lead.holds]


async def figures(world: World, scope: DeliveryScope, key: str) -> dict[str, int]:
    counted = await world.store.read(lambda tx: tx.deliveries.since(scope, key, date(2020, 1, 1)))
    return {fact.value: amount for fact, amount in counted.items() if amount}


async def suppressed(world: World) -> list[str | None]:
    return [each.value for each in await world.store.read(lambda tx: tx.suppressions.page(Listing()))]


def at_c0(number: int, **facts: Any) -> Found:
    """`Any`: values of `Facts`."""
    return Found(
        f"row {number}", Facts(email=f"p{number}@c0.example", first_name="Q", company="C0", country="FR", **facts)
    )


WHERE: dict[InboundClass, tuple[LeadStatus, LostReason | None]] = {
    POSITIVE: (LeadStatus.QUALIFIED, None),
    NEGATIVE: (LeadStatus.LOST, LostReason.NEGATIVE_REPLY),
    NEUTRAL: (LeadStatus.REPLIED, None),
    OPT_OUT: (LeadStatus.LOST, LostReason.OPTED_OUT),
    InboundClass.COMPLAINT: (LeadStatus.LOST, LostReason.COMPLAINED),
    BOUNCE: (LeadStatus.LOST, LostReason.BOUNCED),
}
FOR_GOOD = (OPT_OUT, InboundClass.COMPLAINT)


@pytest.mark.parametrize("first", [each for each in InboundClass if each is not InboundClass.OWN_COPY])
def test_every_class_gives_way_to_every_other_except_a_no(tmp_path: Path, first: InboundClass) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world, *people(len(InboundClass)))
        for lead, second in zip(await world.leads(campaign), InboundClass, strict=True):
            await judged(world, await comes(world, lead, first), second)
            after = await now_of(world, lead)
            decides = first if first in FOR_GOOD and second is not BOUNCE else second
            expected = WHERE.get(decides, (LeadStatus.CONTACTED, None))
            assert (after.status, after.state.lost_reason) == expected, f"{first} judged {second}"
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_it_leaves_the_review_list_with_the_note_and_who_judged(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        row = await comes(world, await only_lead(world, campaign), NEUTRAL)
        assert row.waiting
        saved, campaigns = await judged(world, row, AWAY, until=date(2026, 2, 2), note="by phone")
        assert (saved.waiting, saved.until, saved.note, saved.by) == (False, date(2026, 2, 2), "by phone", OPERATOR)
        assert campaigns == {campaign.id}
        [event] = [each.event for each in await world.ledger() if each.event.type is EventType.INBOUND_RECLASSIFIED]
        assert (event.actor, event.data) == (
            OPERATOR,
            {"inbound_id": row.id, "from": "human_neutral", "to": "out_of_office"},
        )
        kept, _ = await judged(world, row, AUTOMATIC)
        assert (kept.note, kept.until) == ("by phone", None)

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    ("first", "second", "answers"), [(NEUTRAL, AUTOMATIC, 0), (AUTOMATIC, OPT_OUT, 1), (NEUTRAL, POSITIVE, 1)]
)
def test_answers_are_counted_as_they_are_judged(
    tmp_path: Path, first: InboundClass, second: InboundClass, answers: int
) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        await judged(world, await comes(world, await only_lead(world, campaign), first), second)
        assert await world.store.read(lambda tx: tx.counters.get(campaign.id, ANSWERS)) == answers

    simulate(tmp_path, scenario)


def test_what_is_judged_twice_is_as_it_was_judged_last(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        row = await comes(world, await only_lead(world, campaign), POSITIVE)
        for kind in (AUTOMATIC, NEGATIVE, BOUNCE, NEUTRAL, POSITIVE, AUTOMATIC):
            await judged(world, row, kind)
            expected = WHERE.get(kind, (LeadStatus.CONTACTED, None))
            lead = await only_lead(world, campaign)
            assert (lead.status, lead.state.lost_reason) == expected

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    "events",
    [
        (Won(Decimal(10)),),
        (Lost(LostReason.OPERATOR, Authority.OPERATOR),),
        (Lost(LostReason.OPERATOR, Authority.OPERATOR), Reopened()),
    ],
    ids=["won", "lost", "lost and reopened"],
)
@pytest.mark.parametrize("kind", [AUTOMATIC, NEGATIVE])
def test_where_the_operator_has_put_a_lead_it_stays(
    tmp_path: Path, events: tuple[LeadEvent, ...], kind: InboundClass
) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        row = await comes(world, await only_lead(world, campaign), POSITIVE)
        await happens(world, await only_lead(world, campaign), *events)
        before = await only_lead(world, campaign)
        await judged(world, row, kind)
        after = await only_lead(world, campaign)
        lost = kind is NEGATIVE and before.status is LeadStatus.REPLIED
        assert after.status is (LeadStatus.LOST if lost else before.status)

    simulate(tmp_path, scenario)


def test_another_answer_keeps_the_lead_answered(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        lead = await only_lead(world, campaign)
        first = await comes(world, lead, POSITIVE)
        await comes(world, lead, NEUTRAL)
        await judged(world, first, AUTOMATIC)
        assert (await only_lead(world, campaign)).status is LeadStatus.REPLIED

    simulate(tmp_path, scenario)


def test_where_a_later_answer_has_put_a_lead_it_stays(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        first = await comes(world, await only_lead(world, campaign), NEGATIVE)
        await happens(world, await only_lead(world, campaign), Reopened())
        await comes(world, await only_lead(world, campaign), NEGATIVE)
        await judged(world, first, AUTOMATIC)
        assert (await only_lead(world, campaign)).state.lost_reason is LostReason.NEGATIVE_REPLY

    simulate(tmp_path, scenario)


def test_a_no_after_a_yes_outlasts_what_the_yes_is_judged_to_be(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        lead = await only_lead(world, campaign)
        yes = await comes(world, lead, POSITIVE)
        await comes(world, lead, OPT_OUT)
        await judged(world, yes, AUTOMATIC)
        await world.run_for(days=4)
        assert (await suppressed(world), world.mail.delivered) == ([P0], [])
        assert (await only_lead(world, campaign)).status is LeadStatus.LOST

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("status", [TouchStatus.INTENT, TouchStatus.ON_WIRE])
def test_an_answer_that_was_none_leaves_the_touch_on_the_wire_and_cancels_the_other(
    tmp_path: Path, status: TouchStatus
) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        [touch] = await world.touches(campaign)
        await changed(world, touch, status=status, sent_at=None)
        row = await comes(world, await only_lead(world, campaign), NEUTRAL)
        await judged(world, row, AUTOMATIC)
        [after] = await world.touches(campaign)
        assert after.status is (TouchStatus.CANCELLED if status is TouchStatus.INTENT else status)
        assert (await only_lead(world, campaign)).status is LeadStatus.CONTACTED

    simulate(tmp_path, scenario)


def test_confirming_an_answer_changes_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        for kind in (NEUTRAL, POSITIVE):
            row = await comes(world, await only_lead(world, campaign), kind)
            before = await only_lead(world, campaign)
            saved, campaigns = await judged(world, row, kind)
            assert (saved.waiting, saved.effects, campaigns) == (False, row.effects, frozenset())
            assert await only_lead(world, campaign) == before

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(("kind", "status"), [(POSITIVE, LeadStatus.QUALIFIED), (NEGATIVE, LeadStatus.LOST)])
def test_confirming_a_doubtful_answer_does_what_the_doubt_kept_it_from_and_can_be_taken_back(
    tmp_path: Path, kind: InboundClass, status: LeadStatus
) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        row = await comes(world, await only_lead(world, campaign), kind, is_doubtful=True)
        assert (await only_lead(world, campaign)).status is LeadStatus.REPLIED
        assert (await judged(world, row, kind))[1] == {campaign.id}
        assert (await only_lead(world, campaign)).status is status
        await judged(world, row, AUTOMATIC)
        assert (await only_lead(world, campaign)).status is LeadStatus.CONTACTED

    simulate(tmp_path, scenario)


def test_confirming_a_positive_answer_of_a_low_score_qualifies_nobody(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world, scoring=Scoring(auto_qualify=False))
        row = await comes(world, await only_lead(world, campaign), POSITIVE)
        assert (await judged(world, row, POSITIVE))[1] == frozenset()
        assert (await only_lead(world, campaign)).status is LeadStatus.REPLIED

    simulate(tmp_path, scenario)


def test_confirming_does_not_undo_what_the_operator_did(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        row = await comes(world, await only_lead(world, campaign), NEGATIVE, is_doubtful=True)
        await happens(world, await only_lead(world, campaign), Qualified(Authority.OPERATOR))
        await judged(world, row, NEGATIVE)
        assert (await only_lead(world, campaign)).status is LeadStatus.QUALIFIED

    simulate(tmp_path, scenario)


def test_confirming_a_report_that_anybody_could_write_applies_it(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        lead = await only_lead(world, campaign)
        report = Report(P0, BounceKind.HARD, "5.1.1", "")
        row = await comes(world, lead, BOUNCE, thread=(), sender="daemon@x.example", reports=(report,))
        assert (row.waiting, reasons(await only_lead(world, campaign))) == (True, [HoldReason.NEEDS_REVIEW])
        for _ in range(2):
            await judged(world, row, BOUNCE)
            lead = await only_lead(world, campaign)
            assert (lead.state.lost_reason, lead.holds) == (LostReason.BOUNCED, ())
        assert await figures(world, DeliveryScope.CAMPAIGN, str(campaign.id)) == {"hard_bounces": 1}

    simulate(tmp_path, scenario)


def test_confirming_an_absence_keeps_its_day_and_another_day_moves_its_end(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        row = await comes(world, await only_lead(world, campaign), AWAY, until=date(2026, 1, 14))
        before = await only_lead(world, campaign)
        saved, _ = await judged(world, row, AWAY)
        assert saved.until == date(2026, 1, 14)
        assert await only_lead(world, campaign) == before
        await judged(world, row, AWAY, until=date(2026, 1, 7))
        [hold] = (await only_lead(world, campaign)).holds
        assert hold.until is not None
        assert hold.until.date() <= date(2026, 1, 8)

    simulate(tmp_path, scenario)


def test_what_was_counted_is_taken_from_the_same_days(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        row = await comes(world, await only_lead(world, campaign), BOUNCE)
        assert await figures(world, DeliveryScope.MAILBOX, "sales") == {"hard_bounces": 1}
        await judged(world, row, AUTOMATIC)
        assert await figures(world, DeliveryScope.MAILBOX, "sales") == {}
        assert await figures(world, DeliveryScope.CAMPAIGN, str(campaign.id)) == {}
        assert await suppressed(world) == [P0]

    simulate(tmp_path, scenario)


def test_the_figures_of_a_mailbox_that_is_gone_stay(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        row = await comes(world, await only_lead(world, campaign), BOUNCE)
        await world.restart(replace(world.settings, mailboxes={}))
        await judged(world, row, AUTOMATIC)
        assert await figures(world, DeliveryScope.CAMPAIGN, str(campaign.id)) == {}
        assert await figures(world, DeliveryScope.MAILBOX, "sales") == {"hard_bounces": 1}

    simulate(tmp_path, scenario)


def challenged(number: int) -> tuple[InboundClass, dict[str, Any]]:
    return (InboundClass.CHALLENGE, {}) if number % 2 else (AUTOMATIC, {"has_left": True})


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_a_hold_stands_until_the_last_message_that_asked_for_it_is_taken_back(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        lead = await only_lead(world, campaign)
        rows = []
        for number in range(3):
            kind, fields = challenged(number)
            rows.append(await comes(world, lead, kind, **fields))
        for number in order:
            assert reasons(await only_lead(world, campaign)) == [HoldReason.NEEDS_REVIEW]
            await judged(world, rows[number], InboundClass.UNRELATED)
        assert reasons(await only_lead(world, campaign)) == []

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_colleagues_are_held_until_the_last_answer_of_their_company_is_taken_back(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world, at_c0(0), at_c0(1), at_c0(2))
        leads = sorted(await world.leads(campaign), key=lambda lead: lead.facts.email or "")
        rows = [await comes(world, lead, NEUTRAL) for lead in leads[:2]]
        for number in order:
            assert reasons(await now_of(world, leads[2])) == [HoldReason.COMPANY_REPLIED]
            await judged(world, rows[number], AUTOMATIC)
        assert reasons(await now_of(world, leads[2])) == []

    simulate(tmp_path, scenario)


def test_the_shorter_absence_remains_when_the_longer_one_is_taken_back(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        lead = await only_lead(world, campaign)
        rows = [await comes(world, lead, AWAY, until=date(2026, 1, day)) for day in (8, 20, 12)]
        ends = []
        for row in (rows[1], rows[0], rows[2]):
            await judged(world, row, InboundClass.UNRELATED)
            ends += [hold.until.date() for hold in (await only_lead(world, campaign)).holds if hold.until]
        assert ends == [date(2026, 1, 12), date(2026, 1, 12)]

    simulate(tmp_path, scenario)


def test_a_hold_that_a_person_ended_does_not_come_back(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        lead = await only_lead(world, campaign)
        await comes(world, lead, InboundClass.CHALLENGE)
        await world.release(lead)
        second = await comes(world, lead, InboundClass.CHALLENGE)
        await judged(world, second, InboundClass.UNRELATED)
        assert reasons(await only_lead(world, campaign)) == []

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("ends", ["released", "lost"])
def test_a_hold_that_is_gone_needs_no_end(tmp_path: Path, ends: str) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        lead = await only_lead(world, campaign)
        row = await comes(world, lead, InboundClass.CHALLENGE)
        await (world.release(lead) if ends == "released" else world.lose(await only_lead(world, campaign)))
        before = len(await world.ledger())
        await judged(world, row, InboundClass.UNRELATED)
        assert len(await world.ledger()) == before + (1 if ends == "released" else 2)

    simulate(tmp_path, scenario)


async def unmatched(world: World, kind: InboundClass, **fields: Any) -> Inbound:
    """What nobody known wrote. `Any`: fields of the row."""
    now = world.clock.now()
    row = Inbound(InboundId("ib_0"), "sales", "0", kind, "", True, now, now, ENGINE)
    row = replace(row, **fields)
    await world.store.write(lambda tx: tx.inbox.add(row))
    return row


def test_a_stranger_whose_wish_a_person_confirms_is_suppressed(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        answer = await comes(world, await only_lead(world, campaign), NEUTRAL)
        row = await unmatched(world, OPT_OUT, sender_hash=answer.sender_hash)
        saved, campaigns = await judged(world, row, OPT_OUT)
        assert (saved.waiting, campaigns) == (False, frozenset({campaign.id}))
        assert await suppressed(world) == [P0]
        assert (await judged(world, saved, OPT_OUT))[1] == frozenset()

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(("kind", "known"), [(OPT_OUT, None), (POSITIVE, "a hash")])
def test_what_belongs_to_nobody_is_else_only_recorded(tmp_path: Path, kind: InboundClass, known: str | None) -> None:
    async def scenario(world: World) -> None:
        row = await unmatched(world, NEUTRAL, sender_hash=known)
        saved, campaigns = await judged(world, row, kind)
        assert (saved.kind, saved.waiting, campaigns) == (kind, False, frozenset())
        assert await suppressed(world) == []

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("effects", [None, Effects(START)])
def test_where_nothing_was_done_nothing_is_taken_back(tmp_path: Path, effects: Effects | None) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        lead = await only_lead(world, campaign)
        row = await unmatched(world, NEUTRAL, lead_id=lead.id, campaign_id=campaign.id, effects=effects)
        saved, _ = await judged(world, row, AWAY)
        assert saved.effects is not None
        assert reasons(await only_lead(world, campaign)) == [HoldReason.OUT_OF_OFFICE]

    simulate(tmp_path, scenario)
