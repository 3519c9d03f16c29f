"""Reads that cannot write. Each query sees one snapshot; none of these connections ever moves the WAL.

Two checkpointing connections can corrupt a WAL database on SQLite before 3.51.3, so the writer alone does that. A query
that takes long keeps the WAL from being moved: `cut` ends it, and its caller gets `StoreUnavailable`.
"""

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Protocol, Self, TypeVar

import anyio
from sqlalchemy import URL, Connection, QueuePool, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

from camd.ports.clock import Clock
from camd.store.errors import classified
from camd.store.writer import Writer, driver_connection

T = TypeVar("T")

LONG_SECONDS = 10.0
"""A query that takes longer may be cut short."""


class ReadersObserver(Protocol):
    """Is told of every query, on its thread: must be thread-safe, quick, and never raise."""

    def read(self, *, succeeded: bool, seconds: float) -> None: ...


class Readers:
    """A few read-only connections, each query whole on a thread beside the loop. Open with `async with`, inside the
    writer's. All are opened at once: a process that has run out of files reads on."""

    def __init__(
        self, path: Path, clock: Clock, *, connections: int = 4, observer: ReadersObserver | None = None
    ) -> None:
        self._clock = clock
        self._observer = observer
        self._connections = connections
        self._running: dict[sqlite3.Connection, float] = {}
        self._places = anyio.CapacityLimiter(connections)
        self._engine = create_engine(
            URL.create("sqlite+pysqlite", database=path.absolute().as_uri(), query={"mode": "ro", "uri": "true"}),
            isolation_level="AUTOCOMMIT",  # BEGIN is sent below
            poolclass=QueuePool,
            pool_size=connections,
            max_overflow=0,
            connect_args={"cached_statements": 512},
        )
        event.listen(self._engine, "connect", _make_harmless)

    async def __aenter__(self) -> Self:
        """Raises StoreUnavailable, DatabaseDamaged."""
        with self._clock.real_work():
            await anyio.to_thread.run_sync(self._open)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._engine.dispose()

    def cut(self, longer_than_seconds: float = LONG_SECONDS) -> int:
        """Ends the queries that run for longer; how many those are. One that computes between two statements is ended
        by a later call."""
        now = self._clock.monotonic()
        # A copy: queries begin and end on threads of their own.
        long = [raw for raw, since in tuple(self._running.items()) if now - since > longer_than_seconds]
        for raw in long:
            raw.interrupt()
        return len(long)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` on one snapshot. Once begun it ends before its caller's cancellation is seen.

        Raises StoreUnavailable and DatabaseDamaged. `query` must not return an open cursor.
        """
        with self._clock.real_work():
            return await anyio.to_thread.run_sync(self._read, query, limiter=self._places)

    def _open(self) -> None:
        try:
            with ExitStack() as opened:
                for _ in range(self._connections):
                    # Its files are opened by the first statement.
                    _on_snapshot(_look, opened.enter_context(self._engine.connect()))
        except Exception as error:
            raise classified(error) from error

    def _read(self, query: Callable[[Connection], T]) -> T:
        started, succeeded = self._clock.monotonic(), False
        try:
            with self._engine.connect() as connection:
                raw = driver_connection(connection)
                self._running[raw] = started
                try:
                    answer = _on_snapshot(query, connection)
                finally:
                    del self._running[raw]
        except Exception as error:
            raise classified(error) from error
        else:
            succeeded = True
            return answer
        finally:
            if self._observer:
                self._observer.read(succeeded=succeeded, seconds=self._clock.monotonic() - started)


class WriterReaders:
    """The same reads in turn on the writer's thread, so that a simulation repeats to the letter."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def read(self, query: Callable[[Connection], T]) -> T:
        return await self._writer.alone(partial(_without_writing, query))

    def cut(self) -> int:
        """None ever runs beside the writer, so none keeps the WAL from being moved."""
        return 0


def _make_harmless(raw: DBAPIConnection, _: object) -> None:
    cursor = raw.cursor()
    cursor.execute("PRAGMA query_only=ON")
    cursor.execute("PRAGMA wal_autocheckpoint=0")
    cursor.close()


def _look(connection: Connection) -> None:
    connection.exec_driver_sql("SELECT 1 FROM sqlite_schema").close()


def _on_snapshot(query: Callable[[Connection], T], connection: Connection) -> T:
    connection.exec_driver_sql("BEGIN")
    try:
        return query(connection)
    finally:
        connection.exec_driver_sql("ROLLBACK")
        connection.info.clear()  # the next snapshot may be another


def _without_writing(query: Callable[[Connection], T], connection: Connection) -> T:
    connection.exec_driver_sql("PRAGMA query_only=ON")
    try:
        return _on_snapshot(query, connection)
    finally:
        connection.exec_driver_sql("PRAGMA query_only=OFF")
