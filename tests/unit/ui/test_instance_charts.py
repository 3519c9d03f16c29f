"""What people would rather look at than read."""

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from camd.sim.world import people
from camd.ui import instance_charts
from tests.unit.ui.dashboard_world import Opened, said

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld

CHART = "vega_lite_chart"


def test_where_there_is_nothing_to_see_it_says_why(opened: Opened) -> None:
    page = opened(instance_charts.show)
    assert not page.get(CHART)
    text = said(page)
    assert all(empty in text for empty in ("Nothing was sent yet.", "There are no leads yet.", "Nothing is planned."))


def test_mails_the_funnel_and_what_is_planned_are_drawn(camd: "ServedWorld", opened: Opened) -> None:
    camd.do(camd.world.live(*people(3)))
    camd.wait(hours=1)
    page = opened(instance_charts.show)
    assert len(page.get(CHART)) == 3
    assert not page.exception
