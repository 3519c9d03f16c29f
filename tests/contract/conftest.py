"""The stores that have to pass the contract: the SQLite one, with readers of its own and as simulations use it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from camd.domain.campaign import Campaign, CampaignStatus, Definition, StatusChange
from camd.ports.store import Store
from camd.sim.journal import MemoryJournal
from camd.store.sqlite import SqliteStore
from camd.system import SystemClock


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture(params=["sqlite", "sqlite-simulated"])
async def store(request: pytest.FixtureRequest, database: Path, journal: MemoryJournal) -> AsyncIterator[Store]:
    simulated = request.param == "sqlite-simulated"
    async with SqliteStore.open(database, SystemClock(), journal=journal, simulated=simulated) as opened:
        yield opened


@pytest.fixture
async def campaign(store: Store) -> Campaign:
    return await _added(store, "Q1")


@pytest.fixture
async def other(store: Store) -> Campaign:
    return await _added(store, "Q2")


async def _added(store: Store, name: str) -> Campaign:
    draft = StatusChange(CampaignStatus.DRAFT, None, "os:ann", datetime(2026, 3, 2, tzinfo=UTC))
    return await store.write(lambda tx: tx.campaigns.add(Definition(name), draft))
