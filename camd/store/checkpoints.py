"""Who may checkpoint: the writer alone, unless SQLite is known to bear a second one.

SQLite 3.7.0 to 3.51.2 can corrupt a WAL database when two connections checkpoint at once; fixed in 3.51.3 and,
for older lines, in 3.50.7 and 3.44.6 (sqlite.org/wal.html).
"""

from camd.ports.store_errors import UnsafeDatabase

Version = tuple[int, int, int]


def require_safe_checkpoints(sqlite: Version, *, outside_checkpointer: bool) -> None:
    """Raises `UnsafeDatabase` where a tool beside camd (Litestream) checkpoints too and this SQLite may corrupt."""
    if outside_checkpointer and not _is_fixed(sqlite):
        version = ".".join(map(str, sqlite))
        raise UnsafeDatabase(
            f"database.outside_checkpointer is on, and SQLite {version} can corrupt a database that two programs "
            "checkpoint; stop the other one, or use SQLite 3.51.3 or newer"
        )


def _is_fixed(sqlite: Version) -> bool:
    if sqlite[:2] == (3, 50):
        return sqlite >= (3, 50, 7)
    if sqlite[:2] == (3, 44):
        return sqlite >= (3, 44, 6)
    return sqlite >= (3, 51, 3)
