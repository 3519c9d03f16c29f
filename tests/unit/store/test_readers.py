import os
import resource
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from camd.ports.store_errors import StoreUnavailable
from camd.store.readers import Readers, WriterReaders
from camd.store.writer import Writer
from camd.system import SystemClock


def count(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM note").scalar_one())


def add(connection: Connection) -> None:
    connection.exec_driver_sql("INSERT INTO note VALUES ('a')")


class Pause:
    """A statement that lasts until `ended` is set."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.ended = threading.Event()

    def within(self, connection: Connection) -> None:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.create_function("pause", 0, self._last)
        connection.exec_driver_sql("SELECT pause()")

    def _last(self) -> int:
        self.begun.set()
        assert self.ended.wait(60)
        return 0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a file #1?.db"


@pytest.fixture
async def writer(path: Path) -> AsyncIterator[Writer]:
    async with Writer(path, SystemClock()) as writer:
        await writer.write(lambda tx: tx.exec_driver_sql("CREATE TABLE note (body TEXT)"))
        yield writer


@pytest.fixture(params=["connections of their own", "the writer's"])
async def readers(writer: Writer, path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Readers | WriterReaders]:
    if request.param == "the writer's":
        yield WriterReaders(writer)
        return
    async with Readers(path, SystemClock()) as readers:
        yield readers


async def test_a_read_sees_what_was_answered(writer: Writer, readers: Readers | WriterReaders) -> None:
    await writer.write(add)
    assert await readers.read(count) == 1


async def test_a_reader_cannot_write(writer: Writer, readers: Readers | WriterReaders) -> None:
    with pytest.raises((OperationalError, StoreUnavailable)):
        await readers.read(add)
    await writer.write(add)
    assert await readers.read(count) == 1


async def test_an_error_of_the_query_reaches_its_caller(readers: Readers | WriterReaders) -> None:
    def broken(_: Connection) -> None:
        raise LookupError("broken")

    with pytest.raises(LookupError, match="broken"):
        await readers.read(broken)
    assert await readers.read(count) == 0


async def test_many_reads_share_few_connections(writer: Writer, path: Path) -> None:
    counts: list[int] = []

    async def read() -> None:
        counts.append(await two.read(count))

    await writer.write(add)
    async with Readers(path, SystemClock(), connections=2) as two, anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(read)
    assert counts == [1] * 50


async def test_one_read_sees_one_snapshot(writer: Writer, path: Path) -> None:
    pause = Pause()

    def twice(connection: Connection) -> tuple[int, int]:
        first = count(connection)
        pause.within(connection)
        return first, count(connection)

    async def write_between() -> None:
        await anyio.to_thread.run_sync(pause.begun.wait, 10)
        await writer.write(add)
        pause.ended.set()

    async with Readers(path, SystemClock()) as readers, anyio.create_task_group() as tasks:
        tasks.start_soon(write_between)
        assert await readers.read(twice) == (0, 0)


@pytest.mark.usefixtures("writer")
async def test_a_read_that_has_begun_ends_though_its_caller_is_cancelled(path: Path) -> None:
    pause = Pause()
    counts: list[int] = []

    def slow(connection: Connection) -> None:
        pause.within(connection)
        counts.append(count(connection))

    async with Readers(path, SystemClock(), connections=1) as readers:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(readers.read, slow)
            await anyio.to_thread.run_sync(pause.begun.wait, 10)
            tasks.cancel_scope.cancel()
            pause.ended.set()
        assert counts == [0]
        assert await readers.read(count) == 0


async def test_no_connection_outlives_the_readers(writer: Writer, path: Path) -> None:
    async with Readers(path, SystemClock()) as readers:
        await readers.read(count)
    # SQLite leaves its WAL only for a connection that is alone.
    mode = await writer.alone(lambda tx: tx.exec_driver_sql("PRAGMA journal_mode=DELETE").scalar_one())
    assert mode == "delete"


async def test_a_missing_database_makes_the_store_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        async with Readers(tmp_path / "missing.db", SystemClock()):
            pass


FOR_EVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.mark.usefixtures("writer")
async def test_fault_28_a_query_that_takes_long_is_cut_and_the_next_one_is_answered(path: Path) -> None:
    begun = anyio.Event()

    def endless(connection: Connection) -> int:
        anyio.from_thread.run_sync(begun.set)
        found: int = connection.exec_driver_sql(FOR_EVER).scalar_one()
        return found

    async with Readers(path, SystemClock()) as readers:
        assert readers.cut(0) == 0

        async def is_cut() -> None:
            with pytest.raises(StoreUnavailable, match="interrupted"):
                await readers.read(endless)
            ended.set()

        ended = anyio.Event()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(is_cut)
            await begun.wait()
            assert readers.cut() == 0
            # It may still be on its way to its statement.
            while not ended.is_set():
                readers.cut(0)
                await anyio.lowlevel.checkpoint()
        assert await readers.read(count) == 0


@pytest.mark.usefixtures("writer")
async def test_each_query_is_counted_and_timed(path: Path) -> None:
    told: list[bool] = []

    class Observer:
        def read(self, *, succeeded: bool, seconds: float) -> None:
            assert seconds >= 0
            told.append(succeeded)

    async with Readers(path, SystemClock(), observer=Observer()) as readers:
        await readers.read(count)
        with pytest.raises(ZeroDivisionError):
            await readers.read(lambda _: 1 // 0)
    assert told == [True, False]


@pytest.mark.usefixtures("writer")
async def test_fault_22_a_process_that_may_open_no_more_files_reads_on(path: Path) -> None:
    async with Readers(path, SystemClock()) as readers:
        with no_more_files():
            async with anyio.create_task_group() as tasks:
                for _ in range(8):
                    tasks.start_soon(readers.read, count)


@contextmanager
def no_more_files() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(list(Path("/proc/self/fd").iterdir()))
    held = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + 64, before[1]))
        with suppress(OSError):
            while True:
                held.append(os.open("/dev/null", os.O_RDONLY))
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
