"""When an account that keeps failing may be asked again."""

from datetime import UTC, datetime, timedelta

from camd.domain.breaker import FAILURES, REST, WITHIN, Breaker

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def after(failures: int, gap: timedelta = SECOND) -> Breaker:
    breaker = Breaker()
    for number in range(failures):
        breaker = breaker.failed(NOON + number * gap)
    return breaker


def test_a_few_failures_leave_it_closed() -> None:
    assert after(FAILURES - 1).not_before(NOON + FAILURES * SECOND) is None


def test_fault_57_five_failures_in_half_a_minute_open_it() -> None:
    last = NOON + (FAILURES - 1) * SECOND
    assert after(FAILURES).not_before(last) == last + REST


def test_failures_far_apart_never_open_it() -> None:
    gap = WITHIN / (FAILURES - 1) + SECOND
    assert after(50, gap).not_before(NOON + 50 * gap) is None


def test_fault_57_one_trial_every_half_minute() -> None:
    breaker = after(FAILURES)
    assert breaker.open_until is not None
    trial = breaker.open_until
    assert breaker.not_before(trial) is None
    assert breaker.failed(trial).not_before(trial) == trial + REST


def test_an_answer_closes_it() -> None:
    assert after(FAILURES).answered() == Breaker()


def test_it_rests_as_long_as_it_asks_for() -> None:
    asked = Breaker().failed(NOON).rests_until(NOON + timedelta(hours=1))
    assert asked.not_before(NOON) == NOON + timedelta(hours=1)
    assert asked.rests_until(NOON + SECOND) == asked
