"""Mails of which nobody knows whether they arrived: where to look, and both outcomes."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.ports.channel import Unknown
from camd.schema.campaign import CampaignDetail
from camd.schema.touch import Resolution, Touch
from camd.sim.world import people
from camd.ui import unknowns

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld

Opened = Callable[..., AppTest]


@pytest.fixture
def campaign(camd: "ServedWorld") -> CampaignDetail:
    camd.world.mail.answers["p0@c0.example"] = [Unknown("the line went dead")]
    made = camd.do(camd.world.live(*people(1)))
    camd.wait(hours=1)
    return camd.client.campaign(made.id)


@pytest.fixture
def touch(camd: "ServedWorld", campaign: CampaignDetail) -> Touch:
    [found] = camd.client.touches(status="unknown", campaign=campaign.id).items
    return found


def said(page: AppTest) -> str:
    parts = (*page.success, *page.error, *page.info, *page.markdown, *page.text, *page.code)
    return "\n".join(str(part.value) for part in parts).replace("\\", "").replace("\u2060", "")


def test_it_says_in_which_sent_folder_to_look_and_for_what(
    campaign: CampaignDetail, touch: Touch, opened: Opened
) -> None:
    page = opened(unknowns.show, campaign)
    assert not page.exception
    assert "Sent folder** of sales@us.example (mailbox sales)" in said(page)
    assert [each.value for each in page.code] == [touch.message_id]
    assert f"Subject: {touch.subject}" in said(page)


def test_one_that_was_sent_counts_as_sent(
    camd: "ServedWorld", campaign: CampaignDetail, touch: Touch, opened: Opened
) -> None:
    page = opened(unknowns.show, campaign)
    page.button(key=f"unknowns.sent.{touch.id}").click().run()
    assert camd.client.touch(touch.id).status == "sent"
    assert camd.client.lead(touch.lead_id).holds == []
    assert "counts as sent" in said(page)


def test_one_that_never_arrived_goes_out_again(
    camd: "ServedWorld", campaign: CampaignDetail, touch: Touch, opened: Opened
) -> None:
    page = opened(unknowns.show, campaign)
    page.button(key=f"unknowns.retry.{touch.id}").click().run()
    camd.wait(days=4)  # the limit of one mail to a person in 72 hours counts the first attempt
    assert [mail.message_id for mail in camd.world.mail.delivered] == [touch.message_id]


def test_one_that_was_settled_meanwhile_is_told_in_words(
    camd: "ServedWorld", campaign: CampaignDetail, touch: Touch, opened: Opened
) -> None:
    page = opened(unknowns.show, None)
    camd.client.resolve(touch.id, Resolution.SENT)
    page.button(key=f"unknowns.retry.{touch.id}").click().run()
    assert not page.exception
    assert "Its status does not allow this" in said(page)
    assert "There is nothing to do here" in said(page)
    assert campaign.id == touch.campaign_id
