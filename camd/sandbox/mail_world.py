"""A mail server for this machine alone, whose recipients take, put off, refuse and return mails by seed, and answer.

Every message that it accepts lies in a maildir before its sender is told so; what lies there is the judge of what was
sent, and how often. Nothing is ever passed on. Where it cannot store a message it answers 452.
"""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio

from camd.sandbox.arrivals import Arrivals, make_maildir
from camd.sandbox.correspondents import Correspondents
from camd.sandbox.recipients import SEED, Manner, manner_of
from camd.sandbox.smtp_door import HOST, listening


@dataclass(frozen=True, slots=True)
class MailFigures:
    """Since the start; `arrived` and `twice` count the whole maildir, which an earlier start may have begun. `written`
    are the letters that came back but for the `returned` mails, `pressed` the opt-outs on the page."""

    accepted: int
    deferred: int
    refused: int
    returned: int
    written: int
    pressed: int
    arrived: int
    twice: int


class MailWorld:
    """`operator` is the one real address here: what is sent to it lies in `notices`, and is no mail to anybody."""

    def __init__(
        self, folder: Path, correspondents: Correspondents, *, operator: str, notices: Path, seed: str = SEED
    ) -> None:
        self._arrivals = Arrivals(folder)
        self._correspondents = correspondents
        self._operator = operator
        self._notices = make_maildir(notices)
        self._seed = seed
        self._answers: Counter[Manner] = Counter()
        self._greylisted: set[str] = set()
        self._writing = anyio.Lock()  # a maildir counts its names for one writer at a time

    @asynccontextmanager
    async def serving(self, host: str = HOST) -> AsyncIterator[int]:
        """Listens until the block ends, and gives the port that the system chose. Raises `Invalid` for a host that
        is not this machine's own."""
        async with listening(self, host) as port, anyio.create_task_group() as tasks:
            tasks.start_soon(self._correspondents.run)
            yield port
            tasks.cancel_scope.cancel()

    @property
    def figures(self) -> MailFigures:
        answers, correspondents = self._answers, self._correspondents
        return MailFigures(
            accepted=answers[Manner.ACCEPTS],
            deferred=answers[Manner.GREYLISTS],
            refused=answers[Manner.REFUSES],
            returned=correspondents.returned,
            written=correspondents.written,
            pressed=correspondents.pressed,
            arrived=self._arrivals.total,
            twice=self._arrivals.twice,
        )

    def reply_to_recipient(self, recipient: str) -> str:
        """What RCPT is answered."""
        if recipient == self._operator:
            return "250 2.1.5 OK"
        manner = manner_of(self._seed, recipient)
        if manner is Manner.REFUSES:
            self._answers[manner] += 1
            return "550 5.1.1 no such user here"
        if manner is Manner.GREYLISTS and recipient.lower() not in self._greylisted:
            self._greylisted.add(recipient.lower())
            self._answers[manner] += 1
            return "450 4.2.0 greylisted, come again later"
        return "250 2.1.5 OK"

    async def reply_to_message(self, sender: str, recipients: Sequence[str], message: bytes) -> str:
        """What the final dot is answered, once the message is kept."""
        people = [recipient for recipient in recipients if recipient != self._operator]
        try:
            async with self._writing:
                for recipient in people:
                    await anyio.to_thread.run_sync(self._arrivals.keep, sender, recipient, message)
                if len(people) < len(recipients):
                    await anyio.to_thread.run_sync(self._notices.add, message)
        except OSError:
            return "452 4.3.1 cannot be stored now"
        self._answers[Manner.ACCEPTS] += bool(people)
        for recipient in people:
            self._correspondents.receive(sender, recipient, message)
        return "250 2.0.0 kept"
