"""Brings the schema to this program's head in one transaction: a kill in the middle leaves the schema it found.

Runs on the writer's connection: `await writer.alone(migrate)`. Before it changes an existing schema it writes
`<database>.before-<new revision>` beside the database and keeps the two newest of these copies.
"""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from camd.ports.store_errors import DatabaseDamaged, NewerSchema, NoRoomForCopy
from camd.store.copies import copy_database, size
from camd.store.writer import driver_connection

MIGRATIONS = Path(__file__).parent / "migrations"
_COPIES_KEPT = 2


def free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def migrate(connection: Connection, scripts: Path = MIGRATIONS, *, free: Callable[[Path], int] = free_bytes) -> bool:
    """Migrate to the head; True where the schema changed. `free` says how many bytes a folder has room for.

    Raises NewerSchema, NoRoomForCopy, DatabaseDamaged; nothing is changed then.
    """
    head = head_revision(scripts)
    current = current_revision(connection)
    if current == head:
        return False
    if current is not None and current not in known_revisions(scripts):
        raise NewerSchema(current)
    raw = driver_connection(connection)
    if _has_tables(raw):
        _copy_before(raw, head, free)
    config = _config(scripts)
    config.attributes["connection"] = connection
    # Rebuilding a table drops it; enforced references would take the rows that point to it along.
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        raw.execute("BEGIN IMMEDIATE")
        command.upgrade(config, "head")
        _check_references(raw)
        raw.execute("COMMIT")
    finally:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raw.execute("PRAGMA foreign_keys=ON")
    return True


def current_revision(connection: Connection) -> str | None:
    """The database's revision; none before the first migration."""
    return MigrationContext.configure(connection).get_current_revision()


def head_revision(scripts: Path = MIGRATIONS) -> str:
    """The revision that this program works with."""
    head = _directory(scripts).get_current_head()
    assert head is not None, f"no migrations in {scripts}"
    return head


def known_revisions(scripts: Path = MIGRATIONS) -> set[str]:
    """Every revision that this program can bring to its own."""
    return {script.revision for script in _directory(scripts).walk_revisions()}


def _directory(scripts: Path) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(scripts))


def _config(scripts: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _has_tables(raw: sqlite3.Connection) -> bool:
    return raw.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None


def _check_references(raw: sqlite3.Connection) -> None:
    broken = raw.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        table, rowid, parent, _ = broken
        raise DatabaseDamaged(f"row {rowid} of {table} points to a row of {parent} that does not exist")


def _copy_before(raw: sqlite3.Connection, revision: str, free: Callable[[Path], int]) -> None:
    database = _path(raw)
    target = database.with_name(f"{database.name}.before-{revision}")
    if free(database.parent) < size(raw):
        raise NoRoomForCopy(f"no room for {target}, the copy made before a migration")
    try:
        copy_database(raw, target)
    except (OSError, sqlite3.Error) as error:
        raise NoRoomForCopy(f"{target}, the copy made before a migration, cannot be written: {error}") from error
    copies = sorted(
        (path for path in database.parent.iterdir() if path.name.startswith(f"{database.name}.before-")),
        key=lambda path: path.stat().st_mtime_ns,
    )
    for path in copies[:-_COPIES_KEPT]:
        path.unlink()


def _path(raw: sqlite3.Connection) -> Path:
    return next(Path(file) for _, name, file in raw.execute("PRAGMA database_list") if name == "main")
