from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from sqlalchemy import Connection

from camd.ports.journal import ErasureLine, Line
from camd.ports.store_errors import NewerSchema
from camd.sim.clock import START
from camd.sim.journal import MemoryJournal
from camd.store.sqlite import SqliteStore
from camd.system import SystemClock

KEY = bytes(range(32))


async def key_of(path: Path, given: bytes | None = None) -> bytes:
    async with SqliteStore.open(path, SystemClock(), journal=MemoryJournal(), instance_key=given) as store:
        return await store.read(lambda tx: tx.instance.key())


async def test_each_installation_draws_a_key_and_keeps_it(tmp_path: Path) -> None:
    key = await key_of(tmp_path / "one.db")
    assert await key_of(tmp_path / "one.db") == key
    assert await key_of(tmp_path / "two.db") != key


async def test_a_given_key_is_taken_by_an_empty_file_only(tmp_path: Path) -> None:
    assert await key_of(tmp_path / "one.db", KEY) == KEY
    assert await key_of(tmp_path / "one.db", KEY[::-1]) == KEY


async def test_fault_20_a_newer_schema_is_refused(tmp_path: Path) -> None:
    def pretend(connection: Connection) -> None:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    async with SqliteStore.open(tmp_path / "camd.db", SystemClock(), journal=MemoryJournal()) as store:
        await store.writer.write(pretend)
    with pytest.raises(NewerSchema):
        async with SqliteStore.open(tmp_path / "camd.db", SystemClock(), journal=MemoryJournal()):
            pass


class SlowJournal(MemoryJournal):
    """Writes once it is let, and says when it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = anyio.Event()
        self.may_write = anyio.Event()

    async def append(self, lines: Sequence[Line]) -> None:
        self.asked.set()
        await self.may_write.wait()
        await super().append(lines)


async def test_lines_are_written_though_their_caller_is_cancelled_meanwhile(tmp_path: Path) -> None:
    journal, line = SlowJournal(), ErasureLine(START, "hash")
    async with SqliteStore.open(tmp_path / "camd.db", SystemClock(), journal=journal) as store:
        async with anyio.create_task_group() as callers:
            callers.start_soon(store.write, lambda tx: tx.journal.add(line))
            await journal.asked.wait()
            callers.cancel_scope.cancel()
            journal.may_write.set()
        assert journal.lines == [line]
