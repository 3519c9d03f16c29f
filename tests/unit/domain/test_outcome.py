from datetime import UTC, datetime

from camd.domain.outcome import Outcome, Snooze


def test_a_decision_is_a_value() -> None:
    until = datetime(2026, 3, 2, tzinfo=UTC)
    decided: Outcome = Snooze(until, "window")
    assert decided == Snooze(until, "window")
    assert Snooze(None) != decided
