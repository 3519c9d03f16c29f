import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.system import ALPHABET, SystemClock, SystemEntropy, SystemIds, sortable_id, spread


class SetClock(SystemClock):
    """Shows what it was set to."""

    def __init__(self) -> None:
        self.shown = datetime(2026, 3, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.shown


def decoded(id_: str) -> UUID:
    number = 0
    for letter in id_.partition("_")[2]:
        number = number << 5 | ALPHABET.index(letter)
    return UUID(int=number)


def test_now_is_aware_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_monotonic_never_goes_back() -> None:
    clock = SystemClock()
    readings = [clock.monotonic() for _ in range(100)]
    assert readings == sorted(readings)


def test_an_id_is_its_prefix_and_a_uuid_version_7_of_now() -> None:
    clock = SetClock()
    prefix, _, letters = SystemIds(clock, SystemEntropy()).new("ld").partition("_")
    assert prefix == "ld"
    assert len(letters) == 26
    uuid = decoded(f"ld_{letters}")
    assert (uuid.version, uuid.variant) == (7, "specified in RFC 4122")
    assert uuid.int >> 80 == int(clock.now().timestamp() * 1000)


@given(st.integers(0, (1 << 48) - 1), st.integers(0, (1 << 74) - 1))
def test_an_id_keeps_all_its_bits(milliseconds: int, tail: int) -> None:
    number = decoded(sortable_id("to", milliseconds, tail)).int
    assert number >> 80 == milliseconds
    assert (number >> 64 & 0xFFF) << 62 | number & (1 << 62) - 1 == tail


@given(st.lists(st.integers(-5_000, 5_000), min_size=2, max_size=100))
def test_ids_strictly_increase_whatever_the_clock_does(steps: list[int]) -> None:
    clock = SetClock()
    ids = SystemIds(clock, SystemEntropy())
    made = []
    for step in steps:
        clock.shown += timedelta(milliseconds=step)
        made.append(ids.new("ld"))
    assert all(earlier < later for earlier, later in pairwise(made))


def test_a_full_millisecond_carries_into_the_next() -> None:
    class Sixes(SystemEntropy):
        def token(self, size: int) -> bytes:
            return b"\xff" * size

    ids = SystemIds(SetClock(), Sixes())
    ids._last = (ids._fresh() | (1 << 74) - 1) - 1
    before, after = ids.new("ld"), ids.new("ld")
    assert before < after


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300), st.floats(0, 1, exclude_max=True))
def test_a_spread_stays_under_its_high_end(one: float, other: float, fraction: float) -> None:
    low, high = sorted((one, other))
    if low < high:
        assert low <= spread(fraction, low, high) < high


def test_the_dice_keep_their_range() -> None:
    dice = SystemEntropy()
    assert all(2.0 <= dice.uniform(2.0, math.nextafter(2.0, 3.0)) < 2.1 for _ in range(100))


@pytest.mark.parametrize("size", [0, 1, 32])
def test_a_token_has_the_asked_size(size: int) -> None:
    assert len(SystemEntropy().token(size)) == size
