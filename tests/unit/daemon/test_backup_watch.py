import io
import json
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from camd.actors.health import Health
from camd.daemon.backup_watch import BackupWatch
from camd.ports.settings import LoggingSettings
from camd.store.backup_record import note_backup
from camd.telemetry.logs import configure
from camd.telemetry.metrics import Labels, Metrics

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HEALTH = Health(NOON)


class Noon:
    def now(self) -> datetime:
        return NOON

    def monotonic(self) -> float:
        return 0.0

    def real_work(self) -> AbstractContextManager[None]:
        return nullcontext()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(version="1", started_at=NOON, labels=Labels((), (), (), (), (), (), (), ()))


def looked(watch: BackupWatch, metrics: Metrics, *, first: bool = False) -> list[tuple[str, str | None]]:
    """The events that one look logs, with their reasons."""
    stream = io.StringIO()
    sink = configure(Noon(), LoggingSettings(), version="1", metrics=metrics, stream=stream)
    watch.look(first=first)
    sink.close()
    return [(line["event"], line.get("reason")) for line in map(json.loads, stream.getvalue().splitlines())]


def last_success(metrics: Metrics) -> float:
    name = "camd_backup_last_success_timestamp_seconds "
    return next(float(line.split()[1]) for line in metrics.render().decode().splitlines() if line.startswith(name))


def test_without_a_backup_the_last_success_is_0(metrics: Metrics, tmp_path: Path) -> None:
    assert looked(BackupWatch(metrics, HEALTH, tmp_path / "camd.db"), metrics, first=True) == []
    assert last_success(metrics) == 0


def test_a_backup_made_before_the_start_is_measured_and_not_logged(metrics: Metrics, tmp_path: Path) -> None:
    note_backup(tmp_path / "camd.db", NOON, None)
    assert looked(BackupWatch(metrics, HEALTH, tmp_path / "camd.db"), metrics, first=True) == []
    assert last_success(metrics) == NOON.timestamp()


def test_each_end_of_a_backup_is_logged_once_and_a_failure_keeps_the_last_success(
    metrics: Metrics, tmp_path: Path
) -> None:
    database = tmp_path / "camd.db"
    watch = BackupWatch(metrics, HEALTH, database)
    note_backup(database, NOON, None)
    assert looked(watch, metrics) == [("backup.finished", None)]
    assert looked(watch, metrics) == []
    note_backup(database, NOON + timedelta(days=1), "no room")
    assert looked(watch, metrics) == [("backup.failed", "no room")]
    assert last_success(metrics) == NOON.timestamp()
