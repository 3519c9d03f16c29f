"""The button that stops all sending."""

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from camd.schema.status import KillSwitchBody
from camd.ui import kill_switch
from tests.unit.ui.dashboard_world import Opened, said

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld


def test_sending_is_stopped_with_the_reason_given(camd: "ServedWorld", opened: Opened) -> None:
    page = opened(kill_switch.show)
    page.text_input(key="kill-switch.reason").input("wrong list").run()
    assert not camd.client.kill_switch().on  # it asks first
    page.button(key="kill-switch.confirm").click().run()
    assert camd.client.kill_switch().on
    assert camd.client.kill_switch().reason == "wrong list"
    assert "All sending is stopped." in said(page)
    assert ": wrong list" in said(page)


def test_sending_goes_on_after_the_same_question(camd: "ServedWorld", opened: Opened) -> None:
    camd.client.set_kill_switch(KillSwitchBody(on=True))
    page = opened(kill_switch.show)
    page.button(key="kill-switch.confirm").click().run()
    assert not camd.client.kill_switch().on
    assert "Mails go out again." in said(page)


def test_a_reason_is_no_markdown(camd: "ServedWorld", opened: Opened) -> None:
    camd.client.set_kill_switch(KillSwitchBody(on=True, reason="![x](https://example.com/x.png)"))
    [told] = opened(kill_switch.show).error
    assert "](" not in told.value
