import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from camd.domain.errors import Scope
from camd.ports.store_errors import DatabaseDamaged, StoreUnavailable
from camd.store.errors import classified, is_busy, is_untrusted


def failed_with(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("it failed")
    error.sqlite_errorcode = code
    return error


def wrapped(error: sqlite3.Error) -> OperationalError:
    return OperationalError("SELECT 1", {}, error)


@pytest.mark.parametrize(
    ("code", "kind", "untrusted"),
    [
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreUnavailable, False),
        (sqlite3.SQLITE_LOCKED, StoreUnavailable, False),
        (sqlite3.SQLITE_FULL, StoreUnavailable, False),
        (sqlite3.SQLITE_READONLY_DBMOVED, StoreUnavailable, False),
        (sqlite3.SQLITE_CANTOPEN, StoreUnavailable, False),
        (sqlite3.SQLITE_IOERR_FSYNC, StoreUnavailable, True),
        (sqlite3.SQLITE_IOERR_READ, StoreUnavailable, True),
        (sqlite3.SQLITE_CORRUPT_INDEX, DatabaseDamaged, True),
        (sqlite3.SQLITE_NOTADB, DatabaseDamaged, True),
    ],
)
def test_weather_is_told_from_damage(code: int, kind: type[Exception], untrusted: bool) -> None:
    error = failed_with(code)
    for seen in (error, wrapped(error)):
        verdict = classified(seen)
        assert type(verdict) is kind
        assert verdict.__cause__ is seen
        assert is_untrusted(seen) is untrusted


@pytest.mark.parametrize(
    "error", [failed_with(sqlite3.SQLITE_CONSTRAINT_UNIQUE), sqlite3.ProgrammingError("closed"), KeyError("a")]
)
def test_a_bug_stays_what_it_is(error: Exception) -> None:
    assert classified(error) is error
    assert not is_untrusted(error)


def test_only_a_held_file_is_busy() -> None:
    assert is_busy(wrapped(failed_with(sqlite3.SQLITE_BUSY)))
    assert is_busy(failed_with(sqlite3.SQLITE_LOCKED))
    assert not is_busy(failed_with(sqlite3.SQLITE_FULL))


def test_an_unavailable_store_reaches_the_whole_campaign() -> None:
    assert StoreUnavailable("away").scope is Scope.CAMPAIGN
