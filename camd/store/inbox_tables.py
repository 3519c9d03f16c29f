"""The tables of what came in and of what the operator is still to be told.

No foreign keys: a message outlives the lead that an undone import takes away. A message is worked on while it waits on
the review list or has a text, then kept for good: the indexes of that work hold those messages and no others.
"""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Date, Index, Integer, LargeBinary, Table, Text

from camd.domain.events import Value
from camd.domain.inbound import InboundClass
from camd.ports.records import Effects, MatchedBy, NoticeKind
from camd.store.column_types import Instant, Json, Word
from camd.store.tables import SERIAL, index_where, metadata

inbound = Table(
    "inbound",
    metadata,
    Column("id", Text, primary_key=True),
    Column("mailbox", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("kind", Word(InboundClass), nullable=False),
    Column("evidence", Text, nullable=False),
    Column("waiting", Boolean, nullable=False),
    Column("arrived_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("campaign_id", sa.BigInteger),
    Column("lead_id", Text),
    Column("touch_id", Text),
    Column("matched_by", Word(MatchedBy)),
    Column("message_id", Text),
    Column("sender_hash", Text),
    Column("sender", Text),
    Column("subject", Text),
    Column("text", Text),
    Column("raw", LargeBinary),
    Column("until", Date),
    Column("note", Text),
    Column("effects", Json[Effects](Effects)),
    Column("version", Integer, nullable=False),
    Index("uq_inbound_identity", "mailbox", "identity", unique=True),
    Index("ix_inbound_mailbox", "mailbox", "id"),
    Index("ix_inbound_kind", "kind", "id"),
)
_row = inbound.c


PERSONAL = ("sender", "subject", "text", "note", "raw")
"""What a retention's end and an erasure take from a message."""
# Not the bare column: an index would say it in other words than a statement does.
WAITS = _row.waiting.is_(sa.literal_column("TRUE"))
OWN_COPIES = _row.kind == sa.literal_column(f"'{InboundClass.OWN_COPY}'")
HAS_TEXT = sa.or_(*(_row[name].is_not(None) for name in PERSONAL))

index_where("ix_inbound_waiting", WAITS, _row.id, _row.created_at)
index_where("ix_inbound_campaign", _row.campaign_id.is_not(None), _row.campaign_id, _row.id)
index_where("ix_inbound_lead", _row.lead_id.is_not(None), _row.lead_id, _row.id)
index_where("ix_inbound_sender", _row.sender_hash.is_not(None), _row.sender_hash)
index_where("ix_inbound_own_copy", OWN_COPIES, _row.mailbox, _row.message_id)
index_where("ix_inbound_texts", HAS_TEXT, _row.arrived_at)

inbox_positions = Table(
    "inbox_positions",
    metadata,
    Column("mailbox", Text, primary_key=True),
    Column("folder", Text, primary_key=True),
    Column("position", Text, nullable=False),
)

# Some providers pass a mail on under a Message-ID of their own, which answers refer to.
touch_aliases = Table(
    "touch_aliases",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("touch_id", Text, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("kind", Word(NoticeKind), nullable=False),
    Column("at", Instant, nullable=False),
    Column("campaign_id", sa.BigInteger),
    Column("inbound_id", Text),
    Column("mailbox", Text),
    Column("data", Json[Mapping[str, Value]](Mapping[str, Value]), nullable=False),
    Index("ix_notices_kind", "kind", "id"),
    sqlite_autoincrement=True,
)

notices_told = Table(
    "notices_told",
    metadata,
    Column("kind", Word(NoticeKind), primary_key=True),
    Column("at", Instant, nullable=False),
)
