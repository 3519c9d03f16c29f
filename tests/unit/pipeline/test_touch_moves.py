"""What a person decides about a touch is written with its lead and the ledger, or not at all."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from camd.domain.campaign import Campaign, Channel, Step
from camd.domain.events import EventType
from camd.domain.lead import (
    Authority,
    Erased,
    Hold,
    HoldReason,
    Lead,
    LeadEvent,
    LeadStatus,
    Lost,
    LostReason,
)
from camd.domain.token_bucket import QuotaScope, Taken
from camd.pipeline import record, touch_moves
from camd.pipeline.approval import approvals_counter
from camd.pipeline.touch_moves import Verb
from camd.ports.records import Debit, Debits, DeliveryFact, DeliveryScope, Touch, TouchStatus
from camd.ports.store import Tx
from camd.sim.world import OPERATOR, World, people, simulate

TASK = (Step(1, "Call {{ first_name }}", "Ask for Q1", Channel.TASK), Step(2, "Hi", "Hello {{ first_name }}"))
LOST = Lost(LostReason.OPERATOR, Authority.OPERATOR)
MAIL, CALL = Channel.EMAIL, Channel.TASK

Move = Callable[[Tx, World, Campaign, Touch], Touch]

MOVES: dict[Verb, Move] = {
    Verb.APPROVE: lambda tx, world, campaign, touch: touch_moves.approve(
        tx, campaign, touch, actor=OPERATOR, now=world.clock.now()
    ),
    Verb.RESOLVE: lambda tx, world, _, touch: touch_moves.resolve(
        tx, world.context, touch, sent=True, actor=OPERATOR, now=world.clock.now()
    ),
    Verb.CANCEL: lambda tx, world, _, touch: touch_moves.cancel(tx, touch, actor=OPERATOR, now=world.clock.now()),
    Verb.DONE: lambda tx, world, _, touch: touch_moves.done(tx, touch, actor=OPERATOR, now=world.clock.now()),
    Verb.SKIP: lambda tx, world, _, touch: touch_moves.skip(tx, touch, actor=OPERATOR, now=world.clock.now()),
}


async def planned(world: World, **fields: Any) -> tuple[Campaign, Touch]:
    """The first touch of one lead, planned. `Any`: fields of the definition."""
    campaign = await world.campaign(*people(1), dry_run=False, **fields)
    await world.cycle(campaign)
    [touch] = await world.touches(campaign)
    assert touch.status is TouchStatus.PLANNED
    return campaign, touch


async def changed(world: World, touch: Touch, **fields: Any) -> Touch:
    """`Any`: fields of the touch."""
    return await world.store.write(lambda tx: tx.touches.save(touch, replace(touch, **fields)))


async def unknown(world: World, *holds: HoldReason, **fields: Any) -> tuple[Campaign, Touch]:
    """A touch that went on the wire an hour ago, and nobody knows whether it arrived."""
    campaign, touch = await planned(world, **fields)
    at = world.clock.now() - timedelta(hours=1)
    touch = await changed(
        world,
        touch,
        status=TouchStatus.UNKNOWN,
        message_id="<m1@us.example>",
        attempts=2,
        first_attempt_at=at,
        on_wire_at=at,
        settled_at=at + timedelta(minutes=10),
        debits=debited(world),
        reason="connection lost",
    )
    standing = tuple(Hold(reason, at) for reason in (HoldReason.SEND_UNKNOWN, *holds))
    [lead] = await world.leads(campaign)
    await world.store.write(lambda tx: tx.leads.save(lead, replace(lead, holds=standing, next_action_at=None)))
    return campaign, touch


def debited(world: World) -> Debits:
    now = world.clock.now()
    return Debits(now, (Debit(QuotaScope.CAMPAIGN, "1"), Debit(QuotaScope.PERSON, "p")), Taken(now, now))


async def move(world: World, verb: Verb, campaign: Campaign, touch: Touch) -> Touch:
    return await world.store.write(lambda tx: MOVES[verb](tx, world, campaign, touch))


async def resolved(world: World, campaign: Campaign, touch: Touch, *, sent: bool) -> Touch:
    now = world.clock.now()

    def unit(tx: Tx) -> None:
        touch_moves.resolve(tx, world.context, touch, sent=sent, actor=OPERATOR, now=now)

    await world.store.write(unit)
    return (await world.touches(campaign))[0]


async def only_lead(world: World, campaign: Campaign) -> Lead:
    [lead] = await world.leads(campaign)
    return lead


async def used(world: World, scope: QuotaScope, key: str) -> int:
    since = world.clock.now() - timedelta(days=2)
    return await world.store.read(lambda tx: tx.quotas.used(scope, key, since))


def test_an_approved_mail_is_ready_at_its_planned_instant_and_names_who_approved_it(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await planned(world)
        approved = await move(world, Verb.APPROVE, campaign, touch)
        assert (approved.status, approved.approved_by) == (TouchStatus.APPROVED, OPERATOR)
        assert approved.ready_at == touch.due_at
        event = (await world.ledger())[-1].event
        assert (event.type, event.actor, event.touch_id) == (EventType.TOUCH_APPROVED, OPERATOR, touch.id)

    simulate(tmp_path, scenario)


def test_an_approval_counts_for_the_version_of_its_text(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await planned(world)
        await move(world, Verb.APPROVE, campaign, await changed(world, touch, steps_version=7))
        counted = await world.store.read(
            lambda tx: [tx.counters.get(campaign.id, approvals_counter(version)) for version in (1, 7)]
        )
        assert counted == [0, 1]

    simulate(tmp_path, scenario)


def test_a_lead_whose_mail_is_approved_waits_for_nobody_and_is_looked_at(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await planned(world)
        lead = await only_lead(world, campaign)
        await world.store.write(lambda tx: tx.leads.save(lead, replace(lead, waits_for="approval")))
        await move(world, Verb.APPROVE, campaign, touch)
        after = await only_lead(world, campaign)
        assert (after.waits_for, after.next_action_at) == (None, world.clock.now())

    simulate(tmp_path, scenario)


def test_a_mail_resolved_as_sent_was_sent_when_it_went_on_the_wire(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await unknown(world)
        after = await resolved(world, campaign, touch, sent=True)
        assert (after.status, after.sent_at, after.reason) == (TouchStatus.SENT, touch.on_wire_at, None)
        lead = await only_lead(world, campaign)
        assert (lead.status, lead.holds, lead.next_action_at) == (LeadStatus.CONTACTED, (), world.clock.now())
        assert lead.steps_version == touch.steps_version
        rows = {row.event.type: row.event for row in await world.ledger()}
        assert rows[EventType.TOUCH_RESOLVED].data == {"step": 1, "as": "sent"}
        assert rows[EventType.TOUCH_RESOLVED].actor == OPERATOR
        assert EventType.LEAD_CONTACTED in rows

    simulate(tmp_path, scenario)


def test_the_step_after_a_mail_resolved_as_sent_is_planned(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await unknown(world)
        await resolved(world, campaign, touch, sent=True)
        await world.cycle(campaign)
        assert [each.step for each in await world.touches(campaign)] == [1, 2]

    simulate(tmp_path, scenario)


def test_a_mail_resolved_as_sent_counts_on_the_local_days_of_campaign_and_mailbox(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await unknown(world, timezone="Pacific/Kiritimati")
        evening = world.clock.now().replace(hour=20)
        touch = await changed(world, touch, on_wire_at=evening)
        await resolved(world, campaign, touch, sent=True)
        there, here = evening.date() + timedelta(days=1), evening.date()

        def counted(tx: Tx, scope: DeliveryScope, key: str, day: date) -> int:
            return tx.deliveries.since(scope, key, day)[DeliveryFact.SENT]

        def counts(tx: Tx) -> list[int]:
            next_day = timedelta(days=1)
            return [
                counted(tx, DeliveryScope.CAMPAIGN, str(campaign.id), there),
                counted(tx, DeliveryScope.CAMPAIGN, str(campaign.id), there + next_day),
                counted(tx, DeliveryScope.MAILBOX, "sales", here),
                counted(tx, DeliveryScope.MAILBOX, "sales", here + next_day),
            ]

        assert await world.store.read(counts) == [1, 0, 1, 0]

    simulate(tmp_path, scenario)


def test_a_mailbox_that_is_configured_no_longer_keeps_nobody_from_resolving_its_mails(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await unknown(world)
        touch = await changed(world, touch, mailbox="gone")
        assert (await resolved(world, campaign, touch, sent=True)).status is TouchStatus.SENT

    simulate(tmp_path, scenario)


def test_a_mail_that_did_not_arrive_is_ready_again_with_the_same_message_id(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await unknown(world)
        after = await resolved(world, campaign, touch, sent=False)
        assert (after.status, after.ready_at) == (TouchStatus.APPROVED, world.clock.now())
        assert (after.message_id, after.sent_at, after.settled_at) == (touch.message_id, None, None)
        assert (after.attempts, after.first_attempt_at, after.on_wire_at) == (0, None, None)
        lead = await only_lead(world, campaign)
        assert (lead.status, lead.holds, lead.state.ever_handed_over) == (LeadStatus.ENRICHED, (), False)
        event = next(row.event for row in await world.ledger() if row.event.type is EventType.TOUCH_RESOLVED)
        assert event.data == {"step": 1, "as": "retry"}
        sent = await world.store.read(lambda tx: tx.deliveries.since(DeliveryScope.MAILBOX, "sales", date.min))
        assert sent[DeliveryFact.SENT] == 0

    simulate(tmp_path, scenario)


def test_what_an_unknown_mail_took_of_the_quotas_is_never_given_back(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await unknown(world)
        await world.store.write(lambda tx: tx.quotas.debit(QuotaScope.PERSON, "p", world.clock.now(), 1))
        again = await resolved(world, campaign, touch, sent=False)
        await move(world, Verb.CANCEL, campaign, again)
        assert (again.debits, await used(world, QuotaScope.PERSON, "p")) == (None, 1)

    simulate(tmp_path, scenario)


def test_the_hold_for_an_unknown_mail_stands_while_another_one_is_unknown(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await unknown(world)
        another = replace(touch, id="to_another", step=2, message_id="<m2@us.example>")  # type: ignore[arg-type]  # an id
        await world.store.write(lambda tx: tx.touches.insert(another))
        await resolved(world, campaign, touch, sent=True)
        assert [hold.reason for hold in (await only_lead(world, campaign)).holds] == [HoldReason.SEND_UNKNOWN]

    simulate(tmp_path, scenario)


def test_resolving_a_mail_leaves_the_leads_other_holds_alone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await unknown(world, HoldReason.NEEDS_REVIEW)
        await resolved(world, campaign, touch, sent=True)
        assert [hold.reason for hold in (await only_lead(world, campaign)).holds] == [HoldReason.NEEDS_REVIEW]

    simulate(tmp_path, scenario)


def test_a_mail_that_did_not_arrive_and_has_lost_its_text_is_planned_anew_in_its_row(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await unknown(world)
        textless = await changed(world, touch, subject=None, body=None)
        after = await resolved(world, campaign, textless, sent=False)
        assert (after.status, after.reason) == (TouchStatus.CANCELLED, "no_text")
        await world.cycle(campaign)
        [again] = await world.touches(campaign)
        assert (again.id, again.status, again.body) == (touch.id, TouchStatus.PLANNED, touch.body)
        await world.check_invariants()

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("end", [LOST, Erased()])
@pytest.mark.parametrize(("sent", "status"), [(True, TouchStatus.SENT), (False, TouchStatus.CANCELLED)])
def test_a_lead_that_is_lost_stays_lost_and_its_unknown_mail_is_never_sent_again(
    tmp_path: Path, end: LeadEvent, sent: bool, status: TouchStatus
) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await unknown(world)
        lead = await only_lead(world, campaign)
        now = world.clock.now()
        lost = await world.store.write(lambda tx: record.apply(tx, lead, (end,), actor=OPERATOR, now=now))
        after = await resolved(world, campaign, touch, sent=sent)
        lead = await only_lead(world, campaign)
        assert (after.status, lead.status, lead.state.lost_reason) == (status, LeadStatus.LOST, lost.state.lost_reason)
        assert lead.next_action_at is None
        await world.check_invariants()

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    "status", [TouchStatus.PLANNED, TouchStatus.APPROVED, TouchStatus.DEFERRED, TouchStatus.INTENT]
)
def test_a_cancelled_mail_holds_its_lead_with_a_note(tmp_path: Path, status: TouchStatus) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await planned(world)
        waiting, tomorrow = await only_lead(world, campaign), world.clock.now() + timedelta(days=1)
        await world.store.write(lambda tx: tx.leads.save(waiting, replace(waiting, next_action_at=tomorrow)))
        after = await move(world, Verb.CANCEL, campaign, await changed(world, touch, status=status))
        assert (after.status, after.reason, after.ready_at) == (TouchStatus.CANCELLED, "operator", None)
        lead = await only_lead(world, campaign)
        [hold] = lead.holds
        assert (hold.reason, hold.until, lead.next_action_at) == (HoldReason.OPERATOR, None, None)
        assert hold.note == "its touch of step 1 was cancelled"
        events = {row.event.type: row.event.data for row in await world.ledger()}
        assert events[EventType.TOUCH_CANCELLED] == {"step": 1, "reason": "operator"}
        assert EventType.LEAD_HELD in events

    simulate(tmp_path, scenario)


def test_the_reason_that_a_person_gives_is_kept_as_the_note_of_the_hold(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await planned(world)
        now = world.clock.now()
        await world.store.write(
            lambda tx: touch_moves.cancel(tx, touch, actor=OPERATOR, now=now, reason="They are a client already")
        )
        assert [hold.note for hold in (await only_lead(world, campaign)).holds] == ["They are a client already"]

    simulate(tmp_path, scenario)


def test_a_hold_with_an_end_gives_way_to_that_of_a_cancelled_mail(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await planned(world)
        lead, now = await only_lead(world, campaign), world.clock.now()
        until = Hold(HoldReason.OPERATOR, now, now + timedelta(days=1), "call first")
        await world.store.write(lambda tx: tx.leads.save(lead, replace(lead, holds=(until,))))
        await move(world, Verb.CANCEL, campaign, touch)
        assert [hold.until for hold in (await only_lead(world, campaign)).holds] == [None]

    simulate(tmp_path, scenario)


def test_cancelling_an_intent_gives_back_what_it_took(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await planned(world)
        taken = debited(world)

        def debit(tx: Tx) -> None:
            for cap in taken.caps:
                tx.quotas.debit(cap.scope, cap.key, taken.at, 1)

        await world.store.write(debit)
        intent = await changed(world, touch, status=TouchStatus.INTENT, debits=taken)
        after = await move(world, Verb.CANCEL, campaign, intent)
        assert after.debits is None
        assert [await used(world, cap.scope, cap.key) for cap in taken.caps] == [0, 0]

    simulate(tmp_path, scenario)


def test_a_cancelled_step_is_planned_anew_in_its_row_once_its_lead_is_released(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await planned(world)
        await move(world, Verb.CANCEL, campaign, touch)
        await world.cycle(campaign)
        assert [each.status for each in await world.touches(campaign)] == [TouchStatus.CANCELLED]
        await world.release(await only_lead(world, campaign))
        await world.cycle(campaign)
        [again] = await world.touches(campaign)
        assert (again.id, again.status) == (touch.id, TouchStatus.PLANNED)
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_a_task_that_was_done_contacts_its_lead_and_lets_the_next_step_follow(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, task = await planned(world, steps=TASK)
        after = await move(world, Verb.DONE, campaign, task)
        now = world.clock.now()
        assert (after.status, after.sent_at, after.settled_at) == (TouchStatus.DONE, now, now)
        lead = await only_lead(world, campaign)
        assert (lead.status, lead.next_action_at, lead.steps_version) == (LeadStatus.CONTACTED, now, task.steps_version)
        assert EventType.TOUCH_DONE in {row.event.type for row in await world.ledger()}
        await world.cycle(campaign)
        assert [each.step for each in await world.touches(campaign)] == [1, 2]

    simulate(tmp_path, scenario)


def test_a_task_that_is_left_out_contacts_nobody_and_lets_the_next_step_follow(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, task = await planned(world, steps=TASK)
        after = await move(world, Verb.SKIP, campaign, task)
        assert (after.status, after.sent_at, after.settled_at) == (TouchStatus.SKIPPED, None, world.clock.now())
        lead = await only_lead(world, campaign)
        assert (lead.status, lead.state.ever_handed_over) == (LeadStatus.ENRICHED, False)
        assert EventType.TOUCH_SKIPPED in {row.event.type for row in await world.ledger()}
        await world.cycle(campaign)
        assert [each.step for each in await world.touches(campaign)] == [1, 2]

    simulate(tmp_path, scenario)


TABLE = {
    (MAIL, TouchStatus.PLANNED): {Verb.APPROVE, Verb.CANCEL},
    (MAIL, TouchStatus.APPROVED): {Verb.CANCEL},
    (MAIL, TouchStatus.DEFERRED): {Verb.CANCEL},
    (MAIL, TouchStatus.INTENT): {Verb.CANCEL},
    (MAIL, TouchStatus.UNKNOWN): {Verb.RESOLVE},
    (CALL, TouchStatus.PLANNED): {Verb.DONE, Verb.SKIP, Verb.CANCEL},
}
"""`sending.md`, the diagram of statuses, as far as a person moves them."""


def test_any_other_move_is_a_bug_and_writes_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await planned(world)
        before = await world.ledger()
        for channel, status, verb in product(Channel, TouchStatus, Verb):
            touch = await changed(world, touch, channel=channel, status=status)
            if verb not in TABLE.get((channel, status), set()):
                with pytest.raises(AssertionError):
                    await move(world, verb, campaign, touch)
        assert (await world.touches(campaign), await world.ledger()) == ([touch], before)

    simulate(tmp_path, scenario)


def test_what_a_person_may_decide_is_the_table_of_statuses(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        _, touch = await planned(world)
        for channel, status in product(Channel, TouchStatus):
            allowed = touch_moves.allowed(replace(touch, channel=channel, status=status))
            assert set(allowed) == TABLE.get((channel, status), set())

    simulate(tmp_path, scenario)
