"""Finding a person by their address, and the way out for them."""

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from streamlit.testing.v1 import AppTest

from camd.domain.lead import LeadStatus, LostReason
from camd.domain.suppression import SuppressionReason
from camd.sim.world import people
from camd.ui import person_search
from tests.unit.ui.dashboard_world import Opened, keys, said

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld

ADDRESS = "p0@c0.example"


def found(opened: Opened, address: str = ADDRESS) -> AppTest:
    page = opened(person_search.show)
    page.text_input(key="person.address").input(address)
    return page.button(key="person.find").click().run()


def test_nobody_is_looked_up_before_somebody_asks(camd: "ServedWorld", opened: Opened) -> None:
    opened(person_search.show)
    assert camd.client.event_page().items == []


def test_a_person_is_shown_in_each_of_their_campaigns(camd: "ServedWorld", opened: Opened) -> None:
    for name in ("first", "second"):
        camd.do(camd.world.live(*people(1), name=name))
    camd.wait(hours=1)
    page = found(opened)
    assert "A lead in 2 campaigns." in said(page)
    assert set(page.selectbox(key="person.story").options) == {"first", "second"}
    assert "P0 L0" in said(page)


def test_who_was_never_seen_can_be_suppressed_beforehand(camd: "ServedWorld", opened: Opened) -> None:
    page = found(opened, "new@nowhere.example")
    assert "Nobody of this address is known." in said(page)
    page.selectbox(key="person.suppress.reason").select(SuppressionReason.OBJECTED)
    page.text_input(key="person.suppress.note").input("by telephone")
    page.button(key="person.suppress.confirm").click().run()
    [suppressed] = camd.client.suppressions().items
    assert (suppressed.value, suppressed.note) == ("new@nowhere.example", "by telephone")
    assert suppressed.reason is SuppressionReason.OBJECTED
    assert "is suppressed (they objected to the use of their data)" in said(page)
    assert "person.suppress.confirm" not in keys(page)


def test_a_person_is_erased_after_a_question_and_gone_from_the_page(camd: "ServedWorld", opened: Opened) -> None:
    campaign = camd.do(camd.world.live(*people(1)))
    camd.wait(hours=1)
    page = found(opened)
    assert "removed from every campaign, for good" in said(page)
    page.button(key="person.erase").click().run()
    [lead] = camd.client.leads(campaign.id).items
    assert (lead.status, lead.status_reason) == (LeadStatus.LOST, LostReason.ERASED)
    assert "Erased: 1 lead" in said(page)
    assert "P0" not in said(page)


def test_what_is_no_address_is_told_with_the_mend(opened: Opened) -> None:
    page = found(opened, "not an address")
    assert page.error
    assert "address" in said(page)
    assert "person.close" not in keys(page)


def test_the_page_forgets_the_person_when_it_is_closed(opened: Opened) -> None:
    page = found(opened)
    page.button(key="person.close").click().run()
    assert "person.close" not in keys(page)
