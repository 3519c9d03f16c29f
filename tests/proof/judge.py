"""What the mail server recorded, held against what the database says: every broken promise is one line to read.

The server's file decides what was sent; the database's own tables are only asked what they say about it.
"""

import json
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from camd.domain.lead import HoldReason
from camd.ports.records import TouchStatus

PATIENCE_SECONDS = 60.0
"""After which a server that says nothing has failed the test."""
HANDED_OVER = frozenset({TouchStatus.SENT, TouchStatus.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Mail:
    """One message that the server took, in the order of `sequence`."""

    sequence: int
    seconds: float
    recipient: str
    message_id: str
    step: int


@dataclass(frozen=True, slots=True)
class TouchRow:
    recipient: str
    step: int
    status: TouchStatus
    message_id: str | None
    reason: str | None
    mailbox: str | None


@dataclass(frozen=True, slots=True)
class LeadRow:
    recipient: str
    status: str
    holds: tuple[HoldReason, ...]


@dataclass(frozen=True, slots=True)
class Books:
    """What the database says at the end. `debits` are the net ones of all campaigns; `broken` are its own laws."""

    leads: tuple[LeadRow, ...]
    touches: tuple[TouchRow, ...]
    debits: int
    broken: tuple[str, ...]

    def count(self, status: TouchStatus) -> int:
        return sum(touch.status is status for touch in self.touches)

    def touch(self, recipient: str, step: int = 1) -> TouchRow:
        return next(touch for touch in self.touches if (touch.recipient, touch.step) == (recipient, step))

    def holds(self, recipient: str) -> tuple[HoldReason, ...]:
        return next(lead.holds for lead in self.leads if lead.recipient == recipient)


class Sink:
    """The mail server's process, as the test sees it."""

    def __init__(self, port: int, record: Path) -> None:
        self.port = port
        self._record = record
        self._seen = 0

    def mails(self) -> list[Mail]:
        """All that it took since `forget`, once nobody is connected any more."""
        self.ask("XIDLE")
        return self.mails_now()

    def mails_now(self) -> list[Mail]:
        lines = self._record.read_text().splitlines() if self._record.exists() else []
        return [Mail(**json.loads(line)) for line in lines[self._seen :]]

    def forget(self) -> None:
        """What it took until now belongs to another test."""
        self._seen += len(self.mails())

    def wait_for(self, mails: int) -> None:
        """Until so many are recorded since `forget`."""
        self.ask(f"XWAIT {self._seen + mails}")

    def wait_for_name(self, recipient: str) -> None:
        """Until a client named this recipient."""
        self.ask(f"XRCPT {recipient}")

    def ask(self, command: str) -> None:
        connected = socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS)
        with connected, connected.makefile("rb") as answers:
            answers.readline()
            connected.sendall(command.encode() + b"\r\n")
            answer = answers.readline()
            assert answer.startswith(b"250"), f"{command}: {answer!r}"


@contextmanager
def sink(folder: Path, script: Mapping[str, str] | None = None, name: str = "mails") -> Iterator[Sink]:
    """Behaves by `script`, see `sink.py`."""
    record = folder / f"{name}.jsonl"
    command = [sys.executable, "-S", str(Path(__file__).with_name("sink.py")), str(record), json.dumps(script or {})]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield Sink(int(process.stdout.readline()), record)
        finally:
            process.kill()


def duplicates(mails: list[Mail]) -> list[str]:
    ids = Counter(mail.message_id for mail in mails)
    steps = Counter((mail.recipient, mail.step) for mail in mails)
    twice = [f"{message_id} arrived {count} times" for message_id, count in ids.items() if count > 1]
    return twice + [f"step {step} to {to} arrived {count} times" for (to, step), count in steps.items() if count > 1]


def problems(mails: list[Mail], books: Books, *, steps: int) -> list[str]:
    """What is wrong with a campaign of so many steps that came to its end; nothing where all is well."""
    return [*duplicates(mails), *_lies(mails, books), *_lost(books, steps), *books.broken, *_wrong_debits(books)]


def _lies(mails: list[Mail], books: Books) -> Iterator[str]:
    """Where the database says something else of a mail than the server."""
    arrived = {(mail.recipient, mail.step): mail.message_id for mail in mails}
    for touch in books.touches:
        message_id = arrived.pop((touch.recipient, touch.step), None)
        if message_id is None and touch.status is TouchStatus.SENT:
            yield f"{touch} never arrived"
        if message_id is not None and (touch.status not in HANDED_OVER or touch.message_id != message_id):
            yield f"{touch} arrived as {message_id}"
    yield from (f"step {step} to {to} arrived and is not known" for to, step in arrived)


def _lost(books: Books, steps: int) -> Iterator[str]:
    """Each lead is in one status, and got every step, or is held because nobody knows whether one arrived."""
    statuses = Counter(lead.recipient for lead in books.leads)
    yield from (f"{recipient} has {count} statuses" for recipient, count in statuses.items() if count != 1)
    for lead in books.leads:
        reached = [touch.status for touch in books.touches if touch.recipient == lead.recipient]
        is_held = lead.holds == (HoldReason.SEND_UNKNOWN,)
        went_through = reached == [TouchStatus.SENT] * steps and not lead.holds
        stopped = bool(reached) and reached == [TouchStatus.SENT] * (len(reached) - 1) + [TouchStatus.UNKNOWN]
        if not (went_through or (stopped and is_held)):
            yield f"{lead} has the touches {[str(status) for status in reached]}"


def _wrong_debits(books: Books) -> Iterator[str]:
    handed_over = sum(touch.status in HANDED_OVER for touch in books.touches)
    if books.debits != handed_over:
        yield f"{books.debits} debits for {handed_over} mails"
