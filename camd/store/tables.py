"""The tables and indexes of the database as the statements see them; `migrations/` makes them.

Those that only sending needs stand in `sending_tables`. A test holds the tables and the migrations equal. Uniqueness
that the product promises stands here and nowhere else.
"""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from camd.domain.access import Scope
from camd.domain.campaign import CampaignStatus, Definition, StatusReason, Step
from camd.domain.day_facts import DayFact
from camd.domain.events import EventType, Value
from camd.domain.facts import Facts, Verdict
from camd.domain.lead import Action, HoldReason, LeadStatus, LostReason
from camd.domain.suppression import SuppressionKind, SuppressionReason
from camd.ports.providers import JsonScalar
from camd.store.column_types import Instant, Json, Money, Word

metadata = sa.MetaData()

# Only an INTEGER key is SQLite's own row number, and only AUTOINCREMENT never gives one a second time.
SERIAL = sa.BigInteger().with_variant(Integer, "sqlite")


def index_where(name: str, condition: sa.ColumnElement[bool], *columns: sa.ColumnElement[object]) -> None:
    """Holds those rows alone for which the condition is true."""
    Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


DEFINITION_TYPE = Json[Definition](Definition)
STEPS_TYPE = Json[tuple[Step, ...]](tuple[Step, ...])

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("name", Text, nullable=False),
    Column("status", Word(CampaignStatus), nullable=False),
    Column("status_reason", Word(StatusReason)),
    Column("status_by", Text, nullable=False),
    Column("status_at", Instant, nullable=False),
    Column("status_figures", Json[Mapping[str, float]](Mapping[str, float], remembered=256), nullable=False),
    Column("status_detail", Text),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("steps_version", Integer, nullable=False),
    Column("planned_dry", Boolean, nullable=False),
    Column("first_live_at", Instant),
    Column("next_cycle_at", Instant),
    Column("mutes", Json[Mapping[str, float]](Mapping[str, float], remembered=256), nullable=False),
    Column("version", Integer, nullable=False),
    Column("definition", DEFINITION_TYPE, nullable=False),
    sqlite_autoincrement=True,
)
_not_archived = campaigns.c.status != sa.literal_column("'archived'")
Index(
    "uq_campaigns_name",
    campaigns.c.name,
    unique=True,
    sqlite_where=_not_archived,
    postgresql_where=_not_archived,
)
Index("ix_campaigns_name", campaigns.c.name, campaigns.c.id)
Index("ix_campaigns_status", campaigns.c.status, campaigns.c.id, campaigns.c.next_cycle_at)

campaign_steps = Table(
    "campaign_steps",
    metadata,
    Column("campaign_id", ForeignKey("campaigns.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("steps", STEPS_TYPE, nullable=False),
)

campaign_crashes = Table(
    "campaign_crashes",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("error", Text, nullable=False),
    Column("traceback", Text, nullable=False),
    Column("lead_id", Text),
    Index("ix_campaign_crashes_campaign", "campaign_id", "id"),
    Index("ix_campaign_crashes_at", "at"),
    sqlite_autoincrement=True,
)

campaign_sources = Table(
    "campaign_sources",
    metadata,
    Column("campaign_id", ForeignKey("campaigns.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("type", Text, nullable=False),
    Column("cursor", Json[Mapping[str, JsonScalar]](Mapping[str, JsonScalar])),
    Column("exhausted", Boolean, nullable=False),
    Column("found", Integer, nullable=False),
)

candidates = Table(
    "candidates",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False),
    Column("source", Text, nullable=False),
    Column("source_ref", Text, nullable=False),
    Column("facts", Json[Facts](Facts), nullable=False),
    Column("do_not_contact", Boolean, nullable=False),
    Column("verdict", Word(Verdict)),
    Column("is_stub", Boolean, nullable=False, server_default=sa.false()),
    Column("is_asked", Boolean, nullable=False, server_default=sa.false()),
    Index("uq_candidates_source_ref", "campaign_id", "source", "source_ref", unique=True),
    sqlite_autoincrement=True,
)
# Not the bare columns: an index would say them in other words than a statement does.
IS_NO_STUB = candidates.c.is_stub.is_(sa.literal_column("FALSE"))
IS_STUB_TO_ASK = candidates.c.is_stub.is_(sa.literal_column("TRUE")) & candidates.c.is_asked.is_(
    sa.literal_column("FALSE")
)
index_where("ix_candidates_waiting", IS_NO_STUB, candidates.c.campaign_id, candidates.c.id)
index_where("ix_candidates_stubs", IS_STUB_TO_ASK, candidates.c.campaign_id, candidates.c.id)

imports = Table(
    "imports",
    metadata,
    Column("id", Text, primary_key=True),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False),
    Column("file_name", Text),
    Column("rows", Integer, nullable=False),
    Column("counts", Json[Mapping[str, int]](Mapping[str, int]), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("finished_at", Instant),
    Column("undone_at", Instant),
    Index("ix_imports_campaign", "campaign_id", "id"),
)
_unfinished = sa.and_(imports.c.finished_at.is_(None), imports.c.undone_at.is_(None))
index_where("ix_imports_unfinished", _unfinished, imports.c.id)

leads = Table(
    "leads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("campaign_id", ForeignKey("campaigns.id"), nullable=False),
    Column("key", Text, nullable=False),
    Column("status", Word(LeadStatus), nullable=False),
    Column("lost_reason", Word(LostReason)),
    Column("ever_enriched", Boolean, nullable=False),
    Column("ever_handed_over", Boolean, nullable=False),
    Column("ever_replied", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("verdict", Word(Verdict)),
    Column("verdict_evidence", Text),
    Column("score", Float),
    Column("enriched_at", Instant),
    Column("steps_version", Integer),
    Column("next_action", Word(Action)),
    Column("next_action_at", Instant),
    Column("waits_for", Text),
    Column("won_mrr", Money),
    Column("strikes", Integer, nullable=False),
    Column("import_id", ForeignKey("imports.id")),
    Column("version", Integer, nullable=False),
    Column("address_key", Text),
    Column("address_domain", Text),
    Column("linkedin", Text),
    Column("name", Text),
    Column("source", Text),
    Column("source_ref", Text),
    Column("tags", Text, nullable=False),
    Column("search", Text, nullable=False),
    Column("facts", Json[Facts](Facts), nullable=False),
    Column("address_hash", Text),
    Column("company_key", Text),
    Index("uq_leads_key", "campaign_id", "key", unique=True),
    Index("ix_leads_campaign", "campaign_id", "id"),
    Index("ix_leads_status", "campaign_id", "status", "id"),
)


def _index_where_known(name: str, *columns: sa.Column[object], known: sa.Column[object]) -> None:
    """Most leads lack most keys; an equality with the column proves to both databases that it is not null."""
    index_where(name, known.is_not(None), *columns)


_lead = leads.c
_index_where_known(
    "ix_leads_due",
    _lead.campaign_id,
    _lead.next_action,
    _lead.next_action_at,
    _lead.id,
    known=_lead.next_action,
)
_index_where_known(
    "ix_leads_source", _lead.campaign_id, _lead.source, _lead.source_ref, _lead.id, known=_lead.source_ref
)
_index_where_known("ix_leads_linkedin", _lead.campaign_id, _lead.linkedin, _lead.id, known=_lead.linkedin)
_index_where_known("ix_leads_name", _lead.campaign_id, _lead.name, _lead.id, known=_lead.name)
_index_where_known("ix_leads_address_key", _lead.address_key, _lead.id, known=_lead.address_key)
_index_where_known("ix_leads_address_hash", _lead.address_hash, _lead.id, known=_lead.address_hash)
_index_where_known("ix_leads_address_domain", _lead.address_domain, _lead.id, known=_lead.address_domain)
_index_where_known("ix_leads_company", _lead.company_key, _lead.id, known=_lead.company_key)
_index_where_known("ix_leads_import", _lead.import_id, _lead.id, known=_lead.import_id)

lead_holds = Table(
    "lead_holds",
    metadata,
    Column("lead_id", ForeignKey("leads.id"), primary_key=True),
    Column("reason", Word(HoldReason), primary_key=True),
    Column("since", Instant, nullable=False),
    Column("until", Instant),
    Column("note", Text),
)

tallies = Table(
    "tallies",
    metadata,
    Column("campaign_id", ForeignKey("campaigns.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("amount", sa.BigInteger, nullable=False),
)

campaign_days = Table(
    "campaign_days",
    metadata,
    Column("campaign_id", ForeignKey("campaigns.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    *(Column(fact.value, Integer, nullable=False) for fact in DayFact),
)

answers = Table(
    "answers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("location", Text),
    Column("body", LargeBinary),
    Column("is_personal", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_answers_at", "at"),
)
IS_PERSONAL = answers.c.is_personal.is_(sa.literal_column("TRUE"))
index_where("ix_answers_personal", IS_PERSONAL, answers.c.id)

suppressions = Table(
    "suppressions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Word(SuppressionKind), nullable=False),
    Column("hash", Text, nullable=False),
    Column("value", Text),
    Column("reason", Word(SuppressionReason), nullable=False),
    Column("note", Text),
    Column("created_at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    # The hash stands first: the gate asks for several hashes whatever their kind.
    Index("uq_suppressions_hash", "hash", "kind", unique=True),
    Index("ix_suppressions_reason", "reason", "id"),
)

# No foreign keys: the ledger outlives what it tells of.
ledger = Table(
    "ledger",
    metadata,
    Column("seq", SERIAL, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("type", Word(EventType), nullable=False),
    Column("actor", Text, nullable=False),
    Column("campaign_id", sa.BigInteger),
    Column("lead_id", Text),
    Column("touch_id", Text),
    Column("data", Json[Mapping[str, Value]](Mapping[str, Value]), nullable=False),
    Column("is_dry", Boolean, nullable=False, server_default=sa.false()),
    Index("ix_ledger_campaign", "campaign_id", "seq"),
    Index("ix_ledger_lead", "lead_id", "seq"),
    sqlite_autoincrement=True,
)

# Of a token only its hash is kept.
tokens = Table(
    "tokens",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("name", Text, nullable=False),
    Column("scope", Word(Scope), nullable=False),
    Column("hash", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("by", Text, nullable=False),
    Column("expires", Instant),
    Column("last_used", Instant),
    Column("revoked_at", Instant),
    Index("uq_tokens_hash", "hash", unique=True),
    sqlite_autoincrement=True,
)
_not_revoked = tokens.c.revoked_at.is_(None)
Index("uq_tokens_name", tokens.c.name, unique=True, sqlite_where=_not_revoked, postgresql_where=_not_revoked)

instance = Table(
    "instance",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1"), primary_key=True, autoincrement=False),
    Column("key", LargeBinary, nullable=False),
    Column("kill_switch", Boolean, nullable=False),
    Column("kill_switch_reason", Text),
    Column("kill_switch_since", Instant),
    Column("kill_switch_by", Text),
    Column("recovery_hold", Boolean, nullable=False, server_default=sa.false()),
    Column("recovery_reason", Text),
    Column("recovery_since", Instant),
    Column("recovery_by", Text),
    Column(
        "recovery_figures",
        Json[Mapping[str, int]](Mapping[str, int], remembered=8),
        nullable=False,
        server_default="{}",
    ),
    Column("machine_id", Text),
    Column("hardware_id", Text),
    Column("inode", Text),
    Column("journal_generation", Integer, nullable=False, server_default=sa.text("1")),
    Column("journal_number", sa.BigInteger, nullable=False, server_default=sa.text("0")),
)
