"""What is written down outside the database, so that a restored or lost database is noticed and mended.

One line for each handover, suppression and erasure; it holds keyed hashes, never an address. A line is there for good
once `append` returns. Raises `StoreUnavailable` where it cannot be written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from camd.domain.facts import CampaignId
from camd.domain.suppression import SuppressionKind, SuppressionReason


@dataclass(frozen=True, slots=True, order=True)
class JournalMark:
    """How far the journal is: handovers are numbered within a generation, and each recovery begins a new one."""

    generation: int
    number: int


class HandoverOutcomeWord(StrEnum):
    """What became of a handover; `released`: it was not begun after all."""

    SENT = "sent"
    REJECTED = "rejected"
    DEFERRED = "deferred"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class HandoverLine:
    """Written after the mark on_wire is stored and before the message goes out."""

    mark: JournalMark
    at: datetime
    message_id: str
    campaign_id: CampaignId
    step: int
    mailbox: str
    recipient_hash: str


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    at: datetime
    message_id: str
    outcome: HandoverOutcomeWord


@dataclass(frozen=True, slots=True)
class SuppressionLine:
    at: datetime
    kind: SuppressionKind
    hash: str
    reason: SuppressionReason


@dataclass(frozen=True, slots=True)
class UnsuppressionLine:
    """A person took the suppression back."""

    at: datetime
    kind: SuppressionKind
    hash: str


@dataclass(frozen=True, slots=True)
class ErasureLine:
    at: datetime
    address_hash: str


Line = HandoverLine | OutcomeLine | SuppressionLine | UnsuppressionLine | ErasureLine


class Journal(Protocol):
    async def append(self, lines: Sequence[Line]) -> None:
        """Returns when they are on the disk; calls that wait share one fsync."""
        ...

    async def note(self, line: OutcomeLine) -> None:
        """Writes it without waiting for the disk: it helps a recovery and is not needed for one. Where it cannot be
        written it is left out."""
        ...


class JournalBuffer(Protocol):
    """The lines of one unit of work: `Store.write` appends them after its commit and before it answers."""

    def add(self, line: Line) -> None: ...
