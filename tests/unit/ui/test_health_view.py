"""How the mailboxes and providers are."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("streamlit", reason="the console needs the extra ui")

from camd.domain.events import EventType
from camd.schema.status import InboxStatus, MailboxState, MailboxStatus, ProviderState
from camd.sim.world import people
from camd.ui import health_view
from camd.ui.health_view import _inbox, _standing, _state, _used
from tests.unit.ui.dashboard_world import Opened, said

if TYPE_CHECKING:
    from tests.unit.ui.conftest import ServedWorld

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
BOX = MailboxState(
    name="ada",
    address="ada@us.example",
    status=MailboxStatus.USABLE,
    reason=None,
    detail=None,
    since=None,
    until=None,
    daily_limit=30,
    limit_today=30,
    limit_tomorrow=30,
    used_today=4,
    queued=0,
)


def test_a_ramp_is_told_with_today_tomorrow_and_its_end() -> None:
    ramping = BOX.model_copy(update={"limit_today": 5, "limit_tomorrow": 7, "used_today": 5, "queued": 12})
    assert _used(ramping) == "5 of 5 mails used today, 7 tomorrow (in its ramp up to 30 a day), 12 queued"
    assert _used(BOX) == "4 of 30 mails used today, 30 tomorrow"


def test_a_mailbox_that_rests_says_until_when_and_why() -> None:
    resting = BOX.model_copy(update={"status": MailboxStatus.STOPPED, "until": NOON, "reason": "bounce_rate"})
    assert _standing(resting) == "rests until Mon 5 Jan 2026, 12:00 UTC: bounce rate"


@pytest.mark.parametrize(
    ("inbox", "heard", "text"),
    [
        (InboxStatus.NONE, None, "It has no inbox: answers are not seen."),
        (InboxStatus.HEARING, None, "Its inbox is read for the first time since camd started."),
        (InboxStatus.HEARING, NOON, "Inbox read to its end: Mon 5 Jan 2026, 12:00 UTC"),
        (InboxStatus.DEAF, NOON, "Its inbox cannot be read; last heard: Mon 5 Jan 2026, 12:00 UTC"),
    ],
)
def test_an_inbox_says_whether_answers_are_heard(inbox: InboxStatus, heard: datetime | None, text: str) -> None:
    assert _inbox(BOX.model_copy(update={"inbox": inbox, "last_heard_at": heard})) == text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "ready"),
        ({"credits_today": 3}, "ready, 3 credits used today"),
        ({"credits_today": 3, "credits_per_day": 100}, "ready, 3 of 100 credits used today"),
        ({"rests_until": NOON}, "rests until Mon 5 Jan 2026, 12:00 UTC"),
    ],
)
def test_a_provider_says_whether_it_answers_and_what_it_cost(fields: dict[str, object], text: str) -> None:
    assert _state(ProviderState.model_validate({"name": "hunter", "roles": ["find"], **fields})) == text


def test_a_mailbox_is_stopped_and_let_send_again_after_a_question(camd: "ServedWorld", opened: Opened) -> None:
    page = opened(health_view.show)
    page.button(key="health.disable.sales").click().run()
    assert camd.client.mailboxes().items[0].status is MailboxStatus.DISABLED
    assert "sends nothing until somebody lets it send again." in said(page)
    assert "disabled: by a person" in said(page)
    page.button(key="health.enable.sales").click().run()
    assert camd.client.mailboxes().items[0].status is MailboxStatus.USABLE


def test_the_log_in_is_tried_and_nothing_is_sent(camd: "ServedWorld", opened: Opened) -> None:
    page = opened(health_view.show)
    page.button(key="health.try.sales").click().run()
    assert "the SMTP log-in works" in said(page)
    assert camd.world.mail.delivered == []


def test_what_a_mailbox_sent_today_is_counted(camd: "ServedWorld", opened: Opened) -> None:
    camd.do(camd.world.live(*people(1)))
    camd.wait(hours=1)
    assert EventType.TOUCH_SENT in {event.type for event in camd.client.event_page().items}
    assert "1 of 30 mails used today" in said(opened(health_view.show))
