"""A real daemon whose disks fill up, break or go read-only while it sends, and whose database another process holds.

The mail server judges what was sent; the faults are the kernel's own, on file systems that the test mounts.
"""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from camd.daemon.journal_lines import read_journal
from camd.ports.journal import JournalMark
from camd.ports.records import TouchStatus
from camd.system import SystemClock
from tests.acceptance.daemon_log import DaemonLog
from tests.acceptance.installation import Group, Installation, addresses
from tests.acceptance.mail_server import PATIENCE_SECONDS, MailServer, mail_server
from tests.acceptance.small_disks import Disk, Memory, disk, memory

pytestmark = [pytest.mark.system, pytest.mark.mounting]

Start = Callable[..., Any]
Run = Callable[..., Any]
Ask = Callable[..., Any]


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as listening:
        yield listening


@pytest.fixture
def small(folder: Path) -> Iterator[Memory]:
    with memory(folder / "small") as mounted:
        yield mounted


@pytest.fixture
def failing(folder: Path) -> Iterator[Disk]:
    with disk(folder / "failing") as mounted:
        yield mounted


def installed(folder: Path, server: MailServer, on: Path, journal: Path, people: int, **mailbox: int) -> Installation:
    site = Installation(folder, on / "camd.db", journal / "camd.journal", mailbox=mailbox)
    site.prepare(Group(addresses(people), SystemClock().now()))
    site.configure(server.port)
    return site


def end_of(daemon: Any) -> int:
    """The exit code of a daemon that ends by itself."""
    code: int = daemon.process.wait(timeout=PATIENCE_SECONDS)
    daemon.printed += daemon.process.stdout.read()
    return code


def test_fault_24_a_disk_that_is_full_at_the_intent_sends_nothing_until_there_is_room(
    start: Start, ask: Ask, folder: Path, server: MailServer, small: Memory
) -> None:
    # The gap leaves time to fill it before the next intent.
    site = installed(folder, server, small.folder, small.folder, 3, min_gap_seconds=5)
    daemon = start("run", "--config", "camd.toml")
    log = DaemonLog(daemon)
    url = log.url()
    log.wait_for("send.sent")
    small.fill()
    log.wait_for("send.gate_closed", "disk_full")
    log.wait_for("db.commit_failed")
    assert ask(f"{url}/readyz").status == 503
    assert "disk_full" in ask(f"{url}/healthz").body.decode()
    assert len(server.mails) == 1
    small.make_room()
    log.wait_for("send.gate_opened", "disk_full")
    assert len(server.mails) == 1
    server.wait_for(3)
    assert daemon.end() == 0
    assert site.problems(server.mails) == []
    assert "Traceback" not in daemon.output()


def test_fault_25_an_outcome_that_finds_the_disk_full_waits_and_nothing_else_is_sent(
    start: Start, ask: Ask, folder: Path, server: MailServer, small: Memory
) -> None:
    site = installed(folder, server, small.folder, folder, 4)
    server.hold()
    daemon = start("run", "--config", "camd.toml")
    log = DaemonLog(daemon)
    url = log.url()
    server.wait_for(1)
    small.fill()
    server.answer()
    log.wait_for("send.gate_closed", "outcome_waits")
    assert "outcome_waits" in ask(f"{url}/healthz").body.decode()
    small.make_room()
    log.wait_for("send.gate_opened", "outcome_waits")
    assert len(server.mails) == 1
    log.wait_for("send.sent")
    server.wait_for(4)
    assert daemon.end() == 0
    assert site.problems(server.mails) == []
    assert site.books().count(TouchStatus.SENT) == 4


@pytest.mark.parametrize("is_told", [True, False])
def test_fault_25_killed_while_its_outcome_waits_it_is_what_the_journal_says_and_never_sent_again(
    start: Start, folder: Path, server: MailServer, small: Memory, failing: Disk, is_told: bool
) -> None:
    site = installed(folder, server, small.folder, failing.folder, 4)
    server.hold()
    daemon = start("run", "--config", "camd.toml")
    log = DaemonLog(daemon)
    server.wait_for(1)
    small.fill()
    if not is_told:
        failing.turn_read_only()
    server.answer()
    log.wait_for("send.gate_closed", "outcome_waits")
    assert daemon.end(signal.SIGKILL) == -signal.SIGKILL
    small.make_room()
    failing.repair()
    again = start("run", "--config", "camd.toml")
    server.wait_for(4)
    assert again.end() == 0
    assert site.problems(server.mails) == []
    unknown = site.books().count(TouchStatus.UNKNOWN)
    assert unknown == (0 if is_told else 1)


def test_fault_26_an_fsync_that_failed_ends_the_process_and_the_next_one_goes_on_from_the_disk(
    start: Start, folder: Path, server: MailServer, failing: Disk
) -> None:
    site = installed(folder, server, failing.folder, folder, 4)
    server.hold()
    daemon = start("run", "--config", "camd.toml")
    server.wait_for(1)
    failing.fail_at_fsync()
    server.answer()
    assert end_of(daemon) == 1
    assert "I/O error" in daemon.errors.read_text()
    assert len(server.mails) == 1
    failing.repair()
    again = start("run", "--config", "camd.toml")
    server.wait_for(4)
    assert again.end() == 0
    assert site.problems(server.mails) == []
    assert site.books().count(TouchStatus.SENT) == 4


def test_fault_26_a_failed_fsync_of_the_journal_ends_the_process_before_the_message_is_begun(
    start: Start, folder: Path, server: MailServer, failing: Disk
) -> None:
    site = installed(folder, server, folder, failing.folder, 40)
    server.hold()
    daemon = start("run", "--config", "camd.toml")
    server.wait_for(1)
    failing.fail_at_fsync()
    server.answer()
    # It fails with the first line that needs a block of its own.
    assert end_of(daemon) == 1
    assert "camd.journal cannot be written" in daemon.errors.read_text()
    before = len(server.mails)
    assert before < 40
    failing.repair()
    again = start("run", "--config", "camd.toml")
    server.wait_for(40)
    assert again.end() == 0
    assert site.problems(server.mails) == []
    assert site.books().count(TouchStatus.SENT) == 40


HOLDS_THE_DATABASE = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def test_fault_27_a_database_that_another_process_holds_is_waited_for(
    start: Start, ask: Ask, folder: Path, server: MailServer
) -> None:
    site = installed(folder, server, folder, folder, 4)
    server.hold()
    daemon = start("run", "--config", "camd.toml")
    log = DaemonLog(daemon)
    url = log.url()
    server.wait_for(1)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS_THE_DATABASE, str(site.database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        server.answer()
        # Each stands for a whole busy timeout.
        log.wait_for("db.busy")
        log.wait_for("db.busy")
        assert len(server.mails) == 1
        assert 'camd_db_transactions_total{kind="write",result="busy"} ' in ask(f"{url}/metrics").body.decode()
        holder.communicate()
    server.wait_for(4)
    assert daemon.end() == 0
    assert site.problems(server.mails) == []
    assert site.books().count(TouchStatus.SENT) == 4


@pytest.mark.parametrize("gap", [0, 4])
def test_fault_23_a_disk_gone_read_only_ends_the_process_and_it_goes_on_once_it_is_repaired(
    start: Start, folder: Path, server: MailServer, failing: Disk, gap: int
) -> None:
    site = installed(folder, server, failing.folder, folder, 2, min_gap_seconds=gap)
    server.hold()
    daemon = start("run", "--config", "camd.toml")
    log = DaemonLog(daemon)
    server.wait_for(1)
    if gap:
        # What meets it is the next intent, not the outcome.
        server.answer()
        log.wait_for("send.sent")
    failing.turn_read_only()
    server.answer()
    assert end_of(daemon) == 1
    assert "I/O error" in daemon.errors.read_text()
    refused = start("run", "--config", "camd.toml")
    assert end_of(refused) == 1
    assert "Read-only file system" in refused.errors.read_text()
    for each in (daemon, refused):
        assert "Traceback" not in each.output()
        # The commit that failed and the gate that closed for it: each once, and no loop of them.
        assert each.output().count('"level": "error"') <= 2
    assert len(server.mails) == 1
    failing.repair()
    again = start("run", "--config", "camd.toml")
    server.wait_for(2)
    assert again.end() == 0
    assert site.problems(server.mails) == []
    assert site.books().count(TouchStatus.SENT) == 2


def test_a_full_disk_under_the_journal_alone_keeps_every_message_from_being_begun(
    start: Start, folder: Path, server: MailServer, small: Memory
) -> None:
    site = installed(folder, server, folder, small.folder, 40)
    server.hold()
    daemon = start("run", "--config", "camd.toml")
    log = DaemonLog(daemon)
    server.wait_for(1)
    small.fill()
    server.answer()
    # Its lines fill what was left of a page first; the one that does not fit is cut off again.
    assert "camd.journal cannot be written: No space left" in log.wait_for("db.commit_failed", "journal")
    log.wait_for("send.released", "database_away")
    before = len(server.mails)
    assert before < 40
    assert handovers(site.journal) == before
    small.make_room()
    server.wait_for(40)
    assert daemon.end() == 0
    assert site.problems(server.mails) == []
    assert site.books().count(TouchStatus.SENT) == 40


def test_a_journal_on_a_disk_gone_read_only_keeps_every_message_from_being_begun(
    start: Start, folder: Path, server: MailServer, failing: Disk
) -> None:
    site = installed(folder, server, folder, failing.folder, 3, min_gap_seconds=5)
    daemon = start("run", "--config", "camd.toml")
    log = DaemonLog(daemon)
    log.wait_for("send.sent")
    failing.turn_read_only()
    assert "camd.journal cannot be written: Read-only" in log.wait_for("db.commit_failed", "journal")
    log.wait_for("send.released", "database_away")
    assert len(server.mails) == 1
    assert daemon.end() == 0
    failing.repair()
    again = start("run", "--config", "camd.toml")
    server.wait_for(3)
    assert again.end() == 0
    assert site.problems(server.mails) == []
    assert site.books().count(TouchStatus.SENT) == 3


def handovers(journal: Path) -> int:
    """How many whole lines of mails it has; none may be torn."""
    contents = read_journal(journal, after=JournalMark(0, 0))
    assert contents.damaged == 0
    return len(contents.handovers)
