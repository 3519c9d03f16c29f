"""The tables of touches, quotas and mailboxes. A touch is worked on while it has one of a few statuses and then kept
for years: the indexes of the work hold the touches in work and no others, so that sending never slows with age.

SQLite takes such an index only where a statement says its condition word for word: the conditions stand here.
"""

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Date, Float, ForeignKey, Index, Integer, Table, Text

from camd.domain.token_bucket import QuotaScope
from camd.ports.records import Debits, DeliveryFact, DeliveryScope, MailboxReason, TouchStatus
from camd.store.column_types import Instant, Json, Word
from camd.store.tables import SERIAL, index_where, metadata

touches = Table(
    "touches",
    metadata,
    Column("id", Text, primary_key=True),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False),
    Column("lead_id", ForeignKey("leads.id"), nullable=False),
    Column("step", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    Column("status", Word(TouchStatus), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("mailbox", Text),
    Column("subject", Text),
    Column("body", Text),
    Column("reason", Text),
    Column("message_id", Text),
    Column("sent_at", Instant),
    Column("steps_version", Integer, nullable=False),
    Column("created_at", Instant),
    Column("version", Integer, nullable=False),
    Column("ready_at", Instant),
    Column("follow_up", Boolean, nullable=False, server_default=sa.false()),
    Column("score", Float, nullable=False, server_default=sa.text("0")),
    Column("approved_by", Text),
    Column("attempts", Integer, nullable=False, server_default=sa.text("0")),
    Column("first_attempt_at", Instant),
    Column("intent_at", Instant),
    Column("on_wire_at", Instant),
    Column("settled_at", Instant),
    Column("text_hash", Text),
    Column("recipient_hash", Text),
    Column("debits", Json[Debits](Debits, remembered=1024)),
    Index("uq_touches_step", "lead_id", "step", unique=True),
    Index("uq_touches_campaign_step", "campaign_id", "lead_id", "step", unique=True),
    Index("ix_touches_campaign", "campaign_id", "id"),
    Index("ix_touches_campaign_status", "campaign_id", "status", "id"),
    Index("ix_touches_status", "status", "id", "channel"),
    Index("ix_touches_channel", "channel", "id"),
)
_touch = touches.c


def _in(*statuses: TouchStatus) -> sa.ColumnElement[bool]:
    return _touch.status.in_([sa.literal_column(f"'{status}'") for status in statuses])


def _truly_in(*statuses: TouchStatus) -> sa.ColumnElement[bool]:
    """Said as a truth, which no index answers: SQLite would rather read every row of the statuses than the index."""
    return _in(*statuses).self_group().is_(sa.literal_column("TRUE"))


def _is(status: TouchStatus) -> sa.ColumnElement[bool]:
    return _touch.status == sa.literal_column(f"'{status}'")


THROUGH_A_MAILBOX = _touch.mailbox.is_not(None)
WAITS = _in(TouchStatus.APPROVED, TouchStatus.DEFERRED) & THROUGH_A_MAILBOX
QUEUED = _truly_in(TouchStatus.PLANNED, TouchStatus.APPROVED, TouchStatus.DEFERRED) & THROUGH_A_MAILBOX
APPROVED = _is(TouchStatus.APPROVED) & THROUGH_A_MAILBOX
PLANNED = _is(TouchStatus.PLANNED)
# What is unknown may be told to go again.
KEPT_TEXT = _truly_in(
    TouchStatus.SENT,
    TouchStatus.REJECTED,
    TouchStatus.CANCELLED,
    TouchStatus.DONE,
    TouchStatus.SKIPPED,
) & _touch.body.is_not(None)
# Nothing settles a cancelled one.
over_at = sa.func.coalesce(_touch.settled_at, _touch.due_at)

index_where(
    "ix_touches_next_ready",
    WAITS,
    _touch.mailbox,
    _touch.campaign_id,
    _touch.follow_up.desc(),
    _touch.score.desc(),
    _touch.due_at,
    _touch.id,
    # Not looked for by these: whether one is ready is read here without a look at its row.
    _touch.ready_at,
    _touch.status,
)
index_where("ix_touches_ready_at", WAITS, _touch.mailbox, _touch.ready_at)
index_where("ix_touches_ready_of", WAITS, _touch.campaign_id, _touch.ready_at, _touch.id)
index_where("ix_touches_queued", QUEUED, _touch.mailbox, _touch.follow_up, _touch.id, _touch.status)
index_where("ix_touches_approved", APPROVED, _touch.campaign_id, _touch.ready_at, _touch.id)
index_where("ix_touches_planned", PLANNED, _touch.campaign_id, _touch.channel, _touch.due_at, _touch.id)
index_where("ix_touches_mailbox", THROUGH_A_MAILBOX, _touch.mailbox, _touch.id)
index_where("ix_touches_intent", _touch.intent_at.is_not(None), _touch.mailbox, _touch.intent_at)
index_where("ix_touches_texts", KEPT_TEXT, over_at)
index_where("ix_touches_message", _touch.message_id.is_not(None), _touch.message_id)

previews = Table(
    "previews",
    metadata,
    Column("lead_id", ForeignKey("leads.id"), primary_key=True),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False),
    Column("step", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("mailbox", Text),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_previews_due", "campaign_id", "due_at", "lead_id"),
)

quota_buckets = Table(
    "quota_buckets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("theoretical_arrival", Instant, nullable=False),
)

quota_debits = Table(
    "quota_debits",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("scope", Word(QuotaScope), nullable=False),
    Column("key", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("amount", Integer, nullable=False),
    # The amount stands in it so that a sum reads nothing else.
    Index("ix_quota_debits_at", "scope", "key", "at", "id", "amount"),
    sqlite_autoincrement=True,
)

quota_zones = Table(
    "quota_zones",
    metadata,
    Column("name", Text, primary_key=True),
    Column("zone", Text, nullable=False),
    Column("before", Text),
    Column("changed_at", Instant),
)

mailboxes = Table(
    "mailboxes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("disabled", Word(MailboxReason)),
    Column("detail", Text),
    Column("since", Instant),
    Column("by", Text),
    Column("stopped_until", Instant),
    Column("stopped_for", Text),
    Column("refused_log_ins", Integer, nullable=False),
    Column("refusals", Integer, nullable=False),
    Column("rate", Float, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("scope", Word(DeliveryScope), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    *(Column(fact.value, Integer, nullable=False) for fact in DeliveryFact),
)

counters = Table(
    "counters",
    metadata,
    Column("campaign_id", ForeignKey("campaigns.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("amount", sa.BigInteger, nullable=False),
)
