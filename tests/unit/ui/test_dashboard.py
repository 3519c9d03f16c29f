"""The tab Dashboard as a whole."""

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from camd.sim.world import people
from camd.ui import dashboard
from tests.unit.ui.dashboard_world import Opened, keys, said

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld

PARTS = ["Campaigns", "As it happens", "In pictures", "Mailboxes and providers", "Find a person"]


def test_one_screen_has_it_all(camd: "ServedWorld", opened: Opened) -> None:
    camd.do(camd.world.live(*people(3), name="Dentists"))
    camd.wait(hours=1)
    page = opened(dashboard.show)
    assert "**Dentists**" in said(page)
    assert not page.error
    assert [part.value for part in page.subheader][: len(PARTS)] == PARTS
    assert {"kill-switch.confirm", "person.find", "suppressions.add.confirm", "health.try.sales"} <= keys(page)


def test_an_empty_camd_has_a_dashboard_too(opened: Opened) -> None:
    assert "Nothing waits for you." in said(opened(dashboard.show))


def test_what_was_typed_outlives_other_actions(opened: Opened) -> None:
    page = opened(dashboard.show)
    page.text_input(key="suppressions.add.note").input("half a th")
    page.button(key="health.disable.sales").click().run()
    assert page.text_input(key="suppressions.add.note").value == "half a th"
