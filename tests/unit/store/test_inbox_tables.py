"""Leads from before anything came in are found by their company too."""

import json
import shutil
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from camd.domain.campaign import CampaignStatus, Definition, StatusChange
from camd.domain.facts import Facts, LeadId
from camd.domain.lead import Lead, LeadState, LeadStatus
from camd.store.migrate import MIGRATIONS, migrate
from camd.store.sqlite import JournalLines, SqlTx
from camd.store.writer import Writer
from camd.system import SystemClock

CAMPAIGN = """
INSERT INTO campaigns (name, status, status_by, status_at, status_figures, created_at, updated_at, steps_version,
                       planned_dry, mutes, version, definition)
VALUES ('Q1', 'draft', 'os:ann', 0, '{}', 0, 0, 1, 1, '{}', 1, '{}')
"""
LEAD = """
INSERT INTO leads (id, campaign_id, key, status, ever_enriched, ever_handed_over, ever_replied, created_at, updated_at,
                   strikes, version, address_key, tags, search, facts)
VALUES (?, 1, ?, 'new', 0, 0, 0, 0, 0, 0, 1, ?, '', '', ?)
"""
LEADS = [
    ("ann@sales.acme.co.uk", "other.com"),
    ("bob@gmail.com", "www.acme.co.uk"),
    ("eve@gmail.com", None),
    (None, "acme.co.uk"),
    (None, None),
]
MORE_THAN_A_BATCH = 10_001


def fill(connection: Connection) -> None:
    connection.exec_driver_sql(CAMPAIGN)
    for number, (address, domain) in enumerate(LEADS):
        facts = json.dumps({"email": address, "domain": domain})
        connection.exec_driver_sql(LEAD, (f"ld_{number}", f"key {number}", address, facts))


def fill_many(connection: Connection) -> None:
    connection.exec_driver_sql(CAMPAIGN)
    rows = [(f"ld_{number:05}", f"key {number}", None, "{}") for number in range(MORE_THAN_A_BATCH - 1)]
    connection.exec_driver_sql(LEAD, [*rows, ("ld_last", "key last", "ann@acme.com", "{}")])


def found(company: str, connection: Connection) -> list[str]:
    return [lead.id for lead in SqlTx(connection, JournalLines()).leads.of_company(company)]


def companies(connection: Connection) -> list[str | None]:
    return [key for (key,) in connection.exec_driver_sql("SELECT company_key FROM leads ORDER BY id")]


def insert_anew(connection: Connection) -> None:
    tx = SqlTx(connection, JournalLines())
    draft = StatusChange(CampaignStatus.DRAFT, None, "os:ann", SystemClock().now())
    campaign = tx.campaigns.add(Definition("Q1"), draft)
    for number, (email, domain) in enumerate(LEADS):
        state, facts, now = LeadState(LeadStatus.NEW), Facts(email=email, domain=domain), SystemClock().now()
        tx.leads.insert(Lead(LeadId(f"ld_{number}"), campaign.id, f"key {number}", state, facts, now, now))


def migrations_before(folder: Path) -> Path:
    before = folder / "before"
    shutil.copytree(MIGRATIONS, before)
    for script in (before / "versions").glob("0*.py"):
        if script.name >= "0004":
            script.unlink()
    return before


async def test_the_migration_finds_the_companies_of_the_leads_that_are_there(tmp_path: Path) -> None:
    async with Writer(tmp_path / "camd.db", SystemClock()) as writer:
        await writer.alone(partial(migrate, scripts=migrations_before(tmp_path)))
        await writer.write(fill)
        await writer.alone(migrate)
        assert await writer.write(partial(found, "acme.co.uk")) == ["ld_0", "ld_1", "ld_3"]
        migrated = await writer.write(companies)
    async with Writer(tmp_path / "other.db", SystemClock()) as writer:
        await writer.alone(migrate)
        await writer.write(insert_anew)
        assert await writer.write(companies) == migrated


async def test_the_migration_goes_through_all_batches_of_leads(tmp_path: Path) -> None:
    async with Writer(tmp_path / "camd.db", SystemClock()) as writer:
        await writer.alone(partial(migrate, scripts=migrations_before(tmp_path)))
        await writer.write(fill_many)
        await writer.alone(migrate)
        assert await writer.write(partial(found, "acme.com")) == ["ld_last"]
