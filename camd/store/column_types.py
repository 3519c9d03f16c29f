"""How values that a database has no type for are kept in its columns, each of them exactly."""

from abc import abstractmethod
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Kept(sa.types.TypeDecorator[T]):
    """`write` and `read` of a value that is there; none is kept as NULL. Both do the same on every database."""

    cache_ok = True

    @abstractmethod
    def write(self, value: T) -> int | str: ...

    @abstractmethod
    def read(self, value: Any) -> T:
        """`Any`: of the column's own type, an integer or a text."""
        ...

    def process_bind_param(self, value: T | None, dialect: sa.Dialect) -> int | str | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else self.write(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> T | None:  # noqa: ARG002 - same
        return None if value is None else self.read(value)


class Instant(Kept[datetime]):
    """Microseconds since 1970 in UTC, an integer that sorts as time does. Aware in, aware UTC out."""

    impl = sa.BigInteger
    cache_ok = True

    def write(self, value: datetime) -> int:
        return (value - _EPOCH) // _MICROSECOND

    def read(self, value: int) -> datetime:
        return _instant(value)


@lru_cache(maxsize=4096)
def _instant(microseconds: int) -> datetime:
    """The same rows are read several times in a row."""
    return _EPOCH + timedelta(0, 0, microseconds)


class _Amount(Kept[Decimal]):
    """Whole units of the last of its decimals; one decimal more is an `AssertionError`, that is, a bug."""

    impl = sa.BigInteger
    cache_ok = True
    decimals: int

    def write(self, value: Decimal) -> int:
        units = value.scaleb(self.decimals)
        assert units == int(units), f"{value} has more than {self.decimals} decimals"
        return int(units)

    def read(self, value: int) -> Decimal:
        return Decimal(value).scaleb(-self.decimals)


class Money(_Amount):
    cache_ok = True
    decimals = 2


class Credits(_Amount):
    """Of a provider, some of which count in parts of one."""

    cache_ok = True
    decimals = 3


class Word(Kept[E], Generic[E]):
    """One word of an enumeration."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, words: type[E]) -> None:
        super().__init__()
        self.words = words
        self._members = {word.value: word for word in words}

    def write(self, value: E) -> str:
        return str(value)

    def read(self, value: str) -> E:
        return self._members[value]


class Json(Kept[T], Generic[T]):
    """A value of a dataclass, mapping or tuple type as JSON text, with every field written out: a default that
    changes later must not change what is stored.

    So many texts as are `remembered` are read once and their value is shared: for a type that has no part to change,
    or that is a mapping of such parts, which is read-only then.
    """

    impl = sa.Text
    cache_ok = True

    def __init__(self, kept: Any, remembered: int = 0) -> None:  # any type form that pydantic takes
        super().__init__()
        self.kept = kept
        self.remembered = remembered
        self.adapter: TypeAdapter[T] = TypeAdapter(kept)
        self._read = lru_cache(remembered)(self._shared) if remembered else self.adapter.validate_json

    def write(self, value: T) -> str:
        # The domain's empty mappings are read-only proxies, which pydantic writes only when told how.
        return self.adapter.dump_json(value, fallback=dict, warnings=False).decode()

    def read(self, value: str) -> T:
        return self._read(value)

    def _shared(self, value: str) -> Any:
        made = self.adapter.validate_json(value)
        return MappingProxyType(made) if isinstance(made, dict) else made


def seal(made: object) -> bool:
    """Makes the mappings in a value that was just read unchangeable, in their place; false where somebody could
    still change a list, or a mapping within a mapping."""
    match made:
        case list() | set() | dict():
            return False
        case tuple():
            return all(seal(each) for each in made)
        case _ if is_dataclass(made):
            return all(_seal_field(made, field.name) for field in fields(made))
    return True


def _seal_field(made: object, name: str) -> bool:
    value = getattr(made, name)
    if isinstance(value, dict):
        object.__setattr__(made, name, MappingProxyType(value))
        return all(seal(each) for each in value.values())
    return seal(value)
