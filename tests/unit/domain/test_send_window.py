from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.errors import Invalid
from camd.domain.send_window import (
    NeverOpens,
    Window,
    add_working_days,
    day_bounds,
    is_holiday,
    is_open,
    jitter,
    local_day,
    next_day_start,
    next_open,
    parse_window,
)
from camd.domain.zones import Evidence, UnknownZone, ZoneEvidence

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
OFFICE = Window()
ALL_DAYS = frozenset(range(7))
ALWAYS = Window(ALL_DAYS, 0, 1440, holidays=False)

Transition = tuple[str, datetime]


def zone(name: str, country: str | None = None) -> ZoneEvidence:
    return ZoneEvidence(name, Evidence.EXPLICIT, country)


US = ZoneEvidence("America/New_York", Evidence.COUNTRY, "US", edges=("America/New_York", "America/Los_Angeles"))
RUSSIA = ZoneEvidence("Europe/Moscow", Evidence.COUNTRY, "RU", edges=("Asia/Kamchatka", "Europe/Moscow"))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def at_local(text: str, name: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(name), fold=fold).astimezone(UTC)


def shown(at: datetime, name: str) -> str:
    return at.astimezone(ZoneInfo(name)).strftime("%Y-%m-%d %H:%M")


def on_the_clock(at: datetime, window: Window, name: str) -> bool:
    wall = at.astimezone(ZoneInfo(name))
    minute = wall.hour * 60 + wall.minute
    return wall.weekday() in window.days and window.start_minute <= minute < window.end_minute


@cache
def transitions() -> list[Transition]:
    return [
        (name, at)
        for name in sorted(available_timezones() - {"Factory", "localtime"})
        for at in transitions_of(ZoneInfo(name))
    ]


def transitions_of(info: ZoneInfo) -> Iterator[datetime]:
    low = datetime(2025, 1, 1, tzinfo=UTC)
    while low.year < 2029:
        high = low + 7 * DAY
        if low.astimezone(info).utcoffset() != high.astimezone(info).utcoffset():
            yield first_with_the_offset_of(high, low, info)
        low = high


def first_with_the_offset_of(high: datetime, low: datetime, info: ZoneInfo) -> datetime:
    offset = high.astimezone(info).utcoffset()
    while high - low > timedelta(minutes=1):
        middle = low + timedelta(minutes=(high - low) // timedelta(minutes=2))
        low, high = (low, middle) if middle.astimezone(info).utcoffset() == offset else (middle, high)
    return high


def windows_around(at: datetime, name: str) -> list[Window]:
    """Windows that begin or end in the hour that a transition skips or repeats, and ordinary ones."""
    wall = at.astimezone(ZoneInfo(name))
    near = min(max(wall.hour * 60 + wall.minute - 30, 0), 1380)
    return [
        Window(ALL_DAYS, 9 * 60, 17 * 60, holidays=False),
        Window(ALL_DAYS, near, near + 45, holidays=False),
        Window(ALL_DAYS, near, 1440, holidays=False),
        ALWAYS,
    ]


def test_the_zones_have_many_transitions() -> None:
    assert len(transitions()) > 1000
    assert len({name for name, _ in transitions()}) > 150


def test_around_every_transition_the_next_opening_is_in_the_window_and_final() -> None:
    for name, change in transitions():
        where = zone(name)
        for window in windows_around(change, name):
            for minutes in (-1500, -61, -1, 0, 29, 61):
                asked = change + timedelta(minutes=minutes)
                found = next_open(asked, window, where)
                note = (name, change, window, asked, found)
                assert asked <= found <= asked + 2 * DAY, note
                assert on_the_clock(found, window, name), note
                assert next_open(found, window, where) == found, note
                assert is_open(found, window, where), note
                assert is_open(asked, window, where) == (found == asked), note


def test_around_every_transition_no_earlier_opening_is_missed() -> None:
    for name, change in transitions():
        info = ZoneInfo(name)
        for window in windows_around(change, name):
            asked = change - timedelta(hours=3)
            found = next_open(asked, window, zone(name))
            while asked < found:
                first_showing = asked.astimezone(info).fold == 0
                assert not (first_showing and on_the_clock(asked, window, name)), (name, window, asked, found)
                asked += timedelta(minutes=15)


def test_around_every_transition_local_days_follow_each_other_without_gap() -> None:
    for name, change in transitions():
        for minutes in (-1500, -61, -1, 0, 1, 61, 1500):
            at = change + timedelta(minutes=minutes)
            day = local_day(at, name)
            start, end = day_bounds(day, name)
            assert start <= at < end, (name, change, at)
            assert next_day_start(at, name) == end
            assert local_day(end, name) > day
            assert local_day(end - timedelta(microseconds=1), name) == day


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("America/Santiago", date(2026, 9, 6)),
        ("Africa/Cairo", date(2026, 4, 24)),
        ("Asia/Beirut", date(2026, 3, 29)),
        ("America/Havana", date(2026, 3, 8)),
    ],
)
def test_fault_39_a_day_without_midnight_begins_once_at_one(name: str, day: date) -> None:
    start, end = day_bounds(day, name)
    assert shown(start, name) == f"{day} 01:00"
    assert end - start == 23 * HOUR
    assert local_day(start - timedelta(seconds=1), name) == day - DAY
    assert next_day_start(start - timedelta(seconds=1), name) == start
    assert next_open(start - HOUR / 2, Window(frozenset({day.weekday()}), 0, 60 * 9), zone(name)) == start


def test_fault_39_a_day_with_two_midnights_begins_at_the_first() -> None:
    start, end = day_bounds(date(2026, 11, 1), "America/Havana")
    assert start == utc("2026-11-01 04:00")
    assert end - start == 25 * HOUR
    assert local_day(start + HOUR, "America/Havana") == date(2026, 11, 1)
    sunday_night = Window(frozenset({6}), 0, 60)
    assert next_open(start - HOUR, sunday_night, zone("America/Havana")) == start


def test_fault_39_a_day_whose_last_hour_repeats_ends_once() -> None:
    start, end = day_bounds(date(2026, 4, 4), "America/Santiago")
    assert shown(end, "America/Santiago") == "2026-04-05 00:00"
    assert end - start == 25 * HOUR


def test_the_local_day_stays_where_clocks_return_past_midnight() -> None:
    # St John's went from 00:01 back to 23:01 of the day before.
    name = "America/St_Johns"
    start, end = day_bounds(date(2010, 11, 7), name)
    assert end - start == 25 * HOUR
    assert shown(start + HOUR / 2, name) == "2010-11-06 23:30"
    assert local_day(start + HOUR / 2, name) == date(2010, 11, 7)


def test_half_an_hour_of_daylight_saving_moves_the_bounds_by_half_an_hour() -> None:
    name = "Australia/Lord_Howe"
    long, short = day_bounds(date(2026, 4, 5), name), day_bounds(date(2026, 10, 4), name)
    assert long[1] - long[0] == 24.5 * HOUR
    assert short[1] - short[0] == 23.5 * HOUR
    at_quarter_past_two = Window(ALL_DAYS, 135, 240)
    assert shown(next_open(short[0], at_quarter_past_two, zone(name)), name) == "2026-10-04 02:30"


def test_a_day_that_does_not_exist_is_empty_and_skipped() -> None:
    name = "Pacific/Apia"
    start, end = day_bounds(date(2011, 12, 30), name)
    assert start == end == utc("2011-12-30 10:00")
    assert day_bounds(date(2011, 12, 29), name)[1] == start
    assert next_day_start(start - HOUR, name) == start
    assert local_day(start, name) == date(2011, 12, 31)
    every_day = Window(ALL_DAYS, 540, 1020, holidays=False)
    assert shown(next_open(start - HOUR, every_day, zone(name)), name) == "2011-12-31 09:00"


def test_fault_40_a_repeated_hour_is_visited_once() -> None:
    name = "Europe/Berlin"
    night = Window(ALL_DAYS, 150, 165, holidays=False)
    first = at_local("2026-10-25 02:30", name)
    assert next_open(first - HOUR, night, zone(name)) == first
    second = at_local("2026-10-25 02:30", name, fold=1)
    assert not is_open(second, night, zone(name))
    assert shown(next_open(second, night, zone(name)), name) == "2026-10-26 02:30"


def test_fault_40_after_a_repeated_hour_the_window_goes_on() -> None:
    name = "Europe/Berlin"
    from_half_past_two = Window(ALL_DAYS, 150, 1020, holidays=False)
    second = at_local("2026-10-25 02:40", name, fold=1)
    assert is_open(at_local("2026-10-25 02:40", name), from_half_past_two, zone(name))
    assert shown(next_open(second, from_half_past_two, zone(name)), name) == "2026-10-25 03:00"


def test_fault_41_nonexistent_send_time_moves_to_the_next_valid_instant() -> None:
    name = "Europe/Berlin"
    window = Window(ALL_DAYS, 0, 1440, holidays=False)
    sent = at_local("2026-03-28 02:30", name)
    assert shown(add_working_days(sent, 1, window, zone(name)), name) == "2026-03-29 03:00"
    opens = Window(ALL_DAYS, 150, 600, holidays=False)
    assert shown(next_open(at_local("2026-03-29 01:00", name), opens, zone(name)), name) == "2026-03-29 03:00"


def test_fault_41_a_window_that_a_transition_swallows_waits_for_the_next_day() -> None:
    name = "Europe/Berlin"
    swallowed = Window(ALL_DAYS, 130, 170, holidays=False)
    found = next_open(at_local("2026-03-29 01:00", name), swallowed, zone(name))
    assert shown(found, name) == "2026-03-30 02:10"


def test_fault_43_an_unknown_zone_opens_no_window() -> None:
    with pytest.raises(UnknownZone):
        next_open(utc("2026-01-05 12:00"), OFFICE, zone("Europe/Atlantis"))
    with pytest.raises(UnknownZone):
        day_bounds(date(2026, 1, 5), "Europe/Atlantis")


def test_the_default_window_is_office_hours_on_working_days() -> None:
    assert parse_window() == OFFICE
    assert shown(next_open(utc("2026-06-05 18:00"), OFFICE, zone("Europe/Berlin")), "Europe/Berlin") == (
        "2026-06-08 09:00"
    )
    assert is_open(at_local("2026-06-08 16:59", "Europe/Berlin"), OFFICE, zone("Europe/Berlin"))
    assert not is_open(at_local("2026-06-08 17:00", "Europe/Berlin"), OFFICE, zone("Europe/Berlin"))


def test_public_holidays_of_the_recipients_country_are_closed() -> None:
    eve = utc("2026-12-24 18:00")
    assert shown(next_open(eve, OFFICE, zone("Europe/Berlin", "DE")), "Europe/Berlin") == "2026-12-28 09:00"
    ignored = Window(holidays=False)
    assert shown(next_open(eve, ignored, zone("Europe/Berlin", "DE")), "Europe/Berlin") == "2026-12-25 09:00"


def test_a_country_without_a_calendar_has_no_holidays() -> None:
    assert is_holiday(date(2026, 12, 25), "DE")
    assert not is_holiday(date(2026, 12, 25), None)
    assert not is_holiday(date(2026, 12, 25), "ZZ")


def test_a_country_with_several_zones_opens_when_both_coasts_do() -> None:
    monday = at_local("2026-06-08 00:00", "America/New_York")
    opens = next_open(monday, OFFICE, US)
    assert shown(opens, "America/New_York") == "2026-06-08 12:00"
    assert is_open(opens + 4.99 * HOUR, OFFICE, US)
    assert not is_open(opens + 5 * HOUR, OFFICE, US)
    assert shown(next_open(opens + 5 * HOUR, OFFICE, US), "America/New_York") == "2026-06-09 12:00"


def test_less_than_two_common_hours_leave_the_largest_city() -> None:
    monday = at_local("2026-06-08 00:00", "America/New_York")
    five_hours, short = Window(ALL_DAYS, 540, 840), Window(ALL_DAYS, 540, 839)
    assert shown(next_open(monday, five_hours, US), "America/New_York") == "2026-06-08 12:00"
    assert shown(next_open(monday, short, US), "America/New_York") == "2026-06-08 09:00"
    assert shown(next_open(monday, OFFICE, RUSSIA), "Europe/Moscow") == "2026-06-08 09:00"


def test_a_window_without_limits_is_open_on_both_coasts_at_midnight() -> None:
    midnight = at_local("2026-06-09 00:00", "America/New_York")
    for hours in range(-24, 25):
        assert is_open(midnight + hours * HOUR, ALWAYS, US)


@given(
    minutes=st.integers(0, 4 * 365 * 1440),
    start=st.integers(0, 1439),
    length=st.integers(1, 1440),
    days=st.frozensets(st.integers(0, 6), min_size=1),
    where=st.sampled_from([US, RUSSIA, zone("Europe/Berlin", "DE"), zone("Asia/Kathmandu", "NP")]),
)
def test_the_next_opening_is_open_final_and_not_before(
    minutes: int, start: int, length: int, days: frozenset[int], where: ZoneEvidence
) -> None:
    at = utc("2025-01-01") + timedelta(minutes=minutes)
    window = Window(days, start, min(start + length, 1440))
    found = next_open(at, window, where)
    assert found >= at
    assert is_open(found, window, where)
    assert next_open(found, window, where) == found
    assert is_open(at, window, where) == (found == at)


def test_a_window_without_days_never_opens_and_says_so() -> None:
    closed = Window(frozenset())
    with pytest.raises(NeverOpens):
        next_open(utc("2026-01-05 12:00"), closed, zone("UTC"))
    with pytest.raises(NeverOpens):
        add_working_days(utc("2026-01-05 12:00"), 1, closed, zone("UTC"))


@pytest.mark.parametrize(
    ("wait", "expected"),
    [
        (0, "2026-12-23 10:00"),
        (1, "2026-12-24 10:00"),
        (2, "2026-12-28 10:00"),
        (7, "2027-01-05 10:00"),
        (Decimal("0.25"), "2026-12-23 16:00"),
        (0.5, "2026-12-24 09:00"),
        (1.5, "2026-12-28 09:00"),
    ],
)
def test_waits_count_working_days_of_the_recipient(wait: Decimal | float, expected: str) -> None:
    sent = at_local("2026-12-23 10:00", "Europe/Berlin")
    found = add_working_days(sent, wait, OFFICE, zone("Europe/Berlin", "DE"))
    assert shown(found, "Europe/Berlin") == expected


def test_a_wait_longer_than_the_look_ahead_is_counted_to_its_end() -> None:
    monday = utc("2026-06-08 12:00")
    assert add_working_days(monday, 500, OFFICE, zone("UTC")) == monday + 700 * DAY


def test_a_fraction_of_a_day_is_elapsed_time() -> None:
    sent = utc("2026-06-08 12:00")
    assert add_working_days(sent, 0.0001, ALWAYS, zone("UTC")) - sent == timedelta(seconds=8.64)


def test_a_fraction_of_a_day_is_elapsed_time_also_from_a_local_clock() -> None:
    sent = datetime.combine(date(2026, 3, 28), time(12), ZoneInfo("Europe/Berlin"))
    found = add_working_days(sent, 0.75, ALWAYS, zone("Europe/Berlin"))
    assert shown(found, "Europe/Berlin") == "2026-03-29 07:00"


def test_a_wait_keeps_the_local_time_across_a_change_of_clocks() -> None:
    name = "Europe/Berlin"
    sent = at_local("2026-03-27 10:15", name)
    found = add_working_days(sent, 1, OFFICE, zone(name))
    assert shown(found, name) == "2026-03-30 10:15"
    assert found - sent == 71 * HOUR


def test_a_wait_from_a_closed_day_counts_from_the_next_working_day() -> None:
    saturday = at_local("2026-06-06 12:00", "Europe/Berlin")
    assert shown(add_working_days(saturday, 1, OFFICE, zone("Europe/Berlin")), "Europe/Berlin") == ("2026-06-08 12:00")


@pytest.mark.parametrize("wait", [-1, -0.0001, float("nan"), float("inf")])
def test_a_wait_that_is_no_length_of_time_is_refused(wait: float) -> None:
    with pytest.raises(Invalid) as refusal:
        add_working_days(utc("2026-06-08 12:00"), wait, OFFICE, zone("UTC"))
    assert refusal.value.field == "wait_days"


def test_a_window_is_read_as_configured() -> None:
    window = parse_window(days=["sat", "sun"], start="00:00", end="24:00", holidays=False)
    assert window == Window(frozenset({5, 6}), 0, 1440, holidays=False)


@pytest.mark.parametrize(
    ("days", "start", "end", "field"),
    [
        ([], "09:00", "17:00", "window.days"),
        (["Monday"], "09:00", "17:00", "window.days"),
        (["mon"], "9:00", "17:00", "window.start"),
        (["mon"], "24:30", "17:00", "window.start"),
        (["mon"], "24:00", "24:00", "window.end"),
        (["mon"], "09:00", "17", "window.end"),
        (["mon"], "09:00", "09:00", "window.end"),
        (["mon"], "17:00", "09:00", "window.end"),
    ],
)
def test_a_window_that_cannot_be_read_names_its_field(days: list[str], start: str, end: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_window(days=days, start=start, end=end)
    assert refusal.value.field == field


@given(st.text(), st.integers(1, 20), st.integers(0, 100_000))
def test_jitter_is_the_same_however_often_it_is_asked_for(lead: str, step: int, spread: int) -> None:
    seconds = jitter("seed", lead, step, spread)
    assert 0 <= seconds <= spread
    assert jitter(b"seed", lead, step, spread) == seconds


def test_jitter_differs_by_seed_lead_and_step() -> None:
    asked = [(b"seed", "ld_1", 1), (b"weed", "ld_1", 1), (b"seed", "ld_2", 1), (b"seed", "ld_1", 2)]
    assert len({jitter(seed, lead, step, 10**9) for seed, lead, step in asked}) == 4


def test_jitter_uses_its_whole_spread() -> None:
    assert {jitter(b"seed", f"ld_{number}", 1, 3) for number in range(100)} == {0, 1, 2, 3}


def test_a_window_includes_working_days_only() -> None:
    assert OFFICE.includes(date(2026, 12, 24), "DE")
    assert not OFFICE.includes(date(2026, 12, 25), "DE")
    assert not OFFICE.includes(date(2026, 12, 26), None)


def test_an_opening_keeps_the_instant_asked_for_to_the_microsecond() -> None:
    asked = datetime.combine(date(2026, 6, 8), time(10, 0, 0, 123456), ZoneInfo("Europe/Berlin"))
    assert next_open(asked, OFFICE, zone("Europe/Berlin")) == asked
