"""A database as the first release left it, with people in the middle of their campaigns; nothing of camd writes it."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

TEXT = Path(__file__).with_name("first_release.sql").read_text()
SAID_NO, ERASED = "p3@c3.example", "p4@c4.example"
PEOPLE = [f"p{number}@c{number}.example" for number in range(40) if number not in (3, 4)]
"""Who is still to be written to, by the campaign `Spring`; the first mails of five are approved."""
LEFT_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def leave_behind(database: Path, now: datetime, *, past: int = 0) -> None:
    """So many people more belong to a campaign that is over, so that a migration has work to do."""
    values = {":at": str((now - _EPOCH) // timedelta(microseconds=1)), ":past": str(past)}
    text = TEXT
    for name, value in values.items():
        text = text.replace(name, value)
    with closing(sqlite3.connect(database, isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.executescript(f"BEGIN;\n{text}\nCOMMIT;")


def schema(database: Path) -> dict[str, str]:
    """What SQLite keeps of each table and index, but for its blanks."""
    with closing(sqlite3.connect(database)) as raw:
        kept = raw.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
        return {name: " ".join(sql.split()) for name, sql in kept}


def revision(database: Path) -> str:
    with closing(sqlite3.connect(database)) as raw:
        (found,) = raw.execute("SELECT version_num FROM alembic_version").fetchone()
        return str(found)
