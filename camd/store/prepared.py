"""Statements of SQLAlchemy Core, compiled once and run on SQLite's own driver: the writer's units run thousands of
them a second, and compiling, caching and wrapping each one anew costs ten times what SQLite does.

It answers what the aggregates ask of SQLAlchemy's connection, and nothing else.
"""

import re
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import chain
from operator import itemgetter
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
MakeRow = Callable[[Sequence[Any]], Any]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A statement with parameters of given names. `constants` are those of its values that nobody gives."""

    sql: str
    pick: Callable[[Parameters], tuple[Any, ...]]
    converts: tuple[tuple[int, Convert], ...]
    constants: Parameters
    row: MakeRow

    def arguments(self, parameters: Parameters) -> Sequence[Any]:
        values = self.pick(self.constants | parameters if self.constants else parameters)
        return _converted(values, self.converts) if self.converts else values


def _converted(values: Sequence[Any], converts: Sequence[tuple[int, Convert]]) -> list[Any]:
    changed = list(values)
    for place, convert in converts:
        value = changed[place]
        if value is not None:
            changed[place] = convert(value)
    return changed


@dataclass(frozen=True, slots=True)
class _Shapes:
    """A statement's plans by the names it is given, and by the lengths of `lists`: both change its text. `forgotten`
    is what it empties.

    `statement` is kept so that its identity, by which this is found again, stays its own.
    """

    statement: Executable
    lists: tuple[str, ...]
    forgotten: tuple["Memory", ...]
    plans: dict[tuple[object, ...], _Plan] = field(default_factory=dict)


class Rows:
    """The answer to one statement, read once."""

    __slots__ = ("_cursor", "_row")

    def __init__(self, cursor: sqlite3.Cursor, row: MakeRow) -> None:
        self._cursor = cursor
        self._row = row

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    def __iter__(self) -> Iterator[Any]:
        return map(self._row, self._cursor)

    @property
    def inserted_primary_key(self) -> tuple[int | None]:
        return (self._cursor.lastrowid,)

    def all(self) -> list[Any]:
        return list(self)

    def first(self) -> Any:
        values = self._cursor.fetchone()
        return None if values is None else self._row(values)

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
        self.remembered: dict[Memory, dict[Any, Any]] = {memory: {} for memory in _memories}

    def execute(self, statement: Executable, parameters: Parameters | list[Parameters] = {}) -> Rows:  # noqa: B006 - never changed
        known = _known.get(id(statement)) or _learn(statement)
        for memory in known.forgotten:
            self.remembered[memory].clear()
        if isinstance(parameters, list):
            return self._execute_all(known, parameters)
        given = _flat(parameters, known.lists) if known.lists else parameters
        plan = known.plans.get(tuple(given)) or _prepare(known, parameters, given)
        return Rows(self._raw.execute(plan.sql, plan.arguments(given)), plan.row)

    def _execute_all(self, known: _Shapes, rows: list[Parameters]) -> Rows:
        plan = known.plans.get(tuple(rows[0])) or _prepare(known, rows[0], rows[0])
        arguments = map(plan.arguments, rows)
        if len(rows) <= _MOST_ROWS and (sql := _of_rows(plan.sql, len(rows))):
            return Rows(self._raw.execute(sql, list(chain.from_iterable(arguments))), plan.row)
        return Rows(self._raw.executemany(plan.sql, arguments), plan.row)


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
_known: dict[int, _Shapes] = {}
"""By the identity of the statement."""


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
    return _known.setdefault(id(statement), _Shapes(statement, lists, forgotten))


def _prepare(known: _Shapes, parameters: Parameters, given: Parameters) -> _Plan:
    """`given` are the parameters with their lists made flat."""
    is_query = isinstance(known.statement, Select)
    compiled = _compiled(known.statement, None if is_query else list(parameters))
    whole = compiled.construct_expanded_state(parameters)
    names = whole.positiontup or ()
    bases = {flat: base for base, flats in whole.parameter_expansion.items() for flat in flats}
    binds = {name: compiled.binds[bases.get(name, name)] for name in names}
    writes = {name: write for name, bind in binds.items() if (write := _write(bind.type))}
    constants = {
        name: _converted([whole.parameters[name]], [(0, writes[name])] if name in writes else ())[0]
        for name, bind in binds.items()
        if name not in given and not bind.required
    }
    converts = [(place, writes[name]) for place, name in enumerate(names) if name in writes and name not in constants]
    plan = _Plan(whole.statement, _picker(names), tuple(converts), constants, _row_maker(known.statement))
    return known.plans.setdefault(tuple(given), plan)


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


def _picker(names: Sequence[str]) -> Callable[[Parameters], tuple[Any, ...]]:
    """Their values as a tuple, which `itemgetter` makes of two and more alone."""
    match names:
        case []:
            return lambda _: ()
        case [name]:
            return lambda parameters: (parameters[name],)
        case _:
            return itemgetter(*names)


def _write(kind: TypeEngine[Any]) -> Convert | None:
    return kind.write if isinstance(kind, Kept) else kind.dialect_impl(_DIALECT).bind_processor(_DIALECT)


def _read(kind: TypeEngine[Any]) -> Convert | None:
    return kind.read if isinstance(kind, Kept) else kind.dialect_impl(_DIALECT).result_processor(_DIALECT, None)


def _row_maker(statement: Executable) -> MakeRow:
    """Makes a tuple whose values are also attributes, each as its column's type reads it."""
    columns = _columns(statement)
    names = [column.key or f"column_{place}" for place, column in enumerate(columns)]
    bare: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 - known at run time alone
    row = partial(tuple.__new__, bare)
    reads = tuple((place, read) for place, column in enumerate(columns) if (read := _read(column.type)))
    return (lambda values: row(_converted(values, reads))) if reads else row


def _columns(statement: Any) -> Sequence[ColumnElement[Any]]:
    """`Any`: the kinds of statements share no type that has columns."""
    match statement:
        case Select():
            return list(statement.selected_columns)
        case UpdateBase():
            return list(statement.exported_columns)
        case _:
            return ()
