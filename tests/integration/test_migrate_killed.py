"""A migration from the first release's schema is killed at each of its statements, and at each step of its copy."""

import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
from alembic import command
from sqlalchemy import Connection

from camd.store.migrate import MIGRATIONS, _config, current_revision, head_revision, migrate
from camd.store.writer import Writer, driver_connection
from camd.system import SystemClock
from tests.proof.child import Child, Tell
from tests.proof.first_release import LEFT_AT, leave_behind, revision, schema

FIRST = "0001"
BY_DAY, BY_NIGHT = 12, 160
"""At so many of all points."""
COPYING = {"open", "os.rename", "os.remove", "sqlite3.connect"}


async def upgrade(database: Path, passes: Callable[[str], None]) -> None:
    """As a start does it; `passes` hears of every statement before it runs, and of every change of files."""

    def hears_of_files(event: str, arguments: tuple[object, ...]) -> None:
        if event in COPYING and ".before-" in str(arguments[0]):
            passes(event)

    # An audit hook stays as long as its process, which is a child of its own.
    sys.addaudithook(hears_of_files)
    async with Writer(database, SystemClock()) as writer:
        await writer.alone(lambda connection: driver_connection(connection).set_trace_callback(passes))
        await writer.alone(migrate)
        passes("migrated")
        await writer.alone(lambda connection: driver_connection(connection).set_trace_callback(None))


@dataclass(frozen=True, slots=True)
class Place:
    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "camd.db"

    @property
    def copy(self) -> Path:
        return self.folder / f"camd.db.before-{head_revision()}"

    def points(self) -> list[str]:
        """Upgrades undisturbed; what it passed."""
        noted = self.folder / "points"

        async def notes(_: Tell) -> None:
            passed = list[str]()
            await upgrade(self.database, passed.append)
            noted.write_text("\n".join(" ".join(point.split()) for point in passed))

        assert Child(notes).came_to_its_end()
        return noted.read_text().splitlines()

    def is_killed_at(self, number: int) -> bool:
        async def dies(_: Tell) -> None:
            left = number

            def passes(_: str) -> None:
                nonlocal left
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1

            await upgrade(self.database, passes)

        return not Child(dies).came_to_its_end()

    def starts_again(self) -> None:
        async def whole(_: Tell) -> None:
            await upgrade(self.database, lambda _: None)

        assert Child(whole).came_to_its_end()

    def content(self) -> list[str]:
        with closing(sqlite3.connect(self.database)) as raw:
            return list(raw.iterdump())


@pytest.fixture
def first(tmp_path: Path) -> Place:
    place = Place(tmp_path / "first")
    place.folder.mkdir()
    leave_behind(place.database, LEFT_AT)
    return place


def copy_of(place: Place, name: str) -> Place:
    return Place(Path(shutil.copytree(place.folder, place.folder.with_name(name))))


def prove(first: Place, kills: int) -> None:
    """Nothing or all of it is there after each of so many kills, and the next start makes it whole."""
    upgraded = copy_of(first, "upgraded")
    points = upgraded.points()
    before, after = first.content(), upgraded.content()
    statements = [number for number, point in enumerate(points) if point.startswith(("CREATE", "UPDATE", "ALTER"))]
    assert len(statements) > 50
    assert {"sqlite3.connect", "os.rename", "COMMIT", "migrated"} <= set(points)
    committed = max(number for number, point in enumerate(points) if point == "COMMIT")
    spread = range(0, len(points), max(1, len(points) // kills))
    for number in sorted({*spread, points.index("os.rename"), committed, committed + 1}):
        place = copy_of(first, f"killed at {number}")
        assert place.is_killed_at(number), points[number]
        assert place.content() == (after if number > committed else before), points[number]
        place.starts_again()
        assert place.content() == after, points[number]
        assert (revision(place.copy), schema(place.copy)) == (FIRST, schema(first.database))
        assert {path.name for path in place.folder.iterdir()} == {"camd.db", place.copy.name}
        shutil.rmtree(place.folder)


def test_fault_21_a_migration_killed_anywhere_leaves_what_it_found_and_the_next_start_makes_it_whole(
    first: Place,
) -> None:
    prove(first, BY_DAY)


@pytest.mark.nightly
def test_fault_21_a_migration_killed_at_each_statement_leaves_what_it_found(first: Place, nightly_share: float) -> None:
    prove(first, max(BY_DAY, round(BY_NIGHT * nightly_share)))


def test_the_first_migration_makes_what_the_first_release_had(tmp_path: Path, first: Place) -> None:
    """Whoever edits a released migration leaves those who ran it behind."""

    def only_the_first(connection: Connection) -> None:
        assert current_revision(connection) is None
        config = _config(MIGRATIONS)
        config.attributes["connection"] = connection
        raw = driver_connection(connection)
        raw.execute("BEGIN IMMEDIATE")
        command.upgrade(config, FIRST)
        raw.execute("COMMIT")

    async def made() -> None:
        async with Writer(tmp_path / "camd.db", SystemClock()) as writer:
            await writer.alone(only_the_first)

    anyio.run(made)
    assert schema(tmp_path / "camd.db") == schema(first.database)


def test_every_lead_of_the_first_release_is_found_by_its_address_and_its_company(first: Place) -> None:
    first.starts_again()
    with closing(sqlite3.connect(first.database)) as raw:
        lead = raw.execute("SELECT address_hash, company_key FROM leads WHERE address_key = 'p3@c3.example'")
        said_no = raw.execute("SELECT hash FROM suppressions WHERE value = 'p3@c3.example'").fetchone()
        assert lead.fetchone() == (*said_no, "c3.example")
        (ready,) = raw.execute("SELECT count(*) FROM touches WHERE ready_at = due_at").fetchone()
        assert ready == 5
