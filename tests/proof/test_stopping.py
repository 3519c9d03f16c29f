"""The daemon, as `camd run` starts it, is told to stop while many mails are in flight."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

from camd.domain.lead import HoldReason
from camd.ports.records import TouchStatus
from tests.proof.campaigns import Plan, addresses, box, prepare
from tests.proof.judge import Books, Sink, problems, sink
from tests.proof.site import Site

PATIENCE_SECONDS = 60
CONNECTIONS = 4
MAILBOXES = ("sales", "office")
IN_FLIGHT = CONNECTIONS * len(MAILBOXES)
PEOPLE = addresses(20)

Start = Callable[..., "Daemon"]


class Daemon:
    """The process, with what it printed so far."""

    def __init__(self, folder: Path, port: int, grace_seconds: float) -> None:
        (folder / "camd.toml").write_text(_config(port, grace_seconds))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CAMD_")}
        kept.pop("CREDENTIALS_DIRECTORY", None)
        self._printed = b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "camd", "run"],
            cwd=folder,
            env={**kept, "PYTHONUNBUFFERED": "1"},
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

    def tell(self, *signals: signal.Signals) -> None:
        for each in signals:
            self.process.send_signal(each)

    def ends(self) -> int:
        self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode


def _config(port: int, grace_seconds: float) -> str:
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
max_connections = {CONNECTIONS}
"""
        for name in MAILBOXES
    )
    return f"""
[server]
port = 0
[engine]
dry_run = false
grace_seconds = {grace_seconds}
[sender]
name = "Ann"
company = "Acme"
postal_address = "1 High Street"
[limits]
person_gap_hours = 0
{mailboxes}"""


@pytest.fixture
def site(quick_folder: Path) -> Callable[[Sink], Site]:
    """The same database and mailboxes as the daemon's."""
    base = quick_folder / "base.db"
    anyio.run(prepare, base, Plan([PEOPLE]))
    return lambda judge: Site(quick_folder / "site", base, *(box(name, judge.port, CONNECTIONS) for name in MAILBOXES))


@pytest.fixture
def start() -> Iterator[Start]:
    """What still runs at the end of the test is killed."""
    begun: list[Daemon] = []

    def begin(site: Site, judge: Sink, grace_seconds: float = 60) -> Daemon:
        begun.append(Daemon(site.folder, judge.port, grace_seconds))
        return begun[-1]

    yield begin
    for daemon in begun:
        if daemon.process.poll() is None:
            daemon.process.kill()
        daemon.process.communicate()


def figures(books: Books) -> dict[TouchStatus, int]:
    return {status: count for status in TouchStatus if (count := books.count(status))}


def test_fault_09_what_is_in_flight_ends_nothing_new_begins_and_the_rest_stays_due(
    quick_folder: Path, site: Callable[[Sink], Site], start: Start
) -> None:
    with sink(quick_folder, {"*": "held"}) as judge:
        place = site(judge)
        daemon = start(place, judge)
        judge.wait_for(IN_FLIGHT)
        daemon.tell(signal.SIGTERM)
        daemon.wait_for("daemon.stopping")
        judge.ask("XRELEASE")
        assert daemon.ends() == 0
        mails = judge.mails()
        stopped = place.books()
        assert len(mails) == IN_FLIGHT
        assert figures(stopped) == {TouchStatus.APPROVED: len(PEOPLE) - IN_FLIGHT, TouchStatus.SENT: IN_FLIGHT}
        after = place.finish()
        assert problems(judge.mails(), after, steps=2) == []


@pytest.mark.parametrize(
    ("first", "second"), [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)], ids=["term", "int"]
)
def test_fault_10_a_second_signal_ends_the_wait_and_every_mail_is_settled_as_far_as_is_known(
    quick_folder: Path, site: Callable[[Sink], Site], start: Start, first: signal.Signals, second: signal.Signals
) -> None:
    answered = PEOPLE[0]
    with sink(quick_folder, {"*": "hang", answered: "held"}) as judge:
        place = site(judge)
        daemon = start(place, judge)
        judge.wait_for(IN_FLIGHT)
        daemon.tell(first)
        daemon.wait_for("daemon.stopping")
        judge.ask("XRELEASE")
        daemon.wait_for("send.sent")
        daemon.tell(second)
        assert daemon.ends() == 0
        assert len(judge.mails()) == IN_FLIGHT
    stopped = place.books()
    rest = len(PEOPLE) - IN_FLIGHT
    assert figures(stopped) == {TouchStatus.APPROVED: rest, TouchStatus.SENT: 1, TouchStatus.UNKNOWN: IN_FLIGHT - 1}
    assert stopped.touch(answered).status is TouchStatus.SENT
    for touch in stopped.touches:
        if touch.status is TouchStatus.UNKNOWN:
            assert stopped.holds(touch.recipient) == (HoldReason.SEND_UNKNOWN,)
    assert stopped.debits == IN_FLIGHT


def test_what_has_no_answer_when_the_grace_is_over_is_unknown(
    quick_folder: Path, site: Callable[[Sink], Site], start: Start
) -> None:
    with sink(quick_folder, {"*": "hang"}) as judge:
        place = site(judge)
        daemon = start(place, judge, grace_seconds=0)
        judge.wait_for(IN_FLIGHT)
        daemon.tell(signal.SIGTERM)
        assert daemon.ends() == 0
        mails = judge.mails()
    stopped = place.books()
    unknown = {touch.message_id for touch in stopped.touches if touch.status is TouchStatus.UNKNOWN}
    assert unknown == {mail.message_id for mail in mails}
    assert len(unknown) == IN_FLIGHT
