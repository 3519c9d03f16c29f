"""A small file beside the database by which a backup tells the daemon, for its log and its metrics, how it ended.

It informs and nothing depends on it: what cannot be written or read is passed over.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class BackupRecord:
    """The last backup's end. `failure` is none where it succeeded; `succeeded_at` is that of the last success, `newest`
    the file that the last success left, none where it went into a pipe."""

    ended_at: datetime
    failure: str | None
    succeeded_at: datetime | None
    newest: Path | None = None

    @classmethod
    def read(cls, database: Path) -> Self | None:
        try:
            kept = json.loads(_path(database).read_text())
            succeeded_at = kept["succeeded_at"]
            return cls(
                _instant(kept["ended_at"]),
                kept["failure"],
                None if succeeded_at is None else _instant(succeeded_at),
                Path(kept["newest"]) if kept.get("newest") else None,
            )
        except (OSError, ValueError, TypeError, KeyError):
            return None


def note_backup(database: Path, now: datetime, failure: str | None, file: Path | None = None) -> None:
    """`file` is what a success left; none for one into a pipe."""
    before = BackupRecord.read(database)
    succeeded_at, newest = (
        (now, file) if failure is None else (before and before.succeeded_at, before and before.newest)
    )
    kept = {
        "ended_at": now.isoformat(),
        "failure": failure,
        "succeeded_at": succeeded_at and succeeded_at.isoformat(),
        "newest": newest and str(newest),
    }
    with suppress(OSError):
        fresh = _path(database).with_suffix(".new")
        fresh.write_text(json.dumps(kept))
        give_to_owner_of(database.parent, fresh)
        fresh.replace(_path(database))


def give_to_owner_of(model: Path, path: Path) -> None:
    """What root makes belongs to whom the daemon runs as."""
    if os.geteuid() == 0:
        status = model.stat()
        os.chown(path, status.st_uid, status.st_gid)


def _path(database: Path) -> Path:
    return database.with_name(f"{database.name}.last-backup")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
