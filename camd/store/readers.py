"""Reads that cannot write. Each query sees one snapshot; none of these connections ever moves the WAL.

Two checkpointing connections can corrupt a WAL database on SQLite before 3.51.3, so the writer alone does that.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

import anyio
from sqlalchemy import URL, Connection, QueuePool, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

from camd.ports.clock import Clock
from camd.store.errors import classified
from camd.store.writer import Writer

T = TypeVar("T")


class Readers:
    """A few read-only connections, opened when first needed, each query whole on a thread beside the loop. Open with
    `async with`, inside the writer's."""

    def __init__(self, path: Path, clock: Clock, *, connections: int = 4) -> None:
        self._clock = clock
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
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._engine.dispose()

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` on one snapshot. Once begun it ends before its caller's cancellation is seen.

        Raises StoreUnavailable and DatabaseDamaged. `query` must not return an open cursor.
        """
        with self._clock.real_work():
            return await anyio.to_thread.run_sync(self._read, query, limiter=self._places)

    def _read(self, query: Callable[[Connection], T]) -> T:
        try:
            with self._engine.connect() as connection:
                return _on_snapshot(query, connection)
        except Exception as error:
            raise classified(error) from error


class WriterReaders:
    """The same reads in turn on the writer's thread, so that a simulation repeats to the letter."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def read(self, query: Callable[[Connection], T]) -> T:
        return await self._writer.alone(partial(_without_writing, query))


def _make_harmless(raw: DBAPIConnection, _: object) -> None:
    cursor = raw.cursor()
    cursor.execute("PRAGMA query_only=ON")
    cursor.execute("PRAGMA wal_autocheckpoint=0")
    cursor.close()


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
