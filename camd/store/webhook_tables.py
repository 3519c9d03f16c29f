"""The tables of outgoing webhooks: where each endpoint stands, and what it is still to get or got lately.

No foreign key to the ledger, whose rows stay. The indexes of what is worked on hold the pending deliveries and no
others; a delivery that is over is removed when its retention ends.
"""

import sqlalchemy as sa
from sqlalchemy import Column, Index, Integer, Table, Text

from camd.domain.webhooks import DeliveryStatus, PauseReason
from camd.store.column_types import Instant, Word
from camd.store.tables import SERIAL, index_where, metadata

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", sa.BigInteger, nullable=False),
    Column("paused", Word(PauseReason)),
    Column("paused_at", Instant),
    Column("failing_since", Instant),
    Column("failures", Integer, nullable=False),
    Column("not_before", Instant),
    Column("delivered_at", Instant),
)

webhook_deliveries = Table(
    "webhook_deliveries",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("endpoint", Text, nullable=False),
    Column("seq", sa.BigInteger, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("status", Word(DeliveryStatus), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("next_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_attempt_at", Instant),
    Column("attempted_at", Instant),
    Column("settled_at", Instant),
    Column("status_code", Integer),
    Column("reason", Text),
    # The event stands first: its id is the same for every endpoint.
    Index("uq_webhook_deliveries_event", "seq", "endpoint", unique=True),
    Index("ix_webhook_deliveries_status", "status", "id"),
    sqlite_autoincrement=True,
)
_row = webhook_deliveries.c

PENDING = _row.status == sa.literal_column(f"'{DeliveryStatus.PENDING}'")
DEAD = _row.status == sa.literal_column(f"'{DeliveryStatus.DEAD}'")
OVER = _row.settled_at.is_not(None)

index_where("ix_webhook_deliveries_due", PENDING, _row.endpoint, _row.next_at, _row.seq)
index_where("ix_webhook_deliveries_pending", PENDING, _row.endpoint, _row.seq, _row.created_at)
index_where("ix_webhook_deliveries_dead", DEAD, _row.endpoint)
index_where("ix_webhook_deliveries_over", OVER, _row.settled_at)
