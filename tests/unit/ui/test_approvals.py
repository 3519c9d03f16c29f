"""The approval queue: what is shown is the mail to the letter, and what is approved is what was read."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.domain.campaign import Autonomy, Step
from camd.schema.campaign import CampaignDetail
from camd.schema.lead import LeadPatch
from camd.schema.touch import Touch
from camd.sim.world import people
from camd.ui import approvals

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld

Opened = Callable[..., AppTest]


@pytest.fixture
def campaign(camd: "ServedWorld") -> CampaignDetail:
    """Twelve people's first mails wait."""
    made = camd.do(camd.world.live(*people(12), autonomy=Autonomy(approve_first=100), timezone="Europe/Vienna"))
    camd.wait(minutes=1)
    return camd.client.campaign(made.id)


def waiting(camd: "ServedWorld") -> list[Touch]:
    """First mails: what is approved may go out at once, and then its follow-up waits."""
    return [touch for touch in camd.client.touches(status="planned").items if touch.step == 1]


def said(page: AppTest) -> str:
    parts = (*page.success, *page.warning, *page.error, *page.info, *page.markdown, *page.text)
    return "\n".join(str(part.value) for part in parts).replace("\\", "").replace("\u2060", "")


def test_a_mail_is_shown_as_it_will_go(camd: "ServedWorld", campaign: CampaignDetail, opened: Opened) -> None:
    touch = waiting(camd)[0]
    lead = camd.client.lead(touch.lead_id)
    page = opened(approvals.show, campaign)
    assert not page.exception
    texts = [text.value for text in page.text]
    assert (touch.body or "").strip() in texts
    head = f"From: sales@us.example (mailbox sales)\nTo: {lead.email}\nDue: Mon 5 Jan 2026, 09:00 Europe/Vienna"
    assert any(text == f"{head}\nSubject: {touch.subject}" for text in texts)


def test_what_is_approved_may_go_out_and_leaves_the_list(
    camd: "ServedWorld", campaign: CampaignDetail, opened: Opened
) -> None:
    touch = waiting(camd)[0]
    page = opened(approvals.show, campaign)
    page.button(key=f"approvals.approve.{touch.id}").click().run()
    assert touch.id not in [each.id for each in waiting(camd)]
    assert "may go out, not before Mon 5 Jan 2026" in said(page)
    assert f"approvals.approve.{touch.id}" not in [button.key for button in page.button]


def test_a_mail_that_was_written_anew_since_it_was_read_is_not_approved(
    camd: "ServedWorld", campaign: CampaignDetail, opened: Opened
) -> None:
    touch = waiting(camd)[0]
    page = opened(approvals.show, campaign)
    camd.client.change_lead(touch.lead_id, LeadPatch(first_name="Maria"))
    camd.wait(minutes=1)
    page.button(key=f"approvals.approve.{touch.id}").click().run()
    assert camd.client.touch(touch.id).status == "planned"
    assert "written anew since you read it" in said(page)
    assert "Maria" in said(page)


def test_a_click_on_a_mail_that_somebody_else_decided_about_ends_in_words(
    camd: "ServedWorld", campaign: CampaignDetail, opened: Opened
) -> None:
    touch = waiting(camd)[0]
    page = opened(approvals.show, campaign)
    camd.client.cancel(touch.id)
    page.button(key=f"approvals.approve.{touch.id}").click().run()
    assert not page.exception
    assert "was faster" in page.error[0].value
    assert "touch of channel" not in page.error[0].value
    assert "not done" in page.toast[0].value


def test_approving_a_page_approves_what_was_read_there_and_no_more(
    camd: "ServedWorld", campaign: CampaignDetail, opened: Opened
) -> None:
    unread = waiting(camd)[approvals.PAGE :]
    page = opened(approvals.show, campaign)
    page.button(key="approvals.page").click().run()
    assert {touch.id for touch in waiting(camd)} == {touch.id for touch in unread}
    assert "10 mails may go out" in said(page)


def test_a_page_leaves_out_what_changed_meanwhile(
    camd: "ServedWorld", campaign: CampaignDetail, opened: Opened
) -> None:
    touch = waiting(camd)[0]
    page = opened(approvals.show, campaign)
    camd.client.change_lead(touch.lead_id, LeadPatch(first_name="Maria"))
    camd.wait(minutes=1)
    page.button(key="approvals.page").click().run()
    assert camd.client.touch(touch.id).status == "planned"
    assert "1 mail was written anew" in said(page)
    assert "9 mails may go out" in said(page)


def test_all_of_a_campaign_are_approved_after_their_number_was_named(
    camd: "ServedWorld", campaign: CampaignDetail, opened: Opened
) -> None:
    page = opened(approvals.show, campaign)
    page.session_state["approvals.campaign"] = True
    page.run()
    assert "**12 mails** wait" in said(page)
    page.button(key="approvals.campaign.yes").click().run()
    assert waiting(camd) == []
    assert "12 mails of" in said(page)


def test_a_mail_is_cancelled_with_its_reason(camd: "ServedWorld", campaign: CampaignDetail, opened: Opened) -> None:
    touch = waiting(camd)[0]
    page = opened(approvals.show, campaign)
    page.text_area(key=f"approvals.reason.{touch.id}").input(" a friend of ours ")
    page.button(key=f"approvals.cancel.{touch.id}").click().run()
    assert camd.client.touch(touch.id).status == "cancelled"
    assert [hold.note for hold in camd.client.lead(touch.lead_id).holds] == ["a friend of ours"]
    assert "was cancelled" in said(page)


def test_the_next_page_shows_the_rest(camd: "ServedWorld", campaign: CampaignDetail, opened: Opened) -> None:
    rest = waiting(camd)[approvals.PAGE :]
    page = opened(approvals.show, campaign)
    page.button(key=f"approvals.{campaign.id}.older").click().run()
    shown = [button.key for button in page.button if button.key and button.key.startswith("approvals.approve.")]
    assert sorted(shown) == sorted(f"approvals.approve.{touch.id}" for touch in rest)


def test_once_the_last_page_is_decided_about_the_first_one_is_shown(
    camd: "ServedWorld", campaign: CampaignDetail, opened: Opened
) -> None:
    page = opened(approvals.show, campaign)
    page.button(key=f"approvals.{campaign.id}.older").click().run()
    page.button(key="approvals.page").click().run()
    assert not page.exception
    assert len(waiting(camd)) == approvals.PAGE
    assert "For C11" in said(page)


def test_the_queue_of_all_campaigns_names_each_campaign(
    camd: "ServedWorld", campaign: CampaignDetail, opened: Opened
) -> None:
    camd.do(camd.world.live(*people(1, first=50), name="Second", autonomy=Autonomy(approve_first=9)))
    camd.wait(minutes=1)
    page = opened(approvals.show, None)
    assert "Step 1 of Second" in said(page)
    assert "Step 1 of campaign 1" in said(page)
    assert campaign.name == "campaign 1"


def test_what_a_stranger_is_called_is_no_markdown(camd: "ServedWorld", opened: Opened) -> None:
    steps = (Step(1, "For {{ company }}", "Hello"),)
    made = camd.do(camd.world.live(*people(1), autonomy=Autonomy(approve_first=9), steps=steps))
    camd.wait(minutes=1)
    [touch] = waiting(camd)
    camd.client.change_lead(touch.lead_id, LeadPatch(company="![x](https://stranger.example/x.png)"))
    page = opened(approvals.show, camd.client.campaign(made.id))
    assert "![x](" not in "\n".join(str(each.value) for each in page.markdown)


@pytest.mark.parametrize(("live", "hint"), [(True, "New ones appear here"), (False, "until it goes live")])
def test_an_empty_queue_says_what_comes(camd: "ServedWorld", opened: Opened, live: bool, hint: str) -> None:
    made = camd.do(camd.world.live() if live else camd.world.campaign())
    page = opened(approvals.show, camd.client.campaign(made.id))
    assert hint in page.info[0].value
