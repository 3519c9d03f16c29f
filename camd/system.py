"""The real clock, dice and ids: the one place where the machine's time and chance come in."""

import math
import secrets
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime

from camd.ports.clock import Clock, Entropy

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case: no i, l, o, u; its order is that of ASCII, so ids sort as their numbers do."""

_TAIL_BITS = 74  # of a UUIDv7, after 48 bits of milliseconds, 4 of version and 2 of variant
_MILLISECONDS_BITS = 48


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the one real clock

    def monotonic(self) -> float:
        return time.monotonic()  # noqa: TID251 - the one real clock

    def real_work(self) -> AbstractContextManager[None]:
        return nullcontext()


class SystemEntropy:
    """The machine's dice, fit for keys."""

    def __init__(self) -> None:
        self._dice = secrets.SystemRandom()

    def uniform(self, low: float, high: float) -> float:
        return spread(self._dice.random(), low, high)

    def token(self, size: int) -> bytes:
        return secrets.token_bytes(size)


class SystemIds:
    """Ids that strictly increase within the process, whatever the clock does; safe to share between threads.

    RFC 9562, 6.2, method 2: within a millisecond, or while the clock is behind, the random tail counts up by
    random steps and carries into the milliseconds.
    """

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy
        self._lock = threading.Lock()  # guards _last
        self._last = 0  # milliseconds and tail of the newest id as one number

    def new(self, prefix: str) -> str:
        with self._lock:
            self._last = max(self._fresh(), self._last + self._step())
            return sortable_id(prefix, self._last >> _TAIL_BITS, self._last & ((1 << _TAIL_BITS) - 1))

    def _fresh(self) -> int:
        milliseconds = int(self._clock.now().timestamp() * 1000)
        # A tail that starts in its lower half leaves room to count within the millisecond.
        tail = int.from_bytes(self._entropy.token(10)) >> (80 - _TAIL_BITS + 1)
        return milliseconds << _TAIL_BITS | tail

    def _step(self) -> int:
        return 1 + int.from_bytes(self._entropy.token(4))


def sortable_id(prefix: str, milliseconds: int, tail: int) -> str:
    """`prefix`, an underscore, and the UUIDv7 (RFC 9562, 5.7) with 74 bits of `tail` as 26 letters of ALPHABET."""
    assert 0 <= milliseconds < 1 << _MILLISECONDS_BITS
    assert 0 <= tail < 1 << _TAIL_BITS
    number = milliseconds << 80 | 0x7 << 76 | (tail >> 62) << 64 | 0b10 << 62 | tail & ((1 << 62) - 1)
    return f"{prefix}_{''.join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))}"


def spread(fraction: float, low: float, high: float) -> float:
    """A `fraction` in [0, 1) as a float in [low, high), also where rounding would give `high`."""
    assert low < high
    return min(low + (high - low) * fraction, math.nextafter(high, low))
