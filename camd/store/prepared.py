"""Statements of SQLAlchemy Core, compiled once and run on SQLite's own driver: the writer's units run thousands of
them a second, and compiling, caching and wrapping each one anew costs ten times what SQLite does.

It answers what the aggregates ask of SQLAlchemy's connection, and nothing else.
"""

import re
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, starmap
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Executable, Select, Table, UpdateBase
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from camd.store.column_types import Kept
from camd.store.writer import driver_connection

_DIALECT = sqlite.dialect()
_ONE_ROW = re.compile(r"VALUES (\((?:\?, )*\?\))")
_MOST_ROWS = 16
"""Of one statement; each number of them is a text of its own."""

Parameters = dict[str, Any]
Convert = Callable[[Any], Any]
"""Between a value that is not none and what the driver stores; `Any`: the column's type knows which."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """A statement with parameters of given names: what the driver is given of them, and what is made of the values
    of a row. Both are made once, of source that names each value by its place."""

    sql: str
    arguments: Callable[[Parameters], Sequence[Any]]
    row: Callable[..., Any]


@dataclass(slots=True)
class _Shapes:
    """A statement's plans by the names it is given, and by the lengths of `lists`: both change its text. `only` is the
    one of a query whose text nothing changes. `forgotten` is what the statement empties."""

    statement: Executable
    lists: tuple[str, ...]
    forgotten: tuple["Memory", ...]
    is_fixed: bool
    only: _Plan | None = None
    plans: dict[tuple[object, ...], _Plan] = field(default_factory=dict)


class Rows:
    """The answer to one statement."""

    __slots__ = ("_row", "_values", "lastrowid", "rowcount")

    def __init__(self, cursor: sqlite3.Cursor, row: Callable[..., Any]) -> None:
        self._values = cursor.fetchall()
        self._row = row
        self.rowcount = cursor.rowcount
        self.lastrowid = cursor.lastrowid

    def __iter__(self) -> Iterator[Any]:
        return starmap(self._row, self._values)

    @property
    def inserted_primary_key(self) -> tuple[int | None]:
        return (self.lastrowid,)

    def all(self) -> list[Any]:
        return list(self)

    def first(self) -> Any:
        return self._row(*self._values[0]) if self._values else None

    def one(self) -> Any:
        [values] = self._values
        return self._row(*values)

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
    """Stands in for SQLAlchemy's connection on the writer's thread; `Any` as there: rows differ by statement.

    Every answer is read whole before the next statement runs, so that all share one cursor.
    """

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._cursor = raw.cursor()
        self.remembered: dict[Memory, dict[Any, Any]] = {memory: {} for memory in _memories}

    def execute(self, statement: Executable, parameters: Parameters | list[Parameters] = {}) -> Rows:  # noqa: B006 - never changed
        known = _known.get(statement) or _learn(statement)
        for memory in known.forgotten:
            self.remembered[memory].clear()
        if isinstance(parameters, list):
            return self._execute_all(known, parameters)
        given = _flat(parameters, known.lists) if known.lists else parameters
        plan = known.only or known.plans.get(tuple(given)) or _prepare(known, parameters, given)
        return Rows(self._cursor.execute(plan.sql, plan.arguments(given)), plan.row)

    def _execute_all(self, known: _Shapes, rows: list[Parameters]) -> Rows:
        plan = known.plans.get(tuple(rows[0])) or _prepare(known, rows[0], rows[0])
        arguments = map(plan.arguments, rows)
        if len(rows) <= _MOST_ROWS and (sql := _of_rows(plan.sql, len(rows))):
            return Rows(self._cursor.execute(sql, list(chain.from_iterable(arguments))), plan.row)
        # On a cursor of its own: the shared one would still tell the number of a row that was inserted before.
        return Rows(self._cursor.connection.executemany(plan.sql, arguments), plan.row)


def prepared(connection: Connection) -> Connection:
    """The same transaction of the same connection, as the aggregates know one."""
    if (driver := connection.info.get(_DRIVER)) is None:
        driver = connection.info[_DRIVER] = DriverConnection(driver_connection(connection))
    return cast("Connection", driver)


class Memory:
    """What was made of rows of these tables, for the next transactions of the same connection.

    Each statement that writes to one of the tables empties it, but for those in `besides`, beside which its owner
    keeps it right; a rollback empties all. Its owner bounds it.
    """

    def __init__(self, *tables: Table, besides: Collection[Executable] = ()) -> None:
        self._tables = tables
        self._besides = besides
        _memories.append(self)

    def of(self, connection: Connection) -> dict[Any, Any]:
        return cast("DriverConnection", connection).remembered[self]

    def is_emptied_by(self, statement: Executable) -> bool:
        if not isinstance(statement, UpdateBase) or any(statement is one for one in self._besides):
            return False
        return any(statement.table is table for table in self._tables)


_memories: list[Memory] = []


_DRIVER = "camd.driver"
_known: dict[Executable, _Shapes] = {}


def _flat(parameters: Parameters, lists: Sequence[str]) -> Parameters:
    """The elements of lists under the names that SQLAlchemy gives them: `ids_1`, `ids_2`, …"""
    flat = {name: value for name, value in parameters.items() if name not in lists}
    for name in lists:
        flat.update({f"{name}_{place}": each for place, each in enumerate(parameters[name], 1)})
    return flat


def _learn(statement: Executable) -> _Shapes:
    binds = _compiled(statement).binds
    lists = tuple(name for name, bind in binds.items() if bind.expanding and bind.required)
    forgotten = tuple(memory for memory in _memories if memory.is_emptied_by(statement))
    # A value that may be given, and need not, is a constant in one plan and a parameter in another.
    is_fixed = isinstance(statement, Select) and not lists and all(one.required or one.unique for one in binds.values())
    return _known.setdefault(statement, _Shapes(statement, lists, forgotten, is_fixed))


def _prepare(known: _Shapes, parameters: Parameters, given: Parameters) -> _Plan:
    """`given` are the parameters with their lists made flat."""
    is_query = isinstance(known.statement, Select)
    compiled = _compiled(known.statement, None if is_query else list(parameters))
    whole = compiled.construct_expanded_state(parameters)
    bases = {flat: base for base, flats in whole.parameter_expansion.items() for flat in flats}
    binds = {name: compiled.binds[bases.get(name, name)] for name in whole.positiontup or ()}
    constants = {
        name: whole.parameters[name] for name, bind in binds.items() if name not in given and not bind.required
    }
    arguments = _arguments(
        whole.positiontup or (), {name: _write(bind.type) for name, bind in binds.items()}, constants
    )
    plan = _Plan(whole.statement, arguments, _row(known.statement))
    if known.is_fixed:
        known.only = plan
    return known.plans.setdefault(tuple(given), plan)


def _arguments(
    names: Sequence[str], writes: Mapping[str, Convert | None], constants: Parameters
) -> Callable[[Parameters], Sequence[Any]]:
    """Of an id and an instant, `(given['id'], None if (value := given['at']) is None else write_1(value),)`."""
    known: dict[str, Any] = {}
    parts: list[str] = []
    for place, name in enumerate(names):
        write = writes[name]
        if name in constants:
            value = constants[name]
            known[f"constant_{place}"] = value if value is None or write is None else write(value)
            parts.append(f"constant_{place},")
        elif write is None:
            parts.append(f"given[{name!r}],")
        else:
            known[f"write_{place}"] = write
            parts.append(f"None if (value := given[{name!r}]) is None else write_{place}(value),")
    return _function("given", f"({' '.join(parts)})", known)


def _row(statement: Executable) -> Callable[..., Any]:
    """What the statement's option `record` says is made of a row's values, each as its column's type reads it; else
    a tuple whose values are also attributes."""
    columns = _columns(statement)
    known: dict[str, Any] = {}
    parts: list[str] = []
    for place, column in enumerate(columns):
        if (read := _read(column.type)) is None:
            parts.append(f"value_{place},")
        else:
            known[f"read_{place}"] = read
            parts.append(f"None if value_{place} is None else read_{place}(value_{place}),")
    values = " ".join(parts)
    known["record"] = statement.get_execution_options().get("record")
    if known["record"] is None:
        names = [column.key or f"column_{place}" for place, column in enumerate(columns)]
        known["row"] = namedtuple("Row", names, rename=True)  # noqa: PYI024 - known at run time alone
        known["new"] = tuple.__new__
    made = f"record({values})" if known["record"] else f"new(row, ({values}))"
    return _function(", ".join(f"value_{place}" for place in range(len(columns))), made, known)


def _function(parameters: str, expression: str, known: dict[str, Any]) -> Callable[..., Any]:
    made: Callable[..., Any] = eval(f"lambda {parameters}: {expression}", known)  # noqa: S307 - of the tables' own names
    return made


@lru_cache
def _of_rows(sql: str, rows: int) -> str | None:
    """One statement for so many rows, so that SQLite is entered once and not for each of them; none where the text
    has parameters beside those of one row."""
    one = _ONE_ROW.search(sql)
    if one is None or one[1].count("?") != sql.count("?"):
        return None
    return f"{sql[: one.start(1)]}{', '.join([one[1]] * rows)}{sql[one.end(1) :]}"


def _compiled(statement: Any, column_keys: list[str] | None = None) -> SQLCompiler:
    """`Any`: of the many kinds of statements, all can be compiled, and no type says so."""
    compiled = statement.compile(dialect=_DIALECT, column_keys=column_keys)
    assert isinstance(compiled, SQLCompiler), "only statements are prepared, no schema"
    return compiled


def _write(kind: TypeEngine[Any]) -> Convert | None:
    return kind.write if isinstance(kind, Kept) else kind.dialect_impl(_DIALECT).bind_processor(_DIALECT)


def _read(kind: TypeEngine[Any]) -> Convert | None:
    return kind.read if isinstance(kind, Kept) else kind.dialect_impl(_DIALECT).result_processor(_DIALECT, None)


def _columns(statement: Any) -> Sequence[ColumnElement[Any]]:
    """`Any`: the kinds of statements share no type that has columns."""
    match statement:
        case Select():
            return list(statement.selected_columns)
        case UpdateBase():
            return list(statement.exported_columns)
        case _:
            return ()
