"""How values that a database has no type for are kept in its columns, each of them exactly."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(sa.types.TypeDecorator[datetime]):
    """Microseconds since 1970 in UTC, an integer that sorts as time does. Aware in, aware UTC out."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002 - same
        return None if value is None else _EPOCH + value * _MICROSECOND


class Money(sa.types.TypeDecorator[Decimal]):
    """Whole hundredths; an amount with a third decimal is an `AssertionError`, that is, a bug."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> int | None:  # noqa: ARG002 - same
        if value is None:
            return None
        hundredths = int(value * 100)
        assert hundredths == value * 100, f"{value} has more than two decimals"
        return hundredths

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> Decimal | None:  # noqa: ARG002 - same
        return None if value is None else Decimal(value).scaleb(-2)


class Word(sa.types.TypeDecorator[E], Generic[E]):
    """One word of an enumeration."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, words: type[E]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: E | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002 - same
        return None if value is None else value.value

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> E | None:  # noqa: ARG002 - same
        return None if value is None else self.words(value)


class Json(sa.types.TypeDecorator[T], Generic[T]):
    """A value of a dataclass, mapping or tuple type as JSON text, with every field written out: a default that
    changes later must not change what is stored."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, kept: Any) -> None:  # any type form that pydantic takes
        super().__init__()
        self.kept = kept
        self.adapter: TypeAdapter[T] = TypeAdapter(kept)

    def process_bind_param(self, value: T | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002 - same
        if value is None:
            return None
        # The domain's empty mappings are read-only proxies, which pydantic writes only when told how.
        return self.adapter.dump_json(value, fallback=dict, warnings=False).decode()

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> T | None:  # noqa: ARG002 - same
        return None if value is None else self.adapter.validate_json(value)
