import re
from datetime import UTC, datetime

import pytest

from camd.telemetry.events import CATALOGUE, NOTHING
from camd.telemetry.metrics import Labels, Metrics
from tests.unit.telemetry.alert_file import CASES, Alert, alerts

PAGES = {
    "CamdNotReady",
    "CamdGateClosed",
    "CamdOptOutNotStored",
    "CamdRecoveryHold",
    "CamdLawBroken",
    "CamdNoBackup",
    "CamdDiskFull",
}
UNLOGGED = {"CamdLogDropped"}
"""It cannot be logged that nothing can be logged."""


def test_nobody_is_woken_but_by_these() -> None:
    assert {alert.name for alert in alerts() if alert.severity == "page"} == PAGES
    assert {alert.severity for alert in alerts()} == {"page", "ticket"}


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert.name))
def test_each_alert_says_what_the_catalogue_says_of_its_event(alert: Alert) -> None:
    if alert.event is None:
        assert alert.name in UNLOGGED
        return
    assert alert.what_to_do == CATALOGUE[alert.event].what_to_do
    assert alert.what_to_do != NOTHING


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert.name))
def test_each_alert_asks_for_figures_that_are_served(alert: Alert) -> None:
    metrics = Metrics(version="1", started_at=datetime(2026, 11, 3, tzinfo=UTC), labels=Labels(*[()] * 8))
    asked = set(re.findall(r"camd_[a-z_]+", alert.expression))
    assert asked
    assert asked <= {figure.name for figure in metrics.figures}


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: str(alert.name))
def test_each_alert_is_shown_to_fire_and_not_to_fire(alert: Alert) -> None:
    wanted = f'labels: \'{{alertname="{alert.name}", instance="bad"}}\''
    assert wanted in CASES.read_text()
