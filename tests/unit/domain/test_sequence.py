from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.campaign import Step
from camd.domain.facts import LeadId
from camd.domain.send_window import Window, is_open, local_day, next_open
from camd.domain.sequence import (
    Due,
    Finished,
    PlannedTouch,
    Progress,
    Timing,
    next_touch,
    send_order,
    spread_by_day,
)
from camd.domain.zones import Evidence, ZoneEvidence

BERLIN = ZoneEvidence("Europe/Berlin", Evidence.EXPLICIT, "DE")
AUCKLAND = ZoneEvidence("Pacific/Auckland", Evidence.EXPLICIT, "NZ")
WINDOW = Window()
ALWAYS = Window(frozenset(range(7)), 0, 1440, holidays=False)
TIMING = Timing(WINDOW, BERLIN, seed=b"campaign 1")
STEPS = (
    Step(1, "one"),
    Step(2, "two", wait_days=Decimal(3)),
    Step(3, "three", wait_days=Decimal(6)),
)
ADA = LeadId("ld_ada")
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def fresh(score: float = 1.0, enriched_at: datetime = MONDAY) -> Progress:
    return Progress(enriched_at, score, {})


def planned(progress: Progress, timing: Timing = TIMING, now: datetime = LONG_AGO) -> PlannedTouch:
    touch = next_touch(ADA, progress, STEPS, timing, now)
    assert isinstance(touch, PlannedTouch)
    return touch


def test_the_best_lead_is_due_at_once_give_or_take_the_jitter() -> None:
    touch = planned(fresh())
    assert touch.step is STEPS[0]
    assert MONDAY <= touch.due_at <= MONDAY + QUARTER


def test_better_leads_go_first() -> None:
    half = planned(fresh(score=0.5)).due_at - planned(fresh(score=1)).due_at
    assert half == timedelta(hours=3)


def test_a_lead_found_at_night_waits_for_the_window_and_still_has_its_jitter() -> None:
    evening = datetime(2026, 3, 2, 20, tzinfo=UTC)
    opening = datetime(2026, 3, 3, 8, tzinfo=UTC)
    dues = {
        touch.due_at
        for number in range(20)
        if isinstance(
            touch := next_touch(LeadId(f"ld_{number}"), fresh(enriched_at=evening), STEPS, TIMING, LONG_AGO),
            PlannedTouch,
        )
    }
    assert len(dues) > 10
    assert all(opening <= due <= opening + QUARTER for due in dues)


def test_a_jitter_past_closing_time_opens_the_next_day() -> None:
    closing = datetime(2026, 3, 2, 15, 59, 59, tzinfo=UTC)
    assert planned(fresh(enriched_at=closing)).due_at == datetime(2026, 3, 3, 8, tzinfo=UTC)


def test_without_a_spread_there_is_no_jitter() -> None:
    timing = Timing(WINDOW, BERLIN, b"campaign 1", first_touch_spread_hours=0)
    assert planned(fresh(score=0), timing).due_at == MONDAY


def test_a_follow_up_waits_working_days_after_the_step_before() -> None:
    progress = Progress(LONG_AGO, 0.0, {1: datetime(2026, 3, 5, 9, 30, tzinfo=UTC)})
    touch = planned(progress)
    assert touch.step is STEPS[1]
    assert touch.due_at == datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


def test_a_fraction_of_a_day_is_elapsed_time() -> None:
    steps = (STEPS[0], Step(2, wait_days=Decimal("0.0001")))
    touch = next_touch(ADA, Progress(LONG_AGO, 0.5, {1: MONDAY}), steps, TIMING, LONG_AGO)
    assert touch == PlannedTouch(steps[1], MONDAY + timedelta(seconds=8.64))


def test_a_step_that_was_skipped_counts_as_the_step_before() -> None:
    touch = planned(Progress(LONG_AGO, 0.5, {1: LONG_AGO, 2: MONDAY}))
    assert touch == PlannedTouch(STEPS[2], datetime(2026, 3, 10, 9, tzinfo=UTC))


def test_what_is_overdue_goes_now_or_when_the_window_opens() -> None:
    sunday = datetime(2026, 4, 12, 12, tzinfo=UTC)
    for progress in (fresh(), Progress(LONG_AGO, 0.5, {1: MONDAY})):
        assert planned(progress, now=sunday).due_at == datetime(2026, 4, 13, 7, tzinfo=UTC)


def test_nothing_is_planned_beside_a_planned_touch() -> None:
    progress = Progress(MONDAY, 0.5, {1: MONDAY}, planned=frozenset({2}))
    assert next_touch(ADA, progress, STEPS, TIMING, MONDAY) is None


def test_a_campaign_without_steps_plans_nothing() -> None:
    assert next_touch(ADA, fresh(), (), TIMING, MONDAY) is None


def test_30_days_after_the_last_step_silence_is_a_no() -> None:
    progress = Progress(LONG_AGO, 0.5, {1: LONG_AGO, 2: LONG_AGO, 3: MONDAY})
    # The clocks went forward in between: the same local time is an hour earlier.
    assert next_touch(ADA, progress, STEPS, TIMING, MONDAY) == Finished(datetime(2026, 4, 1, 8, tzinfo=UTC))


def test_silence_is_counted_in_days_of_the_calendar_holidays_too() -> None:
    advent = datetime(2026, 12, 11, 9, tzinfo=UTC)
    progress = Progress(LONG_AGO, 0.5, {3: advent})
    assert next_touch(ADA, progress, STEPS, TIMING, advent) == Finished(datetime(2027, 1, 10, 9, tzinfo=UTC))


def test_a_number_below_the_last_one_used_is_never_used_again() -> None:
    progress = Progress(LONG_AGO, 0.5, {1: LONG_AGO, 3: MONDAY})
    assert isinstance(next_touch(ADA, progress, STEPS, TIMING, MONDAY), Finished)


def test_steps_go_by_their_numbers_whatever_their_order() -> None:
    touch = next_touch(ADA, fresh(), STEPS[::-1], TIMING, MONDAY)
    assert isinstance(touch, PlannedTouch)
    assert touch.step is STEPS[0]


def test_a_step_added_after_the_end_is_sent() -> None:
    progress = Progress(LONG_AGO, 0.5, {1: LONG_AGO, 2: LONG_AGO, 3: MONDAY})
    more = (*STEPS, Step(4, wait_days=Decimal(1)))
    touch = next_touch(ADA, progress, more, TIMING, MONDAY)
    assert touch == PlannedTouch(more[3], MONDAY + timedelta(days=1))


instants = st.integers(0, 3 * 365 * 1440).map(lambda minutes: LONG_AGO + timedelta(days=1827, minutes=minutes))
spring_days = st.integers(0, 21 * 1440).map(lambda minutes: MONDAY + timedelta(days=18, minutes=minutes))


@given(
    score=st.floats(0, 1),
    enriched_at=instants,
    settled=st.dictionaries(st.integers(1, 3), instants),
    now=instants,
    zone=st.sampled_from([BERLIN, AUCKLAND]),
)
def test_every_touch_is_due_in_the_window_and_not_before_now(
    score: float, enriched_at: datetime, settled: dict[int, datetime], now: datetime, zone: ZoneEvidence
) -> None:
    timing = Timing(WINDOW, zone, b"seed")
    progress = Progress(enriched_at, score, settled)
    touch = next_touch(ADA, progress, STEPS, timing, now)
    assert touch == next_touch(ADA, progress, STEPS, timing, now)
    if isinstance(touch, PlannedTouch):
        assert touch.step.number not in settled
        assert touch.due_at >= now
        assert is_open(touch.due_at, WINDOW, zone)
    else:
        assert isinstance(touch, Finished)
        assert 3 in settled


def test_a_follow_up_goes_before_a_better_and_older_first_touch() -> None:
    old, recent = LONG_AGO, MONDAY
    first = send_order(is_follow_up=False, score=1.0, since=old)
    better = send_order(is_follow_up=True, score=0.9, since=recent)
    worse = send_order(is_follow_up=True, score=0.2, since=recent)
    older = send_order(is_follow_up=True, score=0.2, since=old)
    assert sorted([first, worse, better, older]) == [better, older, worse, first]


def due(key: int, at: datetime = MONDAY, window: Window = WINDOW, zone: ZoneEvidence = BERLIN) -> Due[int]:
    return Due(key, at, window, zone)


def test_the_first_in_order_keep_the_first_day() -> None:
    spread = spread_by_day([due(7), due(3), due(5)], 2, "Europe/Berlin", {})
    assert spread == {7: MONDAY, 3: MONDAY, 5: datetime(2026, 3, 3, 8, tzinfo=UTC)}


def test_what_is_taken_of_a_day_is_gone() -> None:
    taken = {date(2026, 3, 2): 2, date(2026, 3, 3): 1}
    spread = spread_by_day([due(1), due(2)], 2, "Europe/Berlin", taken)
    assert spread == {
        1: datetime(2026, 3, 3, 8, tzinfo=UTC),
        2: datetime(2026, 3, 4, 8, tzinfo=UTC),
    }


def test_a_full_friday_goes_on_on_monday() -> None:
    friday = datetime(2026, 3, 6, 12, tzinfo=UTC)
    spread = spread_by_day([due(1, friday), due(2, friday)], 1, "Europe/Berlin", {})
    assert spread[2] == datetime(2026, 3, 9, 8, tzinfo=UTC)


def test_a_touch_that_comes_after_closing_time_waits_for_its_window() -> None:
    assert spread_by_day([due(1, datetime(2026, 3, 2, 19, tzinfo=UTC))], 1, "UTC", {}) == {
        1: datetime(2026, 3, 3, 8, tzinfo=UTC)
    }


def test_days_are_those_of_the_campaign_and_windows_those_of_the_recipient() -> None:
    # 09:00 on Tuesday in Auckland is 21:00 on Monday in Berlin: that window goes on past Berlin's midnight.
    opening = datetime(2026, 3, 2, 20, tzinfo=UTC)
    spread = spread_by_day([due(n, opening, WINDOW, AUCKLAND) for n in (1, 2)], 1, "Europe/Berlin", {})
    assert spread == {1: opening, 2: datetime(2026, 3, 2, 23, tzinfo=UTC)}


def test_a_daily_limit_of_nothing_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="no day with room"):
        spread_by_day([due(1)], 0, "UTC", {})


def spread_slowly(touches: list[Due[int]], limit: int, zone: str, taken: dict[date, int]) -> dict[int, datetime]:
    """The same promise, kept by trying one day after the other."""
    used = Counter(taken)
    found = {}
    for touch in touches:
        at = next_open(touch.at, touch.window, touch.zone)
        while used[local_day(at, zone)] >= limit:
            here = local_day(at, zone)
            while local_day(at, zone) == here:
                at = next_open(at + timedelta(minutes=30), touch.window, touch.zone)
        used[local_day(at, zone)] += 1
        found[touch.key] = at
    return found


touches = st.lists(
    st.builds(
        due,
        st.just(0),
        spring_days,
        st.sampled_from([WINDOW, ALWAYS]),
        st.sampled_from([BERLIN, AUCKLAND]),
    ),
    max_size=15,
).map(lambda found: [Due(key, touch.at, touch.window, touch.zone) for key, touch in enumerate(found)])


@given(
    touches=touches,
    limit=st.integers(1, 3),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
    taken=st.dictionaries(st.dates(date(2026, 3, 20), date(2026, 4, 10)), st.integers(0, 4), max_size=4),
)
def test_every_touch_gets_the_first_day_with_room(
    touches: list[Due[int]], limit: int, zone: str, taken: dict[date, int]
) -> None:
    spread = spread_by_day(touches, limit, zone, taken)
    slowly = spread_slowly(touches, limit, zone, taken)
    assert {key: local_day(at, zone) for key, at in spread.items()} == {
        key: local_day(at, zone) for key, at in slowly.items()
    }
    for touch in touches:
        assert spread[touch.key] >= touch.at
        assert is_open(spread[touch.key], touch.window, touch.zone)


def test_ten_thousand_leads_fill_500_days_of_20() -> None:
    zones = [BERLIN, AUCKLAND]
    crowd = [due(key, zone=zones[key % 2]) for key in range(10_000)]
    spread = spread_by_day(crowd, 20, "Europe/Berlin", {})
    days = Counter(local_day(at, "Europe/Berlin") for at in spread.values())
    assert len(days) == 500
    assert set(days.values()) == {20}
