"""The journal as text: one line each of a kind letter, its fields and a CRC-32, read back to what a start has to know.

A line that does not check out is passed over and counted; a last line without its end was torn by a crash and is none.
"""

import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import assert_never
from urllib.parse import quote, unquote

from camd.domain.facts import CampaignId
from camd.domain.suppression import SuppressionKind, SuppressionReason
from camd.ports.journal import (
    ErasureLine,
    HandoverLine,
    HandoverOutcomeWord,
    JournalMark,
    Line,
    OutcomeLine,
    SuppressionLine,
    UnsuppressionLine,
)


@dataclass(frozen=True, slots=True)
class StandLine:
    """A start found the database at this mark and everything above in it; the first one begins a generation."""

    mark: JournalMark
    at: datetime


@dataclass(frozen=True, slots=True)
class RestoredLine:
    """A backup takes the database's place: the next start cannot take it for the one that wrote what stands above."""

    at: datetime


Entry = Line | StandLine | RestoredLine


@dataclass(frozen=True, slots=True)
class Recorded:
    """A handover with what became of it; none where nothing was noted after it."""

    line: HandoverLine
    outcome: OutcomeLine | None = None


@dataclass(slots=True)
class Refusals:
    """Who is not to be written to, in its last state: a suppression that was taken back later is none. `erased` has
    the instant of the last erasure of each address."""

    suppressed: dict[tuple[SuppressionKind, str], SuppressionLine] = field(default_factory=dict)
    erased: dict[str, datetime] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.suppressed) + len(self.erased)

    def learn(self, entry: SuppressionLine | UnsuppressionLine | ErasureLine) -> None:
        match entry:
            case SuppressionLine():
                self.suppressed[entry.kind, entry.hash] = entry
            case UnsuppressionLine():
                self.suppressed.pop((entry.kind, entry.hash), None)
            case ErasureLine():
                self.erased[entry.address_hash] = entry.at


@dataclass(slots=True)
class JournalContents:
    """What a journal tells beside a database.

    `handovers` holds those that `read_journal` was asked for, in their order. `recent` are the refusals since the
    last start that the database remembers, `ends_at` the latest instant of a handover or of such a start.
    """

    generations: set[int] = field(default_factory=set)
    highest: JournalMark | None = None
    ends_at: datetime | None = None
    handovers: list[Recorded] = field(default_factory=list)
    refusals: Refusals = field(default_factory=Refusals)
    recent: Refusals = field(default_factory=Refusals)
    has_handovers: bool = False
    restored: bool = False
    damaged: int = 0

    @property
    def tells_nothing(self) -> bool:
        """No handover, refusal or restore was ever written down."""
        return not (self.has_handovers or self.refusals or self.restored)

    def reach(self, mark: JournalMark, at: datetime | None) -> None:
        self.highest = max(self.highest or mark, mark)
        if at is not None:
            self.ends_at = max(self.ends_at or at, at)


def encode(entry: Entry) -> bytes:
    text = " ".join(_fields(entry))
    return f"{text} {zlib.crc32(text.encode()):08x}\n".encode()


def decode(raw: bytes) -> Entry | None:
    """None for a line that does not check out."""
    try:
        text, _, checksum = raw.decode("ascii").removesuffix("\n").rpartition(" ")
        if int(checksum, 16) != zlib.crc32(text.encode()):
            return None
        return _entry(text.split(" "))
    except ValueError:  # no ASCII, no checksum, or a word that this version does not know
        return None


def read_journal(path: Path, *, after: JournalMark, about: Collection[str] = ()) -> JournalContents:
    """Reads all of it, and keeps of the handovers those above the mark `after` and those of the messages `about`.

    Raises OSError; a file that is missing tells nothing."""
    contents = JournalContents()
    places: dict[str, int] = {}
    for entry in _entries(path):
        match entry:
            case None:
                contents.damaged += 1
            case HandoverLine():
                contents.has_handovers = True
                contents.reach(entry.mark, entry.at)
                places.pop(entry.message_id, None)
                if entry.mark > after or entry.message_id in about:
                    places[entry.message_id] = len(contents.handovers)
                    contents.handovers.append(Recorded(entry))
            case OutcomeLine():
                if (place := places.get(entry.message_id)) is not None:
                    contents.handovers[place] = Recorded(contents.handovers[place].line, entry)
            case StandLine():
                contents.generations.add(entry.mark.generation)
                contents.reach(entry.mark, entry.at if entry.mark <= after else None)
                if entry.mark <= after:
                    contents.recent, contents.restored = Refusals(), False
            case RestoredLine():
                contents.restored = True
            case SuppressionLine() | UnsuppressionLine() | ErasureLine():
                contents.refusals.learn(entry)
                contents.recent.learn(entry)
            case never:
                assert_never(never)
    return contents


def _entries(path: Path) -> Iterator[Entry | None]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        for raw in file:
            if raw.endswith(b"\n"):
                yield decode(raw)


def _fields(entry: Entry) -> tuple[str, ...]:
    match entry:
        case HandoverLine(mark, at, message_id, campaign_id, step, mailbox, recipient_hash):
            where = (str(campaign_id), str(step), _word(mailbox), recipient_hash)
            return ("H", *_mark(mark), at.isoformat(), _word(message_id), *where)
        case OutcomeLine(at, message_id, outcome):
            return ("O", at.isoformat(), _word(message_id), outcome)
        case SuppressionLine(at, kind, hash_, reason):
            return ("S", at.isoformat(), kind, hash_, reason)
        case UnsuppressionLine(at, kind, hash_):
            return ("U", at.isoformat(), kind, hash_)
        case ErasureLine(at, address_hash):
            return ("E", at.isoformat(), address_hash)
        case StandLine(mark, at):
            return ("G", *_mark(mark), at.isoformat())
        case RestoredLine(at):
            return ("R", at.isoformat())
        case never:
            assert_never(never)


def _word(text: str) -> str:
    """Without spaces; the sign that every Message-ID has is left as it is, which takes a tenth of the time."""
    return quote(text, safe="@")


def _mark(mark: JournalMark) -> tuple[str, str]:
    return str(mark.generation), str(mark.number)


def _entry(fields: list[str]) -> Entry:
    match fields:
        case ["H", generation, number, at, message_id, campaign_id, step, mailbox, recipient_hash]:
            return HandoverLine(
                JournalMark(int(generation), int(number)),
                datetime.fromisoformat(at),
                unquote(message_id),
                CampaignId(int(campaign_id)),
                int(step),
                unquote(mailbox),
                recipient_hash,
            )
        case ["O", at, message_id, outcome]:
            return OutcomeLine(datetime.fromisoformat(at), unquote(message_id), HandoverOutcomeWord(outcome))
        case ["S", at, kind, hash_, reason]:
            return SuppressionLine(datetime.fromisoformat(at), SuppressionKind(kind), hash_, SuppressionReason(reason))
        case ["U", at, kind, hash_]:
            return UnsuppressionLine(datetime.fromisoformat(at), SuppressionKind(kind), hash_)
        case ["E", at, address_hash]:
            return ErasureLine(datetime.fromisoformat(at), address_hash)
        case ["G", generation, number, at]:
            return StandLine(JournalMark(int(generation), int(number)), datetime.fromisoformat(at))
        case ["R", at]:
            return RestoredLine(datetime.fromisoformat(at))
        case _:
            raise ValueError(f"no line of a journal begins with {fields[0]!r}")
