import pkgutil
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import Connection, Executable, NullPool, create_engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

import camd.store
from camd.sim.journal import MemoryJournal
from camd.store.sqlite import SqliteStore
from camd.store.tables import metadata
from camd.system import SystemClock

POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own


def statements() -> dict[str, Executable]:
    """Every statement constant of the store's modules, by module and name."""
    found: dict[str, Executable] = {}
    for module in pkgutil.iter_modules(camd.store.__path__):
        for name, value in vars(import_module(f"camd.store.{module.name}")).items():
            several = value if isinstance(value, dict) else {"": value}
            kept = {key: each for key, each in several.items() if isinstance(each, Executable)}
            found |= {f"{module.name}.{name}{key}": each for key, each in kept.items()}
    return found


def schema(connection: Connection) -> set[tuple[str, str]]:
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {(name, _plain(sql)) for name, sql in rows if name not in {"alembic_version", "sqlite_sequence"}}


def _plain(sql: str) -> str:
    """SQLite writes a column that was added later into the text with other line breaks."""
    return " ".join(sql.split()).replace(" ,", ",").replace(" )", ")")


async def test_the_migrations_make_the_tables_that_the_statements_see(tmp_path: Path) -> None:
    with create_engine("sqlite://", poolclass=NullPool).connect() as seen:
        metadata.create_all(seen)
        expected = schema(seen)
    async with SqliteStore.open(tmp_path / "camd.db", SystemClock(), journal=MemoryJournal()) as store:
        assert await store.writer.alone(schema) == expected


@pytest.mark.parametrize("name", statements())
def test_a_statement_can_be_said_to_postgresql(name: str) -> None:
    statement = statements()[name]
    assert str(statement.compile(dialect=POSTGRESQL))  # type: ignore[attr-defined]  # each is a clause too


def test_the_schema_can_be_said_to_postgresql() -> None:
    for table in metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=POSTGRESQL))
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=POSTGRESQL))
