"""The disk, other processes and SIGKILL against the real writer."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from sqlalchemy import Connection

from camd.ports.store_errors import DatabaseDamaged, StoreUnavailable
from camd.store.copies import check_pages
from camd.store.readers import Readers
from camd.store.writer import CommitPoint, Writer, WriterLimits, driver_connection
from camd.system import SystemClock

KILLED_IN_ITS_THIRD_GROUP = """
import os, signal, sys, anyio
from pathlib import Path
from camd.store.writer import Writer
from camd.system import SystemClock

groups = 0

def at(point):
    global groups
    groups += point == "begin"
    if groups == 3 and point == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with Writer(Path(sys.argv[1]), SystemClock(), on_commit=at) as writer:
        await writer.write(lambda tx: tx.exec_driver_sql("CREATE TABLE note (body TEXT)"))
        for body in "ab":
            await writer.write(lambda tx: tx.exec_driver_sql("INSERT INTO note VALUES (?)", (body * 10_000,)))
            print(body, flush=True)

anyio.run(main)
"""


def create(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE note (body TEXT)")


def note(size: int) -> Callable[[Connection], None]:
    def unit(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO note VALUES (?)", ("x" * size,))

    return unit


def count(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM note").scalar_one())


def check(connection: Connection) -> None:
    check_pages(driver_connection(connection))


def overwrite(path: Path, *, at: int) -> None:
    path.touch()
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xa5" * 4096 * 3)


def sizes(path: Path) -> tuple[int, int]:
    """Bytes of the database and of its WAL."""
    return path.stat().st_size, path.with_name(f"{path.name}-wal").stat().st_size


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "camd.db"


def killed_at(point: str, path: Path) -> list[str]:
    """What a process that SIGKILLs itself at `point` was answered before."""
    command = [sys.executable, "-c", KILLED_IN_ITS_THIRD_GROUP, str(path), point]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    return ended.stdout.split()


@pytest.mark.parametrize(("point", "stored"), [("begin", 1), ("before_commit", 1), ("after_commit", 2)])
async def test_fault_05_a_kill_loses_nothing_answered_and_stores_no_half_group(
    path: Path, point: str, stored: int
) -> None:
    assert killed_at(point, path) == ["a"]
    async with Writer(path, SystemClock()) as writer:
        await writer.alone(check)
        assert await writer.write(count) == stored
        await writer.write(note(1))


async def test_fault_05_a_torn_tail_of_the_wal_costs_only_the_torn_group(path: Path) -> None:
    killed_at("after_commit", path)
    wal = path.with_name("camd.db-wal")
    os.truncate(wal, wal.stat().st_size - 100)
    async with Writer(path, SystemClock()) as writer:
        await writer.alone(check)
        assert await writer.write(count) == 1


async def test_fault_24_a_full_disk_fails_the_whole_group_and_room_heals_it(path: Path) -> None:
    failed: list[int] = []

    async def refused(size: int) -> None:
        with pytest.raises(StoreUnavailable, match="full"):
            await writer.write(note(size))
        failed.append(size)

    released = threading.Event()
    async with Writer(path, SystemClock()) as writer:
        await writer.write(create)
        await writer.alone(lambda tx: tx.exec_driver_sql("PRAGMA max_page_count=4"))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.alone, lambda _: released.wait(60))
            for size in (1, 100_000, 2):
                tasks.start_soon(refused, size)
            await anyio.wait_all_tasks_blocked()
            released.set()
        assert failed == [1, 100_000, 2]
        assert await writer.write(count) == 0
        await writer.alone(lambda tx: tx.exec_driver_sql("PRAGMA max_page_count=1000"))
        await writer.write(note(100_000))
        assert await writer.write(count) == 1


async def test_fault_26_after_a_failed_fsync_nothing_is_written_until_the_file_is_opened_anew(
    path: Path,
) -> None:
    broken = threading.Event()

    def at(point: CommitPoint) -> None:
        if point == "before_commit" and broken.is_set():
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
            raise error

    async with Writer(path, SystemClock(), on_commit=at) as writer:
        await writer.write(create)
        await writer.write(note(1))
        broken.set()
        with pytest.raises(StoreUnavailable, match="I/O"):
            await writer.write(note(2))
        broken.clear()
        with pytest.raises(StoreUnavailable, match="I/O"):
            await writer.write(note(3))
        with pytest.raises(StoreUnavailable, match="I/O"):
            await writer.watch()
    async with Writer(path, SystemClock()) as anew:
        assert await anew.write(count) == 1


class BusyFile:
    """Another connection holds the write lock until the writer has met it `patience` times."""

    def __init__(self, path: Path, patience: int) -> None:
        self._other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._other.execute("BEGIN IMMEDIATE")
        self._patience = patience
        self.met = 0

    def transaction(self, *, committed: bool, units: int, seconds: float) -> None:
        pass

    def busy(self) -> None:
        self.met += 1
        if self.met == self._patience:
            self.let_go()

    def let_go(self) -> None:
        self._other.execute("ROLLBACK")
        self._other.close()


SHORT = WriterLimits(busy_timeout=timedelta(milliseconds=1), attempts=4)


async def existing(path: Path) -> None:
    async with Writer(path, SystemClock()) as writer:
        await writer.write(create)


async def test_fault_27_a_locked_database_is_waited_for_and_no_work_is_lost(path: Path) -> None:
    await existing(path)
    held = BusyFile(path, patience=3)
    ran: list[int] = []

    def once(connection: Connection) -> None:
        ran.append(held.met)
        note(1)(connection)

    async with Writer(path, SystemClock(), limits=SHORT, observer=held) as writer:
        await writer.write(once)
        assert await writer.write(count) == 1
    assert ran == [3]


async def test_fault_27_a_database_locked_for_too_long_is_unavailable_and_comes_back(path: Path) -> None:
    await existing(path)
    held = BusyFile(path, patience=100)
    async with Writer(path, SystemClock(), limits=SHORT, observer=held) as writer:
        with pytest.raises(StoreUnavailable, match="locked"):
            await writer.write(note(1))
        held.let_go()
        await writer.write(note(2))
        assert await writer.write(count) == 1


async def test_fault_28_a_log_that_a_reader_let_grow_shrinks_again_when_it_is_gone(path: Path) -> None:
    await existing(path)
    log = path.with_name(f"{path.name}-wal")
    limits = WriterLimits(checkpoint_pages=10, wal_kept_bytes=100_000)
    async with Writer(path, SystemClock(), limits=limits) as writer:
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM note").fetchone()
            for _ in range(100):
                await writer.write(note(4_000))
            assert log.stat().st_size > 400_000
        for _ in range(3):
            await writer.write(note(1))
        assert log.stat().st_size <= 100_000


async def test_fault_29_damage_is_named_and_stops_the_writer(path: Path) -> None:
    async with Writer(path, SystemClock()) as writer:
        await writer.write(create)
        for _ in range(20):
            await writer.write(note(4_000))
    overwrite(path, at=4096)
    async with Writer(path, SystemClock()) as writer:
        with pytest.raises(DatabaseDamaged):
            await writer.alone(check)
        with pytest.raises(DatabaseDamaged):
            await writer.write(note(1))
        with pytest.raises(DatabaseDamaged):
            await writer.watch()


async def test_fault_29_a_file_that_is_no_database_is_damage(path: Path) -> None:
    overwrite(path, at=0)
    with pytest.raises(DatabaseDamaged):
        async with Writer(path, SystemClock()):
            pass


async def test_fault_30_only_the_writer_checkpoints(path: Path) -> None:
    async with Writer(path, SystemClock(), limits=WriterLimits(checkpoint_pages=0)) as writer:
        await writer.write(create)
        await writer.write(note(6_000_000))
        before = sizes(path)
        async with Readers(path, SystemClock()) as readers:
            pragmas = await readers.read(
                lambda tx: [
                    tx.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("wal_autocheckpoint", "query_only")
                ]
            )
            assert pragmas == [0, 1]
            with pytest.raises(StoreUnavailable):
                await readers.read(lambda tx: tx.exec_driver_sql("PRAGMA user_version=7"))
        assert sizes(path) == before
        await writer.checkpoint()
        after = sizes(path)
        assert after[0] > before[0]
        assert after[1] == 0


async def test_a_checkpoint_that_a_reader_holds_up_says_so(path: Path) -> None:
    async with Writer(path, SystemClock(), limits=SHORT) as writer:
        await writer.write(create)
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM note").fetchall()
            await writer.write(note(1))
            assert (await writer.checkpoint()).busy
        assert not (await writer.checkpoint()).busy
