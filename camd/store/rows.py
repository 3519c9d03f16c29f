"""Between the port's records and the rows of a table whose columns bear the same names."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Table

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

NEWEST_ID = "\x7f"
"""Later than every id of letters and digits: where the first page of a list begins."""
NEWEST_NUMBER = 2**62
LIKE_SPECIAL = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})
"""What stands for itself in a pattern whose escape is the backslash."""


def columns_of(table: Table, kind: "type[DataclassInstance]") -> Sequence[ColumnElement[Any]]:
    """In the order of the record's fields, so that it is made of a row as it comes."""
    return [table.c[name] for name in _names(kind)]


def values(kept: "DataclassInstance") -> dict[str, Any]:
    """The record's fields by name; nested values stay what they are, for the columns' types to write."""
    kind = type(kept)
    return dict(zip(_names(kind), _getter(kind)(kept), strict=True))


def changed(before: "DataclassInstance", after: "DataclassInstance") -> dict[str, Any]:
    """Those of `values(after)` that are not as in `before`."""
    kind = type(after)
    get = _getter(kind)
    pairs = zip(_names(kind), get(before), get(after), strict=True)
    return {name: value for name, old, value in pairs if value is not old and value != old}


@cache
def _names(kind: "type[DataclassInstance]") -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@cache
def _getter(kind: "type[DataclassInstance]") -> Callable[["DataclassInstance"], tuple[Any, ...]]:
    return attrgetter(*_names(kind))
