"""The one thread that writes. Waiting units share one durable commit, each in its own savepoint.

A unit that raises is undone alone. Nobody is answered before the commit; when it fails, nothing of that group is
stored and each of its callers gets `StoreUnavailable`. After an I/O error or damage nothing is written any more
until another process opens the file: `watch` raises then. What is SQLite's own stays in this folder.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Generic, Literal, NoReturn, Protocol, Self, TypeVar

import anyio
from sqlalchemy import URL, Connection, NullPool, create_engine

from camd.ports.clock import Clock
from camd.ports.store_errors import StoreUnavailable, UnsafeDatabase
from camd.store.errors import classified, is_busy, is_untrusted

T = TypeVar("T")
CommitPoint = Literal["begin", "before_commit", "after_commit"]


class WriterObserver(Protocol):
    """Is told of every group, on the writer's thread: must be thread-safe, quick, and never raise."""

    def transaction(self, *, committed: bool, units: int, seconds: float) -> None: ...

    def busy(self) -> None:
        """Another process held the file for longer than the busy timeout; the group waits on."""
        ...


@dataclass(frozen=True, slots=True)
class WriterLimits:
    """`attempts` counts the waits for a locked file, each of `busy_timeout`, before a group is given up."""

    group: int = 64
    queue: int = 10_000
    busy_timeout: timedelta = timedelta(seconds=5)
    attempts: int = 12
    checkpoint_pages: int = 1_000
    wal_kept_bytes: int = 16_000_000


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`busy`: a reader or another process kept a part of the WAL from being moved."""

    busy: bool
    wal_pages: int
    moved_pages: int


class _Job(Generic[T]):
    def __init__(self, unit: Callable[[Connection], T], answer: asyncio.Future[T], *, alone: bool) -> None:
        self.unit = unit
        self.answer = answer
        self.alone = alone
        self.value: T
        self.error: Exception | None = None


_AnyJob = _Job[Any]  # jobs of every result type share one queue


class Writer:
    """Open with `async with`, on the loop that uses it; opened before the readers and closed after them.

    `on_commit` is called on the writer's thread at each point of each group; its callers get an error it raises.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        limits: WriterLimits = WriterLimits(),
        observer: WriterObserver | None = None,
        on_commit: Callable[[CommitPoint], None] = lambda _: None,
    ) -> None:
        self.path = path
        self._clock = clock
        self._limits = limits
        self._observer = observer
        self._on_commit = on_commit
        self._queue: SimpleQueue[_AnyJob | None] = SimpleQueue()
        self._places = anyio.Semaphore(limits.queue, fast_acquire=True)
        self._thread = threading.Thread(target=self._main, name="camd-writer", daemon=True)
        self._closed = False
        self._distrust: Exception | None = None
        self._distrusted = anyio.Event()

    async def __aenter__(self) -> Self:
        """Raises StoreUnavailable, DatabaseDamaged, or UnsafeDatabase where a durability setting does not hold."""
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._thread.start()
        with anyio.CancelScope(shield=True), self._clock.real_work():
            await self._opened
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def write(self, unit: Callable[[Connection], T]) -> T:
        """Run `unit` whole, once, and answer after its commit.

        Cancelled while it waits for a place in the queue, the unit never runs. Once it has its place it runs to
        its end and only the answer is dropped, so that what is stored does not hang on the threads' timing.
        `unit` must neither commit nor return an open cursor.
        """
        return await self._ask(unit, alone=False)

    async def alone(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in its turn on the writer's connection, outside any transaction; it ends what it begins."""
        return await self._ask(work, alone=True)

    async def checkpoint(self) -> Checkpoint:
        """Move the WAL into the database file and cut it to nothing, as far as readers permit.

        Waits for readers up to the busy timeout, and the writes that come after it wait with it.
        """
        return await self.alone(_checkpoint)

    async def watch(self) -> NoReturn:
        """Wait until the file can no longer be trusted, then raise StoreUnavailable or DatabaseDamaged."""
        await self._distrusted.wait()
        assert self._distrust is not None
        raise classified(self._distrust)

    async def close(self) -> None:
        """Take no more, finish what is waiting, checkpoint, close the connection and join the thread."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
        with anyio.CancelScope(shield=True), self._clock.real_work():
            await asyncio.shield(self._ended)
        self._thread.join()

    async def _ask(self, unit: Callable[[Connection], T], *, alone: bool) -> T:
        await self._places.acquire()
        if self._closed:
            self._places.release()
            raise StoreUnavailable("the database is closed")
        answer: asyncio.Future[T] = self._loop.create_future()
        self._queue.put(_Job(unit, answer, alone=alone))
        with self._clock.real_work():
            return await answer

    # From here on everything runs on the writer's thread, except _settle.

    def _main(self) -> None:
        try:
            self._connection = self._connect()
        except Exception as error:  # noqa: BLE001 - handed to the opener
            self._closed = True
            self._loop.call_soon_threadsafe(_resolve, self._ended, None)
            self._loop.call_soon_threadsafe(_resolve, self._opened, classified(error))
            return
        self._loop.call_soon_threadsafe(_resolve, self._opened, None)
        try:
            self._serve()
        finally:
            self._closed = True
            self._refuse_the_rest()
            self._disconnect()
            self._loop.call_soon_threadsafe(_resolve, self._ended, None)

    def _connect(self) -> Connection:
        timeout = self._limits.busy_timeout
        engine = create_engine(
            URL.create("sqlite+pysqlite", database=str(self.path)),
            isolation_level="AUTOCOMMIT",  # BEGIN, SAVEPOINT and COMMIT are sent below
            poolclass=NullPool,
            connect_args={"timeout": timeout.total_seconds(), "cached_statements": 512},
        )
        connection = engine.connect()
        try:
            self._raw = driver_connection(connection)
            milliseconds = timeout // timedelta(milliseconds=1)
            _set(self._raw, "busy_timeout", milliseconds, expected=milliseconds)
            _set(self._raw, "journal_mode", "WAL", expected="wal")
            _set(self._raw, "synchronous", "FULL", expected=2)
            _set(self._raw, "foreign_keys", "ON", expected=1)
            # What was erased stays in no free page; some builds of SQLite do it by themselves.
            _set(self._raw, "secure_delete", "ON", expected=1)
            # Else SQLite makes a file for the pages that a savepoint may restore once they are more than 16.
            _set(self._raw, "temp_store", "MEMORY", expected=2)
            # What a long reader let it grow to is given back to the disk once the log begins anew.
            _set(self._raw, "journal_size_limit", self._limits.wal_kept_bytes, expected=self._limits.wal_kept_bytes)
            _set(self._raw, "wal_autocheckpoint", self._limits.checkpoint_pages, expected=self._limits.checkpoint_pages)
        except Exception:
            connection.close()
            raise
        return connection

    def _serve(self) -> None:
        while True:
            group: list[_AnyJob] = []
            job = self._queue.get()
            while job is not None and not job.alone:
                group.append(job)
                if len(group) == self._limits.group:
                    break
                try:
                    job = self._queue.get_nowait()
                except Empty:
                    break
            if group:
                self._commit(group)
            if job is None:
                return
            if job.alone:
                self._run_alone(job)

    def _commit(self, group: list[_AnyJob]) -> None:
        started = self._clock.monotonic()
        failure: Exception | None = RuntimeError("the writer's thread ended")
        try:
            self._require_trust()
            self._patiently("BEGIN IMMEDIATE")
            self._on_commit("begin")
            for place, job in enumerate(group):
                self._run_unit(job, is_first=place == 0)
            self._on_commit("before_commit")
            self._patiently("COMMIT")
            failure = None
            self._on_commit("after_commit")
        except Exception as error:  # noqa: BLE001 - handed to the callers
            failure = error
        finally:
            if failure:
                self._give_up(group, failure)
            self._loop.call_soon_threadsafe(self._settle, group)
            if self._observer:
                seconds = self._clock.monotonic() - started
                self._observer.transaction(committed=failure is None, units=len(group), seconds=seconds)

    def _run_unit(self, job: _AnyJob, *, is_first: bool) -> None:
        """The first has nothing before it for a savepoint to keep."""
        if not is_first:
            self._raw.execute("SAVEPOINT unit")
        try:
            job.value = job.unit(self._connection)
        except Exception as error:
            self._forget()
            job.error = self._judged(error)
            if self._raw.in_transaction and is_first:
                self._raw.execute("ROLLBACK")
                self._patiently("BEGIN IMMEDIATE")
            elif self._raw.in_transaction:
                self._raw.execute("ROLLBACK TO unit")
            elif job.error is not error:
                raise  # out of room or in trouble with the disk, SQLite undid the whole transaction on its own
        assert self._raw.in_transaction, "a unit ended the transaction of its group"
        if not is_first:
            self._raw.execute("RELEASE unit")

    def _run_alone(self, job: _AnyJob) -> None:
        job.error = RuntimeError("the writer's thread ended")
        try:
            self._require_trust()
            job.value = job.unit(self._connection)
            job.error = None
        except Exception as error:  # noqa: BLE001 - handed to its caller
            job.error = self._judged(error)
        finally:
            self._roll_back()
            self._loop.call_soon_threadsafe(self._settle, [job])

    def _patiently(self, statement: str) -> None:
        """Nothing of a group has run at BEGIN and nothing is lost by a busy COMMIT, so both may be repeated."""
        for _ in range(self._limits.attempts - 1):
            try:
                self._raw.execute(statement)
            except sqlite3.OperationalError as error:
                if not is_busy(error):
                    raise
                if self._observer:
                    self._observer.busy()
            else:
                return
        self._raw.execute(statement)

    def _give_up(self, group: list[_AnyJob], failure: Exception) -> None:
        self._roll_back()
        for job in group:
            job.error = self._judged(failure)

    def _roll_back(self) -> None:
        self._forget()
        if self._raw.in_transaction:
            with suppress(sqlite3.Error):  # in trouble with the disk, SQLite may have done it already
                self._raw.execute("ROLLBACK")

    def _forget(self) -> None:
        """What was remembered of rows is undone with them."""
        self._connection.info.clear()

    def _judged(self, error: Exception) -> Exception:
        if is_untrusted(error) and self._distrust is None:
            self._distrust = error
            self._loop.call_soon_threadsafe(self._distrusted.set)
        return classified(error)

    def _require_trust(self) -> None:
        if self._distrust:
            raise self._distrust.with_traceback(None)

    def _settle(self, group: Sequence[_AnyJob]) -> None:
        """In the order in which they came; the loop is woken once for all of them."""
        for job in group:
            self._places.release()
            if job.answer.done():
                continue
            if job.error is not None:
                job.answer.set_exception(job.error)
            else:
                job.answer.set_result(job.value)

    def _refuse_the_rest(self) -> None:
        while True:
            try:
                job = self._queue.get_nowait()
            except Empty:
                return
            if job is not None:
                job.error = StoreUnavailable("the database is closed")
                self._loop.call_soon_threadsafe(self._settle, [job])

    def _disconnect(self) -> None:
        with suppress(sqlite3.Error):  # what stays in the WAL is not lost
            _checkpoint(self._connection)
        self._connection.close()


def driver_connection(connection: Connection) -> sqlite3.Connection:
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


def _set(raw: sqlite3.Connection, pragma: str, value: str | int, *, expected: str | int) -> None:
    raw.execute(f"PRAGMA {pragma}={value}")
    (found,) = raw.execute(f"PRAGMA {pragma}").fetchone()
    if found != expected:
        raise UnsafeDatabase(f"SQLite does not keep {pragma}={value} for this file: it says {found}")


def _checkpoint(connection: Connection) -> Checkpoint:
    row = driver_connection(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    busy, wal_pages, moved_pages = row
    return Checkpoint(bool(busy), wal_pages, moved_pages)


def _resolve(future: asyncio.Future[None], error: Exception | None) -> None:
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(None)
