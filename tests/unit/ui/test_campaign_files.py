"""Files of a campaign: a list is imported once and can be taken back, and what is taken out is read on request."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.domain.campaign import Step
from camd.domain.events import EventType
from camd.schema.campaign import CampaignDetail
from camd.sim.world import people
from camd.ui import campaign_files

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld

Opened = Callable[..., AppTest]
STEPS = (Step(1, "Hello", "Hello {{ first_name }}"),)
LIST = b"Email,First Name,Ort\nann@firm.example,Ann,Wien\nbob@other.example,Bob,Graz\nno address,Cid,Linz\n"


def said(page: AppTest) -> str:
    parts = (
        *page.success,
        *page.warning,
        *page.error,
        *page.info,
        *page.markdown,
        *page.text,
        *page.caption,
        *page.code,
    )
    return "\n".join(str(part.value) for part in parts).replace("\\", "")


@pytest.fixture
def campaign(camd: "ServedWorld") -> CampaignDetail:
    return camd.client.campaign(camd.do(camd.world.campaign(active=False)).id)


@pytest.fixture
def imported(opened: Opened, campaign: CampaignDetail) -> AppTest:
    page = opened(campaign_files.show, campaign)
    return import_(page, campaign)


def import_(page: AppTest, campaign: CampaignDetail) -> AppTest:
    page.file_uploader[0].upload("people.csv", LIST, "text/csv")
    page.run()
    return press(page, f"files.import.{campaign.id}.go")


def press(page: AppTest, key: str) -> AppTest:
    page.button(key=key).click().run()
    assert not page.exception
    return page


def names(camd: "ServedWorld", campaign: CampaignDetail) -> set[str | None]:
    return {lead.first_name for lead in camd.client.leads(campaign.id).items}


def test_a_list_is_imported_and_its_rejects_are_named(
    camd: "ServedWorld", imported: AppTest, campaign: CampaignDetail
) -> None:
    assert names(camd, campaign) == {"Ann", "Bob"}
    assert "Of 3 lines, 2 people were added, 1 could not be used" in said(imported)
    assert list(imported.dataframe[0].value["line"]) == [4]
    press(imported, f"files.import.{campaign.id}.read")
    assert "people were added" not in said(imported)


def test_the_chosen_columns_are_what_is_imported(camd: "ServedWorld", opened: Opened, campaign: CampaignDetail) -> None:
    page = opened(campaign_files.show, campaign)
    page.file_uploader[0].upload("people.csv", LIST, "text/csv")
    page.run()
    [city] = [box for box in page.selectbox if box.label == "Ort"]
    city.select("industry").run()
    press(page, f"files.import.{campaign.id}.go")
    assert {lead.industry for lead in camd.client.leads(campaign.id).items} == {"Wien", "Graz"}


def test_an_import_is_taken_back_and_can_be_made_again(
    camd: "ServedWorld", imported: AppTest, campaign: CampaignDetail
) -> None:
    [first] = camd.client.imports(campaign=campaign.id).items
    assert "Of the 2 people that it added" in said(imported)
    press(imported, f"files.undo.{first.id}")
    assert "people.csv was taken back: 2 people were removed." in said(imported)
    assert names(camd, campaign) == set()
    assert "people were added" not in said(imported)
    import_(imported, campaign)
    assert names(camd, campaign) == {"Ann", "Bob"}


def test_what_was_written_to_stays_when_its_import_is_taken_back(camd: "ServedWorld", opened: Opened) -> None:
    campaign = camd.client.campaign(camd.do(camd.world.live(steps=STEPS)).id)
    page = import_(opened(campaign_files.show, campaign), campaign)
    camd.wait(minutes=5)
    [first] = camd.client.imports(campaign=campaign.id).items
    press(page, f"files.undo.{first.id}")
    assert "1 person was removed, 1 person stays: they were written to" in said(page)


def test_an_archived_campaign_takes_nobody(camd: "ServedWorld", opened: Opened, campaign: CampaignDetail) -> None:
    page = opened(campaign_files.show, camd.client.archive(campaign.id))
    assert "archived" in said(page)
    assert not page.file_uploader


def test_nothing_is_read_before_it_is_asked_for(camd: "ServedWorld", opened: Opened) -> None:
    campaign = camd.client.campaign(camd.do(camd.world.campaign(*people(1))).id)
    page = opened(campaign_files.show, campaign)
    assert not page.download_button
    assert not camd.client.event_page(type=EventType.EXPORT_MADE).items
    assert [press(page, f"files.{kind}").download_button[0].label for kind in ("leads", "answers")] == [
        f"Save campaign-{campaign.id}-leads.csv",
        f"Save campaign-{campaign.id}-answers.csv",
    ]
    assert len(camd.client.event_page(type=EventType.EXPORT_MADE).items) == 2


def test_the_report_is_saved_as_text_or_as_a_table(opened: Opened, campaign: CampaignDetail) -> None:
    page = opened(campaign_files.show, campaign)
    for kind in ("md", "csv"):
        [save] = press(page, f"files.report.{kind}").download_button
        assert save.label == f"Save campaign-{campaign.id}-report.{kind}"
