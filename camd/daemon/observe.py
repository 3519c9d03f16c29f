"""The store's transactions as metrics and log events, and the process's health as the API tells it."""

from camd.actors.health import Health
from camd.schema.status import Machine
from camd.telemetry.logs import get_log
from camd.telemetry.metrics import Metrics

log = get_log()


class StoreMetrics:
    """Told of every group of writes and of every query, on their threads; Prometheus counters are thread-safe."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def transaction(self, *, committed: bool, units: int, seconds: float) -> None:
        result = "ok" if committed else "failed"
        self._metrics.db_transactions_total.labels("write", result).inc(units)
        self._metrics.db_transaction_duration_seconds.observe(seconds)

    def read(self, *, succeeded: bool, seconds: float) -> None:
        self._metrics.db_transactions_total.labels("read", "ok" if succeeded else "failed").inc()
        self._metrics.db_transaction_duration_seconds.observe(seconds)

    def busy(self) -> None:
        self._metrics.db_transactions_total.labels("write", "busy").inc()
        log.warning("db.busy")


def machine_of(health: Health) -> Machine:
    return Machine(
        lag_seconds=health.lag_seconds,
        store_seconds=health.store_seconds,
        disk_free_bytes=health.disk_free_bytes,
        database_bytes=health.database_bytes,
        wal_bytes=health.wal_bytes,
        last_backup_at=health.last_backup_at,
        backup_failure=health.backup_failure,
        waits_for_restart=list(health.waits_for_restart),
    )
