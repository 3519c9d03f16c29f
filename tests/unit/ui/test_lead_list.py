"""The people of a campaign: found by filters and pages, opened, and added one by one."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.schema.campaign import CampaignDetail
from camd.schema.lead import HoldBody, LeadBody
from camd.ui import lead_list

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld

Opened = Callable[..., AppTest]


def said(page: AppTest) -> str:
    parts = (*page.success, *page.warning, *page.error, *page.info, *page.markdown, *page.subheader)
    return "\n".join(str(part.value) for part in parts).replace("\\", "")


@pytest.fixture
def campaign(camd: "ServedWorld") -> CampaignDetail:
    return camd.client.campaign(camd.do(camd.world.campaign(active=False)).id)


def add(camd: "ServedWorld", campaign: CampaignDetail, *names: str) -> list[str]:
    bodies = [LeadBody(email=f"{name}@{name}.example", first_name=name, tags=(name,)) for name in names]
    return [camd.client.add_lead(campaign.id, body).id for body in bodies]


def shown(page: AppTest) -> list[str]:
    return list(page.dataframe[0].value["name"]) if page.dataframe else []


def test_an_empty_campaign_says_how_people_get_in(opened: Opened, campaign: CampaignDetail) -> None:
    assert "Import a CSV under *Files*" in said(opened(lead_list.show, campaign))


def test_filters_narrow_the_list(camd: "ServedWorld", opened: Opened, campaign: CampaignDetail) -> None:
    _, bob, cid = add(camd, campaign, "ann", "bob", "cid")
    camd.client.hold(bob, HoldBody())
    camd.client.qualify(cid)
    page = opened(lead_list.show, campaign)
    assert shown(page) == ["cid", "bob", "ann"]
    assert shown(page.text_input(key="leads.search").set_value("ann").run()) == ["ann"]
    assert shown(page.text_input(key="leads.search").set_value("").run()) == ["cid", "bob", "ann"]
    assert shown(page.selectbox(key="leads.held").select("yes").run()) == ["bob"]
    assert shown(page.selectbox(key="leads.held").select("no").run()) == ["cid", "ann"]
    assert shown(page.selectbox(key="leads.status").select("qualified").run()) == ["cid"]
    page.text_input(key="leads.tag").set_value("nobody").run()
    assert "Nobody matches" in said(page)


def test_older_leads_stand_on_the_next_page(camd: "ServedWorld", opened: Opened, campaign: CampaignDetail) -> None:
    add(camd, campaign, *(f"p{number}" for number in range(51)))
    page = opened(lead_list.show, campaign)
    assert len(shown(page)) == 50
    [older] = [button for button in page.button if button.label == "Older"]
    assert shown(older.click().run()) == ["p0"]
    [newer] = [button for button in page.button if button.label == "Newer"]
    assert len(shown(newer.click().run())) == 50


def test_a_chosen_lead_is_opened_and_stands_in_the_address(
    camd: "ServedWorld", opened: Opened, campaign: CampaignDetail
) -> None:
    [ann] = add(camd, campaign, "ann")
    page = opened(lead_list.show, campaign)
    page.selectbox(key="leads.open").select(ann).run()
    assert page.query_params[lead_list.OPEN] == ann
    assert "ann" in [header.value for header in page.subheader]
    page.button(key="leads.back").click().run()
    assert shown(page) == ["ann"]
    assert lead_list.OPEN not in page.query_params


def test_a_lead_of_another_campaign_is_not_shown_in_this_one(
    camd: "ServedWorld", prepared: Opened, campaign: CampaignDetail
) -> None:
    [ann] = add(camd, campaign, "ann")
    other = camd.client.campaign(camd.do(camd.world.campaign(active=False)).id)
    page = prepared(lead_list.show, other)
    page.query_params[lead_list.OPEN] = ann
    page.run()
    assert not page.exception
    assert "ann" not in [header.value for header in page.subheader]
    assert lead_list.OPEN not in page.query_params


def test_a_lead_that_is_not_there_is_told_beside_the_way_back(prepared: Opened, campaign: CampaignDetail) -> None:
    page = prepared(lead_list.show, campaign)
    page.query_params[lead_list.OPEN] = "ld_none"
    page.run()
    assert "No such lead" in said(page)
    page.button(key="leads.back").click().run()
    assert not page.error


def submit(page: AppTest, label: str) -> AppTest:
    [button] = [button for button in page.button if button.label == label]
    return button.click().run()


def typed(page: AppTest, label: str, text: str) -> None:
    next(field for field in page.text_input if field.label == label).set_value(text)


def test_one_lead_is_added_and_opened(camd: "ServedWorld", opened: Opened, campaign: CampaignDetail) -> None:
    page = opened(lead_list.show, campaign)
    typed(page, "E-mail", "ann@firm.example")
    typed(page, "First name", "Ann")
    typed(page, "Tags", "hot, fair")
    typed(page, "Expected revenue a month", "250.50")
    page.text_area[0].set_value("plan = gold")
    submit(page, "Add")
    [ann] = camd.client.leads(campaign.id).items
    assert (ann.email, ann.first_name, ann.tags, ann.custom) == (
        "ann@firm.example",
        "Ann",
        ("hot", "fair"),
        {"plan": "gold"},
    )
    assert ann.expected_mrr == 250.5
    assert "Ann is in the campaign" in said(page)


def test_what_is_wrong_with_a_new_lead_is_told_at_its_field(
    camd: "ServedWorld", opened: Opened, campaign: CampaignDetail
) -> None:
    page = opened(lead_list.show, campaign)
    typed(page, "E-mail", "ann@firm.example")
    typed(page, "Time zone", "Mars/Crater")
    typed(page, "Employees", "many")
    submit(page, "Add")
    assert "**Time zone**" in said(page)
    assert "**Employees**" in said(page)
    assert camd.client.leads(campaign.id).items == []
