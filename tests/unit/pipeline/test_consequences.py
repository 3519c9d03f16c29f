"""What each class does, to the lead it is matched to and to the others whom it concerns, and nothing beyond."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from camd.domain.campaign import Campaign, Scoring
from camd.domain.events import ENGINE, EventType
from camd.domain.facts import Facts, InboundId, Verdict
from camd.domain.inbound import BounceKind, InboundClass
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
    Replied,
    TouchAccepted,
    Won,
)
from camd.domain.send_window import Window
from camd.pipeline import record
from camd.pipeline.consequences import AWAY_FOR, Applied, Case, apply_class
from camd.pipeline.matching import Match
from camd.pipeline.messages import messages_of
from camd.ports.inbox import Report
from camd.ports.providers import Found
from camd.ports.records import (
    DeliveryFact,
    DeliveryScope,
    Effects,
    Inbound,
    Listing,
    MailboxState,
    MatchedBy,
    Touch,
    TouchStatus,
)
from camd.sim.world import World, people, simulate

P0, P1 = "p0@c0.example", "p1@c1.example"
POSITIVE, NEGATIVE, NEUTRAL = InboundClass.HUMAN_POSITIVE, InboundClass.HUMAN_NEGATIVE, InboundClass.HUMAN_NEUTRAL
NO_DAYS = Window(frozenset(), 0, 1, holidays=False)


async def written(world: World, *found: Found, sent: bool = True, **fields: Any) -> Campaign:
    """A live campaign that has written to its leads. `Any`: fields of its definition."""
    campaign = await world.campaign(*(found or people(1)), dry_run=False, **fields)
    await world.cycle(campaign)
    now = world.clock.now()
    for touch in await world.touches(campaign) if sent else ():
        await changed(world, touch, status=TouchStatus.SENT, mailbox="sales", sent_at=now, settled_at=now)
    for lead in await world.leads(campaign) if sent else ():
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


async def comes(world: World, campaign: Campaign, kind: InboundClass, **fields: Any) -> Applied:
    """A message to the campaign's first lead that names our Message-ID. `Any`: fields of the match and of the case."""
    now = world.clock.now()
    lead, touches = (await world.leads(campaign))[0], await world.touches(campaign)
    own = [touch for touch in touches if touch.lead_id == lead.id and touch.sent_at]
    match = Match(lead, next(iter(own), None), MatchedBy.MESSAGE_ID)
    match = replace(match, **{name: fields.pop(name) for name in ("by", "report", "touch") if name in fields})
    case = replace(Case(kind, match, "sales", lead.facts.email, now), **fields)
    applied = await world.store.write(lambda tx: apply_class(tx, world.context, case, now))
    await keep(world, case, applied.effects)
    return applied


async def keep(world: World, case: Case, effects: Effects) -> None:
    """The message's own row."""
    lead, touch = case.match.lead, case.match.touch
    name = world.context.ids.new("ib")
    row = Inbound(InboundId(name), case.mailbox, name, case.kind, "", False, case.arrived_at, case.arrived_at, ENGINE)
    row = replace(row, effects=effects, matched_by=case.match.by)
    row = replace(row, lead_id=lead.id if lead else None, touch_id=touch.id if touch else None)
    await world.store.write(lambda tx: tx.inbox.add(row))


def reasons(lead: Lead) -> list[HoldReason]:
    return [hold.reason for hold in lead.holds]


async def figures(world: World, campaign: Campaign, scope: DeliveryScope = DeliveryScope.CAMPAIGN) -> dict[str, int]:
    key = str(campaign.id) if scope is DeliveryScope.CAMPAIGN else "sales"
    counted = await world.store.read(lambda tx: tx.deliveries.since(scope, key, date(2020, 1, 1)))
    return {fact.value: amount for fact, amount in counted.items() if amount}


async def suppressed(world: World) -> list[str | None]:
    return [each.value for each in await world.store.read(lambda tx: tx.suppressions.page(Listing()))]


async def box(world: World) -> MailboxState:
    return await world.store.read(lambda tx: tx.mailboxes.get("sales"))


def colleague(number: int, email: str, **facts: Any) -> Found:
    """`Any`: values of `Facts`."""
    return Found(f"row {number}", Facts(email=email, first_name="Q", company="C0", country="FR", **facts))


@pytest.mark.parametrize("kind", InboundClass)
def test_of_nobodys_messages_only_what_a_person_wrote_waits(tmp_path: Path, kind: InboundClass) -> None:
    async def scenario(world: World) -> None:
        now = world.clock.now()
        case = Case(kind, Match(), "sales", P0, now)
        applied = await world.store.write(lambda tx: apply_class(tx, world.context, case, now))
        is_personal = kind in (POSITIVE, NEGATIVE, NEUTRAL, InboundClass.OPT_OUT_REQUEST)
        assert applied == Applied(is_personal, Effects(now), frozenset())

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    ("kind", "status", "waits"),
    [(POSITIVE, LeadStatus.QUALIFIED, False), (NEGATIVE, LeadStatus.LOST, False), (NEUTRAL, LeadStatus.REPLIED, True)],
)
def test_an_answer_moves_its_lead_and_proves_the_address(
    tmp_path: Path, kind: InboundClass, status: LeadStatus, waits: bool
) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        applied = await comes(world, campaign, kind)
        lead = await only_lead(world, campaign)
        assert (lead.status, applied.waits, applied.effects.moved_to) == (status, waits, status)
        assert (lead.verdict, lead.verdict_evidence) == (Verdict.VALID, "a person answered")
        assert applied.campaigns == {campaign.id}

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    "scoring", [Scoring(auto_qualify=False), Scoring(auto_qualify_score=1.0)], ids=["never", "a higher score"]
)
def test_a_positive_answer_that_does_not_qualify_asks_a_person(tmp_path: Path, scoring: Scoring) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world, scoring=scoring)
        applied = await comes(world, campaign, POSITIVE)
        assert ((await only_lead(world, campaign)).status, applied.waits) == (LeadStatus.REPLIED, True)

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("kind", [POSITIVE, NEGATIVE])
def test_what_is_doubtful_ends_the_sequence_and_neither_wins_nor_loses(tmp_path: Path, kind: InboundClass) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        applied = await comes(world, campaign, kind, is_doubtful=True)
        assert ((await only_lead(world, campaign)).status, applied.waits) == (LeadStatus.REPLIED, True)

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((Replied(),), LeadStatus.REPLIED),
        ((Won(Decimal(10)),), LeadStatus.WON),
        ((Lost(LostReason.OPERATOR, Authority.OPERATOR),), LeadStatus.LOST),
    ],
)
def test_an_answer_that_nobody_waited_for_changes_nothing_and_waits(
    tmp_path: Path, events: tuple[LeadEvent, ...], status: LeadStatus
) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        await happens(world, await only_lead(world, campaign), *events)
        applied = await comes(world, campaign, NEUTRAL)
        assert ((await only_lead(world, campaign)).status, applied.waits) == (status, True)

    simulate(tmp_path, scenario)


def test_an_answer_after_the_last_patience_counts(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        await happens(world, await only_lead(world, campaign), Lost(LostReason.NO_REPLY, Authority.RULE))
        applied = await comes(world, campaign, POSITIVE)
        assert ((await only_lead(world, campaign)).status, applied.waits) == (LeadStatus.QUALIFIED, False)

    simulate(tmp_path, scenario)


def test_who_writes_before_anything_was_sent_is_held_until_somebody_looked(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world, sent=False)
        lead = await only_lead(world, campaign)
        new = replace(lead.state, status=LeadStatus.NEW, ever_enriched=False)
        await world.store.write(
            lambda tx: tx.leads.save(lead, replace(lead, state=new, next_action=Action.ENRICH, waits_for=None))
        )
        applied = await comes(world, campaign, NEUTRAL, by=MatchedBy.SENDER)
        lead = await only_lead(world, campaign)
        assert (lead.status, reasons(lead), applied.waits) == (LeadStatus.NEW, [HoldReason.NEEDS_REVIEW], True)

    simulate(tmp_path, scenario)


def test_an_answer_of_an_erased_person_learns_nothing_of_them(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        await world.erase(await only_lead(world, campaign))
        await comes(world, campaign, POSITIVE, sender=P0)
        lead = await only_lead(world, campaign)
        assert (lead.state.lost_reason, lead.verdict, lead.score) == (LostReason.ERASED, None, None)

    simulate(tmp_path, scenario)


def test_an_answer_holds_whoever_else_is_at_the_company_in_any_campaign(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world, *people(1))
        others = await written(
            world, colleague(1, "q@mail.c0.example"), colleague(2, "q@gmail.com", domain="c0.example")
        )
        stranger = await written(world, *people(1, 7))
        applied = await comes(world, campaign, NEGATIVE)
        held = [reasons(lead) for lead in await world.leads(others)]
        assert held == [[HoldReason.COMPANY_REPLIED]] * 2
        assert reasons(await only_lead(world, stranger)) == []
        assert {lead_id for lead_id, _ in applied.effects.held} == {lead.id for lead in await world.leads(others)}
        assert applied.campaigns == {campaign.id, others.id}

    simulate(tmp_path, scenario)


def test_free_mail_is_no_company(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world, colleague(1, "a@gmail.com"), colleague(2, "b@gmail.com"))
        await comes(world, campaign, NEGATIVE)
        assert [reasons(lead) for lead in await world.leads(campaign)] == [[], []]

    simulate(tmp_path, scenario)


def test_an_answer_known_by_its_sender_alone_holds_the_persons_other_leads(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        found = colleague(1, "a@gmail.com")
        first, second = await written(world, found), await written(world, found)
        await comes(world, first, NEUTRAL)
        assert reasons(await only_lead(world, second)) == []
        await comes(world, first, NEUTRAL, by=MatchedBy.SENDER)
        assert reasons(await only_lead(world, second)) == [HoldReason.NEEDS_REVIEW]

    simulate(tmp_path, scenario)


def test_who_answers_a_mail_to_somebody_else_gets_no_follow_up_either(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first, second = await written(world, *people(1)), await written(world, *people(1, 1))
        await comes(world, first, NEUTRAL, sender=P1)
        assert reasons(await only_lead(world, second)) == [HoldReason.NEEDS_REVIEW]
        assert (await only_lead(world, first)).status is LeadStatus.REPLIED

    simulate(tmp_path, scenario)


def test_an_opt_out_suppresses_whom_we_wrote_to_and_who_asks(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first, second = await written(world, *people(1)), await written(world, *people(1, 1))
        applied = await comes(world, first, InboundClass.OPT_OUT_REQUEST, sender=P1)
        assert sorted(map(str, await suppressed(world))) == [P0, P1]
        assert [(await only_lead(world, each)).state.lost_reason for each in (first, second)] == [
            LostReason.OPTED_OUT,
            LostReason.OPTED_OUT,
        ]
        assert (applied.waits, applied.effects.moved_to, applied.campaigns) == (
            False,
            LeadStatus.LOST,
            frozenset({first.id, second.id}),
        )

    simulate(tmp_path, scenario)


def test_a_client_who_says_stop_stays_a_client_and_is_suppressed(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        await comes(world, campaign, POSITIVE)
        applied = await comes(world, campaign, InboundClass.OPT_OUT_REQUEST)
        assert (await only_lead(world, campaign)).status is LeadStatus.QUALIFIED
        assert (await suppressed(world), applied.effects.moved_to) == ([P0], None)
        again = await comes(world, campaign, InboundClass.OPT_OUT_REQUEST, sender=None)
        assert (again.waits, again.campaigns) == (False, frozenset({campaign.id}))

    simulate(tmp_path, scenario)


def test_fault_69_a_doubtful_opt_out_holds_and_suppresses_nobody(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        applied = await comes(world, campaign, InboundClass.OPT_OUT_REQUEST, is_doubtful=True)
        lead = await only_lead(world, campaign)
        assert (lead.status, reasons(lead)) == (LeadStatus.CONTACTED, [HoldReason.NEEDS_REVIEW])
        assert (await suppressed(world), applied.waits) == ([], True)

    simulate(tmp_path, scenario)


def test_a_complaint_is_counted_once_however_often_it_is_told(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        await happens(world, await only_lead(world, campaign), Won(Decimal(10)))
        for _ in range(2):
            applied = await comes(world, campaign, InboundClass.COMPLAINT)
            assert not applied.waits
        assert (await figures(world, campaign), await suppressed(world)) == ({"complaints": 1}, [P0])

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("kind", [InboundClass.COMPLAINT, InboundClass.HARD_BOUNCE])
def test_fault_70_a_report_that_anybody_could_write_only_holds(tmp_path: Path, kind: InboundClass) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        applied = await comes(world, campaign, kind, by=MatchedBy.REPORT)
        lead = await only_lead(world, campaign)
        assert (lead.status, reasons(lead), applied.waits) == (LeadStatus.CONTACTED, [HoldReason.NEEDS_REVIEW], True)
        assert (await figures(world, campaign), await suppressed(world)) == ({}, [])

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("is_erased", [False, True])
def test_fault_56_a_bounce_counts_once_also_for_a_client_and_for_an_erased_lead(
    tmp_path: Path, is_erased: bool
) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        lead = await only_lead(world, campaign)
        await (world.erase(lead) if is_erased else happens(world, lead, Won(Decimal(10))))
        before = await only_lead(world, campaign)
        for _ in range(2):
            await comes(world, campaign, InboundClass.HARD_BOUNCE)
        assert await figures(world, campaign) == {"hard_bounces": 1}
        assert await figures(world, campaign, DeliveryScope.MAILBOX) == {"hard_bounces": 1}
        assert (await only_lead(world, campaign)).state == before.state

    simulate(tmp_path, scenario)


def test_a_bounce_loses_the_lead_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        first = await comes(world, campaign, InboundClass.HARD_BOUNCE)
        second = await comes(world, campaign, InboundClass.HARD_BOUNCE)
        assert (first.effects.moved_to, first.effects.counted) == (LeadStatus.LOST, (DeliveryFact.HARD_BOUNCES,))
        assert second.effects == Effects(second.effects.at)
        assert (await only_lead(world, campaign)).state.lost_reason is LostReason.BOUNCED
        assert len([row for row in await world.ledger() if row.event.type is EventType.LEAD_LOST]) == 1

    simulate(tmp_path, scenario)


def test_a_bounce_of_no_known_mail_loses_the_lead_and_counts_for_nobody(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        await comes(world, campaign, InboundClass.HARD_BOUNCE, touch=None, by=MatchedBy.SENDER, by_hand="os:ann")
        assert (await only_lead(world, campaign)).state.lost_reason is LostReason.BOUNCED
        assert await figures(world, campaign) == {}

    simulate(tmp_path, scenario)


def refusal(code: str = "5.7.1") -> Report:
    return Report(P0, BounceKind.SENDER_TROUBLE, code, "blocked")


def test_a_refusal_for_our_sake_is_the_trouble_of_the_mailbox_that_sent_once_for_each_mail(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        for _ in range(2):
            applied = await comes(world, campaign, InboundClass.SOFT_BOUNCE, report=refusal(), mailbox="elsewhere")
            assert (applied.waits, applied.effects.is_soft) == (False, False)
        assert (await box(world)).refusals == 1
        assert (await only_lead(world, campaign)).holds == ()

    simulate(tmp_path, scenario)


def test_a_refusal_that_says_nothing_of_the_address_alone_is_reviewed(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        other = Report(P0, BounceKind.OTHER, "5.3.0", "")
        applied = await comes(world, campaign, InboundClass.SOFT_BOUNCE, report=other)
        assert (reasons(await only_lead(world, campaign)), applied.waits) == ([HoldReason.NEEDS_REVIEW], True)

    simulate(tmp_path, scenario)


async def soft(world: World, campaign: Campaign, *, days: float = 0, **fields: Any) -> list[HoldReason]:
    """`Any`: fields of the match and of the case."""
    at = world.clock.now() + timedelta(days=days)
    await comes(world, campaign, InboundClass.SOFT_BOUNCE, arrived_at=at, **fields)
    return reasons(await only_lead(world, campaign))


def test_the_third_soft_bounce_within_14_days_holds(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        assert await soft(world, campaign) == []
        assert await soft(world, campaign, days=15) == []
        assert await soft(world, campaign, days=14.5) == []
        assert await soft(world, campaign, days=20) == [HoldReason.SOFT_BOUNCES]

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"report": refusal()}, id="our own trouble"),
        pytest.param({"by": MatchedBy.REPORT}, id="forged by anybody"),
        pytest.param({"report": Report(P0, BounceKind.OTHER, None, "")}, id="not for the address"),
    ],
)
def test_what_is_no_soft_bounce_of_the_lead_is_none_of_the_three(tmp_path: Path, fields: dict[str, Any]) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        for _ in range(2):
            await soft(world, campaign, **fields)
        assert HoldReason.SOFT_BOUNCES not in await soft(world, campaign)

    simulate(tmp_path, scenario)


def test_a_bounce_that_is_judged_again_counts_no_second_time(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        for _ in range(2):
            await soft(world, campaign)
        lead = await only_lead(world, campaign)
        [_, first] = await world.store.read(lambda tx: list(messages_of(tx, lead.id)))
        assert await soft(world, campaign, inbound_id=first.id, by_hand="os:ann") == []

    simulate(tmp_path, scenario)


def until(lead: Lead) -> datetime | None:
    [hold] = lead.holds
    assert hold.reason is HoldReason.OUT_OF_OFFICE
    return hold.until


@pytest.mark.parametrize(
    ("stated", "back"),
    [
        pytest.param(date(2026, 1, 7), datetime(2026, 1, 7, 23, tzinfo=UTC), id="a Wednesday"),
        pytest.param(date(2026, 1, 9), datetime(2026, 1, 11, 23, tzinfo=UTC), id="a Friday"),
        pytest.param(date(2026, 1, 5), datetime(2026, 1, 5, 23, tzinfo=UTC), id="the same day"),
    ],
)
def test_who_is_away_is_held_until_the_working_day_after_the_stated_one(
    tmp_path: Path, stated: date, back: datetime
) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world, timezone="Europe/Paris")
        applied = await comes(world, campaign, InboundClass.OUT_OF_OFFICE, until=stated)
        lead = await only_lead(world, campaign)
        assert (until(lead), applied.waits, lead.next_action_at) == (back, False, world.clock.now())

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("stated", [None, date(2026, 1, 4)], ids=["no day", "a day that is over"])
def test_who_does_not_say_until_when_is_away_for_14_days(tmp_path: Path, stated: date | None) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        await comes(world, campaign, InboundClass.OUT_OF_OFFICE, until=stated)
        assert until(await only_lead(world, campaign)) == world.clock.now() + AWAY_FOR

    simulate(tmp_path, scenario)


def test_in_a_campaign_without_working_days_14_days_have_to_do(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        stored = await world.now(campaign)
        shut = replace(stored, definition=replace(stored.definition, window=NO_DAYS))
        await world.store.write(lambda tx: tx.campaigns.save(shut))
        await comes(world, campaign, InboundClass.OUT_OF_OFFICE, until=date(2026, 1, 8))
        assert until(await only_lead(world, campaign)) == world.clock.now() + AWAY_FOR

    simulate(tmp_path, scenario)


def test_a_second_note_lengthens_an_absence_and_never_shortens_it(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        for day in (8, 20, 12):
            applied = await comes(world, campaign, InboundClass.OUT_OF_OFFICE, until=date(2026, 1, day))
            assert [reason for _, reason in applied.effects.held] == [HoldReason.OUT_OF_OFFICE]
        back = until(await only_lead(world, campaign))
        assert back is not None
        assert back.date() == date(2026, 1, 20)

    simulate(tmp_path, scenario)


def test_no_date_shortens_a_hold_that_waits_for_a_person(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        lead = await only_lead(world, campaign)
        standing = Hold(HoldReason.OUT_OF_OFFICE, world.clock.now())
        await world.store.write(lambda tx: tx.leads.save(lead, replace(lead, holds=(standing,))))
        await comes(world, campaign, InboundClass.OUT_OF_OFFICE)
        assert (await only_lead(world, campaign)).holds == (standing,)

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    ("kind", "fields"), [(InboundClass.CHALLENGE, {}), (InboundClass.AUTO_REPLY, {"has_left": True})]
)
def test_a_challenge_and_who_has_left_are_reviewed(tmp_path: Path, kind: InboundClass, fields: dict[str, Any]) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        applied = await comes(world, campaign, kind, **fields)
        assert (reasons(await only_lead(world, campaign)), applied.waits) == ([HoldReason.NEEDS_REVIEW], True)

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("kind", [InboundClass.AUTO_REPLY, InboundClass.DELAYED, InboundClass.UNRELATED])
def test_what_says_nothing_is_only_recorded(tmp_path: Path, kind: InboundClass) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        before = await only_lead(world, campaign)
        applied = await comes(world, campaign, kind)
        assert applied == Applied(False, Effects(applied.effects.at), frozenset({campaign.id}))
        assert await only_lead(world, campaign) == before

    simulate(tmp_path, scenario)


def test_whom_nobody_may_write_to_any_more_needs_no_hold(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        await world.lose(await only_lead(world, campaign))
        applied = await comes(world, campaign, InboundClass.CHALLENGE)
        assert ((await only_lead(world, campaign)).holds, applied.effects.held) == ((), ())

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("kind", InboundClass)
def test_what_a_person_has_judged_waits_no_more_and_is_theirs(tmp_path: Path, kind: InboundClass) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        before = len(await world.ledger())
        applied = await comes(world, campaign, kind, by=MatchedBy.SENDER, by_hand="os:ann")
        assert not applied.waits
        actors = {row.event.actor for row in (await world.ledger())[before:]}
        assert actors <= {"os:ann", "person", "engine"}

    simulate(tmp_path, scenario)
