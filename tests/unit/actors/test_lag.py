from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path

import anyio

from camd.actors.lag import EVERY_SECONDS, LagProbe
from camd.sim.clock import START
from camd.sim.world import World, simulate


class Late:
    """A clock by which each sleep ends so many seconds late."""

    def __init__(self, *late: float) -> None:
        self._late = list(late)
        self._seconds = 0.0
        self._sleeps = False

    def now(self) -> datetime:
        return START

    def monotonic(self) -> float:
        if self._sleeps:
            self._seconds += EVERY_SECONDS + (self._late.pop(0) if self._late else 0.0)
        self._sleeps = not self._sleeps
        return self._seconds

    def real_work(self) -> AbstractContextManager[None]:
        return nullcontext()


def test_the_worst_since_it_was_asked_last_is_told_once(tmp_path: Path) -> None:
    async def scenario(_: World) -> None:
        probe = LagProbe(Late(0.0, 6.0, 1.0))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(probe.run)
            await anyio.sleep(EVERY_SECONDS * 4)
            assert probe.take() == 6.0
            await anyio.sleep(EVERY_SECONDS * 4)
            assert probe.take() == 0.0
            tasks.cancel_scope.cancel()

    simulate(tmp_path, scenario)
