"""Which mailboxes hear. Until a mailbox's inbox was read to its end lately no follow-up leaves through it: an answer
may lie there unread.

It is this process's own: a new one is deaf until its first pass, since answers may have come while nothing ran.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from camd.ports.clock import Clock
from camd.ports.settings import MailboxSettings
from camd.telemetry.metrics import Metrics

DEAF_AFTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class _Heard:
    at: datetime
    monotonic: float


class Hearing:
    def __init__(self, mailboxes: Mapping[str, MailboxSettings], clock: Clock, metrics: Metrics) -> None:
        self._mailboxes = mailboxes
        self._clock = clock
        self._metrics = metrics
        self._started = _Heard(clock.now(), clock.monotonic())
        self._heard: dict[str, _Heard] = {}
        self._problems: dict[str, str] = {}

    def heard(self, mailbox: str) -> None:
        """Its inbox was read to the end just now."""
        self._heard[mailbox] = _Heard(self._clock.now(), self._clock.monotonic())
        self._problems.pop(mailbox, None)
        self._metrics.imap_last_success_timestamp_seconds.labels(mailbox).set(self._heard[mailbox].at.timestamp())

    def failed(self, mailbox: str, problem: str) -> None:
        """Its inbox could not be read; `problem` says why and how that is mended."""
        self._problems[mailbox] = problem

    def is_deaf(self, mailbox: str) -> bool:
        """Whether an answer may lie there unread: also before the first pass, and where there is no inbox."""
        heard = self._heard.get(mailbox)
        return heard is None or self._is_long_ago(heard)

    def is_stale(self, mailbox: str) -> bool:
        """Whether it is deaf for longer than a start takes, which somebody has to look at; never without an inbox."""
        box = self._mailboxes.get(mailbox)
        return box is not None and box.has_inbox and self._is_long_ago(self._heard.get(mailbox, self._started))

    def last_heard(self, mailbox: str) -> datetime | None:
        heard = self._heard.get(mailbox)
        return heard.at if heard else None

    def problem(self, mailbox: str) -> str | None:
        """Why it could not be read last; none since it could."""
        return self._problems.get(mailbox)

    def _is_long_ago(self, heard: _Heard) -> bool:
        # A machine that slept tells by its wall clock alone, one whose wall clock was set by the other one.
        longest = DEAF_AFTER.total_seconds()
        wall = abs((self._clock.now() - heard.at).total_seconds())
        return max(wall, self._clock.monotonic() - heard.monotonic) > longest
