"""Mail that comes in from nowhere: inboxes that keep the contract in memory, and a reader that reads at once."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage

import anyio

from camd.domain.contact import parse_address
from camd.domain.errors import Failure, Misconfigured, Scope, Transient
from camd.mail.parsed import Own
from camd.mail.reading import read_letter
from camd.ports.clock import Clock
from camd.ports.inbox import Batch, Folder, FolderRole, InboxSession, Letter, RawMessage, Unreadable
from camd.ports.settings import MailboxSettings

INBOX = Folder("INBOX", FolderRole.ANSWERS)
ARCHIVE = Folder("Archive", FolderRole.ANSWERS)
TRASH = Folder("Trash", FolderRole.ANSWERS)
SENT = Folder("Sent", FolderRole.SENT)
FOLDERS = (INBOX, ARCHIVE, TRASH, SENT)


@dataclass(slots=True)
class _Mailbox:
    """None stands where a message was before it was moved: numbers are never used twice."""

    folders: dict[str, list[RawMessage | None]] = field(default_factory=lambda: {folder.name: [] for folder in FOLDERS})
    validity: int = 1
    changed: anyio.Event = field(default_factory=anyio.Event)


class MemoryInboxes:
    """Implements `ports.inbox.InboxDoor`. `trouble` fails a mailbox by name, at once and on its open connection."""

    def __init__(self, mailboxes: Collection[str], clock: Clock) -> None:
        self._clock = clock
        self._mailboxes = {name: _Mailbox() for name in mailboxes}
        self.trouble: dict[str, Failure] = {}

    def deliver(self, mailbox: str, message: EmailMessage | bytes, folder: Folder = INBOX) -> RawMessage:
        content = message if isinstance(message, bytes) else message.as_bytes()
        raw = RawMessage(content, len(content), self._clock.now())
        box = self._mailboxes[mailbox]
        box.folders[folder.name].append(raw)
        self.wake(mailbox)
        return raw

    def move(self, mailbox: str, raw: RawMessage, source: Folder, target: Folder) -> None:
        """As a person does who archives or deletes."""
        folders = self._mailboxes[mailbox].folders
        place = folders[source.name].index(raw)
        folders[source.name][place] = None
        folders[target.name].append(raw)
        self.wake(mailbox)

    def renumber(self, mailbox: str) -> None:
        """The server gives its folders another UIDVALIDITY."""
        self._mailboxes[mailbox].validity += 1
        self.wake(mailbox)

    def wake(self, mailbox: str) -> None:
        box = self._mailboxes[mailbox]
        box.changed.set()
        box.changed = anyio.Event()

    def open(self, mailbox: str) -> AbstractAsyncContextManager[InboxSession]:
        return self._open(mailbox)

    @asynccontextmanager
    async def _open(self, mailbox: str) -> AsyncIterator[InboxSession]:
        await anyio.lowlevel.checkpoint()
        if mailbox not in self._mailboxes:
            raise Misconfigured(f"there is no mailbox {mailbox}", scope=Scope.MAILBOX)
        yield _Session(self, mailbox, self._mailboxes[mailbox])

    def fail(self, mailbox: str) -> None:
        if failure := self.trouble.get(mailbox):
            raise failure


class _Session:
    def __init__(self, door: MemoryInboxes, name: str, box: _Mailbox) -> None:
        self._door = door
        self._name = name
        self._box = box

    async def folders(self) -> Sequence[Folder]:
        await anyio.lowlevel.checkpoint()
        self._door.fail(self._name)
        return FOLDERS

    async def read(self, folder: Folder, position: str | None, since: datetime, limit: int) -> Batch:
        await anyio.lowlevel.checkpoint()
        self._door.fail(self._name)
        messages = self._box.folders[folder.name]
        validity, _, seen = (position or "").partition(":")
        is_known = validity == str(self._box.validity)
        start = int(seen) if is_known else 0
        found = [
            (f"{self._box.validity}:{number}", raw)
            for number, raw in enumerate(messages[start:], start + 1)
            if raw is not None and (is_known or raw.arrived_at >= since)
        ]
        some = found[:limit]
        is_last = len(some) == len(found)
        return Batch(some, f"{self._box.validity}:{len(messages)}" if is_last else some[-1][0], is_last)

    async def wait(self, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            await self._box.changed.wait()
        self._door.fail(self._name)


class LetterReader:
    """Implements `ports.inbox.LetterReader` without a process of its own."""

    def __init__(self, mailboxes: Mapping[str, MailboxSettings]) -> None:
        keys = frozenset(parse_address(box.address).key for box in mailboxes.values())
        self._own = {box.name: Own(keys, box.timezone) for box in mailboxes.values()}

    async def read(self, raw: RawMessage, mailbox: str) -> Letter | Unreadable:
        await anyio.lowlevel.checkpoint()
        return read_letter(raw, self._own[mailbox])


def away() -> Transient:
    return Transient("the server is away", scope=Scope.MAILBOX)
