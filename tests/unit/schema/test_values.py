"""What the JSON's value types take and refuse."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import TypeAdapter, ValidationError

from camd.schema.values import Instant, Money

INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)
MONEY: TypeAdapter[Decimal] = TypeAdapter(Money)


@pytest.mark.parametrize("text", ["2027-01-31T14:00:00Z", "2027-01-31t15:00:00.000+01:00", "2027-01-31 14:00:00z"])
def test_an_instant_has_a_zone_and_becomes_utc(text: str) -> None:
    assert INSTANT.validate_python(text) == datetime(2027, 1, 31, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    "wrong", [1_800_000_000, 0.5, "1800000000", "0.5", "2027-01-31T14:00:00", "2027-01-31", "", True]
)
def test_a_number_is_no_instant_and_neither_is_a_time_without_a_zone(wrong: object) -> None:
    with pytest.raises(ValidationError):
        INSTANT.validate_python(wrong)


@pytest.mark.parametrize("amount", ["0.07", "5", "1000000000000"])
def test_money_is_as_exact_as_it_was_written(amount: str) -> None:
    assert MONEY.validate_json(amount, strict=True) == Decimal(amount)


@pytest.mark.parametrize("wrong", ['"5"', "true", "0.001", "-1", "1e13"])
def test_money_in_json_is_a_number_with_two_decimals_at_most(wrong: str) -> None:
    with pytest.raises(ValidationError):
        MONEY.validate_json(wrong, strict=True)


def test_money_elsewhere_may_be_text() -> None:
    assert MONEY.validate_python("450.50") == Decimal("450.50")
