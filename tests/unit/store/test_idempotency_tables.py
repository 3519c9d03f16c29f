"""Leads that answered before there was a figure for it are counted by its migration."""

import shutil
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from camd.domain.facts import CampaignId
from camd.store.migrate import MIGRATIONS, migrate
from camd.store.sqlite import JournalLines, SqlTx
from camd.store.writer import Writer
from camd.system import SystemClock

CAMPAIGN = """
INSERT INTO campaigns (name, status, status_by, status_at, status_figures, created_at, updated_at, steps_version,
                       planned_dry, mutes, version, definition)
VALUES (?, 'draft', 'os:ann', 0, '{}', 0, 0, 1, 1, '{}', 1, '{}')
"""
LEAD = """
INSERT INTO leads (id, campaign_id, key, status, ever_enriched, ever_handed_over, ever_replied, created_at, updated_at,
                   strikes, version, tags, search, facts)
VALUES (?, ?, ?, 'replied', 1, ?, ?, 0, 0, 0, 1, '', '', '{}')
"""
LEADS = [(1, 1, 1), (1, 1, 1), (1, 0, 1), (1, 1, 0), (2, 0, 0)]


def fill(connection: Connection) -> None:
    for name in ("Q1", "Q2"):
        connection.exec_driver_sql(CAMPAIGN, (name,))
    for number, (campaign, *ever) in enumerate(LEADS):
        connection.exec_driver_sql(LEAD, (f"ld_{number}", campaign, str(number), *ever))


def counted(connection: Connection) -> list[int]:
    tx = SqlTx(connection, JournalLines())
    return [tx.leads.tallies(CampaignId(number)).get("contacted_replied", 0) for number in (1, 2)]


async def test_the_migration_counts_who_answered(tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(MIGRATIONS, before)
    for script in (before / "versions").glob("0*.py"):
        if script.name >= "0008":
            script.unlink()
    async with Writer(tmp_path / "camd.db", SystemClock()) as writer:
        await writer.alone(partial(migrate, scripts=before))
        await writer.write(fill)
        await writer.alone(migrate)
        assert await writer.write(counted) == [2, 0]
