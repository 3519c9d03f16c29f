"""Leads are found by the keyed hash of their address, also those stored before there was one."""

import shutil
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from camd.domain.suppression import SuppressionKind, keyed_hash
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
VALUES (?, 1, ?, 'new', 0, 0, 0, 0, 0, 0, 1, ?, '', '', '{}')
"""
ADDRESSES = ["ann@acme.com", None, "bob@acme.com"]


def fill(connection: Connection) -> None:
    connection.exec_driver_sql(CAMPAIGN)
    for number, address in enumerate(ADDRESSES):
        connection.exec_driver_sql(LEAD, (f"ld_{number}", f"key {number}", address))


def found(address: str, connection: Connection) -> list[str]:
    tx = SqlTx(connection, JournalLines())
    hashed = keyed_hash(tx.instance.key(), SuppressionKind.ADDRESS, address)
    return [lead.id for lead in tx.leads.of_address_hash(hashed)]


async def test_the_migration_hashes_the_addresses_that_are_there(tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(MIGRATIONS, before)
    for script in (before / "versions").glob("0*.py"):
        if script.name >= "0002":
            script.unlink()
    async with Writer(tmp_path / "camd.db", SystemClock()) as writer:
        await writer.alone(partial(migrate, scripts=before))
        await writer.write(fill)
        await writer.alone(migrate)
        assert await writer.write(partial(found, "ann@acme.com")) == ["ld_0"]
        assert await writer.write(partial(found, "bob@acme.com")) == ["ld_2"]
        assert await writer.write(partial(found, "eve@acme.com")) == []
