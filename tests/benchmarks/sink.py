"""A mail server that throws everything away as fast as it comes: Postfix's `smtp-sink`, in a process of its own.

It is no Python and costs the measured process nothing. Debian has it in the package `postfix`.
"""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ADDRESS = "127.0.0.1"
_MOST_CONNECTIONS = "500"


@dataclass(frozen=True, slots=True)
class Sink:
    port: int
    counters: Path

    def accepted(self) -> int:
        """How many messages it took since it was started."""
        with self.counters.open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - 200, 0))
            counts = re.findall(rb"mesg=(\d+)\r", file.read())
        return int(counts[-1]) if counts else 0


@contextmanager
def sink() -> Iterator[Sink]:
    port = _free_port()
    # Started by root it wants to be somebody else.
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = ["smtp-sink", "-c", *user, "-m", _MOST_CONNECTIONS, f"{ADDRESS}:{port}", _MOST_CONNECTIONS]
    with TemporaryDirectory() as folder:
        counters = Path(folder) / "counters"
        with counters.open("wb") as written, _running(command, port, written.fileno()):
            yield Sink(port, counters)


@contextmanager
def relay(to_port: int, delay_ms: int) -> Iterator[int]:
    """The port of a relay to the sink whose every answer comes so much later; `smtp-sink` waits whole seconds only."""
    port = _free_port()
    with _running([sys.executable, "-m", "tests.benchmarks.slow_relay", *map(str, (port, to_port, delay_ms))], port):
        yield port


@contextmanager
def _running(command: list[str], port: int, output: int | None = None) -> Iterator[None]:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output)
    try:
        _wait_for(process, port)
        yield
    finally:
        process.terminate()
        process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(200):
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex((ADDRESS, port)) == 0:
                return
        time.sleep(0.05)  # noqa: TID251 - outside of pytest
    raise SystemExit(f"{process.args!r} does not listen")


def _free_port() -> int:
    with socket.socket() as opened:
        opened.bind((ADDRESS, 0))
        port: int = opened.getsockname()[1]
        return port
