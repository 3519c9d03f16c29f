"""What a daemon prints, read line by line, none of them missed."""

import os
import re
import select
from collections.abc import Iterator
from typing import Any

PATIENCE_SECONDS = 60
"""After which a daemon that says nothing has failed the test."""


class DaemonLog:
    """The lines of a process that the fixture `start` began; nothing else may read them. `Any`: its class belongs to
    the fixtures."""

    def __init__(self, process: Any) -> None:
        self._process = process
        self._read = 0

    def url(self) -> str:
        """Waits until the daemon is ready; the address of its API."""
        found = re.search(r"http://[^\"\s]+", self.wait_for("daemon.ready"))
        assert found
        return found.group()

    def wait_for(self, *words: str) -> str:
        """The first line with all of these that was not read yet."""
        while True:
            for line in self._new_lines():
                if all(word in line for word in words):
                    return line
            readable, _, _ = select.select([self._process.process.stdout], [], [], PATIENCE_SECONDS)
            piece = os.read(self._process.process.stdout.fileno(), 1 << 16) if readable else b""
            assert piece, f"no line with {words} in:\n{self._process.output()}"
            self._process.printed += piece

    def _new_lines(self) -> Iterator[str]:
        while (end := self._process.printed.find(b"\n", self._read)) >= 0:
            line = self._process.printed[self._read : end].decode()
            self._read = end + 1
            yield line
