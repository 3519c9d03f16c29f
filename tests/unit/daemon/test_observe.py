from datetime import UTC, datetime
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from camd.actors.health import Health
from camd.daemon.observe import StoreMetrics, machine_of
from camd.daemon.wiring import make_metrics
from camd.sim.world import plain_settings
from camd.system import SystemClock
from camd.telemetry.metrics import Metrics

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def figures(metrics: Metrics) -> dict[str, float]:
    return {
        f"{sample.name} {sample.labels.get('kind', '')} {sample.labels.get('result', '')}".strip(): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
    }


def test_every_transaction_is_counted_by_its_kind_and_timed(tmp_path: Path) -> None:
    metrics = make_metrics(SystemClock(), plain_settings(tmp_path))
    store = StoreMetrics(metrics)
    store.transaction(committed=True, units=3, seconds=0.5)
    store.transaction(committed=False, units=2, seconds=0.25)
    store.read(succeeded=True, seconds=0.125)
    store.read(succeeded=False, seconds=0.125)
    told = figures(metrics)
    assert told["camd_db_transactions_total write ok"] == 3
    assert told["camd_db_transactions_total write failed"] == 2
    assert told["camd_db_transactions_total read ok"] == told["camd_db_transactions_total read failed"] == 1
    assert told["camd_db_transaction_duration_seconds_sum"] == 1.0
    assert told["camd_db_transaction_duration_seconds_count"] == 4


def test_fault_27_a_file_that_another_process_holds_is_counted(tmp_path: Path) -> None:
    metrics = make_metrics(SystemClock(), plain_settings(tmp_path))
    StoreMetrics(metrics).busy()
    assert figures(metrics)["camd_db_transactions_total write busy"] == 1


def test_the_process_tells_of_its_machine_what_it_knows() -> None:
    health = Health(NOON, lag_seconds=0.5, disk_free_bytes=7, waits_for_restart=("server.port",))
    machine = machine_of(health)
    assert (machine.lag_seconds, machine.disk_free_bytes, machine.store_seconds) == (0.5, 7, None)
    assert machine.waits_for_restart == ["server.port"]
