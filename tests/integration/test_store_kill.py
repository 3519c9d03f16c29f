"""The process is killed at every point of a commit; what was acknowledged stays, and nothing stands twice."""

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from camd.domain.facts import CampaignId
from camd.domain.tally import tally
from camd.ports.records import EventFilter, LeadFilter, Listing
from camd.ports.store import Tx
from camd.sim.journal import MemoryJournal
from camd.store.sqlite import SqliteStore
from camd.system import SystemClock

LEADS = 40
ONE = CampaignId(1)
EVERYTHING = Listing(limit=1000)

# Adds the leads not yet there, several at a time so that units share commits, and prints each one acknowledged.
# At the given point of the given group it kills itself.
WORKS = f"""
import os, signal, sys
from dataclasses import replace
from datetime import datetime, UTC
from pathlib import Path

import anyio

from camd.domain.campaign import CampaignStatus, Definition, StatusChange
from camd.domain.events import Event, EventType
from camd.domain.facts import CampaignId, Facts, LeadId
from camd.domain.lead import Hold, HoldReason, Lead, LeadState, LeadStatus
from camd.sim.journal import MemoryJournal
from camd.store.sqlite import SqliteStore
from camd.system import SystemClock

path, deadly_point, deadly_group = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
now = datetime(2026, 3, 2, tzinfo=UTC)
groups = 0

def at(point):
    global groups
    groups += point == "begin"
    if point == deadly_point and groups >= deadly_group:
        os.kill(os.getpid(), signal.SIGKILL)

def create(tx):
    if tx.campaigns.get(CampaignId(1)) is None:
        tx.campaigns.add(Definition("Q1"), StatusChange(CampaignStatus.DRAFT, None, "engine", now))

async def add(store, number):
    facts = Facts(email=f"ann{{number}}@acme.com")
    lead = Lead(LeadId(f"ld_{{number:04}}"), CampaignId(1), f"address:{{facts.email}}", LeadState(LeadStatus.NEW),
                facts, now, now, holds=(Hold(HoldReason.OPERATOR, now),))
    def unit(tx):
        if tx.leads.insert(lead):
            at("unit")
            enriched = LeadState(LeadStatus.ENRICHED, ever_enriched=True)
            tx.leads.save(lead, replace(lead, state=enriched, holds=()))
            tx.ledger.append(Event(EventType.LEAD_DISCOVERED, now, "engine", CampaignId(1), lead.id))
    await store.write(unit)
    print(lead.id, flush=True)

async def main():
    async with SqliteStore.open(path, SystemClock(), journal=MemoryJournal(), on_commit=at) as store:
        await store.write(create)
        for start in range(0, {LEADS}, 8):
            async with anyio.create_task_group() as tasks:
                for number in range(start, start + 8):
                    tasks.start_soon(add, store, number)

anyio.run(main)
"""


def work(path: Path, point: str = "never", group: int = 0) -> tuple[int, set[str]]:
    """How the process ended, and the leads it was told are stored."""
    done = subprocess.run(
        [sys.executable, "-c", WORKS, str(path), point, str(group)], check=False, stdout=subprocess.PIPE, text=True
    )
    return done.returncode, set(done.stdout.split())


async def assert_all_stands_and_adds_up(path: Path, acknowledged: set[str]) -> int:
    def everything(tx: Tx) -> tuple[list[str], Counter[str], dict[str, int], list[str | None]]:
        leads = tx.leads.page(ONE, EVERYTHING, LeadFilter())
        recount = sum((Counter(tally(lead)) for lead in leads), Counter[str]())
        told = [row.event.lead_id for row in tx.ledger.after(0, 1000, EventFilter())]
        return [lead.id for lead in leads], recount, dict(tx.leads.tallies(ONE)), [*told]

    async with SqliteStore.open(path, SystemClock(), journal=MemoryJournal()) as store:
        stored, recount, tallies, told = await store.read(everything)
    assert acknowledged <= set(stored)
    assert sorted(stored) == sorted(str(lead) for lead in told)
    assert tallies == dict(recount)
    assert sum(amount for name, amount in tallies.items() if name.startswith("status:")) == len(stored)
    return len(stored)


@pytest.mark.parametrize("point", ["begin", "unit", "before_commit", "after_commit"])
@pytest.mark.parametrize(
    "group",
    [
        pytest.param(2, marks=pytest.mark.acceptance),
        pytest.param(3, marks=pytest.mark.nightly),
        pytest.param(5, marks=pytest.mark.acceptance),
    ],
)
async def test_no_acknowledged_lead_is_lost_or_doubled_by_a_kill(database: Path, point: str, group: int) -> None:
    ended, acknowledged = work(database, point, group)
    assert ended == -signal.SIGKILL
    await assert_all_stands_and_adds_up(database, acknowledged)
    ended, acknowledged = work(database)
    assert ended == 0
    assert await assert_all_stands_and_adds_up(database, acknowledged) == LEADS
