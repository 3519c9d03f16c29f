"""One installation that is killed and started again, and held to its promises at its end."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import anyio

from camd.daemon.found_handovers import outcomes
from camd.daemon.journal_lines import read_journal
from camd.daemon.wiring import Engine
from camd.ports.channel import MailDoor
from camd.ports.journal import HandoverOutcomeWord, JournalMark
from camd.ports.records import TouchStatus
from camd.ports.settings import MailboxSettings
from camd.ports.store import Store
from camd.sim.journal import MemoryJournal
from camd.store.sqlite import SqliteStore
from camd.system import SystemClock
from tests.proof.campaigns import adapters, read_books, send_to_the_end, settings
from tests.proof.child import Child, Tell
from tests.proof.fault_points import Point, Points, WatchedLoop, opened
from tests.proof.judge import Books, TouchRow


@dataclass(frozen=True, slots=True)
class Bug:
    """What is planted to show that the proof sees it."""

    mail: Callable[[MailDoor], MailDoor] = lambda mail: mail
    store: Callable[[Store], Store] = lambda store: store


NO_BUG = Bug()


@dataclass(frozen=True, slots=True)
class Crash:
    """What stood on the disk when the process was killed; `told` are the outcomes that the journal has."""

    books: Books
    told: frozenset[str]

    @property
    def in_doubt(self) -> list[TouchRow]:
        """Of which the next start cannot know whether they arrived."""
        on_wire = (touch for touch in self.books.touches if touch.status is TouchStatus.ON_WIRE)
        return [touch for touch in on_wire if touch.message_id not in self.told]

    def changed_ids(self, after: Books) -> list[str]:
        """The Message-IDs that a touch had then and no longer has."""
        now = {(touch.recipient, touch.step): touch.message_id for touch in after.touches}
        return [it.message_id for it in self.books.touches if it.message_id not in (None, now[it.recipient, it.step])]


class Site:
    """A copy of the database `base`, in a folder of its own."""

    def __init__(self, folder: Path, base: Path, *boxes: MailboxSettings) -> None:
        folder.mkdir()
        self.folder = folder
        self.settings = settings(folder, *boxes)
        shutil.copy(base, self.settings.database.path)

    def points(self, bug: Bug = NO_BUG) -> list[Point]:
        """Works to the end in this process, undisturbed; the fault points that it passed."""
        points = Points()
        with asyncio.Runner(loop_factory=lambda: WatchedLoop(points)) as runner:
            runner.run(self._work(points, bug))
        return points.passed

    def is_killed_at(self, deadly: Point, bug: Bug = NO_BUG) -> bool:
        """False where it came to its end without passing that point."""
        points = Points(deadly)
        child = Child(lambda _: self._work(points, bug), lambda: WatchedLoop(points))
        return not child.came_to_its_end()

    async def _work(self, points: Points, bug: Bug) -> None:
        parts = adapters()
        async with opened(self.settings, parts, points, wrap_mail=bug.mail, wrap_store=bug.store) as engine:
            await send_to_the_end(engine)

    def start(self, work: Callable[[Engine, Tell], Awaitable[None]], bug: Bug = NO_BUG) -> Child:
        """The daemon's engine, with nothing of the test's in it but the bug."""

        async def whole(tell: Tell) -> None:
            parts = adapters()
            sound = Engine.open(self.settings, parts)
            planted = opened(self.settings, parts, wrap_mail=bug.mail, wrap_store=bug.store)
            async with sound if bug is NO_BUG else planted as engine:
                await work(engine, tell)

        return Child(whole)

    def finish(self) -> Books:
        """Starts again and works to the end."""
        assert self.start(send_to_the_end).came_to_its_end(), "nobody killed it"
        return self.books()

    def books(self) -> Books:
        """What the database says while nobody works on it."""
        return anyio.run(_read, self.settings.database.path)

    def crash(self) -> Crash:
        """Looks at a copy, so that what recovers is what the crash left."""
        copy = self.folder / "crashed"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for file in self.folder.glob("camd.db*"):
            shutil.copy(file, copy)
        contents = read_journal(self.settings.database.journal, after=JournalMark(0, 0))
        told = (message_id for message_id, word in outcomes(contents).items() if word is HandoverOutcomeWord.SENT)
        return Crash(anyio.run(_read, copy / "camd.db"), frozenset(told))


async def _read(path: Path) -> Books:
    clock = SystemClock()
    async with SqliteStore.open(path, clock, journal=MemoryJournal()) as store:
        return await store.read(lambda tx: read_books(tx, clock.now()))
