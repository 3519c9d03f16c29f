"""Tasks: whom to call and why, done or left out."""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.domain.campaign import Channel, Step
from camd.domain.lead import LeadStatus
from camd.schema.campaign import CampaignDetail
from camd.schema.lead import LeadPatch
from camd.schema.touch import Touch
from camd.sim.world import people
from camd.ui import tasks

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld

Opened = Callable[..., AppTest]
CALL = Step(1, "Call {{ first_name }}", "Ask {{ company }} for the name of the owner.", Channel.TASK)
MAIL = Step(2, "For {{ company }}", "Hello {{ first_name }}", wait_days=Decimal(3))


@pytest.fixture
def campaign(camd: "ServedWorld") -> CampaignDetail:
    made = camd.do(camd.world.live(*people(1), steps=(CALL, MAIL), channels=(Channel.EMAIL, Channel.TASK)))
    camd.wait(minutes=1)
    return camd.client.campaign(made.id)


@pytest.fixture
def task(camd: "ServedWorld", campaign: CampaignDetail) -> Touch:
    [found] = camd.client.touches(channel=Channel.TASK, campaign=campaign.id).items
    return found


def said(page: AppTest) -> str:
    parts = (*page.success, *page.error, *page.info, *page.markdown, *page.text)
    return "\n".join(str(part.value) for part in parts).replace("\\", "").replace("\u2060", "")


def test_a_task_says_whom_to_reach_and_what_for(
    camd: "ServedWorld", campaign: CampaignDetail, task: Touch, opened: Opened
) -> None:
    camd.client.change_lead(task.lead_id, LeadPatch(phone="+33 1 23 45 67 89"))
    text = said(opened(tasks.show, campaign))
    assert "P0 L0, C0" in text
    assert "Task: Call P0" in text
    assert "Phone: +33 1 23 45 67 89" in text
    assert "Ask C0 for the name of the owner." in text


def test_a_task_that_is_done_counts_as_contact(
    camd: "ServedWorld", campaign: CampaignDetail, task: Touch, opened: Opened
) -> None:
    page = opened(tasks.show, campaign)
    page.button(key=f"tasks.done.{task.id}").click().run()
    assert camd.client.touch(task.id).status == "done"
    assert camd.client.lead(task.lead_id).status is LeadStatus.CONTACTED
    assert "counts as contacted" in said(page)


def test_a_task_that_is_skipped_contacts_nobody(
    camd: "ServedWorld", campaign: CampaignDetail, task: Touch, opened: Opened
) -> None:
    page = opened(tasks.show, campaign)
    page.button(key=f"tasks.skip.{task.id}").click().run()
    assert camd.client.touch(task.id).status == "skipped"
    assert camd.client.lead(task.lead_id).status is LeadStatus.ENRICHED


def test_a_task_that_somebody_else_did_first_is_told_in_words(
    camd: "ServedWorld", campaign: CampaignDetail, task: Touch, opened: Opened
) -> None:
    page = opened(tasks.show, None)
    camd.client.done(task.id)
    page.button(key=f"tasks.done.{task.id}").click().run()
    assert not page.exception
    assert "Its status does not allow this" in said(page)
    assert "No task waits to be done." in said(page)
    assert campaign.id == task.campaign_id


def test_a_campaign_without_tasks_says_how_to_get_some(camd: "ServedWorld", opened: Opened) -> None:
    made = camd.do(camd.world.live(*people(1)))
    assert "is added in the section Edit" in said(opened(tasks.show, camd.client.campaign(made.id)))
