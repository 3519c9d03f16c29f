"""Whether a mailbox's inbox is heard, and whether it can be read, over a real maildir."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest

from camd.mail.inboxes import Inboxes
from camd.operations import mailboxes
from camd.operations.desk import Desk
from camd.pipeline.hearing import Hearing
from camd.ports.clock import Clock
from camd.ports.settings import MailboxSettings
from camd.schema.status import InboxStatus
from camd.schema.status import MailboxState as MailboxView
from camd.sim.mail import MemoryMail
from camd.sim.world import mailbox


class HandClock(Clock, Protocol):
    """As the tests' own: it stands still until it is moved."""

    def forward(self, by: timedelta) -> None: ...


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    folder = tmp_path / "maildir"
    for part in ("", ".Sent", ".Archive"):
        for place in ("new", "cur", "tmp"):
            (folder / part / place).mkdir(parents=True)
    return folder


@pytest.fixture
async def desk(desk: Desk, clock: Clock, maildir: Path) -> Desk:
    """`sales` has an inbox, `deaf` has none, that of `lost` is not there."""
    boxes = {
        "sales": replace(mailbox("sales"), maildir=maildir),
        "deaf": replace(mailbox("deaf"), imap_host=None),
        "lost": replace(mailbox("lost"), maildir=maildir / "gone"),
    }
    return with_mailboxes(desk, boxes, clock)


def with_mailboxes(desk: Desk, boxes: Mapping[str, MailboxSettings], clock: Clock) -> Desk:
    context = desk.context
    return replace(
        desk,
        context=replace(
            context,
            settings=replace(context.settings, mailboxes=boxes),
            mail=MemoryMail(frozenset(boxes)),
            hearing=Hearing(boxes, clock, context.metrics),
            inboxes=Inboxes(boxes, clock),
        ),
    )


async def views(desk: Desk) -> dict[str, MailboxView]:
    return {view.name: view for view in (await mailboxes.page(desk)).items}


def unheard(desk: Desk) -> dict[str, str]:
    return dict(mailboxes.unheard(desk))


async def test_a_mailbox_without_an_inbox_has_none_to_be_heard(desk: Desk) -> None:
    view = (await views(desk))["deaf"]
    assert (view.inbox, view.last_heard_at, view.inbox_detail) == (InboxStatus.NONE, None, None)


async def test_an_inbox_is_deaf_until_it_was_read_once(desk: Desk) -> None:
    view = (await views(desk))["sales"]
    assert (view.inbox, view.last_heard_at) == (InboxStatus.DEAF, None)
    assert view.inbox_detail is not None
    assert "has not read its inbox yet" in view.inbox_detail
    assert "`camd mailboxes test sales`" in view.inbox_detail
    desk.context.hearing.heard("sales")
    view = (await views(desk))["sales"]
    assert (view.inbox, view.last_heard_at, view.inbox_detail) == (InboxStatus.HEARING, desk.now(), None)


async def test_an_inbox_that_was_not_read_for_15_minutes_is_deaf(desk: Desk, clock: HandClock) -> None:
    desk.context.hearing.heard("sales")
    heard_at = desk.now()
    clock.forward(timedelta(minutes=15))
    assert (await views(desk))["sales"].inbox is InboxStatus.HEARING
    assert "sales" not in unheard(desk)
    clock.forward(timedelta(seconds=1))
    view = (await views(desk))["sales"]
    assert (view.inbox, view.last_heard_at) == (InboxStatus.DEAF, heard_at)
    assert view.inbox_detail is not None
    assert "not read to its end lately" in view.inbox_detail
    assert unheard(desk)["sales"] == "its inbox was not read to its end lately; follow-ups wait until it was read"


async def test_what_keeps_an_inbox_from_being_read_is_told_before_it_is_deaf(desk: Desk) -> None:
    desk.context.hearing.heard("sales")
    desk.context.hearing.failed("sales", "the server is away")
    view = (await views(desk))["sales"]
    assert (view.inbox, view.inbox_detail) == (InboxStatus.HEARING, "the server is away")
    assert unheard(desk) == {}


async def test_a_start_is_no_trouble_and_a_refused_log_in_is_trouble_at_once(desk: Desk, clock: HandClock) -> None:
    assert unheard(desk) == {}
    desk.context.hearing.failed("sales", "LOGIN refused")
    assert unheard(desk) == {"sales": "LOGIN refused; follow-ups wait until it was read"}
    clock.forward(timedelta(minutes=16))
    assert set(unheard(desk)) == {"sales", "lost"}


async def test_the_folders_that_are_read_are_listed(desk: Desk) -> None:
    tried = await mailboxes.check(desk, "sales")
    assert (tried.ok, sorted(tried.folders)) == (True, ["Archive", "INBOX", "Sent"])
    assert tried.message.startswith("the SMTP log-in works; the inbox can be read: ")
    assert all(folder in tried.message for folder in tried.folders)


async def test_a_mailbox_without_an_inbox_is_tried_for_sending_alone(desk: Desk) -> None:
    tried = await mailboxes.check(desk, "deaf")
    assert (tried.ok, tried.message, tried.folders) == (True, "the SMTP log-in works", [])


async def test_an_inbox_that_cannot_be_read_fails_the_test_of_its_mailbox(desk: Desk) -> None:
    tried = await mailboxes.check(desk, "lost")
    assert (tried.ok, tried.folders) == (False, [])
    assert tried.message.startswith("the SMTP log-in works; the inbox cannot be read: ")
    assert "[mailboxes.lost]" in tried.message
