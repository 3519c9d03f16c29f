"""What comes back, and what follows from it: every answer ends or delays what it has to, once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from email.message import EmailMessage
from pathlib import Path

import pytest

from camd.domain.campaign import Campaign, CampaignStatus, Scoring, StatusReason, Step
from camd.domain.events import EventType
from camd.domain.facts import CampaignId, LeadId, Verdict
from camd.domain.inbound import InboundClass
from camd.domain.lead import HoldReason, Lead, LeadStatus, LostReason
from camd.domain.message_id import message_id
from camd.operations import inbound as desk_of_answers
from camd.ports.channel import Accepted, Handover, Unknown
from camd.ports.inbox import RawMessage
from camd.ports.providers import Found
from camd.ports.records import DeliveryFact, DeliveryScope, Inbound, InboundFilter, Listing, TouchStatus
from camd.ports.settings import Settings
from camd.schema.inbound import ClassifyBody
from camd.sim import letters
from camd.sim.inbox import ARCHIVE, INBOX, SENT, TRASH, away
from camd.sim.world import OPERATOR, World, mailbox, people, simulate

US = "sales@us.example"
STEPS = (
    Step(1, "For {{ company }}", "Hello {{ first_name }}"),
    Step(2, "Again", "Still there, {{ first_name }}?", wait_days=Decimal("0.01")),
    Step(3, "Last", "Good bye, {{ first_name }}", wait_days=Decimal("0.01")),
)
Build = Callable[[Handover, datetime], EmailMessage]


def quick(settings: Settings) -> Settings:
    """Mails follow each other within minutes."""
    boxes = {
        name: replace(mailbox(name, daily_limit=500), min_gap_seconds=1, jitter_seconds=0)
        for name in settings.mailboxes
    }
    limits = replace(settings.limits, person_gap_hours=0, company_new_per_day=100, company_daily=100)
    return replace(settings, mailboxes=boxes, limits=limits)


def says(text: str, *, sender: str | None = None) -> Build:
    return lambda handover, at: letters.answer(handover, US, text, at, sender=sender)


async def first_mail(world: World, recipient: str = "p0@c0.example") -> Handover:
    """Runs until that person has a mail."""
    for _ in range(100):
        found = [handover for handover in world.mail.delivered if handover.recipient == recipient]
        if found:
            return found[0]
        await world.run_for(seconds=30)
    raise AssertionError("nothing was sent")


async def comes(world: World, build: Build, handover: Handover) -> RawMessage:
    """The message arrives, and is heard."""
    raw = world.inboxes.deliver("sales", build(handover, world.clock.now()))
    await world.run_for(seconds=10)
    return raw


async def inbound(world: World, *, waiting: bool | None = None) -> list[Inbound]:
    chosen = InboundFilter(waiting=waiting)
    return list(await world.store.read(lambda tx: tx.inbox.page(Listing(500), chosen)))


async def lead_of(world: World, campaign: Campaign) -> Lead:
    [lead] = await world.leads(campaign)
    return lead


def mails_to(world: World, recipient: str) -> int:
    return sum(handover.recipient == recipient for handover in world.mail.delivered)


def after(build: Build, *, found: list[Found] | None = None, **fields: object) -> "Scenario":
    return Scenario(build, found or people(1), fields)


class Scenario:
    """One live campaign of three steps; its first mail is answered at once, then two days pass."""

    def __init__(self, build: Build, found: list[Found], fields: dict[str, object]) -> None:
        self._build = build
        self._found = found
        self._fields = fields
        self.leads: list[Lead] = []
        self.inbound: list[Inbound] = []
        self.mails = 0
        self.campaign: Campaign
        self.suppressed = 0

    def run(self, folder: Path) -> "Scenario":
        simulate(folder, self._play, settings=quick)
        return self

    async def _play(self, world: World) -> None:
        campaign = await world.live(*self._found, steps=STEPS, daily_email_limit=100, **self._fields)
        handover = await first_mail(world)
        await comes(world, self._build, handover)
        await world.run_for(days=2)
        self.campaign = await world.now(campaign)
        self.leads = await world.leads(campaign)
        self.inbound = await inbound(world)
        self.mails = mails_to(world, handover.recipient)
        self.suppressed = len(await world.store.read(lambda tx: tx.suppressions.page(Listing(50))))
        await world.check_invariants()


def test_without_an_answer_all_steps_go(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.live(*people(1), steps=STEPS)
        await world.run_for(days=2)
        assert mails_to(world, "p0@c0.example") == 3

    simulate(tmp_path, scenario, settings=quick)


def test_a_positive_answer_qualifies_and_ends_the_sequence(tmp_path: Path) -> None:
    seen = after(says("Yes, I am interested. Please call me tomorrow.")).run(tmp_path)
    [lead], [row] = seen.leads, seen.inbound
    assert (lead.status, lead.verdict, seen.mails) == (LeadStatus.QUALIFIED, Verdict.VALID, 1)
    assert (row.kind, row.waiting, row.lead_id) == (InboundClass.HUMAN_POSITIVE, False, lead.id)


def test_a_positive_answer_below_the_score_waits_for_a_person(tmp_path: Path) -> None:
    seen = after(says("Yes, I am interested."), scoring=Scoring(auto_qualify_score=1.0)).run(tmp_path)
    assert (seen.leads[0].status, seen.inbound[0].waiting, seen.mails) == (LeadStatus.REPLIED, True, 1)


def test_a_negative_answer_loses_the_lead(tmp_path: Path) -> None:
    seen = after(says("Thank you, but we are not interested.")).run(tmp_path)
    assert (seen.leads[0].state.lost_reason, seen.mails, seen.suppressed) == (LostReason.NEGATIVE_REPLY, 1, 0)
    assert not seen.inbound[0].waiting


def test_a_neutral_answer_ends_the_sequence_and_waits(tmp_path: Path) -> None:
    seen = after(says("Who are you, and what is this about?")).run(tmp_path)
    assert (seen.leads[0].status, seen.inbound[0].waiting, seen.mails) == (LeadStatus.REPLIED, True, 1)


@pytest.mark.parametrize("text", ["unsubscribe", "Bitte abmelden.", "Merci de me désinscrire"])
def test_fault_69_an_opt_out_in_a_body_suppresses_everywhere(tmp_path: Path, text: str) -> None:
    seen = after(says(text)).run(tmp_path)
    assert (seen.leads[0].state.lost_reason, seen.suppressed, seen.mails) == (LostReason.OPTED_OUT, 1, 1)


def test_an_opt_out_ends_the_persons_leads_in_every_campaign(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.live(*people(1), steps=STEPS)
        other = await world.campaign(*people(1), name="dry")
        handover = await first_mail(world)
        await comes(world, says("stop"), handover)
        assert (await lead_of(world, other)).state.lost_reason is LostReason.DO_NOT_CONTACT

    simulate(tmp_path, scenario, settings=quick)


def test_our_own_footer_in_the_quote_is_no_request(tmp_path: Path) -> None:
    def build(handover: Handover, at: datetime) -> EmailMessage:
        with_footer = replace(handover, body=f"{handover.body}\n\nReply unsubscribe and I will not write again.")
        return letters.answer(with_footer, US, "Yes, please send me an offer.", at)

    seen = after(build).run(tmp_path)
    assert (seen.inbound[0].kind, seen.suppressed) == (InboundClass.HUMAN_POSITIVE, 0)


def test_an_out_of_office_note_holds_until_the_working_day_after_the_stated_one(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1), steps=STEPS)
        handover = await first_mail(world)
        friday = _next_friday(world.clock.now())
        text = f"I am out of the office until {friday:%d %B %Y}."
        await comes(world, lambda mail, at: letters.away_note(mail, US, text, at), handover)
        lead = await lead_of(world, campaign)
        [hold] = lead.holds
        assert hold.reason is HoldReason.OUT_OF_OFFICE
        assert hold.until is not None
        # The window of the campaign has seven working days.
        assert hold.until.date() in (friday, friday + timedelta(days=1))
        assert lead.status is LeadStatus.CONTACTED
        await world.run_for(days=(friday - world.clock.now().date()).days + 3)
        assert mails_to(world, handover.recipient) == 3

    simulate(tmp_path, scenario, settings=quick)


def _next_friday(now: datetime) -> date:
    return (now + timedelta(days=7 + (4 - now.weekday()) % 7)).date()


def test_an_automatic_answer_changes_nothing(tmp_path: Path) -> None:
    text = "Thank you for your message. We have received it and will answer soon."
    seen = after(lambda handover, at: letters.away_note(handover, US, text, at)).run(tmp_path)
    assert (seen.inbound[0].kind, seen.mails) == (InboundClass.AUTO_REPLY, 3)


def test_who_has_left_is_held_for_review(tmp_path: Path) -> None:
    text = "I no longer work at this company. Please write to our office."
    seen = after(lambda handover, at: letters.away_note(handover, US, text, at)).run(tmp_path)
    assert ([hold.reason for hold in seen.leads[0].holds], seen.mails) == ([HoldReason.NEEDS_REVIEW], 1)
    assert seen.inbound[0].waiting


def test_a_hard_bounce_loses_the_lead_and_suppresses_its_address(tmp_path: Path) -> None:
    seen = after(lambda handover, at: letters.bounce(handover, US, "5.1.1", at)).run(tmp_path)
    assert (seen.leads[0].state.lost_reason, seen.suppressed, seen.mails) == (LostReason.BOUNCED, 1, 1)


def test_fault_56_a_bounce_that_comes_twice_counts_once_and_its_touch_stays_sent(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1), steps=STEPS)
        handover = await first_mail(world)
        await comes(world, lambda mail, at: letters.bounce(mail, US, "5.1.1", at), handover)
        await comes(world, lambda mail, at: letters.bounce(mail, US, "5.1.1", at, reply="550 again"), handover)
        [touch] = [touch for touch in await world.touches(campaign) if touch.step == 1]
        losses = [row for row in await world.ledger() if row.event.type == "lead.lost"]
        counted = await world.store.read(
            lambda tx: tx.deliveries.since(DeliveryScope.CAMPAIGN, str(campaign.id), date(2020, 1, 1))
        )
        assert (touch.status, len(losses), counted[DeliveryFact.HARD_BOUNCES]) == (TouchStatus.SENT, 1, 1)
        assert len(await inbound(world)) == 2

    simulate(tmp_path, scenario, settings=quick)


def test_a_refusal_for_the_senders_sake_is_the_mailboxs_trouble(tmp_path: Path) -> None:
    seen = after(lambda handover, at: letters.bounce(handover, US, "5.7.1", at, reply="550 5.7.1 spam")).run(tmp_path)
    assert (seen.leads[0].status, seen.suppressed, seen.mails) == (LeadStatus.CONTACTED, 0, 3)


def test_the_third_soft_bounce_in_fourteen_days_holds(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        steps = (*STEPS, Step(4, "More", "One more thing", wait_days=Decimal("0.01")))
        campaign = await world.live(*people(1), steps=steps)
        handover = await first_mail(world)
        for number in range(3):
            assert not (await lead_of(world, campaign)).holds
            await comes(world, full(number), handover)
        [hold] = (await lead_of(world, campaign)).holds
        assert hold.reason is HoldReason.SOFT_BOUNCES

    simulate(tmp_path, scenario, settings=quick)


def full(number: int) -> Build:
    return lambda mail, at: letters.bounce(mail, US, "4.2.2", at, reply=f"452 4.2.2 full {number}")


def test_fault_70_a_bounce_without_our_message_id_only_holds(tmp_path: Path) -> None:
    seen = after(lambda handover, at: letters.bounce(handover, US, "5.1.1", at, names_mail=False)).run(tmp_path)
    [lead] = seen.leads
    assert (lead.status, [hold.reason for hold in lead.holds]) == (LeadStatus.CONTACTED, [HoldReason.NEEDS_REVIEW])
    assert (seen.suppressed, seen.inbound[0].waiting) == (0, True)


def test_fault_70_an_opt_out_of_somebody_unknown_suppresses_nobody(tmp_path: Path) -> None:
    def build(_: Handover, at: datetime) -> EmailMessage:
        return letters.fresh("stranger@elsewhere.example", US, "unsubscribe", "unsubscribe p0@c0.example", at)

    seen = after(build).run(tmp_path)
    assert (seen.suppressed, seen.mails, seen.inbound[0].waiting) == (0, 3, True)


def test_a_complaint_suppresses_and_counts(tmp_path: Path) -> None:
    seen = after(lambda handover, at: letters.complaint(handover, US, at)).run(tmp_path)
    assert (seen.leads[0].state.lost_reason, seen.suppressed) == (LostReason.COMPLAINED, 1)
    assert seen.campaign.status.reason is StatusReason.COMPLAINT_RATE


def test_an_answer_holds_the_others_at_the_company(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first, second = people(2)
        same = replace(second, facts=replace(second.facts, email="p1@c0.example"))
        campaign = await world.live(first, same, steps=STEPS)
        handover = await first_mail(world)
        await comes(world, says("Yes, I am interested."), handover)
        by_mail = {lead.facts.email: lead for lead in await world.leads(campaign)}
        assert [hold.reason for hold in by_mail["p1@c0.example"].holds] == [HoldReason.COMPANY_REPLIED]

    simulate(tmp_path, scenario, settings=quick)


def test_an_answer_from_another_address_counts_for_the_lead(tmp_path: Path) -> None:
    seen = after(says("Yes, I am interested.", sender="assistant@c0.example")).run(tmp_path)
    assert (seen.leads[0].status, seen.mails) == (LeadStatus.QUALIFIED, 1)


def test_an_answer_known_by_its_sender_alone_holds_the_persons_other_leads(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1), steps=STEPS)
        handover = await first_mail(world)
        other = await world.live(*people(1), name="other", steps=STEPS)
        await world.pause(other)
        await world.resume(other)
        await world.run_for(seconds=30)

        def build(mail: Handover, at: datetime) -> EmailMessage:
            return letters.fresh(mail.recipient, US, "Your offer", "Yes, I am interested. Call me.", at)

        await comes(world, build, handover)
        leads = [await lead_of(world, each) for each in (campaign, other)]
        assert LeadStatus.QUALIFIED in {lead.status for lead in leads}
        [second] = [lead for lead in leads if lead.status is not LeadStatus.QUALIFIED]
        assert second.holds

    simulate(tmp_path, scenario, settings=quick)


def test_what_a_stranger_writes_who_answers_nothing_leaves_no_text(tmp_path: Path) -> None:
    def build(_: Handover, at: datetime) -> EmailMessage:
        return letters.fresh("friend@elsewhere.example", US, "Lunch?", "Shall we have lunch on Friday?", at)

    seen = after(build).run(tmp_path)
    [row] = seen.inbound
    assert (row.kind, row.waiting, row.text, row.sender) == (InboundClass.UNRELATED, False, None, None)


def test_an_answer_that_belongs_to_nobody_waits_for_a_person(tmp_path: Path) -> None:
    def build(handover: Handover, at: datetime) -> EmailMessage:
        unknown = replace(handover, message_id="nobody@us.example", recipient="who@elsewhere.example")
        return letters.answer(unknown, US, "Yes, tell me more.", at)

    seen = after(build).run(tmp_path)
    assert [(row.waiting, row.text is not None, row.lead_id) for row in seen.inbound] == [(True, True, None)]


def test_fault_66_a_renumbered_folder_is_read_again_and_applied_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1), steps=STEPS)
        handover = await first_mail(world)
        raw = await comes(world, says("Yes, I am interested."), handover)
        world.inboxes.renumber("sales")
        await world.run_for(minutes=2)
        world.inboxes.deliver("sales", raw.content, TRASH)
        await world.restart()
        await world.run_for(minutes=2)
        assert len(await inbound(world)) == 1
        replied = [row for row in await world.ledger() if row.event.type == "lead.replied"]
        assert len(replied) == 1
        assert (await lead_of(world, campaign)).status is LeadStatus.QUALIFIED

    simulate(tmp_path, scenario, settings=quick)


def test_no_follow_up_goes_to_whoever_answered_while_nothing_ran(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.live(*people(3), steps=STEPS)
        handovers = [await first_mail(world, f"p{number}@c{number}.example") for number in range(3)]
        await world.restart_later(timedelta(hours=2), lambda: _three_answers(world, handovers))
        await world.run_for(days=1)
        assert [mails_to(world, handover.recipient) for handover in handovers] == [1, 1, 1]

    simulate(tmp_path, scenario, settings=quick)


def _three_answers(world: World, handovers: list[Handover]) -> None:
    texts = ("Yes, I am interested.", "Not interested.", "unsubscribe")
    raws = [
        world.inboxes.deliver("sales", says(text)(handover, world.clock.now()))
        for text, handover in zip(texts, handovers, strict=True)
    ]
    world.inboxes.move("sales", raws[1], INBOX, ARCHIVE)
    world.inboxes.move("sales", raws[2], INBOX, TRASH)


@pytest.mark.parametrize("ends", ["pause", "archive"])
def test_the_answers_to_a_campaign_that_rests_count(tmp_path: Path, ends: str) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1), steps=STEPS)
        handover = await first_mail(world)
        await (world.pause(campaign) if ends == "pause" else world.archive(campaign))
        await comes(world, says("Yes, I am interested."), handover)
        assert (await lead_of(world, campaign)).status is LeadStatus.QUALIFIED

    simulate(tmp_path, scenario, settings=quick)


def test_fault_67_the_follow_ups_of_a_deaf_mailbox_wait_and_first_mails_go(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.live(*people(1), steps=STEPS)
        await first_mail(world)
        world.inboxes.trouble["sales"] = away()
        world.inboxes.wake("sales")
        await world.run_for(minutes=14)
        await world.live(*people(1, first=5), name="second", steps=STEPS)
        await world.run_for(hours=6)
        assert world.context.hearing.is_stale("sales")
        sent = mails_to(world, "p0@c0.example")
        assert sent < 3
        assert mails_to(world, "p5@c5.example") >= 1
        del world.inboxes.trouble["sales"]
        await world.run_for(hours=2)
        assert mails_to(world, "p0@c0.example") == 3

    simulate(tmp_path, scenario, settings=quick)


async def with_unknown(world: World) -> tuple[Campaign, Handover]:
    """A touch of which nobody knows whether it arrived."""
    world.mail.answers["p0@c0.example"] = [Unknown("the line went dead")]
    seen: list[Handover] = []

    async def notes(handover: Handover) -> None:
        seen.append(handover)

    world.mail.after_mark = notes
    campaign = await world.live(*people(1), steps=STEPS)
    while not seen:
        await world.run_for(seconds=30)
    await world.run_for(seconds=5)
    [touch] = await world.touches(campaign)
    assert touch.status is TouchStatus.UNKNOWN
    return campaign, seen[0]


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(says("Yes, I am interested."), id="answer"),
        pytest.param(lambda mail, at: letters.bounce(mail, US, "5.1.1", at), id="bounce"),
    ],
)
def test_what_comes_back_proves_that_an_unknown_mail_arrived(tmp_path: Path, build: Build) -> None:
    async def scenario(world: World) -> None:
        campaign, handover = await with_unknown(world)
        await comes(world, build, handover)
        [touch] = [touch for touch in await world.touches(campaign) if touch.step == 1]
        assert touch.status is TouchStatus.SENT
        assert not any(hold.reason is HoldReason.SEND_UNKNOWN for hold in (await lead_of(world, campaign)).holds)

    simulate(tmp_path, scenario, settings=quick)


def test_the_sent_folder_proves_that_an_unknown_mail_went(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, handover = await with_unknown(world)
        world.inboxes.deliver("sales", letters.sent_copy(handover, US, world.clock.now()), SENT)
        await world.run_for(seconds=10)
        [touch] = [touch for touch in await world.touches(campaign) if touch.step == 1]
        assert touch.status is TouchStatus.SENT

    simulate(tmp_path, scenario, settings=quick)


def test_absence_proves_only_where_the_sent_folder_is_authoritative(tmp_path: Path) -> None:
    def authoritative(settings: Settings) -> Settings:
        made = quick(settings)
        boxes = {name: replace(box, sent_folder_authoritative=True) for name, box in made.mailboxes.items()}
        return replace(made, mailboxes=boxes)

    async def scenario(world: World) -> None:
        campaign, handover = await with_unknown(world)
        await world.run_for(minutes=14)
        [touch] = await world.touches(campaign)
        assert touch.status is TouchStatus.UNKNOWN
        await world.run_for(minutes=25)
        assert handover.message_id in [mail.message_id for mail in world.mail.delivered]

    simulate(tmp_path, scenario, settings=authoritative)

    async def not_authoritative(world: World) -> None:
        campaign, _ = await with_unknown(world)
        await world.run_for(days=1)
        [touch] = await world.touches(campaign)
        assert touch.status is TouchStatus.UNKNOWN

    (tmp_path / "other").mkdir()
    simulate(tmp_path / "other", not_authoritative, settings=quick)


def test_fault_15_a_mail_with_our_key_that_nobody_here_sent_holds_everything(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.live(*people(1), steps=STEPS)
        handover = await first_mail(world)
        key = await world.store.read(lambda tx: tx.instance.key())
        stranger = CampaignId(77)
        foreign = message_id(key, campaign_id=stranger, lead_id=LeadId("ld_x"), step=1, steps_version=1, sender=US)
        world.inboxes.deliver("sales", letters.sent_copy(handover, US, world.clock.now(), message_id=foreign), SENT)
        await world.run_for(hours=4)
        recovery = await world.store.read(lambda tx: tx.instance.recovery())
        assert recovery.hold
        assert mails_to(world, handover.recipient) == 1

    simulate(tmp_path, scenario, settings=quick)


def test_a_mail_that_the_operator_wrote_by_hand_holds_the_lead(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1), steps=STEPS)
        handover = await first_mail(world)
        by_hand = letters.fresh(
            US, handover.recipient, "About our call", "As discussed on the phone.", world.clock.now()
        )
        world.inboxes.deliver("sales", by_hand, SENT)
        await world.run_for(days=1)
        assert [hold.reason for hold in (await lead_of(world, campaign)).holds] == [HoldReason.OPERATOR_WROTE]
        assert mails_to(world, handover.recipient) == 1

    simulate(tmp_path, scenario, settings=quick)


def test_fault_62_an_answer_to_a_rewritten_message_id_is_found_by_the_sent_copy(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1), steps=STEPS)
        handover = await first_mail(world)
        rewritten = "AB12.other@exchange.example"
        world.inboxes.deliver("sales", letters.sent_copy(handover, US, world.clock.now(), message_id=rewritten), SENT)
        await world.run_for(seconds=10)
        assert not (await lead_of(world, campaign)).holds
        theirs = replace(handover, message_id=rewritten)
        await comes(world, says("Yes, I am interested.", sender="private@elsewhere.example"), theirs)
        assert (await lead_of(world, campaign)).status is LeadStatus.QUALIFIED

    simulate(tmp_path, scenario, settings=quick)


def test_the_goal_is_reached_in_the_answers_own_commit(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(2), steps=STEPS, target_clients=1)
        handover = await first_mail(world)
        await comes(world, says("Yes, I am interested."), handover)
        now = await world.now(campaign)
        assert (now.status.status, now.status.reason) == (CampaignStatus.PAUSED, StatusReason.GOAL_REACHED)
        rows = await world.ledger()
        at = {row.event.type: row.event.at for row in rows}
        assert at[EventType.GOAL_REACHED] == at[EventType.INBOUND_RECEIVED]

    simulate(tmp_path, scenario, settings=quick)


def test_a_message_that_cannot_be_read_is_kept_and_the_next_one_heard(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1), steps=STEPS)
        handover = await first_mail(world)
        nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2_000))
        world.inboxes.deliver("sales", b"From: a@b.example\nSubject: x\nMIME-Version: 1.0\n" + nested)
        await comes(world, says("Yes, I am interested."), handover)
        assert (await lead_of(world, campaign)).status is LeadStatus.QUALIFIED
        assert len(await inbound(world)) == 2

    simulate(tmp_path, scenario, settings=quick)


def test_classifying_again_takes_back_what_the_first_class_did(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first, second = people(2)
        same = replace(second, facts=replace(second.facts, email="p1@c0.example"))
        campaign = await world.live(first, same, steps=STEPS)
        handover = await first_mail(world)
        await comes(world, says("Not interested, sorry."), handover)
        [row] = await inbound(world)
        body = ClassifyBody.model_validate({"class": "auto_reply"})
        await desk_of_answers.classify(world.desk, row.id, body, actor=OPERATOR)
        by_mail = {lead.facts.email: lead for lead in await world.leads(campaign)}
        assert by_mail["p0@c0.example"].status is LeadStatus.CONTACTED
        assert not by_mail["p1@c0.example"].holds
        await world.run_for(days=1)
        assert mails_to(world, "p0@c0.example") == 3

    simulate(tmp_path, scenario, settings=quick)


def test_classifying_again_leaves_a_suppression(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1), steps=STEPS)
        handover = await first_mail(world)
        await comes(world, says("unsubscribe"), handover)
        [row] = await inbound(world)
        body = ClassifyBody.model_validate({"class": "human_positive"})
        await desk_of_answers.classify(world.desk, row.id, body, actor=OPERATOR)
        assert (await lead_of(world, campaign)).state.lost_reason is LostReason.OPTED_OUT
        assert await world.store.read(lambda tx: tx.suppressions.page(Listing(5)))

    simulate(tmp_path, scenario, settings=quick)


def test_a_person_turns_a_doubt_into_a_client(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1), steps=STEPS)
        handover = await first_mail(world)
        await comes(world, says("Who are you, and what is this about?"), handover)
        [row] = await inbound(world, waiting=True)
        body = ClassifyBody.model_validate({"class": "human_positive"})
        await desk_of_answers.classify(world.desk, row.id, body, actor=OPERATOR)
        assert (await lead_of(world, campaign)).status is LeadStatus.QUALIFIED
        assert await inbound(world, waiting=True) == []

    simulate(tmp_path, scenario, settings=quick)


def test_fault_62_an_answer_to_the_id_of_a_renaming_provider_is_found(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        renamed = "0100-renamed@email.amazonses.com"
        world.mail.answers["p0@c0.example"] = [Accepted("250 Ok", passed_on_as=renamed)]
        campaign = await world.live(*people(1), steps=STEPS)
        handover = await first_mail(world)
        theirs = replace(handover, message_id=renamed)
        await comes(world, says("Yes, I am interested.", sender="private@elsewhere.example"), theirs)
        assert (await lead_of(world, campaign)).status is LeadStatus.QUALIFIED

    simulate(tmp_path, scenario, settings=quick)
