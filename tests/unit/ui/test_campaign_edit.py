"""Editing: nothing is saved before its difference was shown, and what others changed meanwhile is not lost."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.schema.campaign import CampaignDetail
from camd.schema.definition import CampaignPatch
from camd.sim.world import people
from camd.ui import campaign_edit
from camd.ui.visitor import ConsoleClient

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld


@pytest.fixture
def campaign(camd: "ServedWorld") -> CampaignDetail:
    made = camd.do(camd.world.live(*people(1), name="Spring"))
    return camd.client.campaign(made.id)


@pytest.fixture
def page(campaign: CampaignDetail, opened: Callable[..., AppTest]) -> AppTest:
    def show(client: ConsoleClient) -> None:
        campaign_edit.show(client, client.campaign(campaign.id))

    return opened(show)


def fill(page: AppTest, **values: object) -> None:
    """By the field's name, in the form that is open now."""
    for name, value in values.items():
        widgets = [*page.number_input, *page.text_input, *page.text_area]
        [widget] = [each for each in widgets if (each.key or "").endswith(f".{name}")]
        widget.set_value(value)
    page.run()
    assert not page.exception


def said(page: AppTest) -> str:
    parts = (*page.success, *page.warning, *page.error, *page.info, *page.subheader, *page.markdown)
    return "\n".join(str(part.value) for part in parts).replace("\\", "").replace("\u2060", "")


def rows(page: AppTest) -> list[list[str]]:
    return [
        [str(cell).replace("\\", "").replace("\u2060", "") for cell in row]
        for table in page.table
        for row in table.value.values
    ]


def save(page: AppTest) -> None:
    page.button(key="campaign_edit.save").click().run()
    assert not page.exception


def test_before_anything_is_changed_there_is_nothing_to_save(page: AppTest) -> None:
    assert not page.exception
    assert "Nothing is changed yet" in said(page)
    assert "campaign_edit.save" not in [button.key for button in page.button]


def test_the_difference_is_shown_before_it_is_saved(
    camd: "ServedWorld", campaign: CampaignDetail, page: AppTest
) -> None:
    fill(page, daily_email_limit=33)
    assert rows(page) == [["Mails a day, at most", "20", "33"]]
    assert "Up to 33 mails a day instead of 20" in said(page)
    assert camd.client.campaign(campaign.id).daily_email_limit == 20


def test_what_was_shown_is_saved_and_the_form_goes_on_from_it(
    camd: "ServedWorld", campaign: CampaignDetail, page: AppTest
) -> None:
    fill(page, daily_email_limit=33, name="Summer")
    save(page)
    stored = camd.client.campaign(campaign.id)
    assert (stored.daily_email_limit, stored.name, stored.dry_run) == (33, "Summer", False)
    assert "Summer was saved." in said(page)
    assert "Nothing is changed yet" in said(page)


def test_what_is_typed_with_the_click_is_shown_first(
    camd: "ServedWorld", campaign: CampaignDetail, page: AppTest
) -> None:
    fill(page, daily_email_limit=33)
    [widget] = [each for each in page.number_input if (each.key or "").endswith(".daily_email_limit")]
    widget.set_value(44)
    save(page)
    assert "Look, and save again" in said(page)
    assert camd.client.campaign(campaign.id).daily_email_limit == 20
    save(page)
    assert camd.client.campaign(campaign.id).daily_email_limit == 44


def test_a_text_is_shown_line_by_line(page: AppTest) -> None:
    [first, *_] = page.text_area
    first.set_value("Hello {{ first_name }},\n\nhow are you?").run()
    [shown] = [code.value for code in page.code]
    assert shown == "-Hello {{ first_name }}\n+Hello {{ first_name }},\n+\n+how are you?"
    assert "test mail of its own" in said(page)


def test_what_is_wrong_can_not_be_saved(page: AppTest) -> None:
    fill(page, name="a/b")
    assert "Mend what is marked above" in said(page)
    assert "campaign_edit.save" not in [button.key for button in page.button]


def test_a_discarded_change_is_gone(camd: "ServedWorld", campaign: CampaignDetail, page: AppTest) -> None:
    fill(page, daily_email_limit=33)
    page.button(key="campaign_edit.discard").click().run()
    assert "Nothing is changed yet" in said(page)
    assert camd.client.campaign(campaign.id).daily_email_limit == 20


def test_what_somebody_else_changed_meanwhile_is_shown_and_stays(
    camd: "ServedWorld", campaign: CampaignDetail, page: AppTest
) -> None:
    fill(page, daily_email_limit=33)
    camd.client.change_campaign(campaign.id, CampaignPatch({"no_reply_days": 60}))
    page.run()
    assert "Somebody changed this campaign since you began" in said(page)
    assert ["Days without an answer until a lead is lost", "30", "60"] in rows(page)
    save(page)
    stored = camd.client.campaign(campaign.id)
    assert (stored.daily_email_limit, stored.no_reply_days) == (33, 60)


def test_a_field_that_both_changed_is_named(camd: "ServedWorld", campaign: CampaignDetail, page: AppTest) -> None:
    fill(page, daily_email_limit=33)
    camd.client.change_campaign(campaign.id, CampaignPatch({"daily_email_limit": 5}))
    page.run()
    assert "You both changed: Mails a day, at most" in said(page)


def test_who_has_changed_nothing_sees_what_others_saved(
    camd: "ServedWorld", campaign: CampaignDetail, page: AppTest
) -> None:
    camd.client.change_campaign(campaign.id, CampaignPatch({"daily_email_limit": 5}))
    page.run()
    [widget] = [each for each in page.number_input if (each.key or "").endswith(".daily_email_limit")]
    assert widget.value == 5
    assert "Somebody changed" not in said(page)


def test_a_name_that_is_taken_is_told_in_words(camd: "ServedWorld", page: AppTest) -> None:
    camd.do(camd.world.live(name="Autumn"))
    fill(page, name="Autumn")
    save(page)
    assert page.error
    assert "Autumn" in page.error[0].value


def test_an_archived_campaign_can_not_be_edited(camd: "ServedWorld", campaign: CampaignDetail, page: AppTest) -> None:
    camd.client.archive(campaign.id)
    page.run()
    assert "archived" in said(page)
    assert not page.text_input
