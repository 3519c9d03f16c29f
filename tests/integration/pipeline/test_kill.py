"""The process is killed at every commit point of discovery, enrichment, scoring and planning, and started again:
the end is that of a run that nobody disturbed."""

import io
import os
import shutil
import signal
import warnings
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import anyio
import pytest

from camd.actors.campaign import CycleRunner
from camd.actors.wake import Doorbells
from camd.daemon.wiring import Adapters, build_context, make_metrics
from camd.domain.campaign import CampaignStatus, Definition, SourceEntry, StatusChange
from camd.domain.facts import CampaignId, CandidateId, Facts, Verdict
from camd.operations.desk import Desk
from camd.operations.lead_import import import_csv, undo_unfinished
from camd.pipeline.context import Context
from camd.pipeline.cycle import run_cycle
from camd.ports.providers import Found
from camd.ports.records import Candidate
from camd.ports.store import Store, Tx
from camd.sim import invariants
from camd.sim.clock import SeededEntropy
from camd.sim.doors import memory_doors
from camd.sim.fakes import ListSource, Verifier
from camd.sim.journal import MemoryJournal
from camd.sim.mail import MemoryMail
from camd.sim.world import INSTANCE_KEY, STEPS, people, plain_settings
from camd.store.sqlite import SqliteStore
from camd.store.writer import CommitPoint
from camd.system import sortable_id

T = TypeVar("T")

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ONE = CampaignId(1)
NEVER = 10_000
MOST_CYCLES = 10
DUPLICATE = replace(people(1)[0], source_ref="the first one again")
OPTED_OUT = Found("row dnc", Facts(email="no@dnc.example", tags=("dnc",)))
# One more than a unit of work holds, so that stages are cut in the middle too.
PEOPLE = [*people(101), DUPLICATE, OPTED_OUT]

Outcome = tuple[Counter[str], Counter[str]]
Wrap = Callable[[Store], Store]


class StillClock:
    """Every run plans the same instants."""

    def now(self) -> datetime:
        return NOW

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


def context(folder: Path, store: Store, process: int) -> Context:
    clock = StillClock()
    source = ListSource({"people": PEOPLE})
    return build_context(
        plain_settings(folder),
        Adapters(clock, SeededEntropy(1), Ids(process), (source,), Verifier({"c7.example": Verdict.INVALID})),
        store,
        make_metrics(clock, plain_settings(folder)),
        memory_doors(plain_settings(folder), MemoryMail(("sales",)), clock),
        MemoryJournal(),
    )


async def prepare(path: Path, *, live: bool) -> None:
    definition = Definition(
        "Q1",
        sources=(SourceEntry("list", {"list": "people"}),),
        steps=STEPS,
        dry_run=not live,
        first_touch_spread_hours=0,
    )
    active = StatusChange(CampaignStatus.ACTIVE, None, "engine", NOW)
    async with SqliteStore.open(path, StillClock(), journal=MemoryJournal(), instance_key=INSTANCE_KEY) as store:
        await store.write(lambda tx: tx.campaigns.add(definition, active))


async def work(path: Path, process: int, deadly_point: int, wrap: Wrap) -> None:
    """Cycles until nothing is due."""
    killing = killing_at(deadly_point)
    async with SqliteStore.open(
        path, StillClock(), journal=MemoryJournal(), simulated=True, on_commit=killing
    ) as store:
        ctx = context(path.parent, wrap(store), process)
        for _ in range(MOST_CYCLES):
            report = await run_cycle(ctx, ONE, call_dry=False)
            if report.next_wake_at is None or report.next_wake_at > NOW:
                return
    raise AssertionError("the campaign never comes to rest")


def run_to_its_end(work: Callable[[], Awaitable[None]]) -> bool:
    """In a process of its own; whether it came to its end, false where it was killed."""
    with warnings.catch_warnings():
        # Python 3.12 warns of a fork beside threads: those of the test runner, which the child does not need.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        code = 1
        try:
            anyio.run(work)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    ended = os.waitstatus_to_exitcode(status)
    assert ended in (0, -signal.SIGKILL), "the child crashed"
    return ended == 0


def killing_at(deadly_point: int) -> Callable[[CommitPoint], None]:
    """Kills its own process at the commit point of that number; `begin` is as a kill before the commit."""
    points = 0

    def at(point: CommitPoint) -> None:
        nonlocal points
        points += point != "begin"
        if points == deadly_point:
            os.kill(os.getpid(), signal.SIGKILL)

    return at


async def outcome(path: Path) -> Outcome:
    """What is stored, told without the ids that each run makes for itself."""

    def query(tx: Tx) -> Outcome:
        leads = {lead.id: lead for lead in invariants.leads(tx, ONE)}
        names = {lead.id: lead.facts.email for lead in leads.values()}
        stored: list[object] = [
            (lead.facts, lead.state, lead.score, lead.verdict, lead.holds, lead.next_action, lead.next_action_at)
            for lead in leads.values()
        ]
        stored += [
            (names[it.lead_id], it.step, it.due_at, it.mailbox, it.subject, it.body)
            for it in invariants.previews(tx, ONE)
        ]
        stored += [
            (names[it.lead_id], it.step, it.due_at, it.mailbox, it.subject, it.body, it.status)
            for it in invariants.touches(tx, ONE)
        ]
        told = [
            (row.event.type, names[row.event.lead_id] if row.event.lead_id else None) for row in invariants.ledger(tx)
        ]
        assert not invariants.broken(tx, NOW, {})
        return Counter(map(str, stored)), Counter(map(str, told))

    async with SqliteStore.open(path, StillClock(), journal=MemoryJournal()) as store:
        return await store.read(query)


def outcomes(folder: Path, *, live: bool, wrap: Wrap) -> Iterator[Outcome]:
    """The outcome of a run that nobody disturbs, then that of each run killed at one more commit point."""
    base = folder / "base.db"
    anyio.run(lambda: prepare(base, live=live))
    undisturbed = folder / "undisturbed.db"
    shutil.copy(base, undisturbed)
    assert run_to_its_end(partial(work, undisturbed, 0, NEVER, wrap))
    yield anyio.run(outcome, undisturbed)
    for point in range(1, NEVER):
        path = folder / f"killed at {point}.db"
        shutil.copy(base, path)
        if run_to_its_end(partial(work, path, 0, point, wrap)):
            return
        assert run_to_its_end(partial(work, path, 1, NEVER, wrap))
        yield anyio.run(outcome, path)


@pytest.mark.parametrize(
    "live",
    [
        pytest.param(False, id="previews", marks=pytest.mark.nightly),
        pytest.param(True, id="touches", marks=pytest.mark.acceptance),
    ],
)
def test_a_kill_at_any_commit_loses_and_doubles_nothing(tmp_path: Path, live: bool) -> None:
    expected, *found = outcomes(tmp_path, live=live, wrap=lambda store: store)
    stored, _ = expected
    assert sum("Facts(" in row for row in stored) == 101
    assert sum("For C" in row for row in stored) == 100
    assert len(found) >= 20
    wrong = [point for point, after_kill in enumerate(found, 1) if after_kill != expected]
    assert wrong == []


LIST = "email,first_name\n" + "".join(f"p{number}@firm{number}.example,P{number}\n" for number in range(450))


async def bring_in(path: Path, process: int, deadly_point: int) -> None:
    """Starts as the daemon does, then imports the list."""
    killing = killing_at(deadly_point)
    async with SqliteStore.open(
        path, StillClock(), journal=MemoryJournal(), simulated=True, on_commit=killing
    ) as store:
        ctx = context(path.parent, store, process)
        async with anyio.create_task_group() as tasks:
            desk = Desk(ctx, Doorbells(), NOW, "1.0", lambda: True, CycleRunner(ctx, Doorbells()).run, tasks)
            await undo_unfinished(desk)
            await import_csv(desk, ONE, io.BytesIO(LIST.encode()), actor="os:ann")


async def imported(path: Path) -> tuple[int, int]:
    """How many leads there are, and how many of them the engine may work on."""
    async with SqliteStore.open(path, StillClock(), journal=MemoryJournal()) as store:
        leads = await store.read(lambda tx: invariants.leads(tx, ONE))
        assert not await store.read(lambda tx: invariants.broken(tx, NOW, {}))
        return len(leads), sum(lead.next_action is not None for lead in leads)


@pytest.mark.acceptance
def test_a_kill_at_any_commit_of_an_import_leaves_all_of_it_or_nothing_to_work_on(tmp_path: Path) -> None:
    base = tmp_path / "base.db"
    anyio.run(lambda: prepare(base, live=False))
    for point in range(1, NEVER):
        path = tmp_path / f"killed at {point}.db"
        shutil.copy(base, path)
        if run_to_its_end(partial(bring_in, path, 0, point)):
            break
        _, at_work = anyio.run(imported, path)
        assert at_work in (0, 450)
        assert run_to_its_end(partial(bring_in, path, 1, NEVER))
        assert anyio.run(imported, path) == (450, 450)
    assert point > 8


class _LateCandidates:
    """Keeps what is added for later."""

    def __init__(self, tx: Tx, late: list[Callable[[Tx], object]]) -> None:
        self._candidates = tx.candidates
        self._late = late

    def add(self, campaign_id: CampaignId, source: str, rows: Sequence[Found]) -> int:
        self._late.append(lambda tx: tx.candidates.add(campaign_id, source, rows))
        return len(rows)

    def waiting(self, campaign_id: CampaignId, limit: int) -> Sequence[Candidate]:
        return self._candidates.waiting(campaign_id, limit)

    def remove(self, ids: Sequence[CandidateId]) -> None:
        self._candidates.remove(ids)


class _LateTx:
    def __init__(self, tx: Tx, late: list[Callable[[Tx], object]]) -> None:
        self._tx = tx
        self.candidates = _LateCandidates(tx, late)

    def __getattr__(self, name: str) -> Any:  # whatever the transaction has
        return getattr(self._tx, name)


class CursorFirst:
    """The planted bug: a source's cursor is committed before its candidates."""

    def __init__(self, inner: Store) -> None:
        self._inner = inner

    async def write(self, unit: Callable[[Tx], T]) -> T:
        late: list[Callable[[Tx], object]] = []
        answer = await self._inner.write(lambda tx: unit(cast("Tx", _LateTx(tx, late))))
        for add in late:
            await self._inner.write(add)
        return answer

    async def read(self, query: Callable[[Tx], T]) -> T:
        return await self._inner.read(query)


def test_the_proof_sees_a_cursor_that_is_stored_before_its_candidates(tmp_path: Path) -> None:
    after_kills = outcomes(tmp_path, live=True, wrap=CursorFirst)
    expected, _ = next(after_kills)
    assert any(stored.total() < expected.total() for stored, _ in after_kills)
