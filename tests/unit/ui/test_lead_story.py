"""One lead's story: why and what next, what happened with the mails as they went, and what a person decides."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.domain.events import EventType
from camd.domain.lead import HoldReason, LeadStatus, LostReason
from camd.schema.lead import Lead, LeadPatch
from camd.sim import letters
from camd.sim.world import people
from camd.ui import lead_story

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld

Opened = Callable[..., AppTest]


@dataclass(frozen=True, slots=True)
class Told:
    """The story of the only lead of a live campaign."""

    camd: "ServedWorld"
    opened: Opened
    campaign_id: int

    @property
    def lead(self) -> Lead:
        [lead] = self.camd.client.leads(self.campaign_id).items
        return lead

    def page(self) -> AppTest:
        page = self.opened(lead_story.show, self.lead.id, self.camd.client.campaign(self.campaign_id))
        assert not page.exception
        return page

    def press(self, page: AppTest, action: str) -> AppTest:
        page.button(key=f"lead.{action}.{self.lead.id}").click().run()
        assert not page.exception
        return page

    def answer(self, text: str) -> None:
        [mail] = self.camd.world.mail.delivered
        letter = letters.answer(mail, "sales@us.example", text, self.camd.world.clock.now())
        self.camd.do(self._arrive(letter.as_bytes()))
        self.camd.wait(minutes=1)

    async def _arrive(self, letter: bytes) -> None:
        self.camd.world.inboxes.deliver("sales", letter)


@pytest.fixture
def told(camd: "ServedWorld", opened: Opened) -> Told:
    campaign = camd.do(camd.world.live(*people(1), timezone="Europe/Vienna"))
    camd.wait(hours=1)
    return Told(camd, opened, campaign.id)


def said(page: AppTest) -> str:
    parts = (*page.success, *page.warning, *page.error, *page.info, *page.markdown, *page.text, *page.caption)
    return "\n".join(str(part.value) for part in parts).replace("\\", "")


def actions(page: AppTest) -> set[str]:
    return {button.key.split(".")[1] for button in page.button if button.key and button.key.startswith("lead.")}


def titles(page: AppTest) -> list[str]:
    return [expander.label.replace("\\", "") for expander in page.expander]


def texts(page: AppTest) -> list[str]:
    return [code.value for code in page.code]


def fill(page: AppTest, label: str, text: str) -> None:
    next(field for field in page.text_input if field.label == label).set_value(text)


def test_mails_are_shown_as_they_went_and_as_they_will_go(told: Told) -> None:
    page = told.page()
    assert "09:00 · Step 1, mail: sent" in titles(page)
    assert any(title.startswith("Step 2, mail: approved, due Thu 8 Jan 2026") for title in titles(page))
    first, second = sorted(texts(page))
    assert first.startswith("Subject: For C0\n\nHello P0")
    assert second.startswith("Subject: Re: For C0\n\nStill there, P0?")
    assert "was sent to" not in said(page)


def test_an_answer_is_shown_with_what_it_did(told: Told) -> None:
    told.answer("![x](https://stranger.example/x.png) Yes, please call me!")
    page = told.page()
    assert any("![x](https://stranger.example/x.png) Yes, please call me!" in text for text in texts(page))
    assert "The lead answered" in said(page)
    assert "stranger.example" not in said(page)


def test_it_says_why_nothing_is_sent_now_and_what_comes_next(told: Told) -> None:
    page = told.page()
    assert "Used up for now: one mail to a person in 72 hours, until Thu 8 Jan 2026" in said(page)
    assert "checks pass" in " ".join(titles(page))
    assert "Camd takes up its next step, not before " in said(page)


def test_what_happened_is_told_in_order_by_the_day(told: Told) -> None:
    story = said(told.page())
    happened = ["**Mon 5 Jan 2026**", "The lead was found", "Step 1 is planned", "contacted for the first time"]
    places = [story.index(each) for each in happened]
    assert places == sorted(places)


def test_a_lead_is_qualified_with_a_note(told: Told) -> None:
    page = told.page()
    next(field for field in page.text_input if field.label == "Note").set_value("met at the fair")
    told.press(page, "qualify")
    assert told.lead.status is LeadStatus.QUALIFIED
    assert told.lead.custom["qualified_note"] == "met at the fair"
    assert "P0 L0 is qualified" in said(page)
    assert "qualify" not in actions(page)


def test_a_lead_is_won_with_what_it_brings(told: Told) -> None:
    page = told.page()
    page.number_input[0].set_value(99.5)
    told.press(page, "won")
    assert (told.lead.status, told.lead.won_mrr) == (LeadStatus.WON, Decimal("99.5"))
    told.press(page, "reopen")
    assert told.lead.status is LeadStatus.QUALIFIED


def test_a_lead_is_lost_for_a_reason_and_reopened(told: Told) -> None:
    page = told.page()
    [reason] = [box for box in page.selectbox if box.label == "Why"]
    assert LostReason.ERASED not in reason.options
    reason.select(LostReason.DISQUALIFIED)
    told.press(page, "lost")
    assert told.lead.status_reason is LostReason.DISQUALIFIED
    assert "lost" not in actions(page)
    told.press(page, "reopen")
    assert told.lead.status is LeadStatus.CONTACTED


def test_a_lead_that_opted_out_cannot_be_reopened(told: Told) -> None:
    told.answer("Please unsubscribe me")
    assert told.lead.status_reason is LostReason.OPTED_OUT
    assert "reopen" not in actions(told.page())


def test_a_lead_is_held_until_a_day_and_released(told: Told) -> None:
    page = told.page()
    fill(page, "Why", "asked to wait")
    page.date_input[0].set_value(date(2026, 2, 2))
    told.press(page, "hold")
    [hold] = told.lead.holds
    assert (hold.reason, hold.note) == (HoldReason.OPERATOR, "asked to wait")
    assert hold.until is not None
    assert hold.until.isoformat() == "2026-02-01T23:00:00+00:00"
    assert "until Mon 2 Feb 2026, 00:00 Europe/Vienna. Note: asked to wait" in said(page)
    told.press(page, "release")
    assert told.lead.holds == []


def test_a_day_that_is_over_holds_nobody(told: Told) -> None:
    page = told.page()
    page.date_input[0].set_value(date(2020, 1, 1))
    told.press(page, "hold")
    assert "still to come" in said(page)
    assert told.lead.holds == []


def test_what_was_changed_elsewhere_meanwhile_is_not_set_back(told: Told) -> None:
    page = told.page()
    told.camd.client.change_lead(told.lead.id, LeadPatch(city="Graz"))
    fill(page, "Title", "Owner")
    told.press(page, "edit")
    assert (told.lead.title, told.lead.city, told.lead.first_name) == ("Owner", "Graz", "P0")


def test_erasing_asks_and_empties_the_story(told: Told) -> None:
    page = told.page()
    assert "This cannot be taken back" in said(page)
    told.press(page, "erase")
    assert told.lead.status_reason is LostReason.ERASED
    assert "P0" not in said(told.page())
    assert actions(told.page()) == {"export"}


def test_an_export_is_read_when_it_is_asked_for(told: Told) -> None:
    page = told.page()
    assert not page.download_button
    told.press(page, "export")
    [save] = page.download_button
    assert save.label == f"Save {told.lead.id}.json"
    exports = told.camd.client.event_page(type=EventType.EXPORT_MADE).items
    assert [event.lead_id for event in exports] == [told.lead.id]
