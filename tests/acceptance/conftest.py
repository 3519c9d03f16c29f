"""Real processes: `python -m camd …` in an empty folder, ended by the test that began them.

A test waits for a line that the process prints, never for time to pass.
"""

import json
import os
import re
import select
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PATIENCE_SECONDS = 60
"""After which a process that says nothing has failed the test."""
READY = "daemon.ready"


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Camd:
    """A process with its output so far."""

    def __init__(self, arguments: tuple[str, ...], folder: Path, environ: Mapping[str, str]) -> None:
        self.errors = folder / f"stderr-{len(list(folder.glob('stderr-*')))}"
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # Tests that a shell runs in the background ignore it, and so would every process that they start.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "camd", *arguments],
                cwd=folder,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self.printed = b""

    def wait_for(self, words: str) -> str:
        """The first line with these words that was not waited for yet."""
        assert self.process.stdout is not None
        waited = b""
        while True:
            *lines, waited = waited.split(b"\n")
            for line in lines:
                if words in line.decode():
                    return line.decode()
            readable, _, _ = select.select([self.process.stdout], [], [], PATIENCE_SECONDS)
            piece = os.read(self.process.stdout.fileno(), 1 << 16) if readable else b""
            assert piece, f"no line with {words!r} in:\n{self.output()}"
            self.printed += piece
            waited += piece

    def output(self) -> str:
        return self.printed.decode() + self.errors.read_text()

    def url(self) -> str:
        """Waits until the daemon is ready; the address of its API."""
        found = re.search(r"http://[^\"\s]+", self.wait_for(READY))
        assert found
        return found.group()

    def end(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Sends the signal, waits for the end and answers the exit code."""
        self.process.send_signal(with_signal)
        rest, _ = self.process.communicate(timeout=PATIENCE_SECONDS)
        self.printed += rest
        return self.process.returncode


@pytest.fixture
def environ() -> dict[str, str]:
    """This process's variables without camd's own; the system chooses the port."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CAMD_")}
    kept.pop("CREDENTIALS_DIRECTORY", None)
    return {**kept, "CAMD_SERVER__PORT": "0", "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("camd")


@pytest.fixture
def start(folder: Path, environ: dict[str, str]) -> Iterator[Callable[..., Camd]]:
    """Begins a process in the folder; whatever still runs at the end of the test is killed."""
    begun: list[Camd] = []

    def begin(*arguments: str, **variables: str) -> Camd:
        begun.append(Camd(arguments, folder, {**environ, **variables}))
        return begun[-1]

    yield begin
    for each in begun:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


@pytest.fixture
def camd(folder: Path, environ: dict[str, str]) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs a command to its end."""

    def command(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "camd", *arguments],
            cwd=folder,
            env={**environ, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    return command


@pytest.fixture
def ask() -> Callable[..., Answer]:
    """A request as curl sends it, whatever the answer's status."""

    def request(url: str, method: str = "GET", data: bytes | None = None) -> Answer:
        asked = urllib.request.Request(url, data=data, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=PATIENCE_SECONDS) as answer:
                return Answer(answer.status, answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused.code, refused.read())

    return request
