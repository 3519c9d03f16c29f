"""What the writer's connection remembers of rows is what is stored: also after what changed them was undone."""

import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import anyio
import pytest
from sqlalchemy import Connection

from camd.domain.campaign import CampaignStatus, Definition, StatusChange
from camd.domain.facts import CampaignId
from camd.ports.records import MailboxState, Recovery, Switch, ZoneChange
from camd.ports.store import Tx
from camd.ports.store_errors import StoreUnavailable
from camd.sim.clock import START
from camd.sim.journal import MemoryJournal
from camd.store.sqlite import SqliteStore
from camd.store.writer import CommitPoint
from camd.system import SystemClock

Work = Callable[[Tx], object]
ONE = CampaignId(1)
PAUSED = StatusChange(CampaignStatus.PAUSED, None, "os:ann", START)


class Undone(Exception):
    """What the unit wrote is to be forgotten."""


def pause(tx: Tx) -> None:
    campaign = tx.campaigns.get(ONE)
    assert campaign is not None
    tx.campaigns.save(replace(campaign, status=PAUSED))


CHANGES: dict[str, tuple[Work, Work]] = {
    "kill switch": (
        lambda tx: tx.instance.set_kill_switch(Switch(True, None, START, "os:ann")),
        lambda tx: tx.instance.kill_switch(),
    ),
    "recovery hold": (lambda tx: tx.instance.set_recovery(Recovery(True)), lambda tx: tx.instance.recovery()),
    "mailbox": (lambda tx: tx.mailboxes.put(MailboxState("sales", refusals=3)), lambda tx: tx.mailboxes.get("sales")),
    "zone": (lambda tx: tx.quotas.set_zone("engine", ZoneChange("UTC")), lambda tx: tx.quotas.zone("engine")),
    "campaign": (pause, lambda tx: tx.campaigns.get(ONE)),
    "next cycle": (lambda tx: tx.campaigns.sleep_until(ONE, START), lambda tx: tx.campaigns.get(ONE)),
}


class Commits:
    """Fail while `failing` is set."""

    def __init__(self) -> None:
        self.failing = threading.Event()

    def at(self, point: CommitPoint) -> None:
        if point == "before_commit" and self.failing.is_set():
            raise OSError("the disk went away")


@pytest.fixture
def commits() -> Commits:
    return Commits()


@pytest.fixture
async def store(tmp_path: Path, commits: Commits) -> AsyncIterator[SqliteStore]:
    path, journal = tmp_path / "camd.db", MemoryJournal()
    async with SqliteStore.open(path, SystemClock(), journal=journal, on_commit=commits.at) as store:
        draft = StatusChange(CampaignStatus.DRAFT, None, "os:ann", START)
        await store.write(lambda tx: tx.campaigns.add(Definition("Q1"), draft))
        yield store


each = pytest.mark.parametrize(("change", "read"), CHANGES.values(), ids=CHANGES.keys())


@each
async def test_a_change_is_seen_by_the_next_unit(store: SqliteStore, change: Work, read: Work) -> None:
    before = await store.write(read)
    await store.write(change)
    assert await store.write(read) == await store.read(read) != before


@each
async def test_what_a_unit_wrote_read_and_lost_is_forgotten(store: SqliteStore, change: Work, read: Work) -> None:
    before = await store.write(read)
    with pytest.raises(Undone):
        await store.write(lambda tx: _undone(tx, change, read))
    assert await store.write(read) == before


@each
async def test_so_it_is_where_others_share_the_commit(store: SqliteStore, change: Work, read: Work) -> None:
    before, begun, seen = await store.write(read), threading.Event(), []

    async def undone() -> None:
        with pytest.raises(Undone):
            await store.write(lambda tx: _undone(tx, change, read))

    async def after() -> None:
        seen.append(await store.write(read))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store.writer.alone, lambda _: begun.wait(60))
        tasks.start_soon(store.write, read)
        tasks.start_soon(undone)
        tasks.start_soon(after)
        await anyio.wait_all_tasks_blocked()
        begun.set()
    assert seen == [before]


@each
async def test_what_a_failed_commit_took_along_is_forgotten(
    store: SqliteStore, commits: Commits, change: Work, read: Work
) -> None:
    before = await store.write(read)
    commits.failing.set()
    with pytest.raises((OSError, StoreUnavailable)):
        await store.write(lambda tx: (change(tx), read(tx)))
    commits.failing.clear()
    assert await store.write(read) == before


def _undone(tx: Tx, change: Work, read: Work) -> NoReturn:
    change(tx)
    read(tx)
    raise Undone


async def test_what_was_done_alone_is_seen_by_the_next_unit(store: SqliteStore) -> None:
    def switch_off(connection: Connection) -> None:
        connection.exec_driver_sql("UPDATE instance SET kill_switch = 1")

    assert not (await store.write(lambda tx: tx.instance.kill_switch())).on
    await store.writer.alone(switch_off)
    assert (await store.write(lambda tx: tx.instance.kill_switch())).on
