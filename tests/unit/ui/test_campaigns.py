"""The tab Campaigns: which campaign is shown, how it stands, and the buttons that change that."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.domain.campaign import CampaignStatus
from camd.sim.world import World, people
from camd.ui import campaigns, lead_list
from camd.ui.campaigns import SECTIONS

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld

Opened = Callable[..., AppTest]


def said(page: AppTest) -> str:
    parts = (*page.success, *page.warning, *page.error, *page.info, *page.markdown, *page.text, *page.caption)
    return "\n".join(str(part.value) for part in parts).replace("\\", "")


def keys(page: AppTest) -> set[str | None]:
    return {button.key for button in page.button}


def test_without_campaigns_it_says_where_to_make_one(opened: Opened) -> None:
    assert "Make one under *Create New*" in said(opened(campaigns.show))


def test_what_is_active_comes_first_and_what_is_archived_last(camd: "ServedWorld", opened: Opened) -> None:
    camd.do(camd.world.archive(camd.do(camd.world.campaign(name="over"))))
    camd.do(camd.world.campaign(name="begun", active=False))
    camd.do(camd.world.campaign(name="running"))
    labels = opened(campaigns.show).selectbox(key="campaigns.campaign").options
    assert [label.split(" (no.")[0] for label in labels] == ["running", "begun", "over"]


def test_the_choice_stands_in_the_pages_address(camd: "ServedWorld", opened: Opened) -> None:
    first = camd.do(camd.world.campaign(name="first"))
    camd.do(camd.world.campaign(name="second"))
    page = opened(campaigns.show)
    page.selectbox(key="campaigns.campaign").select(first.id).run()
    assert page.query_params[campaigns.CHOSEN] == str(first.id)


def test_the_address_chooses_the_campaign(camd: "ServedWorld", prepared: Opened) -> None:
    first = camd.do(camd.world.campaign(name="first"))
    camd.do(camd.world.campaign(name="second"))
    page = prepared(campaigns.show)
    page.query_params[campaigns.CHOSEN] = str(first.id)
    assert page.run().selectbox(key="campaigns.campaign").value == first.id


@pytest.mark.parametrize("wrong", ["99", "x", "", "-1", "9" * 5000])
def test_an_address_of_no_campaign_shows_the_first(camd: "ServedWorld", prepared: Opened, wrong: str) -> None:
    only = camd.do(camd.world.campaign(name="only"))
    page = prepared(campaigns.show)
    page.query_params[campaigns.CHOSEN] = wrong
    assert page.run().selectbox(key="campaigns.campaign").value == only.id
    assert "There is no campaign of the number" in said(page)


def test_the_address_of_a_lead_opens_the_leads(camd: "ServedWorld", prepared: Opened) -> None:
    campaign = camd.do(camd.world.live(*people(1)))
    camd.wait(minutes=1)
    [lead] = camd.client.leads(campaign.id).items
    page = prepared(campaigns.show)
    page.query_params[lead_list.OPEN] = lead.id
    assert "What is known" in [header.value for header in page.run().subheader]


def test_a_thousand_campaigns_can_be_chosen_from(camd: "ServedWorld", opened: Opened) -> None:
    camd.do(_many(camd.world, 1000))
    page = opened(campaigns.show)
    assert len(page.selectbox(key="campaigns.campaign").options) == 1000
    assert not page.exception


async def _many(world: World, number: int) -> None:
    for _ in range(number):
        await world.campaign()


@pytest.mark.parametrize("section", SECTIONS)
def test_each_section_is_shown(camd: "ServedWorld", opened: Opened, section: str) -> None:
    camd.do(camd.world.live(*people(2)))
    camd.wait(hours=1)
    page = opened(campaigns.show)
    page.segmented_control(key="campaigns.section").set_value(section).run()
    assert not page.exception
    assert not page.error


@pytest.fixture
def running(camd: "ServedWorld", opened: Opened) -> AppTest:
    camd.do(camd.world.campaign(name="spring"))
    return opened(campaigns.show)


def now(camd: "ServedWorld") -> Any:
    return camd.client.campaign("spring").status


def test_pausing_and_resuming(camd: "ServedWorld", running: AppTest) -> None:
    running.button(key="campaigns.pause").click().run()
    assert now(camd) is CampaignStatus.PAUSED
    assert "spring is paused" in said(running)
    assert "paused: by a person" in said(running)
    running.button(key="campaigns.resume").click().run()
    assert now(camd) is CampaignStatus.ACTIVE
    assert "campaigns.pause" in keys(running)


def test_a_draft_is_activated_in_dry_run(camd: "ServedWorld", opened: Opened) -> None:
    camd.do(camd.world.campaign(name="spring", active=False))
    page = opened(campaigns.show)
    page.button(key="campaigns.activate").click().run()
    assert now(camd) is CampaignStatus.ACTIVE
    assert "spring is active, in dry run" in said(page)


def test_archiving_asks_and_leaves_no_button_that_changes_it(camd: "ServedWorld", running: AppTest) -> None:
    assert "This is final" in said(running)
    running.button(key="campaigns.archive").click().run()
    assert now(camd) is CampaignStatus.ARCHIVED
    assert not {"campaigns.archive", "campaigns.pause", "campaigns.resume", "campaigns.activate"} & keys(running)


def test_what_became_of_it_meanwhile_is_shown_instead_of_doing_what_was_clicked(
    camd: "ServedWorld", running: AppTest
) -> None:
    camd.client.archive("spring")
    running.button(key="campaigns.pause").click().run()
    assert not running.exception
    assert "archived" in said(running)


def test_a_pause_by_a_rule_names_it_with_its_figures_and_what_to_do_next(camd: "ServedWorld", opened: Opened) -> None:
    campaign = camd.do(camd.world.live(*people(1), target_clients=1))
    camd.wait(hours=1)
    [lead] = camd.client.leads(campaign.id).items
    camd.client.qualify(lead.id)
    camd.wait(hours=2)
    page = opened(campaigns.show)
    assert "paused: the goal is reached" in said(page)
    assert "by the rule goal reached: 1 of 1 client. To look for more, set a higher target" in said(page)
    assert "campaigns.resume" in keys(page)
