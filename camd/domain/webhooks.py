"""The law of outgoing webhooks: which events an endpoint gets, what an answer means, and when it is tried again.

An endpoint that fails is never given up by itself: it is paused, keeps its events for a while and is tried with the
oldest of them. Arithmetic only; nothing here raises on what a receiver says.
"""

import base64
import binascii
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from camd.domain.events import EventType
from camd.domain.retry import backoff
from camd.domain.token_bucket import RateBucket

Flavour = Literal["standard", "make", "slack"]

EVERY_EVENT = "*"
_TOLD_BY_DEFAULT = frozenset(
    {
        EventType.LEAD_REPLIED,
        EventType.LEAD_QUALIFIED,
        EventType.LEAD_WON,
        EventType.LEAD_LOST,
        EventType.CAMPAIGN_PAUSED,
        EventType.CAMPAIGN_COMPLETED,
        EventType.GOAL_REACHED,
    }
)

_SLOTS = tuple(
    timedelta(seconds=seconds)
    for seconds in (0, 5, 300, 1800, 7200, 18_000, 36_000, 64_800, 104_400, 151_200, 205_200, 259_200)
)
"""Where the slot of each attempt ends, from the first attempt on; that of the attempt before is where it begins."""
ATTEMPTS = len(_SLOTS)
TRIED_FOR = _SLOTS[-1]

IN_A_ROW = 5
"""So many failures in a row, of whichever events, and the endpoint rests between two attempts."""
_FIRST_REST = timedelta(seconds=1)
_LONGEST_REST = timedelta(minutes=5)

_PROBED_OFTEN = timedelta(minutes=30)
_PROBED_OFTEN_FOR = timedelta(hours=24)
_PROBED_SELDOM = timedelta(hours=6)
KEPT_WHILE_PAUSED = timedelta(days=7)

THROTTLED = timedelta(seconds=10)
"""What an endpoint that says "too many" and not for how long is left alone for."""
SLOW_FOR = timedelta(minutes=1)
"""How long it gets half of its rate afterwards."""

RATES: Mapping[Flavour, RateBucket] = MappingProxyType(
    {
        # A tenth of what Make takes (300 in 10 s): several programs may share one webhook.
        "make": RateBucket(5, timedelta(seconds=1), burst=20),
        "slack": RateBucket(1, timedelta(seconds=1), burst=5),
        "standard": RateBucket(200, timedelta(seconds=1), burst=200),
    }
)

_SECRET_PREFIX = "whsec_"  # noqa: S105 - how a secret begins, none itself
_KEY_BYTES = range(24, 65)


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class PauseReason(StrEnum):
    """`gone`: it answers 410, as Make does while a scenario is off. `refused`: 401 or 403. `failing`: for 72 hours."""

    GONE = "gone"
    REFUSED = "refused"
    FAILING = "failing"


class Verdict(StrEnum):
    """What an attempt came to. `rejected`: this event will never be taken; the others are about the endpoint."""

    DELIVERED = "delivered"
    FAILED = "failed"
    THROTTLED = "throttled"
    GONE = "gone"
    REFUSED = "refused"
    REJECTED = "rejected"


def subscribed(events: Sequence[str]) -> frozenset[EventType]:
    """The events that an endpoint gets: those it names, all for `*`; where it names none, what a person would want to
    hear of, whatever its flavour: a section that was copied must not send everything to somewhere new."""
    if EVERY_EVENT in events:
        return frozenset(EventType)
    if not events:
        return _TOLD_BY_DEFAULT
    return frozenset(EventType(name) for name in events)


def judged(flavour: Flavour, status: int, body: str) -> Verdict:
    """What an answer means. Redirects are failures; of a Make webhook every 400 but a full queue is for good (legacy
    text of its vendor), and its 200 `Accepted` says nothing about the scenario behind it.
    """
    match status:
        case _ if 200 <= status < 300:
            return Verdict.DELIVERED
        case 410:
            return Verdict.GONE
        case 401 | 403:
            return Verdict.REFUSED
        case 429:
            return Verdict.THROTTLED
        case 413:
            return Verdict.REJECTED
        case 400 if flavour == "make" and "queue is full" not in body.lower():
            return Verdict.REJECTED
        case _:
            return Verdict.FAILED


def next_attempt(made: int, first_at: datetime, now: datetime, roll: float, wait: timedelta | None) -> datetime | None:
    """When an event of which `made` attempts have failed is tried again; None where it is dead.

    Each attempt lies anywhere in its own slot of the 72 hours (full jitter, `roll` in [0, 1)), so that an outage of two
    days is outlived whatever the dice say; slots that have gone by are left out. `wait` is the receiver's own, which
    may lead beyond the last slot once.
    """
    slot = max(made, bisect_left(_SLOTS, now - first_at) + 1)
    if slot >= ATTEMPTS:
        return None
    begin, end = _SLOTS[slot - 1], _SLOTS[slot]
    at = first_at + begin + (end - begin) * roll
    return max(at, now + (wait or timedelta()))


def rest(failures: int, roll: float) -> timedelta:
    """How long an endpoint is left alone after so many failures in a row."""
    beyond = failures - IN_A_ROW
    return backoff(beyond + 1, _FIRST_REST, _LONGEST_REST, roll) if beyond >= 0 else timedelta()


def next_probe(paused_at: datetime, now: datetime) -> datetime:
    """When a paused endpoint is tried again: every 30 minutes for a day, then every 6 hours."""
    return now + (_PROBED_OFTEN if now < paused_at + _PROBED_OFTEN_FOR else _PROBED_SELDOM)


def slower(rate: RateBucket) -> RateBucket:
    """Half of it, one at a time."""
    return RateBucket(rate.count, rate.period * 2)


def is_signing_secret(secret: str) -> bool:
    """Whether it calls itself a secret of Standard Webhooks."""
    return secret.startswith(_SECRET_PREFIX)


def signing_keys(secret: str) -> tuple[bytes, ...]:
    """The keys of one or more secrets, `whsec_` and base64 each, with spaces between: the new one and, for the time of
    a change, the old one. Raises `ValueError` for what is none; its message repeats nothing.
    """
    keys = tuple(_key(word.removeprefix(_SECRET_PREFIX)) for word in secret.split())
    if not keys or any(len(key) not in _KEY_BYTES for key in keys):
        raise ValueError("must be whsec_ and the base64 of 24 to 64 random bytes")
    return keys


def _key(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
