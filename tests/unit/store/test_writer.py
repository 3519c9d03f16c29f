import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from camd.ports.store_errors import StoreUnavailable, UnsafeDatabase
from camd.store.writer import CommitPoint, Writer, WriterLimits
from camd.system import SystemClock

INSERT = text("INSERT INTO note (body) VALUES (:body)")
SELECT = text("SELECT body FROM note ORDER BY id")


def create(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT UNIQUE)")
    connection.exec_driver_sql("CREATE TABLE reply (note_id INTEGER NOT NULL REFERENCES note (id))")


def note(body: str) -> Callable[[Connection], str]:
    def unit(connection: Connection) -> str:
        connection.execute(INSERT, {"body": body})
        return body

    return unit


def bodies(connection: Connection) -> list[str]:
    return [str(row[0]) for row in connection.execute(SELECT)]


class Busy:
    """Work that keeps the writer's thread until it is released, so that units pile up behind it."""

    def __init__(self) -> None:
        self._released = threading.Event()

    def __call__(self, _: Connection) -> None:
        assert self._released.wait(60)

    def release(self) -> None:
        self._released.set()


class Groups:
    """Keeps what the observer is told."""

    def __init__(self) -> None:
        self.committed: list[int] = []
        self.failed: list[int] = []

    def transaction(self, *, committed: bool, units: int, seconds: float) -> None:
        assert seconds >= 0
        (self.committed if committed else self.failed).append(units)

    def busy(self) -> None:
        raise AssertionError("nobody else holds this file")


class CountingClock(SystemClock):
    in_flight = 0

    @contextmanager
    def real_work(self) -> Iterator[None]:
        self.in_flight += 1
        yield
        self.in_flight -= 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a file #1?.db"


async def test_waiting_units_share_one_commit(path: Path) -> None:
    groups, busy = Groups(), Busy()
    async with Writer(path, SystemClock(), observer=groups) as writer, anyio.create_task_group() as tasks:
        await writer.write(create)
        tasks.start_soon(writer.alone, busy)
        for number in range(70):
            tasks.start_soon(writer.write, note(str(number)))
        await anyio.wait_all_tasks_blocked()
        busy.release()
    assert groups.committed == [1, 64, 6]


async def test_units_run_in_the_order_they_came(path: Path) -> None:
    async with Writer(path, SystemClock()) as writer:
        await writer.write(create)
        async with anyio.create_task_group() as tasks:
            for number in range(100):
                tasks.start_soon(writer.write, note(f"{number:03}"))
        assert await writer.write(bodies) == [f"{number:03}" for number in range(100)]


async def test_a_unit_that_raises_is_undone_alone_and_its_caller_alone_is_told(path: Path) -> None:
    def spoilt(connection: Connection) -> None:
        note("spoilt")(connection)
        raise LookupError("spoilt")

    told: list[str] = []

    async def spoil() -> None:
        with pytest.raises(LookupError, match="spoilt"):
            await writer.write(spoilt)
        told.append("spoilt")

    busy = Busy()
    async with Writer(path, SystemClock()) as writer:
        await writer.write(create)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.alone, busy)
            tasks.start_soon(writer.write, note("before"))
            tasks.start_soon(spoil)
            tasks.start_soon(writer.write, note("after"))
            await anyio.wait_all_tasks_blocked()
            busy.release()
        assert told == ["spoilt"]
        assert await writer.write(bodies) == ["before", "after"]


async def test_one_that_raises_first_is_undone_alone_too(path: Path) -> None:
    def spoilt(connection: Connection) -> None:
        note("spoilt")(connection)
        raise LookupError("spoilt")

    async def spoil() -> None:
        with pytest.raises(LookupError, match="spoilt"):
            await writer.write(spoilt)

    groups, busy = Groups(), Busy()
    async with Writer(path, SystemClock(), observer=groups) as writer:
        await writer.write(create)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.alone, busy)
            tasks.start_soon(spoil)
            tasks.start_soon(writer.write, note("after"))
            await anyio.wait_all_tasks_blocked()
            busy.release()
        await spoil()
        assert await writer.write(bodies) == ["after"]
    assert (groups.committed, groups.failed) == ([1, 2, 1, 1], [])


async def test_the_callers_of_one_group_are_answered_in_their_order(path: Path) -> None:
    answered: list[int] = []

    async def ask(number: int) -> None:
        await writer.write(lambda _: None)
        answered.append(number)

    busy = Busy()
    async with Writer(path, SystemClock()) as writer, anyio.create_task_group() as tasks:
        tasks.start_soon(writer.alone, busy)
        for number in range(10):
            tasks.start_soon(ask, number)
        await anyio.wait_all_tasks_blocked()
        busy.release()
    assert answered == sorted(answered)
    assert len(answered) == 10


async def test_nobody_is_answered_before_the_commit(path: Path) -> None:
    steps: list[str] = []

    def at(point: CommitPoint) -> None:
        steps.append(point)

    async with Writer(path, SystemClock(), on_commit=at) as writer:
        await writer.write(lambda _: steps.append("unit"))
        steps.append("answered")
    assert steps == ["begin", "unit", "before_commit", "after_commit", "answered"]


async def test_a_group_whose_commit_fails_stores_nothing_and_tells_all_its_callers(path: Path) -> None:
    failing = threading.Event()

    def at(point: CommitPoint) -> None:
        if point == "before_commit" and failing.is_set():
            raise OSError("the disk went away")

    refused: list[str] = []

    async def refused_note(body: str) -> None:
        with pytest.raises(OSError, match="went away"):
            await writer.write(note(body))
        refused.append(body)

    groups, busy = Groups(), Busy()
    async with Writer(path, SystemClock(), observer=groups, on_commit=at) as writer:
        await writer.write(create)
        failing.set()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.alone, busy)
            tasks.start_soon(refused_note, "one")
            tasks.start_soon(refused_note, "two")
            await anyio.wait_all_tasks_blocked()
            busy.release()
        failing.clear()
        assert refused == ["one", "two"]
        assert await writer.write(bodies) == []
    assert groups.failed == [2]


async def test_a_unit_that_has_its_place_runs_though_its_caller_is_cancelled(path: Path) -> None:
    busy = Busy()
    async with Writer(path, SystemClock()) as writer, anyio.create_task_group() as tasks:
        await writer.write(create)
        tasks.start_soon(writer.alone, busy)
        async with anyio.create_task_group() as callers:
            callers.start_soon(writer.write, note("cancelled"))
            await anyio.wait_all_tasks_blocked()
            callers.cancel_scope.cancel()
        busy.release()
        assert await writer.write(bodies) == ["cancelled"]


async def test_a_unit_cancelled_while_it_waits_for_a_place_never_runs(path: Path) -> None:
    busy = Busy()
    async with (
        Writer(path, SystemClock(), limits=WriterLimits(queue=1)) as writer,
        anyio.create_task_group() as tasks,
    ):
        await writer.write(create)
        tasks.start_soon(writer.alone, busy)
        async with anyio.create_task_group() as callers:
            callers.start_soon(writer.write, note("no place"))
            await anyio.wait_all_tasks_blocked()
            callers.cancel_scope.cancel()
        busy.release()
        assert await writer.write(bodies) == []


async def test_closing_finishes_what_is_waiting_and_empties_the_wal(path: Path) -> None:
    busy = Busy()
    writer = Writer(path, SystemClock())
    async with anyio.create_task_group() as tasks, writer:
        await writer.write(create)
        tasks.start_soon(writer.alone, busy)
        for number in range(10):
            tasks.start_soon(writer.write, note(str(number)))
        await anyio.wait_all_tasks_blocked()
        busy.release()
    assert not path.with_name(path.name + "-wal").exists()
    assert "camd-writer" not in {thread.name for thread in threading.enumerate()}
    async with Writer(path, SystemClock()) as again:
        assert len(await again.write(bodies)) == 10


async def test_a_closed_writer_refuses_and_closing_twice_does_nothing(path: Path) -> None:
    async with Writer(path, SystemClock()) as writer:
        await writer.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            await writer.write(create)


async def test_virtual_time_stands_still_while_a_caller_waits(path: Path) -> None:
    clock, busy = CountingClock(), Busy()
    async with Writer(path, clock) as writer, anyio.create_task_group() as tasks:
        tasks.start_soon(writer.alone, busy)
        tasks.start_soon(writer.write, create)
        await anyio.wait_all_tasks_blocked()
        assert clock.in_flight == 2
        busy.release()
    assert clock.in_flight == 0


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 5000), ("temp_store", 2)],
)
async def test_the_connection_is_durable_and_strict(path: Path, pragma: str, value: object) -> None:
    async with Writer(path, SystemClock()) as writer:
        found = await writer.write(lambda tx: tx.exec_driver_sql(f"PRAGMA {pragma}").scalar_one())
    assert found == value


async def test_a_row_that_points_nowhere_is_refused(path: Path) -> None:
    async with Writer(path, SystemClock()) as writer:
        await writer.write(create)
        with pytest.raises(IntegrityError):
            await writer.write(lambda tx: tx.exec_driver_sql("INSERT INTO reply VALUES (7)"))


async def test_a_place_without_a_wal_is_refused() -> None:
    with pytest.raises(UnsafeDatabase, match="journal_mode"):
        async with Writer(Path(":memory:"), SystemClock()):
            pass


async def test_a_folder_that_is_missing_makes_the_store_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        async with Writer(tmp_path / "missing" / "camd.db", SystemClock()):
            pass


async def test_a_checkpoint_empties_the_wal(path: Path) -> None:
    async with Writer(path, SystemClock()) as writer:
        await writer.write(create)
        assert path.with_name(path.name + "-wal").stat().st_size > 0
        checkpoint = await writer.checkpoint()
        assert not checkpoint.busy
        assert path.with_name(path.name + "-wal").stat().st_size == 0


async def test_a_transaction_left_open_by_work_of_its_own_is_undone(path: Path) -> None:
    def careless(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        note("careless")(connection)

    async with Writer(path, SystemClock()) as writer:
        await writer.write(create)
        await writer.alone(careless)
        assert await writer.write(bodies) == []


def leaves(_: Connection) -> None:
    raise SystemExit


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_work_of_its_own_that_ends_the_thread_is_answered(path: Path) -> None:
    async with Writer(path, SystemClock()) as writer:
        with pytest.raises(RuntimeError, match="thread ended"):
            await writer.alone(leaves)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_nobody_waits_for_ever_when_the_thread_ends(path: Path) -> None:
    refused: list[str] = []

    async def write(unit: Callable[[Connection], object], name: str) -> None:
        with pytest.raises((RuntimeError, StoreUnavailable)):
            await writer.write(unit)
        refused.append(name)

    busy = Busy()
    async with Writer(path, SystemClock(), limits=WriterLimits(group=2)) as writer:
        await writer.write(create)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.alone, busy)
            tasks.start_soon(write, note("same group"), "same group")
            tasks.start_soon(write, leaves, "leaves")
            tasks.start_soon(write, note("later group"), "later group")
            await anyio.wait_all_tasks_blocked()
            busy.release()
    assert refused == ["same group", "leaves", "later group"]
    async with Writer(path, SystemClock()) as again:
        assert await again.write(bodies) == []


async def test_a_unit_that_commits_by_itself_is_a_bug(path: Path) -> None:
    def commits(connection: Connection) -> None:
        connection.exec_driver_sql("COMMIT")

    async with Writer(path, SystemClock()) as writer:
        with pytest.raises(AssertionError, match="ended the transaction"):
            await writer.write(commits)
        await writer.write(create)
