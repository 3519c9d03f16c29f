"""Years of sending, made by SQL out of one mail that was really sent: leads, touches, debits and ledger."""

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path

STEPS = 10
"""As many mails as a lead of the history got."""
_YEAR_MICROSECONDS = 365 * 86_400 * 1_000_000
_INSTANTS = ("due_at", "sent_at", "created_at", "first_attempt_at", "intent_at", "on_wire_at", "settled_at")


def grow(database: Path, touches: int) -> None:
    """Copies the one lead of the database with its rows until there are so many touches, a year and more old.

    The same campaign and mailbox wrote to all of them.
    """
    connection = sqlite3.connect(database)
    with connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("CREATE TEMP TABLE people (n INTEGER PRIMARY KEY)")
        connection.execute("CREATE TEMP TABLE mails (m INTEGER PRIMARY KEY, n INTEGER, step INTEGER)")
        _count(connection, "people (n)", touches // STEPS)
        connection.execute(
            f"INSERT INTO mails SELECT {STEPS} * (n - 1) + step.value, n, step.value "
            f"FROM people, json_each('[{', '.join(map(str, range(1, STEPS + 1)))}]') AS step"
        )
        old = {name: f"{name} - {_YEAR_MICROSECONDS} - m * 1000000" for name in ("at", *_INSTANTS)}
        copies = {
            name: f"old.{name} || '_' || n" for name in ("id", "key", "address_key", "address_hash", "source_ref")
        }
        # Their sequence is over.
        _copy(connection, "leads", "people", copies | {"next_action": "NULL", "next_action_at": "NULL"})
        of_touch = {"id": "old.id || '_' || m", "lead_id": "old.lead_id || '_' || n", "step": "mails.step"}
        of_touch |= {"message_id": "m || '.' || message_id", "recipient_hash": "recipient_hash || n"}
        _copy(connection, "touches", "mails", {**old, **of_touch})
        key = "CASE WHEN scope IN ('campaign', 'mailbox_day') THEN key ELSE key || n END"
        _copy(connection, "quota_debits", "mails", {**old, "id": "NULL", "key": key})
        row = {"seq": "NULL", "lead_id": "old.lead_id || '_' || n", "touch_id": "touch_id || '_' || m"}
        _copy(connection, "ledger", "mails", {**old, **row}, "old.type = 'touch.sent'")
        connection.execute(
            "UPDATE tallies SET amount = amount + ? WHERE name = 'status:contacted'", (touches // STEPS,)
        )
    connection.close()
    os.sync()  # what is still being written would be measured too


def _count(connection: sqlite3.Connection, into: str, count: int) -> None:
    connection.execute(
        f"INSERT INTO {into} WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?) "
        "SELECT n FROM numbers",
        (count,),
    )


def _copy(
    connection: sqlite3.Connection, table: str, times: str, changed: Mapping[str, str], only: str = "true"
) -> None:
    """Every row of the table once for each row of `times`, with these expressions for its columns."""
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    columns = ", ".join(changed.get(name, f"old.{name}") for name in names)
    connection.execute(f"CREATE TEMP TABLE template AS SELECT * FROM {table}")
    connection.execute(
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {columns} FROM template AS old, {times} WHERE {only}"
    )
    connection.execute("DROP TABLE template")
