"""How long to wait before trying again, and when to stop trying: arithmetic only, the caller brings the dice.

Nothing here raises on what a server or a clock says; a hint that cannot be understood counts as not given.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

RETRY_AFTER_MIN = timedelta(seconds=1)
RETRY_AFTER_MAX = timedelta(hours=24)

COMMON_CAUSE_CRASHES = 5
COMMON_CAUSE_SHARE = 5  # one campaign in five, that is 20 %

DEFERRALS = tuple(timedelta(minutes=minutes) for minutes in (6, 20, 60, 3 * 60, 6 * 60, 12 * 60))
"""How long a mail rests after each time that a server put it off; the last one repeats."""
DEFERRED_AT_MOST = timedelta(hours=48)

_SECONDS = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")
_MAX_DOUBLINGS = 100  # past the longest timedelta whatever the base


def backoff(attempt: int, base: timedelta, cap: timedelta, roll: float) -> timedelta:
    """Exponential backoff with full jitter: anything from nothing up to min(cap, base x 2^(attempt - 1)).

    `attempt` counts the failures so far, from 1; `roll` is in [0, 1).
    """
    doublings = min(attempt - 1, _MAX_DOUBLINGS)
    ceiling = cap if 2**doublings >= cap / base else base * 2**doublings
    return ceiling * roll


def clamp_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """A Retry-After header (RFC 9110, 10.2.3: seconds or an HTTP date) within [1 s, 24 h].

    None where the header is missing or is neither; a negative or past one is the least wait, not none.
    """
    if value is None:
        return None
    seconds = _seconds(value.strip(), now)
    if seconds is None:
        return None
    least, most = RETRY_AFTER_MIN.total_seconds(), RETRY_AFTER_MAX.total_seconds()
    return timedelta(seconds=min(max(seconds, least), most))


def _seconds(text: str, now: datetime) -> float | None:
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # The zone "-0000" is read as a naive time.
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (aware - now).total_seconds()


def deferred_until(attempt: int, first_at: datetime, now: datetime) -> datetime | None:
    """When a mail that was put off for the `attempt`-th time, from 1, is tried again: the last time 48 hours after
    the first attempt. None where that time is over."""
    end = first_at + DEFERRED_AT_MOST
    wait = DEFERRALS[min(attempt, len(DEFERRALS)) - 1]
    return min(now + wait, end) if now < end else None


@dataclass(frozen=True, slots=True)
class Restart:
    """Start it again after this long."""

    after: timedelta


@dataclass(frozen=True, slots=True)
class GiveUp:
    """It crashed too often: park it, or escalate."""

    crashes: int


@dataclass(frozen=True, slots=True)
class Intensity:
    """So many restarts within a period; the next crash in it is the last."""

    restarts: int
    period: timedelta

    def delay_before(self, restart_number: int, roll: float) -> timedelta:
        """The wait before a restart, counted from 1: doubling, jittered over its upper half, `roll` in [0, 1).

        All waits of a period sum to about half of it at most, so what crashes at once is given up, not kept going.
        """
        first: timedelta = self.period / (2 * (2**self.restarts - 1))
        return first * (2.0 ** (restart_number - 1) * (0.5 + roll / 2))

    def after_crash(self, crashes: Collection[datetime], now: datetime, roll: float) -> Restart | GiveUp:
        """What to do after the latest of `crashes`, which holds it too; older ones than the period may stay in.

        An instant that a clock set back has left in the future counts.
        """
        recent = sum(at > now - self.period for at in crashes)
        if recent > self.restarts:
            return GiveUp(recent)
        return Restart(self.delay_before(recent, roll))


ACTOR_INTENSITY = Intensity(restarts=5, period=timedelta(minutes=10))
"""Of a campaign's actor, an outbox or an inbox: the sixth crash in ten minutes parks it."""


def is_common_cause(crashed_campaigns_in_last_minute: int, active: int) -> bool:
    """Whether so many campaigns crashed that the fault lies outside them: at least 5, and 20 % of the active."""
    crashed = crashed_campaigns_in_last_minute
    return crashed >= COMMON_CAUSE_CRASHES and crashed * COMMON_CAUSE_SHARE >= active
