from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from camd.domain.invariant import Invariant
from camd.domain.token_bucket import QuotaScope
from camd.telemetry.metrics import Labels, Metrics

LABELS = Labels(
    campaign_statuses=("draft", "active"),
    lead_statuses=("new", "won"),
    hold_reasons=("operator",),
    gate_reasons=("kill_switch", "common_cause"),
    suppression_reasons=("opted_out",),
    stages=("discover", "score"),
    mailboxes=("sales",),
    routes=("/livez",),
)
CATALOGUE = {
    "build_info",
    "start_time_seconds",
    "ready",
    "send_gate_open",
    "recovery_hold",
    "campaigns",
    "leads",
    "leads_on_hold",
    "touches_unknown",
    "touches_unknown_oldest_timestamp_seconds",
    "sends_total",
    "send_duration_seconds",
    "sends_in_flight",
    "cycles_total",
    "cycle_duration_seconds",
    "schedule_lag_seconds",
    "stage_duration_seconds",
    "stage_items_total",
    "quota_denied_total",
    "suppressions_total",
    "opt_out_requests_total",
    "provider_state",
    "provider_requests_total",
    "provider_request_duration_seconds",
    "provider_credits_total",
    "webhook_attempts_total",
    "webhook_backlog",
    "webhook_oldest_timestamp_seconds",
    "inbound_total",
    "imap_last_success_timestamp_seconds",
    "actor_restarts_total",
    "actors_parked",
    "db_transactions_total",
    "db_transaction_duration_seconds",
    "db_size_bytes",
    "db_wal_bytes",
    "disk_free_bytes",
    "backup_last_success_timestamp_seconds",
    "event_loop_lag_seconds",
    "clock_jumps_total",
    "http_requests_total",
    "http_request_duration_seconds",
    "log_events_total",
    "log_dropped_total",
    "quota_limit",
    "quota_used",
    "quota_overrun_total",
    "invariant_violations_total",
    "touches_due",
    "mailbox_usable",
}
"""Those of which other people's dashboards and alerts know, two of them (`touches_due`, `mailbox_usable`) for the
alerts alone."""


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(version="1.2.3", started_at=datetime(2026, 11, 3, tzinfo=UTC), labels=LABELS)


def samples(metrics: Metrics) -> dict[tuple[str, frozenset[str]], float]:
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (sample.name, frozenset(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, *labels: str) -> float | None:
    return samples(metrics).get((f"camd_{name}", frozenset(labels)))


def test_the_names_are_those_of_the_catalogue(metrics: Metrics) -> None:
    declared = {
        line.split()[2].removeprefix("camd_")
        for line in metrics.render().decode().splitlines()
        if line.startswith("# TYPE")
    }
    assert declared == CATALOGUE


def test_the_catalogue_says_what_is_served(metrics: Metrics) -> None:
    lines = metrics.render().decode().splitlines()
    kinds = {name: kind for _, _, name, kind in (line.split() for line in lines if line.startswith("# TYPE"))}
    texts = {line.split()[2]: line.split(maxsplit=3)[3] for line in lines if line.startswith("# HELP")}
    assert kinds == {figure.name: figure.kind for figure in metrics.figures}
    assert texts == {figure.name: figure.text for figure in metrics.figures}


def test_no_label_can_name_a_person_or_a_campaign(metrics: Metrics) -> None:
    labels = {label for figure in metrics.figures for label in figure.labels}
    assert labels == {
        "version", "reason", "status", "result", "stage", "scope", "mailbox", "provider", "operation", "class",
        "method", "kind", "direction", "route", "code", "level", "invariant",
    }  # fmt: skip


def test_known_series_start_at_0(metrics: Metrics) -> None:
    assert all(value(metrics, "invariant_violations_total", invariant) == 0 for invariant in Invariant)
    assert value(metrics, "quota_overrun_total") == 0
    assert value(metrics, "leads", "won") == 0
    assert value(metrics, "stage_items_total", "score", "snoozed") == 0
    assert all(value(metrics, "quota_denied_total", scope) == 0 for scope in QuotaScope)


def test_a_label_outside_its_closed_set_is_a_bug(metrics: Metrics) -> None:
    with pytest.raises(AssertionError):
        metrics.leads.labels("jane@example.com")
    with pytest.raises(AssertionError):
        metrics.http_requests_total.labels("/livez", "GET")
    assert b"jane" not in metrics.render()


def test_what_is_counted_is_shown(metrics: Metrics) -> None:
    metrics.cycles_total.labels("dry").inc()
    metrics.http_requests_total.labels("/livez", "GET", "200").inc(3)
    metrics.schedule_lag_seconds.observe(2)

    assert value(metrics, "cycles_total", "dry") == 1
    assert value(metrics, "http_requests_total", "/livez", "GET", "200") == 3
    assert value(metrics, "schedule_lag_seconds_sum") == 2


def test_the_gate_is_closed_until_told_and_by_each_reason_given(metrics: Metrics) -> None:
    assert value(metrics, "send_gate_open", "kill_switch") == 0

    metrics.gate_closed_by(["common_cause"])

    assert value(metrics, "send_gate_open", "kill_switch") == 1
    assert value(metrics, "send_gate_open", "common_cause") == 0


def test_an_unknown_reason_to_close_the_gate_is_a_bug(metrics: Metrics) -> None:
    with pytest.raises(AssertionError, match="mood"):
        metrics.gate_closed_by(["mood"])


def test_version_and_start_are_told(metrics: Metrics) -> None:
    assert value(metrics, "build_info", "1.2.3") == 1
    assert value(metrics, "start_time_seconds") == datetime(2026, 11, 3, tzinfo=UTC).timestamp()
