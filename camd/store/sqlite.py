"""The store on one SQLite file: every aggregate over one connection, units on the writer, queries on the readers."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import Connection

from camd.ports.clock import Clock
from camd.ports.store import Tx
from camd.store.campaigns import Campaigns
from camd.store.candidates import Candidates, Sources
from camd.store.imports import Imports
from camd.store.instance import Instance
from camd.store.leads import Leads
from camd.store.ledger import Ledger
from camd.store.migrate import head_revision, migrate
from camd.store.quotas import Quotas
from camd.store.readers import Readers, WriterReaders
from camd.store.suppressions import Suppressions
from camd.store.touches import Previews, Touches
from camd.store.writer import CommitPoint, Writer, WriterLimits, WriterObserver
from camd.telemetry.logs import get_log

log = get_log()

T = TypeVar("T")


class SqlTx:
    """One transaction's view of every aggregate."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @cached_property
    def campaigns(self) -> Campaigns:
        return Campaigns(self._connection)

    @cached_property
    def leads(self) -> Leads:
        return Leads(self._connection)

    @cached_property
    def candidates(self) -> Candidates:
        return Candidates(self._connection)

    @cached_property
    def sources(self) -> Sources:
        return Sources(self._connection)

    @cached_property
    def touches(self) -> Touches:
        return Touches(self._connection)

    @cached_property
    def previews(self) -> Previews:
        return Previews(self._connection)

    @cached_property
    def suppressions(self) -> Suppressions:
        return Suppressions(self._connection)

    @cached_property
    def imports(self) -> Imports:
        return Imports(self._connection)

    @cached_property
    def quotas(self) -> Quotas:
        return Quotas(self._connection)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self._connection)

    @cached_property
    def instance(self) -> Instance:
        return Instance(self._connection)


class SqliteStore:
    """Made by `open`, which migrates the file first."""

    def __init__(self, writer: Writer, readers: Readers | WriterReaders) -> None:
        self.writer = writer
        self._readers = readers

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        path: Path,
        clock: Clock,
        *,
        simulated: bool = False,
        instance_key: bytes | None = None,
        limits: WriterLimits = WriterLimits(),  # noqa: B008 - frozen
        observer: WriterObserver | None = None,
        on_commit: Callable[[CommitPoint], None] = lambda _: None,
    ) -> AsyncIterator[Self]:
        """Opens or creates the file and brings its schema to this program's.

        `simulated` reads on the writer's thread too, so that a run repeats to the letter; `instance_key` is what a
        file that is still empty gets instead of a random key. Raises `NewerSchema` and the other errors of
        `ports.store_errors`.
        """
        async with Writer(path, clock, limits=limits, observer=observer, on_commit=on_commit) as writer:
            if await writer.alone(partial(_migrated, instance_key)):
                log.info("migration.applied", revision=head_revision())
            if simulated:
                yield cls(writer, WriterReaders(writer))
            else:
                async with Readers(path, clock) as readers:
                    yield cls(writer, readers)

    async def write(self, unit: Callable[[Tx], T]) -> T:
        """Runs `unit` whole and answers after its commit; what it raises discards it alone."""
        return await self.writer.write(lambda connection: unit(SqlTx(connection)))

    async def read(self, query: Callable[[Tx], T]) -> T:
        return await self._readers.read(lambda connection: query(SqlTx(connection)))


def _migrated(instance_key: bytes | None, connection: Connection) -> bool:
    connection.info["instance_key"] = instance_key
    return migrate(connection)
