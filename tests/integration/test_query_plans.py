"""Every statement of the store on tables of 1,000,000 leads, 1,000,000 settled lookups, 200,000 settled touches and
200,000 messages that came in: by its plan, and by the work that its calls cause."""

import pkgutil
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from sqlalchemy import Connection, Delete, Select, Update, create_engine
from sqlalchemy.dialects import sqlite

import camd.store
from camd.domain.campaign import CampaignStatus, Definition, StatusChange
from camd.domain.facts import CampaignId, CandidateId, ImportId, InboundId, LeadId
from camd.domain.inbound import InboundClass
from camd.domain.lead import Action, LeadStatus
from camd.domain.token_bucket import QuotaScope
from camd.domain.waterfall import Operation
from camd.ports.lookups import Asking, JobId, LookupId
from camd.ports.records import (
    DeliveryScope,
    EventFilter,
    Identity,
    Import,
    InboundFilter,
    LeadFilter,
    Listing,
    NoticeKind,
    TouchFilter,
    TouchStatus,
)
from camd.ports.store import Tx
from camd.store.migrate import migrate
from camd.store.quotas import USED
from camd.store.sqlite import JournalLines, SqlTx
from camd.store.writer import driver_connection

LEADS = 1_000_000
TOUCHES = 200_000
MESSAGES = 200_000
LOOKUPS = 1_000_000
WANTED = 100_000
STUBS = 50_000
CAMPAIGNS = 10
NOW = datetime(2026, 3, 2, tzinfo=UTC)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
FAR = datetime(2200, 1, 1, tzinfo=UTC)
ONE = CampaignId(1)
ENDS = [FAR - timedelta(days=13 - place) for place in range(14)]
ASKING = Asking("apollo", Operation.MATCH, ONE, LeadId("ld_00500000"), None, Decimal(1), "like", ("00500000", "x"))

SCANS_KNOWINGLY = {
    "answers.FORGET_PERSONAL": "its index holds those of a day that an erasure forgets and no other",
    "campaigns.BY_STATUS": "one row a campaign, for a person or a scrape",
    "campaigns.FORGET_CRASHES_OF": "the crashes of a month, once for an erasure",
    "counters.TOTAL": "some rows a campaign, for a person or a scrape",
    "deliveries.DAYS_OF_ALL": "a step for each campaign, for a person",
    "imports.UNFINISHED": "its index holds the unfinished ones and no other",
    "inbox.COUNT_WAITING": "its index holds those that wait and no other",
    "inbox.MENTIONING": "every text, once for an erasure",
    "inbox.OLDEST_WAITING": "one row of the index of those that wait",
    "instance.GATE": "one row",
    "instance.IDENTITY": "one row",
    "instance.JOURNAL_MARK": "one row",
    "instance.NEXT_JOURNAL_MARK": "one row",
    "instance.SET": "one row",
    "lookups.CAMPAIGNS_DUE": "one step of its walk for each campaign that wants something",
    "mailboxes.ALL": "one row a mailbox, for a person or a scrape",
    "notices.COUNT_WAITING": "the table holds what waits to be told and no other",
    "tallies.OF_ALL": "some rows a campaign, for a person or a scrape",
    "tokens.ALL": "some tokens, when the process starts",
    "webhooks.ENDPOINTS": "one row an endpoint",
}
SORTS_KNOWINGLY = {
    "campaigns.NAMED": "sorts the few campaigns that ever bore one name",
    "days.SINCE_OF_ALL": "sums the last days of each campaign, for a person",
    "deliveries.DAYS_OF_ALL": "sums the last days of each campaign, for a person",
    "inbox.OF_SENDER": "sorts the messages of one person, once for an export or an erasure",
    "inbox.PAGElead_id": "sorts the few messages of one lead",
    "leads.UNRELEASED": "groups the leads of one import, once, when it is finished",
    "lookups.ASKED": "sorts the few in flight at one provider",
    "lookups.SETTLED": "sorts the few answers about one person",
    "previews.BY_DAY": "counts what is planned by day, for a person",
    "touches.PLANNED_BY_DAY": "counts what is planned by day, for a person",
    "touches.READY_BY_DAY": "counts what is planned by day, for a person",
    "touches.STANDING": "counts what waits by its reason, for a person",
    "touches.IN_FLIGHT": "sorts the few in flight, one of a mailbox",
    "touches.PAGE('lead_id',)": "sorts the few touches of one lead",
}
INDEX = {
    "answers.FORGET_OLD": "ix_answers_at",
    "answers.FORGET_PERSONAL": "ix_answers_personal",
    "imports.UNFINISHED": "ix_imports_unfinished",
    "campaigns.ACTIVE": "ix_campaigns_status",
    "candidates.STUBS": "ix_candidates_stubs",
    "candidates.WAITING": "ix_candidates_waiting",
    "inbox.COUNT_WAITING": "ix_inbound_waiting",
    "inbox.FORGET_OF_LEAD": "ix_inbound_lead",
    "inbox.FORGET_OF_SENDER": "ix_inbound_sender",
    "inbox.FORGET_TEXTS": "ix_inbound_texts",
    "inbox.KNOWS": "uq_inbound_identity",
    "inbox.OF_SENDER": "ix_inbound_sender",
    "inbox.OLDEST_WAITING": "ix_inbound_waiting",
    "inbox.OWN_COPY": "ix_inbound_own_copy",
    "inbox.PAGEcampaign_id": "ix_inbound_campaign",
    "inbox.PAGEkind": "ix_inbound_kind",
    "inbox.PAGElead_id": "ix_inbound_lead",
    "inbox.PAGEmailbox": "ix_inbound_mailbox",
    "inbox.PAGEwaiting": "ix_inbound_waiting",
    "leads.DUE": "ix_leads_due",
    "leads.KNOWN_BY_KEY": "uq_leads_key",
    "leads.KNOWN_BY_LINKEDIN": "ix_leads_linkedin",
    "leads.KNOWN_BY_NAME": "ix_leads_name",
    "leads.KNOWN_BY_NAME_WITHOUT_ADDRESS": "ix_leads_name",
    "leads.KNOWN_BY_SOURCE": "ix_leads_source",
    "leads.NEXT_DUE": "ix_leads_due",
    "leads.OF_ADDRESS_HASH": "ix_leads_address_hash",
    "leads.OF_COMPANY": "ix_leads_company",
    "leads.OF_DOMAIN": "ix_leads_address_domain",
    "leads.OF_IMPORT": "ix_leads_import",
    "leads.OF_PERSON": "ix_leads_address_key",
    "leads.WAKE": "ix_leads_due",
    "ledger.AFTER_OF_CAMPAIGN": "ix_ledger_campaign",
    "ledger.AFTER_OF_LEAD": "ix_ledger_lead",
    "ledger.NEWEST_OF_CAMPAIGN": "ix_ledger_campaign",
    "ledger.NEWEST_OF_LEAD": "ix_ledger_lead",
    "ledger.NEXT_OF": "ix_ledger_campaign",
    "lookups.ASKED": "ix_lookups_in_flight",
    "lookups.CAMPAIGNS_DUE": "ix_lookups_due",
    "lookups.CREDITS_WANTED": "ix_lookups_open",
    "lookups.DROP_OF_CANDIDATE": "ix_lookups_candidate",
    "lookups.FORGET_ANSWERS_OF_CANDIDATE": "ix_lookups_candidate",
    "lookups.DROP_OF_LEAD": "ix_lookups_lead",
    "lookups.DUE": "ix_lookups_due",
    "lookups.FORGET_ANSWERS": "ix_lookups_lead",
    "lookups.IN_FLIGHT_ALIKE": "ix_lookups_in_flight",
    "lookups.NAMES": "ix_lookup_subjects_lookup",
    "lookups.NEXT_DUE_AT": "ix_lookups_next_due",
    "lookups.OF_CANDIDATE": "ix_lookups_candidate",
    "lookups.OF_JOB": "ix_lookups_job",
    "lookups.OF_LEADS": "ix_lookups_lead",
    "lookups.OPEN_COUNTS": "ix_lookups_open",
    "lookups.OPEN_JOBS": "ix_lookup_jobs_poll",
    "lookups.PUT_OFF": "ix_lookups_open",
    "lookups.WANTED": "ix_lookups_wanted",
    "notices.REMOVE": "ix_notices_kind",
    "notices.WAITING": "ix_notices_kind",
    **{f"quotas.USED{windows}": "ix_quota_debits_at" for windows in USED},
    "quotas.USED_SINCE": "ix_quota_debits_at",
    "previews.BY_DAY": "ix_previews_due",
    "suppressions.COVERING": "uq_suppressions_hash",
    "touches.BEGUN_SINCE": "ix_touches_intent",
    "touches.PLANNED_BY_DAY": "ix_touches_planned",
    "touches.READY_BY_DAY": "ix_touches_ready_of",
    "touches.NEXT_OF": "ix_touches_ready_of",
    "touches.STANDING": "ix_touches_campaign_status",
    "touches.COUNT": "ix_touches_status",
    "touches.COUNT_OF_CHANNEL": "ix_touches_status",
    "touches.COUNT_QUEUED": "ix_touches_queued",
    "touches.COUNT_DUE": "ix_touches_ready_at",
    "touches.FIRST_INTENT_AT": "ix_touches_intent",
    "touches.FORGET_TEXTS": "ix_touches_texts",
    "touches.READY_INSTANTS": "ix_touches_approved",
    "touches.IN_FLIGHT": "ix_touches_status",
    "touches.NEXT_READY": "ix_touches_next_ready",
    "touches.NEXT_READY_AT": "ix_touches_ready_at",
    "touches.OF_MESSAGE": "ix_touches_message",
    "touches.NEXT_WAITING_MAILBOX": "ix_touches_queued",
    "touches.OLDEST_UNKNOWN": "ix_touches_status",
    "touches.APPROVED_BEFORE": "ix_touches_approved",
    "touches.PAGE('campaign_id',)": "ix_touches_campaign",
    "touches.PAGE('campaign_id', 'status')": "ix_touches_campaign_status",
    "touches.PAGE('channel',)": "ix_touches_channel",
    "touches.PAGE('mailbox',)": "ix_touches_mailbox",
    "touches.PAGE('status',)": "ix_touches_status",
    "touches.PLANNED_OF": "ix_touches_planned",
    "touches.READY_OF": "ix_touches_ready_of",
    "touches.REARM": "uq_touches_step",
    "touches.SENT_BESIDES": "uq_touches_step",
    "touches.UNBOUND": "ix_touches_queued",
    "touches.UNKNOWN": "ix_touches_status",
    "webhooks.BACKLOG": "ix_webhook_deliveries_pending",
    "webhooks.COUNT_DEAD": "ix_webhook_deliveries_dead",
    "webhooks.DUE": "ix_webhook_deliveries_due",
    "webhooks.EVENT_ID": "uq_webhook_deliveries_event",
    "webhooks.FORGET": "ix_webhook_deliveries_over",
    "webhooks.HURRY": "ix_webhook_deliveries_due",
    "webhooks.NEXT_AT": "ix_webhook_deliveries_due",
    "webhooks.OLDEST": "ix_webhook_deliveries_pending",
    "webhooks.PAGETrue": "ix_webhook_deliveries_status",
}

FILL = f"""
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {LEADS} - 1)
INSERT INTO leads (
    id, campaign_id, key, status, ever_enriched, ever_handed_over, ever_replied, created_at, updated_at,
    next_action, next_action_at, strikes, import_id, version, address_key, address_domain, linkedin, name,
    source, source_ref, tags, search, facts, company_key
)
SELECT
    printf('ld_%08d', i), i / {LEADS // CAMPAIGNS} + 1, printf('address:%08d@a.com', i), 'new', 0, 0, 0, 0, 0,
    CASE i % 2 WHEN 0 THEN 'enrich' ELSE 'outreach' END, CASE i % 2 WHEN 0 THEN NULL ELSE {2**51} + i END, 0,
    'im_1', 1, printf('%08d@a.com', i), printf('a%08d.com', i), printf('li%08d', i), printf('n%08d', i),
    'csv', printf('%08d', i), '', '', '{{}}', printf('a%08d.com', i)
FROM n
"""
FILL_TOUCHES = f"""
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {TOUCHES} - 1)
INSERT INTO touches (
    id, campaign_id, lead_id, step, channel, status, due_at, ready_at, mailbox, steps_version, version, message_id,
    recipient_hash, intent_at, settled_at
)
SELECT
    printf('to_%08d', i), i / {LEADS // CAMPAIGNS} + 1, printf('ld_%08d', i), 1, 'email', 'sent', i, i, 'sales', 1, 1,
    printf('<%08d@a.com>', i), printf('%08d', i), i, i
FROM n
"""
FILL_INBOUND = f"""
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {MESSAGES} - 1)
INSERT INTO inbound (
    id, mailbox, identity, kind, evidence, waiting, arrived_at, created_at, by, campaign_id, lead_id, message_id,
    sender_hash, version
)
SELECT
    printf('in_%08d', i), 'sales', printf('%08d', i), 'own_copy', '', 0, i, i, 'engine', 1, printf('ld_%08d', i / 2),
    printf('%08d@a.com', i), printf('%08d', i), 1
FROM n
"""
FILL_LOOKUPS = f"""
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {LOOKUPS} - 1)
INSERT INTO lookups (
    provider, operation, campaign_id, lead_id, status, price, wanted_at, not_before, likeness, tries, memory, asked_at,
    settled_at, result, spent, answer
)
SELECT
    'apollo', 'match', i / {LOOKUPS // CAMPAIGNS} + 1, printf('ld_%08d', i), 'done', 1000, i, i, 'like', 0, '{{}}', i,
    i, 'found', 1000, '{{}}'
FROM n
"""
FILL_WANTED = f"""
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {WANTED} - 1)
INSERT INTO lookups (
    provider, operation, campaign_id, lead_id, status, price, wanted_at, not_before, likeness, tries, memory
)
SELECT 'hunter', 'find', 2, printf('ld_%08d', i), 'wanted', 1000, i, {2**52} + i, 'like', 0, '{{}}' FROM n
"""
FILL_SUBJECTS = """
INSERT INTO lookup_subjects (provider, operation, subject, lookup_id)
SELECT provider, operation, printf('%08d', id), id FROM lookups
"""
FILL_STUBS = f"""
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {STUBS} - 1)
INSERT INTO candidates (campaign_id, source, source_ref, facts, do_not_contact, is_stub, is_asked)
SELECT 1, 'apollo', printf('%08d', i), '{{}}', 0, 1, 1
FROM n
"""


def tx_of(connection: Connection) -> Tx:
    return SqlTx(connection, JournalLines())


def statements() -> dict[str, Select[Any] | Update | Delete]:
    found: dict[str, Select[Any] | Update | Delete] = {}
    for module in pkgutil.iter_modules(camd.store.__path__):
        for name, value in vars(import_module(f"camd.store.{module.name}")).items():
            several = value if isinstance(value, dict) else {"": value}
            kept = {key: each for key, each in several.items() if isinstance(each, Select | Update | Delete)}
            found |= {f"{module.name}.{name}{key}": each for key, each in kept.items() if not name.startswith("_")}
    return found


STATEMENTS = statements()
"""Found, not listed, so that a new statement cannot be forgotten."""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    path = tmp_path_factory.mktemp("plans") / "camd.db"
    engine = create_engine(f"sqlite:///{path}", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        migrate(connection)
        raw = driver_connection(connection)
        for setting in ("synchronous=OFF", "journal_mode=OFF", "cache_size=-200000"):
            raw.execute(f"PRAGMA {setting}")
        active = StatusChange(CampaignStatus.ACTIVE, None, "engine", NOW)
        for number in range(CAMPAIGNS):
            tx_of(connection).campaigns.add(Definition(f"Q{number}"), active)
        tx_of(connection).imports.add(Import(ImportId("im_1"), ONE, None, LEADS, {}, NOW, "os:ann"))
        raw.execute(FILL)
        raw.execute(FILL_TOUCHES)
        raw.execute(FILL_INBOUND)
        raw.execute(FILL_LOOKUPS)
        raw.execute(FILL_WANTED)
        raw.execute(FILL_SUBJECTS)
        raw.execute(FILL_STUBS)
        yield connection
    engine.dispose()


def plan(connection: Connection, name: str) -> list[str]:
    sql = str(STATEMENTS[name].compile(dialect=sqlite.dialect()))
    sql = re.sub(r"\(__\[POSTCOMPILE_\w+\]\)", "(?, ?)", sql)
    rows = driver_connection(connection).execute(f"EXPLAIN QUERY PLAN {sql}", [None] * sql.count("?"))
    return [detail for *_, detail in rows]


@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - SCANS_KNOWINGLY.keys()))
def test_no_statement_scans_a_table(database: Connection, name: str) -> None:
    steps = plan(database, name)
    assert [step for step in steps if step.startswith("SCAN") and step != "SCAN CONSTANT ROW"] == []


@pytest.mark.parametrize("name", sorted(STATEMENTS.keys() - SCANS_KNOWINGLY.keys() - SORTS_KNOWINGLY.keys()))
def test_no_statement_sorts_what_an_index_could_give_in_order(database: Connection, name: str) -> None:
    assert [step for step in plan(database, name) if "TEMP B-TREE" in step] == []


@pytest.mark.parametrize(("name", "index"), INDEX.items())
def test_a_statement_of_the_loop_uses_the_index_made_for_it(database: Connection, name: str, index: str) -> None:
    assert any(f"INDEX {index} " in f"{step} " for step in plan(database, name))


def test_the_exceptions_name_statements_that_exist() -> None:
    assert SCANS_KNOWINGLY.keys() | SORTS_KNOWINGLY.keys() | INDEX.keys() <= STATEMENTS.keys()


@pytest.mark.parametrize(
    "call",
    [
        lambda tx: tx.leads.due(ONE, Action.ENRICH, NOW, 50),
        lambda tx: tx.leads.due(ONE, Action.OUTREACH, NOW, 50),
        lambda tx: tx.leads.due(ONE, Action.OUTREACH, FAR, 50),
        lambda tx: tx.leads.next_due(ONE),
        lambda tx: tx.leads.known(ONE, Identity("k", "csv", "x", "li", "n", has_address=True)),
        lambda tx: tx.leads.known(ONE, Identity("k", "csv", "x", "li", "n", has_address=False)),
        lambda tx: tx.leads.get(LeadId("ld_00500000")),
        lambda tx: tx.leads.of_person("00500000@a.com"),
        lambda tx: tx.leads.of_domain("a00500000.com"),
        lambda tx: tx.leads.of_company("a00500000.com"),
        lambda tx: tx.leads.of_import(ImportId("im_1"), 50, LeadId("ld_00500000")),
        lambda tx: tx.leads.page(ONE, Listing(), LeadFilter()),
        lambda tx: tx.leads.page(ONE, Listing(), LeadFilter(status=LeadStatus.WON)),
        lambda tx: tx.leads.page(None, Listing(), LeadFilter()),
        lambda tx: tx.leads.tallies(ONE),
        lambda tx: tx.campaigns.active(),
        lambda tx: tx.candidates.waiting(ONE, 50),
        lambda tx: tx.candidates.stubs(ONE, 50),
        lambda tx: tx.candidates.is_any(ONE),
        lambda tx: tx.candidates.remove([CandidateId(1)]),
        lambda tx: tx.suppressions.covering(["a", "b", "c"]),
        lambda tx: tx.quotas.used(QuotaScope.CAMPAIGN, "1", NOW),
        lambda tx: tx.deliveries.days(DeliveryScope.CAMPAIGN, "1", date(2026, 3, 2)),
        lambda tx: tx.days.since(ONE, date(2026, 3, 2)),
        lambda tx: tx.answers.get("x", NOW),
        lambda tx: tx.candidates.all(CandidateId(0), 50),
        lambda tx: tx.lookups.forget_candidate(CandidateId(1)),
        lambda tx: tx.deliveries.since(DeliveryScope.CAMPAIGN, "1", date(2026, 3, 2)),
        lambda tx: tx.deliveries.clean_days("sales", date(2026, 3, 2)),
        lambda tx: tx.touches.of_lead(LeadId("ld_00050000")),
        lambda tx: tx.touches.next_ready("sales", CampaignId(0), FAR, NOW),
        lambda tx: tx.touches.next_ready_at("sales", LONG_AGO),
        lambda tx: tx.touches.ready_of(ONE, FAR, 50),
        lambda tx: tx.touches.unbound("sales", None, 50),
        lambda tx: tx.touches.waiting_mailboxes(),
        lambda tx: tx.touches.in_flight("sales"),
        lambda tx: tx.touches.in_flight(),
        lambda tx: tx.touches.planned(ONE, "email", 50),
        lambda tx: tx.touches.approved(ONE, FAR, 50),
        lambda tx: tx.touches.ready_instants(ONE, LONG_AGO),
        lambda tx: tx.touches.queued("sales"),
        lambda tx: tx.touches.due_by_day([ONE, CampaignId(2)], ENDS),
        lambda tx: tx.touches.next_of(ONE),
        lambda tx: tx.touches.standing_of(ONE, FAR),
        lambda tx: tx.touches.begun_since(ONE, "sales", NOW),
        lambda tx: tx.previews.due_by_day([ONE, CampaignId(2)], LONG_AGO, ENDS),
        lambda tx: tx.days.since_of_all(date(2026, 3, 2)),
        lambda tx: tx.deliveries.days_of_all(date(2026, 3, 2)),
        lambda tx: tx.touches.rearm(LeadId("ld_00050000"), NOW),
        lambda tx: tx.touches.of_message("<00050000@a.com>"),
        lambda tx: tx.touches.count(TouchStatus.UNKNOWN),
        lambda tx: tx.touches.count(TouchStatus.PLANNED, "task"),
        lambda tx: tx.touches.oldest_unknown(),
        lambda tx: tx.touches.first_intent_at("sales"),
        lambda tx: tx.touches.unknown_of("sales"),
        lambda tx: tx.touches.of_alias("00050000@a.com"),
        lambda tx: tx.touches.forget_texts(FAR, 50),
        lambda tx: tx.touches.page(Listing(), TouchFilter()),
        lambda tx: tx.touches.page(Listing(), TouchFilter(status=TouchStatus.UNKNOWN)),
        lambda tx: tx.touches.page(Listing(), TouchFilter(campaign_id=ONE, status=TouchStatus.UNKNOWN)),
        lambda tx: tx.touches.page(Listing(), TouchFilter(campaign_id=CampaignId(9))),
        lambda tx: tx.touches.page(Listing(), TouchFilter(lead_id=LeadId("ld_00050000"))),
        lambda tx: tx.touches.page(Listing(), TouchFilter(mailbox="other")),
        lambda tx: tx.touches.page(Listing(), TouchFilter(channel="task")),
        lambda tx: tx.ledger.after(0, 50, EventFilter(campaign_id=ONE)),
        lambda tx: tx.ledger.after(0, 50, EventFilter(campaign_id=ONE), newest=True),
        lambda tx: tx.inbox.knows("sales", "00050000"),
        lambda tx: tx.inbox.get(InboundId("in_00050000")),
        lambda tx: tx.inbox.position("sales", "INBOX"),
        lambda tx: tx.inbox.count_waiting(),
        lambda tx: tx.inbox.oldest_waiting(),
        lambda tx: tx.inbox.has_own_copy("sales", "00050000@a.com"),
        lambda tx: tx.inbox.forget_person(LeadId("ld_00050000"), "00050000"),
        lambda tx: tx.inbox.forget_texts(FAR, 50),
        lambda tx: tx.inbox.page(Listing(), InboundFilter()),
        lambda tx: tx.inbox.page(Listing(), InboundFilter(waiting=True)),
        lambda tx: tx.inbox.page(Listing(), InboundFilter(waiting=False)),
        lambda tx: tx.inbox.page(Listing(), InboundFilter(kind=InboundClass.COMPLAINT)),
        lambda tx: tx.inbox.page(Listing(), InboundFilter(campaign_id=CampaignId(9))),
        lambda tx: tx.inbox.page(Listing(), InboundFilter(lead_id=LeadId("ld_00050000"))),
        lambda tx: tx.inbox.page(Listing(), InboundFilter(mailbox="other")),
        lambda tx: tx.notices.waiting(NoticeKind.ANSWER, 50),
        lambda tx: tx.notices.count_waiting(),
        lambda tx: tx.notices.last_told(NoticeKind.ANSWER),
        lambda tx: tx.lookups.want(ASKING, NOW),
        lambda tx: tx.lookups.get(LookupId(500_000)),
        lambda tx: tx.lookups.drop(LookupId(500_000)),
        lambda tx: tx.lookups.of_leads([LeadId("ld_00050000"), LeadId("ld_00500000")]),
        lambda tx: tx.lookups.of_candidate(CandidateId(1)),
        lambda tx: tx.lookups.campaigns_due("apollo", Operation.MATCH, FAR),
        lambda tx: tx.lookups.due("apollo", Operation.MATCH, ONE, FAR, 50),
        lambda tx: tx.lookups.wanted("apollo", 50),
        lambda tx: tx.lookups.next_due_at("apollo", LONG_AGO),
        lambda tx: tx.lookups.put_off("apollo", ONE, FAR, "provider_credits"),
        lambda tx: tx.lookups.subjects(LookupId(500_000)),
        lambda tx: tx.lookups.add_subjects(LookupId(500_000), ["a", "b"]),
        lambda tx: tx.lookups.settled("apollo", Operation.MATCH, ["00500000", "00500001", "x"]),
        lambda tx: tx.lookups.is_in_flight("apollo", Operation.MATCH, ["00500000", "00500001", "x"], "like"),
        lambda tx: tx.lookups.in_flight("apollo"),
        lambda tx: tx.lookups.credits_wanted(ONE),
        lambda tx: tx.lookups.open_counts(ONE),
        lambda tx: tx.lookups.forget_answers(LeadId("ld_00500000")),
        lambda tx: tx.lookups.campaigns_due("hunter", Operation.FIND, NOW),
        lambda tx: tx.lookups.campaigns_due("hunter", Operation.FIND, FAR),
        lambda tx: tx.lookups.due("hunter", Operation.FIND, CampaignId(2), NOW, 50),
        lambda tx: tx.lookups.due("hunter", Operation.FIND, CampaignId(2), FAR, 50),
        lambda tx: tx.lookups.wanted("hunter", 50),
        lambda tx: tx.lookups.next_due_at("hunter", NOW),
        lambda tx: tx.lookups.in_flight("hunter"),
        lambda tx: tx.lookups.is_in_flight("hunter", Operation.FIND, ["00500000"], "like"),
        lambda tx: tx.lookups.open_jobs("apollo"),
        lambda tx: tx.lookups.of_job(JobId(1)),
    ],
)
def test_a_call_of_the_loop_costs_what_it_finds_and_not_what_is_stored(
    database: Connection, call: Callable[[Tx], object]
) -> None:
    raw = driver_connection(database)
    thousands: list[None] = []
    raw.set_progress_handler(lambda: thousands.append(None), 1000)
    try:
        call(tx_of(database))
    finally:
        raw.set_progress_handler(None, 0)
    assert len(thousands) <= 10, "thousands of steps of SQLite's machine"
