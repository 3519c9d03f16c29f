"""What happens later in the mail world, each when it is due. What is not yet due at the end never happens."""

from collections.abc import Awaitable, Callable
from heapq import heappop, heappush
from itertools import count

import anyio

from camd.ports.clock import Clock

WAITING = 1000
"""A deed more is forgotten: who has so much mail answers nobody."""
Deed = Callable[[], Awaitable[None]]


class Post:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: list[tuple[float, int, Deed]] = []
        self._numbers = count()
        self._added = anyio.Event()

    def add(self, seconds: float, deed: Deed) -> None:
        if len(self._due) < WAITING:
            heappush(self._due, (self._clock.monotonic() + seconds, next(self._numbers), deed))
            self._added.set()

    async def run(self) -> None:
        """One after the other, until cancelled."""
        while True:
            self._added = anyio.Event()
            wait = self._due[0][0] - self._clock.monotonic() if self._due else float("inf")
            if wait <= 0:
                await heappop(self._due)[2]()
                continue
            with anyio.move_on_after(wait):
                await self._added.wait()
