"""Puts a backup in the place of the database, under the database's lock; the present one is put aside, never lost.

The backup is copied and checked first: whatever is wrong with it is found while nothing has been changed. The journal
is told, and the next start enters the recovery hold.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from camd.daemon.journal import append_now
from camd.daemon.journal_lines import RestoredLine
from camd.daemon.lock import DatabaseLock
from camd.domain.errors import CamdError
from camd.ports.settings import DatabaseSettings
from camd.ports.store_errors import DatabaseDamaged, NewerSchema
from camd.store.backup import SIDECARS, BackupFailed, Progress, open_to_read, read_copy, workspace
from camd.store.backup_record import give_to_owner_of
from camd.store.copies import sync_directory
from camd.store.migrate import known_revisions

_TABLES = frozenset({"alembic_version", "campaigns", "instance", "leads", "ledger"})
_MODE = 0o640


class NotRestorable(CamdError):
    """The file cannot take the database's place; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Restored:
    """`aside` is where the database lies that was there before; none where there was none."""

    database: Path
    aside: Path | None


def restore(settings: DatabaseSettings, file: Path, *, now: datetime, progress: Progress) -> Restored:
    """Raises DatabaseHeld at once where a process works with the database; NewerSchema, NotRestorable, OSError."""
    database = settings.path
    if not file.is_file():
        raise NotRestorable(f"there is no file {file}")
    if database.exists() and file.samefile(database):
        raise NotRestorable(f"{file} is the database itself; name a backup")
    is_first = not database.exists()
    with (
        DatabaseLock(database, since=now, network_allowed=settings.allow_network_filesystem),
        _nothing_left_of(database, is_first=is_first),
        workspace(database.parent) as folder,
    ):
        _require_camd(file)
        copy = folder / "copy"
        try:
            read_copy(file, copy, progress)
        except (BackupFailed, DatabaseDamaged) as error:
            raise _damaged(file, error) from error
        # First of all: from here on, whatever happens, the next start enters the recovery hold.
        append_now(settings.journal, RestoredLine(now))
        aside = _put_aside(database, now)
        _give_rights(copy, aside, database.parent)
        copy.replace(database)
        sync_directory(database.parent)
    return Restored(database, aside)


def _require_camd(file: Path) -> None:
    try:
        with closing(open_to_read(file)) as raw:
            tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not tables >= _TABLES:
                raise NotRestorable(f"{file} is no database of camd; nothing was changed")
            (revision,) = raw.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise _damaged(file, error) from error
    if revision not in known_revisions():
        raise NewerSchema(revision)


def _damaged(file: Path, error: Exception) -> NotRestorable:
    return NotRestorable(f"{file} cannot be restored, nothing was changed; take another backup: {error}")


def _put_aside(database: Path, now: datetime) -> Path | None:
    """Links the database under a dated name and moves what lies beside it there.

    The database itself keeps its name until the copy takes it over in one step: nobody ever finds nothing there.
    """
    if database.stat().st_size == 0:
        return None
    first = f"{database.name}.replaced-{now:%Y%m%dT%H%M%SZ}"
    names = chain([first], (f"{first}-{number}" for number in count(2)))
    aside = next(path for path in map(database.with_name, names) if not path.exists())
    aside.hardlink_to(database)
    for suffix in SIDECARS:
        kept = Path(f"{database}{suffix}")
        if kept.exists():
            kept.rename(f"{aside}{suffix}")
    return aside


def _give_rights(copy: Path, aside: Path | None, folder: Path) -> None:
    """Those of the database before it; of a first one, its folder's owner."""
    give_to_owner_of(aside or folder, copy)
    copy.chmod(aside.stat().st_mode & 0o777 if aside else _MODE)


@contextmanager
def _nothing_left_of(database: Path, *, is_first: bool) -> Iterator[None]:
    """The lock makes a database that is absent; a restore that fails takes it away again."""
    try:
        yield
    finally:
        if is_first and database.stat().st_size == 0:
            database.unlink()
