import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from camd.ports.store_errors import DatabaseDamaged
from camd.store.backup import BackupFailed, back_up, send_backup, workspace

MEGABYTE = 1_000_000


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return made(tmp_path / "camd.db")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir()
    return folder


@pytest.fixture
def live(database: Path) -> Iterator[sqlite3.Connection]:
    """The daemon's connection: while it is open the file has a WAL."""
    with closing(sqlite3.connect(database, isolation_level=None)) as raw:
        yield raw


def made(path: Path) -> Path:
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("CREATE TABLE note (body TEXT)")
        raw.execute("CREATE TABLE filler (body BLOB)")
        raw.executemany("INSERT INTO filler VALUES (zeroblob(?))", [(MEGABYTE,)] * 4)
    return path


def silent(_done: int, _total: int) -> None:
    pass


def notes(path: Path) -> int:
    with closing(sqlite3.connect(path)) as raw:
        (found,) = raw.execute("SELECT count(*) FROM note").fetchone()
        return int(found)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_backup_is_one_file_for_its_owner_alone(database: Path, folder: Path) -> None:
    target = folder / "camd.db"
    assert back_up(database, target, silent) == target.stat().st_size
    assert target.stat().st_mode & 0o777 == 0o600
    assert names(folder) == ["camd.db"]


def test_fault_27_what_is_written_meanwhile_is_neither_delayed_nor_in_the_copy(
    database: Path, folder: Path, live: sqlite3.Connection
) -> None:
    live.execute("INSERT INTO note VALUES ('before')")
    steps = []

    def write_meanwhile(done: int, _total: int) -> None:
        live.execute("PRAGMA busy_timeout=0")
        live.execute("INSERT INTO note VALUES ('meanwhile')")
        assert done not in steps, "it began again"
        steps.append(done)

    back_up(database, folder / "camd.db", write_meanwhile)
    assert len(steps) > 3
    assert notes(folder / "camd.db") == 1
    assert notes(database) == 1 + len(steps)


def test_a_backup_does_not_move_the_wal(database: Path, folder: Path, live: sqlite3.Connection) -> None:
    live.execute("INSERT INTO note VALUES ('in the WAL')")
    wal = Path(f"{database}-wal").read_bytes()
    back_up(database, folder / "camd.db", silent)
    assert Path(f"{database}-wal").read_bytes() == wal
    assert notes(folder / "camd.db") == 1


def test_a_backup_replaces_the_one_of_its_name(database: Path, folder: Path, live: sqlite3.Connection) -> None:
    back_up(database, folder / "camd.db", silent)
    live.execute("INSERT INTO note VALUES ('later')")
    back_up(database, folder / "camd.db", silent)
    assert names(folder) == ["camd.db"]
    assert notes(folder / "camd.db") == 1


def test_with_keep_the_earlier_ones_stay_under_their_times_and_the_newest_are_kept(
    database: Path, folder: Path, live: sqlite3.Connection
) -> None:
    for _ in range(4):
        back_up(database, folder / "camd.db", silent, keep=3)
        live.execute("INSERT INTO note VALUES ('one more')")
    newest, *earlier = names(folder)
    assert newest == "camd.db"
    assert [notes(folder / name) for name in (*earlier, newest)] == [1, 2, 3]


def test_with_keep_names_that_differ_in_their_digits_belong_together(database: Path, folder: Path) -> None:
    for day in ("2026-03-01", "2026-03-02", "2026-03-03"):
        back_up(database, folder / f"camd-{day}.db", silent, keep=2)
    assert names(folder) == ["camd-2026-03-02.db", "camd-2026-03-03.db"]


def test_keep_removes_nothing_that_is_named_otherwise_or_is_no_copy(database: Path, folder: Path) -> None:
    (folder / "camd-1.db").write_text("a letter")
    made(folder / "camd-2.db")
    (folder / "camd-11.db").write_bytes(b"SQLite format 3\0" + b"\1" * 84)
    (folder / "camd-3.db").mkdir()
    before = names(folder)
    back_up(database, folder / "camd-4.db", silent, keep=1)
    assert names(folder) == sorted([*before, "camd-4.db"])


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("name", ["camd.db", "camd.db-wal", "link.db", "hard.db"])
def test_the_database_itself_is_never_the_target(database: Path, name: str) -> None:
    (database.parent / "link.db").symlink_to(database)
    (database.parent / "hard.db").hardlink_to(database)
    with pytest.raises(BackupFailed, match="is the database itself"):
        back_up(database, database.parent / name, silent)


def test_a_database_in_use_is_never_the_target(database: Path, folder: Path) -> None:
    other = made(folder / "other.db")
    with closing(sqlite3.connect(other)) as raw:
        raw.execute("SELECT count(*) FROM note").fetchone()
        with pytest.raises(BackupFailed, match="is a database of its own"):
            back_up(database, other, silent)


def test_a_device_and_a_folder_are_no_targets(database: Path, folder: Path) -> None:
    for target in (Path("/dev/full"), folder):
        with pytest.raises(BackupFailed, match="is no file"):
            back_up(database, target, silent)
    with pytest.raises(BackupFailed, match="is no folder"):
        back_up(database, folder / "deeper" / "camd.db", silent)


def test_an_absent_database_is_a_clear_error_and_is_not_made(folder: Path) -> None:
    with pytest.raises(BackupFailed, match="there is no database"):
        back_up(folder / "none.db", folder / "camd.db", silent)
    assert names(folder) == []


def test_a_damaged_database_gives_no_backup_and_leaves_the_one_before(database: Path, folder: Path) -> None:
    (folder / "camd.db").write_text("the one before")
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * 4096 * 3)
    with pytest.raises(DatabaseDamaged):
        back_up(database, folder / "camd.db", silent, keep=2)
    assert names(folder) == ["camd.db"]
    assert (folder / "camd.db").read_text() == "the one before"


def test_a_copy_that_is_cut_short_leaves_nothing(database: Path, folder: Path) -> None:
    def interrupt(_done: int, _total: int) -> None:
        assert names(folder) != []
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(database, folder / "camd.db", interrupt)
    assert names(folder) == []


def test_what_goes_to_a_descriptor_is_the_checked_copy(database: Path, folder: Path) -> None:
    with (folder / "out").open("wb") as out:
        size = send_backup(database, out.fileno(), silent, spool=folder)
    assert (folder / "out").stat().st_size == size
    assert notes(folder / "out") == 0
    assert names(folder) == ["out"]


def test_a_full_receiver_is_a_clear_error(database: Path, folder: Path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(BackupFailed, match="the output takes no more: No space left on device"):
            send_backup(database, full, silent, spool=folder)
    finally:
        os.close(full)
    assert names(folder) == []


def test_a_workspace_in_use_is_left_alone_and_an_abandoned_one_is_removed(folder: Path) -> None:
    abandoned = folder / ".camd-copy-abandoned"
    abandoned.mkdir()
    (abandoned / "copy").touch()
    with workspace(folder) as first, workspace(folder) as second:
        assert names(folder) == sorted([first.name, second.name])
    assert names(folder) == []
