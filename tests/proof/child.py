"""A process of its own that works on a database until it comes to its end or is killed."""

import asyncio
import gc
import os
import select
import signal
import traceback
import warnings
from collections.abc import Awaitable, Callable
from contextlib import suppress

Tell = Callable[[], None]
LONGEST_LIFE_SECONDS = 60
"""After which it never ends, and SIGALRM ends it."""
_BEGUN = b"!"


class Child:
    """Begun by `Child(work)`; `work` gets what tells the parent that it has begun. Always wait for its end."""

    def __init__(
        self,
        work: Callable[[Tell], Awaitable[None]],
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
        """Or until it has ended."""
        select.select([self._answers, self._handle], [], [])

    def kill_after(self, seconds: float) -> None:
        """Unless it ends before."""
        if not select.select([self._handle], [], [], seconds)[0]:
            self.kill()

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def came_to_its_end(self) -> bool:
        """Waits for it; false where it was killed."""
        with os.fdopen(self._answers, "rb") as answers:
            told = answers.read().lstrip(_BEGUN).decode()
        _, status = os.waitpid(self.pid, 0)
        os.close(self._handle)
        code = os.waitstatus_to_exitcode(status)
        assert code in (0, -signal.SIGKILL), f"the child ended with {code}:\n{told}"
        return code == 0


def _work(work: Callable[[Tell], Awaitable[None]], loop: Callable[[], asyncio.AbstractEventLoop], writes: int) -> None:
    async def whole() -> None:
        await work(lambda: _write(writes, _BEGUN))

    signal.alarm(LONGEST_LIFE_SECONDS)
    # A short life needs no collector, which would copy every page that parent and child share.
    gc.disable()
    code = 1
    try:
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(whole())
        code = 0
    except BaseException:  # noqa: BLE001 - the parent raises it
        _write(writes, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _write(descriptor: int, data: bytes) -> None:
    with suppress(BrokenPipeError):
        while data:
            data = data[os.write(descriptor, data) :]
