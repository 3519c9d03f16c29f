"""The value types that every part of the JSON shares: instants, money, single-line texts, the strict body."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
)

T = TypeVar("T")

MAX_MONEY = 1_000_000_000_000
_AN_INSTANT = "give an instant with its zone as in 2027-01-31T14:00:00Z"
_CONTROLS = frozenset(chr(code) for code in (*range(32), 127))


class Body(BaseModel):
    """What a caller sends: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class View(BaseModel):
    """What the API prints. A client of an older version passes over fields it does not know."""

    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_serialization_defaults_required=True)


def not_empty(items: tuple[T, ...]) -> tuple[T, ...]:
    """As a validator it speaks only after the items are right, where `min_length` would count the wrong ones out."""
    if not items:
        raise ValueError("name at least one")
    return items


def _in_utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


def _one_line(text: str) -> str:
    if not _CONTROLS.isdisjoint(text):
        raise ValueError("remove line breaks and control characters")
    return text


def _read_instant(value: object) -> object:
    """A number is refused, one written as text too: pydantic would take it for seconds since 1970."""
    match value:
        case str():
            try:
                # RFC 3339, 5.6, allows small letters.
                return datetime.fromisoformat(value.strip().upper())
            except ValueError as error:
                raise ValueError(_AN_INSTANT) from error
        case datetime() | None:
            return value
        case _:
            raise ValueError(_AN_INSTANT)


def _exact(value: object, info: ValidationInfo) -> object:
    if isinstance(value, bool) or (isinstance(value, str) and info.mode == "json"):
        raise ValueError("give a number")
    return Decimal(str(value)) if isinstance(value, int | float) else value


def _number(amount: Decimal) -> int | float:
    return int(amount) if amount == amount.to_integral_value() else float(amount)


Instant = Annotated[AwareDatetime, BeforeValidator(_read_instant), AfterValidator(_in_utc)]
"""RFC 3339; printed in UTC with `Z`."""

EXACT = BeforeValidator(_exact)
AS_NUMBER = PlainSerializer(_number, return_type=int | float, when_used="json")
# Limits stand before these two, or pydantic leaves them out of the JSON Schema.
Number = Annotated[Decimal, EXACT, AS_NUMBER]
"""An exact decimal inside, a plain JSON number outside, never a text there."""

Money = Annotated[Decimal, Field(ge=0, le=MAX_MONEY, decimal_places=2), EXACT, AS_NUMBER]
"""An amount of the campaign's currency with at most 2 decimals."""

Line = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_one_line)]
"""A short text on one line: nothing in it can begin another header (RFC 5322, 2.2)."""

Note = Annotated[str, Field(min_length=1, max_length=2000)]
Share = Annotated[float, Field(ge=0, le=1)]
