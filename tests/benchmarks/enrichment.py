"""How fast questions are paid for, beside what the vendor's documented limits allow, and what each costs in CPU.

Run: `python -m tests.benchmarks.enrichment [PEOPLE]`. Prints figures and asserts nothing but that everybody was asked
about once. The daemon's own parts ask over HTTP: store, cycles, desks, the adapters as they are wired. The vendors are
the simulators in a process of their own; each answer takes 200 ms, and a call too many in a minute is turned away.

- apollo: its search finds people without names, `bulk_match` tells who they are, ten in a call.
- zerobounce: a fifth as many people of a list, whose addresses are verified, a hundred in a call.

Mail servers are looked up in memory, at the free check's own rate. The time taken is until the last lead went on with
what was learned.
"""

import multiprocessing
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
from aiohttp import web
from pydantic import BaseModel, SecretStr

from camd.actors.supervisor import Supervisor
from camd.daemon.wiring import Adapters, Engine, make_metrics, real_adapters
from camd.domain.campaign import CampaignStatus, Definition, Enrichment, SourceEntry, StatusChange, Step
from camd.domain.facts import CampaignId, Facts
from camd.domain.lead import LeadStatus
from camd.domain.tally import status_name
from camd.ports.providers import Found
from camd.ports.settings import Settings
from camd.ports.store import Tx
from camd.providers.apollo_api import ApolloSettings
from camd.providers.dns import DnsVerifier, Hosts, MxAnswer
from camd.providers.zerobounce import ZeroBounceSettings
from camd.sim.fakes import ListSource
from camd.sim.world import plain_settings
from camd.system import SystemClock
from tests.benchmarks.mailing import logging_to_nowhere
from tests.simulators import apollo, zerobounce
from tests.simulators.people import population
from tests.simulators.vendor import Request, Vendor

LATENCY_SECONDS = 0.2
LOOK_SECONDS = 0.25
DONE = frozenset(status_name(status) for status in LeadStatus) - {status_name(LeadStatus.NEW)}


@dataclass(frozen=True, slots=True)
class Told:
    """What the vendor counted."""

    calls: int
    turned_away: int
    spent: Decimal


@dataclass(frozen=True, slots=True)
class Trial:
    """`batch` people fit into a call, `calls_a_minute` are allowed."""

    name: str
    people: int
    batch: int
    calls_a_minute: int
    settings: Callable[[str], BaseModel]
    source: SourceEntry

    @property
    def allowed_seconds(self) -> float:
        return self.people / self.batch / self.calls_a_minute * 60


@dataclass
class Enforced(zerobounce.ZeroBounce):
    """With its limit of batches in any minute."""

    turned_away: int = 0
    _taken: deque[float] = field(default_factory=deque)

    def answer(self, request: Request, fault: str | int | None) -> web.Response:
        now = anyio.current_time()
        while self._taken and self._taken[0] <= now - 60:
            self._taken.popleft()
        if len(self._taken) == 30:
            self.turned_away += 1
            return super().answer(request, 429)
        self._taken.append(now)
        return super().answer(request, fault)


class Resolver:
    """Every domain takes mail."""

    async def mx(self, domain: str) -> MxAnswer:
        await anyio.lowlevel.checkpoint()
        return Hosts((f"mx.{domain}",), 3600)


def _vendor(name: str, people: int) -> apollo.Apollo | Enforced:
    known = list(population(people))
    if name == "apollo":
        return apollo.Apollo(people=known, limits_enforced=True, delay_seconds=LATENCY_SECONDS)
    return Enforced(people=known, delay_seconds=LATENCY_SECONDS)


def _serve(name: str, people: int, pipe: Connection) -> None:
    """In a process of its own: tells where it listens, and at the end what it counted."""

    async def serve() -> None:
        vendor = _vendor(name, people)
        async with vendor.serving():
            pipe.send(vendor.base_url)
            await anyio.to_thread.run_sync(pipe.recv)
            pipe.send(Told(_paid_calls(vendor), vendor.turned_away, vendor.spent))

    anyio.run(serve)


def _paid_calls(vendor: Vendor) -> int:
    return sum(request.path.endswith(("/bulk_match", "/validatebatch")) for request in vendor.requests)


@contextmanager
def serving(name: str, people: int) -> Iterator[tuple[str, Callable[[], Told]]]:
    context = multiprocessing.get_context("spawn")
    ours, its = context.Pipe()
    process = context.Process(target=_serve, args=(name, people, its), daemon=True)
    process.start()

    def end() -> Told:
        ours.send("tell")
        told = ours.recv()
        assert isinstance(told, Told)
        return told

    yield ours.recv(), end
    process.join(10)


@asynccontextmanager
async def opened(trial: Trial, base_url: str) -> AsyncIterator[Engine]:
    with TemporaryDirectory() as folder:
        settings = replace(plain_settings(Path(folder)), providers={trial.name: trial.settings(base_url)})
        adapters = _adapters(settings, trial)
        metrics = make_metrics(SystemClock(), settings, adapters.providers)
        with logging_to_nowhere(settings, metrics):
            async with Engine.open(settings, adapters, metrics) as engine:
                yield engine


def _adapters(settings: Settings, trial: Trial) -> Adapters:
    real = real_adapters(settings)
    people = [Found(f"row:{one.number}", Facts(email=one.email)) for one in population(trial.people)]
    lists = ListSource({"everybody": people})
    return replace(real, sources=(*real.sources, lists), verifier=DnsVerifier(Resolver(), real.clock))


async def add_campaign(engine: Engine, trial: Trial) -> CampaignId:
    definition = Definition(
        trial.name,
        sources=(trial.source,),
        enrichment=Enrichment((trial.name,)),
        steps=(Step(1, "A question", "May I ask you something?"),),
        dry_run=False,
    )
    change = StatusChange(CampaignStatus.ACTIVE, None, "engine", engine.context.clock.now())
    campaign = await engine.context.store.write(lambda tx: tx.campaigns.add(definition, change))
    return campaign.id


@dataclass(frozen=True, slots=True)
class Figure:
    """CPU is of this process."""

    seconds: float
    cpu_seconds: float


async def measured(trial: Trial, base_url: str) -> Figure:
    async with opened(trial, base_url) as engine, anyio.create_task_group() as tasks:
        campaign_id = await add_campaign(engine, trial)
        began, cpu = time.perf_counter(), time.process_time()
        await tasks.start(engine.desks.run)
        await tasks.start(Supervisor(engine.context, engine.runner, engine.bells).run)
        # From outside, as an operator would: nothing rings when the last lead is ready.
        while await engine.context.store.read(lambda tx: _ready(tx, campaign_id)) < trial.people:  # noqa: ASYNC110
            await anyio.sleep(LOOK_SECONDS)
        figure = Figure(time.perf_counter() - began, time.process_time() - cpu)
        tasks.cancel_scope.cancel()
    return figure


def _ready(tx: Tx, campaign_id: CampaignId) -> int:
    return sum(count for name, count in tx.leads.tallies(campaign_id).items() if name in DONE)


def show(trial: Trial) -> None:
    with serving(trial.name, trial.people) as (base_url, end):
        figure = anyio.run(measured, trial, base_url)
        told = end()
    assert told.spent == trial.people, f"{told.spent} credits for {trial.people} people"
    allowed = trial.allowed_seconds
    print(
        f"{trial.name:11}{trial.people:6} people in {told.calls} calls, {told.turned_away} turned away: "
        f"{figure.seconds:.1f} s, {figure.seconds / allowed:.3f} times the {allowed:.1f} s that are allowed; "
        f"goal: at most 1.10; {figure.cpu_seconds / trial.people * 1000:.2f} ms CPU a lead"
    )


def main() -> None:
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    show(
        Trial(
            "apollo",
            people,
            10,
            1_000,
            lambda url: ApolloSettings(api_key=SecretStr(apollo.KEY), base_url=url),
            SourceEntry("apollo", {"person_locations": ["France"]}),
        )
    )
    show(
        Trial(
            "zerobounce",
            people // 5,
            100,
            30,
            lambda url: ZeroBounceSettings(api_key=SecretStr(zerobounce.KEY), base_url=url),
            SourceEntry("list", {"list": "everybody"}),
        )
    )


if __name__ == "__main__":
    main()
