from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from camd.domain.campaign import (
    AutonomyMode,
    Channel,
    Definition,
    Enrichment,
    GoalCounts,
    Icp,
    PauseRules,
    Scoring,
    SourceEntry,
    Step,
    Weights,
)
from camd.domain.facts import Facts
from camd.domain.send_window import Window
from camd.domain.token_bucket import QuotaScope, Taken
from camd.ports.records import Debit, Debits
from camd.store.column_types import Credits, Instant, Json, Money, seal
from camd.store.sending_tables import touches

DIALECT = sqlite.dialect()
TEXT = st.text(max_size=8)
MONEY = st.none() | st.decimals(0, 10_000_000, places=2)
FLOAT = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | FLOAT | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)


def optional(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | values


def tuples(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.lists(values, max_size=2).map(tuple)


def read_only(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.dictionaries(TEXT, values, max_size=2).map(MappingProxyType)


STEPS = st.builds(Step, st.integers(1, 9), TEXT, TEXT, st.sampled_from(Channel), st.decimals(0, 99, places=4))
WINDOWS = st.builds(Window, st.frozensets(st.integers(0, 6)), st.integers(0, 1440), st.integers(0, 1440), st.booleans())
DEFINITIONS = st.builds(
    Definition,
    name=TEXT,
    description=optional(TEXT),
    target_clients=optional(st.integers(1, 100_000)),
    target_mrr=MONEY,
    goal_counts=st.sampled_from(GoalCounts),
    channels=tuples(st.sampled_from(Channel)),
    mailboxes=tuples(TEXT),
    dry_run=st.booleans(),
    first_touch_spread_hours=FLOAT,
    icp=st.builds(Icp, titles=tuples(TEXT), employee_min=optional(st.integers(0))),
    window=WINDOWS,
    sources=tuples(st.builds(SourceEntry, TEXT, read_only(JSON))),
    enrichment=st.builds(Enrichment, tuples(TEXT), MONEY),
    scoring=st.builds(Scoring, st.builds(Weights, FLOAT), FLOAT, st.booleans()),
    steps=tuples(STEPS),
    pause_rules=st.builds(PauseRules, loss_rate=FLOAT),
)
FACTS = st.builds(
    Facts,
    email=optional(TEXT),
    employee_count=optional(st.integers(0)),
    tags=tuples(TEXT),
    custom=read_only(TEXT),
    expected_mrr=MONEY,
)


def through(column: sa.types.TypeDecorator[Any], value: object) -> object:
    return column.process_result_value(column.process_bind_param(value, DIALECT), DIALECT)


@given(DEFINITIONS)
def test_a_definition_comes_back_exactly(definition: Definition) -> None:
    assert through(Json(Definition), definition) == definition


@given(FACTS)
def test_facts_come_back_exactly(facts: Facts) -> None:
    assert through(Json(Facts), facts) == facts


def test_a_definition_comes_back_in_its_own_types() -> None:
    definition = Definition("Q1", target_mrr=Decimal("10.50"), steps=(Step(1, wait_days=Decimal("2.0001")),))
    back = through(Json(Definition), definition)
    assert isinstance(back, Definition)
    assert isinstance(back.steps[0].channel, Channel)
    assert isinstance(back.autonomy.mode, AutonomyMode)
    assert (type(back.target_mrr), str(back.target_mrr)) == (Decimal, "10.50")
    assert type(back.channels) is tuple
    assert type(back.window.days) is frozenset


def test_the_kind_of_a_figure_survives() -> None:
    figures = {"one": 1, "half": 0.5, "full": 1.0, "text": "1", "yes": True, "none": None}
    scalar = Mapping[str, str | int | float | bool | None]
    back = through(Json(scalar), figures)
    assert isinstance(back, dict)
    assert [(type(value), value) for value in back.values()] == [(type(value), value) for value in figures.values()]


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])))
def test_an_instant_comes_back_to_the_microsecond_and_in_utc(at: datetime) -> None:
    back = through(Instant(), at)
    assert back == at
    assert isinstance(back, datetime)
    assert back.tzinfo is UTC


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_instants_are_stored_in_the_order_of_time(one: datetime, two: datetime) -> None:
    first, second = (Instant().write(at) for at in (one, two))
    assert (first < second) == (one < two)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        Instant().process_bind_param(datetime(2026, 1, 1), DIALECT)  # noqa: DTZ001 - what is refused


@given(st.decimals(-10_000_000, 10_000_000, places=2))
def test_money_comes_back_to_the_hundredth(amount: Decimal) -> None:
    assert through(Money(), amount) == amount


def test_money_with_a_third_decimal_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="more than 2 decimals"):
        Money().process_bind_param(Decimal("0.001"), DIALECT)


@given(st.decimals(0, 10_000_000, places=3))
def test_credits_come_back_to_the_thousandth(amount: Decimal) -> None:
    assert through(Credits(), amount) == amount


def test_credits_with_a_fourth_decimal_are_a_bug() -> None:
    with pytest.raises(AssertionError, match="more than 3 decimals"):
        Credits().process_bind_param(Decimal("0.0001"), DIALECT)


def is_sealed(value: object) -> bool:
    """Looked at by what it is made of, not by `seal`."""
    if isinstance(value, list | dict | set | bytearray):
        return False
    if isinstance(value, MappingProxyType):
        return all(map(is_sealed, value.values()))
    if isinstance(value, tuple | frozenset):
        return all(map(is_sealed, value))
    if is_dataclass(value):
        return all(is_sealed(getattr(value, field.name)) for field in fields(value))
    return True


@given(DEFINITIONS)
def test_a_sealed_definition_is_the_same_and_nobody_can_change_a_part_of_it(definition: Definition) -> None:
    made = Json[Definition](Definition).read(Json[Definition](Definition).write(definition))
    assert seal(made) == is_sealed(made)
    assert made == definition


def test_lists_and_mappings_within_mappings_cannot_be_sealed() -> None:
    def seals(settings: dict[str, object]) -> bool:
        return seal(Definition("Q1", sources=(SourceEntry("csv", settings),)))

    assert seals({"path": "/a", "rows": 3, "all": None})
    assert not seals({"titles": ["CEO"]})
    assert not seals({"person": {"title": "CEO"}})
    sealed = Definition("Q1", sources=(SourceEntry("csv", {"path": "/a"}),))
    seal(sealed)
    with pytest.raises(TypeError):
        sealed.sources[0].settings["path"] = "/b"  # type: ignore[index]


def test_remembered_values_are_read_once_and_hold_nothing_that_changes() -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    debits = Debits(at, (Debit(QuotaScope.MAILBOX_DAY, "sales", "UTC"),), Taken(at, at))
    kept = touches.c.debits.type
    assert isinstance(kept, Json)
    text = kept.write(debits)
    assert kept.read(text) == debits
    assert kept.read(text) is kept.read(text)
    assert is_sealed(kept.read(text))
    figures = Json[Mapping[str, float]](Mapping[str, float], remembered=8)
    assert figures.read('{"rate":0.5}') == {"rate": 0.5}
    assert is_sealed(figures.read('{"rate":0.5}'))
    assert figures.write(figures.read('{"rate":0.5}')) == '{"rate":0.5}'
