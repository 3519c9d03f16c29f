"""Sums that are remembered are those that would be counted anew."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite

from camd.domain.token_bucket import QuotaScope
from camd.ports.records import Debit
from camd.store.prepared import DriverConnection
from camd.store.quotas import Quotas
from camd.store.sending_tables import quota_debits

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SCOPES = st.sampled_from([QuotaScope.CAMPAIGN, QuotaScope.MAILBOX_DAY])
KEYS = st.sampled_from("ab")
INSTANTS = st.integers(0, 9).map(lambda hours: NOON + timedelta(hours=hours))
DEBITS = st.tuples(st.lists(st.builds(Debit, SCOPES, KEYS), max_size=3), INSTANTS, st.sampled_from([1, -1, 5]))
WINDOWS = st.lists(st.tuples(SCOPES, KEYS, INSTANTS), max_size=20)


@pytest.fixture
def raw() -> Iterator[sqlite3.Connection]:
    with closing(empty()) as raw:
        yield raw


def empty() -> sqlite3.Connection:
    raw = sqlite3.connect(":memory:", isolation_level=None)
    raw.execute(str(sa.schema.CreateTable(quota_debits).compile(dialect=sqlite.dialect())))
    return raw


def quotas_of(raw: sqlite3.Connection) -> Quotas:
    """That remember nothing yet."""
    return Quotas(cast("Connection", DriverConnection(raw)))


@given(st.lists(st.tuples(DEBITS, WINDOWS), max_size=12))
def test_what_is_remembered_is_what_would_be_counted_anew(
    steps: list[tuple[tuple[list[Debit], datetime, int], list[tuple[QuotaScope, str, datetime]]]],
) -> None:
    with closing(empty()) as raw:
        quotas = quotas_of(raw)
        for (caps, at, amount), windows in steps:
            quotas.debit_all(caps, at, amount)
            assert quotas.used_of(windows) == quotas_of(raw).used_of(windows)


def test_more_keys_than_are_remembered_are_counted(raw: sqlite3.Connection) -> None:
    quotas = quotas_of(raw)
    for number in range(3000):
        quotas.debit(QuotaScope.PERSON, str(number), NOON, 1)
        assert quotas.used(QuotaScope.PERSON, str(number), NOON) == 1
    assert quotas.used(QuotaScope.PERSON, "0", NOON) == 1


def test_the_two_instants_of_an_hour_that_comes_twice_are_two(raw: sqlite3.Connection) -> None:
    quotas = quotas_of(raw)
    twice = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    quotas.debit(QuotaScope.CAMPAIGN, "a", twice, 1)
    assert quotas.used(QuotaScope.CAMPAIGN, "a", twice) == 1
    assert quotas.used(QuotaScope.CAMPAIGN, "a", twice.replace(fold=1)) == 0


def test_after_a_debit_what_is_stored_is_counted_whatever_the_debit_said(raw: sqlite3.Connection) -> None:
    quotas = quotas_of(raw)
    assert quotas.used(QuotaScope.CAMPAIGN, "a", NOON) == 0
    raw.execute(
        "CREATE TRIGGER twice AFTER INSERT ON quota_debits WHEN NEW.amount = 1"
        " BEGIN INSERT INTO quota_debits (scope, key, at, amount) VALUES (NEW.scope, NEW.key, NEW.at, 2); END"
    )
    quotas.debit_all([Debit(QuotaScope.CAMPAIGN, "a")], NOON, 1)
    assert quotas.used(QuotaScope.CAMPAIGN, "a", NOON) == 3
    quotas.debit(QuotaScope.CAMPAIGN, "a", NOON, 1)
    assert quotas.used(QuotaScope.CAMPAIGN, "a", NOON) == 6


def test_so_many_debits_that_none_tells_its_number_are_counted(raw: sqlite3.Connection) -> None:
    quotas = quotas_of(raw)
    quotas.debit_all([Debit(QuotaScope.PERSON, str(number)) for number in range(40)], NOON, 1)
    assert quotas.used(QuotaScope.PERSON, "39", NOON) == 1
    quotas.debit_all([Debit(QuotaScope.PERSON, str(number)) for number in range(40)], NOON, 1)
    assert quotas.used(QuotaScope.PERSON, "39", NOON) == 2
    quotas.debit(QuotaScope.PERSON, "39", NOON, 1)
    assert quotas.used(QuotaScope.PERSON, "39", NOON) == 3
