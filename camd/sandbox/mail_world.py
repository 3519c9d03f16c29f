"""A mail server for this machine alone, whose recipients take, put off, refuse and return mails by seed.

Every message that it accepts lies in a maildir before its sender is told so; what lies there is the judge of what was
sent, and how often. Nothing is ever passed on. Where it cannot store a message it answers 452.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from mailbox import Maildir
from pathlib import Path

import anyio

from camd.ports.clock import Clock
from camd.sandbox.arrivals import Arrivals
from camd.sandbox.delivery_report import delivery_report
from camd.sandbox.recipients import Manner, manner_of
from camd.sandbox.smtp_door import HOST, SERVER_NAME, listening

SEED = "clover"
BOUNCE_SECONDS = 8.0
RETURNS_WAITING = 1000
"""So many mails may wait to be returned; the next one that bounces waits for its 250."""


@dataclass(frozen=True, slots=True)
class MailFigures:
    """Since the start; `arrived` and `twice` count the whole maildir, which an earlier start may have begun."""

    accepted: int
    deferred: int
    refused: int
    returned: int
    arrived: int
    twice: int


@dataclass(frozen=True, slots=True)
class _Return:
    due: float
    inbox: Path
    report: bytes


class MailWorld:
    """`inboxes` are the maildirs of senders by address; what bounces comes back there after `bounce_seconds`."""

    def __init__(
        self,
        folder: Path,
        inboxes: Mapping[str, Path],
        clock: Clock,
        *,
        seed: str = SEED,
        bounce_seconds: float = BOUNCE_SECONDS,
    ) -> None:
        self._arrivals = Arrivals(folder)
        for inbox in inboxes.values():
            Maildir(inbox)
        self._inboxes = {address.lower(): inbox for address, inbox in inboxes.items()}
        self._clock = clock
        self._seed = seed
        self._bounce_seconds = bounce_seconds
        self._answers: Counter[Manner] = Counter()
        self._greylisted: set[str] = set()
        self._writing = anyio.Lock()  # a maildir counts its names for one writer at a time
        self._returns, self._returning = anyio.create_memory_object_stream[_Return](RETURNS_WAITING)

    @asynccontextmanager
    async def serving(self, host: str = HOST) -> AsyncIterator[int]:
        """Listens until the block ends, and gives the port that the system chose. Raises `Invalid` for a host that
        is not this machine's own."""
        async with self._returns, self._returning, listening(self, host) as port, anyio.create_task_group() as tasks:
            tasks.start_soon(self._give_back)
            yield port
            tasks.cancel_scope.cancel()

    @property
    def figures(self) -> MailFigures:
        answers = self._answers
        return MailFigures(
            accepted=answers[Manner.ACCEPTS],
            deferred=answers[Manner.GREYLISTS],
            refused=answers[Manner.REFUSES],
            returned=answers[Manner.BOUNCES],
            arrived=self._arrivals.total,
            twice=self._arrivals.twice,
        )

    def reply_to_recipient(self, recipient: str) -> str:
        """What RCPT is answered."""
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
        try:
            for recipient in recipients:
                async with self._writing:
                    await anyio.to_thread.run_sync(self._arrivals.keep, sender, recipient, message)
        except OSError:
            return "452 4.3.1 cannot be stored now"
        self._answers[Manner.ACCEPTS] += 1
        for recipient in recipients:
            if manner_of(self._seed, recipient) is Manner.BOUNCES:
                await self._bounce(sender, recipient, message)
        return "250 2.0.0 kept"

    async def _bounce(self, sender: str, recipient: str, message: bytes) -> None:
        inbox = self._inboxes.get(sender.lower())
        if inbox is not None:
            now = self._clock.now()
            report = delivery_report(message, sender=sender, recipient=recipient, server=SERVER_NAME, now=now)
            await self._returns.send(_Return(self._clock.monotonic() + self._bounce_seconds, inbox, report))

    async def _give_back(self) -> None:
        async for each in self._returning:
            await anyio.sleep(max(0.0, each.due - self._clock.monotonic()))
            # A report that cannot be stored is lost, as in the real world, and the next one is given back.
            with suppress(OSError):
                async with self._writing:
                    await anyio.to_thread.run_sync(Maildir(each.inbox).add, each.report)
                self._answers[Manner.BOUNCES] += 1
