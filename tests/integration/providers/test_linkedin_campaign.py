"""A live campaign over a file and LinkedIn's simulator, whose process is killed again and again on the way."""

from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path

import anyio
import pytest
from anyio.from_thread import start_blocking_portal
from pydantic import SecretStr

from camd.daemon.wiring import Adapters, build_context, make_metrics
from camd.domain.campaign import CampaignStatus, Definition, SourceEntry, StatusChange
from camd.domain.facts import CampaignId
from camd.domain.lead import LostReason
from camd.pipeline.cycle import run_cycle
from camd.ports.store import Tx
from camd.providers.csv_file import CsvSource
from camd.providers.linkedin import LinkedInSource
from camd.providers.linkedin_api import LinkedInSettings
from camd.sim import invariants
from camd.sim.clock import SeededEntropy
from camd.sim.doors import memory_doors
from camd.sim.fakes import Verifier
from camd.sim.journal import MemoryJournal
from camd.sim.mail import MemoryMail
from camd.sim.world import INSTANCE_KEY, STEPS, plain_settings
from camd.store.sqlite import SqliteStore
from camd.system import sortable_id
from tests.integration.pipeline.test_kill import killing_at, run_to_its_end
from tests.simulators.linkedin import ACCOUNT, TOKEN, Fault, LinkedIn, response

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)
ONE = CampaignId(1)
MOST_CYCLES = 20
FORM, OTHER_FORM = 7149246, 7149247


@dataclass(frozen=True, slots=True)
class Clock:
    instant: datetime

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return 0.0

    def real_work(self) -> AbstractContextManager[None]:
        return nullcontext()


class Ids:
    """Each process goes on above the ids of the one before, as the real ones do."""

    def __init__(self, process: int) -> None:
        self._made = process * 10_000

    def new(self, prefix: str) -> str:
        self._made += 1
        return sortable_id(prefix, self._made, 0)


@pytest.fixture
def server() -> Iterator[LinkedIn]:
    """On a thread of its own: the campaign's processes are children of this one."""
    hours = [NOW - timedelta(hours=number) for number in range(1, 41)]
    planted = [response(number, at, form=FORM) for number, at in enumerate(hours)]
    planted += [response(100 + number, NOW - timedelta(hours=1), form=FORM, test=True) for number in range(5)]
    planted += [response(110 + number, NOW - timedelta(hours=1), form=OTHER_FORM) for number in range(5)]
    planted += [response(120, NOW - timedelta(hours=1), form=FORM, answers={"FIRST_NAME": "Nobody"})]
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(LinkedIn(planted).serving()) as linkedin,
    ):
        yield linkedin


async def prepare(folder: Path) -> None:
    file = folder / "people.csv"
    rows = [f"p{number}@c{number}.example,P{number},C{number},FR" for number in range(30, 60)]
    file.write_text("\n".join(["email,first_name,company,country", *rows, ""]), encoding="utf-8")
    definition = Definition(
        "Q1",
        sources=(
            SourceEntry("linkedin", {"owner": ACCOUNT, "forms": [FORM]}),
            SourceEntry("csv", {"path": str(file)}),
        ),
        steps=STEPS,
        dry_run=False,
    )
    active = StatusChange(CampaignStatus.ACTIVE, None, "engine", NOW)
    clock = Clock(NOW)
    async with SqliteStore.open(folder / "camd.db", clock, journal=MemoryJournal(), instance_key=INSTANCE_KEY) as store:
        await store.write(lambda tx: tx.campaigns.add(definition, active))


async def work(folder: Path, base_url: str, instant: datetime, process: int, deadly_point: int) -> None:
    """Cycles until nothing is due."""
    clock, settings = Clock(instant), plain_settings(folder)
    linkedin = LinkedInSettings(access_token=SecretStr(TOKEN), version="202610", base_url=base_url)
    sources = (LinkedInSource(linkedin, clock), CsvSource(clock))
    async with SqliteStore.open(
        folder / "camd.db", clock, journal=MemoryJournal(), simulated=True, on_commit=killing_at(deadly_point)
    ) as store:
        ctx = build_context(
            settings,
            Adapters(clock, SeededEntropy(1), Ids(process), sources, Verifier()),
            store,
            make_metrics(clock, settings, [source.name for source in sources]),
            memory_doors(settings, MemoryMail(("sales",)), clock),
            MemoryJournal(),
        )
        for _ in range(MOST_CYCLES):
            report = await run_cycle(ctx, ONE, call_dry=False)
            if report.next_wake_at is None or report.next_wake_at > instant:
                return
    raise AssertionError("the campaign never comes to rest")


@dataclass(frozen=True, slots=True)
class Told:
    sources: Counter[str | None]
    references: int
    lost: tuple[str | None, ...]
    ledger: Counter[str]


async def told(folder: Path, instant: datetime) -> Told:
    def query(tx: Tx) -> Told:
        leads = invariants.leads(tx, ONE)
        assert not invariants.broken(tx, instant, {})
        return Told(
            Counter(lead.facts.source for lead in leads),
            len({(lead.facts.source, lead.facts.source_ref) for lead in leads}),
            tuple(lead.facts.email for lead in leads if lead.state.lost_reason is LostReason.DO_NOT_CONTACT),
            Counter(row.event.type for row in invariants.ledger(tx)),
        )

    async with SqliteStore.open(folder / "camd.db", Clock(instant), journal=MemoryJournal()) as store:
        return await store.read(query)


def run(folder: Path, server: LinkedIn, instant: datetime, processes: Iterator[int], *, kills: bool) -> int:
    """How often the process was killed before one came to its end; every second one lives a commit longer."""
    for killed in count():
        process = next(processes)
        deadly = killed // 2 + 1 if kills else 10_000
        if run_to_its_end(partial(work, folder, server.base_url, instant, process, deadly)):
            return killed
    raise AssertionError


@pytest.mark.parametrize("kills", [False, True], ids=["undisturbed", "killed"])
def test_each_response_is_a_lead_once_whatever_happens_to_the_process(
    tmp_path: Path, server: LinkedIn, kills: bool
) -> None:
    anyio.run(prepare, tmp_path)
    processes = iter(count())
    killed = run(tmp_path, server, NOW, processes, kills=kills)
    first = anyio.run(told, tmp_path, NOW)
    assert first.sources == {"linkedin": 40, "csv": 20}
    assert first.ledger["lead.duplicate_skipped"] == 10

    server.responses += [response(200 + number, NOW + timedelta(hours=number), form=FORM) for number in range(12)]
    server.responses.append(response(300, NOW - timedelta(hours=20), form=FORM))
    server.withdraw(5)
    server.faults.append(Fault.LOST)
    for instant in (TOMORROW, TOMORROW + timedelta(minutes=10)):
        killed += run(tmp_path, server, instant, processes, kills=kills)
    second = anyio.run(told, tmp_path, TOMORROW)
    assert second.sources == {"linkedin": 53, "csv": 20}
    assert second.references == 73
    assert second.lost == ("p5@c5.example",)
    assert second.ledger["lead.discovered"] == 73
    assert second.ledger["lead.duplicate_skipped"] == 10
    assert second.ledger["suppression.added"] == 1
    assert killed >= (20 if kills else 0)
