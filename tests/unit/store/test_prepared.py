"""Statements on the driver answer as SQLAlchemy's own connection does."""

import enum
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert  # SQLite's compiler reads it too

from camd.store.column_types import Instant, Json, Word
from camd.store.prepared import DriverConnection


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Thing:
    at: datetime | None
    colour: Colour
    amount: int


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
metadata = sa.MetaData()
things = sa.Table(
    "things",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", Instant),
    sa.Column("colour", Word(Colour)),
    sa.Column("facts", Json[dict[str, int]](dict[str, int])),
    sa.Column("amount", sa.Integer),
)
_c = things.c
INSERT = insert(things)
_arriving = upsert(things)
PUT = _arriving.on_conflict_do_update(index_elements=["id"], set_={"amount": _arriving.excluded.amount})
OF_COLOUR = select(things).where(_c.colour == bindparam("wanted"), _c.amount > 0).order_by(_c.id)
OF_IDS = select(_c.id).where(_c.id.in_(bindparam("ids", expanding=True)), _c.colour == bindparam("wanted"))
SUM = select(func.coalesce(func.sum(_c.amount), 0))
SAVE = update(things).where(_c.id == bindparam("thing_id"))
MORE = update(things).values(amount=_c.amount + 1).where(_c.id == bindparam("thing_id")).returning(_c.amount, _c.at)
ROWS: list[dict[str, Any]] = [
    {"id": 1, "at": NOON, "colour": Colour.RED, "facts": {"a": 1}, "amount": 5},
    {"id": 2, "at": None, "colour": Colour.BLUE, "facts": None, "amount": 7},
    {"id": 3, "at": NOON, "colour": Colour.RED, "facts": {}, "amount": 0},
]


@pytest.fixture
def both() -> Iterator[tuple[DriverConnection, sa.Connection]]:
    """The same rows by the driver and by SQLAlchemy."""
    engine = sa.create_engine("sqlite://")
    raw = sqlite3.connect(":memory:", isolation_level=None)
    with engine.connect() as core:
        metadata.create_all(core)
        raw.execute(str(sa.schema.CreateTable(things).compile(engine)))
        driver = DriverConnection(raw)
        driver.execute(INSERT, ROWS)
        core.execute(INSERT, ROWS)
        yield driver, core
    engine.dispose()
    raw.close()


def same(both: tuple[DriverConnection, sa.Connection], statement: Any, parameters: dict[str, Any]) -> list[Any]:
    driver, core = both
    found = [row._asdict() for row in driver.execute(statement, parameters)]
    assert found == [row._asdict() for row in core.execute(statement, parameters)]
    return found


def test_values_are_read_and_written_by_their_columns_types(both: tuple[DriverConnection, sa.Connection]) -> None:
    [red] = same(both, OF_COLOUR, {"wanted": Colour.RED})
    assert (red["at"], red["colour"], red["facts"]) == (NOON, Colour.RED, {"a": 1})
    [blue] = same(both, OF_COLOUR, {"wanted": Colour.BLUE})
    assert (blue["at"], blue["facts"]) == (None, None)


def test_lists_of_any_length_are_asked_for(both: tuple[DriverConnection, sa.Connection]) -> None:
    for ids in ([], [1], [3, 1, 2], [9]):
        same(both, OF_IDS, {"ids": ids, "wanted": Colour.RED})
    assert same(both, OF_IDS, {"wanted": Colour.RED, "ids": [3, 1]}) == [{"id": 1}, {"id": 3}]


def test_an_update_writes_the_columns_it_is_given_and_tells_how_many_rows(
    both: tuple[DriverConnection, sa.Connection],
) -> None:
    driver, core = both
    for changed in ({"amount": 9}, {"colour": Colour.BLUE, "amount": 8}, {"at": None}):
        for thing_id in (1, 9):
            named = {"thing_id": thing_id, **changed}
            assert driver.execute(SAVE, named).rowcount == core.execute(SAVE, named).rowcount == (thing_id == 1)
    same(both, OF_COLOUR, {"wanted": Colour.BLUE})


@pytest.mark.parametrize("rows", [1, 2, 16, 17, 40])
def test_so_many_rows_are_written_at_once(both: tuple[DriverConnection, sa.Connection], rows: int) -> None:
    driver, core = both
    many = [{"id": 10 + place, "at": NOON, "colour": Colour.BLUE, "amount": place + 1} for place in range(rows)]
    assert driver.execute(PUT, many).rowcount == rows
    core.execute(INSERT, many)
    same(both, OF_COLOUR, {"wanted": Colour.BLUE})
    assert driver.execute(PUT, [each | {"amount": 100} for each in many]).rowcount == rows
    assert driver.execute(SUM).scalar_one() == 12 + 100 * rows


def test_an_update_returns_what_it_wrote(both: tuple[DriverConnection, sa.Connection]) -> None:
    assert same(both, MORE, {"thing_id": 1}) == [{"amount": 6, "at": NOON}]


def test_one_answer_is_read_in_every_way_the_aggregates_read_it(both: tuple[DriverConnection, sa.Connection]) -> None:
    driver, _ = both
    assert driver.execute(SUM).scalar_one() == 12
    assert driver.execute(OF_IDS, {"ids": [9], "wanted": Colour.RED}).scalar() is None
    assert driver.execute(OF_COLOUR, {"wanted": Colour.RED}).one().amount == 5
    assert driver.execute(OF_IDS, {"ids": [1, 3], "wanted": Colour.RED}).scalars().all() == [1, 3]
    assert driver.execute(INSERT, {"amount": 1}).inserted_primary_key == (4,)
    with pytest.raises(ValueError, match="too many values"):
        driver.execute(OF_IDS, {"ids": [1, 3], "wanted": Colour.RED}).one()


def test_a_value_that_need_not_be_given_is_the_given_one_where_it_is(
    both: tuple[DriverConnection, sa.Connection],
) -> None:
    least = select(_c.id).where(_c.at == bindparam("at", NOON, type_=Instant), _c.amount >= bindparam("least", 1))
    for given, found in (({}, [1]), ({"least": 0}, [1, 3]), ({"at": None}, []), ({}, [1])):
        assert [row["id"] for row in same(both, least, given)] == found


def test_a_query_takes_no_notice_of_what_it_did_not_ask_for(both: tuple[DriverConnection, sa.Connection]) -> None:
    driver, _ = both
    assert driver.execute(OF_COLOUR, {"wanted": Colour.BLUE}).one().id == 2
    assert driver.execute(OF_COLOUR, {"more": 9, "wanted": Colour.BLUE}).one().id == 2


def test_a_row_becomes_the_record_that_its_statement_names(both: tuple[DriverConnection, sa.Connection]) -> None:
    driver, _ = both
    as_things = select(_c.at, _c.colour, _c.amount).execution_options(record=Thing)
    of_id = as_things.where(_c.id == bindparam("thing_id"))
    assert driver.execute(of_id, {"thing_id": 2}).first() == Thing(None, Colour.BLUE, 7)
    assert driver.execute(of_id, {"thing_id": 9}).first() is None
    assert driver.execute(as_things.where(_c.amount == 5)).all() == [Thing(NOON, Colour.RED, 5)]


def test_an_answer_stays_what_it_was_when_others_are_asked_for(both: tuple[DriverConnection, sa.Connection]) -> None:
    driver, _ = both
    reds = driver.execute(OF_COLOUR, {"wanted": Colour.RED})
    saved = driver.execute(SAVE, {"thing_id": 1, "amount": 9})
    assert driver.execute(SAVE, {"thing_id": 9, "amount": 9}).rowcount == 0
    assert (saved.rowcount, reds.one().amount) == (1, 5)
