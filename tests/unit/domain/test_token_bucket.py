from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.domain.send_window import day_bounds, local_day, next_day_start
from camd.domain.token_bucket import (
    CLOSING_TIME,
    Allowed,
    CapWindow,
    LocalDay,
    NotBefore,
    QuotaScope,
    RateBucket,
    Rolling,
    Taken,
    VolumeCap,
    closing,
    day_windows,
    given_back,
    ramp_limit,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TICK = timedelta.resolution

# Clocks that skip local midnight, show it twice, shift by half an hour, or never change.
ZONES = (
    "America/Santiago",
    "Africa/Cairo",
    "Asia/Beirut",
    "America/Havana",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "UTC",
)

BUCKETS = st.builds(
    RateBucket,
    count=st.integers(1, 100),
    period=st.timedeltas(SECOND, DAY),
    burst=st.integers(1, 5),
)
FORWARD = st.timedeltas(timedelta(), timedelta(minutes=30))
ANY_WAY = st.one_of(FORWARD, st.sampled_from([HOUR, -HOUR, DAY, -DAY]))


def took(bucket: RateBucket, tat: datetime | None, at: datetime) -> Taken:
    taken = bucket.take(tat, at)
    assert isinstance(taken, Taken)
    return taken


def grants(bucket: RateBucket, readings: Iterable[datetime]) -> list[datetime]:
    """The readings of the clock, in order, at which one unit was granted."""
    tat: datetime | None = None
    granted = []
    for now in readings:
        answer = bucket.take(tat, now)
        if isinstance(answer, Taken):
            tat = answer.tat
            granted.append(now)
    return granted


def readings(steps: Iterable[timedelta], start: datetime = NOW) -> list[datetime]:
    found = [start]
    for step in steps:
        found.append(found[-1] + step)
    return found


@given(bucket=BUCKETS, steps=st.lists(FORWARD, max_size=60))
def test_no_stretch_of_time_holds_more_than_the_burst_and_its_rate(bucket: RateBucket, steps: list[timedelta]) -> None:
    granted = grants(bucket, readings(steps))
    for first, begin in enumerate(granted):
        for last in range(first, len(granted)):
            allowed = bucket.burst + (granted[last] - begin) // bucket.interval
            assert last - first + 1 <= allowed


@given(bucket=BUCKETS, steps=st.lists(FORWARD, max_size=60))
def test_a_bucket_grants_exactly_what_a_counted_token_bucket_grants(bucket: RateBucket, steps: list[timedelta]) -> None:
    level, at, expected = bucket.burst * bucket.interval, NOW, []
    for now in readings(steps):
        level, at = min(bucket.burst * bucket.interval, level + (now - at)), now
        if level >= bucket.interval:
            level -= bucket.interval
            expected.append(now)
    assert grants(bucket, readings(steps)) == expected


@given(bucket=BUCKETS, units=st.integers(1, 5), taken=st.integers(0, 10))
def test_what_is_denied_is_granted_at_the_instant_named_and_not_before(
    bucket: RateBucket, units: int, taken: int
) -> None:
    units = min(units, bucket.burst)
    tat = NOW + min(taken, bucket.burst) * bucket.interval
    answer = bucket.take(tat, NOW, units)
    if isinstance(answer, NotBefore):
        assert isinstance(bucket.take(tat, answer.at - TICK, units), NotBefore)
        assert isinstance(bucket.take(tat, answer.at, units), Taken)


@given(bucket=BUCKETS, ahead=st.timedeltas(timedelta(), DAY), later=st.timedeltas(timedelta(), DAY))
def test_waiting_longer_never_turns_a_grant_into_a_denial(
    bucket: RateBucket, ahead: timedelta, later: timedelta
) -> None:
    tat = NOW + ahead
    if isinstance(bucket.take(tat, NOW), Taken):
        assert isinstance(bucket.take(tat, NOW + later), Taken)


def test_a_rate_that_does_not_divide_its_period_is_never_exceeded() -> None:
    assert RateBucket(3, SECOND).interval * 3 >= SECOND


def test_jitter_puts_off_the_next_unit_only() -> None:
    pace = RateBucket(1, timedelta(seconds=600))
    first = pace.take(None, NOW, jitter=timedelta(seconds=200))
    assert first == Taken(NOW + timedelta(seconds=800), NOW)
    assert pace.take(first.tat, NOW + HOUR / 6) == NotBefore(NOW + timedelta(seconds=800))


def test_asking_for_more_than_the_burst_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="never fit"):
        RateBucket(1, SECOND, burst=2).take(None, NOW, units=3)


def test_a_grant_given_back_is_as_if_it_had_not_been() -> None:
    bucket = RateBucket(1, MINUTE)
    taken = took(bucket, None, NOW)
    assert isinstance(bucket.take(given_back(taken.tat, taken), NOW), Taken)


def test_a_grant_is_not_given_back_once_more_was_taken() -> None:
    bucket = RateBucket(1, MINUTE)
    first = took(bucket, None, NOW)
    second = took(bucket, first.tat, NOW + HOUR)
    assert given_back(second.tat, first) == second.tat


def test_fault_36_a_clock_set_back_an_hour_refills_no_bucket() -> None:
    bucket = RateBucket(1, MINUTE)
    taken = took(bucket, None, NOW)
    assert bucket.take(taken.tat, NOW - HOUR) == NotBefore(NOW + MINUTE)


def test_fault_37_a_clock_set_forward_a_day_gives_at_most_the_burst() -> None:
    bucket = RateBucket(1, MINUTE, burst=3)
    before = [NOW] * 10
    after = [NOW + DAY] * 10
    assert Counter(grants(bucket, before + after)) == {NOW: 3, NOW + DAY: 3}


@given(bucket=BUCKETS, steps=st.lists(ANY_WAY, max_size=60))
def test_fault_37_however_the_clock_steps_a_rate_holds_over_the_clocks_highest_reading(
    bucket: RateBucket, steps: list[timedelta]
) -> None:
    granted = grants(bucket, readings(steps))
    for first, begin in enumerate(granted):
        for last in range(first, len(granted)):
            highest = max(granted[first : last + 1])
            assert last - first + 1 <= bucket.burst + (highest - begin) // bucket.interval


@given(slews=st.lists(st.timedeltas(-timedelta(milliseconds=5), timedelta(milliseconds=5)), min_size=30, max_size=30))
def test_fault_38_a_slewed_clock_neither_speeds_up_nor_stops_a_bucket(slews: list[timedelta]) -> None:
    bucket = RateBucket(1, timedelta(seconds=10))
    seconds = [NOW + second * SECOND + slew for second, slew in enumerate(slews)]
    assert len(grants(bucket, seconds)) in (2, 3)


class Account:
    """Debits as a store keeps them, and a cap asked as the engine asks it."""

    def __init__(self, *caps: VolumeCap) -> None:
        self.caps = caps
        self.debits: list[tuple[datetime, int]] = []

    def ask(self, cap: VolumeCap, now: datetime, units: int = 1) -> Allowed | NotBefore:
        counted = [debit for debit in self.debits if debit[0] >= cap.window.since(now)]
        return cap.check(sum(amount for _, amount in counted), now, units, counted)

    def try_debit(self, now: datetime, units: int = 1) -> None:
        if all(self.ask(cap, now, units) == Allowed() for cap in self.caps):
            self.debits.append((now, units))

    def by_day(self, zone: str) -> Counter[date]:
        days: Counter[date] = Counter()
        for at, amount in self.debits:
            days[local_day(at, zone)] += amount
        return days


def daily(limit: int, zone: str = "UTC") -> VolumeCap:
    return VolumeCap(QuotaScope.CAMPAIGN, limit, LocalDay(zone))


def rolling(limit: int, period: timedelta = DAY) -> VolumeCap:
    return VolumeCap(QuotaScope.MAILBOX_24H, limit, Rolling(period))


LONG_STEPS = st.lists(
    st.one_of(st.timedeltas(timedelta(), 9 * HOUR), st.sampled_from([HOUR, -HOUR, DAY, -DAY])), max_size=80
)


@given(
    zone=st.sampled_from(ZONES),
    limit=st.integers(0, 4),
    start=st.timedeltas(timedelta(), timedelta(days=1_400)).map(lambda after: datetime(2025, 1, 1, tzinfo=UTC) + after),
    steps=LONG_STEPS,
)
@settings(deadline=None)
def test_fault_36_however_the_clock_steps_no_local_day_is_over_its_limit(
    zone: str, limit: int, start: datetime, steps: list[timedelta]
) -> None:
    account = Account(daily(limit, zone))
    for now in readings(steps, start):
        account.try_debit(now)
    assert all(used <= limit for used in account.by_day(zone).values())


@given(limit=st.integers(0, 4), hours=st.integers(1, 72), steps=LONG_STEPS)
def test_fault_36_however_the_clock_steps_no_rolling_stretch_is_over_its_limit(
    limit: int, hours: int, steps: list[timedelta]
) -> None:
    cap = rolling(limit, hours * HOUR)
    account = Account(cap)
    for now in readings(steps):
        account.try_debit(now)
    for begin, _ in account.debits:
        end = begin + hours * HOUR + 15 * MINUTE
        assert sum(amount for at, amount in account.debits if begin <= at < end) <= limit


def test_fault_36_a_clock_set_back_past_midnight_opens_no_second_day() -> None:
    account = Account(daily(2))
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    for now in (midnight + MINUTE, midnight + 2 * MINUTE, midnight - HOUR):
        account.try_debit(now)
    assert len(account.debits) == 2


def test_fault_37_a_clock_set_forward_a_day_finds_one_days_quota() -> None:
    account = Account(daily(2))
    for now in [NOW] * 5 + [NOW + DAY] * 5:
        account.try_debit(now)
    assert account.by_day("UTC") == {NOW.date(): 2, NOW.date() + DAY: 2}


def test_fault_38_a_slew_over_midnight_and_back_counts_a_debit_once() -> None:
    account = Account(daily(1))
    midnight = datetime(2026, 3, 3, tzinfo=UTC)
    for now in (midnight - TICK, midnight + TICK, midnight - TICK, midnight + 2 * TICK):
        account.try_debit(now)
    assert account.by_day("UTC") == {date(2026, 3, 2): 1, date(2026, 3, 3): 1}


@pytest.mark.parametrize(
    ("zone", "first_valid", "day"),
    [
        ("America/Santiago", datetime(2026, 9, 6, 4, tzinfo=UTC), date(2026, 9, 6)),
        ("Africa/Cairo", datetime(2026, 4, 23, 22, tzinfo=UTC), date(2026, 4, 24)),
    ],
)
def test_fault_39_a_quota_day_without_local_midnight_resets_once(zone: str, first_valid: datetime, day: date) -> None:
    cap = daily(1, zone)
    account = Account(cap)
    account.try_debit(first_valid - HOUR)
    assert account.ask(cap, first_valid - TICK) == NotBefore(first_valid)
    for minutes in range(23 * 60):
        account.try_debit(first_valid + minutes * MINUTE)
    assert account.by_day(zone) == {day - DAY: 1, day: 1}
    assert account.debits[1][0] == first_valid
    assert first_valid.astimezone(ZoneInfo(zone)).time() == time(hour=1)


@pytest.mark.parametrize("zone", ZONES)
def test_a_full_day_waits_for_the_next_start_of_a_local_day(zone: str) -> None:
    answer = daily(3, zone).check(3, NOW)
    assert answer == NotBefore(next_day_start(NOW, zone))


def test_room_is_counted_in_units() -> None:
    assert daily(10).check(7, NOW, units=3) == Allowed()
    assert isinstance(daily(10).check(7, NOW, units=4), NotBefore)


@pytest.mark.parametrize("window", [LocalDay("UTC"), Rolling(DAY)])
def test_a_count_that_cannot_be_read_denies(window: CapWindow) -> None:
    assert VolumeCap(QuotaScope.PERSON, 1_000, window).check(None, NOW) == NotBefore(NOW + MINUTE)


def test_a_rolling_window_is_counted_fifteen_minutes_longer_than_its_name() -> None:
    cap = rolling(1)
    account = Account(cap)
    account.try_debit(NOW)
    room = NOW + DAY + 15 * MINUTE
    assert account.ask(cap, room - TICK) == NotBefore(room)
    assert account.ask(cap, room) == Allowed()


@given(
    amounts=st.lists(st.integers(1, 3), min_size=1, max_size=12),
    limit=st.integers(3, 10),
    units=st.integers(1, 3),
    data=st.data(),
)
def test_a_full_rolling_window_names_the_first_instant_with_room(
    amounts: list[int], limit: int, units: int, data: st.DataObject
) -> None:
    cap = rolling(limit)
    account = Account(cap)
    offsets = st.timedeltas(timedelta(), DAY)
    account.debits = [(NOW - data.draw(offsets), amount) for amount in amounts]
    answer = account.ask(cap, NOW, units)
    if isinstance(answer, NotBefore):
        assert isinstance(account.ask(cap, answer.at - TICK, units), NotBefore)
        assert account.ask(cap, answer.at, units) == Allowed()


def test_a_refund_leaves_with_the_debit_that_it_bears_the_instant_of() -> None:
    cap = rolling(1)
    account = Account(cap)
    account.debits = [(NOW, 1), (NOW, -1), (NOW + HOUR, 1)]
    assert account.ask(cap, NOW + 2 * HOUR) == NotBefore(NOW + HOUR + DAY + 15 * MINUTE)


def test_more_units_than_a_rolling_limit_wait_a_whole_window() -> None:
    assert rolling(1).check(0, NOW, units=2) == NotBefore(NOW + DAY + 15 * MINUTE)


@pytest.mark.parametrize("zone", ZONES)
def test_nothing_is_begun_in_the_last_120_seconds_of_a_local_day(zone: str) -> None:
    end = next_day_start(NOW, zone)
    windows: list[CapWindow] = [Rolling(DAY), LocalDay(zone)]
    assert closing(end - CLOSING_TIME - TICK, windows) == Allowed()
    assert closing(end - CLOSING_TIME, windows) == NotBefore(end)
    assert closing(end - TICK, windows) == NotBefore(end)
    assert closing(end, windows) == Allowed()


def test_a_rolling_window_has_no_closing_time() -> None:
    assert closing(datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC), [Rolling(DAY)]) == Allowed()


@given(
    old=st.sampled_from(ZONES),
    new=st.sampled_from(ZONES),
    changed_after=st.timedeltas(timedelta(), 3 * DAY),
    limit=st.integers(1, 3),
)
@settings(deadline=None, max_examples=60)
def test_a_changed_zone_gives_no_day_of_either_zone_more_than_its_limit(
    old: str, new: str, changed_after: timedelta, limit: int
) -> None:
    changed_at = NOW + changed_after
    account = Account()
    for step in range(6 * 24):
        now = NOW + step * HOUR
        windows = (LocalDay(old),) if now < changed_at else day_windows(old, new, changed_at, now)
        account.caps = tuple(VolumeCap(QuotaScope.CAMPAIGN, limit, window) for window in windows)
        account.try_debit(now)
    new_begins = day_bounds(local_day(next_day_start(changed_at, new), new), new)[0]
    last_old_day = local_day(changed_at, old)
    in_old = {day: used for day, used in account.by_day(old).items() if day <= last_old_day}
    account.debits = [debit for debit in account.debits if debit[0] >= new_begins]
    in_new = account.by_day(new)
    assert max([*in_old.values(), *in_new.values()]) == limit


def test_a_changed_zone_counts_from_the_next_day_of_both() -> None:
    old, new = "America/Los_Angeles", "Asia/Tokyo"
    changed_at = datetime(2026, 3, 2, 13, tzinfo=UTC)  # Monday 05:00 and 22:00
    tokyo_tuesday = datetime(2026, 3, 2, 15, tzinfo=UTC)
    angeles_tuesday = datetime(2026, 3, 3, 8, tzinfo=UTC)
    assert day_windows(old, new, changed_at, tokyo_tuesday - TICK) == (LocalDay(old),)
    assert day_windows(old, new, changed_at, tokyo_tuesday) == (LocalDay(old), LocalDay(new))
    assert day_windows(old, new, changed_at, angeles_tuesday - TICK) == (LocalDay(old), LocalDay(new))
    assert day_windows(old, new, changed_at, angeles_tuesday) == (LocalDay(new),)


def test_the_old_zone_counts_on_until_the_new_one_begins_a_day() -> None:
    old, new = "Asia/Tokyo", "America/Los_Angeles"
    changed_at = datetime(2026, 3, 2, 13, tzinfo=UTC)
    angeles_tuesday = datetime(2026, 3, 3, 8, tzinfo=UTC)
    assert day_windows(old, new, changed_at, angeles_tuesday - TICK) == (LocalDay(old),)
    assert day_windows(old, new, changed_at, angeles_tuesday) == (LocalDay(new),)


@pytest.mark.parametrize(("clean_days", "limit"), [(0, 5), (1, 7), (12, 29), (13, 30), (1_000, 30)])
def test_a_mailbox_warms_up_by_two_a_clean_day_to_its_limit(clean_days: int, limit: int) -> None:
    assert ramp_limit(clean_days, limit=30) == limit


def test_a_mailbox_with_a_low_limit_never_ramps_above_it() -> None:
    assert ramp_limit(0, limit=3) == 3


def test_the_scopes_bear_the_names_of_reports_and_metrics() -> None:
    assert list(QuotaScope) == [
        "campaign",
        "mailbox_day",
        "mailbox_24h",
        "mailbox_pace",
        "company_new",
        "company",
        "person",
        "instance",
        "provider_rate",
        "provider_credits",
    ]


@given(st.integers(1, 50), st.integers(0, 10_000), st.integers(-600, 3600))
def test_room_is_what_a_take_would_give(burst: int, ahead_ms: int, passed: int) -> None:
    bucket = RateBucket(10, timedelta(seconds=60), burst)
    tat = NOW + timedelta(milliseconds=ahead_ms)
    now = NOW + timedelta(seconds=passed)
    room = bucket.room(tat, now)
    assert 0 <= room <= burst
    if room:
        assert isinstance(bucket.take(tat, now, room), Taken)
    if room < burst:
        assert isinstance(bucket.take(tat, now, room + 1), NotBefore)
