"""A message of the corpus with what it must be read as."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from camd.domain.inbound import BounceKind, InboundClass
from camd.mail.parsed import Own
from camd.ports.inbox import RawMessage

OUR_ADDRESS = "sales@us.example"
OUR_ID = "7hq2m0zt4kfx1v9c.20260309@us.example"
"""The Message-ID of the mail that everybody answers."""
OWN = Own(address_keys=frozenset({OUR_ADDRESS}), timezone="Europe/Berlin")
ARRIVED_AT = datetime(2026, 3, 10, 10, 0, tzinfo=UTC)
"""A Tuesday; our mail went out on the Monday before at 09:14 of Berlin."""


@dataclass(frozen=True, slots=True)
class Bounced:
    """What a report must tell. A code of none is not looked at, and neither is an id that the message does not name."""

    recipient: str | None
    kind: BounceKind | None
    code: str | None = None
    message_id: str | None = OUR_ID


@dataclass(frozen=True, slots=True)
class Case:
    """`kinds` are the classes it may get, the plain one first. `until` is the day that a note of absence states, as it
    states it.

    `is_open`: two careful people would not agree, so any doubtful reading as a person's is right as well.
    `may_be_unreadable`: a limit may keep it from being read at all.
    """

    name: str
    content: bytes
    kinds: tuple[InboundClass, ...]
    until: date | None = None
    has_left: bool = False
    bounced: Bounced | None = None
    is_open: bool = False
    may_be_unreadable: bool = False
    size_bytes: int | None = None

    @property
    def raw(self) -> RawMessage:
        return RawMessage(self.content, self.size_bytes or len(self.content), ARRIVED_AT)
