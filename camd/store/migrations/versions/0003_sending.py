"""Mails go out: a touch remembers each mark of its way and what it took, and mailboxes what they were answered.

Caps count debits by instants, so that a change of a zone loses none: the stored day goes. The instance remembers a
recovery hold, the machine it ran on and how far its journal is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_THROUGH_A_MAILBOX = "mailbox IS NOT NULL"
_WAITS = f"status IN ('approved', 'deferred') AND {_THROUGH_A_MAILBOX}"
_QUEUED = f"(status IN ('planned', 'approved', 'deferred')) IS TRUE AND {_THROUGH_A_MAILBOX}"


def upgrade() -> None:
    _extend_touches()
    _index_touches()
    _index_touches_in_work()
    _count_debits_by_instants()
    _create_mailboxes()
    _extend_instance()


def _index(name: str, table: str, *columns: str, where: str | None = None) -> None:
    condition = sa.text(where) if where else None
    parts = [sa.text(column) if " " in column else column for column in columns]
    op.create_index(name, table, parts, sqlite_where=condition, postgresql_where=condition)


def _extend_touches() -> None:
    for column in (
        sa.Column("ready_at", sa.BigInteger),
        sa.Column("follow_up", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("score", sa.Float, nullable=False, server_default=sa.text("0")),
        sa.Column("approved_by", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("first_attempt_at", sa.BigInteger),
        sa.Column("intent_at", sa.BigInteger),
        sa.Column("on_wire_at", sa.BigInteger),
        sa.Column("settled_at", sa.BigInteger),
        sa.Column("text_hash", sa.Text),
        sa.Column("recipient_hash", sa.Text),
        sa.Column("debits", sa.Text),
    ):
        op.add_column("touches", column)
    # Where nothing was sent yet, what is ready was ready when it was due, and a follow-up is known by its step.
    op.execute("UPDATE touches SET settled_at = sent_at, follow_up = (step > 1)")
    op.execute(f"UPDATE touches SET ready_at = due_at WHERE {_WAITS}")  # noqa: S608 - its own words


def _index_touches() -> None:
    _index("ix_touches_campaign", "touches", "campaign_id", "id")
    _index("ix_touches_campaign_status", "touches", "campaign_id", "status", "id")
    _index("ix_touches_status", "touches", "status", "id", "channel")
    _index("ix_touches_channel", "touches", "channel", "id")
    _index("ix_touches_mailbox", "touches", "mailbox", "id", where=_THROUGH_A_MAILBOX)
    _index("ix_touches_message", "touches", "message_id", where="message_id IS NOT NULL")


def _index_touches_in_work() -> None:
    best_first = ("campaign_id", "follow_up DESC", "score DESC", "due_at", "id")
    _index("ix_touches_next_ready", "touches", "mailbox", *best_first, "ready_at", "status", where=_WAITS)
    _index("ix_touches_ready_at", "touches", "mailbox", "ready_at", where=_WAITS)
    _index("ix_touches_ready_of", "touches", "campaign_id", "ready_at", "id", where=_WAITS)
    _index("ix_touches_queued", "touches", "mailbox", "follow_up", "id", "status", where=_QUEUED)
    approved = f"status = 'approved' AND {_THROUGH_A_MAILBOX}"
    _index("ix_touches_approved", "touches", "campaign_id", "ready_at", "id", where=approved)
    planned = ("campaign_id", "channel", "due_at", "id")
    _index("ix_touches_planned", "touches", *planned, where="status = 'planned'")


def _count_debits_by_instants() -> None:
    op.drop_index("ix_quota_debits_day", "quota_debits")
    op.drop_index("ix_quota_debits_at", "quota_debits")
    op.drop_column("quota_debits", "day")
    _index("ix_quota_debits_at", "quota_debits", "scope", "key", "at", "id", "amount")
    op.create_table(
        "quota_zones",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("changed_at", sa.BigInteger),
    )


def _create_mailboxes() -> None:
    op.create_table(
        "mailboxes",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("disabled", sa.Text),
        sa.Column("detail", sa.Text),
        sa.Column("since", sa.BigInteger),
        sa.Column("by", sa.Text),
        sa.Column("stopped_until", sa.BigInteger),
        sa.Column("stopped_for", sa.Text),
        sa.Column("refused_log_ins", sa.Integer, nullable=False),
        sa.Column("refusals", sa.Integer, nullable=False),
        sa.Column("rate", sa.Float, nullable=False),
    )
    op.create_table(
        "deliveries",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("sent", sa.Integer, nullable=False),
        sa.Column("hard_bounces", sa.Integer, nullable=False),
        sa.Column("hard_5xx_rcpt", sa.Integer, nullable=False),
        sa.Column("refusals", sa.Integer, nullable=False),
        sa.Column("refused_log_ins", sa.Integer, nullable=False),
        sa.Column("complaints", sa.Integer, nullable=False),
    )
    op.create_table(
        "counters",
        sa.Column("campaign_id", _SERIAL, sa.ForeignKey("campaigns.id"), primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("amount", sa.BigInteger, nullable=False),
    )


def _extend_instance() -> None:
    for column in (
        sa.Column("recovery_hold", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("recovery_reason", sa.Text),
        sa.Column("recovery_since", sa.BigInteger),
        sa.Column("recovery_by", sa.Text),
        sa.Column("recovery_figures", sa.Text, nullable=False, server_default="{}"),
        sa.Column("machine_id", sa.Text),
        sa.Column("hardware_id", sa.Text),
        sa.Column("inode", sa.Text),
        sa.Column("journal_generation", sa.Integer, nullable=False, server_default=sa.text("1")),
        sa.Column("journal_number", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    ):
        op.add_column("instance", column)
