"""Statements of SQLAlchemy Core, compiled once and run on SQLite's own driver: the writer's units run thousands of
them a second, and compiling, caching and wrapping each one anew costs ten times what SQLite does.

It answers what the aggregates ask of SQLAlchemy's connection, and nothing else.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Connection, Executable, Select, UpdateBase
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from camd.store.writer import driver_connection

_DIALECT = sqlite.dialect()

Convert = Callable[[Any], Any]
"""Between a value and what the driver stores; `Any`: the column's type knows which."""


class _Bound(NamedTuple):
    name: str
    default: object
    convert: Convert | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """`statement` is kept so that its identity, by which this is found again, stays its own."""

    statement: Executable
    sql: str
    bound: tuple[_Bound, ...]
    has_lists: bool
    row: Callable[[Sequence[Any]], Any]

    def arguments(self, parameters: Mapping[str, Any]) -> list[Any]:
        found = []
        for name, default, convert in self.bound:
            value = parameters.get(name, default)
            found.append(convert(value) if convert else value)
        return found


class Rows:
    """The answer to one statement, read once."""

    def __init__(self, cursor: sqlite3.Cursor, row: Callable[[Sequence[Any]], Any]) -> None:
        self._cursor = cursor
        self._row = row
        self.rowcount = cursor.rowcount

    def __iter__(self) -> Iterator[Any]:
        return map(self._row, self._cursor)

    @property
    def inserted_primary_key(self) -> tuple[int | None]:
        return (self._cursor.lastrowid,)

    def all(self) -> list[Any]:
        return list(self)

    def first(self) -> Any:
        return next(iter(self), None)

    def one(self) -> Any:
        [row] = self
        return row

    def scalar(self) -> Any:
        row = self.first()
        return None if row is None else row[0]

    def scalar_one(self) -> Any:
        return self.one()[0]

    def scalars(self) -> "Scalars":
        return Scalars(self)


class Scalars:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def all(self) -> list[Any]:
        return [row[0] for row in self._rows]


class DriverConnection:
    """Stands in for SQLAlchemy's connection on the writer's thread; `Any` as there: rows differ by statement."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def execute(self, statement: Executable, parameters: dict[str, Any] | list[dict[str, Any]] = {}) -> Rows:  # noqa: B006 - never changed
        if isinstance(parameters, list):
            plan = _plan(statement, parameters[0])
            return Rows(self._raw.executemany(plan.sql, map(plan.arguments, parameters)), plan.row)
        plan = _of_queries.get(id(statement)) or _plan(statement, parameters)
        given = _flat(parameters) if plan.has_lists else parameters
        return Rows(self._raw.execute(plan.sql, plan.arguments(given)), plan.row)


def prepared(connection: Connection) -> Connection:
    """The same transaction of the same connection, as the aggregates know one."""
    return cast("Connection", DriverConnection(driver_connection(connection)))


_of_queries: dict[int, _Plan] = {}
"""Of statements whose text is the same whatever the parameters, by their identity."""
_known: dict[tuple[int, tuple[object, ...]], _Plan] = {}
"""Of all others: the columns that are written and the lengths of lists change the text."""


def _plan(statement: Executable, parameters: Mapping[str, Any]) -> _Plan:
    shape = tuple((name, len(value)) if isinstance(value, list) else name for name, value in parameters.items())
    key = id(statement), shape
    if key not in _known:
        plan = _known[key] = _prepare(statement, parameters)
        if isinstance(statement, Select) and not plan.has_lists:
            _of_queries[id(statement)] = plan
    return _known[key]


def _prepare(statement: Executable, parameters: Mapping[str, Any]) -> _Plan:
    made: Any = statement  # of the many kinds of statements, all can be compiled, and no type says so
    column_keys = None if isinstance(made, Select) else list(parameters)
    compiled = made.compile(dialect=_DIALECT, column_keys=column_keys)
    assert isinstance(compiled, SQLCompiler), "only statements are prepared, no schema"
    whole = compiled.construct_expanded_state(parameters)
    bound = [
        _Bound(name, whole.parameters[name], whole.processors.get(name) or _writes(compiled, name))
        for name in whole.positiontup or ()
    ]
    has_lists = any(isinstance(value, list) for value in parameters.values())
    return _Plan(statement, whole.statement, tuple(bound), has_lists, _row_maker(statement))


def _writes(compiled: SQLCompiler, name: str) -> Convert | None:
    bind = compiled.binds.get(name)
    return None if bind is None else bind.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)


def _row_maker(statement: Executable) -> Callable[[Sequence[Any]], Any]:
    """Makes a tuple whose values are also attributes, each as its column's type reads it."""
    columns = _columns(statement)
    reads = [column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None) for column in columns]
    names = [column.key or f"column_{place}" for place, column in enumerate(columns)]
    kind = _row_type(names)
    converted = [(place, read) for place, read in enumerate(reads) if read]

    def make(values: Sequence[Any]) -> Any:
        row = list(values)
        for place, read in converted:
            row[place] = read(row[place])
        return kind._make(row)

    return make


def _row_type(names: Sequence[str]) -> Any:
    bare: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 - known at run time alone
    return type("Row", (bare,), {"__slots__": (), "_mapping": property(bare._asdict)})


def _columns(statement: Any) -> Sequence[ColumnElement[Any]]:
    """`Any`: the kinds of statements share no type that has columns."""
    match statement:
        case Select():
            return list(statement.selected_columns)
        case UpdateBase():
            return list(statement.exported_columns)
        case _:
            return ()


def _flat(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The elements of lists under the names that SQLAlchemy gives them: `ids_1`, `ids_2`, …"""
    flat = {}
    for name, value in parameters.items():
        if isinstance(value, list):
            flat.update({f"{name}_{place}": each for place, each in enumerate(value, 1)})
        else:
            flat[name] = value
    return flat
