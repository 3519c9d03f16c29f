"""Between the port's records and the rows of a table whose columns bear the same names."""

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Row

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R")

NEWEST_ID = "\x7f"
"""Later than every id of letters and digits: where the first page of a list begins."""
NEWEST_NUMBER = 2**62


def values(kept: "DataclassInstance") -> dict[str, Any]:
    """The record's fields by name; nested values stay what they are, for the columns' types to write."""
    return {field.name: getattr(kept, field.name) for field in fields(kept)}


def record(build: Callable[..., R], row: Row[Any]) -> R:
    return build(**row._mapping)  # noqa: SLF001 - public despite its name
