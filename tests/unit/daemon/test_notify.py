import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from camd.daemon.notify import Notifier


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """The name systemd would put into `$NOTIFY_SOCKET`, and its end of the socket."""
    path = str(tmp_path / "notify")
    name = path if request.param == "path" else f"@{path}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(name if name == path else f"\0{path}")
        receiver.setblocking(False)
        yield name, receiver


def test_each_message_is_one_datagram_in_systemds_words(systemd: tuple[str, socket.socket]) -> None:
    name, receiver = systemd
    notifier = Notifier({"NOTIFY_SOCKET": name})

    notifier.ready("3 campaigns")
    notifier.watchdog()
    notifier.reloading(1.5)
    notifier.stopping()

    messages = [receiver.recv(1000).decode() for _ in range(4)]
    assert messages == [
        "READY=1\nSTATUS=3 campaigns",
        "WATCHDOG=1",
        "RELOADING=1\nMONOTONIC_USEC=1500000",
        "STOPPING=1",
    ]


def test_a_status_of_several_lines_sets_nothing_else(systemd: tuple[str, socket.socket]) -> None:
    name, receiver = systemd

    Notifier({"NOTIFY_SOCKET": name}).ready("one\nMAINPID=1")

    assert receiver.recv(1000) == b"READY=1\nSTATUS=one MAINPID=1"


def test_a_lost_or_full_socket_loses_only_the_message(systemd: tuple[str, socket.socket]) -> None:
    name, receiver = systemd
    notifier = Notifier({"NOTIFY_SOCKET": name})

    for _ in range(5000):
        notifier.watchdog()
    receiver.close()
    notifier.watchdog()


def test_without_a_socket_nothing_is_said() -> None:
    Notifier({}).ready("ready")


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, timedelta(seconds=30)),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, timedelta(seconds=30)),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_watches_this_process_or_none(environ: dict[str, str], interval: timedelta | None) -> None:
    assert Notifier(environ).watchdog_interval == interval
