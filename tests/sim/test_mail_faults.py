"""What servers answer, and what becomes of touch, lead, quotas and mailbox."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from camd.domain.campaign import Campaign, StatusReason
from camd.domain.errors import Misconfigured, Permanent, Scope, Transient
from camd.domain.events import EventType
from camd.domain.lead import HoldReason, Lead, LeadStatus, LostReason
from camd.domain.suppression import SuppressionReason
from camd.domain.token_bucket import QuotaScope
from camd.pipeline.record import covering
from camd.ports.channel import Handover, HandoverOutcome, Refused, Stage, Unknown
from camd.ports.records import MailboxReason, MailboxState, Touch, TouchStatus
from camd.ports.settings import Settings
from camd.sim.world import STEPS, World, mailbox, people, simulate

P0 = "p0@c0.example"
GREYLISTED = Refused(Stage.RCPT, 451, "4.7.1", "451 4.7.1 greylisted")
BLOCKED = Refused(Stage.RCPT, 550, "5.7.1", "550 5.7.1 blocked")
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)


def boxes(*names: str) -> Callable[[Settings], Settings]:
    """A mail a second and a volume that nothing reaches, so that only the fault decides."""
    every = [mailbox(name, daily_limit=1000) for name in names or ("sales",)]
    made = {box.name: replace(box, min_gap_seconds=1, jitter_seconds=0) for box in every}
    return lambda settings: replace(settings, mailboxes=made)


async def to_one(world: World, *answers: HandoverOutcome | Exception) -> Campaign:
    world.mail.answers[P0] = list(answers)
    return await world.live(*people(1), steps=STEPS[:1])


async def only(world: World, campaign: Campaign) -> tuple[Lead, Touch]:
    [lead] = await world.leads(campaign)
    [touch] = await world.touches(campaign)
    return lead, touch


async def state(world: World, name: str = "sales") -> MailboxState:
    return await world.store.read(lambda tx: tx.mailboxes.get(name))


async def used(world: World, scope: QuotaScope, key: str) -> int:
    return await world.store.read(lambda tx: tx.quotas.used(scope, key, BEGIN))


async def put_off_at(world: World) -> Sequence[datetime]:
    return [row.event.at for row in await world.ledger() if row.event.type is EventType.TOUCH_DEFERRED]


def test_fault_45_a_421_at_greeting_releases_the_intent_with_all_debits_and_the_mailbox_backs_off(
    tmp_path: Path,
) -> None:
    async def scenario(world: World) -> None:
        campaign = await to_one(world)
        world.mail.trouble["sales"] = Transient("421 busy", scope=Scope.MAILBOX)
        await world.run_for(seconds=30)
        lead, touch = await only(world, campaign)
        assert (touch.status, touch.reason, touch.attempts) == (TouchStatus.APPROVED, "mailbox_trouble", 0)
        assert (lead.status, lead.holds) == (LeadStatus.ENRICHED, ())
        assert await used(world, QuotaScope.MAILBOX_DAY, "sales") == 0
        assert await used(world, QuotaScope.CAMPAIGN, str(campaign.id)) == 0
        first = await state(world)
        assert (first.stopped_for, first.detail) == ("trouble", "421 busy")
        assert first.stopped_until is not None
        assert first.since is not None
        assert first.stopped_until - first.since == timedelta(minutes=1)
        await world.run_for(minutes=2)
        second = await state(world)
        assert second.stopped_until is not None
        assert second.since is not None
        assert second.stopped_until - second.since == timedelta(minutes=2)
        world.mail.trouble.clear()
        await world.run_for(hours=1)
        assert [handover.message_id for handover in world.mail.delivered] == [touch.message_id]

    simulate(tmp_path, scenario, settings=boxes())


def test_fault_45_a_421_in_the_session_defers_and_the_mailbox_backs_off(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await to_one(world, Refused(Stage.RCPT, 421, "4.3.2", "421 4.3.2 closing"))
        await world.run_for(seconds=30)
        _, touch = await only(world, campaign)
        assert (touch.status, touch.attempts) == (TouchStatus.DEFERRED, 1)
        box = await state(world)
        assert (box.stopped_for, box.rate) == ("trouble", 0.5)
        await world.run_for(minutes=10)
        assert len(world.mail.delivered) == 1
        assert (await state(world)).rate == pytest.approx(0.55)

    simulate(tmp_path, scenario, settings=boxes())


@pytest.mark.parametrize("stage", list(Stage))
def test_fault_46_a_4xx_defers_with_the_same_message_id_and_gives_back_all_but_volume(
    tmp_path: Path, stage: Stage
) -> None:
    async def scenario(world: World) -> None:
        campaign = await to_one(world, Refused(stage, 452, "4.2.2", "452 4.2.2 full"))
        await world.run_for(minutes=1)
        _, put_off = await only(world, campaign)
        assert (put_off.status, put_off.reason) == (TouchStatus.DEFERRED, f"{stage} 452 4.2.2")
        assert await used(world, QuotaScope.MAILBOX_DAY, "sales") == 1
        assert await used(world, QuotaScope.CAMPAIGN, str(campaign.id)) == 0
        await world.run_for(minutes=6)
        _, touch = await only(world, campaign)
        assert touch.status is TouchStatus.SENT
        assert [handover.message_id for handover in world.mail.delivered] == [put_off.message_id]
        assert await used(world, QuotaScope.MAILBOX_DAY, "sales") == 2
        assert await used(world, QuotaScope.CAMPAIGN, str(campaign.id)) == 1

    simulate(tmp_path, scenario, settings=boxes())


@pytest.mark.parametrize("code", ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4", None])
@pytest.mark.parametrize("stage", [Stage.RCPT, Stage.DOT])
def test_fault_46_a_hard_5xx_loses_the_lead_and_suppresses_the_address(
    tmp_path: Path, code: str | None, stage: Stage
) -> None:
    async def scenario(world: World) -> None:
        campaign = await to_one(world, Refused(stage, 550, code, "550 no such user"))
        await world.run_for(minutes=1)
        lead, touch = await only(world, campaign)
        assert touch.status is TouchStatus.REJECTED
        assert (lead.status, lead.state.lost_reason, lead.holds) == (LeadStatus.LOST, LostReason.BOUNCED, ())
        found = await world.store.read(lambda tx: covering(tx, P0))
        assert found is not None
        assert found.reason is SuppressionReason.HARD_BOUNCE
        await world.run_for(days=3)
        assert world.mail.delivered == []
        await world.check_invariants()

    simulate(tmp_path, scenario, settings=boxes())


def test_fault_46_two_5_7_x_in_a_row_stop_the_mailbox_for_a_day_and_touch_no_lead(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        people_ = people(2)
        for found in people_:
            world.mail.answers[str(found.facts.email)] = [BLOCKED]
        campaign = await world.live(*people_, steps=STEPS[:1])
        await world.run_for(minutes=5)
        assert {touch.status for touch in await world.touches(campaign)} == {TouchStatus.DEFERRED}
        assert [(lead.status, lead.holds) for lead in await world.leads(campaign)] == [(LeadStatus.ENRICHED, ())] * 2
        assert await world.store.read(lambda tx: covering(tx, P0)) is None
        box = await state(world)
        assert box.stopped_for == "bounces_or_refusals"
        await world.run_for(hours=23)
        assert world.mail.delivered == []
        await world.run_for(hours=2)
        assert len(world.mail.delivered) == 2

    simulate(tmp_path, scenario, settings=boxes())


@pytest.mark.parametrize("code", ["5.1.7", "5.1.8", "5.1.90", "5.4.5"])
def test_fault_46_a_5xx_about_the_sender_defers(tmp_path: Path, code: str) -> None:
    async def scenario(world: World) -> None:
        campaign = await to_one(world, Refused(Stage.DATA, 550, code, "550 you"))
        await world.run_for(minutes=1)
        lead, touch = await only(world, campaign)
        assert (touch.status, lead.holds) == (TouchStatus.DEFERRED, ())

    simulate(tmp_path, scenario, settings=boxes())


def test_fault_46_any_other_5xx_rejects_and_asks_a_person(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await to_one(world, Refused(Stage.DOT, 554, "5.6.0", "554 5.6.0 no"))
        await world.run_for(minutes=1)
        lead, touch = await only(world, campaign)
        assert (touch.status, touch.reason) == (TouchStatus.REJECTED, "dot 554 5.6.0")
        assert [hold.reason for hold in lead.holds] == [HoldReason.NEEDS_REVIEW]
        assert await world.store.read(lambda tx: covering(tx, P0)) is None
        await world.check_invariants()

    simulate(tmp_path, scenario, settings=boxes())


def test_fault_47_an_answer_that_never_comes_is_unknown_and_never_sent_again(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await to_one(world, Unknown("connection reset"))
        await world.run_for(days=5)
        lead, touch = await only(world, campaign)
        assert (touch.status, touch.reason, touch.sent_at) == (TouchStatus.UNKNOWN, "connection reset", None)
        assert [hold.reason for hold in lead.holds] == [HoldReason.SEND_UNKNOWN]
        assert await used(world, QuotaScope.CAMPAIGN, str(campaign.id)) == 1
        assert world.mail.delivered == []
        await world.restart()
        await world.run_for(days=1)
        assert world.mail.delivered == []
        await world.check_invariants()

    simulate(tmp_path, scenario, settings=boxes())


def test_fault_49_a_refused_log_in_disables_the_mailbox_after_two_tries_and_the_others_go_on(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.trouble["one"] = Misconfigured("535 no", scope=Scope.MAILBOX)
        campaign = await world.live(*people(1), steps=STEPS[:1], mailboxes=("one",))
        other = await world.live(*people(3, first=10), steps=STEPS[:1], mailboxes=("two",))
        await world.run_for(hours=6)
        tries = [row for row in await world.ledger() if row.event.type is EventType.MAILBOX_DEGRADED]
        assert [row.event.data["reason"] for row in tries] == ["log_in_refused", "log_in_refused"]
        box = await state(world, "one")
        assert (box.disabled, box.detail) == (MailboxReason.LOG_IN_REFUSED, "535 no")
        assert [touch.status for touch in await world.touches(other)] == [TouchStatus.SENT] * 3
        _, touch = await only(world, campaign)
        assert (touch.status, touch.attempts) == (TouchStatus.APPROVED, 0)
        world.mail.trouble.clear()
        await world.enable("one")
        await world.run_for(minutes=1)
        _, touch = await only(world, campaign)
        assert touch.status is TouchStatus.SENT

    simulate(tmp_path, scenario, settings=boxes("one", "two"))


def test_fault_51_greylisting_is_tried_again_on_the_schedule_and_given_up_after_two_days(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await to_one(world, *[replace(GREYLISTED, enhanced="4.2.0")] * 30)
        await world.run_for(days=3)
        at = await put_off_at(world)
        waits = [round((later - earlier) / timedelta(minutes=1)) for earlier, later in pairwise(at)]
        assert waits == [6, 20, 60, 180, 360, 720, 720, 720]
        lead, touch = await only(world, campaign)
        assert (touch.status, touch.reason) == (TouchStatus.REJECTED, "expired")
        assert touch.settled_at is not None
        assert round((touch.settled_at - at[0]) / timedelta(minutes=1)) == 48 * 60
        assert [hold.reason for hold in lead.holds] == [HoldReason.SEND_FAILED]
        assert await used(world, QuotaScope.CAMPAIGN, str(campaign.id)) == 0

    simulate(tmp_path, scenario, settings=boxes())


def test_fault_51_a_greylisted_mail_goes_by_the_same_mailbox_with_the_same_message_id(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await to_one(world, GREYLISTED)
        await world.run_for(minutes=3)
        _, put_off = await only(world, campaign)
        await world.run_for(minutes=10)
        [handover] = world.mail.delivered
        assert (handover.message_id, handover.mailbox) == (put_off.message_id, put_off.mailbox)

    simulate(tmp_path, scenario, settings=boxes("one", "two"))


@pytest.mark.parametrize("waits", [None, timedelta(minutes=30)])
def test_fault_60_a_relay_that_has_no_address_releases_the_intent_and_the_mailbox_backs_off(
    tmp_path: Path, waits: timedelta | None
) -> None:
    async def scenario(world: World) -> None:
        campaign = await to_one(world)
        world.mail.trouble["sales"] = Transient("NXDOMAIN", scope=Scope.MAILBOX, retry_after=waits)
        await world.run_for(seconds=30)
        box = await state(world)
        assert box.stopped_until is not None
        assert box.since is not None
        assert box.stopped_until - box.since == (waits or timedelta(minutes=1))
        degraded = [row for row in await world.ledger() if row.event.type is EventType.MAILBOX_DEGRADED]
        assert degraded[0].event.data == {"mailbox": "sales", "reason": "trouble"}
        _, touch = await only(world, campaign)
        assert (touch.status, touch.debits) == (TouchStatus.APPROVED, None)
        await world.run_for(days=2)
        box = await state(world)
        assert box.stopped_until is not None
        assert box.since is not None
        assert box.stopped_until - box.since == (waits or timedelta(hours=1))

    simulate(tmp_path, scenario, settings=boxes())


def test_a_sender_that_the_server_refuses_stops_the_mailbox_for_an_hour_and_releases_the_intent(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await to_one(world)
        world.mail.trouble["sales"] = Permanent("550 MAIL FROM refused", scope=Scope.MAILBOX)
        await world.run_for(minutes=1)
        box = await state(world)
        assert (box.stopped_for, box.disabled) == ("sender_refused", None)
        _, touch = await only(world, campaign)
        assert touch.status is TouchStatus.APPROVED

    simulate(tmp_path, scenario, settings=boxes())


def test_a_message_that_cannot_be_handed_over_as_it_is_asks_a_person(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await to_one(world, Permanent("its address is not ASCII", scope=Scope.ITEM))
        await world.run_for(hours=1)
        lead, touch = await only(world, campaign)
        assert (touch.status, touch.reason) == (TouchStatus.REJECTED, "its address is not ASCII")
        assert [hold.reason for hold in lead.holds] == [HoldReason.NEEDS_REVIEW]
        assert await used(world, QuotaScope.MAILBOX_DAY, "sales") == 0
        assert (await state(world)).stopped_until is None

    simulate(tmp_path, scenario, settings=boxes())


def test_fault_86_the_outcome_of_a_lead_that_was_erased_mid_send_is_recorded_and_its_hash_stays(
    tmp_path: Path,
) -> None:
    async def scenario(world: World) -> None:
        campaign = await to_one(world)

        async def erases(_: Handover) -> None:
            [lead] = await world.leads(campaign)
            await world.erase(lead)

        world.mail.after_mark = erases
        await world.run_for(minutes=1)
        lead, touch = await only(world, campaign)
        assert (touch.status, touch.body) == (TouchStatus.SENT, None)
        assert touch.recipient_hash is not None
        assert (lead.state.lost_reason, lead.facts.email) == (LostReason.ERASED, None)
        found = await world.store.read(lambda tx: covering(tx, P0))
        assert found is not None
        assert (found.reason, found.value) == (SuppressionReason.ERASED, None)

    simulate(tmp_path, scenario, settings=boxes())


def test_fault_87_an_opt_out_after_the_mark_finds_the_mail_on_its_way_and_ends_everything_else(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.answers[P0] = []
        campaign = await world.live(*people(1))

        async def opts_out(_: Handover) -> None:
            await world.opt_out(P0)

        world.mail.after_mark = opts_out
        await world.run_for(days=10)
        [lead] = await world.leads(campaign)
        [touch] = await world.touches(campaign)
        assert (touch.status, lead.state.lost_reason) == (TouchStatus.SENT, LostReason.OPTED_OUT)
        assert len(world.mail.delivered) == 1

    simulate(tmp_path, scenario, settings=boxes())


def test_the_learned_rate_halves_on_each_4_7_x_and_recovers_slowly(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        everybody = people(30)
        for found in everybody[:2]:
            world.mail.answers[str(found.facts.email)] = [GREYLISTED]
        await world.live(*everybody, steps=STEPS[:1], daily_email_limit=100)
        rates = []

        async def notes(_: Handover) -> None:
            rates.append((await state(world)).rate)

        world.mail.before_mark = notes
        await world.run_for(minutes=30)
        assert min(rates) < 0.6
        assert (await state(world)).rate == pytest.approx(1.0)

    simulate(tmp_path, scenario, settings=boxes())


@pytest.mark.parametrize(
    ("bounced", "paused", "first_steps_go"),
    [(1, False, True), (2, False, False), (3, True, False)],
)
def test_bounces_stop_first_steps_above_5_percent_and_the_campaign_above_8(
    tmp_path: Path, bounced: int, paused: bool, first_steps_go: bool
) -> None:
    async def scenario(world: World) -> None:
        world.mail.refused |= {f"p{number}@c{number}.example" for number in range(30 - bounced, 30)}
        campaign = await world.live(*people(30), steps=STEPS[:1], daily_email_limit=100)
        await world.run_for(minutes=30)
        world.source.lists[campaign.definition.name] += people(5, first=100)
        await world.store.write(lambda tx: tx.sources.forget(campaign.id))
        await world.cycle(campaign)
        await world.run_for(hours=2)
        status = (await world.now(campaign)).status
        assert (status.reason is StatusReason.BOUNCE_RATE) is paused
        late = {f"p{number}@c{number}.example" for number in range(100, 105)}
        assert bool(late & {handover.recipient for handover in world.mail.delivered}) is first_steps_go

    simulate(tmp_path, scenario, settings=boxes("one", "two", "three"))
