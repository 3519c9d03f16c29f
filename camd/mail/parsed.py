"""A message taken apart, within limits: what the rules of classification look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import Message


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of the message's tree in its order: `text` is decoded, with LF line ends; empty where it is no text.

    `content_type` is in lower case without parameters; `headers` are the leaf's own.
    """

    content_type: str
    text: str
    headers: Mapping[str, Sequence[str]]
    file_name: str | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """Addresses are bare and as given, ids without angle brackets, headers' names in lower case, their values decoded.

    `text` is the message's plain text, made of its HTML where it has no other, with everything it quotes. `thread` are
    the ids it answers, nearest first. `message` is the tree itself, as deep as the limits allow.
    """

    headers: Mapping[str, Sequence[str]]
    message_id: str | None
    thread: tuple[str, ...]
    sender: str | None
    sender_name: str | None
    recipients: tuple[str, ...]
    subject: str
    content_type: str
    report_type: str | None
    text: str
    parts: tuple[Part, ...]
    arrived_at: datetime
    message: Message

    def header(self, name: str) -> str | None:
        """The first one of that name, in lower case."""
        return next(iter(self.headers.get(name, ())), None)


@dataclass(frozen=True, slots=True)
class Own:
    """Who reads: the mailboxes' own address keys, and the zone in which a bare date of an answer is meant."""

    address_keys: frozenset[str]
    timezone: str
