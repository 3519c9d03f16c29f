from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.retry import (
    ACTOR_INTENSITY,
    DEFERRALS,
    DEFERRED_AT_MOST,
    RETRY_AFTER_MAX,
    RETRY_AFTER_MIN,
    GiveUp,
    Intensity,
    Restart,
    backoff,
    clamp_retry_after,
    deferred_until,
    is_common_cause,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ROLLS = st.floats(0, 1, exclude_max=True)
MICROSECOND = timedelta.resolution


def test_the_ceiling_of_a_backoff_doubles_up_to_its_cap() -> None:
    base, cap = timedelta(seconds=2), timedelta(seconds=30)
    waits = [backoff(attempt, base, cap, roll=0.5).total_seconds() for attempt in range(1, 7)]
    assert waits == [1, 2, 4, 8, 15, 15]


@given(
    attempt=st.integers(1, 10**9),
    base=st.timedeltas(MICROSECOND, timedelta(days=1)),
    cap=st.timedeltas(MICROSECOND, timedelta(days=10_000)),
    roll=ROLLS,
)
def test_a_backoff_is_never_negative_nor_above_its_cap(
    attempt: int, base: timedelta, cap: timedelta, roll: float
) -> None:
    assert timedelta() <= backoff(attempt, base, cap, roll) <= cap


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 120 ", 120),
        ("+2.5", 2.5),
        ("0", 1),
        ("-30", 1),
        ("315360000", 86_400),
        ("9" * 5_000, 86_400),
        ("Mon, 02 Mar 2026 12:05:00 GMT", 300),
        ("Monday, 02-Mar-26 12:05:00 GMT", 300),
        ("Mon, 02 Mar 2026 12:05:00 -0000", 300),
        ("Sun, 01 Mar 2026 12:00:00 GMT", 1),
        ("Sat, 02 Mar 2036 12:00:00 GMT", 86_400),
    ],
)
def test_fault_55_a_servers_wait_is_clamped_to_a_second_and_a_day(value: str, seconds: float) -> None:
    assert clamp_retry_after(value, NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "soon",
        "1e9",
        "nan",
        "inf",
        "٣",
        "120, 60",
        "Mon, 02 Mar 99999999 12:00:00 GMT",
        f"Mon, 02 Mar 2026 12:00:00 +{'9' * 30}",
    ],
)
def test_a_wait_that_cannot_be_understood_counts_as_not_given(value: str | None) -> None:
    assert clamp_retry_after(value, NOW) is None


@given(st.one_of(st.text(), st.datetimes(timezones=st.just(UTC)).map(format_datetime), st.integers().map(str)))
def test_fault_55_no_header_raises_or_leaves_the_bounds(value: str) -> None:
    wait = clamp_retry_after(value, NOW)
    assert wait is None or RETRY_AFTER_MIN <= wait <= RETRY_AFTER_MAX


@pytest.mark.parametrize(
    ("attempt", "minutes"), [(1, 6), (2, 20), (3, 60), (4, 180), (5, 360), (6, 720), (7, 720), (100, 720)]
)
def test_a_mail_that_is_put_off_rests_longer_each_time_up_to_twelve_hours(attempt: int, minutes: int) -> None:
    assert deferred_until(attempt, NOW, NOW) == NOW + timedelta(minutes=minutes)


def test_a_mail_is_tried_the_last_time_48_hours_after_the_first() -> None:
    end, minute = NOW + timedelta(hours=48), timedelta(minutes=1)
    assert deferred_until(9, NOW, end - minute) == end
    assert deferred_until(1, NOW, end - minute) == end
    assert deferred_until(9, NOW, end) is None
    assert deferred_until(1, NOW, end + minute) is None


@given(late=st.lists(st.timedeltas(timedelta(), timedelta(hours=5)), min_size=20))
def test_a_mail_that_is_put_off_again_and_again_ends_after_nine_tries_and_48_hours_however_late_they_come(
    late: list[timedelta],
) -> None:
    now, tries = NOW, 0
    while (again := deferred_until(tries + 1, NOW, now)) is not None:
        assert now < again <= NOW + DEFERRED_AT_MOST
        assert again - now in (*DEFERRALS, NOW + DEFERRED_AT_MOST - now)
        now, tries = again + late[tries], tries + 1
    assert tries <= 9


@given(restarts=st.integers(1, 12), minutes=st.integers(1, 60), roll=ROLLS)
def test_all_waits_of_a_period_sum_to_less_than_it(restarts: int, minutes: int, roll: float) -> None:
    intensity = Intensity(restarts, timedelta(minutes=minutes))
    waits = [intensity.delay_before(number, roll) for number in range(1, restarts + 1)]
    assert sum(waits, timedelta()) < intensity.period
    assert timedelta() < waits[0] <= waits[-1]


@given(st.lists(ROLLS, min_size=6, max_size=6))
def test_fault_85_an_actor_that_crashes_at_once_is_given_up_at_its_sixth_crash(rolls: list[float]) -> None:
    now, crashes, restarts = NOW, [], 0
    for roll in rolls:
        crashes.append(now)
        verdict = ACTOR_INTENSITY.after_crash(crashes, now, roll)
        if isinstance(verdict, GiveUp):
            break
        now, restarts = now + verdict.after, restarts + 1
    assert (verdict, restarts) == (GiveUp(6), 5)


def test_a_crash_older_than_the_period_no_longer_counts() -> None:
    old = [NOW - timedelta(minutes=10)] * 5
    assert ACTOR_INTENSITY.after_crash([*old, NOW], NOW, 0.5) == Restart(ACTOR_INTENSITY.delay_before(1, 0.5))


def test_a_crash_left_in_the_future_by_a_clock_set_back_counts() -> None:
    ahead = [NOW + timedelta(hours=1)] * 5
    assert ACTOR_INTENSITY.after_crash([*ahead, NOW], NOW, 0.5) == GiveUp(6)


@pytest.mark.parametrize(
    ("crashed", "active", "common"),
    [(10, 40, True), (5, 25, True), (5, 26, False), (4, 4, False), (5, 5, True), (1_999, 10_000, False)],
)
def test_a_common_cause_needs_five_campaigns_and_a_fifth_of_the_active(crashed: int, active: int, common: bool) -> None:
    assert is_common_cause(crashed, active) is common
