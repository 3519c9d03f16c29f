"""Looks through the database file at the start; while it is damaged nothing is sent.

Leads, opt-outs and what was sent may be missing from a damaged file: sending from it could write to anybody. All else
goes on, so that a person can look and restore.
"""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from camd.pipeline.send_gate import GateReason, SendGate
from camd.ports.store_errors import DatabaseDamaged
from camd.store.backup_record import BackupRecord
from camd.store.copies import check_pages
from camd.store.writer import Writer, driver_connection
from camd.telemetry.logs import get_log

log = get_log()

LIMIT_SECONDS = 30.0
"""Measured with 1,000,000 leads in 2.9 GB: 2.3 s from memory, 32 s from a disk right after the machine started. A start
that takes longer than systemd waits would never end."""


async def check_integrity(
    writer: Writer,
    gate: SendGate,
    *,
    limit_seconds: float = LIMIT_SECONDS,
    check: Callable[[sqlite3.Connection], None] = check_pages,
) -> None:
    """Closes the gate for good where the file is damaged, and names the backup to restore.

    Raises `StoreUnavailable` where the file cannot be read.
    """
    try:
        whole = await writer.alone(lambda connection: is_whole(connection, check, limit_seconds))
    except DatabaseDamaged as damage:
        log.error("db.integrity_failed", error=str(damage), reason=mend_of_damage(writer.path))
        gate.close(GateReason.DAMAGED)
        return
    if not whole:
        log.warning("db.integrity_unfinished", limit=limit_seconds)


def is_whole(connection: Connection, check: Callable[[sqlite3.Connection], None], limit_seconds: float) -> bool:
    """False where the time was over before the end of the file."""
    raw = driver_connection(connection)
    end = threading.Timer(limit_seconds, raw.interrupt)
    end.start()
    try:
        check(raw)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return False
    finally:
        end.cancel()
        end.join()
    return True


def mend_of_damage(database: Path) -> str:
    record = BackupRecord.read(database)
    if record is None or record.succeeded_at is None:
        return "camd restore <your newest backup>; none is known here"
    made = f"made {record.succeeded_at:%Y-%m-%dT%H:%M:%SZ}"
    return f"camd restore {record.newest or '<your newest backup>'}; {made}"
