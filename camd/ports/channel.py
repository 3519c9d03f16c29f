"""How a touch leaves the house: `hand_over` is the only door, and what it answers is all that is known.

A `Failure` that is raised means that nothing was handed over. Of scope `mailbox` (DNS, connect, TLS, log-in, MAIL
FROM, a connection lost before the message itself was begun), the message has to do with none of it; of scope `item`,
this message or recipient cannot be handed over as it is.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

OnWire = Callable[[], Awaitable[None]]
"""The second durable mark: returns once it is safe to hand over. Raises `Withdrawn` where something changed."""


class Withdrawn(Exception):
    """What a person or an answer changed since the intent wins: nothing may be handed over."""


class Stage(StrEnum):
    """The command that a reply answered."""

    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"


@dataclass(frozen=True, slots=True)
class Handover:
    """One message to one person. `body` is plain text with LF; `references` are the thread's Message-IDs, oldest
    first; `opt_out_url` is the https address that opts the person out, where there is one."""

    mailbox: str
    recipient: str
    message_id: str
    subject: str
    body: str
    references: tuple[str, ...] = ()
    opt_out_url: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The receiver's server has it; `passed_on_as` is the Message-ID that it gave the message instead of ours."""

    reply: str
    passed_on_as: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A definite reply against this message or recipient: `code` is 4xx or 5xx, `enhanced` an RFC 3463 code."""

    stage: Stage
    code: int
    enhanced: str | None
    reply: str

    @property
    def for_now(self) -> bool:
        """4xx: certainly not accepted, and it may be tried again."""
        return 400 <= self.code < 500


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been accepted: the connection was lost after the mark. Never handed over again by itself."""

    why: str


HandoverOutcome = Accepted | Refused | Unknown


class Channel(Protocol):
    """One way to reach a person, `email` for instance."""

    @property
    def name(self) -> str: ...

    async def hand_over(self, handover: Handover, on_wire: OnWire) -> HandoverOutcome:
        """Calls `on_wire` once, immediately before the message itself goes out; what it raises comes out, and
        nothing was handed over. Cancelled after that, the message may have been accepted."""
        ...


class MailDoor(Channel, Protocol):
    """The channel `email`, which can also be tried without a message."""

    async def log_in(self, mailbox: str) -> None:
        """Connects and logs in as a handover would, and sends nothing. Raises `Failure` of scope `mailbox`."""
        ...
