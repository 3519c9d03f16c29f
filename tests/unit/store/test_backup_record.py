from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from camd.store.backup_record import BackupRecord, note_backup

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "camd.db"


def test_a_success_is_told(database: Path) -> None:
    note_backup(database, NOON, None)
    assert BackupRecord.read(database) == BackupRecord(NOON, None, NOON)


def test_a_failure_keeps_the_last_success(database: Path) -> None:
    note_backup(database, NOON, None)
    note_backup(database, LATER, "no room")
    assert BackupRecord.read(database) == BackupRecord(LATER, "no room", NOON)


def test_the_newest_backup_is_the_file_of_the_last_success(database: Path, tmp_path: Path) -> None:
    note_backup(database, NOON, None, tmp_path / "copy.db")
    note_backup(database, LATER, "no room")
    assert BackupRecord.read(database) == BackupRecord(LATER, "no room", NOON, tmp_path / "copy.db")
    note_backup(database, LATER, None)
    assert BackupRecord.read(database) == BackupRecord(LATER, None, LATER)


def test_a_failure_alone_tells_of_no_success(database: Path) -> None:
    note_backup(database, NOON, "no room")
    assert BackupRecord.read(database) == BackupRecord(NOON, "no room", None)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"ended_at": 1, "failure": null, "succeeded_at": null}'])
def test_a_record_that_cannot_be_read_is_none(database: Path, text: str) -> None:
    assert BackupRecord.read(database) is None
    database.with_name("camd.db.last-backup").write_text(text)
    assert BackupRecord.read(database) is None


def test_a_record_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    note_backup(tmp_path / "gone" / "camd.db", NOON, None)
