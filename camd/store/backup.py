"""A checked copy of a database that another process may be using: one file, there whole or not at all.

It is read on one snapshot, by a connection that cannot write and never moves the WAL. Until it is checked the copy
lies in a folder of its own beside the target; what a killed process left there is removed by the next one.
"""

import fcntl
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

from camd.domain.errors import CamdError
from camd.store.copies import fill_copy, sync_directory

Progress = Callable[[int, int], None]
"""Is told how many pages are copied, and of how many."""

SIDECARS = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database; without it, or with that of another file, a database is damaged."""

_FOLDER = ".camd-copy-"
_PAGES_AT_ONCE = 256
_PIECE_BYTES = 1 << 20
_TIME = "%Y%m%dT%H%M%S.%fZ"
_TIME_PATTERN = r"(\.\d{8}T\d{6}\.\d{6}Z)?"
_HEADER_OF_COPY = (b"SQLite format 3\0", b"\1\1")  # the magic, and the versions of a file that needs no WAL


class BackupFailed(CamdError):
    """No backup was made; the message says why."""


def back_up(database: Path, target: Path, progress: Progress, *, keep: int | None = None) -> int:
    """Put a copy at `target`, readable by its owner alone, and answer its bytes; a file of that name is replaced.

    With `keep` that file stays as `<target>.<its time>`, and of the copies whose names differ from `target` in their
    digits or by such a time the newest `keep` stay. Raises BackupFailed, DatabaseDamaged, OSError; then `target` is
    what it was.
    """
    target = target.resolve()
    _require_a_place_for(target, database)
    with workspace(target.parent) as folder:
        copy = folder / "copy"
        read_copy(database, copy, progress)
        size = copy.stat().st_size
        if keep is not None:
            _set_aside(target)
        copy.replace(target)
    sync_directory(target.parent)
    if keep is not None:
        _remove_all_but(keep, target, database)
    return size


def send_backup(database: Path, descriptor: int, progress: Progress, *, spool: Path) -> int:
    """Write a checked copy to an open descriptor, by way of a file in `spool`; answers its bytes. Raises as `back_up`,
    BackupFailed too where the receiver takes no more."""
    with workspace(spool) as folder:
        copy = folder / "copy"
        read_copy(database, copy, progress)
        with copy.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                _write(descriptor, piece)
        return copy.stat().st_size


def read_copy(database: Path, empty: Path, progress: Progress) -> None:
    """Copy and check the database into a file that is not yet there, and flush it to the disk.

    Raises BackupFailed, DatabaseDamaged, OSError.
    """
    if not database.is_file():
        raise BackupFailed(f"there is no database at {database}")
    os.close(os.open(empty, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with closing(open_to_read(database)) as source:
            # A transaction of our own: SQLite would begin the copy again after each commit of the daemon.
            source.execute("BEGIN")
            source.execute("SELECT 1 FROM sqlite_master").fetchone()
            fill_copy(
                source,
                empty,
                pages=_PAGES_AT_ONCE,
                progress=lambda _status, remaining, total: progress(total - remaining, total),
            )
    except sqlite3.Error as error:
        raise BackupFailed(f"{database} cannot be copied: {error}") from error
    with empty.open("rb") as file:
        os.fsync(file.fileno())


def open_to_read(database: Path) -> sqlite3.Connection:
    """A connection that neither writes nor moves the WAL, beside whatever uses the file. Raises sqlite3.Error."""
    raw = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        raw.execute("PRAGMA query_only=ON")
        raw.execute("PRAGMA wal_autocheckpoint=0")
    except sqlite3.Error:
        raw.close()
        raise
    return raw


@contextmanager
def workspace(folder: Path) -> Iterator[Path]:
    """A private folder inside `folder`, gone at the end; those of killed processes are removed first."""
    with _locked(folder):
        for path in folder.glob(f"{_FOLDER}*"):
            _remove_abandoned(path)
        made = Path(mkdtemp(prefix=_FOLDER, dir=folder))
        claim = _lock(made)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        os.close(claim)


def _remove_abandoned(left: Path) -> None:
    """Leaves it where another process works in it, and where nobody can tell."""
    with suppress(OSError):
        descriptor = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left)
        finally:
            os.close(descriptor)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = _lock(folder)
    try:
        yield
    finally:
        os.close(descriptor)


def _lock(folder: Path) -> int:
    """A descriptor that holds the folder's lock; on a file system without such locks just the descriptor."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def _require_a_place_for(target: Path, database: Path) -> None:
    if not target.parent.is_dir():
        raise BackupFailed(f"{target.parent} is no folder")
    if target.exists() and not target.is_file():
        raise BackupFailed(f"{target} is no file; name one, or - to write into a pipe")
    if target in {database, *beside(database)} or (target.exists() and target.samefile(database)):
        raise BackupFailed(f"{target} is the database itself; name another file")
    if in_use := next((path for path in beside(target) if path.exists()), None):
        raise BackupFailed(f"{target} is a database of its own, {in_use.name} lies beside it; name another file")


def beside(database: Path) -> list[Path]:
    return [Path(f"{database}{suffix}") for suffix in SIDECARS]


def _set_aside(target: Path) -> None:
    with suppress(FileNotFoundError):
        made = datetime.fromtimestamp(target.stat().st_mtime, UTC)
        target.rename(target.with_name(f"{target.name}.{made:{_TIME}}"))


def _remove_all_but(keep: int, target: Path, database: Path) -> None:
    naming = re.compile(re.sub(r"\d", r"\\d", re.escape(target.name)) + _TIME_PATTERN)
    others = [
        path
        for path in target.parent.iterdir()
        if naming.fullmatch(path.name) and path not in {target, database} and _is_copy(path)
    ]
    others.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in others[keep - 1 :]:
        path.unlink()


def _is_copy(path: Path) -> bool:
    """A database that works is in WAL mode and says so in its header; a copy is not."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        header = file.read(20)
    return (header[:16], header[18:20]) == _HEADER_OF_COPY


def _write(descriptor: int, piece: bytes) -> None:
    rest = memoryview(piece)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except OSError as error:
        raise BackupFailed(f"the output takes no more: {error.strerror}") from error
