"""Tells log and metrics how backups end: another process makes them, and leaves a record beside the database."""

from pathlib import Path

import anyio

from camd.actors.health import Health
from camd.store.backup_record import BackupRecord
from camd.telemetry.logs import get_log
from camd.telemetry.metrics import Metrics

log = get_log()

EVERY_SECONDS = 30.0


class BackupWatch:
    def __init__(self, metrics: Metrics, health: Health, database: Path) -> None:
        self._metrics = metrics
        self._health = health
        self._database = database
        self._last: BackupRecord | None = None

    async def run(self) -> None:
        """Looks twice a minute until cancelled. What ended before its first look is measured and not logged."""
        self.look(first=True)
        while True:
            await anyio.sleep(EVERY_SECONDS)
            self.look()

    def look(self, *, first: bool = False) -> None:
        record = BackupRecord.read(self._database)
        if record is None or record == self._last:
            return
        self._last = record
        self._health.last_backup_at, self._health.backup_failure = record.succeeded_at, record.failure
        if record.succeeded_at:
            self._metrics.backup_last_success_timestamp_seconds.set(record.succeeded_at.timestamp())
        if first:
            return
        if record.failure is None:
            log.info("backup.finished")
        else:
            log.error("backup.failed", reason=record.failure)
