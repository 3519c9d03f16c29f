"""Every place of the send path at which its process can be killed: each commit, each line of the journal, each await.

The awaits are found while they are waited in, from the tasks themselves: one that is added to the send path is a fault
point without a word here.
"""

import asyncio
import inspect
import os
import selectors
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import anyio

import camd
from camd.actors.campaign import CycleRunner
from camd.actors.health import Health
from camd.actors.inboxes import Inboxes
from camd.actors.lookups import Desks
from camd.actors.outboxes import Outboxes
from camd.actors.wake import Doorbells
from camd.actors.webhooks import Webhooks
from camd.daemon.identity import read_identity
from camd.daemon.journal import FileJournal, JournalPoint
from camd.daemon.lock import DatabaseLock
from camd.daemon.recovery import recover
from camd.daemon.wiring import Adapters, Engine, build_context, make_metrics
from camd.mail.smtp import SmtpChannel
from camd.mail.smtp_session import Patience
from camd.operations.desk import Desk
from camd.pipeline.context import Context
from camd.pipeline.handover import Claimed, Round
from camd.ports.channel import MailDoor
from camd.ports.journal import Journal, Line, OutcomeLine
from camd.ports.settings import Settings
from camd.ports.store import Store, Tx
from camd.sim.doors import memory_doors
from camd.store.sqlite import SqliteStore
from camd.store.writer import CommitPoint

T = TypeVar("T")

Point = tuple[str, int]
"""A place, and at which of its passes: 1 is the first."""

_CAMD = f"{Path(camd.__file__).parent}/"
_SENDERS = frozenset({"Outbox._carry", "Outbox._claim"})
_PARTS = {
    "camd.actors.outbox": "start of the outbox",
    "camd.daemon.recovery": "recovery",
    "camd.pipeline.handover": "look",
}
"""Where the units of the send path are made, and what those are that have no name of their own."""
_UNITS = {"_OnWire.mark": "on_wire", "Outbox._store_outcome": "outcome"}


class Points:
    """Notes each place that is passed; at `deadly` its process is killed."""

    def __init__(self, deadly: Point | None = None) -> None:
        self.passed: list[Point] = []
        self._deadly = deadly
        self._counts: Counter[str] = Counter()

    def hit(self, place: str) -> None:
        self._counts[place] += 1
        point = (place, self._counts[place])
        self.passed.append(point)
        if point == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)


class Commits:
    """A store that names the units of each of its commits; `at` is what the store below it calls there."""

    def __init__(self, points: Points) -> None:
        self.inner: Store
        self._points = points
        self._units: list[str] = []

    def at(self, point: CommitPoint) -> None:
        if point == "begin":
            self._units = []
        else:
            for unit in self._units:
                self._points.hit(f"{unit} {point}")

    async def write(self, unit: Callable[[Tx], T]) -> T:
        def named(tx: Tx) -> T:
            answer = unit(tx)
            self._units += _names_of(unit, answer)
            return answer

        return await self.inner.write(named)

    async def read(self, query: Callable[[Tx], T]) -> T:
        return await self.inner.read(query)


def _names_of(unit: Callable[[Tx], object], answer: object) -> Iterator[str]:
    """Nothing for what does not belong to the send path; the outcome of one mail and the intent of the next are one."""
    function = unit.func if isinstance(unit, partial) else unit
    rounds = answer[-1] if isinstance(answer, tuple) and answer else answer
    claimed = isinstance(rounds, list) and any(isinstance(it, Round) and isinstance(it.found, Claimed) for it in rounds)
    name = _UNITS.get(function.__qualname__.partition(".<locals>")[0])
    if name or not claimed:
        name = name or _PARTS.get(function.__module__)
    if name:
        yield name
    if claimed:
        yield "intent"


class JournalPoints:
    """A journal that names its lines; `before` is what the journal below it calls before each write and fsync."""

    def __init__(self, points: Points) -> None:
        self.inner: Journal
        self._points = points
        self._line = "opening"

    def before(self, point: JournalPoint) -> None:
        self._points.hit(f"{self._line} line before_{point}")

    async def append(self, lines: Sequence[Line]) -> None:
        self._line = "handover"
        await self.inner.append(lines)
        self._points.hit("handover line after_sync")

    async def note(self, line: OutcomeLine) -> None:
        self._line = "outcome"
        await self.inner.note(line)
        self._points.hit("outcome line after_write")


class WatchedLoop(asyncio.SelectorEventLoop):
    """Names what the tasks of a handover wait for, each time before it waits itself."""

    def __init__(self, points: Points) -> None:
        super().__init__(_Watch(self, points))


class _Watch(selectors.DefaultSelector):
    def __init__(self, loop: asyncio.AbstractEventLoop, points: Points) -> None:
        super().__init__()
        self._loop = loop
        self._points = points
        self._waits_in: WeakKeyDictionary[asyncio.Task[Any], str] = WeakKeyDictionary()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        for task in asyncio.all_tasks(self._loop):
            place = _place_of(task)
            if place is not None and self._waits_in.get(task) != place:
                self._waits_in[task] = place
                self._points.hit(f"await {place}")
        return super().select(timeout)


def _place_of(task: asyncio.Task[Any]) -> str | None:
    """Where a task of an outbox waits: in what of the handover, and in what it has called there."""
    frames = [frame for frame in _frames(task.get_coro()) if frame.f_code.co_filename.startswith(_CAMD)]
    names = [frame.f_code.co_qualname for frame in frames]
    if _SENDERS.isdisjoint(names):
        return None
    of_sending = [name for name, frame in zip(names, frames, strict=True) if _part_of(frame) in ("actors", "mail")]
    words = frames[-1].f_locals.get("words", ())
    return " ".join([of_sending[-1], *(name for name in names[-1:] if name != of_sending[-1]), *words[:1]])


def _part_of(frame: FrameType) -> str:
    return frame.f_code.co_filename.removeprefix(_CAMD).partition("/")[0]


def _frames(waiting: Any) -> Iterator[FrameType]:
    """From the outermost to the innermost. `Any`: awaitables of every kind."""
    while waiting is not None:
        if inspect.iscoroutine(waiting):
            frame, inner = waiting.cr_frame, waiting.cr_await
            # What an asynchronous generator waits for cannot be seen through its anext().
            if frame is not None and frame.f_code.co_name == "__aenter__" and hasattr(frame.f_locals["self"], "gen"):
                inner = frame.f_locals["self"].gen
        elif inspect.isasyncgen(waiting):
            frame, inner = waiting.ag_frame, waiting.ag_await
        elif inspect.isgenerator(waiting):
            frame, inner = waiting.gi_frame, waiting.gi_yieldfrom
        else:
            return
        if frame is not None:
            yield frame
        waiting = inner


@asynccontextmanager
async def opened(
    settings: Settings,
    parts: Adapters,
    points: Points | None = None,
    *,
    patience: Patience | None = None,
    wrap_mail: Callable[[MailDoor], MailDoor] = lambda mail: mail,
    wrap_store: Callable[[Store], Store] = lambda store: store,
) -> AsyncIterator[Engine]:
    """The engine as `Engine.open` makes it, with a fault point at each commit and each line of its journal."""
    points = points or Points()
    metrics = make_metrics(parts.clock, settings)
    commits, lines = Commits(points), JournalPoints(points)
    path = settings.database.path
    journal = FileJournal(settings.database.journal, parts.clock, before=lines.before)
    lines.inner = journal
    with DatabaseLock(path, since=parts.clock.now()):
        async with (
            journal,
            SqliteStore.open(path, parts.clock, journal=lines, on_commit=commits.at) as store,
            SmtpChannel(settings.mailboxes, parts.clock, patience=patience) as mail,
            anyio.create_task_group() as tasks,
        ):
            commits.inner = store
            doors = memory_doors(settings, wrap_mail(mail), parts.clock)
            context = build_context(settings, parts, wrap_store(commits), metrics, doors, lines)
            await recover(context, journal, read_identity(path, {}))
            yield _engine(context, tasks)
            tasks.cancel_scope.cancel()


def _engine(context: Context, tasks: anyio.abc.TaskGroup) -> Engine:
    health, bells = Health(context.clock.now()), Doorbells()
    runner, outboxes, inboxes = CycleRunner(context, bells), Outboxes(context, bells), Inboxes(context, bells)
    desk = Desk(
        context=context,
        doorbells=bells,
        started_at=health.started_at,
        version="proof",
        is_ready=lambda: health.is_ready,
        run=runner.run,
        tasks=tasks,
    )
    desks, webhooks = Desks(context, bells), Webhooks(context, bells)
    return Engine(context, health, bells, runner, outboxes, inboxes, desks, webhooks, desk)
