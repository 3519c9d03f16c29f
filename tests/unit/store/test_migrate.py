import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection

from camd.ports.store_errors import DatabaseDamaged, NewerSchema, NoRoomForCopy
from camd.store.migrate import MIGRATIONS, current_revision, head_revision, migrate
from camd.store.writer import Writer
from camd.system import SystemClock

FIRST = 'op.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT)")'
SECOND = 'op.execute("CREATE TABLE reply (note_id INTEGER REFERENCES note (id) ON DELETE CASCADE)")'
REBUILD = 'with op.batch_alter_table("note") as table: table.alter_column("body", nullable=False)'


class Scripts:
    """A folder of migrations, each given by the body of its upgrade."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "versions").mkdir(parents=True)
        shutil.copy(MIGRATIONS / "env.py", folder)
        self._last: str | None = None

    def add(self, body: str) -> str:
        previous = self._last
        self._last = f"{int(previous or 0) + 1:04}"
        (self.folder / "versions" / f"{self._last}.py").write_text(
            "from alembic import op\n"
            f"revision = {self._last!r}\ndown_revision = {previous!r}\n"
            f"def upgrade():\n    {body}\n"
        )
        return self._last


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path / "100% scripts")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "camd.db"


@pytest.fixture
async def writer(path: Path) -> AsyncIterator[Writer]:
    async with Writer(path, SystemClock()) as writer:
        yield writer


def tables(connection: Connection) -> set[str]:
    rows = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {row[0] for row in rows} - {"alembic_version"}


def copies(path: Path) -> set[str]:
    return {copy.name for copy in path.parent.iterdir() if ".before-" in copy.name}


async def test_a_fresh_database_gets_every_migration_and_no_copy(writer: Writer, scripts: Scripts, path: Path) -> None:
    scripts.add(FIRST)
    head = scripts.add(SECOND)
    assert await writer.alone(partial(migrate, scripts=scripts.folder))
    assert await writer.alone(current_revision) == head == head_revision(scripts.folder)
    assert await writer.alone(tables) == {"note", "reply"}
    assert copies(path) == set()


async def test_a_schema_at_the_head_is_left_alone(writer: Writer, scripts: Scripts, path: Path) -> None:
    scripts.add(FIRST)
    await writer.alone(partial(migrate, scripts=scripts.folder))
    assert not await writer.alone(partial(migrate, scripts=scripts.folder))
    assert copies(path) == set()


async def test_a_copy_of_the_old_schema_is_kept_beside_the_database(
    writer: Writer, scripts: Scripts, path: Path
) -> None:
    scripts.add(FIRST)
    await writer.alone(partial(migrate, scripts=scripts.folder))
    await writer.write(lambda tx: tx.exec_driver_sql("INSERT INTO note VALUES (1, 'kept')"))
    scripts.add(SECOND)
    await writer.alone(partial(migrate, scripts=scripts.folder))
    copy = path.with_name("camd.db.before-0002")
    assert copies(path) == {copy.name}
    assert copy.stat().st_mode & 0o777 & ~0o640 == 0
    with closing(sqlite3.connect(copy)) as old:
        assert old.execute("SELECT body FROM note").fetchall() == [("kept",)]
        assert old.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]


async def test_two_copies_are_kept(writer: Writer, scripts: Scripts, path: Path) -> None:
    scripts.add(FIRST)
    await writer.alone(partial(migrate, scripts=scripts.folder))
    for number in range(3):
        scripts.add(f'op.execute("CREATE TABLE extra{number} (id INTEGER)")')
        await writer.alone(partial(migrate, scripts=scripts.folder))
    assert copies(path) == {"camd.db.before-0003", "camd.db.before-0004"}


async def test_where_the_copy_cannot_be_written_nothing_is_migrated(
    writer: Writer, scripts: Scripts, path: Path
) -> None:
    scripts.add(FIRST)
    await writer.alone(partial(migrate, scripts=scripts.folder))
    scripts.add(SECOND)
    path.with_name("camd.db.before-0002").mkdir()
    with pytest.raises(NoRoomForCopy):
        await writer.alone(partial(migrate, scripts=scripts.folder))
    assert await writer.alone(tables) == {"note"}
    assert not path.with_name("camd.db.before-0002.partial").exists()


async def test_where_the_copy_has_no_room_nothing_is_migrated(writer: Writer, scripts: Scripts, path: Path) -> None:
    scripts.add(FIRST)
    await writer.alone(partial(migrate, scripts=scripts.folder))
    scripts.add(SECOND)
    with pytest.raises(NoRoomForCopy):
        await writer.alone(partial(migrate, scripts=scripts.folder, free=lambda _: 4096))
    assert await writer.alone(tables) == {"note"}
    assert copies(path) == set()


async def test_fault_20_a_newer_schema_is_refused_and_left_alone(
    writer: Writer, scripts: Scripts, path: Path, tmp_path: Path
) -> None:
    scripts.add(FIRST)
    older = Scripts(tmp_path / "older")
    older.add(FIRST)
    newer = scripts.add(SECOND)
    await writer.alone(partial(migrate, scripts=scripts.folder))
    with pytest.raises(NewerSchema, match=newer):
        await writer.alone(partial(migrate, scripts=older.folder))
    assert await writer.alone(current_revision) == newer
    assert copies(path) == set()


async def test_a_migration_that_fails_takes_those_of_the_same_start_with_it(writer: Writer, scripts: Scripts) -> None:
    scripts.add(FIRST)
    scripts.add(f'{SECOND}; op.execute("nonsense")')
    with pytest.raises(Exception, match="nonsense"):
        await writer.alone(partial(migrate, scripts=scripts.folder))
    assert await writer.alone(current_revision) is None
    assert await writer.alone(tables) == set()


async def test_rebuilding_a_table_keeps_the_rows_that_point_to_it(writer: Writer, scripts: Scripts) -> None:
    scripts.add(FIRST)
    scripts.add(SECOND)
    await writer.alone(partial(migrate, scripts=scripts.folder))
    await writer.write(lambda tx: tx.exec_driver_sql("INSERT INTO note VALUES (1, 'kept')"))
    await writer.write(lambda tx: tx.exec_driver_sql("INSERT INTO reply VALUES (1)"))
    scripts.add(REBUILD)
    await writer.alone(partial(migrate, scripts=scripts.folder))
    count = "SELECT count(*) FROM reply"
    assert await writer.write(lambda tx: tx.exec_driver_sql(count).scalar_one()) == 1
    assert await writer.write(lambda tx: tx.exec_driver_sql("PRAGMA foreign_keys").scalar_one()) == 1


async def test_a_migration_that_leaves_a_row_pointing_nowhere_is_undone(writer: Writer, scripts: Scripts) -> None:
    scripts.add(FIRST)
    scripts.add(SECOND)
    await writer.alone(partial(migrate, scripts=scripts.folder))
    scripts.add('op.execute("INSERT INTO reply VALUES (7)")')
    with pytest.raises(DatabaseDamaged, match="reply"):
        await writer.alone(partial(migrate, scripts=scripts.folder))
    assert await writer.alone(current_revision) == "0002"
