"""What came in, and what the operator is still to be told; leads are found by their company."""

import json

import sqlalchemy as sa
from alembic import op

from camd.domain.contact import EmailAddress, company_of

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_BATCH = 10_000
_HAS_TEXT = "sender IS NOT NULL OR subject IS NOT NULL OR text IS NOT NULL OR note IS NOT NULL OR raw IS NOT NULL"
_leads = sa.sql.table("leads", *map(sa.sql.column, ("id", "address_key", "facts", "company_key")))
_NEXT = (
    sa.select(_leads.c.id, _leads.c.address_key, _leads.c.facts)
    .where(_leads.c.id > sa.bindparam("after"))
    .order_by(_leads.c.id)
    .limit(_BATCH)
)
_FILL = sa.update(_leads).where(_leads.c.id == sa.bindparam("lead_id")).values(company_key=sa.bindparam("company"))


def upgrade() -> None:
    _create_inbox()
    _create_notices()
    _index("ix_touches_intent", "touches", "mailbox", "intent_at", where="intent_at IS NOT NULL")
    over = "(status IN ('sent', 'rejected', 'cancelled', 'done', 'skipped')) IS TRUE AND body IS NOT NULL"
    _index("ix_touches_texts", "touches", sa.text("coalesce(settled_at, due_at)"), where=over)
    op.add_column("leads", sa.Column("company_key", sa.Text))
    _fill_companies(op.get_bind())
    _index("ix_leads_company", "leads", "company_key", "id", where="company_key IS NOT NULL")


def _index(
    name: str,
    table: str,
    *columns: str | sa.TextClause,
    unique: bool = False,
    where: str | None = None,
) -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _create_inbox() -> None:
    op.create_table(
        "inbound",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("mailbox", sa.Text, nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("waiting", sa.Boolean, nullable=False),
        sa.Column("arrived_at", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("campaign_id", sa.BigInteger),
        sa.Column("lead_id", sa.Text),
        sa.Column("touch_id", sa.Text),
        sa.Column("matched_by", sa.Text),
        sa.Column("message_id", sa.Text),
        sa.Column("sender_hash", sa.Text),
        sa.Column("sender", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("text", sa.Text),
        sa.Column("raw", sa.LargeBinary),
        sa.Column("until", sa.Date),
        sa.Column("note", sa.Text),
        sa.Column("effects", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
    )
    _index("uq_inbound_identity", "inbound", "mailbox", "identity", unique=True)
    _index("ix_inbound_mailbox", "inbound", "mailbox", "id")
    _index("ix_inbound_kind", "inbound", "kind", "id")
    _index("ix_inbound_waiting", "inbound", "id", "created_at", where="waiting IS TRUE")
    _index("ix_inbound_campaign", "inbound", "campaign_id", "id", where="campaign_id IS NOT NULL")
    _index("ix_inbound_lead", "inbound", "lead_id", "id", where="lead_id IS NOT NULL")
    _index("ix_inbound_sender", "inbound", "sender_hash", where="sender_hash IS NOT NULL")
    _index("ix_inbound_own_copy", "inbound", "mailbox", "message_id", where="kind = 'own_copy'")
    _index("ix_inbound_texts", "inbound", "arrived_at", where=_HAS_TEXT)
    op.create_table(
        "inbox_positions",
        sa.Column("mailbox", sa.Text, primary_key=True),
        sa.Column("folder", sa.Text, primary_key=True),
        sa.Column("position", sa.Text, nullable=False),
    )
    op.create_table(
        "touch_aliases",
        sa.Column("message_id", sa.Text, primary_key=True),
        sa.Column("touch_id", sa.Text, nullable=False),
    )


def _create_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", _SERIAL, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("campaign_id", sa.BigInteger),
        sa.Column("inbound_id", sa.Text),
        sa.Column("mailbox", sa.Text),
        sa.Column("data", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    _index("ix_notices_kind", "notices", "kind", "id")
    op.create_table(
        "notices_told",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
    )


def _fill_companies(connection: sa.Connection) -> None:
    after = ""
    while rows := connection.execute(_NEXT, {"after": after}).all():
        found = [{"lead_id": row.id, "company": _company(row.address_key, row.facts)} for row in rows]
        known = [row for row in found if row["company"] is not None]
        if known:
            connection.execute(_FILL, known)
        after = rows[-1].id


def _company(address_key: str | None, facts: str) -> str | None:
    """By today's rule, unlike a hash: what the rule says of a lead is written again whenever its facts are."""
    address = None
    if address_key is not None:
        local, _, domain = address_key.rpartition("@")
        address = EmailAddress(address_key, address_key, local, domain)
    return company_of(address, json.loads(facts).get("domain"))
