"""Answers to requests with an Idempotency-Key are kept for a day, and the days of a campaign are counted."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_FACTS = ("discovered", "contacted", "answers", "qualified", "won", "lost", "opted_out", "tasks_done")
_COUNT_ANSWERED = """
INSERT INTO tallies (campaign_id, name, amount)
SELECT campaign_id, 'contacted_replied', count(*) FROM leads
WHERE ever_handed_over AND ever_replied GROUP BY campaign_id
"""


def upgrade() -> None:
    op.create_table(
        "campaign_days",
        sa.Column("campaign_id", _SERIAL, sa.ForeignKey("campaigns.id"), primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in _FACTS),
    )
    op.create_table(
        "answers",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("location", sa.Text),
        sa.Column("body", sa.LargeBinary),
        sa.Column("is_personal", sa.Boolean, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_answers_at", "answers", ["at"])
    is_personal = sa.text("is_personal IS TRUE")
    op.create_index("ix_answers_personal", "answers", ["id"], sqlite_where=is_personal, postgresql_where=is_personal)
    op.execute(_COUNT_ANSWERED)
