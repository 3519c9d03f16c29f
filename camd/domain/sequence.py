"""Which step a lead gets next, and when; and how many touches share a limit of touches a day.

The same input gives the same instants, in a preview as in a plan. `NeverOpens` passes through.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Generic, TypeVar

from camd.domain.campaign import Step
from camd.domain.facts import LeadId
from camd.domain.send_window import Window, add_working_days, day_bounds, jitter, local_day, next_open
from camd.domain.zones import ZoneEvidence

K = TypeVar("K", bound=Hashable)

# First touches that are spread over 6 hours get up to 15 minutes of jitter; without a spread they get none.
_JITTER_SHARE = 24
_EVERY_DAY = Window(frozenset(range(7)), 0, 24 * 60, holidays=False)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a lead is. `settled` has an instant for every step that is over, whatever became of it: accepted,
    done or skipped. `planned` are the steps whose touch is not over yet."""

    enriched_at: datetime
    score: float
    settled: Mapping[int, datetime]
    planned: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Timing:
    """What of the campaign and the recipient decides an instant; `seed` is the campaign's own."""

    window: Window
    zone: ZoneEvidence
    seed: bytes
    first_touch_spread_hours: float = 6.0
    no_reply_days: int = 30


@dataclass(frozen=True, slots=True)
class PlannedTouch:
    step: Step
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Finished:
    """The last step is over; without an answer the lead is lost at `no_reply_at`."""

    no_reply_at: datetime


def next_touch(
    lead: LeadId, progress: Progress, steps: Sequence[Step], timing: Timing, now: datetime
) -> PlannedTouch | Finished | None:
    """The next touch, inside the recipient's window and never before `now`; none while one is planned, or where
    there is no step at all. Steps are matched by number and only go up, so none is used twice."""
    if progress.planned:
        return None
    last = max(progress.settled, default=None)
    ahead = [step for step in steps if last is None or step.number > last]
    step = min(ahead, key=lambda step: step.number, default=None)
    if step is None:
        return _finished(progress.settled[last], timing) if last is not None else None
    if last is None:
        due_at = _first_due(lead, progress, step, timing)
    else:
        due_at = add_working_days(progress.settled[last], step.wait_days, timing.window, timing.zone)
    return PlannedTouch(step, max(due_at, next_open(now, timing.window, timing.zone)))


def _first_due(lead: LeadId, progress: Progress, step: Step, timing: Timing) -> datetime:
    spread_seconds = timing.first_touch_spread_hours * 3600
    earliest = progress.enriched_at + timedelta(seconds=(1 - progress.score) * spread_seconds)
    # After the window's opening, else everybody found overnight would be due at its first second.
    late = jitter(timing.seed, lead, step.number, int(spread_seconds / _JITTER_SHARE))
    opening = next_open(earliest, timing.window, timing.zone)
    return next_open(opening + timedelta(seconds=late), timing.window, timing.zone)


def _finished(last_at: datetime, timing: Timing) -> Finished:
    return Finished(add_working_days(last_at, timing.no_reply_days, _EVERY_DAY, timing.zone))


def send_order(*, is_follow_up: bool, score: float, since: datetime) -> tuple[bool, float, datetime]:
    """A sort key: follow-ups first (a thread is a promise), then the better score, then who waits longer."""
    return (not is_follow_up, -score, since)


@dataclass(frozen=True, slots=True)
class Due(Generic[K]):
    """A touch that wants to go at `at` or later, inside its recipient's window."""

    key: K
    at: datetime
    window: Window
    zone: ZoneEvidence


def spread_by_day(
    due: Iterable[Due[K]], daily_limit: int, zone_of_days: str, taken: Mapping[date, int]
) -> dict[K, datetime]:
    """For each, in the given order, its first instant on a day with room: at most `daily_limit` on each local
    day of `zone_of_days`, of which `taken` are gone already."""
    assert daily_limit > 0, "a limit of nothing has no day with room"
    calendar = _Calendar(daily_limit, zone_of_days, dict(taken))
    return {touch.key: calendar.place(touch) for touch in due}


@dataclass(slots=True)
class _Calendar:
    """`later` leads, for each window and zone, from a full day to a later open one: no full day is walked twice."""

    daily_limit: int
    zone: str
    taken: dict[date, int]
    later: defaultdict[tuple[Window, ZoneEvidence], dict[date, date]] = field(default_factory=lambda: defaultdict(dict))

    def place(self, touch: Due[K]) -> datetime:
        at = next_open(touch.at, touch.window, touch.zone)
        day = local_day(at, self.zone)
        if self._is_full(day):
            day = self._first_with_room(day, touch.window, touch.zone)
            at = next_open(day_bounds(day, self.zone)[0], touch.window, touch.zone)
        self.taken[day] = self.taken.get(day, 0) + 1
        return at

    def _is_full(self, day: date) -> bool:
        return self.taken.get(day, 0) >= self.daily_limit

    def _first_with_room(self, day: date, window: Window, zone: ZoneEvidence) -> date:
        later = self.later[window, zone]
        passed = []
        while self._is_full(day):
            passed.append(day)
            if day not in later:
                opening = next_open(day_bounds(day, self.zone)[1], window, zone)
                later[day] = local_day(opening, self.zone)
            day = later[day]
        later.update(dict.fromkeys(passed, day))
        return day
