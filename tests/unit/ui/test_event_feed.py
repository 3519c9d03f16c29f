"""The last events as they happen."""

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from camd.schema.lead import LeadPatch
from camd.sim.world import people
from camd.ui import event_feed
from tests.unit.ui.dashboard_world import Opened, said

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld


def test_before_anything_happened_it_says_what_to_do(opened: Opened) -> None:
    assert "Nothing has happened yet." in said(opened(event_feed.show))


def test_a_mail_is_told_with_its_person_and_campaign(camd: "ServedWorld", opened: Opened) -> None:
    camd.do(camd.world.live(*people(1), name="Dentists"))
    camd.wait(hours=1)
    assert "Step 1 was sent to P0 L0 (C0) :gray[Dentists]" in said(opened(event_feed.show))


def test_what_happens_to_every_lead_is_one_line_for_each_campaign(camd: "ServedWorld", opened: Opened) -> None:
    for _ in range(2):
        camd.do(camd.world.live(*people(3)))
    camd.wait(hours=1)
    assert said(opened(event_feed.show)).count("3 leads were found") == 2


def test_the_newest_stands_first(camd: "ServedWorld", opened: Opened) -> None:
    campaign = camd.do(camd.world.live(*people(1)))
    camd.wait(hours=1)
    camd.client.pause(campaign.id)
    text = said(opened(event_feed.show))
    assert text.index("The campaign was paused") < text.index("Step 1 was sent")


def test_an_erased_person_is_no_longer_named_where_they_were(camd: "ServedWorld", opened: Opened) -> None:
    campaign = camd.do(camd.world.live(*people(1)))
    camd.wait(hours=1)
    page = opened(event_feed.show)
    assert "P0 L0" in said(page)
    camd.client.erase_lead(camd.client.leads(campaign.id).items[0].id)
    text = said(page.run())
    assert "A lead was erased" in text
    assert "P0 L0" not in text


def test_a_persons_name_is_no_markdown(camd: "ServedWorld", opened: Opened) -> None:
    campaign = camd.do(camd.world.live(*people(1)))
    camd.wait(hours=1)
    lead = camd.client.leads(campaign.id).items[0]
    camd.client.change_lead(lead.id, LeadPatch(first_name="![x](https://example.com/x.png)"))
    page = opened(event_feed.show)
    assert "![x]" in said(page)
    assert not any("](" in part.value for part in page.markdown)
