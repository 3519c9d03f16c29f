"""The way from the dashboard to one campaign."""

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from camd.ui import campaign_cards
from camd.ui.campaigns import CHOSEN
from tests.unit.ui.dashboard_world import Opened

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld


def test_a_card_opens_its_campaign(camd: "ServedWorld", opened: Opened) -> None:
    first = camd.do(camd.world.campaign(active=False))
    camd.do(camd.world.campaign(active=False))
    page = opened(campaign_cards.show)
    page.session_state["campaigns.campaign"] = 2
    page.button(key=f"dashboard.open.{first.id}").click().run()
    assert page.session_state["tab"] == "Campaigns"
    assert page.query_params[CHOSEN] == str(first.id)
    assert "campaigns.campaign" not in page.session_state
