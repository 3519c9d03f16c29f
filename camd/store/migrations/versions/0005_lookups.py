"""Questions to providers are written down, and a candidate may be a stub that only an answer can identify."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_WANTED = "status = 'wanted'"
_IN_FLIGHT = "status IN ('asked', 'pending')"
_OPEN = "status IN ('wanted', 'asked', 'pending')"


def upgrade() -> None:
    _create_lookups()
    _create_subjects_and_jobs()
    for name in ("is_stub", "is_asked"):
        op.add_column("candidates", sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false()))
    op.drop_index("ix_candidates_campaign", "candidates")
    _index("ix_candidates_waiting", "candidates", "campaign_id", "id", where="is_stub IS FALSE")
    _index("ix_candidates_stubs", "candidates", "campaign_id", "id", where="is_stub IS TRUE AND is_asked IS FALSE")


def _index(name: str, table: str, *columns: str, where: str | None = None) -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def _create_lookups() -> None:
    op.create_table(
        "lookups",
        sa.Column("id", _SERIAL, primary_key=True),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("campaign_id", sa.BigInteger, nullable=False),
        sa.Column("lead_id", sa.Text),
        sa.Column("candidate_id", sa.BigInteger),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("price", sa.BigInteger, nullable=False),
        sa.Column("wanted_at", sa.BigInteger, nullable=False),
        sa.Column("not_before", sa.BigInteger, nullable=False),
        sa.Column("likeness", sa.Text),
        sa.Column("denied", sa.Text),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("memory", sa.Text, nullable=False),
        sa.Column("asked_at", sa.BigInteger),
        sa.Column("job_id", sa.BigInteger),
        sa.Column("settled_at", sa.BigInteger),
        sa.Column("result", sa.Text),
        sa.Column("spent", sa.BigInteger),
        sa.Column("answer", sa.Text),
        sa.Column("copied_from", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    _index("ix_lookups_due", "lookups", "provider", "operation", "campaign_id", "not_before", "id", where=_WANTED)
    _index("ix_lookups_next_due", "lookups", "provider", "not_before", where=_WANTED)
    _index("ix_lookups_wanted", "lookups", "provider", "id", where=f"{_WANTED} AND lead_id IS NOT NULL")
    _index("ix_lookups_in_flight", "lookups", "provider", "operation", "likeness", where=_IN_FLIGHT)
    _index("ix_lookups_open", "lookups", "campaign_id", "provider", "denied", "status", "price", where=_OPEN)
    _index("ix_lookups_lead", "lookups", "lead_id", "id", where="lead_id IS NOT NULL")
    _index("ix_lookups_candidate", "lookups", "candidate_id", "id", where="candidate_id IS NOT NULL")
    _index("ix_lookups_job", "lookups", "job_id", "id", where="job_id IS NOT NULL")


def _create_subjects_and_jobs() -> None:
    op.create_table(
        "lookup_subjects",
        sa.Column("provider", sa.Text, primary_key=True),
        sa.Column("operation", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("lookup_id", _SERIAL, sa.ForeignKey("lookups.id", ondelete="CASCADE"), primary_key=True),
    )
    _index("ix_lookup_subjects_lookup", "lookup_subjects", "lookup_id", "subject")
    op.create_table(
        "lookup_jobs",
        sa.Column("id", _SERIAL, primary_key=True),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("vendor_id", sa.Text, nullable=False),
        sa.Column("submitted_at", sa.BigInteger, nullable=False),
        sa.Column("poll_at", sa.BigInteger, nullable=False),
        sa.Column("polls", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    _index("ix_lookup_jobs_poll", "lookup_jobs", "provider", "poll_at", "id")
