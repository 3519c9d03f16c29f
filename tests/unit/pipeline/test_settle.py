"""What a handover came to is written once, with the lead, the quotas, the mailbox and the ledger, or not at all."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise, product
from pathlib import Path

import anyio
import pytest

from camd.domain.campaign import Autonomy, Campaign
from camd.domain.errors import Failure, Misconfigured, Permanent, Scope, Transient
from camd.domain.events import EventType
from camd.domain.lead import (
    Action,
    Authority,
    Hold,
    HoldReason,
    Lead,
    LeadEvent,
    LeadStatus,
    Lost,
    LostReason,
    Qualified,
    Replied,
    Won,
)
from camd.domain.suppression import SuppressionReason, parse_value
from camd.domain.token_bucket import QuotaScope
from camd.pipeline import record, touch_moves
from camd.pipeline.cycle import run_cycle
from camd.pipeline.debits import pace_bucket
from camd.pipeline.handover import EVERY_CAMPAIGN, Claimed, claim, mark_on_wire
from camd.pipeline.settle import IN_FLIGHT, Result, Untold, outcome_word, settle, settle_interrupted
from camd.ports.channel import Accepted, Refused, Stage, Unknown
from camd.ports.journal import HandoverOutcomeWord
from camd.ports.records import DeliveryFact, DeliveryScope, Listing, MailboxState, Suppression, Touch, TouchStatus
from camd.ports.settings import Settings
from camd.ports.store import Tx
from camd.sim.world import OPERATOR, World, people, simulate

P0 = "p0@c0.example"
ACCEPTED = Accepted("250 2.0.0 queued")
UNKNOWN = Unknown("connection lost")
NO_SUCH_USER = Refused(Stage.RCPT, 550, "5.1.1", "550 5.1.1 no such user")
BUSY = Refused(Stage.DATA, 451, "4.3.0", "451 4.3.0 try later")
ABOUT_US = Refused(Stage.DOT, 550, "5.7.1", "550 5.7.1 we do not want your mail")
FULL = Refused(Stage.RCPT, 552, "5.2.2", "552 5.2.2 mailbox full")
AWAY = Transient("no answer", scope=Scope.MAILBOX)
UNSENDABLE = Permanent("its address has no ASCII form", scope=Scope.ITEM)

Begin = Callable[[World], Awaitable[tuple[Campaign, Touch]]]
Change = Callable[[World, Campaign], Awaitable[None]]

EVERYTHING = (
    QuotaScope.CAMPAIGN,
    QuotaScope.MAILBOX_DAY,
    QuotaScope.COMPANY_NEW,
    QuotaScope.COMPANY,
    QuotaScope.PERSON,
    QuotaScope.INSTANCE,
)


def with_every_quota(settings: Settings) -> Settings:
    return replace(settings, limits=replace(settings.limits, instance_daily=100))


def without_pace(settings: Settings) -> Settings:
    boxes = settings.mailboxes.items()
    eager = {name: replace(box, min_gap_seconds=0.0, jitter_seconds=0.0) for name, box in boxes}
    return replace(settings, mailboxes=eager)


async def approved(world: World) -> tuple[Campaign, Touch]:
    """The first touch of one lead, which may go now."""
    campaign = await world.live(*people(1), autonomy=Autonomy())
    await run_cycle(world.context, campaign.id, call_dry=False)
    [touch] = await world.touches(campaign)
    now = world.clock.now()
    return campaign, await world.store.write(
        lambda tx: touch_moves.approve(tx, campaign, touch, actor=OPERATOR, now=now)
    )


async def claimed(world: World) -> Touch:
    now = world.clock.now()
    found = await world.store.write(lambda tx: claim(tx, world.context, "sales", EVERY_CAMPAIGN, {}, now))
    assert isinstance(found.found, Claimed)
    return found.found.touch


async def marked(world: World, touch: Touch) -> Touch:
    now = world.clock.now()
    assert await world.store.write(lambda tx: mark_on_wire(tx, world.context, touch.id, now)) is None
    return await stored(world, touch)


async def intent(world: World) -> tuple[Campaign, Touch]:
    campaign, _ = await approved(world)
    return campaign, await claimed(world)


async def on_wire(world: World) -> tuple[Campaign, Touch]:
    campaign, touch = await intent(world)
    return campaign, await marked(world, touch)


async def settled(world: World, touch: Touch, result: Result) -> Touch:
    now = world.clock.now()
    status = await world.store.write(lambda tx: settle(tx, world.context, touch.id, result, now))
    after = await stored(world, touch)
    assert after.status is status
    return after


async def stored(world: World, touch: Touch) -> Touch:
    found = await world.store.read(lambda tx: tx.touches.get(touch.id))
    assert found is not None
    return found


async def changed(world: World, touch: Touch, status: TouchStatus) -> Touch:
    return await world.store.write(lambda tx: tx.touches.save(touch, replace(touch, status=status)))


async def only_lead(world: World, campaign: Campaign) -> Lead:
    [lead] = await world.leads(campaign)
    return lead


async def happens(world: World, campaign: Campaign, *events: LeadEvent) -> None:
    lead, now = await only_lead(world, campaign), world.clock.now()
    await world.store.write(lambda tx: record.apply(tx, lead, events, actor=OPERATOR, now=now))


async def taken(world: World, touch: Touch) -> dict[QuotaScope, int]:
    """What is left of the touch's debits, by quota."""
    assert touch.debits is not None
    caps, since = touch.debits.caps, touch.debits.at - timedelta(days=1)
    return await world.store.read(lambda tx: {cap.scope: tx.quotas.used(cap.scope, cap.key, since) for cap in caps})


async def pace(world: World) -> datetime | None:
    return await world.store.read(lambda tx: tx.quotas.bucket(pace_bucket("sales")))


async def delivered(world: World, campaign: Campaign, fact: DeliveryFact) -> tuple[int, int]:
    """Counted for the campaign, and for the mailbox."""

    def counts(tx: Tx) -> tuple[int, int]:
        ours = tx.deliveries.since(DeliveryScope.CAMPAIGN, str(campaign.id), date.min)
        return ours[fact], tx.deliveries.since(DeliveryScope.MAILBOX, "sales", date.min)[fact]

    return await world.store.read(counts)


async def suppressions(world: World) -> list[Suppression]:
    return list(await world.store.read(lambda tx: tx.suppressions.page(Listing())))


async def told(world: World, kind: EventType) -> list[dict[str, object]]:
    return [dict(row.event.data) for row in await world.ledger() if row.event.type is kind]


def held(lead: Lead) -> list[HoldReason]:
    return [hold.reason for hold in lead.holds]


def test_an_accepted_mail_contacts_its_lead_which_is_looked_at_for_its_next_step(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await on_wire(world)
        after = await settled(world, touch, ACCEPTED)
        now = world.clock.now()
        assert (after.status, after.sent_at, after.settled_at, after.reason) == (TouchStatus.SENT, now, now, None)
        lead = await only_lead(world, campaign)
        assert (lead.status, lead.steps_version) == (LeadStatus.CONTACTED, touch.steps_version)
        assert (lead.next_action, lead.next_action_at, lead.waits_for) == (Action.OUTREACH, now, None)
        assert await told(world, EventType.TOUCH_SENT) == [{"step": 1}]
        assert await delivered(world, campaign, DeliveryFact.SENT) == (1, 1)
        await run_cycle(world.context, campaign.id, call_dry=False)
        assert [each.step for each in await world.touches(campaign)] == [1, 2]
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_an_accepted_mail_ends_what_was_refused_in_a_row_and_speeds_a_slowed_mailbox_up(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        _, touch = await on_wire(world)
        slowed = MailboxState("sales", refused_log_ins=1, refusals=1, rate=0.5)
        await world.store.write(lambda tx: tx.mailboxes.put(slowed))
        await settled(world, touch, ACCEPTED)
        assert await world.store.read(lambda tx: tx.mailboxes.get("sales")) == MailboxState("sales", rate=0.55)

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    "events",
    [
        (Replied(),),
        (Replied(), Qualified(Authority.OPERATOR)),
        (Won(Decimal(10)),),
        (Lost(LostReason.OPERATOR, Authority.OPERATOR),),
    ],
)
def test_a_mail_accepted_after_its_lead_had_moved_on_is_recorded_and_moves_it_nowhere(
    tmp_path: Path, events: tuple[LeadEvent, ...]
) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await on_wire(world)
        await happens(world, campaign, *events)
        before = await only_lead(world, campaign)
        assert (await settled(world, touch, ACCEPTED)).status is TouchStatus.SENT
        lead = await only_lead(world, campaign)
        assert (lead.status, lead.state.ever_handed_over) == (before.status, True)
        assert (lead.next_action, lead.next_action_at) == (None, None)
        assert await delivered(world, campaign, DeliveryFact.SENT) == (1, 1)
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_a_lead_that_was_held_while_its_mail_was_on_the_wire_stays_held(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await on_wire(world)
        lead, now = await only_lead(world, campaign), world.clock.now()
        hold = Hold(HoldReason.OPERATOR, now)
        await world.store.write(lambda tx: tx.leads.save(lead, replace(lead, holds=(hold,))))
        await settled(world, touch, ACCEPTED)
        await run_cycle(world.context, campaign.id, call_dry=False)
        after = await only_lead(world, campaign)
        assert (after.status, after.holds, after.next_action_at) == (LeadStatus.CONTACTED, (hold,), None)
        assert [each.step for each in await world.touches(campaign)] == [1]

    simulate(tmp_path, scenario)


HARD = ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"]


@pytest.mark.parametrize(
    "refusal",
    [Refused(Stage.RCPT, 550, code, f"550 {code} no") for code in HARD]
    + [
        Refused(Stage.RCPT, 550, None, "550 no such user here"),
        Refused(Stage.DATA, 550, "5.1.1", "550 5.1.1 no"),
        Refused(Stage.DOT, 550, "5.1.1", "550 5.1.1 no"),
    ],
)
def test_a_hard_refusal_loses_the_lead_and_suppresses_its_address_everywhere(tmp_path: Path, refusal: Refused) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await on_wire(world)
        other = await world.live(*people(1), autonomy=Autonomy())
        await run_cycle(world.context, other.id, call_dry=False)
        after = await settled(world, touch, refusal)
        assert (after.status, after.settled_at, after.debits) == (TouchStatus.REJECTED, world.clock.now(), None)
        lead = await only_lead(world, campaign)
        assert (lead.status, lead.state.lost_reason) == (LeadStatus.LOST, LostReason.BOUNCED)
        [suppression] = await suppressions(world)
        assert (suppression.value, suppression.reason) == (P0, SuppressionReason.HARD_BOUNCE)
        elsewhere = await only_lead(world, other)
        assert (elsewhere.status, elsewhere.state.lost_reason) == (LeadStatus.LOST, LostReason.DO_NOT_CONTACT)
        assert [each.status for each in await world.touches(other)] == [TouchStatus.CANCELLED]
        assert await delivered(world, campaign, DeliveryFact.HARD_5XX_RCPT) == (1, 1)
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_too_many_recipients_that_do_not_exist_stop_the_mailbox_for_a_day(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        _, touch = await on_wire(world)

        def unit(tx: Tx) -> None:
            for fact in (*[DeliveryFact.SENT] * 20, DeliveryFact.HARD_5XX_RCPT):
                tx.deliveries.add(DeliveryScope.MAILBOX, "sales", world.clock.now().date(), fact)

        await world.store.write(unit)
        await settled(world, touch, NO_SUCH_USER)
        state = await world.store.read(lambda tx: tx.mailboxes.get("sales"))
        assert state.stopped_until == world.clock.now() + timedelta(hours=24)

    simulate(tmp_path, scenario)


def test_a_rejection_says_which_command_was_refused_and_how(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        _, touch = await on_wire(world)
        assert (await settled(world, touch, NO_SUCH_USER)).reason == "rcpt 550 5.1.1"
        assert await told(world, EventType.TOUCH_REJECTED) == [{"step": 1, "reason": "rcpt 550 5.1.1"}]

    simulate(tmp_path, scenario)


def test_a_refusal_without_an_enhanced_code_is_told_by_its_basic_one(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        _, touch = await on_wire(world)
        after = await settled(world, touch, Refused(Stage.DOT, 554, None, "554 no"))
        assert after.reason == "dot 554"

    simulate(tmp_path, scenario)


def test_an_erased_person_is_not_named_in_the_suppressions_by_a_late_refusal(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await on_wire(world)
        await world.erase(await only_lead(world, campaign))
        assert (await settled(world, touch, NO_SUCH_USER)).status is TouchStatus.REJECTED
        assert [kept.reason for kept in await suppressions(world)] == [SuppressionReason.ERASED]
        lead = await only_lead(world, campaign)
        assert (lead.status, lead.state.lost_reason) == (LeadStatus.LOST, LostReason.ERASED)

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    ("stage", "code"),
    [
        (Stage.RCPT, "5.7.1"),
        (Stage.DATA, "5.7.1"),
        (Stage.DOT, "5.7.26"),
        (Stage.RCPT, "5.1.7"),
        (Stage.RCPT, "5.1.8"),
        (Stage.DOT, "5.1.90"),
        (Stage.DATA, "5.4.5"),
    ],
)
def test_a_refusal_that_is_about_us_puts_the_mail_off_and_says_nothing_of_the_lead(
    tmp_path: Path, stage: Stage, code: str
) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await on_wire(world)
        before = await only_lead(world, campaign)
        after = await settled(world, touch, Refused(stage, 550, code, f"550 {code} no such user, says the policy"))
        assert (after.status, after.attempts) == (TouchStatus.DEFERRED, 1)
        assert after.ready_at == world.clock.now() + timedelta(minutes=6)
        assert await only_lead(world, campaign) == before
        assert await suppressions(world) == []
        assert await delivered(world, campaign, DeliveryFact.HARD_5XX_RCPT) == (0, 0)

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("code", ["5.4.5", "5.1.90"])
def test_a_mailbox_that_has_sent_what_its_provider_allows_rests_an_hour(tmp_path: Path, code: str) -> None:
    async def scenario(world: World) -> None:
        _, touch = await on_wire(world)
        await settled(world, touch, Refused(Stage.DOT, 550, code, "550 too many"))
        state = await world.store.read(lambda tx: tx.mailboxes.get("sales"))
        assert (state.stopped_until, state.disabled) == (world.clock.now() + timedelta(hours=1), None)

    simulate(tmp_path, scenario)


def test_two_refusals_of_us_in_a_row_stop_the_mailbox_for_a_day(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        _, touch = await on_wire(world)
        deferred = await settled(world, touch, ABOUT_US)
        assert (await world.store.read(lambda tx: tx.mailboxes.get("sales"))).stopped_until is None
        assert deferred.ready_at is not None
        await anyio.sleep((deferred.ready_at - world.clock.now()).total_seconds())
        await settled(world, await marked(world, await claimed(world)), ABOUT_US)
        state = await world.store.read(lambda tx: tx.mailboxes.get("sales"))
        assert state.stopped_until == world.clock.now() + timedelta(hours=24)

    simulate(tmp_path, scenario, settings=without_pace)


@pytest.mark.parametrize("code", ["5.2.2", "5.2.3", "5.3.4", "5.0.0", "5.5.1", None])
def test_any_other_refusal_rejects_the_mail_and_holds_its_lead_for_a_person(tmp_path: Path, code: str | None) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await on_wire(world)
        after = await settled(world, touch, Refused(Stage.DATA, 554, code, "554 message refused"))
        assert (after.status, after.settled_at) == (TouchStatus.REJECTED, world.clock.now())
        lead = await only_lead(world, campaign)
        assert (lead.status, held(lead)) == (LeadStatus.ENRICHED, [HoldReason.NEEDS_REVIEW])
        assert (lead.next_action_at, lead.steps_version) == (None, touch.steps_version)
        assert lead.holds[0].note == after.reason
        assert await suppressions(world) == []
        assert await delivered(world, campaign, DeliveryFact.HARD_5XX_RCPT) == (0, 0)
        await world.check_invariants()

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    "refusal",
    [
        *(Refused(stage, 451, "4.3.0", "451 4.3.0 later") for stage in Stage),
        Refused(Stage.RCPT, 450, None, "450 no such user, perhaps"),
        Refused(Stage.RCPT, 550, "4.2.1", "550 4.2.1 over quota"),
    ],
)
def test_a_mail_that_a_server_puts_off_is_ready_again_in_six_minutes(tmp_path: Path, refusal: Refused) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await on_wire(world)
        before = await only_lead(world, campaign)
        after = await settled(world, touch, refusal)
        assert (after.status, after.ready_at) == (TouchStatus.DEFERRED, world.clock.now() + timedelta(minutes=6))
        assert (after.attempts, after.debits, after.settled_at) == (1, None, None)
        assert (after.message_id, after.mailbox) == (touch.message_id, touch.mailbox)
        assert await told(world, EventType.TOUCH_DEFERRED) == [{"step": 1, "reason": after.reason}]
        assert await only_lead(world, campaign) == before

    simulate(tmp_path, scenario)


def test_a_mail_is_tried_for_two_days_with_one_message_id_and_then_rejected_as_expired(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await on_wire(world)
        started, tries, ids = world.clock.now(), [timedelta()], {touch.message_id}
        while (after := await settled(world, touch, BUSY)).status is TouchStatus.DEFERRED and len(tries) < 20:
            assert after.ready_at is not None
            await anyio.sleep((after.ready_at - world.clock.now()).total_seconds())
            touch = await marked(world, await claimed(world))
            tries.append(world.clock.now() - started)
            ids.add(touch.message_id)
        waits = [later - earlier for earlier, later in pairwise(tries)]
        assert [wait / timedelta(minutes=1) for wait in waits[:8]] == [6, 20, 60, 180, 360, 720, 720, 720]
        assert (tries[-1], len(ids)) == (timedelta(hours=48), 1)
        assert (after.status, after.reason, after.attempts) == (TouchStatus.REJECTED, "expired", len(tries) - 1)
        lead = await only_lead(world, campaign)
        assert (lead.status, held(lead)) == (LeadStatus.ENRICHED, [HoldReason.SEND_FAILED])
        assert await told(world, EventType.TOUCH_REJECTED) == [{"step": 1, "reason": "expired"}]

    simulate(tmp_path, scenario, settings=without_pace)


def test_a_mail_that_may_have_arrived_keeps_its_quotas_and_holds_its_lead(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await on_wire(world)
        paced = await pace(world)
        after = await settled(world, touch, UNKNOWN)
        assert (after.status, after.reason, after.sent_at) == (TouchStatus.UNKNOWN, "connection lost", None)
        assert (after.settled_at, after.ready_at, after.debits) == (world.clock.now(), None, touch.debits)
        assert (await taken(world, touch), await pace(world)) == (dict.fromkeys(EVERYTHING, 1), paced)
        lead = await only_lead(world, campaign)
        assert (lead.status, held(lead)) == (LeadStatus.ENRICHED, [HoldReason.SEND_UNKNOWN])
        assert await told(world, EventType.TOUCH_UNKNOWN) == [{"step": 1}]
        assert await delivered(world, campaign, DeliveryFact.SENT) == (0, 0)
        await run_cycle(world.context, campaign.id, call_dry=False)
        assert await world.touches(campaign) == [after]
        await world.check_invariants()

    simulate(tmp_path, scenario, settings=with_every_quota)


def test_a_second_unknown_mail_renews_the_hold_and_leaves_the_others(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await on_wire(world)
        lead, now = await only_lead(world, campaign), world.clock.now()
        standing = (Hold(HoldReason.SEND_UNKNOWN, now, note="step 0"), Hold(HoldReason.OPERATOR, now))
        await world.store.write(lambda tx: tx.leads.save(lead, replace(lead, holds=standing)))
        await settled(world, touch, UNKNOWN)
        holds = [(hold.reason, hold.note) for hold in (await only_lead(world, campaign)).holds]
        assert sorted(holds, key=str) == [
            (HoldReason.OPERATOR, None),
            (HoldReason.SEND_UNKNOWN, "step 1 may have arrived"),
        ]

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("result", [UNKNOWN, FULL])
def test_a_lead_that_nobody_writes_to_any_more_is_held_for_nothing(tmp_path: Path, result: Result) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await on_wire(world)
        await happens(world, campaign, Lost(LostReason.OPERATOR, Authority.OPERATOR))
        await settled(world, touch, result)
        lead = await only_lead(world, campaign)
        assert (lead.status, lead.holds) == (LeadStatus.LOST, ())

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("refusal", [NO_SUCH_USER, FULL, BUSY, ABOUT_US])
def test_a_refused_mail_gives_back_all_but_the_mailboxs_volume_and_pace(tmp_path: Path, refusal: Refused) -> None:
    async def scenario(world: World) -> None:
        _, touch = await on_wire(world)
        paced = await pace(world)
        after = await settled(world, touch, refusal)
        kept = dict.fromkeys(EVERYTHING, 0) | {QuotaScope.MAILBOX_DAY: 1}
        assert (await taken(world, touch), await pace(world), after.debits) == (kept, paced, None)

    simulate(tmp_path, scenario, settings=with_every_quota)


def test_an_accepted_mail_keeps_what_it_took(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        _, touch = await on_wire(world)
        paced = await pace(world)
        await settled(world, touch, ACCEPTED)
        assert (await taken(world, touch), await pace(world)) == (dict.fromkeys(EVERYTHING, 1), paced)

    simulate(tmp_path, scenario, settings=with_every_quota)


@pytest.mark.parametrize(
    ("begin", "result", "reason"),
    [
        (intent, AWAY, "mailbox_trouble"),
        (on_wire, AWAY, "mailbox_trouble"),
        (intent, Transient("slow down", scope=Scope.ITEM), "mailbox_trouble"),
        (intent, Permanent("550 to MAIL FROM", scope=Scope.MAILBOX), "mailbox_trouble"),
        (intent, Misconfigured("535 bad password", scope=Scope.MAILBOX), "log_in_refused"),
        (intent, Untold("camd was stopped"), "camd was stopped"),
    ],
)
def test_a_mail_that_was_not_handed_over_is_ready_again_with_its_message_id_and_all_its_quotas(
    tmp_path: Path, begin: Begin, result: Result, reason: str
) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await begin(world)
        before = await only_lead(world, campaign)
        after = await settled(world, touch, result)
        assert (after.status, after.reason, after.ready_at) == (TouchStatus.APPROVED, reason, world.clock.now())
        assert (after.message_id, after.mailbox, after.attempts) == (touch.message_id, "sales", 0)
        assert (after.intent_at, after.on_wire_at, after.debits) == (None, None, None)
        assert await taken(world, touch) == dict.fromkeys(EVERYTHING, 0)
        assert await only_lead(world, campaign) == before
        await world.enable("sales")
        assert (await claimed(world)).message_id == touch.message_id

    simulate(tmp_path, scenario, settings=with_every_quota)


@pytest.mark.parametrize(
    ("failure", "reason", "minutes"),
    [
        (AWAY, "trouble", 1),
        (Transient("greylisted", scope=Scope.MAILBOX, retry_after=timedelta(minutes=7)), "trouble", 7),
        (Permanent("550 to MAIL FROM", scope=Scope.MAILBOX), "sender_refused", 60),
        (Misconfigured("535 bad password", scope=Scope.MAILBOX), "log_in_refused", 1),
    ],
)
def test_a_mailbox_that_failed_rests(tmp_path: Path, failure: Failure, reason: str, minutes: int) -> None:
    async def scenario(world: World) -> None:
        _, touch = await intent(world)
        await settled(world, touch, failure)
        state = await world.store.read(lambda tx: tx.mailboxes.get("sales"))
        rest = world.clock.now() + timedelta(minutes=minutes)
        assert (state.stopped_for, state.stopped_until, state.detail) == (reason, rest, str(failure))

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    ("begin", "failure"),
    [(intent, UNSENDABLE), (on_wire, UNSENDABLE), (intent, Misconfigured("no subject", scope=Scope.ITEM))],
)
def test_a_mail_that_cannot_be_sent_as_it_is_takes_no_quota_and_waits_for_a_person(
    tmp_path: Path, begin: Begin, failure: Failure
) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await begin(world)
        after = await settled(world, touch, failure)
        assert (after.status, after.reason, after.debits) == (TouchStatus.REJECTED, str(failure), None)
        assert held(await only_lead(world, campaign)) == [HoldReason.NEEDS_REVIEW]
        assert await taken(world, touch) == dict.fromkeys(EVERYTHING, 0)
        state = await world.store.read(lambda tx: tx.mailboxes.get("sales"))
        assert state.stopped_until is None

    simulate(tmp_path, scenario, settings=with_every_quota)


async def lose(world: World, campaign: Campaign) -> None:
    await happens(world, campaign, Lost(LostReason.OPERATOR, Authority.OPERATOR))


async def answer(world: World, campaign: Campaign) -> None:
    await happens(world, campaign, Replied())


async def erase(world: World, campaign: Campaign) -> None:
    await world.erase(await only_lead(world, campaign))


async def suppress_alone(world: World, _: Campaign) -> None:
    """As a dry cycle of another campaign does: the lead keeps its status until its own campaign looks at it."""
    value, now = parse_value("c0.example"), world.clock.now()

    def unit(tx: Tx) -> None:
        reason = SuppressionReason.OPERATOR
        record.suppress(tx, world.context, value, reason, actor=OPERATOR, now=now, loses=False)

    await world.store.write(unit)


@pytest.mark.parametrize("change", [lose, answer, erase, suppress_alone])
@pytest.mark.parametrize("result", [BUSY, ABOUT_US, AWAY, Untold("camd was stopped")])
def test_a_mail_to_somebody_who_may_not_be_written_to_any_more_is_cancelled_instead_of_ready_again(
    tmp_path: Path, change: Change, result: Result
) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await on_wire(world)
        await change(world, campaign)
        after = await settled(world, touch, result)
        lead = await only_lead(world, campaign)
        assert (after.status, after.reason) == (TouchStatus.CANCELLED, lead.status.value)
        assert (after.ready_at, after.debits) == (None, None)
        assert len(await told(world, EventType.TOUCH_CANCELLED)) == 1
        kept = {QuotaScope.MAILBOX_DAY: 1} if isinstance(result, Refused) else {}
        assert await taken(world, touch) == dict.fromkeys(EVERYTHING, 0) | kept
        await world.check_invariants()

    simulate(tmp_path, scenario, settings=with_every_quota)


def test_a_touch_that_is_not_in_flight_any_more_stays_as_it_is(tmp_path: Path) -> None:
    results: list[Result] = [ACCEPTED, NO_SUCH_USER, BUSY, UNKNOWN, UNSENDABLE, AWAY, Untold("interrupted")]

    async def scenario(world: World) -> None:
        campaign, touch = await on_wire(world)
        lead, ledger, used = await only_lead(world, campaign), await world.ledger(), await taken(world, touch)
        for status, result in product(sorted(set(TouchStatus) - IN_FLIGHT), results):
            touch = await changed(world, touch, status)
            assert await settled(world, touch, result) == touch
        assert (await only_lead(world, campaign), await world.ledger()) == (lead, ledger)
        assert await taken(world, touch) == used
        assert await world.store.read(lambda tx: tx.mailboxes.all()) == {}

    simulate(tmp_path, scenario)


WORD = HandoverOutcomeWord


@pytest.mark.parametrize(
    ("begin", "word", "status"),
    [
        (intent, None, TouchStatus.APPROVED),
        (intent, WORD.DEFERRED, TouchStatus.APPROVED),
        (intent, WORD.SENT, TouchStatus.APPROVED),
        (on_wire, None, TouchStatus.UNKNOWN),
        (on_wire, WORD.SENT, TouchStatus.SENT),
        (on_wire, WORD.RELEASED, TouchStatus.APPROVED),
        (on_wire, WORD.DEFERRED, TouchStatus.UNKNOWN),
        (on_wire, WORD.REJECTED, TouchStatus.UNKNOWN),
    ],
)
def test_what_a_crash_left_in_flight_is_what_the_journal_says_it_is(
    tmp_path: Path, begin: Begin, word: HandoverOutcomeWord | None, status: TouchStatus
) -> None:
    async def scenario(world: World) -> None:
        _, touch = await begin(world)
        assert touch.message_id is not None
        words, now = {touch.message_id: word} if word else {}, world.clock.now()
        found = await world.store.write(lambda tx: settle_interrupted(tx, world.context, words, now))
        named = dict.fromkeys((TouchStatus.APPROVED, TouchStatus.UNKNOWN, TouchStatus.SENT), 0)
        assert (found, (await stored(world, touch)).status) == (named | {status: 1}, status)

    simulate(tmp_path, scenario)


def test_what_a_crash_left_in_flight_for_somebody_who_was_lost_since_is_counted_as_cancelled(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, touch = await on_wire(world)
        await lose(world, campaign)
        assert touch.message_id is not None
        words, now = {touch.message_id: WORD.RELEASED}, world.clock.now()
        found = await world.store.write(lambda tx: settle_interrupted(tx, world.context, words, now))
        assert found[TouchStatus.CANCELLED] == 1

    simulate(tmp_path, scenario)


def test_only_the_named_mailboxs_handovers_are_settled(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        _, touch = await on_wire(world)
        now = world.clock.now()
        await world.store.write(lambda tx: settle_interrupted(tx, world.context, {}, now, mailbox="info"))
        assert (await stored(world, touch)).status is TouchStatus.ON_WIRE
        await world.store.write(lambda tx: settle_interrupted(tx, world.context, {}, now, mailbox="sales"))
        assert (await stored(world, touch)).status is TouchStatus.UNKNOWN

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    ("result", "word"),
    [
        (ACCEPTED, WORD.SENT),
        (NO_SUCH_USER, WORD.REJECTED),
        (FULL, WORD.REJECTED),
        (BUSY, WORD.DEFERRED),
        (ABOUT_US, WORD.DEFERRED),
        (UNKNOWN, None),
        (AWAY, WORD.RELEASED),
        (UNSENDABLE, WORD.RELEASED),
        (Untold("camd was stopped"), WORD.RELEASED),
    ],
)
def test_the_journal_is_told_what_became_of_a_handover(result: Result, word: HandoverOutcomeWord | None) -> None:
    assert outcome_word(result) is word
