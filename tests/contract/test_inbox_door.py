"""One suite for the way that mail comes in: IMAP from a server on loopback, a maildir, and the simulation's memory."""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import anyio
import pytest
from pydantic import SecretStr

from camd.domain.errors import Misconfigured, Scope
from camd.mail.inboxes import Inboxes
from camd.ports.inbox import HEAD_BYTES, MESSAGE_BYTES, Batch, Folder, FolderRole, InboxDoor, InboxSession
from camd.sim.inbox import MemoryInboxes
from camd.sim.world import mailbox
from camd.system import SystemClock
from tests.integration.mail.imap_server import PASSWORD, USER, ImapServer

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DEAF = replace(mailbox("deaf"), imap_host=None)
LETTER = b"From: bob@firm.example\r\n\r\nHello\r\n"
INBOX = Folder("INBOX", FolderRole.ANSWERS)
ARCHIVE = Folder("Archive", FolderRole.ANSWERS)


class Side(Protocol):
    """A door, and the other side of it."""

    @property
    def door(self) -> InboxDoor: ...

    def put(self, content: bytes, arrived_at: datetime = NOON, folder: str = "INBOX") -> None: ...

    def remove_all(self) -> None:
        """Of the messages in INBOX."""
        ...

    def state(self) -> object:
        """All that a reader must leave as it is."""
        ...


@dataclass(slots=True)
class ByImap:
    door: InboxDoor
    server: ImapServer

    def put(self, content: bytes, arrived_at: datetime = NOON, folder: str = "INBOX") -> None:
        self.server.folders[folder].put(content, arrived_at)

    def remove_all(self) -> None:
        self.server.folders["INBOX"].messages.clear()

    def state(self) -> object:
        return {name: [each.content for each in folder.messages] for name, folder in self.server.folders.items()}


@dataclass(slots=True)
class ByMaildir:
    door: InboxDoor
    root: Path
    count: int = 0

    def put(self, content: bytes, arrived_at: datetime = NOON, folder: str = "INBOX") -> None:
        self.count += 1
        half = (self.root if folder == "INBOX" else self.root / f".{folder}") / "new"
        file = self.root / "tmp" / f"{self.count}.host"
        file.write_bytes(content)
        os.utime(file, (arrived_at.timestamp(), arrived_at.timestamp()))
        file.rename(half / file.name)

    def remove_all(self) -> None:
        for file in (self.root / "new").iterdir():
            file.unlink()

    def state(self) -> object:
        return {file: file.stat().st_mtime_ns for file in self.root.rglob("*")}


@dataclass(slots=True)
class ByMemory:
    door: MemoryInboxes

    def put(self, content: bytes, arrived_at: datetime = NOON, folder: str = "INBOX") -> None:
        self.door.deliver("sales", content, replace(INBOX, name=folder), arrived_at)

    def remove_all(self) -> None:
        for raw in self.door.mailboxes["sales"].folders["INBOX"]:
            if raw is not None:
                self.door.remove("sales", raw, INBOX)

    def state(self) -> object:
        return {name: list(messages) for name, messages in self.door.mailboxes["sales"].folders.items()}


Open = Callable[..., AbstractAsyncContextManager[Side]]


@asynccontextmanager
async def by_imap(_folder: Path, /, **changes: Any) -> AsyncIterator[Side]:
    async with ImapServer().serving() as server:
        plain = replace(
            mailbox("sales"),
            imap_host="127.0.0.1",
            imap_port=server.port,
            imap_security="none",
            username=USER,
            password=SecretStr(PASSWORD),
        )
        box = replace(plain, **changes)
        yield ByImap(Inboxes({"sales": box, "deaf": DEAF}, SystemClock()), server)


@asynccontextmanager
async def by_maildir(folder: Path, /, **changes: Any) -> AsyncIterator[Side]:
    root = folder / "mail"
    for name in ("", ".Archive", ".Junk", ".Trash", ".Sent", ".Clients"):
        for half in ("new", "cur", "tmp"):
            (root / name / half).mkdir(parents=True)
    box = replace(mailbox("sales"), maildir=root, **changes)
    yield ByMaildir(Inboxes({"sales": box, "deaf": DEAF}, SystemClock()), root)


@asynccontextmanager
async def by_memory(_folder: Path, /, **changes: Any) -> AsyncIterator[Side]:
    box = replace(mailbox("sales"), **changes)
    yield ByMemory(MemoryInboxes({"sales": box, "deaf": DEAF}, SystemClock()))


@pytest.fixture(params=[by_imap, by_maildir, by_memory])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    side: Callable[..., AbstractAsyncContextManager[Side]] = request.param
    return lambda **changes: side(tmp_path, **changes)


def letter(number: int) -> bytes:
    return b"X: %d\r\n" % number + LETTER


def contents(batch: Batch) -> list[bytes]:
    return [message.content for _, message in batch.messages]


async def all_of(session: InboxSession, position: str | None, since: datetime, limit: int) -> Sequence[Batch]:
    batches = [await session.read(INBOX, position, since, limit)]
    while not batches[-1].is_last:
        batches.append(await session.read(INBOX, batches[-1].position, since, limit))
    return batches


async def test_answers_are_looked_for_wherever_people_put_them(opened: Open) -> None:
    async with opened() as side, side.door.open("sales") as session:
        folders = {each.name: each.role for each in await session.folders()}
    answers = dict.fromkeys(("INBOX", "Archive", "Junk", "Trash"), FolderRole.ANSWERS)
    assert folders == answers | {"Sent": FolderRole.SENT}


async def test_configured_folders_take_the_place_of_the_usual_ones(opened: Open) -> None:
    async with opened(folders=("inbox", "Clients")) as side, side.door.open("sales") as session:
        folders = await session.folders()
    assert [each.name for each in folders] == ["INBOX", "Clients", "Sent"]


async def test_a_configured_folder_that_is_missing_is_named_with_those_that_are_there(opened: Open) -> None:
    async with opened(folders=("Customers",)) as side:
        with pytest.raises(Misconfigured, match=r"Customers.*Clients.*\[mailboxes\.sales\]") as failed:
            async with side.door.open("sales") as session:
                await session.folders()
    assert failed.value.scope is Scope.MAILBOX


@pytest.mark.parametrize("name", ["gone", "deaf"])
async def test_a_mailbox_without_an_inbox_is_misconfigured(opened: Open, name: str) -> None:
    async with opened() as side:
        with pytest.raises(Misconfigured, match=f"mailboxes.{name}") as failed:
            async with side.door.open(name):
                pytest.fail("it was opened")
    assert failed.value.scope is Scope.MAILBOX


async def test_the_first_look_gives_what_arrived_since_in_its_order(opened: Open) -> None:
    async with opened() as side, side.door.open("sales") as session:
        for number, seconds in enumerate((-90_000, -1, 0, 1)):
            side.put(letter(number), NOON + timedelta(seconds=seconds))
        batch = await session.read(INBOX, None, NOON, 10)
    assert contents(batch) == [letter(2), letter(3)]
    assert [message.arrived_at for _, message in batch.messages] == [NOON, NOON + timedelta(seconds=1)]
    assert [message.size_bytes for _, message in batch.messages] == [len(letter(2))] * 2
    assert batch.is_last
    assert batch.position == batch.messages[-1][0]


async def test_an_empty_folder_has_a_position_too(opened: Open) -> None:
    async with opened() as side, side.door.open("sales") as session:
        batch = await session.read(INBOX, None, NOON, 10)
        assert (contents(batch), batch.is_last) == ([], True)
        side.put(letter(1), NOON - timedelta(days=9))
        assert contents(await session.read(INBOX, batch.position, NOON, 10)) == [letter(1)]


async def test_what_was_read_is_not_read_again_by_another_session(opened: Open) -> None:
    async with opened() as side:
        side.put(letter(1))
        async with side.door.open("sales") as session:
            first = await session.read(INBOX, None, NOON, 10)
        side.put(letter(2))
        async with side.door.open("sales") as session:
            second = await session.read(INBOX, first.position, NOON, 10)
            third = await session.read(INBOX, second.position, NOON, 10)
    assert contents(second) == [letter(2)]
    assert (contents(third), third.is_last, third.position) == ([], True, second.position)


async def test_a_message_with_an_old_date_is_not_skipped(opened: Open) -> None:
    # An answer is archived with the time at which it arrived in the inbox.
    async with opened() as side, side.door.open("sales") as session:
        side.put(letter(1), NOON, "Archive")
        before = await session.read(ARCHIVE, None, NOON - timedelta(days=1), 10)
        side.put(letter(2), NOON - timedelta(minutes=5), "Archive")
        assert contents(await session.read(ARCHIVE, before.position, NOON - timedelta(days=1), 10)) == [letter(2)]


async def test_batches_are_no_larger_than_asked_and_leave_nothing_out(opened: Open) -> None:
    async with opened() as side, side.door.open("sales") as session:
        for number in range(5):
            side.put(letter(number))
        batches = await all_of(session, None, NOON, 2)
    assert [contents(batch) for batch in batches] == [
        [letter(0), letter(1)],
        [letter(2), letter(3)],
        [letter(4)],
    ]


async def test_each_message_has_the_position_right_behind_it(opened: Open) -> None:
    async with opened() as side, side.door.open("sales") as session:
        side.put(letter(-1), NOON - timedelta(days=5))
        for number in range(4):
            side.put(letter(number))
        batch = await session.read(INBOX, None, NOON, 10)
        for place, (position, _) in enumerate(batch.messages, 1):
            rest = await session.read(INBOX, position, NOON, 10)
            assert contents(rest) == [letter(number) for number in range(place, 4)]


async def test_a_position_that_is_not_known_reads_again_what_arrived_since(opened: Open) -> None:
    async with opened() as side, side.door.open("sales") as session:
        side.put(letter(1), NOON - timedelta(days=5))
        side.put(letter(2))
        assert contents(await session.read(INBOX, "of another kind", NOON, 10)) == [letter(2)]


async def test_a_message_is_given_byte_by_byte(opened: Open) -> None:
    hostile = b'Subject: \xff\0 {5}\r\nA1 OK done\r\n* BYE\r\n)\n.\r\n"\\' + b"(" * 2000
    async with opened() as side, side.door.open("sales") as session:
        side.put(hostile)
        side.put(b"")
        assert contents(await session.read(INBOX, None, NOON, 10)) == [hostile, b""]


async def test_fault_63_a_message_that_is_too_large_is_cut(opened: Open) -> None:
    large = LETTER + b"x" * MESSAGE_BYTES
    async with opened() as side, side.door.open("sales") as session:
        side.put(large)
        side.put(letter(1))
        [(_, cut), (_, whole)] = (await session.read(INBOX, None, NOON, 10)).messages
    assert (cut.content, cut.size_bytes, cut.is_cut) == (large[:HEAD_BYTES], len(large), True)
    assert (whole.content, whole.is_cut) == (letter(1), False)


async def test_a_batch_ends_before_the_memory_does(opened: Open) -> None:
    async with opened() as side, side.door.open("sales") as session:
        for _ in range(4):
            side.put(b"x" * 6_000_000)
        batches = await all_of(session, None, NOON, 50)
    assert [len(batch.messages) for batch in batches if batch.messages] in ([1, 1, 1, 1], [2, 2])


async def test_what_was_deleted_meanwhile_is_no_trouble(opened: Open) -> None:
    async with opened() as side, side.door.open("sales") as session:
        side.put(letter(1))
        side.put(letter(2))
        first = await session.read(INBOX, None, NOON, 1)
        side.remove_all()
        rest = await session.read(INBOX, first.position, NOON, 10)
        assert (contents(rest), rest.is_last) == ([], True)
        side.put(letter(3))
        assert contents(await session.read(INBOX, rest.position, NOON, 10)) == [letter(3)]


async def test_reading_changes_nothing(opened: Open) -> None:
    async with opened() as side, side.door.open("sales") as session:
        side.put(letter(1))
        before = side.state()
        for folder in await session.folders():
            await session.read(folder, None, NOON, 10)
        await session.wait(0)
        assert side.state() == before


async def test_a_wait_ends_when_something_arrives(opened: Open) -> None:
    async with opened() as side, side.door.open("sales") as session:
        for folder in await session.folders():
            await session.read(folder, None, NOON, 10)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(session.wait, 3600)
            await anyio.wait_all_tasks_blocked()
            side.put(letter(1))


async def test_a_wait_after_something_arrived_is_none(opened: Open) -> None:
    async with opened() as side, side.door.open("sales") as session:
        for folder in await session.folders():
            await session.read(folder, None, NOON, 10)
        side.put(letter(1))
        await session.wait(3600)


async def test_a_wait_for_nothing_ends_and_the_session_goes_on(opened: Open) -> None:
    async with opened() as side, side.door.open("sales") as session:
        before = await session.read(INBOX, None, NOON, 10)
        await session.wait(0.01)
        side.put(letter(1))
        assert contents(await session.read(INBOX, before.position, NOON, 10)) == [letter(1)]
