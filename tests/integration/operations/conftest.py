"""A desk over a real SQLite store: the clock stands still unless a test moves it, addresses are judged by a list."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from camd.actors.campaign import CycleRunner
from camd.actors.wake import Doorbells
from camd.daemon.wiring import Adapters, build_context, make_metrics
from camd.domain.contact import EmailAddress
from camd.domain.facts import Verdict
from camd.operations.desk import Desk
from camd.ports.providers import RateLimit, Verification
from camd.ports.settings import (
    EngineSettings,
    Settings,
)
from camd.providers.csv_file import CsvSource
from camd.sim.doors import memory_doors
from camd.sim.journal import MemoryJournal
from camd.sim.mail import MemoryMail
from camd.sim.world import plain_settings
from camd.store.sqlite import SqliteStore
from camd.system import SystemEntropy, SystemIds

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass(slots=True)
class HandClock:
    """Stands still until a test moves it."""

    instant: datetime = MONDAY

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return self.instant.timestamp()

    def forward(self, by: timedelta) -> None:
        self.instant += by

    @contextmanager
    def real_work(self) -> Iterator[None]:
        yield


@dataclass(frozen=True, slots=True)
class ListVerifier:
    """Every address is valid but those named."""

    verdicts: Mapping[str, Verdict] = field(default_factory=lambda: {"gone@firm.example": Verdict.INVALID})
    name: str = "dns"
    rate_limit: RateLimit = field(default_factory=lambda: RateLimit(1000, timedelta(seconds=1), 1000))

    async def verify(self, address: EmailAddress) -> Verification:
        return Verification(self.verdicts.get(address.given, Verdict.VALID), "list")


def settings(folder: Path) -> Settings:
    return replace(plain_settings(folder), engine=EngineSettings())


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
async def desk(tmp_path: Path, database: Path, clock: HandClock, journal: MemoryJournal) -> AsyncIterator[Desk]:
    async with SqliteStore.open(database, clock, journal=journal, simulated=True) as store:
        entropy = SystemEntropy()
        context = build_context(
            settings(tmp_path),
            Adapters(clock, entropy, SystemIds(clock, entropy), (CsvSource(clock),), ListVerifier()),
            store,
            make_metrics(clock, settings(tmp_path)),
            memory_doors(settings(tmp_path), MemoryMail(frozenset({"sales"})), clock),
            journal,
        )
        runner = CycleRunner(context, Doorbells())
        # Whoever starts a run enters a group of its own: a fixture is set up and torn down by different tasks.
        unentered = anyio.create_task_group()
        yield Desk(context, Doorbells(), clock.now(), "1.0", lambda: True, runner.run, unentered)
