"""A real daemon that may open no more files, while it sends and while somebody floods its API."""

import http.client
import json
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from camd.ports.records import TouchStatus
from camd.system import SystemClock
from tests.acceptance.daemon_log import DaemonLog
from tests.acceptance.installation import Group, Installation, addresses
from tests.acceptance.mail_server import PATIENCE_SECONDS, MailServer, mail_server

pytestmark = pytest.mark.acceptance

PEOPLE = 4
SPARE = 5
"""Files that the daemon may still open when the flood begins."""

Start = Callable[..., Any]
Ask = Callable[..., Any]


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as listening:
        yield listening


def test_fault_22_without_files_it_accepts_later_and_goes_on_storing_and_sending(
    start: Start, ask: Ask, folder: Path, server: MailServer
) -> None:
    site = Installation(folder, folder / "camd.db", folder / "camd.journal")
    site.prepare(Group(addresses(PEOPLE), SystemClock().now()))
    site.configure(server.port)
    server.hold()
    daemon = start("run", "--config", "camd.toml")
    log = DaemonLog(daemon)
    url = log.url()
    server.wait_for(1)
    kept = http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_SECONDS)
    assert asked(kept, "GET", "/api/cam/status") == 200
    pid = daemon.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    allowed = highest(pid) + 1 + SPARE
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (allowed, before[1]))
    with ExitStack() as flood:
        for _ in range(SPARE * 4):
            flood.enter_context(socket.create_connection((kept.host, kept.port), timeout=PATIENCE_SECONDS))
        # asyncio's word for: accepted later.
        log.wait_for("library.warning", "out of system resource")
        for is_on in (True, False):
            assert asked(kept, "PUT", "/api/cam/kill-switch", {"on": is_on}) == 200
        assert asked(kept, "GET", "/api/cam/status") == 200
        server.answer()
        server.wait_for(PEOPLE)
    assert ask(f"{url}/readyz").status == 200
    kept.close()
    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    assert daemon.end() == 0
    assert "Traceback" not in daemon.output()
    assert site.problems(server.mails) == []
    assert site.books().count(TouchStatus.SENT) == PEOPLE


def highest(pid: int) -> int:
    return max(int(open_file.name) for open_file in Path(f"/proc/{pid}/fd").iterdir())


def asked(kept: http.client.HTTPConnection, method: str, path: str, body: dict[str, object] | None = None) -> int:
    kept.request(method, path, json.dumps(body) if body else None)
    with kept.getresponse() as answer:
        answer.read()
        return answer.status
