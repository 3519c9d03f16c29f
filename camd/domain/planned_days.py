"""The mails of the days to come under a daily limit: follow-ups go first, and what a day leaves over waits for the
next one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mails:
    first: int = 0
    follow_ups: int = 0

    def __add__(self, other: "Mails") -> "Mails":
        return Mails(self.first + other.first, self.follow_ups + other.follow_ups)


def spread(due: Sequence[Mails], room: Sequence[int]) -> list[Mails]:
    """What goes on each day of what is due by then, at most its `room`. What fits on none of them is left out."""
    return list(_days(due, room))


def _days(due: Sequence[Mails], room: Sequence[int]) -> Iterator[Mails]:
    first = follow_ups = 0
    for mails, free in zip(due, room, strict=True):
        first, follow_ups = first + mails.first, follow_ups + mails.follow_ups
        going = min(follow_ups, free)
        follow_ups -= going
        begun = min(first, free - going)
        first -= begun
        yield Mails(begun, going)


def next_with_room(going: Sequence[Mails], room: Sequence[int]) -> int | None:
    """The first of the days after today on which follow-ups leave room for a first mail."""
    days = zip(going, room, strict=True)
    return next((place for place, (mails, free) in enumerate(days) if place and free > mails.follow_ups), None)
