"""Fault 91: a real daemon that sends goes on while callers do their worst; the lag of its loop is reported."""

import gzip
import json
import re
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.abc import ByteStream

from camd.system import SystemClock
from tests.acceptance.daemon_log import DaemonLog
from tests.acceptance.installation import Group, Installation, addresses
from tests.acceptance.mail_server import MailServer, mail_server

pytestmark = pytest.mark.acceptance

PEOPLE = 100
LATE_SECONDS = 0.03
AT_ONCE = 40
"""Requests in one write: the answers are counted as they come."""
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
PIECE = bytes(1 << 16)
BOMB = gzip.compress(bytes(500_000_000))
"""Half a megabyte that unpacks to half a gigabyte."""


class Attack:
    """What comes back is counted by who asked and by status."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.token = token
        self.answers: Counter[tuple[str, int]] = Counter()
        self.waits: list[float] = []
        self.limited = anyio.Event()

    def head(self, method: str, path: str, *lines: str) -> bytes:
        return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: localhost", *lines, "", "")).encode()

    async def connect(self) -> ByteStream:
        return await anyio.connect_tcp("127.0.0.1", self.port)

    async def again(self, work: Callable[[], Any]) -> None:
        """Whatever the daemon does to a connection, the next one is begun."""
        while True:
            try:
                await work()
            except* (OSError, anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError):
                await anyio.lowlevel.checkpoint()

    async def flood(self, who: str, request: bytes) -> None:
        async with await self.connect() as stream:
            while True:
                await stream.send(request * AT_ONCE)
                await self._count(who, stream, AT_ONCE)

    async def _count(self, who: str, stream: ByteStream, expected: int) -> None:
        """Reads until so many answers have begun."""
        read = b""
        while expected > 0:
            read += await stream.receive()
            found = STATUS.findall(read)
            expected -= len(found)
            self.answers.update((who, int(status)) for status in found)
            # Too short for a whole one.
            read = read[-len(b"HTTP/1.1 200") :]
            if self.is_limited:
                self.limited.set()

    @property
    def is_limited(self) -> bool:
        return all(self.answers[who, 429] for who in ("token", "stranger"))

    async def gigabyte(self) -> None:
        head = self.head(
            "POST", "/api/cam/campaigns", f"Authorization: Bearer {self.token}", "Transfer-Encoding: chunked"
        )
        async with await self.connect() as stream, anyio.create_task_group() as tasks:
            tasks.start_soon(self._count, "gigabyte", stream, 1)
            await stream.send(head)
            for piece in repeat(PIECE, 1_000_000_000 // len(PIECE)):
                await stream.send(b"%x\r\n%s\r\n" % (len(piece), piece))

    async def bomb(self) -> None:
        lines = f"Authorization: Bearer {self.token}", "Content-Encoding: gzip", f"Content-Length: {len(BOMB)}"
        async with await self.connect() as stream:
            await stream.send(self.head("POST", "/api/cam/campaigns", *lines) + BOMB)
            await self._count("bomb", stream, 1)

    async def hold(self, who: str, beginning: bytes) -> None:
        """A letter now and then, and never the end."""
        async with await self.connect() as stream, anyio.create_task_group() as tasks:
            tasks.start_soon(self._count, who, stream, 1)
            await stream.send(beginning)
            while True:
                await anyio.sleep(0.5)
                await stream.send(b"x")

    def measure(self, is_over: threading.Event) -> None:
        """How long the daemon takes for its shortest answer, as one who is no part of the attack sees it."""
        clock = SystemClock()
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            while not is_over.wait(0.02):
                asked = clock.monotonic()
                connection.sendall(self.head("GET", "/livez"))
                received = b""
                while not received.endswith(b'"pass"}'):
                    piece = connection.recv(1 << 16)
                    assert piece, received
                    received += piece
                self.waits.append(clock.monotonic() - asked)

    async def go_on_until(self, has_sent: Callable[[], None]) -> None:
        bearing = self.head("GET", "/api/cam/campaigns", f"Authorization: Bearer {self.token}")
        slow = self.head("POST", "/api/cam/campaigns", f"Authorization: Bearer {self.token}", "Content-Length: 900")
        async with anyio.create_task_group() as tasks:
            for _ in range(6):
                tasks.start_soon(self.again, lambda: self.flood("token", bearing))
            for _ in range(4):
                tasks.start_soon(self.again, lambda: self.flood("stranger", self.head("GET", "/api/cam/campaigns")))
            for work in (self.gigabyte, self.gigabyte, self.bomb):
                tasks.start_soon(self.again, work)
            for _ in range(40):
                tasks.start_soon(self.again, lambda: self.hold("slow body", slow))
            for _ in range(300):
                tasks.start_soon(self.again, lambda: self.hold("slow head", b"GET /livez HTTP/1.1\r\nHost: "))
            await anyio.to_thread.run_sync(has_sent)
            await self.limited.wait()
            tasks.cancel_scope.cancel()


def test_fault_91_a_flood_huge_bodies_and_slow_callers_delay_no_mail(
    start: Callable[..., Any],
    camd: Callable[..., Any],
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with mail_server(LATE_SECONDS) as server:
        site = Installation(folder, folder / "camd.db", folder / "camd.journal")
        site.prepare(Group(addresses(PEOPLE), SystemClock().now()))
        site.configure(server.port)
        daemon = start("run", "--config", "camd.toml")
        port = int(DaemonLog(daemon).url().rpartition(":")[2])
        made = camd("--json", "tokens", "create", "crm", "--scope", "operate", "--config", "camd.toml")
        assert made.returncode == 0, made.stderr
        attack = Attack(port, json.loads(made.stdout)["token"])
        begun_with = len(server.arrivals)
        is_over = threading.Event()
        with ThreadPoolExecutor(1) as beside:
            measured = beside.submit(attack.measure, is_over)
            try:
                anyio.run(attack.go_on_until, lambda: _all_sent(server))
            finally:
                is_over.set()
            measured.result()
        assert begun_with < PEOPLE
        assert daemon.end() == 0
    with capsys.disabled():
        sys.stdout.write(f"\n{_figures(attack)}\n")
    assert site.problems(server.mails) == []
    by_who = {who: {status for asked, status in attack.answers if asked == who} for who, _ in attack.answers}
    assert (by_who.pop("token"), by_who.pop("stranger")) == ({200, 429}, {401, 429})
    allowed = {"gigabyte": {413}, "bomb": {415}, "slow body": {408}, "slow head": set()}
    for who, statuses in by_who.items():
        assert statuses <= {*allowed[who], 429, 503}
    assert attack.token not in daemon.output()


def _all_sent(server: MailServer) -> None:
    server.wait_for(PEOPLE)


def _figures(attack: Attack) -> dict[str, object]:
    waits = sorted(attack.waits)
    return {
        "answers": {f"{who} {status}": count for (who, status), count in sorted(attack.answers.items())},
        "livez_ms": {
            "p50": round(waits[len(waits) // 2] * 1000),
            "p99": round(waits[len(waits) * 99 // 100] * 1000),
            "max": round(waits[-1] * 1000),
        },
    }
