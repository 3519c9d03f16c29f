"""What the writer's connection remembers of rows is what is stored: also after what changed them was undone."""

import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import anyio
import pytest
from sqlalchemy import Connection

from camd.domain.campaign import CampaignStatus, Definition, StatusChange
from camd.domain.facts import CampaignId, Facts, LeadId, SuppressionId, TouchId
from camd.domain.lead import Action, Hold, HoldReason, Lead, LeadState, LeadStatus
from camd.domain.suppression import SuppressionKind, SuppressionReason
from camd.domain.token_bucket import QuotaScope, Taken
from camd.ports.records import (
    Debit,
    Debits,
    DeliveryFact,
    DeliveryScope,
    MailboxState,
    Recovery,
    Suppression,
    Switch,
    Touch,
    TouchStatus,
    ZoneChange,
)
from camd.ports.store import Tx
from camd.ports.store_errors import StoreUnavailable
from camd.sim.clock import START
from camd.sim.journal import MemoryJournal
from camd.store.sqlite import SqliteStore
from camd.store.writer import CommitPoint
from camd.system import SystemClock

Work = Callable[[Tx], object]
ONE = CampaignId(1)
ADA = Lead(
    LeadId("ld_1"),
    ONE,
    "address:ada@acme.com",
    LeadState(LeadStatus.ENRICHED, ever_enriched=True),
    Facts(email="ada@acme.com", tags=("warm",)),
    START,
    START,
    next_action=Action.OUTREACH,
    next_action_at=START,
)
MAIL = Touch(
    TouchId("to_1"),
    ONE,
    ADA.id,
    1,
    "email",
    TouchStatus.APPROVED,
    START,
    mailbox="sales",
    subject="Hello",
    body="Dear Ada",
)
DEBITS = Debits(START, (Debit(QuotaScope.CAMPAIGN, "1", "UTC"),), Taken(START, START))
OPT_OUT = Suppression(
    SuppressionId("su_1"), SuppressionKind.ADDRESS, "h1", None, SuppressionReason.OPTED_OUT, None, START, "person"
)
PAUSED = StatusChange(CampaignStatus.PAUSED, None, "os:ann", START)


class Undone(Exception):
    """What the unit wrote is to be forgotten."""


def pause(tx: Tx) -> None:
    campaign = tx.campaigns.get(ONE)
    assert campaign is not None
    tx.campaigns.save(replace(campaign, status=PAUSED))


def strike(tx: Tx) -> None:
    lead = tx.leads.get(ADA.id)
    assert lead is not None
    tx.leads.save(lead, replace(lead, strikes=2, holds=(Hold(HoldReason.OPERATOR, START),)))


def mark(tx: Tx) -> None:
    touch = tx.touches.get(MAIL.id)
    assert touch is not None
    tx.touches.save(touch, replace(touch, status=TouchStatus.ON_WIRE, on_wire_at=START))


def bounce(tx: Tx) -> None:
    for day in (START.date(), START.date() - timedelta(days=1)):
        tx.deliveries.add(DeliveryScope.MAILBOX, "sales", day, DeliveryFact.HARD_BOUNCES)


CHANGES: dict[str, tuple[Work, Work]] = {
    "kill switch": (
        lambda tx: tx.instance.set_kill_switch(Switch(True, None, START, "os:ann")),
        lambda tx: tx.instance.kill_switch(),
    ),
    "recovery hold": (lambda tx: tx.instance.set_recovery(Recovery(True)), lambda tx: tx.instance.recovery()),
    "mailbox": (lambda tx: tx.mailboxes.put(MailboxState("sales", refusals=3)), lambda tx: tx.mailboxes.get("sales")),
    "pace": (lambda tx: tx.quotas.set_bucket("sales", START), lambda tx: tx.quotas.bucket("sales")),
    "deliveries": (bounce, lambda tx: tx.deliveries.since(DeliveryScope.MAILBOX, "sales", START.date())),
    "quota": (
        lambda tx: tx.quotas.debit(QuotaScope.CAMPAIGN, "1", START, 1),
        lambda tx: tx.quotas.used(QuotaScope.CAMPAIGN, "1", START),
    ),
    "zone": (lambda tx: tx.quotas.set_zone("engine", ZoneChange("UTC")), lambda tx: tx.quotas.zone("engine")),
    "campaign": (pause, lambda tx: tx.campaigns.get(ONE)),
    "lead": (strike, lambda tx: tx.leads.get(ADA.id)),
    "lead among others": (
        lambda tx: tx.leads.wake(ONE, Action.OUTREACH, START + timedelta(hours=1)),
        lambda tx: tx.leads.get(ADA.id),
    ),
    "touch": (mark, lambda tx: tx.touches.get(MAIL.id)),
    "touch with its lead": (
        lambda tx: tx.leads.delete(tx.leads.get(ADA.id) or ADA),
        lambda tx: tx.touches.get(MAIL.id),
    ),
    "suppression": (lambda tx: tx.suppressions.add(OPT_OUT), lambda tx: tx.suppressions.covering([OPT_OUT.hash])),
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
        await store.write(lambda tx: (tx.leads.insert(ADA), tx.touches.insert(MAIL)))
        await store.write(lambda tx: tx.touches.save(MAIL, replace(MAIL, status=TouchStatus.INTENT, debits=DEBITS)))
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
