"""Real damage to SQLite files."""

import sqlite3
from contextlib import closing
from pathlib import Path


def damage(database: Path, name: str) -> None:
    """Overwrites the first page of that table or index."""
    with closing(sqlite3.connect(database)) as raw:
        (page,) = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [name]).fetchone()
        (page_bytes,) = raw.execute("PRAGMA page_size").fetchone()
    with database.open("r+b") as file:
        file.seek((page - 1) * page_bytes)
        file.write(b"\xa5" * page_bytes)
