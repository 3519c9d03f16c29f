"""All campaigns, however many there are."""

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from camd.ui import campaign_choice
from camd.ui.campaign_choice import every_campaign

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld


def test_every_page_of_campaigns_is_read(camd: "ServedWorld", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign_choice, "MAX_LIMIT", 2)
    for _ in range(5):
        camd.do(camd.world.campaign(active=False))
    assert len(list(every_campaign(camd.client))) == 5
