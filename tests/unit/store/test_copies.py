import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from camd.ports.store_errors import DatabaseDamaged
from camd.store.copies import check_pages, copy_database, size


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "camd.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("CREATE TABLE note (body TEXT)")
        raw.executemany("INSERT INTO note VALUES (?)", [("x" * 3_000,)] * 50)
    return path


@pytest.fixture
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        yield raw


def damage(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * 4096 * 3)


def files(path: Path) -> set[str]:
    return {file.name for file in path.parent.iterdir()}


def test_a_copy_is_one_file_with_every_row_of_what_is_committed(path: Path, raw: sqlite3.Connection) -> None:
    raw.execute("INSERT INTO note VALUES ('still in the WAL')")
    copy_database(raw, path.with_name("copy.db"))
    assert files(path) == {"camd.db", "camd.db-wal", "camd.db-shm", "copy.db"}
    with closing(sqlite3.connect(path.with_name("copy.db"))) as copy:
        assert copy.execute("SELECT count(*) FROM note").fetchone() == (51,)


def test_a_copy_replaces_the_one_of_its_name(path: Path, raw: sqlite3.Connection) -> None:
    target = path.with_name("copy.db")
    copy_database(raw, target)
    raw.execute("DELETE FROM note")
    copy_database(raw, target)
    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("SELECT count(*) FROM note").fetchone() == (0,)


def test_a_damaged_database_gives_no_copy(path: Path) -> None:
    damage(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw, pytest.raises(DatabaseDamaged):
        copy_database(raw, path.with_name("copy.db"))
    assert files(path) == {"camd.db"}


def test_a_sound_database_checks_out(raw: sqlite3.Connection) -> None:
    check_pages(raw)


def test_a_damaged_page_is_found(path: Path) -> None:
    damage(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw, pytest.raises(DatabaseDamaged):
        check_pages(raw)


def test_the_size_is_that_of_the_file(path: Path, raw: sqlite3.Connection) -> None:
    assert size(raw) == path.stat().st_size
