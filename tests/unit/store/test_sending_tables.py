"""What stands in a database from before it sent anything keeps its meaning."""

import shutil
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from camd.domain.facts import LeadId
from camd.domain.token_bucket import QuotaScope
from camd.ports.journal import JournalMark
from camd.ports.records import MachineIdentity, Recovery, Touch
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
                   strikes, version, tags, search, facts)
VALUES ('ld_1', 1, 'key', 'new', 0, 0, 0, 0, 0, 0, 1, '', '', '{}')
"""
TOUCHES = """
INSERT INTO touches (id, campaign_id, lead_id, step, channel, status, due_at, mailbox, sent_at, steps_version, version)
VALUES ('to_1', 1, 'ld_1', 1, 'email', 'sent', 1000000, 'sales', 2000000, 1, 1),
       ('to_2', 1, 'ld_1', 2, 'email', 'approved', 3000000, 'sales', NULL, 1, 1),
       ('to_3', 1, 'ld_1', 3, 'email', 'planned', 4000000, 'sales', NULL, 1, 1)
"""
DEBIT = "INSERT INTO quota_debits (scope, key, at, day, amount) VALUES ('campaign', '1', 1000000, '1970-01-01', 3)"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def fill(connection: Connection) -> None:
    for statement in (CAMPAIGN, LEAD, TOUCHES, DEBIT):
        connection.exec_driver_sql(statement)


def tx_of(connection: Connection) -> SqlTx:
    return SqlTx(connection, JournalLines())


def touches(connection: Connection) -> list[Touch]:
    return list(tx_of(connection).touches.of_lead(LeadId("ld_1")))


def used(connection: Connection) -> int:
    return tx_of(connection).quotas.used(QuotaScope.CAMPAIGN, "1", EPOCH)


def instance(connection: Connection) -> tuple[Recovery, MachineIdentity, JournalMark]:
    stored = tx_of(connection).instance
    return stored.recovery(), stored.identity(), stored.journal_mark()


async def test_the_migration_gives_what_is_there_its_place_in_the_queues(tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(MIGRATIONS, before)
    for script in (before / "versions").glob("0*.py"):
        if script.name >= "0003":
            script.unlink()
    async with Writer(tmp_path / "camd.db", SystemClock()) as writer:
        await writer.alone(partial(migrate, scripts=before))
        await writer.write(fill)
        await writer.alone(migrate)
        sent, approved, planned = await writer.write(touches)
        assert await writer.write(used) == 3
        assert await writer.write(instance) == (Recovery(), MachineIdentity(), JournalMark(1, 0))
    assert [touch.settled_at for touch in (sent, approved, planned)] == [EPOCH + timedelta(seconds=2), None, None]
    assert [touch.ready_at for touch in (sent, approved, planned)] == [None, EPOCH + timedelta(seconds=3), None]
    assert [touch.follow_up for touch in (sent, approved, planned)] == [False, True, True]
    assert (sent.score, sent.attempts, sent.debits) == (0.0, 0, None)
