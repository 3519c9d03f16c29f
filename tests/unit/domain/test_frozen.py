"""A changed record is the one that the standard library makes."""

import dataclasses
from dataclasses import dataclass, field

import pytest

from camd.domain.frozen import replace


@dataclass(frozen=True, slots=True)
class Span:
    first: int
    last: int = 9
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        assert self.first <= self.last, "it ends after it begins"


@dataclass(frozen=True, slots=True)
class Named:
    name: str = field(kw_only=True)
    size: int = 0


SPAN = Span(1, 5, ("a",))


def test_it_is_what_the_standard_library_makes() -> None:
    for made, expected in (
        (replace(SPAN), dataclasses.replace(SPAN)),
        (replace(SPAN, last=7), dataclasses.replace(SPAN, last=7)),
        (replace(SPAN, notes=(), first=2), dataclasses.replace(SPAN, notes=(), first=2)),
    ):
        assert dataclasses.astuple(made) == dataclasses.astuple(expected)
        assert made is not SPAN
    assert Span(1, 5) == SPAN


def test_what_a_record_promises_is_asked_again() -> None:
    with pytest.raises(AssertionError, match="ends after it begins"):
        replace(SPAN, first=6)


def test_a_field_that_is_not_taken_by_its_place_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="by its place"):
        replace(Named(name="ann"), size=1)
