"""Instants counted by day, for days that end at given instants."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Integer, bindparam, case, literal_column

from camd.store.column_types import Instant

DAYS = 14


def _end(place: int) -> ColumnElement[datetime]:
    return bindparam(f"end_{place}", type_=Instant)


def place_of(at: ColumnElement[datetime]) -> ColumnElement[int]:
    """Which of the days `at` lies on, the first being 0; what is earlier than that lies on it too."""
    zero: ColumnElement[int] = literal_column("0", Integer)
    place, one = zero, literal_column("1", Integer)
    for number in range(DAYS - 1):
        place = place + case((at >= _end(number), one), else_=zero)
    return place


def is_before_the_end(at: ColumnElement[datetime]) -> ColumnElement[bool]:
    return at < _end(DAYS - 1)


def ends_named(ends: Sequence[datetime]) -> dict[str, datetime]:
    """The parameters of the two above."""
    assert len(ends) == DAYS, f"so many days are counted: {DAYS}"
    return {f"end_{place}": end for place, end in enumerate(ends)}
