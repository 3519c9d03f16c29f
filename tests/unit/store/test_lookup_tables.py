"""Candidates from before there were stubs wait to become leads as they did."""

import shutil
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from camd.domain.facts import CampaignId
from camd.ports.records import Candidate
from camd.store.migrate import MIGRATIONS, migrate
from camd.store.sqlite import JournalLines, SqlTx
from camd.store.writer import Writer
from camd.system import SystemClock

CAMPAIGN = """
INSERT INTO campaigns (name, status, status_by, status_at, status_figures, created_at, updated_at, steps_version,
                       planned_dry, mutes, version, definition)
VALUES ('Q1', 'draft', 'os:ann', 0, '{}', 0, 0, 1, 1, '{}', 1, '{}')
"""
CANDIDATE = """
INSERT INTO candidates (campaign_id, source, source_ref, facts, do_not_contact) VALUES (1, 'csv', '1', '{}', 0)
"""


def fill(connection: Connection) -> None:
    connection.exec_driver_sql(CAMPAIGN)
    connection.exec_driver_sql(CANDIDATE)


def waiting(connection: Connection) -> list[Candidate]:
    return list(SqlTx(connection, JournalLines()).candidates.waiting(CampaignId(1), 9))


async def test_the_migration_leaves_the_candidates_waiting_that_are_there(tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(MIGRATIONS, before)
    for script in (before / "versions").glob("0*.py"):
        if script.name >= "0005":
            script.unlink()
    async with Writer(tmp_path / "camd.db", SystemClock()) as writer:
        await writer.alone(partial(migrate, scripts=before))
        await writer.write(fill)
        await writer.alone(migrate)
        [candidate] = await writer.write(waiting)
    assert (candidate.source_ref, candidate.is_stub) == ("1", False)
