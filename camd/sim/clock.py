"""Virtual time for asyncio and anyio: idle waits jump to the next timer, so that 90 days pass in seconds.

While `clock.real_work()` is in flight, time stands still and the loop waits for real. Answers from other threads
are let in one at a time, each only when nothing else can run: what happens then depends on the order in which a
thread answers, never on how fast. With one thread that answers in order, the writer's, runs repeat to the letter.
Nothing ready, no timer and no real work in flight is a `Deadlock`.
"""

import asyncio
import random  # noqa: TID251 - seeded: the simulation's dice repeat
import selectors
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from datetime import UTC, datetime, timedelta
from typing import TypeVar, TypeVarTuple

from camd.system import sortable_id, spread

T = TypeVar("T")
Args = TypeVarTuple("Args")
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
"""A Monday morning."""


class Deadlock(RuntimeError):
    """Every task waits for something that cannot come: no timer is set and no `real_work` is in flight."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose seconds are its own; made and run on one thread."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._home = threading.get_ident()
        self._arrivals: deque[tuple[Callable[..., object], tuple[object, ...], Context | None]] = deque()
        self.real_work_in_flight = 0
        super().__init__(_VirtualSelector(self))

    def time(self) -> float:
        return self._seconds

    def call_soon_threadsafe(
        self, callback: Callable[[*Args], object], *args: *Args, context: Context | None = None
    ) -> asyncio.Handle:
        if threading.get_ident() == self._home:
            return super().call_soon_threadsafe(callback, *args, context=context)
        return super().call_soon_threadsafe(self._arrivals.append, (callback, args, context))

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002 - Python 3.12's
        with self.real_work():
            await super().shutdown_default_executor()

    @contextmanager
    def real_work(self) -> Iterator[None]:
        self.real_work_in_flight += 1
        try:
            yield
        finally:
            self.real_work_in_flight -= 1

    def stand_still(self, seconds: float) -> None:
        self._seconds += seconds

    def must_wait(self, timeout: float | None) -> bool:
        """Called when nothing can run before `timeout`: let one arrival in, or jump there, or say: wait for real."""
        if self._arrivals:
            callback, args, context = self._arrivals.popleft()
            self.call_soon(callback, *args, context=context)
            return False
        if self.real_work_in_flight:
            return True
        if timeout is None:
            raise Deadlock(Deadlock.__doc__)
        self._seconds += timeout
        return False


class _VirtualSelector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        return super().select(None) if self._loop.must_wait(timeout) else []


class VirtualClock:
    """The `Clock` of a `VirtualLoop`."""

    def __init__(self, loop: VirtualLoop, start: datetime) -> None:
        self._loop = loop
        self._start = start
        self._offset = timedelta()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._loop.time()) + self._offset

    def monotonic(self) -> float:
        return self._loop.time()

    @contextmanager
    def real_work(self) -> Iterator[None]:
        with self._loop.real_work():
            yield

    def jump(self, step: timedelta) -> None:
        """Set the wall clock forward or back; timers and `monotonic` do not notice."""
        self._offset += step

    def block(self, seconds: float) -> None:
        """The loop stands still for so long: all clocks go on and nothing runs, whatever is due."""
        self._loop.stand_still(seconds)


class SeededEntropy:
    """The same seed gives the same dice."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - not for keys

    def uniform(self, low: float, high: float) -> float:
        return spread(self._dice.random(), low, high)

    def token(self, size: int) -> bytes:
        return self._dice.randbytes(size)


class SequentialIds:
    """Ids in the format of `SystemIds`, in the order of their making, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - not for keys
        self._made = 0

    def new(self, prefix: str) -> str:
        self._made += 1
        return sortable_id(prefix, self._made, self._dice.getrandbits(74))


def run(main: Callable[[VirtualClock], Awaitable[T]], start: datetime = START) -> T:
    """Run `main` to its end in virtual time on a loop of its own, and close that loop."""

    async def whole(clock: VirtualClock) -> T:
        return await main(clock)

    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(whole(VirtualClock(loop, start)))
