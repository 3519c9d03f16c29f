"""A process of its own that works on a database until it ends or is killed, and hands back what it found."""

import asyncio
import gc
import os
import pickle
import select
import signal
import traceback
import warnings
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

Tell = Callable[[], None]
LONGEST_LIFE_SECONDS = 60
"""After which it never ends, and SIGALRM ends it."""
_BEGUN = b"!"


@dataclass(frozen=True, slots=True)
class Killed:
    """It came to no end."""


@dataclass(frozen=True, slots=True)
class Ended(Generic[T]):
    value: T


class Child(Generic[T]):
    """Begun by `Child(work)`; `work` gets what tells the parent that it has begun. Always `end` it."""

    def __init__(
        self,
        work: Callable[[Tell], Awaitable[T]],
        loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.SelectorEventLoop,
    ) -> None:
        self._answers, writes = os.pipe()
        with warnings.catch_warnings():
            # Python 3.12 warns of a fork beside threads: those of the test runner, which the child does not need.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if self.pid == 0:
            os.close(self._answers)
            _work(work, loop, writes)
        os.close(writes)
        self._handle = os.pidfd_open(self.pid)

    def wait_until_begun(self) -> None:
        """Or until it ended."""
        select.select([self._answers, self._handle], [], [])

    def kill_after(self, seconds: float) -> None:
        """Unless it ends before."""
        if not select.select([self._handle], [], [], seconds)[0]:
            self.kill()

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def end(self) -> Ended[T] | Killed:
        """Waits for its end."""
        with os.fdopen(self._answers, "rb") as answers:
            told = answers.read().lstrip(_BEGUN)
        _, status = os.waitpid(self.pid, 0)
        os.close(self._handle)
        match os.waitstatus_to_exitcode(status):
            case 0:
                return Ended(pickle.loads(told))
            case code if code == -signal.SIGKILL:
                return Killed()
            case code:
                raise AssertionError(f"the child ended with {code}:\n{told.decode(errors='replace')}")


def _work(work: Callable[[Tell], Awaitable[T]], loop: Callable[[], asyncio.AbstractEventLoop], writes: int) -> None:
    async def whole() -> T:
        return await work(lambda: _write(writes, _BEGUN))

    signal.alarm(LONGEST_LIFE_SECONDS)
    # A short life needs no collector, which would copy every page that parent and child share.
    gc.disable()
    code = 1
    try:
        with asyncio.Runner(loop_factory=loop) as runner:
            _write(writes, pickle.dumps(runner.run(whole())))
        code = 0
    except BaseException:  # noqa: BLE001 - the parent raises it
        _write(writes, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _write(descriptor: int, data: bytes) -> None:
    with suppress(BrokenPipeError):
        while data:
            data = data[os.write(descriptor, data) :]
