"""The review list: what a message was taken for, and each decision does what it says beside its button."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.domain.campaign import Scoring
from camd.domain.inbound import InboundClass
from camd.domain.lead import LeadStatus, LostReason
from camd.schema.campaign import CampaignDetail
from camd.schema.inbound import ClassifyBody, Inbound
from camd.schema.lead import Lead
from camd.sim import letters
from camd.sim.world import people
from camd.ui import review
from camd.ui.decisions import OTHERS, TAKEN_FOR

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld

Opened = Callable[..., AppTest]
Answered = Callable[..., tuple[CampaignDetail, Inbound]]
US = "sales@us.example"


@pytest.fixture
def answered(camd: "ServedWorld") -> Answered:
    """A live campaign whose only lead wrote `text` back, and that message."""

    def made(text: str = "Who is this?", scoring: Scoring | None = None) -> tuple[CampaignDetail, Inbound]:
        campaign = camd.do(camd.world.live(*people(1), scoring=scoring or Scoring()))
        camd.wait(hours=1)
        [mail] = camd.world.mail.delivered
        letter = letters.answer(mail, US, text, camd.world.clock.now())
        camd.do(_deliver(camd, letter.as_bytes()))
        camd.wait(minutes=1)
        [message] = camd.client.inbox(waiting=True).items
        return camd.client.campaign(campaign.id), message

    return made


async def _deliver(camd: "ServedWorld", letter: bytes) -> None:
    camd.world.inboxes.deliver("sales", letter)


def lead_of(camd: "ServedWorld", message: Inbound) -> Lead:
    assert message.lead_id is not None
    return camd.client.lead(message.lead_id)


def said(page: AppTest) -> str:
    parts = (*page.success, *page.warning, *page.error, *page.info, *page.markdown, *page.text, *page.caption)
    return "\n".join(str(part.value) for part in parts).replace("\\", "").replace("\u2060", "")


def decide(page: AppTest, kind: str, message: Inbound) -> None:
    page.button(key=f"review.{kind}.{message.id}").click().run()
    assert not page.exception


def test_a_message_is_shown_with_its_text_and_why_camd_asks(answered: Answered, opened: Opened) -> None:
    campaign, message = answered()
    page = opened(review.show, campaign)
    text = said(page)
    assert "P0 L0, C0" in text
    assert "Who is this?" in [each.value for each in page.text]
    assert "From: p0@c0.example" in text
    assert f"Taken for: {TAKEN_FOR[message.kind]}\nEvidence: {message.evidence}" in text


def test_an_interested_person_of_high_score_is_qualified_by_the_rule(
    camd: "ServedWorld", answered: Answered, opened: Opened
) -> None:
    campaign, message = answered(scoring=Scoring(auto_qualify_score=0.1))
    page = opened(review.show, campaign)
    assert "qualifies them: this campaign asks for 0.1" in said(page)
    decide(page, "human_positive", message)
    assert lead_of(camd, message).status is LeadStatus.QUALIFIED


@pytest.mark.parametrize(
    ("kind", "status"),
    [("human_positive.qualified", LeadStatus.QUALIFIED), ("human_positive", LeadStatus.REPLIED)],
)
def test_where_the_rule_does_not_qualify_the_person_decides(
    camd: "ServedWorld", answered: Answered, opened: Opened, kind: str, status: LeadStatus
) -> None:
    campaign, message = answered(scoring=Scoring(auto_qualify=False))
    decide(opened(review.show, campaign), kind, message)
    assert lead_of(camd, message).status is status


@pytest.mark.parametrize(
    ("kind", "status", "reason"),
    [
        ("human_neutral", LeadStatus.REPLIED, None),
        ("human_negative", LeadStatus.LOST, LostReason.NEGATIVE_REPLY),
        ("opt_out_request", LeadStatus.LOST, LostReason.OPTED_OUT),
        ("complaint", LeadStatus.LOST, LostReason.COMPLAINED),
        ("hard_bounce", LeadStatus.LOST, LostReason.BOUNCED),
        ("auto_reply", LeadStatus.CONTACTED, None),
        ("unrelated", LeadStatus.CONTACTED, None),
        ("soft_bounce", LeadStatus.CONTACTED, None),
        ("delayed", LeadStatus.CONTACTED, None),
        ("challenge", LeadStatus.CONTACTED, None),
    ],
)
def test_a_decision_does_what_it_says_and_leaves_the_list(
    camd: "ServedWorld",
    answered: Answered,
    opened: Opened,
    kind: str,
    status: LeadStatus,
    reason: LostReason | None,
) -> None:
    campaign, message = answered()
    page = opened(review.show, campaign)
    decide(page, kind, message)
    lead = lead_of(camd, message)
    assert (lead.status, lead.status_reason) == (status, reason)
    assert camd.client.inbound(message.id).kind is InboundClass(kind)
    assert "No answer waits for you" in said(page)
    assert "The message of p0@c0.example" in said(page)


def test_who_is_away_is_held_until_after_the_day_that_was_named(
    camd: "ServedWorld", answered: Answered, opened: Opened
) -> None:
    campaign, message = answered()
    page = opened(review.show, campaign)
    page.date_input(key=f"review.until.{message.id}").set_value(date(2026, 1, 15))
    decide(page, "out_of_office", message)
    assert camd.client.inbound(message.id).until == date(2026, 1, 15)
    assert [str(hold.until)[:10] for hold in lead_of(camd, message).holds] == ["2026-01-15"]


def test_a_day_that_is_past_is_refused_in_words(answered: Answered, opened: Opened) -> None:
    campaign, message = answered()
    page = opened(review.show, campaign)
    page.date_input(key=f"review.until.{message.id}").set_value(date(2025, 1, 15))
    decide(page, "out_of_office", message)
    assert "still to come" in said(page)


def test_a_note_is_kept_with_the_message(camd: "ServedWorld", answered: Answered, opened: Opened) -> None:
    campaign, message = answered()
    page = opened(review.show, campaign)
    page.text_input(key=f"review.note.{message.id}").input(" asked by phone ")
    decide(page, "human_neutral", message)
    assert camd.client.inbound(message.id).note == "asked by phone"


def test_a_message_that_somebody_else_decided_about_keeps_that_decision(
    camd: "ServedWorld", answered: Answered, opened: Opened
) -> None:
    campaign, message = answered()
    page = opened(review.show, campaign)
    camd.client.classify(message.id, ClassifyBody.model_validate({"class": InboundClass.HUMAN_NEGATIVE}))
    decide(page, "human_neutral", message)
    assert camd.client.inbound(message.id).kind is InboundClass.HUMAN_NEGATIVE
    assert "Somebody decided about that message meanwhile: it is a no." in said(page)


def test_of_a_stranger_only_what_can_follow_is_offered(camd: "ServedWorld", opened: Opened) -> None:
    camd.do(camd.world.live())
    camd.wait(minutes=1)
    mail = b"From: who@else.example\r\nSubject: Re: Hello\r\nIn-Reply-To: <x@us.example>\r\n\r\nWho are you?\r\n"
    camd.do(_deliver(camd, mail))
    camd.wait(minutes=1)
    [message] = camd.client.inbox(waiting=True).items
    page = opened(review.show, None)
    decisions = [button.key for button in page.button if button.key and button.key.startswith("review.")]
    assert decisions == [f"review.unrelated.{message.id}", f"review.opt_out_request.{message.id}"]
    decide(page, "opt_out_request", message)
    assert len(camd.client.suppressions().items) == 1


def test_a_long_text_is_cut_and_can_be_opened_whole(answered: Answered, opened: Opened) -> None:
    campaign, _ = answered("Who is this? " + "word " * 1000)
    page = opened(review.show, campaign)
    lengths = sorted(len(each.value) for each in page.text if each.value.startswith("Who is this?"))
    assert lengths[0] < lengths[1]
    assert [each.label for each in page.expander] == ["The whole text", "Something else"]


def test_every_class_that_a_person_may_mean_is_offered(answered: Answered, opened: Opened) -> None:
    campaign, message = answered()
    keys = {button.key for button in opened(review.show, campaign).button}
    own = {InboundClass.OWN_COPY}
    assert {f"review.{kind}.{message.id}" for kind in set(InboundClass) - own} <= keys
    assert len({decision.kind for decision in OTHERS}) == len(OTHERS)


def test_an_empty_list_says_that_nothing_is_asked(camd: "ServedWorld", opened: Opened) -> None:
    made = camd.do(camd.world.live())
    assert "No answer waits for you" in opened(review.show, camd.client.campaign(made.id)).info[0].value
