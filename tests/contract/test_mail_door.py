"""One suite for the door that mails leave by: SMTP to a server on loopback, and the one in memory."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from camd.domain.errors import Misconfigured, Permanent, Scope, Transient
from camd.mail.smtp import SmtpChannel
from camd.ports.channel import Accepted, Handover, MailDoor, Refused, Stage, Withdrawn
from camd.sim.mail import MemoryMail
from camd.sim.smtp_server import ScriptedServer
from camd.sim.world import mailbox
from camd.system import SystemClock

HANDOVER = Handover("sales", "bob@firm.example", "a.b@us.example", "For Firm", "Hello\n")


@dataclass(slots=True)
class Side:
    """A door and who got mail through it."""

    door: MailDoor
    received: Callable[[], Sequence[str]]
    order: list[str] = field(default_factory=list)

    async def mark(self) -> None:
        self.order.append("mark")


Open = Callable[..., AbstractAsyncContextManager[Side]]


@asynccontextmanager
async def by_smtp(*, refuses: bool = False, busy: bool = False) -> AsyncIterator[Side]:
    script = {"RCPT": "550 5.1.1 no such user"} if refuses else {"greeting": "421 busy"} if busy else {}
    async with ScriptedServer(script).serving() as server:
        box = replace(mailbox("sales"), smtp_host="127.0.0.1", smtp_port=server.port, smtp_security="none")
        async with SmtpChannel({"sales": box}, SystemClock()) as door:
            yield Side(door, lambda: [each.recipient for each in server.accepted])


@asynccontextmanager
async def in_memory(*, refuses: bool = False, busy: bool = False) -> AsyncIterator[Side]:
    door = MemoryMail(("sales",))
    door.refused |= {HANDOVER.recipient} if refuses else set()
    if busy:
        door.trouble["sales"] = Transient("busy", scope=Scope.MAILBOX)
    yield Side(door, lambda: [each.recipient for each in door.delivered])


@pytest.fixture(params=[by_smtp, in_memory])
def opened(request: pytest.FixtureRequest) -> Open:
    side: Open = request.param
    return side


async def test_an_accepted_message_was_marked_once_and_handed_over_once(opened: Open) -> None:
    async with opened() as side:
        assert side.door.name == "email"
        assert isinstance(await side.door.hand_over(HANDOVER, side.mark), Accepted)
        assert (side.order, side.received()) == (["mark"], [HANDOVER.recipient])


async def test_what_wins_at_the_mark_comes_out_and_hands_nothing_over(opened: Open) -> None:
    async def withdrawn() -> None:
        raise Withdrawn("opted out")

    async with opened() as side:
        with pytest.raises(Withdrawn):
            await side.door.hand_over(HANDOVER, withdrawn)
        assert side.received() == []


async def test_a_receiver_that_is_refused_is_not_marked(opened: Open) -> None:
    async with opened(refuses=True) as side:
        told = await side.door.hand_over(HANDOVER, side.mark)
        assert isinstance(told, Refused)
        assert (told.stage, told.code, told.enhanced, told.for_now) == (Stage.RCPT, 550, "5.1.1", False)
        assert (side.order, side.received()) == ([], [])


@pytest.mark.parametrize("field_name", ["recipient", "subject", "message_id"])
async def test_fault_71_a_break_ends_at_this_message(opened: Open, field_name: str) -> None:
    changes: dict[str, Any] = {field_name: "a\r\nRCPT TO:<eve@x.example>@firm.example"}
    broken = replace(HANDOVER, **changes)
    async with opened() as side:
        with pytest.raises(Permanent) as failed:
            await side.door.hand_over(broken, side.mark)
        assert (failed.value.scope, side.order, side.received()) == (Scope.ITEM, [], [])


async def test_a_mailbox_in_trouble_raises_for_the_mailbox(opened: Open) -> None:
    async with opened(busy=True) as side:
        for ask in (lambda: side.door.hand_over(HANDOVER, side.mark), lambda: side.door.log_in("sales")):
            with pytest.raises(Transient) as failed:
                await ask()
            assert (failed.value.scope, side.order) == (Scope.MAILBOX, [])


async def test_a_log_in_hands_nothing_over(opened: Open) -> None:
    async with opened() as side:
        await side.door.log_in("sales")
        assert side.received() == []


async def test_a_mailbox_that_is_not_configured_is_misconfigured(opened: Open) -> None:
    async with opened() as side:
        with pytest.raises(Misconfigured):
            await side.door.log_in("gone")
        with pytest.raises(Misconfigured):
            await side.door.hand_over(replace(HANDOVER, mailbox="gone"), side.mark)
