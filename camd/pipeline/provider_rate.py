"""How many calls a provider may be sent now: every limit that it has, checked and taken in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from camd.domain.token_bucket import NotBefore, RateBucket
from camd.domain.waterfall import Operation
from camd.ports.providers import RateLimit
from camd.ports.store import Tx


@dataclass(frozen=True, slots=True)
class Room:
    """So many calls may be sent now; the next one may be asked for at `not_before`."""

    calls: int
    not_before: datetime


def room(tx: Tx, provider: str, operation: Operation, limits: Sequence[RateLimit], wanted: int, now: datetime) -> Room:
    """What `take_calls` would give. Takes nothing."""
    calls, not_before = wanted, now
    for name, bucket in _buckets(provider, operation, limits):
        tat = tx.quotas.bucket(name)
        calls = min(calls, bucket.room(tat, now))
        match bucket.take(tat, now):
            case NotBefore(at):
                not_before = max(not_before, at)
    return Room(calls, not_before)


def take_calls(
    tx: Tx, provider: str, operation: Operation, limits: Sequence[RateLimit], wanted: int, now: datetime
) -> Room:
    """Up to `wanted` calls, debited from every limit; `not_before` is when there is room for another one."""
    given = room(tx, provider, operation, limits, wanted, now).calls
    if given:
        for name, bucket in _buckets(provider, operation, limits):
            taken = bucket.take(tx.quotas.bucket(name), now, given)
            assert not isinstance(taken, NotBefore), "there was room for it"
            tx.quotas.set_bucket(name, taken.tat)
    return Room(given, room(tx, provider, operation, limits, 1, now).not_before)


def _buckets(provider: str, operation: Operation, limits: Sequence[RateLimit]) -> list[tuple[str, RateBucket]]:
    """One for each limit, known by its place: its figures may change and what was taken stays taken."""
    return [
        (f"provider:{provider}:{operation}:{place}", RateBucket(limit.count, limit.period, limit.burst))
        for place, limit in enumerate(limits)
    ]
