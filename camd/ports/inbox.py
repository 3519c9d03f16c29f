"""How mail comes in: an inbox is read folder by folder, and a message read becomes a plain value.

Reading changes nothing there: no flag, no folder, no message. Where a folder was read to is a text that only the
adapter understands; the store keeps it in the transaction of what was read.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from camd.domain.inbound import BounceKind, InboundClass

MESSAGE_BYTES = 25_000_000
"""A larger message is read as far as `HEAD_BYTES`."""
HEAD_BYTES = 1_000_000


class FolderRole(StrEnum):
    """What a folder is for. `answers` are all that a person may have put an answer into; only in `sent` is what the
    mailbox itself wrote."""

    ANSWERS = "answers"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Folder:
    name: str
    role: FolderRole


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message as the server has it, or the head of one that is too large. `arrived_at` is when the server took it."""

    content: bytes
    size_bytes: int
    arrived_at: datetime

    @property
    def is_cut(self) -> bool:
        return len(self.content) < self.size_bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages in the order of their arrival, each with the position behind it. `position` lies behind the last of
    them, and `is_last` says that nothing more was there."""

    messages: Sequence[tuple[str, RawMessage]]
    position: str
    is_last: bool


class InboxSession(Protocol):
    """One connection. Every method raises `Transient` of scope `mailbox` where the server is away."""

    async def folders(self) -> Sequence[Folder]: ...

    async def read(self, folder: Folder, position: str | None, since: datetime, limit: int) -> Batch:
        """What arrived after `position`. Without one, or with one that the server no longer knows (UIDVALIDITY, RFC
        9051, 2.3.1.1), what arrived at or after `since`; some of that may have been read before."""
        ...

    async def wait(self, seconds: float) -> None:
        """Returns when something may have arrived in any of the folders, at the latest after `seconds`."""
        ...


class InboxDoor(Protocol):
    """The way to every mailbox's inbox."""

    def open(self, mailbox: str) -> AbstractAsyncContextManager[InboxSession]:
        """Raises `Transient` and, for a refused log-in or certificate, `Misconfigured`, both of scope `mailbox`."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """What a bounce or a complaint says of one recipient. `message_ids` are those of the message it is about, as far
    as it names them; `code` is an RFC 3463 code, `diagnostic` the server's words."""

    recipient: str | None
    kind: BounceKind | None
    code: str | None
    diagnostic: str
    message_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message was taken for, by which rule.

    `evidence` names the rule and the word or code that decided, never an address. `until` is the day that an
    out-of-office note states, as it states it. `has_left`: the person no longer works there. `is_doubtful`: the rules
    do not agree, a person decides.
    """

    kind: InboundClass
    evidence: str
    until: date | None = None
    has_left: bool = False
    is_doubtful: bool = False
    reports: tuple[Report, ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it was read. Ids are without angle brackets.

    `identity` is the same in every folder and after every transport of the same message. `thread` are the ids it
    answers, nearest first. `is_reply`: it says itself that it answers something. `text` is what its author wrote,
    without what was quoted.
    """

    identity: str
    arrived_at: datetime
    message_id: str | None
    sender: str | None
    sender_name: str | None
    recipients: tuple[str, ...]
    thread: tuple[str, ...]
    is_reply: bool
    subject: str
    text: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that no limit lets through or no parser understands; `why` names neither address nor text."""

    identity: str
    arrived_at: datetime
    why: str


class LetterReader(Protocol):
    """Reads messages off the loop, in at most 2 s and 200 MB each; whatever they hold, it answers."""

    async def read(self, raw: RawMessage, mailbox: str) -> Letter | Unreadable: ...
