"""A message becomes a letter: named, taken apart, classified, and freed of what it quotes.

`read_letter` is pure and answers whatever it is given. `ProcessReader` runs it where a hostile message can neither stop
the loop nor take the daemon's memory.
"""

import re
import signal
import weakref
from collections.abc import Mapping

import anyio
from anyio.to_thread import run_sync

from camd.domain.contact import parse_address
from camd.mail.classify import classify
from camd.mail.identity import identity_of
from camd.mail.parse import CannotParse, parse
from camd.mail.parsed import Own
from camd.mail.quotes import own_words
from camd.mail.reading_process import CPU_SECONDS, MEMORY_BYTES, Died, ReadingProcess
from camd.ports.clock import Clock
from camd.ports.inbox import Letter, RawMessage, Unreadable
from camd.ports.settings import MailboxSettings

MOST_PROCESSES = 2
PATIENCE_SECONDS = 30.0
"""With a process that answers nothing. Its own limit counts processing, so that a busy machine condemns no letter."""
KEPT_UP_TO_BYTES = 1_000_000
"""After a larger message the process is ended: what it took, it might not give back."""

TOO_LONG = f"it needs more than {CPU_SECONDS:.0f} s"
TOO_LARGE = f"it needs more than {MEMORY_BYTES // 1_000_000} MB"
DEADLY = "its reader dies of it"

_TRIES = 2
"""A process may have died before it was asked."""
# RFC 5322, 3.6.5, and what programs of other languages write instead of `Re:`.
_ANSWERS = re.compile(
    r"(?:\[[^\]]{1,40}\]\s*){0,3}(?:re|aw|antw|antwort|sv|vs|odp|res|rif|r|ref|回复|返信)\s?(?:\[\d{1,3}\])?\s?[:：]",  # noqa: RUF001
    re.IGNORECASE,
)


def read_letter(raw: RawMessage, own: Own) -> Letter | Unreadable:
    identity = identity_of(raw)
    try:
        mail = parse(raw)
        words = own_words(mail.text)
        return Letter(
            identity=identity,
            arrived_at=raw.arrived_at,
            message_id=mail.message_id,
            sender=mail.sender,
            sender_name=mail.sender_name,
            recipients=mail.recipients,
            thread=mail.thread,
            is_reply=bool(mail.thread) or _ANSWERS.match(mail.subject) is not None,
            subject=mail.subject,
            text=words,
            reading=classify(mail, own, words),
        )
    except CannotParse as error:
        why = str(error)
    except MemoryError:
        why = TOO_LARGE
    except Exception as error:  # noqa: BLE001 - a message that finds a bug is kept and counted; the inbox goes on
        why = f"no rule reads it ({type(error).__name__})"
    return Unreadable(identity, raw.arrived_at, why)


class ProcessReader:
    """Implements `ports.inbox.LetterReader` with at most two processes, which wait for the next message.

    One that dies or takes too long is replaced. `close` ends those that wait; so does the end of the reader.
    """

    def __init__(self, mailboxes: Mapping[str, MailboxSettings], clock: Clock) -> None:
        keys = frozenset(parse_address(mailbox.address).key for mailbox in mailboxes.values())
        self._own = {name: Own(keys, mailbox.timezone) for name, mailbox in mailboxes.items()}
        self._clock = clock
        self._limiter = anyio.CapacityLimiter(MOST_PROCESSES)
        self._waiting: list[ReadingProcess] = []
        weakref.finalize(self, _end, self._waiting)

    async def read(self, raw: RawMessage, mailbox: str) -> Letter | Unreadable:
        own = self._own[mailbox]
        with self._clock.real_work():
            async with self._limiter:
                why = DEADLY
                for _ in range(_TRIES):
                    try:
                        return await self._ask(raw, own)
                    except Died as death:
                        if death.signal == signal.SIGPROF:
                            why = TOO_LONG
                            break
                    except TimeoutError:
                        why = TOO_LONG
                        break
                return Unreadable(await run_sync(identity_of, raw), raw.arrived_at, why)

    def close(self) -> None:
        _end(self._waiting)

    async def _ask(self, raw: RawMessage, own: Own) -> Letter | Unreadable:
        """Raises `Died` or `TimeoutError`; then, as when it is cancelled, the process is gone."""
        process = self._waiting.pop() if self._waiting else ReadingProcess()
        is_fit = False
        try:
            with anyio.fail_after(PATIENCE_SECONDS):
                answer = await run_sync(process.ask, raw, own, abandon_on_cancel=True)
            is_fit = len(raw.content) <= KEPT_UP_TO_BYTES
        finally:
            if is_fit:
                self._waiting.append(process)
            else:
                with anyio.CancelScope(shield=True):
                    await run_sync(process.close)
        return answer


def _end(processes: list[ReadingProcess]) -> None:
    while processes:
        processes.pop().close()
