"""Mails over the days to come."""

from hypothesis import given
from hypothesis import strategies as st

from camd.domain.planned_days import Mails, next_with_room, spread

NONE = Mails()
small = st.integers(0, 30)
day = st.tuples(st.builds(Mails, small, small), small)


def test_what_fits_goes_on_its_day() -> None:
    assert spread([Mails(2, 3), Mails(1, 0)], [10, 10]) == [Mails(2, 3), Mails(1, 0)]


def test_follow_ups_go_first_and_the_rest_waits_for_the_next_day() -> None:
    assert spread([Mails(5, 3), NONE, NONE], [4, 0, 20]) == [Mails(1, 3), NONE, Mails(4, 0)]


def test_follow_ups_of_the_next_day_go_before_what_was_left_over() -> None:
    assert spread([Mails(5, 0), Mails(0, 4)], [1, 5]) == [Mails(1, 0), Mails(1, 4)]


def test_what_fits_on_none_of_the_days_is_left_out() -> None:
    assert spread([Mails(9, 9)], [5]) == [Mails(0, 5)]


@given(st.lists(day, max_size=14))
def test_no_day_takes_more_than_its_room_and_none_goes_twice_or_early(days: list[tuple[Mails, int]]) -> None:
    due, room = [mails for mails, _ in days], [free for _, free in days]
    going = spread(due, room)
    assert len(going) == len(days)
    for end in range(len(days) + 1):
        gone, ready = sum(going[:end], NONE), sum(due[:end], NONE)
        assert gone.first <= ready.first
        assert gone.follow_ups <= ready.follow_ups
    for mails, free in zip(going, room, strict=True):
        assert mails.first + mails.follow_ups <= free


def test_the_next_day_with_room_is_the_first_that_follow_ups_leave_some() -> None:
    going = [Mails(0, 5), Mails(0, 5), NONE, Mails(1, 4)]
    assert next_with_room(going, [5, 5, 0, 5]) == 3
    assert next_with_room(going, [9, 5, 0, 4]) is None
