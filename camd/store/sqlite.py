"""The store on one SQLite file: every aggregate over one connection, units on the writer, queries on the readers."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol, Self, TypeVar

import anyio
from sqlalchemy import Connection

from camd.ports.clock import Clock
from camd.ports.journal import Journal, JournalBuffer, Line
from camd.ports.store import Tx
from camd.store.answers import Answers
from camd.store.campaigns import Campaigns
from camd.store.candidates import Candidates, Sources
from camd.store.counters import Counters
from camd.store.days import Days
from camd.store.deliveries import Deliveries
from camd.store.imports import Imports
from camd.store.inbox import Inbox
from camd.store.instance import Instance
from camd.store.leads import Leads
from camd.store.ledger import Ledger
from camd.store.lookups import Lookups
from camd.store.mailboxes import Mailboxes
from camd.store.migrate import head_revision, migrate
from camd.store.notices import Notices
from camd.store.prepared import prepared
from camd.store.previews import Previews
from camd.store.quotas import Quotas
from camd.store.readers import Readers, ReadersObserver, WriterReaders
from camd.store.suppressions import Suppressions
from camd.store.tokens import Tokens
from camd.store.touches import Touches
from camd.store.webhooks import Webhooks
from camd.store.writer import CommitPoint, Writer, WriterLimits, WriterObserver
from camd.telemetry.logs import get_log

log = get_log()

T = TypeVar("T")


class JournalLines:
    def __init__(self) -> None:
        self.lines: list[Line] = []

    def add(self, line: Line) -> None:
        self.lines.append(line)


class _ClosedJournal:
    """A query commits nothing that a line could follow."""

    def add(self, line: Line) -> None:
        raise AssertionError(f"a query adds a line to the journal: {line}")


class SqlTx:
    """Every aggregate over one connection, whose transactions share it one after the other."""

    def __init__(self, connection: Connection, journal: JournalBuffer) -> None:
        connection = prepared(connection)
        self.journal = journal
        self.instance = Instance(connection)
        self.leads = Leads(connection, self.instance)
        self.campaigns = Campaigns(connection)
        self.candidates = Candidates(connection)
        self.sources = Sources(connection)
        self.touches = Touches(connection)
        self.previews = Previews(connection)
        self.suppressions = Suppressions(connection)
        self.imports = Imports(connection)
        self.quotas = Quotas(connection)
        self.mailboxes = Mailboxes(connection)
        self.deliveries = Deliveries(connection)
        self.counters = Counters(connection)
        self.days = Days(connection)
        self.answers = Answers(connection)
        self.ledger = Ledger(connection, self.campaigns, self.days)
        self.inbox = Inbox(connection)
        self.notices = Notices(connection)
        self.lookups = Lookups(connection)
        self.webhooks = Webhooks(connection)
        self.tokens = Tokens(connection)


class StoreObserver(WriterObserver, ReadersObserver, Protocol):
    """Is told of writes and of reads."""


class SqliteStore:
    """Made by `open`, which migrates the file first."""

    def __init__(self, writer: Writer, readers: Readers | WriterReaders, journal: Journal) -> None:
        self.writer = writer
        self._journal = journal
        self._readers = readers

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        path: Path,
        clock: Clock,
        *,
        journal: Journal,
        simulated: bool = False,
        instance_key: bytes | None = None,
        limits: WriterLimits = WriterLimits(),  # noqa: B008 - frozen
        observer: StoreObserver | None = None,
        on_commit: Callable[[CommitPoint], None] = lambda _: None,
    ) -> AsyncIterator[Self]:
        """Opens or creates the file and brings its schema to this program's.

        `simulated` reads on the writer's thread too and commits each unit by itself, so that a run repeats to the
        letter: which units share a commit hangs on the threads' speed; `instance_key` is what a
        file that is still empty gets instead of a random key. Raises `NewerSchema` and the other errors of
        `ports.store_errors`.
        """
        if simulated:
            limits = replace(limits, group=1)
        async with Writer(path, clock, limits=limits, observer=observer, on_commit=on_commit) as writer:
            if await writer.alone(partial(_migrated, instance_key)):
                log.info("migration.applied", revision=head_revision())
            if simulated:
                yield cls(writer, WriterReaders(writer), journal)
            else:
                async with Readers(path, clock, observer=observer) as readers:
                    yield cls(writer, readers, journal)

    async def write(self, unit: Callable[[Tx], T]) -> T:
        """Runs `unit` whole and answers after its commit and its lines; what it raises discards it alone.

        Raises `StoreUnavailable` too where the commit stands and its lines could not be written. Cancelled before the
        commit, it may be stored without its lines: nobody was answered.
        """
        buffer = JournalLines()
        answer = await self.writer.write(lambda connection: unit(_tx(connection, buffer)))
        if buffer.lines:
            with anyio.CancelScope(shield=True):
                await self._journal.append(buffer.lines)
        return answer

    def cut_readers(self) -> int:
        """Ends queries that take long; how many there were."""
        return self._readers.cut()

    async def read_raw(self, query: Callable[[Connection], T]) -> T:
        """`query` on one snapshot's bare connection."""
        return await self._readers.read(query)

    async def read(self, query: Callable[[Tx], T]) -> T:
        return await self._readers.read(lambda connection: query(_tx(connection, _ClosedJournal())))


def _tx(connection: Connection, journal: JournalBuffer) -> SqlTx:
    tx: SqlTx | None = connection.info.get(_TX)
    if tx is None:
        tx = connection.info[_TX] = SqlTx(connection, journal)
    tx.journal = journal
    return tx


_TX = "camd.tx"


def _migrated(instance_key: bytes | None, connection: Connection) -> bool:
    connection.info["instance_key"] = instance_key
    # A new index over years of rows is not sorted in memory.
    connection.exec_driver_sql("PRAGMA temp_store=FILE")
    try:
        return migrate(connection)
    finally:
        connection.exec_driver_sql("PRAGMA temp_store=MEMORY")
