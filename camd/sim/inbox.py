"""Mail that comes in from nowhere: inboxes that keep the contract in memory, and a reader that reads at once."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.message import EmailMessage
from itertools import accumulate

import anyio

from camd.domain.contact import parse_address
from camd.domain.errors import Failure, Misconfigured, Scope, Transient
from camd.mail.folders import Listed, choose
from camd.mail.parsed import Own
from camd.mail.reading import read_letter
from camd.ports.clock import Clock
from camd.ports.inbox import (
    HEAD_BYTES,
    MESSAGE_BYTES,
    Batch,
    Folder,
    FolderRole,
    InboxSession,
    Letter,
    RawMessage,
    Unreadable,
)
from camd.ports.settings import MailboxSettings

INBOX = Folder("INBOX", FolderRole.ANSWERS)
ARCHIVE = Folder("Archive", FolderRole.ANSWERS)
TRASH = Folder("Trash", FolderRole.ANSWERS)
SENT = Folder("Sent", FolderRole.SENT)
_FOLDERS = ("INBOX", "Archive", "Junk", "Trash", "Sent", "Clients")
_BATCH_BYTES = 10_000_000


@dataclass(slots=True)
class _Mailbox:
    """None stands where a message was before it was moved: numbers are never used twice. `changes` counts what
    happened, so that a wait knows whether it has missed any of it."""

    settings: MailboxSettings
    folders: dict[str, list[RawMessage | None]] = field(default_factory=lambda: {name: [] for name in _FOLDERS})
    validity: int = 1
    changes: int = 0
    changed: anyio.Event = field(default_factory=anyio.Event)


class MemoryInboxes:
    """Implements `ports.inbox.InboxDoor` for the mailboxes that have an inbox. `trouble` fails a mailbox by name, at
    once and on its open connection."""

    def __init__(self, mailboxes: Mapping[str, MailboxSettings], clock: Clock) -> None:
        self._clock = clock
        self.mailboxes = {name: _Mailbox(box) for name, box in mailboxes.items() if box.has_inbox}
        self.trouble: dict[str, Failure] = {}

    def deliver(
        self,
        mailbox: str,
        message: EmailMessage | bytes,
        folder: Folder = INBOX,
        arrived_at: datetime | None = None,
    ) -> RawMessage:
        content = message if isinstance(message, bytes) else message.as_bytes()
        raw = RawMessage(content, len(content), arrived_at or self._clock.now())
        self.mailboxes[mailbox].folders[folder.name].append(raw)
        self.wake(mailbox)
        return raw

    def move(self, mailbox: str, raw: RawMessage, source: Folder, target: Folder) -> None:
        """As a person does who archives or deletes."""
        self.remove(mailbox, raw, source)
        self.mailboxes[mailbox].folders[target.name].append(raw)

    def remove(self, mailbox: str, raw: RawMessage, source: Folder) -> None:
        messages = self.mailboxes[mailbox].folders[source.name]
        messages[messages.index(raw)] = None
        self.wake(mailbox)

    def renumber(self, mailbox: str) -> None:
        """The server gives its folders another UIDVALIDITY."""
        self.mailboxes[mailbox].validity += 1
        self.wake(mailbox)

    def wake(self, mailbox: str) -> None:
        box = self.mailboxes[mailbox]
        box.changes += 1
        box.changed.set()
        box.changed = anyio.Event()

    def open(self, mailbox: str) -> AbstractAsyncContextManager[InboxSession]:
        return self._open(mailbox)

    @asynccontextmanager
    async def _open(self, mailbox: str) -> AsyncIterator[InboxSession]:
        await anyio.lowlevel.checkpoint()
        if mailbox not in self.mailboxes:
            raise Misconfigured(f"there is no inbox under [mailboxes.{mailbox}]", scope=Scope.MAILBOX)
        yield _Session(self, mailbox, self.mailboxes[mailbox])

    def fail(self, mailbox: str) -> None:
        if failure := self.trouble.get(mailbox):
            raise failure


class _Session:
    def __init__(self, door: MemoryInboxes, name: str, box: _Mailbox) -> None:
        self._door = door
        self._name = name
        self._box = box
        self._seen = box.changes

    async def folders(self) -> Sequence[Folder]:
        await anyio.lowlevel.checkpoint()
        self._door.fail(self._name)
        self._seen = self._box.changes
        return choose([Listed(name) for name in self._box.folders], self._box.settings)

    async def read(self, folder: Folder, position: str | None, since: datetime, limit: int) -> Batch:
        """A position is validity, number and the number up to which messages older than `since` are left out."""
        await anyio.lowlevel.checkpoint()
        self._door.fail(self._name)
        messages = self._box.folders[folder.name]
        validity, number, old_until = self._box.validity, 0, len(messages)
        if position and position.startswith(f"{validity}:"):
            _, number, old_until = map(int, position.split(":"))
        found = [
            (f"{validity}:{place}:{old_until}", _cut(raw))
            for place, raw in enumerate(messages[number:], number + 1)
            if raw is not None and (place > old_until or raw.arrived_at >= since)
        ]
        some = found[: _fitting(found, limit)]
        is_last = len(some) == len(found)
        return Batch(some, f"{validity}:{len(messages)}:{old_until}" if is_last else some[-1][0], is_last)

    async def wait(self, seconds: float) -> None:
        if self._seen == self._box.changes:
            with anyio.move_on_after(seconds):
                await self._box.changed.wait()
        self._door.fail(self._name)


def _cut(raw: RawMessage) -> RawMessage:
    return raw if raw.size_bytes <= MESSAGE_BYTES else replace(raw, content=raw.content[:HEAD_BYTES])


def _fitting(found: Sequence[tuple[str, RawMessage]], limit: int) -> int:
    """How many make a batch: at least one, and no more than memory holds."""
    sizes = accumulate(len(raw.content) for _, raw in found[:limit])
    return max(1, sum(size <= _BATCH_BYTES for size in sizes))


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
