"""The daemon, as `camd run` starts it, beside the judge."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Shape:
    """How many mails may be in flight, and how long a stop waits for them."""

    connections: int = 4
    mailboxes: Sequence[str] = ("sales", "office")
    grace_seconds: float = 60

    @property
    def in_flight(self) -> int:
        return self.connections * len(self.mailboxes)

    def config(self, port: int) -> str:
        mailboxes = "".join(
            f"""
[mailboxes.{name}]
address = "{name}@us.example"
smtp_host = "127.0.0.1"
smtp_port = {port}
smtp_security = "none"
daily_limit = 10000
ramp = false
min_gap_seconds = 0
jitter_seconds = 0
max_connections = {self.connections}
"""
            for name in self.mailboxes
        )
        return f"""
[server]
port = 0
[engine]
dry_run = false
grace_seconds = {self.grace_seconds}
[sender]
name = "Ann"
company = "Acme"
postal_address = "1 High Street"
[limits]
person_gap_hours = 0
{mailboxes}"""


class Daemon:
    """The process, with what it printed so far."""

    def __init__(self, folder: Path, port: int, shape: Shape, variables: Mapping[str, str]) -> None:
        self.config = folder / "camd.toml"
        self.config.write_text(shape.config(port))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CAMD_")}
        kept.pop("CREDENTIALS_DIRECTORY", None)
        self._printed = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "camd", "run"],
            cwd=folder,
            env={**kept, "PYTHONUNBUFFERED": "1", **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def wait_for(self, words: str) -> None:
        assert self.process.stdout is not None
        while words.encode() not in self._printed:
            readable, _, _ = select.select([self.process.stdout], [], [], PATIENCE_SECONDS)
            piece = os.read(self.process.stdout.fileno(), 1 << 16) if readable else b""
            assert piece, f"no line with {words!r} in:\n{self._printed.decode()}"
            self._printed += piece

    def change(self, before: str, after: str) -> None:
        """Its configuration, as an editor does."""
        text = self.config.read_text()
        assert before in text
        self.config.write_text(text.replace(before, after))

    def tell(self, *signals: signal.Signals) -> None:
        for each in signals:
            self.process.send_signal(each)

    def ends(self) -> int:
        self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode
