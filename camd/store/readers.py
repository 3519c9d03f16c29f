"""Reads that cannot write. Each query sees one snapshot; none of these connections ever moves the WAL.

Two checkpointing connections can corrupt a WAL database on SQLite before 3.51.3, so the writer alone does that.
"""

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import aiosqlite
import anyio
from sqlalchemy import URL, Connection, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import create_async_engine

from camd.ports.clock import Clock
from camd.store.errors import classified
from camd.store.writer import Writer

T = TypeVar("T")


class Readers:
    """A few read-only connections, opened when first needed. Open with `async with`, inside the writer's."""

    def __init__(self, path: Path, clock: Clock, *, connections: int = 4) -> None:
        self._clock = clock
        self._places = anyio.CapacityLimiter(connections)
        self._engine = create_async_engine(
            URL.create("sqlite+aiosqlite", database=path.absolute().as_uri(), query={"mode": "ro", "uri": "true"}),
            isolation_level="AUTOCOMMIT",  # BEGIN is sent below
            pool_size=connections,
            max_overflow=0,
            connect_args={"async_creator_fn": _open, "cached_statements": 512},
        )
        event.listen(self._engine.sync_engine, "connect", _make_harmless)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        with anyio.CancelScope(shield=True), self._clock.real_work():
            await self._engine.dispose()

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` on one snapshot. Once begun it ends before its caller's cancellation is seen.

        Raises StoreUnavailable and DatabaseDamaged. `query` must not return an open cursor.
        """
        async with self._places:
            with anyio.CancelScope(shield=True), self._clock.real_work():
                answer = await self._read(query)
            return answer  # noqa: RET504 - a scope may end early, so mypy wants the return outside

    async def _read(self, query: Callable[[Connection], T]) -> T:
        try:
            async with self._engine.connect() as connection:
                return await connection.run_sync(partial(_on_snapshot, query))
        except Exception as error:
            raise classified(error) from error


class WriterReaders:
    """The same reads in turn on the writer's thread, so that a simulation repeats to the letter."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def read(self, query: Callable[[Connection], T]) -> T:
        return await self._writer.alone(partial(_without_writing, query))


async def _open(database: str, **options: Any) -> aiosqlite.Connection:
    """`options` are those of `sqlite3.connect`."""
    connection = aiosqlite.connect(database, **options)
    thread = connection._thread  # noqa: SLF001 - it has no public name
    thread.daemon = True
    try:
        return await connection
    except sqlite3.Error:
        # aiosqlite leaves its thread behind here, and that would answer to a loop that may be closed by then.
        await anyio.to_thread.run_sync(thread.join)
        raise


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


def _without_writing(query: Callable[[Connection], T], connection: Connection) -> T:
    connection.exec_driver_sql("PRAGMA query_only=ON")
    try:
        return _on_snapshot(query, connection)
    finally:
        connection.exec_driver_sql("PRAGMA query_only=OFF")
