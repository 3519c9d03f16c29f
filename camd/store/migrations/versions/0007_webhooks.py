"""Events are given to endpoints, and the ledger says which of its rows a dry cycle wrote."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_PENDING = "status = 'pending'"


def upgrade() -> None:
    op.add_column("ledger", sa.Column("is_dry", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "webhook_endpoints",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("paused", sa.Text),
        sa.Column("paused_at", sa.BigInteger),
        sa.Column("failing_since", sa.BigInteger),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("not_before", sa.BigInteger),
        sa.Column("delivered_at", sa.BigInteger),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", _SERIAL, primary_key=True),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("first_attempt_at", sa.BigInteger),
        sa.Column("attempted_at", sa.BigInteger),
        sa.Column("settled_at", sa.BigInteger),
        sa.Column("status_code", sa.Integer),
        sa.Column("reason", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_webhook_deliveries_event", "webhook_deliveries", ["seq", "endpoint"], unique=True)
    _index("ix_webhook_deliveries_status", "status", "id")
    _index("ix_webhook_deliveries_due", "endpoint", "next_at", "seq", where=_PENDING)
    _index("ix_webhook_deliveries_pending", "endpoint", "seq", "created_at", where=_PENDING)
    _index("ix_webhook_deliveries_dead", "endpoint", where="status = 'dead'")
    _index("ix_webhook_deliveries_over", "settled_at", where="settled_at IS NOT NULL")


def _index(name: str, *columns: str, where: str | None = None) -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, "webhook_deliveries", columns, sqlite_where=condition, postgresql_where=condition)
