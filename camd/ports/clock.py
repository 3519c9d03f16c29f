"""Time, chance and ids as the engine asks for them; `camd.system` has the real ones, `camd.sim` the virtual."""

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """`now` is aware UTC and may jump when the machine's clock is set; `monotonic` counts seconds and never does."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    def real_work(self) -> AbstractContextManager[None]:
        """Wraps every wait for a real thread (store call, worker thread): virtual time stands still inside."""
        ...


class Entropy(Protocol):
    """The dice. `uniform` gives a float in [low, high); `token` gives that many random bytes."""

    def uniform(self, low: float, high: float) -> float: ...

    def token(self, size: int) -> bytes: ...


class IdSource(Protocol):
    """`new("ld")` gives `ld_` and a UUIDv7 in 26 lower-case base-32 letters, sortable by time, never reused."""

    def new(self, prefix: str) -> str: ...
