"""When a person may be written to: the window in their own zone, their holidays, and days as local dates.

A local time that does not exist moves to the next valid instant; one that exists twice means the first. All
instants taken and given are aware, those given in UTC. An unknown zone raises `UnknownZone`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from itertools import product

import holidays

from camd.domain.errors import CamdError, Invalid
from camd.domain.zones import ZoneEvidence, zone_info

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_A_DAY = 1440

_CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
_ONE_DAY = timedelta(days=1)
_ELAPSED_DAY_SECONDS = 86_400
_SHORTEST_OVERLAP = timedelta(hours=2)
# A window that stays shut longer than this never opens: the longest run of holidays is days, not months.
_LOOK_AHEAD_DAYS = 400

# An open stretch of time: from its start until just before its end.
Stretch = tuple[datetime, datetime]


class NeverOpens(CamdError):
    """The window has no opening within 400 days: give it at least one day of the week."""


@dataclass(frozen=True, slots=True)
class Window:
    """Weekdays (0 = Monday) and minutes of the local day, `end_minute` (up to 1440) not included."""

    days: frozenset[int] = frozenset(range(5))
    start_minute: int = 9 * 60
    end_minute: int = 17 * 60
    holidays: bool = True

    def includes(self, day: date, country: str | None) -> bool:
        """Whether the local date is a working day: in the window and no public holiday of the country."""
        return day.weekday() in self.days and not (self.holidays and is_holiday(day, country))


def parse_window(
    *,
    days: Iterable[str] = DAY_NAMES[:5],
    start: str = "09:00",
    end: str = "17:00",
    holidays: bool = True,
) -> Window:
    """The window as configured: day names, `HH:MM`, end also `24:00`. Raises `Invalid` for `window.…`."""
    names = tuple(days)
    if not names or not set(names) <= set(DAY_NAMES):
        raise Invalid(f"Name at least one day of {', '.join(DAY_NAMES)}", field="window.days")
    first, last = _minute(start, "window.start"), _minute(end, "window.end")
    if first >= last:
        raise Invalid(f"The end must be later than the start, {start}, on the same day", field="window.end")
    return Window(frozenset(map(DAY_NAMES.index, names)), first, last, holidays)


def _minute(text: str, field: str) -> int:
    if not _CLOCK_TIME.fullmatch(text):
        raise Invalid(f"Give a time as HH:MM from 00:00 to 24:00, not {text!r}", field=field)
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def is_holiday(day: date, country: str | None) -> bool:
    """Whether the date is a nationwide public holiday; a country without a known calendar has none."""
    return country is not None and day in _public_holidays(country, day.year)


@lru_cache(maxsize=2048)
def _public_holidays(country: str, year: int) -> frozenset[date]:
    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError:
        return frozenset()


def next_open(at: datetime, window: Window, zone: ZoneEvidence) -> datetime:
    """The first instant, not before `at`, at which the window is open. Raises `NeverOpens`."""
    today = local_day(at, zone.zone)
    for ahead in range(_LOOK_AHEAD_DAYS):
        for start, end in _openings(today + ahead * _ONE_DAY, window, zone):
            if at < end:
                return max(at.astimezone(UTC), start)
    raise NeverOpens


def is_open(at: datetime, window: Window, zone: ZoneEvidence) -> bool:
    """Whether a mail may go out at this instant."""
    return any(start <= at < end for start, end in _openings(local_day(at, zone.zone), window, zone))


def add_working_days(at: datetime, wait_days: Decimal | float, window: Window, zone: ZoneEvidence) -> datetime:
    """The instant `wait_days` after `at`, moved into the window.

    The whole part counts working days of the recipient at the same local time, the fraction is elapsed time
    of 86,400 s a day. Raises `Invalid` for a negative wait, `NeverOpens` if there are no working days.
    """
    wait = Decimal(str(wait_days))
    if not wait.is_finite() or wait < 0:
        raise Invalid("The wait must be a number of days from 0 up", field="wait_days")
    whole, fraction = divmod(wait, 1)
    moved = _after_working_days(at, int(whole), window, zone) if whole else at.astimezone(UTC)
    return next_open(moved + timedelta(seconds=float(fraction * _ELAPSED_DAY_SECONDS)), window, zone)


def _after_working_days(at: datetime, count: int, window: Window, zone: ZoneEvidence) -> datetime:
    day = _working_day_after(local_day(at, zone.zone), count, window, zone.country)
    return _first_instant(datetime.combine(day, at.astimezone(zone_info(zone.zone)).time()), zone.zone)


# The leads that were written to on one day wait for the same one.
@lru_cache(maxsize=4096)
def _working_day_after(day: date, count: int, window: Window, country: str | None) -> date:
    scanned = 0
    while count:
        day += _ONE_DAY
        scanned += 1
        if window.includes(day, country):
            count, scanned = count - 1, 0
        elif scanned > _LOOK_AHEAD_DAYS:
            raise NeverOpens
    return day


def jitter(seed: bytes | str, lead: str, step: int, spread_seconds: int) -> int:
    """Seconds from 0 to `spread_seconds`, both included, spread evenly and the same at every call."""
    key = blake2b(seed.encode() if isinstance(seed, str) else seed).digest()
    digest = blake2b(f"{step}:{lead}".encode(), key=key, digest_size=8)
    return int.from_bytes(digest.digest(), "big") % (spread_seconds + 1)


def local_day(at: datetime, zone_name: str) -> date:
    """The local date of an instant. It never goes back: where clocks return past midnight, the new day stays."""
    return _local_day(at.astimezone(UTC), zone_name)


# Every check and quota of a mail asks for that of the same instant.
@lru_cache(maxsize=4096)
def _local_day(at: datetime, zone_name: str) -> date:
    day = at.astimezone(zone_info(zone_name)).date()
    following = day + _ONE_DAY
    return following if _day_start(following, zone_name) <= at else day


def day_bounds(day: date, zone_name: str) -> Stretch:
    """Where a local date begins and where the next one does; equal for a date that does not exist."""
    return _day_start(day, zone_name), _day_start(day + _ONE_DAY, zone_name)


def next_day_start(at: datetime, zone_name: str) -> datetime:
    """The first instant of the local date after that of `at`."""
    return _day_start(local_day(at, zone_name) + _ONE_DAY, zone_name)


@lru_cache(maxsize=4096)
def _day_start(day: date, zone_name: str) -> datetime:
    return _first_instant(datetime.combine(day, time()), zone_name)


@lru_cache(maxsize=16_384)
def _openings(day: date, window: Window, zone: ZoneEvidence) -> Sequence[Stretch]:
    """The open stretches of one local date of `zone.zone`, in order."""
    own = _zone_openings(day, window, zone.zone, zone.country)
    if zone.edges is None:
        return own
    around = (day - _ONE_DAY, day, day + _ONE_DAY)
    east, west = (
        [stretch for near in around for stretch in _zone_openings(near, window, edge, zone.country)]
        for edge in zone.edges
    )
    common = tuple(_overlaps(east, west, [day_bounds(day, zone.zone)]))
    length = sum((end - start for start, end in common), timedelta())
    return common if length >= _SHORTEST_OVERLAP else own


def _overlaps(*sides: Sequence[Stretch]) -> Iterator[Stretch]:
    for stretches in product(*sides):
        start = max(start for start, _ in stretches)
        end = min(end for _, end in stretches)
        if start < end:
            yield start, end


def _zone_openings(day: date, window: Window, zone_name: str, country: str | None) -> Sequence[Stretch]:
    if not window.includes(day, country):
        return ()
    midnight = datetime.combine(day, time())
    opens = midnight + timedelta(minutes=window.start_minute)
    start = _first_instant(opens, zone_name)
    end = _first_instant(midnight + timedelta(minutes=window.end_minute), zone_name)
    again = _second_instant(opens, zone_name)
    if again <= start:
        return ((start, end),) if start < end else ()
    # The clocks go back past the opening time: what the window shows a second time stays shut.
    back = _transition(start, again, zone_name)
    pieces = ((start, min(end, back)), (back + (again - start), end))
    return tuple(piece for piece in pieces if piece[0] < piece[1])


def _first_instant(wall: datetime, zone_name: str) -> datetime:
    """The instant at which a local time is first shown, or, if it is skipped, the one that skips it."""
    first = wall.replace(tzinfo=zone_info(zone_name)).astimezone(UTC)
    second = _second_instant(wall, zone_name)
    return _transition(second, first, zone_name) if second < first else first


def _second_instant(wall: datetime, zone_name: str) -> datetime:
    """The same local time read with the offset after a transition: earlier than the first reading if the
    time is skipped, later if it is shown twice."""
    return wall.replace(tzinfo=zone_info(zone_name), fold=1).astimezone(UTC)


def _transition(low: datetime, high: datetime, zone_name: str) -> datetime:
    """The second at which the offset of `low` gives way to that of `high`, by bisection."""
    zone = zone_info(zone_name)
    low, high = low.replace(microsecond=0), high.replace(microsecond=0)
    after = high.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (low, middle) if middle.astimezone(zone).utcoffset() == after else (middle, high)
    return high
