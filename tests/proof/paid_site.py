"""One installation of camd with a campaign over four sources and four paid providers, whose processes work in virtual
time, in this process or another one: who is killed and begun anew goes on where the one before ended."""

import asyncio
import csv
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
)
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio
import sqlalchemy as sa

from camd.actors.campaign import CycleRunner
from camd.actors.lookups import Desks
from camd.actors.supervisor import Supervisor
from camd.actors.wake import Doorbells
from camd.daemon.wiring import build_context, make_metrics
from camd.domain.campaign import CampaignStatus, Definition, Enrichment, SourceEntry, StatusChange
from camd.domain.facts import CampaignId
from camd.domain.lead import Lead, LeadStatus
from camd.domain.waterfall import LookupStatus
from camd.pipeline import record
from camd.pipeline.context import Context
from camd.ports.clock import Clock
from camd.ports.records import LeadFilter, Listing
from camd.ports.store import Tx
from camd.schema.report import CycleReport
from camd.sim import invariants
from camd.sim.clock import VirtualClock, VirtualLoop
from camd.sim.doors import memory_doors
from camd.sim.journal import MemoryJournal
from camd.sim.mail import MemoryMail
from camd.sim.world import INSTANCE_KEY, STEPS, plain_settings
from camd.store.lookup_tables import lookups
from camd.store.sqlite import SqliteStore
from camd.store.tables import candidates
from tests.proof.child import Child, Tell
from tests.proof.paid_people import Deal, Place, Somebody
from tests.proof.paid_vendors import (
    FORM,
    PROVIDERS,
    START,
    TellingClock,
    Vendors,
)
from tests.simulators import linkedin

T = TypeVar("T")

ONE = CampaignId(1)
LONGEST_LIFE_SECONDS = 300
"""Of a process, by the clock on the wall."""
LOOK_SECONDS = 5.0
LONGEST = timedelta(hours=12)


class Site:
    """One installation in `folder`."""

    def __init__(self, folder: Path, vendors: Vendors, *, asks_again: bool = False) -> None:
        self.vendors = vendors
        self._settings = plain_settings(folder)
        self._asks_again = asks_again
        self._stubs: Mapping[int, int] = {}
        anyio.run(self._prepare, folder)

    async def _prepare(self, folder: Path) -> None:
        everybody = self.vendors.everybody
        addresses, names = folder / "addresses.csv", folder / "names.csv"
        _write(addresses, [who for who in everybody if Place.ADDRESSES in who.places], "email")
        _write(names, [who for who in everybody if Place.NAMES in who.places])
        domains = sorted({who.person.domain for who in everybody if Place.HUNTER in who.places})
        definition = Definition(
            "Q1",
            sources=(
                SourceEntry("csv", {"path": str(addresses)}),
                SourceEntry("csv", {"path": str(names)}),
                SourceEntry("linkedin", {"owner": linkedin.ACCOUNT, "forms": [FORM]}),
                SourceEntry("hunter", {"domains": domains}),
                SourceEntry("apollo", {"person_locations": ["France"], "include_without_email": True}),
            ),
            steps=STEPS,
            enrichment=Enrichment(PROVIDERS),
        )
        active = StatusChange(CampaignStatus.ACTIVE, None, "engine", START)
        async with self._store(self.vendors.time, instance_key=INSTANCE_KEY) as store:
            await store.write(lambda tx: tx.campaigns.add(definition, active))

    def go_live(self) -> None:
        def unit(tx: Tx) -> None:
            campaign = tx.campaigns.get(ONE)
            assert campaign is not None
            tx.campaigns.save(replace(campaign, definition=replace(campaign.definition, dry_run=False)))

        async def write() -> None:
            async with self._store(self.vendors.time) as store:
                await store.write(unit)

        anyio.run(write)

    def dry_run(self) -> CycleReport:
        """Cycles until nothing is due, in this process; the report of the last one."""
        report = self._run(self._dry_run)
        # Of a stub whose answer is lost nothing is left but the number of the candidate.
        by_ref = {who.person.apollo_id: who.person.number for who in self.vendors.everybody}
        stubs = _rows(self._settings.database.path, sa.select(candidates.c.id, candidates.c.source_ref))
        self._stubs = {row.id: by_ref[row.source_ref] for row in stubs}
        return report

    def start(self) -> Child:
        """To the end, in a process of its own."""

        async def life(tell: Tell) -> None:
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            signal.alarm(LONGEST_LIFE_SECONDS)
            tell()
            await self._work(TellingClock(loop, self.vendors.time))

        return Child(life, VirtualLoop)

    def books(self) -> "Books":
        async def read() -> Books:
            async with self._store(self.vendors.time) as store:
                return await store.read(lambda tx: _read(tx, path, self.vendors, self._stubs))

        path = self._settings.database.path
        return anyio.run(read)

    def _run(self, work: Callable[[VirtualClock], Coroutine[Any, Any, T]]) -> T:
        loop = VirtualLoop()
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(work(TellingClock(loop, self.vendors.time)))

    async def _dry_run(self, clock: VirtualClock) -> CycleReport:
        async with self._opened(clock) as (context, bells):
            runner = CycleRunner(context, bells)
            while True:
                report = await runner.run(ONE, False)
                assert report.dry_run
                assert report.next_wake_at is not None, "LinkedIn always has more"
                wait = (report.next_wake_at - clock.now()).total_seconds()
                if wait > LOOK_SECONDS:
                    return report
                await anyio.sleep(max(wait, 0))

    async def _work(self, clock: VirtualClock) -> None:
        async with self._opened(clock) as (context, bells), anyio.create_task_group() as tasks:
            await tasks.start(Desks(context, bells).run)
            await tasks.start(Supervisor(context, CycleRunner(context, bells), bells).run)
            with anyio.fail_after(LONGEST.total_seconds()):
                # Nothing tells of it, and in virtual time a look costs no wait.
                while not await context.store.read(partial(_is_at_rest, now=clock.now())):  # noqa: ASYNC110
                    await anyio.sleep(LOOK_SECONDS)
            tasks.cancel_scope.cancel()

    @asynccontextmanager
    async def _opened(self, clock: VirtualClock) -> AsyncIterator[tuple[Context, Doorbells]]:
        parts = self.vendors.adapters(clock, asks_again=self._asks_again)
        metrics = make_metrics(clock, self._settings, parts.providers)
        doors = memory_doors(self._settings, MemoryMail(("sales",)), clock)
        async with self._store(clock, simulated=True) as store:
            yield build_context(self._settings, parts, store, metrics, doors, MemoryJournal()), Doorbells()

    def _store(self, clock: Clock, **how: Any) -> AbstractAsyncContextManager[SqliteStore]:
        return SqliteStore.open(self._settings.database.path, clock, journal=MemoryJournal(), **how)


def _write(file: Path, people: Sequence[Somebody], *columns: str) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["first_name", "last_name", "company", "domain", "linkedin_url", *columns])
        for who in people:
            one = who.person
            profile = one.linkedin if who.has_profile else ""
            given = [getattr(one, column) for column in columns]
            rows.writerow([one.first_name, one.last_name, one.company, one.domain, profile, *given])


def _is_at_rest(tx: Tx, now: datetime) -> bool:
    """Whether all sources were read and nobody waits for anything that comes soon."""
    states = {state.position: state for state in tx.sources.of(ONE)}
    campaign = tx.campaigns.get(ONE)
    assert campaign is not None
    is_read = all(
        place in states and (states[place].exhausted or entry.type == "linkedin")
        for place, entry in enumerate(campaign.definition.sources)
    )
    due = tx.leads.next_due(ONE)
    return (
        is_read
        and not tx.candidates.waiting(ONE, 1)
        and not tx.candidates.stubs(ONE, 1)
        and not tx.lookups.open_counts(ONE)
        and not tx.leads.page(ONE, Listing(1), LeadFilter(status=LeadStatus.NEW))
        and (due is None or due > now)
    )


@dataclass(frozen=True, slots=True)
class Receipt:
    """A lookup, as camd has written it down."""

    deal: Deal
    status: LookupStatus
    spent: Decimal


@dataclass(frozen=True, slots=True)
class Books:
    """What camd has written down; leads and receipts by the number of their person, `suppressed` are numbers too."""

    leads: Mapping[int, Sequence[Lead]]
    receipts: Mapping[int | None, Sequence[Receipt]]
    suppressed: frozenset[int]
    broken: Sequence[str]

    def spent(self, provider: str) -> Decimal:
        everything = (receipt for each in self.receipts.values() for receipt in each)
        return sum((receipt.spent for receipt in everything if receipt.deal[0] == provider), Decimal(0))


def _read(tx: Tx, path: Path, vendors: Vendors, stubs: Mapping[int, int]) -> Books:
    by_name = {(who.person.first_name, who.person.last_name): who.person.number for who in vendors.everybody}
    leads: defaultdict[int, list[Lead]] = defaultdict(list)
    of_lead: dict[str, int] = {}
    for lead in invariants.leads(tx, ONE):
        number = by_name[lead.facts.first_name or "", lead.facts.last_name or ""]
        leads[number].append(lead)
        of_lead[lead.id] = number
    suppressed = {who.person.number for who in vendors.everybody if record.is_suppressed(tx, who.person.email)}
    rows = _rows(path, sa.select(lookups))
    receipts: defaultdict[int | None, list[Receipt]] = defaultdict(list)
    for row in rows:
        about = of_lead.get(row.lead_id, stubs.get(row.candidate_id))
        receipts[about].append(Receipt((row.provider, row.operation), row.status, row.spent or Decimal(0)))
    return Books(leads, receipts, frozenset(suppressed), invariants.broken(tx, vendors.time.now(), {}))


def _rows(path: Path, chosen: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
    with sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool).connect() as connection:
        return connection.execute(chosen).all()
