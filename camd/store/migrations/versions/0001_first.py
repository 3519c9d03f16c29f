"""The first schema, and the instance's key."""

import os

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_KEY_BYTES = 32


def upgrade() -> None:
    _create_campaigns()
    _create_arrivals()
    _create_leads()
    _create_touches()
    _create_limits()
    _create_ledger()
    _create_instance()


def _index(name: str, table: str, *columns: str, unique: bool = False, where: str | None = None) -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _create_campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", _SERIAL, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("status_reason", sa.Text),
        sa.Column("status_by", sa.Text, nullable=False),
        sa.Column("status_at", sa.BigInteger, nullable=False),
        sa.Column("status_figures", sa.Text, nullable=False),
        sa.Column("status_detail", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("steps_version", sa.Integer, nullable=False),
        sa.Column("planned_dry", sa.Boolean, nullable=False),
        sa.Column("first_live_at", sa.BigInteger),
        sa.Column("next_cycle_at", sa.BigInteger),
        sa.Column("mutes", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("definition", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    _index("ix_campaigns_name", "campaigns", "name", "id")
    _index("ix_campaigns_status", "campaigns", "status", "id", "next_cycle_at")
    _index("uq_campaigns_name", "campaigns", "name", unique=True, where="status != 'archived'")
    op.create_table(
        "campaign_steps",
        sa.Column("campaign_id", _SERIAL, sa.ForeignKey("campaigns.id"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("steps", sa.Text, nullable=False),
    )
    op.create_table(
        "campaign_crashes",
        sa.Column("id", _SERIAL, primary_key=True),
        sa.Column("campaign_id", _SERIAL, sa.ForeignKey("campaigns.id"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("traceback", sa.Text, nullable=False),
        sa.Column("lead_id", sa.Text),
        sqlite_autoincrement=True,
    )
    _index("ix_campaign_crashes_campaign", "campaign_crashes", "campaign_id", "id")
    _index("ix_campaign_crashes_at", "campaign_crashes", "at")
    op.create_table(
        "campaign_sources",
        sa.Column("campaign_id", _SERIAL, sa.ForeignKey("campaigns.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("cursor", sa.Text),
        sa.Column("exhausted", sa.Boolean, nullable=False),
        sa.Column("found", sa.Integer, nullable=False),
    )


def _create_arrivals() -> None:
    op.create_table(
        "candidates",
        sa.Column("id", _SERIAL, primary_key=True),
        sa.Column("campaign_id", _SERIAL, sa.ForeignKey("campaigns.id"), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("source_ref", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("do_not_contact", sa.Boolean, nullable=False),
        sa.Column("verdict", sa.Text),
        sqlite_autoincrement=True,
    )
    _index("ix_candidates_campaign", "candidates", "campaign_id", "id")
    _index("uq_candidates_source_ref", "candidates", "campaign_id", "source", "source_ref", unique=True)
    op.create_table(
        "imports",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("campaign_id", _SERIAL, sa.ForeignKey("campaigns.id"), nullable=False),
        sa.Column("file_name", sa.Text),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("undone_at", sa.BigInteger),
    )
    _index("ix_imports_campaign", "imports", "campaign_id", "id")
    _index("ix_imports_unfinished", "imports", "id", where="finished_at IS NULL AND undone_at IS NULL")


def _create_leads() -> None:
    op.create_table(
        "leads",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("campaign_id", _SERIAL, sa.ForeignKey("campaigns.id"), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("lost_reason", sa.Text),
        sa.Column("ever_enriched", sa.Boolean, nullable=False),
        sa.Column("ever_handed_over", sa.Boolean, nullable=False),
        sa.Column("ever_replied", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("verdict", sa.Text),
        sa.Column("verdict_evidence", sa.Text),
        sa.Column("score", sa.Float),
        sa.Column("enriched_at", sa.BigInteger),
        sa.Column("steps_version", sa.Integer),
        sa.Column("next_action", sa.Text),
        sa.Column("next_action_at", sa.BigInteger),
        sa.Column("waits_for", sa.Text),
        sa.Column("won_mrr", sa.BigInteger),
        sa.Column("strikes", sa.Integer, nullable=False),
        sa.Column("import_id", sa.Text, sa.ForeignKey("imports.id")),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("address_key", sa.Text),
        sa.Column("address_domain", sa.Text),
        sa.Column("linkedin", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("source", sa.Text),
        sa.Column("source_ref", sa.Text),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("search", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
    )
    _index("ix_leads_address_domain", "leads", "address_domain", "id", where="address_domain IS NOT NULL")
    _index("ix_leads_address_key", "leads", "address_key", "id", where="address_key IS NOT NULL")
    _index("ix_leads_campaign", "leads", "campaign_id", "id")
    _index(
        "ix_leads_due", "leads", "campaign_id", "next_action", "next_action_at", "id", where="next_action IS NOT NULL"
    )
    _index("ix_leads_import", "leads", "import_id", "id", where="import_id IS NOT NULL")
    _index("ix_leads_linkedin", "leads", "campaign_id", "linkedin", "id", where="linkedin IS NOT NULL")
    _index("ix_leads_name", "leads", "campaign_id", "name", "id", where="name IS NOT NULL")
    _index("ix_leads_source", "leads", "campaign_id", "source", "source_ref", "id", where="source_ref IS NOT NULL")
    _index("ix_leads_status", "leads", "campaign_id", "status", "id")
    _index("uq_leads_key", "leads", "campaign_id", "key", unique=True)
    op.create_table(
        "lead_holds",
        sa.Column("lead_id", sa.Text, sa.ForeignKey("leads.id"), primary_key=True),
        sa.Column("reason", sa.Text, primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger),
        sa.Column("note", sa.Text),
    )
    op.create_table(
        "tallies",
        sa.Column("campaign_id", _SERIAL, sa.ForeignKey("campaigns.id"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
    )


def _create_touches() -> None:
    op.create_table(
        "touches",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("campaign_id", _SERIAL, sa.ForeignKey("campaigns.id"), nullable=False),
        sa.Column("lead_id", sa.Text, sa.ForeignKey("leads.id"), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("mailbox", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("body", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("message_id", sa.Text),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("steps_version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger),
        sa.Column("version", sa.Integer, nullable=False),
    )
    _index("uq_touches_campaign_step", "touches", "campaign_id", "lead_id", "step", unique=True)
    _index("uq_touches_step", "touches", "lead_id", "step", unique=True)
    op.create_table(
        "previews",
        sa.Column("lead_id", sa.Text, sa.ForeignKey("leads.id"), primary_key=True),
        sa.Column("campaign_id", _SERIAL, sa.ForeignKey("campaigns.id"), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("mailbox", sa.Text),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    _index("ix_previews_due", "previews", "campaign_id", "due_at", "lead_id")


def _create_limits() -> None:
    op.create_table(
        "suppressions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("value", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
    )
    _index("ix_suppressions_reason", "suppressions", "reason", "id")
    _index("uq_suppressions_hash", "suppressions", "hash", "kind", unique=True)
    op.create_table(
        "quota_buckets",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("theoretical_arrival", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "quota_debits",
        sa.Column("id", _SERIAL, primary_key=True),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("amount", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    _index("ix_quota_debits_at", "quota_debits", "scope", "key", "at", "id")
    _index("ix_quota_debits_day", "quota_debits", "scope", "key", "day", "amount")


def _create_ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("seq", _SERIAL, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("campaign_id", sa.BigInteger),
        sa.Column("lead_id", sa.Text),
        sa.Column("touch_id", sa.Text),
        sa.Column("data", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    _index("ix_ledger_campaign", "ledger", "campaign_id", "seq")
    _index("ix_ledger_lead", "ledger", "lead_id", "seq")


def _create_instance() -> None:
    op.create_table(
        "instance",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("kill_switch", sa.Boolean, nullable=False),
        sa.Column("kill_switch_reason", sa.Text),
        sa.Column("kill_switch_since", sa.BigInteger),
        sa.Column("kill_switch_by", sa.Text),
    )
    given = op.get_bind().info.get("instance_key")
    key = sa.sql.column("key", sa.LargeBinary)
    row = sa.sql.table("instance", sa.sql.column("id"), key, sa.sql.column("kill_switch", sa.Boolean))
    op.execute(row.insert().values(id=1, key=given or os.urandom(_KEY_BYTES), kill_switch=False))
