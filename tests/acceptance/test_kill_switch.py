"""The kill switch of a real daemon while it sends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from camd.ports.records import TouchStatus
from camd.system import SystemClock
from tests.acceptance.daemon_log import DaemonLog
from tests.acceptance.installation import Group, Installation, addresses
from tests.acceptance.mail_server import mail_server

pytestmark = pytest.mark.acceptance

PEOPLE = 150
CONNECTIONS = 4
LATE_SECONDS = 0.1
"""So slow that the switch finds most of the mails still due."""


def test_once_the_kill_switch_is_on_no_message_is_begun_until_it_is_off_also_by_the_next_process(
    start: Callable[..., Any], camd: Callable[..., Any], folder: Path
) -> None:
    with mail_server(LATE_SECONDS) as server:
        site = Installation(
            folder, folder / "camd.db", folder / "camd.journal", mailbox={"max_connections": CONNECTIONS}
        )
        site.prepare(Group(addresses(PEOPLE), SystemClock().now()))
        site.configure(server.port)
        daemon = start("run", "--config", "camd.toml")
        DaemonLog(daemon).url()
        server.wait_for(10)
        assert camd("kill-switch", "on").returncode == 0
        is_on_at = SystemClock().monotonic()
        assert waits_for(camd) == {"kill_switch"}
        begun = [arrival.begun_at for arrival in server.arrivals]
        # A message whose last check was before the switch may still be begun: one at most for each connection.
        assert sum(at > is_on_at for at in begun) <= CONNECTIONS
        assert len(begun) < PEOPLE
        assert daemon.end() == 0

        again = start("run", "--config", "camd.toml")
        DaemonLog(again).url()
        assert waits_for(camd) == {"kill_switch"}
        assert len(server.arrivals) == len(begun)
        server.late_seconds = 0
        assert camd("kill-switch", "off").returncode == 0
        server.wait_for(PEOPLE)
        assert again.end() == 0
    assert site.problems(server.mails) == []
    assert site.books().count(TouchStatus.SENT) == PEOPLE


def waits_for(camd: Callable[..., Any]) -> set[str]:
    """What keeps back the mails that are due, once all that was in flight has ended."""
    done = camd("--json", "run-all", "--no-dry-run")
    assert done.returncode == 0, done.stderr
    [report] = json.loads(done.stdout)
    return set(report["waiting_for"])
