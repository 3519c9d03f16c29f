"""What systemd's watchdog sees of a daemon, and what it leaves behind when it is ended for standing still."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.acceptance

PATIENCE_SECONDS = 60
INTERVAL_SECONDS = 1.5
BLOCKED = Path(__file__).with_name("blocked.py")

Start = Callable[..., Any]


@pytest.fixture
def systemd(folder: Path) -> Iterator[socket.socket]:
    """Its end of `$NOTIFY_SOCKET`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(folder / "notify"))
        receiver.settimeout(PATIENCE_SECONDS)
        yield receiver


@pytest.fixture
def watched(systemd: socket.socket) -> dict[str, str]:
    """The variables by which systemd tells that it watches."""
    microseconds = str(int(INTERVAL_SECONDS * 1_000_000))
    return {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": microseconds}


def is_silent(systemd: socket.socket) -> bool:
    """For a whole interval, once what was said before is heard."""
    systemd.settimeout(INTERVAL_SECONDS)
    for _ in range(10):
        try:
            systemd.recv(1000)
        except TimeoutError:
            return True
    return False


def test_a_daemon_that_works_gives_a_sign_of_life_again_and_again(
    start: Start, watched: dict[str, str], systemd: socket.socket
) -> None:
    daemon = start("run", **watched)
    heard = [systemd.recv(1000) for _ in range(6)]
    assert heard.count(b"WATCHDOG=1") == 5
    assert daemon.end() == 0


def test_fault_12_a_loop_that_stands_still_gives_no_sign_of_life_and_leaves_its_stack(
    folder: Path, environ: dict[str, str], watched: dict[str, str], systemd: socket.socket
) -> None:
    (folder / "camd.toml").write_text('[server]\nport = 0\nsocket = "api.sock"\n')
    errors = folder / "errors"
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, str(BLOCKED)],
            cwd=folder,
            env=environ | watched,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
    try:
        assert process.stdout is not None
        while b"standing still" not in process.stdout.readline():
            pass
        assert is_silent(systemd)
        # The watchdog's own signal.
        process.send_signal(signal.SIGABRT)
        assert process.wait(timeout=PATIENCE_SECONDS) == -signal.SIGABRT
    finally:
        process.kill()
        process.communicate()
    left = errors.read_text()
    assert "Fatal Python error: Aborted" in left
    assert "in stand_still" in left


def test_fault_12_the_command_that_runs_the_daemon_leaves_its_stacks_when_it_is_aborted(start: Start) -> None:
    daemon = start("run")
    daemon.url()
    assert daemon.end(signal.SIGABRT) == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in daemon.errors.read_text()


def test_fault_13_a_daemon_that_the_kernel_kills_is_as_one_that_was_killed(
    start: Start, ask: Callable[..., Any]
) -> None:
    """The kernel ends a process for want of memory by SIGKILL: no poison is counted, and all that was acknowledged is
    there."""
    first = start("run")
    url = first.url()
    assert ask(f"{url}/api/cam/campaigns", "POST", b'{"name": "Q1"}').status == 201
    assert first.end(signal.SIGKILL) == -signal.SIGKILL
    second = start("run")
    url = second.url()
    assert [each["name"] for each in ask(f"{url}/api/cam/campaigns").json["items"]] == ["Q1"]
    types = [event["type"] for event in ask(f"{url}/api/cam/events").json["items"]]
    assert [kind for kind in types if "poison" in kind or "parked" in kind] == []
    assert second.end() == 0
