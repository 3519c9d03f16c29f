"""The daemon, as `camd run` starts it, is told to read its configuration again while mails are in flight."""

import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

from camd.ports.records import TouchStatus
from tests.proof.campaigns import FIRST, Plan, addresses, box, prepare
from tests.proof.daemon import PATIENCE_SECONDS, Daemon, Shape
from tests.proof.judge import Sink, problems, sink
from tests.proof.site import Site

pytestmark = pytest.mark.acceptance

Start = Callable[..., Daemon]
PEOPLE = addresses(20)
SHAPE = Shape()
BROKEN = "person_gap_hours = 0\ngap = 3\n"


@pytest.fixture
def site(quick_folder: Path) -> Callable[[Sink], Site]:
    base = quick_folder / "base.db"
    anyio.run(prepare, base, Plan([PEOPLE], steps=(FIRST,)))
    return lambda judge: Site(
        quick_folder / "site", base, *(box(name, judge.port, SHAPE.connections) for name in SHAPE.mailboxes)
    )


@pytest.fixture
def systemd(quick_folder: Path) -> Iterator[socket.socket]:
    """Its end of `$NOTIFY_SOCKET`, in the daemon's own folder."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(quick_folder / "notify"))
        receiver.settimeout(PATIENCE_SECONDS)
        yield receiver


def test_fault_11_neither_a_good_nor_a_broken_file_touches_what_is_in_flight(
    quick_folder: Path, site: Callable[[Sink], Site], start: Start
) -> None:
    with sink(quick_folder, {"*": "held"}) as judge:
        place = site(judge)
        daemon = start(place, judge, SHAPE)
        judge.wait_for(SHAPE.in_flight)
        daemon.change("person_gap_hours = 0\n", BROKEN)
        daemon.tell(signal.SIGHUP)
        daemon.wait_for("config.rejected")
        daemon.wait_for("limits.gap: unknown key")
        daemon.change(BROKEN, "person_gap_hours = 1\n")
        daemon.change("max_connections = 4", "max_connections = 9")
        daemon.change("daily_limit = 10000", "daily_limit = 9000")
        daemon.tell(signal.SIGHUP)
        daemon.wait_for('"changed": "limits.person_gap_hours, mailboxes.sales.daily_limit')
        daemon.wait_for("mailboxes.sales.max_connections")
        judge.ask("XRELEASE")
        judge.wait_for(len(PEOPLE))
        daemon.tell(signal.SIGTERM)
        assert daemon.ends() == 0
        mails, books = judge.mails(), place.books()
    assert problems(mails, books, steps=1) == []
    assert books.count(TouchStatus.SENT) == len(PEOPLE)


def test_systemd_is_told_when_a_reload_begins_and_when_it_has_ended(
    quick_folder: Path, site: Callable[[Sink], Site], start: Start, systemd: socket.socket
) -> None:
    with sink(quick_folder) as judge:
        daemon = start(site(judge), judge, SHAPE, NOTIFY_SOCKET=str(quick_folder / "notify"))
        assert systemd.recv(1000).decode().startswith("READY=1\nSTATUS=serving http://")
        for before, after, status in (
            ("person_gap_hours = 0\n", BROKEN, "not reloaded, the settings before stay in force: limits.gap"),
            (BROKEN, "person_gap_hours = 1\n", "reloaded: 1 changed"),
        ):
            daemon.change(before, after)
            daemon.tell(signal.SIGHUP)
            begun, ended = systemd.recv(1000).decode().split("\n"), systemd.recv(1000).decode().split("\n")
            assert begun[0] == "RELOADING=1"
            assert begun[1].removeprefix("MONOTONIC_USEC=").isdecimal()
            assert ended == ["READY=1", f"STATUS={status}"]
        daemon.tell(signal.SIGTERM)
        assert systemd.recv(1000) == b"STOPPING=1"
        assert daemon.ends() == 0
