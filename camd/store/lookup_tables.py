"""The tables of questions to providers. No foreign keys to leads and candidates: the receipts outlive both.

A lookup is worked on while it is wanted, asked or pending, and is then kept for good: the indexes of that work hold
those lookups and no others. SQLite takes such an index only where a statement says its condition word for word: the
conditions stand here.
"""

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from camd.domain.waterfall import LookupResult, LookupStatus, Operation
from camd.ports.lookups import OPEN, LookupAnswer, Memory
from camd.store.column_types import Credits, Instant, Json, Word
from camd.store.tables import SERIAL, index_where, metadata

lookups = Table(
    "lookups",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("operation", Word(Operation), nullable=False),
    Column("campaign_id", sa.BigInteger, nullable=False),
    Column("lead_id", Text),
    Column("candidate_id", sa.BigInteger),
    Column("status", Word(LookupStatus), nullable=False),
    Column("price", Credits, nullable=False),
    Column("wanted_at", Instant, nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("likeness", Text),
    Column("denied", Text),
    Column("tries", Integer, nullable=False),
    Column("memory", Json[Memory](Memory, remembered=256), nullable=False),
    Column("asked_at", Instant),
    Column("job_id", sa.BigInteger),
    Column("settled_at", Instant),
    Column("result", Word(LookupResult)),
    Column("spent", Credits),
    Column("answer", Json[LookupAnswer](LookupAnswer)),
    Column("copied_from", sa.BigInteger),
    sqlite_autoincrement=True,
)
_row = lookups.c


def _in(*statuses: LookupStatus) -> sa.ColumnElement[bool]:
    return _row.status.in_([sa.literal_column(f"'{status}'") for status in statuses])


def is_status(status: LookupStatus) -> sa.ColumnElement[bool]:
    return _row.status == sa.literal_column(f"'{status}'")


IS_WANTED = is_status(LookupStatus.WANTED)
IN_FLIGHT = _in(LookupStatus.ASKED, LookupStatus.PENDING)
OF_A_LEAD = _row.lead_id.is_not(None)
IS_OPEN = _in(*(status for status in LookupStatus if status in OPEN))

index_where("ix_lookups_due", IS_WANTED, _row.provider, _row.operation, _row.campaign_id, _row.not_before, _row.id)
index_where("ix_lookups_next_due", IS_WANTED, _row.provider, _row.not_before)
index_where("ix_lookups_wanted", IS_WANTED & OF_A_LEAD, _row.provider, _row.id)
index_where("ix_lookups_in_flight", IN_FLIGHT, _row.provider, _row.operation, _row.likeness)
# What is counted and summed is read here without a look at the rows.
index_where("ix_lookups_open", IS_OPEN, _row.campaign_id, _row.provider, _row.denied, _row.status, _row.price)
index_where("ix_lookups_lead", OF_A_LEAD, _row.lead_id, _row.id)
index_where("ix_lookups_candidate", _row.candidate_id.is_not(None), _row.candidate_id, _row.id)
index_where("ix_lookups_job", _row.job_id.is_not(None), _row.job_id, _row.id)

lookup_subjects = Table(
    "lookup_subjects",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("operation", Word(Operation), primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("lookup_id", ForeignKey("lookups.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_lookup_subjects_lookup", "lookup_id", "subject"),
)

lookup_jobs = Table(
    "lookup_jobs",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("operation", Word(Operation), nullable=False),
    Column("vendor_id", Text, nullable=False),
    Column("submitted_at", Instant, nullable=False),
    Column("poll_at", Instant, nullable=False),
    Column("polls", Integer, nullable=False),
    Index("ix_lookup_jobs_poll", "provider", "poll_at", "id"),
    sqlite_autoincrement=True,
)
