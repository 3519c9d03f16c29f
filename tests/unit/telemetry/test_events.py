from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from camd.domain.campaign import CampaignStatus
from camd.domain.lead import HoldReason, LeadStatus
from camd.domain.suppression import SuppressionReason
from camd.pipeline.send_gate import GateReason
from camd.telemetry.events import CATALOGUE, Event
from camd.telemetry.keys import ENVELOPE, FIGURES
from camd.telemetry.metrics import Labels, Metrics
from camd.telemetry.page import figure_of
from tests.unit.telemetry.catalogue_judge import judged

SOURCES = Path(__file__).parents[3] / "camd"
PAGE = SOURCES / "telemetry" / "README.md"
DESIGNED = """
    daemon.started|ready|stopping|stopped daemon.lock_denied daemon.watchdog_late config.loaded|rejected|reloaded
    recovery.scanned|hold_entered|hold_released journal.mismatch
    actor.started|crashed|restart_scheduled|parked|stopped supervisor.common_cause
    campaign.cycle_finished|status_changed
    send.intent|on_wire|sent|rejected|deferred|unknown|released|blocked|resolved send.gate_closed|gate_opened
    quota.denied|rate_learned provider.degraded|recovered|response_invalid|auth_failed mailbox.degraded|recovered
    smtp.tls_failed imap.connected|lost|stale inbound.classified|unmatched|parse_failed
    suppression.added|blocked_send import.finished|rejected_row lead.held lead.erased
    db.busy|commit_failed|integrity_failed backup.finished|failed migration.applied
    webhook.delivered|failed|dead webhook.target_blocked notice.sent|failed api.auth_failed api.request
    clock.jumped invariant.violated
"""
"""The names that other people's monitoring relies on: one may be added, none goes or is renamed."""


def sources() -> Mapping[str, str]:
    return {str(path.relative_to(SOURCES)): path.read_text() for path in sorted(SOURCES.rglob("*.py"))}


def names(groups: str) -> set[str]:
    split = (group.partition(".") for group in groups.split())
    return {f"{prefix}.{name}" for prefix, _, rest in split for name in rest.split("|")}


def test_every_event_of_the_catalogue_is_logged_and_on_the_page_and_no_other_is() -> None:
    assert judged(sources(), CATALOGUE, PAGE.read_text()) == []


KNOWN = {"daemon.ready": Event("daemon.ready", "info", "It is ready.", "Nothing.")}
ON_PAGE = "| `daemon.ready` |"
SOUND = 'log = get_log()\nlog.info("daemon.ready", reason="x", lead=lead.id)\n'


def test_the_judge_is_content_with_a_sound_module() -> None:
    assert judged({"a.py": SOUND, "b.py": 'st.error("Not a log.")'}, KNOWN, ON_PAGE) == []


@pytest.mark.parametrize(
    ("source", "page", "fault"),
    [
        (SOUND + 'log.info("daemon.redy")\n', ON_PAGE, "a.py:3: daemon.redy is unknown"),
        (SOUND + 'log.error("daemon.ready")\n', ON_PAGE, "a.py:3: daemon.ready is logged as error"),
        (SOUND + "log.info(name)\n", ON_PAGE, "a.py:3: logs a name that nobody can look up"),
        (SOUND + 'get_log().info("daemon.redy")\n', ON_PAGE, "a.py:3: daemon.redy is unknown"),
        (SOUND.replace("log", "said").replace("get_said", "get_log").replace("ready", "redy"), "", "is unknown"),
        (SOUND.replace("reason", "email"), ON_PAGE, "a.py:2: carries ['email']"),
        ("log = get_log()\n", ON_PAGE, "daemon.ready is never logged"),
        (SOUND, "", "daemon.ready is not on the page"),
    ],
)
def test_the_judge_finds_what_is_unknown_unused_or_undocumented(source: str, page: str, fault: str) -> None:
    assert any(fault in found for found in judged({"a.py": source}, KNOWN, page))


def test_no_name_that_monitoring_relies_on_is_gone() -> None:
    assert names(DESIGNED) - CATALOGUE.keys() == set()


def test_the_catalogue_names_each_event_once_with_a_meaning_and_what_to_do() -> None:
    assert all(name == event.name and "." in name for name, event in CATALOGUE.items())
    assert all(event.meaning and event.what_to_do for event in CATALOGUE.values())


def test_whoever_is_told_of_an_error_is_told_what_to_do() -> None:
    assert [
        event.name for event in CATALOGUE.values() if event.level == "error" and event.what_to_do == "Nothing."
    ] == []


def test_no_figure_hides_a_key_of_the_envelope() -> None:
    assert not FIGURES & (ENVELOPE | {"ts", "level", "event", "version", "lead"})


@pytest.mark.parametrize("event", CATALOGUE.values(), ids=lambda event: str(event.name))
def test_what_counts_an_event_is_a_metric_with_such_a_label(event: Event) -> None:
    labels = Labels(
        list(CampaignStatus), list(LeadStatus), list(HoldReason), list(GateReason), list(SuppressionReason),
        (), ("sales",), (), ("hunter",),
    )  # fmt: skip
    metrics = Metrics(version="1", started_at=datetime(2026, 11, 3, tzinfo=UTC), labels=labels)
    metrics.provider_requests_total.labels("hunter", "find", "uncertain").inc()
    metrics.provider_requests_total.labels("hunter", "find", "auth").inc()
    families = {family.name: family for family in text_string_to_metric_families(metrics.render().decode())}
    figure = figure_of(event, metrics.figures)
    wanted = dict(pair.replace('"', "").split("=") for pair in event.series.partition("{")[2][:-1].split(",") if pair)

    assert wanted.keys() <= set(figure.labels)
    family = families[figure.name.removesuffix("_total")]
    is_open = not family.samples
    assert is_open or any(wanted.items() <= sample.labels.items() for sample in family.samples)
