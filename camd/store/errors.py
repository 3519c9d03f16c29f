"""What SQLite's result codes mean to camd (https://sqlite.org/rescode.html). An unlisted code is a bug of ours."""

import sqlite3

from sqlalchemy.exc import DBAPIError

from camd.ports.store_errors import DatabaseDamaged, StoreUnavailable

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_AWAY = _BUSY | {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_INTERRUPT,  # a query that took too long
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
}
# After a failed fsync the kernel may have dropped the pages: what SQLite holds in memory proves nothing.
_UNTRUSTED = _DAMAGED | {sqlite3.SQLITE_IOERR}


def is_busy(error: Exception) -> bool:
    return _primary_code(error) in _BUSY


def is_untrusted(error: Exception) -> bool:
    """True where the file has to be opened anew, by another process, before anything of it is believed."""
    return _primary_code(error) in _UNTRUSTED


def classified(error: Exception) -> Exception:
    """The error to raise: weather as `StoreUnavailable` or `DatabaseDamaged`, anything else as it came."""
    code = _primary_code(error)
    outer: Exception
    if code in _DAMAGED:
        outer = DatabaseDamaged(f"the database file is damaged: {_cause(error)}")
    elif code in _AWAY:
        outer = StoreUnavailable(f"the database is away: {_cause(error)}")
    else:
        return error
    outer.__cause__ = error
    return outer


def _cause(error: Exception) -> BaseException:
    return error.orig if isinstance(error, DBAPIError) and error.orig else error


def _primary_code(error: Exception) -> int | None:
    code: int | None = getattr(_cause(error), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
