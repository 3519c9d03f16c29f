"""The check of the file at the start, over real SQLite files with real damage."""

import io
import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from camd.daemon.integrity import LIMIT_SECONDS, check_integrity
from camd.daemon.wiring import make_metrics
from camd.pipeline.send_gate import GateReason, SendGate
from camd.ports.settings import LoggingSettings
from camd.sim.world import plain_settings
from camd.store.backup_record import note_backup
from camd.store.copies import check_pages
from camd.store.migrate import migrate
from camd.store.writer import Writer, driver_connection
from camd.telemetry.logs import configure
from tests.unit.daemon.damage import damage

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Noon:
    def now(self) -> datetime:
        return NOON

    def monotonic(self) -> float:
        return 0.0

    def real_work(self) -> AbstractContextManager[None]:
        return nullcontext()


@dataclass(frozen=True, slots=True)
class Start:
    """What a start found and said."""

    gate: SendGate
    logged: Mapping[str, str]

    @property
    def closed_for(self) -> list[GateReason]:
        return [closure.reason for closure in self.gate.closures()]


@pytest.fixture
async def database(tmp_path: Path) -> Path:
    path = tmp_path / "camd.db"
    async with Writer(path, Noon()) as writer:
        await writer.alone(migrate)
    return path


async def started(
    database: Path,
    *,
    check: Callable[[sqlite3.Connection], None] = check_pages,
    limit_seconds: float = LIMIT_SECONDS,
) -> Start:
    metrics = make_metrics(Noon(), plain_settings(database.parent))
    stream = io.StringIO()
    sink = configure(Noon(), LoggingSettings(), version="1", metrics=metrics, stream=stream)
    gate = SendGate(Noon(), metrics)
    async with Writer(database, Noon()) as writer:
        await check_integrity(writer, gate, check=check, limit_seconds=limit_seconds)
        rows = await writer.write(lambda connection: driver_connection(connection).execute("SELECT 1").fetchall())
        assert rows == [(1,)], "the database serves on"
    sink.close()
    lines = map(json.loads, stream.getvalue().splitlines())
    return Start(gate, {line["event"]: line.get("reason") or str(line.get("limit")) for line in lines})


async def test_a_whole_file_closes_nothing(database: Path) -> None:
    found = await started(database)
    assert (found.closed_for, found.logged) == ([], {})


@pytest.mark.parametrize("part", ["leads", "uq_suppressions_hash"])
async def test_fault_29_a_damaged_page_closes_the_gate_and_names_the_backup_to_restore(
    database: Path, part: str
) -> None:
    damage(database, part)
    note_backup(database, NOON, None, Path("/backups/monday.db"))
    found = await started(database)
    assert found.closed_for == [GateReason.DAMAGED]
    assert found.logged["db.integrity_failed"] == "camd restore /backups/monday.db; made 2026-03-02T12:00:00Z"


async def test_fault_29_no_person_opens_the_gate_over_a_damaged_file(database: Path) -> None:
    damage(database, "leads")
    found = await started(database)
    found.gate.close(GateReason.COMMON_CAUSE)
    found.gate.open()
    assert found.closed_for == [GateReason.DAMAGED]
    found.gate.open(GateReason.DAMAGED)
    assert found.closed_for == [GateReason.DAMAGED]


async def test_fault_29_without_a_known_backup_it_says_so(database: Path) -> None:
    damage(database, "leads")
    assert "none is known here" in (await started(database)).logged["db.integrity_failed"]
    note_backup(database, NOON, None)
    assert (await started(database)).logged["db.integrity_failed"].endswith("; made 2026-03-02T12:00:00Z")


def endless(raw: sqlite3.Connection) -> None:
    raw.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n").fetchone()


async def test_a_check_that_takes_too_long_is_ended_and_told(database: Path) -> None:
    found = await started(database, check=endless, limit_seconds=0.05)
    assert (found.closed_for, found.logged) == ([], {"db.integrity_unfinished": "0.05"})


def wrong(raw: sqlite3.Connection) -> None:
    raw.execute("SELECT * FROM no_table")


async def test_what_is_no_damage_is_not_taken_for_it(database: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no_table"):
        await started(database, check=wrong)
