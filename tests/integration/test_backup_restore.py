"""`camd backup` and `camd restore` as processes beside others, on real files; some of the processes are killed."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.acceptance

CAMD = [sys.executable, "-m", "camd"]
# Holds the database as the daemon does and writes a suppression with its ledger row in each commit, until killed.
WRITES = """
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import anyio

from camd.daemon.lock import DatabaseLock
from camd.domain.events import Event, EventType
from camd.domain.facts import SuppressionId
from camd.domain.suppression import SuppressionKind, SuppressionReason
from camd.ports.records import Suppression
from camd.sim.journal import MemoryJournal
from camd.store.sqlite import SqliteStore
from camd.system import SystemClock

now = datetime(2026, 3, 2, tzinfo=UTC)

def pair(number):
    def unit(tx):
        tx.suppressions.add(Suppression(SuppressionId(f"su_{number:08}"), SuppressionKind.ADDRESS, str(number), None,
                                        SuppressionReason.OPERATOR, None, now, "os:ann"))
        tx.ledger.append(Event(EventType.SUPPRESSION_ADDED, now, "os:ann"))
    return unit

async def main():
    path = Path("camd.db")
    with DatabaseLock(path, since=now):
        async with SqliteStore.open(path, SystemClock(), journal=MemoryJournal()) as store:
            for number in count():
                await store.write(pair(number))
                if number == 200:
                    print("writing", flush=True)

anyio.run(main)
"""
DIES_HALF_WAY = """
import os, signal, sys
from pathlib import Path
from camd.store.backup import back_up

def die(done, total):
    if done < total:
        os.kill(os.getpid(), signal.SIGKILL)

back_up(Path("camd.db").absolute(), Path("copy.db"), die)
"""


@pytest.fixture
def home(database: Path) -> Path:
    """A folder with an empty database of camd."""
    return database.parent


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CAMD_")}
    environ["TMPDIR"] = str(home)
    environ["CAMD_SERVER__SOCKET"] = "api.sock"
    return subprocess.run(
        [*CAMD, *arguments],
        check=False,
        cwd=home,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


@contextmanager
def writing(home: Path) -> Iterator[None]:
    """Another process that writes to the database as fast as it can; killed at the end."""
    with subprocess.Popen([sys.executable, "-c", WRITES], cwd=home, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "writing\n"
            yield
        finally:
            process.kill()


def execute(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as raw:
        for statement in statements:
            raw.execute(statement)


def count(database: Path, table: str) -> int:
    with closing(sqlite3.connect(database)) as raw:
        (found,) = raw.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(found)


def names(home: Path) -> set[str]:
    """Of copies and databases; not of what SQLite and camd keep beside them."""
    kept = {path.name for path in home.iterdir() if path.suffix == ".db" or ".replaced-" in path.name}
    return {name for name in kept if not name.endswith(("-wal", "-shm"))}


def test_a_backup_beside_a_writer_is_one_moment_of_the_database(home: Path) -> None:
    with writing(home):
        done = run(home, "backup", "copy.db")
        later = count(home / "camd.db", "ledger")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "backing up camd.db: 100 %")
    stored = count(home / "copy.db", "suppressions")
    assert 200 <= stored < later
    assert stored == count(home / "copy.db", "ledger")


def test_a_backup_goes_through_a_pipe_and_comes_back(home: Path) -> None:
    execute(home / "camd.db", "UPDATE instance SET kill_switch_reason = 'kept'")
    with (home / "copy.db").open("wb") as out:
        subprocess.run([*CAMD, "backup", "-"], check=True, cwd=home, stdout=out, stderr=subprocess.DEVNULL)
    execute(home / "camd.db", "UPDATE instance SET kill_switch_reason = 'changed'")
    assert run(home, "restore", "copy.db").returncode == 0
    with closing(sqlite3.connect(home / "camd.db")) as raw:
        assert raw.execute("SELECT kill_switch_reason FROM instance").fetchall() == [("kept",)]


def test_a_backup_killed_half_way_leaves_no_file_and_the_next_one_clears_up(home: Path) -> None:
    execute(home / "camd.db", "CREATE TABLE filler AS SELECT zeroblob(4000000)")
    killed = subprocess.run([sys.executable, "-c", DIES_HALF_WAY], check=False, cwd=home)
    assert killed.returncode == -signal.SIGKILL
    assert names(home) == {"camd.db"}
    assert [path for path in home.iterdir() if path.is_dir()] != [], "it was not half way"
    assert run(home, "backup", "copy.db").returncode == 0
    assert names(home) == {"camd.db", "copy.db"}
    assert [path for path in home.iterdir() if path.is_dir() and path.name.startswith(".camd")] == []


def test_a_full_device_and_a_closed_pipe_are_clear_errors(home: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*CAMD, "backup", "-"], check=False, cwd=home, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == b"camd: the output takes no more: No space left on device"
    reading, closed = os.pipe()
    os.close(reading)
    done = subprocess.run([*CAMD, "backup", "-"], check=False, cwd=home, stdout=closed, stderr=subprocess.PIPE)
    os.close(closed)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == b"camd: the output takes no more: Broken pipe"


def test_keep_belongs_to_a_file(home: Path) -> None:
    assert run(home, "backup", "-", "--keep", "2").returncode == 2
    assert run(home, "backup", "copy.db", "--keep", "0").returncode == 2


def test_a_restore_is_refused_while_a_process_holds_the_database(home: Path) -> None:
    assert run(home, "backup", "copy.db").returncode == 0
    with writing(home):
        before = names(home)
        refused = run(home, "restore", "copy.db")
        assert (refused.returncode, names(home)) == (75, before)
    assert "the database is held by process" in refused.stderr
    assert count(home / "camd.db", "ledger") >= 200


def test_a_restore_puts_the_database_of_a_killed_process_aside_whole_and_can_be_taken_back(home: Path) -> None:
    assert run(home, "backup", "copy.db").returncode == 0
    with writing(home):
        pass
    assert (home / "camd.db-wal").stat().st_size > 0
    restored = run(home, "restore", "copy.db")
    assert restored.returncode == 0
    assert count(home / "camd.db", "ledger") == 0
    (aside,) = names(home) - {"camd.db", "copy.db"}
    assert restored.stdout.splitlines()[-1] == f"to go back: camd restore {home / aside}"
    assert run(home, "restore", aside).returncode == 0
    assert count(home / "camd.db", "ledger") == count(home / "camd.db", "suppressions") >= 200
    assert len(names(home)) == 4


def test_a_restored_database_has_the_rights_of_the_one_before(home: Path) -> None:
    (home / "camd.db").chmod(0o660)
    assert run(home, "backup", "copy.db").returncode == 0
    assert run(home, "restore", "copy.db").returncode == 0
    assert (home / "camd.db").stat().st_mode & 0o777 == 0o660


def test_a_backup_is_restored_where_there_was_no_database(home: Path) -> None:
    assert run(home, "backup", "copy.db").returncode == 0
    (home / "camd.db").unlink()
    restored = run(home, "restore", "copy.db")
    assert (restored.returncode, restored.stdout) == (0, f"{home / 'camd.db'}: restored from copy.db\n")
    assert names(home) == {"camd.db", "copy.db"}
    assert run(home, "migrate").stdout.endswith("nothing to do\n")


def test_fault_29_a_damaged_backup_is_refused_and_changes_nothing(home: Path) -> None:
    assert run(home, "backup", "copy.db").returncode == 0
    with (home / "copy.db").open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xa5" * 4096 * 3)
    before = (home / "camd.db").read_bytes()
    refused = run(home, "restore", "copy.db")
    assert refused.returncode == 1
    assert "copy.db cannot be restored, nothing was changed; take another backup" in refused.stderr
    assert ((home / "camd.db").read_bytes(), names(home)) == (before, {"camd.db", "copy.db"})


@pytest.mark.parametrize("content", [b"", b"hello\n", b"x" * 10_000])
def test_a_file_that_is_no_database_is_refused_and_makes_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "copy").write_bytes(content)
    refused = run(tmp_path, "restore", "copy")
    assert refused.returncode == 1
    assert "nothing was changed" in refused.stderr
    assert names(tmp_path) == set()


def test_a_database_of_another_program_is_refused(home: Path) -> None:
    execute(home / "notes.db", "CREATE TABLE note (body TEXT)")
    refused = run(home, "restore", "notes.db")
    assert (refused.returncode, names(home)) == (1, {"camd.db", "notes.db"})
    assert "notes.db is no database of camd" in refused.stderr


def test_fault_20_a_backup_of_a_newer_camd_is_refused(home: Path) -> None:
    assert run(home, "backup", "copy.db").returncode == 0
    execute(home / "copy.db", "UPDATE alembic_version SET version_num = '9999'")
    refused = run(home, "restore", "copy.db")
    assert (refused.returncode, names(home)) == (78, {"camd.db", "copy.db"})
    assert "9999" in refused.stderr


def test_the_database_itself_and_an_absent_file_are_no_backups(home: Path) -> None:
    for file in ("camd.db", "none.db"):
        refused = run(home, "restore", file)
        assert (refused.returncode, names(home)) == (1, {"camd.db"})


def test_a_backup_that_fails_is_recorded_for_the_daemon(home: Path) -> None:
    assert run(home, "backup", "nowhere/copy.db").returncode == 1
    assert '"failure": "' in (home / "camd.db.last-backup").read_text()
    assert run(home, "backup", "copy.db").returncode == 0
    assert '"failure": null' in (home / "camd.db.last-backup").read_text()
