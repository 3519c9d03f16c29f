"""Copies of the database by SQLite's online backup, made through a connection that is already open.

Nothing else in the process may open the file: closing any descriptor of it drops SQLite's own locks.
A copy is checked before it gets its name; one that fails leaves nothing behind.
"""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from camd.ports.store_errors import DatabaseDamaged


def copy_database(source: sqlite3.Connection, target: Path) -> None:
    """Write a checked copy of `source` at `target`, replacing a file of that name.

    Raises OSError or sqlite3.Error where it cannot be written, DatabaseDamaged where the copy does not check out.
    """
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640))
    try:
        fill_copy(source, partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    sync_directory(target.parent)


def fill_copy(
    source: sqlite3.Connection,
    empty: Path,
    *,
    pages: int = -1,
    progress: Callable[[int, int, int], object] | None = None,
) -> None:
    """Fill an empty file with a copy of `source` and check it; `pages` at a time, telling `progress` (sqlite3's).

    Raises sqlite3.Error where it cannot be written, DatabaseDamaged where the copy does not check out.
    """
    with closing(sqlite3.connect(empty, isolation_level=None)) as copy:
        source.backup(copy, pages=pages, progress=progress)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a WAL beside it
        check_pages(copy)


def check_pages(raw: sqlite3.Connection) -> None:
    """Raises DatabaseDamaged with the first findings of SQLite's `quick_check`."""
    try:
        findings = [str(row[0]) for row in raw.execute("PRAGMA quick_check(5)")]
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        raise DatabaseDamaged(f"the database file is damaged: {error}") from error
    if findings != ["ok"]:
        raise DatabaseDamaged(f"the database file is damaged: {'; '.join(findings)}")


def size(raw: sqlite3.Connection) -> int:
    """Bytes that a copy takes."""
    (pages,) = raw.execute("PRAGMA page_count").fetchone()
    (page_bytes,) = raw.execute("PRAGMA page_size").fetchone()
    return int(pages) * int(page_bytes)


def sync_directory(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
