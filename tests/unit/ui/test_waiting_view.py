"""What waits for a person, and deciding it in place."""

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from camd.domain.campaign import Autonomy, Channel, Step
from camd.sim.world import people
from camd.ui import waiting_view
from tests.unit.ui.dashboard_world import Opened, keys, said

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld


def test_nothing_that_waits_is_told_too(opened: Opened) -> None:
    assert "Nothing waits for you." in said(opened(waiting_view.show))


def test_what_waits_is_decided_in_place_for_all_campaigns(camd: "ServedWorld", opened: Opened) -> None:
    for number in range(2):
        camd.do(camd.world.live(*people(1, first=number), autonomy=Autonomy()))
    camd.wait(hours=1)
    page = opened(waiting_view.show)
    assert "**2 mails** to read and approve" in said(page)
    page.button(key="waiting.approvals").click().run()
    assert {f"approvals.approve.{touch.id}" for touch in camd.client.touches(status="planned").items} <= keys(page)
    page.button(key="waiting.close").click().run()
    assert not any((key or "").startswith("approvals.") for key in keys(page))


def test_a_task_waits_too_and_is_ticked_off_in_place(camd: "ServedWorld", opened: Opened) -> None:
    camd.do(camd.world.live(*people(1), steps=(Step(1, "Call", "Ask.", Channel.TASK),), channels=(Channel.TASK,)))
    camd.wait(minutes=1)
    page = opened(waiting_view.show)
    assert "**1 task** for a person" in said(page)
    page.button(key="waiting.tasks").click().run()
    [task] = camd.client.touches(channel=Channel.TASK).items
    page.button(key=f"tasks.done.{task.id}").click().run()
    assert "Nothing waits for you." in said(page)


def test_a_mailbox_that_waits_for_a_person_is_named(camd: "ServedWorld", opened: Opened) -> None:
    camd.client.disable_mailbox("sales")
    assert "**1 mailbox** may not send until somebody lets it: sales" in said(opened(waiting_view.show))


def test_a_recovery_hold_is_told_with_its_mend(camd: "ServedWorld", opened: Opened) -> None:
    camd.client.hold_recovery()
    assert "`camd recover release`" in said(opened(waiting_view.show))
