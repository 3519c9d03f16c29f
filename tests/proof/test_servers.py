"""Mail servers that are slow, hang, reset, refuse or put off: each mail tells what became of it, the others go on."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import pytest

from camd.domain.facts import CampaignId
from camd.domain.lead import HoldReason, LeadStatus
from camd.mail.smtp_session import Patience
from camd.ports.records import TouchStatus
from camd.ports.settings import MailboxSettings
from camd.system import SystemClock
from tests.proof.campaigns import (
    FIRST,
    Plan,
    adapters,
    addresses,
    books,
    box,
    prepare,
    send_what_is_due,
    sending,
    settings,
)
from tests.proof.fault_points import opened
from tests.proof.judge import Books, TouchRow, sink

PEOPLE = addresses(8)
ADA, *OTHERS = PEOPLE
SHORT = Patience(dot=2)

Round = Callable[..., Awaitable[Books]]


class LaterClock(SystemClock):
    """The machine's clock, so much ahead."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        return super().now() + self._ahead


@pytest.fixture
async def folder(quick_folder: Path) -> Path:
    """With a campaign of one step."""
    await prepare(quick_folder / "camd.db", Plan([PEOPLE], steps=(FIRST,)))
    return quick_folder


@pytest.fixture
def a_round(folder: Path) -> Round:
    """Starts, and all goes that may go; `ahead` of the clock."""

    async def send(*boxes: MailboxSettings, ahead: timedelta = timedelta()) -> Books:
        parts = adapters(LaterClock(ahead))
        async with opened(settings(folder, *boxes), parts, patience=SHORT) as engine, sending(engine):
            await send_what_is_due(engine)
            return await books(engine)

    return send


@pytest.mark.parametrize(
    ("behaviour", "status", "reason", "holds"),
    [
        ("late 1", TouchStatus.SENT, None, ()),
        ("reset", TouchStatus.SENT, None, ()),
        ("hang", TouchStatus.UNKNOWN, "Timed out", (HoldReason.SEND_UNKNOWN,)),
        ("lose", TouchStatus.UNKNOWN, "Connection lost", (HoldReason.SEND_UNKNOWN,)),
        ("451 4.3.0 try again later", TouchStatus.DEFERRED, "rcpt 451 4.3.0", ()),
        ("550 5.7.1 not you", TouchStatus.DEFERRED, "rcpt 550 5.7.1", ()),
        ("554 5.6.0 not this", TouchStatus.REJECTED, "rcpt 554 5.6.0", (HoldReason.NEEDS_REVIEW,)),
    ],
)
async def test_what_a_server_does_is_told_of_that_mail_and_all_others_go(
    folder: Path,
    a_round: Round,
    behaviour: str,
    status: TouchStatus,
    reason: str | None,
    holds: tuple[HoldReason, ...],
) -> None:
    with sink(folder, {ADA: behaviour}) as judge:
        found = await a_round(box("sales", judge.port, connections=2))
        mails = judge.mails()
    ada = found.touch(ADA)
    assert (ada.status, found.holds(ADA)) == (status, holds)
    assert ada.reason is None if reason is None else reason in (ada.reason or "")
    assert [found.touch(other).status for other in OTHERS] == [TouchStatus.SENT] * len(OTHERS)
    arrived = [*OTHERS, *([ADA] if not behaviour[0].isdigit() else [])]
    assert sorted(mail.recipient for mail in mails) == sorted(arrived)


async def test_a_server_that_knows_only_every_second_recipient_gets_the_others_their_mail(
    folder: Path, a_round: Round
) -> None:
    unknown, known = PEOPLE[::2], PEOPLE[1::2]
    with sink(folder, dict.fromkeys(unknown, "550 5.1.1 no such user")) as judge:
        found = await a_round(box("sales", judge.port))
        mails = judge.mails()
    assert {(found.touch(one).status, found.touch(one).reason) for one in unknown} == {
        (TouchStatus.REJECTED, "rcpt 550 5.1.1")
    }
    assert {lead.recipient for lead in found.leads if lead.status == LeadStatus.LOST} == set(unknown)
    assert {mail.recipient for mail in mails} == set(known)
    assert found.debits == found.count(TouchStatus.SENT) == len(known)


async def test_what_was_greylisted_goes_later_with_the_same_message_id(folder: Path, a_round: Round) -> None:
    with sink(folder, {"*": "greylist"}) as judge:
        mailbox = box("sales", judge.port)
        before = await a_round(mailbox)
        assert judge.mails() == []
        after = await a_round(mailbox, ahead=timedelta(minutes=7))
        mails = judge.mails()
    assert {touch.status for touch in before.touches} == {TouchStatus.DEFERRED}
    assert {touch.status for touch in after.touches} == {TouchStatus.SENT}
    assert ids(before.touches) == ids(after.touches) == {mail.recipient: mail.message_id for mail in mails}
    assert after.debits == len(mails) == len(PEOPLE)


def ids(touches: tuple[TouchRow, ...]) -> dict[str, str | None]:
    return {touch.recipient: touch.message_id for touch in touches}


async def test_a_server_that_closes_at_its_greeting_stops_its_mailbox_alone(folder: Path, a_round: Round) -> None:
    with sink(folder, {"greeting": "421 4.3.2 too busy"}, "busy") as busy, sink(folder) as judge:
        found = await a_round(box("sales", busy.port), box("office", judge.port))
        mails = judge.mails()
    stopped = [touch for touch in found.touches if touch.mailbox == "sales"]
    assert {touch.status for touch in stopped} == {TouchStatus.APPROVED}
    assert "mailbox_trouble" in {touch.reason for touch in stopped}
    sent = {touch.recipient for touch in found.touches if touch.mailbox == "office"}
    assert {mail.recipient for mail in mails} == sent
    assert len(sent) == found.debits == found.count(TouchStatus.SENT) == len(PEOPLE) / 2


async def test_a_mailbox_whose_server_hangs_delays_no_other(folder: Path) -> None:
    with sink(folder, {"*": "hang"}, "hanging") as hanging, sink(folder) as judge:
        boxes = box("sales", hanging.port), box("office", judge.port)
        async with opened(settings(folder, *boxes), adapters()) as engine, anyio.create_task_group() as tasks:
            await tasks.start(engine.outboxes.run)
            await engine.runner.run(CampaignId(1), False)
            await anyio.to_thread.run_sync(hanging.wait_for, 1)
            await engine.outboxes.at_rest({"office"})
            meanwhile = await books(engine)
            tasks.cancel_scope.cancel()
    of_office = [touch.status for touch in meanwhile.touches if touch.mailbox == "office"]
    of_sales = [touch.status for touch in meanwhile.touches if touch.mailbox == "sales"]
    assert of_office == [TouchStatus.SENT] * (len(PEOPLE) // 2)
    assert of_sales.count(TouchStatus.ON_WIRE) == 1
    assert of_sales.count(TouchStatus.APPROVED) == len(of_sales) - 1
