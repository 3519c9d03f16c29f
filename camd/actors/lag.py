"""How late the event loop wakes, measured all the time: a sample now and then would miss what blocks it in between."""

import anyio

from camd.ports.clock import Clock

EVERY_SECONDS = 0.25


class LagProbe:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._worst = 0.0

    async def run(self) -> None:
        """Measures until cancelled."""
        while True:
            slept_from = self._clock.monotonic()
            await anyio.sleep(EVERY_SECONDS)
            self._worst = max(self._worst, self._clock.monotonic() - slept_from - EVERY_SECONDS)

    def take(self) -> float:
        """The worst seconds since this was asked last."""
        worst, self._worst = self._worst, 0.0
        return worst
