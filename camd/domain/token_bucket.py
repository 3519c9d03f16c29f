"""The two kinds of quota: a `RateBucket` paces, a `VolumeCap` counts debits in a window.

Both are pure: the caller reads what was taken, asks, and writes the debit in the same transaction. A denial is
an instant before which asking again is useless, never an error. A count that cannot be read denies.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from camd.domain.send_window import day_bounds, local_day, next_day_start

ROLLING_MARGIN = timedelta(minutes=15)
CLOSING_TIME = timedelta(seconds=120)
UNREADABLE_RETRY = timedelta(minutes=1)

RAMP_START = 5
RAMP_STEP = 2

Debit = tuple[datetime, int]
"""When it was debited and how many units; a refund is negative and bears the instant of its debit."""


class QuotaScope(StrEnum):
    """The buckets by the names that reports and metrics use."""

    CAMPAIGN = "campaign"
    MAILBOX_DAY = "mailbox_day"
    MAILBOX_24H = "mailbox_24h"
    MAILBOX_PACE = "mailbox_pace"
    COMPANY_NEW = "company_new"
    COMPANY = "company"
    PERSON = "person"
    INSTANCE = "instance"
    PROVIDER_RATE = "provider_rate"
    PROVIDER_CREDITS = "provider_credits"


@dataclass(frozen=True, slots=True)
class Allowed:
    """There is room."""


@dataclass(frozen=True, slots=True)
class NotBefore:
    """Denied; asking again before this instant is useless, at it there may be room."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """`tat` is to be stored; `before` is what to store instead if this is given back (see `given_back`)."""

    tat: datetime
    before: datetime


@dataclass(frozen=True, slots=True)
class RateBucket:
    """`count` units a `period`, at most `burst` of them at once: a token bucket kept as one timestamp.

    GCRA (ITU-T I.371): `tat`, the theoretical arrival time, is when the bucket is full again; None is full.
    Law: any stretch of the clock of length W holds at most burst + W x count / period grants. A clock set back
    refills nothing and waits until it has caught up; one set forward finds at most the burst, however far it went.
    """

    count: int
    period: timedelta
    burst: int = 1

    @property
    def interval(self) -> timedelta:
        """The time that one unit takes to come back, rounded up to the microsecond."""
        return -(-self.period // self.count)

    def take(
        self, tat: datetime | None, now: datetime, units: int = 1, jitter: timedelta = timedelta()
    ) -> Taken | NotBefore:
        """Takes `units`, or says when there are as many; `jitter` is put off the next unit besides."""
        assert 0 < units <= self.burst, f"{units} units never fit into a burst of {self.burst}"
        before = now if tat is None else max(tat, now)
        ready = before - (self.burst - units) * self.interval
        if now < ready:
            return NotBefore(ready)
        return Taken(before + units * self.interval + jitter, before)

    def room(self, tat: datetime | None, now: datetime) -> int:
        """How many units `take` would give at `now`."""
        if tat is None or tat <= now:
            return self.burst
        return max(self.burst + (now - tat) // self.interval, 0)


def given_back(tat: datetime, taken: Taken) -> datetime:
    """The timestamp to store after a refund: as if `taken` had not been, unless more was taken since."""
    return taken.before if tat == taken.tat else tat


@dataclass(frozen=True, slots=True)
class LocalDay:
    """The local date in an IANA zone, however long it lasts."""

    zone: str

    def day(self, at: datetime) -> date:
        return local_day(at, self.zone)

    def since(self, now: datetime) -> datetime:
        """Debits from here on count, also those that a clock set back has left in the future."""
        return day_bounds(self.day(now), self.zone)[0]


@dataclass(frozen=True, slots=True)
class Rolling:
    """The time just gone, counted 15 minutes longer than `period`."""

    period: timedelta

    @property
    def counted(self) -> timedelta:
        return self.period + ROLLING_MARGIN

    def since(self, now: datetime) -> datetime:
        """Debits from here on count, also those that a clock set back has left in the future."""
        return now - self.counted + timedelta.resolution


CapWindow = LocalDay | Rolling


@dataclass(frozen=True, slots=True)
class VolumeCap:
    """At most `limit` units in each window.

    Law: if every debit is made on `Allowed`, no local day (no rolling stretch) ever holds more than `limit`
    units, however the clock steps: a window that was full stays full when the clock comes back to it.
    """

    scope: QuotaScope
    limit: int
    window: CapWindow

    def check(
        self, used: int | None, now: datetime, units: int = 1, debits: Sequence[Debit] = ()
    ) -> Allowed | NotBefore:
        """Whether `units` fit beside the `used` ones, those debited from `window.since(now)` on; None: not known.

        `debits` are the used ones in any order; only a rolling window asks for them, to say when there is room.
        """
        if used is None:
            return NotBefore(now + UNREADABLE_RETRY)
        if used + units <= self.limit:
            return Allowed()
        if isinstance(self.window, LocalDay):
            return NotBefore(next_day_start(now, self.window.zone))
        return NotBefore(self._room_at(used + units - self.limit, now, debits, self.window))

    def _room_at(self, excess: int, now: datetime, debits: Iterable[Debit], rolling: Rolling) -> datetime:
        for at, amount in sorted(debits):
            excess -= amount
            if excess <= 0:
                return at + rolling.counted
        return now + rolling.counted


def closing(now: datetime, windows: Iterable[CapWindow]) -> Allowed | NotBefore:
    """Denies in the last 120 s of a local day that one of the windows counts: what is begun then ends in the next."""
    for window in windows:
        if isinstance(window, LocalDay):
            start = next_day_start(now, window.zone)
            if start - now <= CLOSING_TIME:
                return NotBefore(start)
    return Allowed()


def day_windows(old: str, new: str, changed_at: datetime, now: datetime) -> tuple[LocalDay, ...]:
    """The windows that count after a zone was changed; all of them have to have room.

    The new zone counts from its next day on, the old one until the next day of both has begun. Count by instants
    (`since`), not by stored dates, so that the new zone finds what was debited under the old one.
    """
    old_ends, new_begins = next_day_start(changed_at, old), next_day_start(changed_at, new)
    if now >= max(old_ends, new_begins):
        return (LocalDay(new),)
    if now >= new_begins:
        return (LocalDay(old), LocalDay(new))
    return (LocalDay(old),)


def ramp_limit(clean_days: int, limit: int) -> int:
    """A mailbox's daily volume while it warms up: 5, and 2 more after each clean day, up to its limit."""
    return min(limit, RAMP_START + RAMP_STEP * clean_days)
