"""A process that reads one message after the other, each within 2 s of processing and, on Linux, 200 MB in all.

It dies of a message that needs more, and with the process that started it. `anyio.to_process` is not used: it runs the
caller's main module again, and a script that uses camd as a library need not guard itself against that.
"""

import pickle
import subprocess
import sys
from contextlib import suppress

from camd.mail.parsed import Own
from camd.ports.inbox import Letter, RawMessage, Unreadable

CPU_SECONDS = 2.0
MEMORY_BYTES = 200_000_000

_START = "import sys; sys.path[:] = {path!r}; from camd.mail.reading_worker import main; main()"


class Died(Exception):
    """The process is no more; `signal` ended it, if one did."""

    def __init__(self, code: int) -> None:
        super().__init__(f"a process that reads mail ended with {code}")
        self.signal = -code if code < 0 else None


class ReadingProcess:
    """The parent's side. One thread asks at a time; another may close it meanwhile."""

    def __init__(self) -> None:
        # In a group of its own Ctrl-C does not reach it: the daemon reads to the end what it has begun.
        self._child = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-c", _START.format(path=sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )

    def ask(self, raw: RawMessage, own: Own) -> Letter | Unreadable:
        """Raises `Died`."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        try:
            pickle.dump((raw, own), self._child.stdin)
            self._child.stdin.flush()
            answer: Letter | Unreadable = pickle.load(self._child.stdout)  # noqa: S301 - of a child that runs our code
        except (OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
            raise Died(self._child.wait()) from error
        return answer

    def close(self) -> None:
        """Ends it at once, whatever it does."""
        self._child.kill()
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
