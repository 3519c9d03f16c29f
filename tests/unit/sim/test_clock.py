import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import anyio
import pytest
from sqlalchemy import Connection

from camd.sim.clock import START, Deadlock, SeededEntropy, SequentialIds, VirtualClock, VirtualLoop, run
from camd.store.readers import WriterReaders
from camd.store.writer import Writer

HOUR = 3600.0


def test_a_sleep_takes_its_time_in_virtual_time_only() -> None:
    async def main(clock: VirtualClock) -> datetime:
        await anyio.sleep(90 * 24 * HOUR)
        return clock.now()

    assert run(main) == START + timedelta(days=90)


def test_the_start_is_what_was_asked_for() -> None:
    async def main(clock: VirtualClock) -> datetime:
        return clock.now()

    start = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert run(main, start) == start


def test_sleepers_wake_in_the_order_of_their_instants() -> None:
    async def main(clock: VirtualClock) -> list[float]:
        woken: list[float] = []

        async def sleeper(seconds: float) -> None:
            await anyio.sleep(seconds)
            assert clock.monotonic() == pytest.approx(seconds)
            woken.append(seconds)

        async with anyio.create_task_group() as tasks:
            for seconds in (30.0, 0.001, 86_400.0, 2.0):
                tasks.start_soon(sleeper, seconds)
        return woken

    assert run(main) == [0.001, 2.0, 30.0, 86_400.0]


def test_a_time_out_ends_in_virtual_time() -> None:
    async def main(clock: VirtualClock) -> float:
        with anyio.move_on_after(HOUR):
            await anyio.sleep(2 * HOUR)
        return clock.monotonic()

    assert run(main) == HOUR


def test_time_stands_still_while_real_work_is_in_flight() -> None:
    release = threading.Event()

    async def main(clock: VirtualClock) -> list[str]:
        events: list[str] = []

        async def work() -> None:
            with clock.real_work():
                await anyio.to_thread.run_sync(release.wait)
            events.append(f"worked at {clock.monotonic()}")

        async def tick() -> None:
            asyncio.get_running_loop().call_soon(release.set)
            await anyio.sleep(1)
            events.append(f"ticked at {clock.monotonic()}")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
            tasks.start_soon(tick)
        return events

    assert run(main) == ["worked at 0.0", "ticked at 1.0"]


def test_waiting_for_what_cannot_come_is_a_deadlock() -> None:
    async def main(_: VirtualClock) -> None:
        await anyio.Event().wait()

    with pytest.raises(Deadlock):
        run(main)


def test_a_jump_moves_the_wall_clock_and_no_timer() -> None:
    async def main(clock: VirtualClock) -> tuple[datetime, float]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, HOUR)
            clock.jump(timedelta(days=-1))
        return clock.now(), clock.monotonic()

    assert run(main) == (START + timedelta(hours=1) - timedelta(days=1), HOUR)


def test_an_error_of_the_main_comes_out() -> None:
    async def main(_: VirtualClock) -> None:
        await anyio.sleep(1)
        raise LookupError("found nothing")

    with pytest.raises(LookupError, match="found nothing"):
        run(main)


def test_the_default_executor_is_shut_down_for_real() -> None:
    async def main(clock: VirtualClock) -> int:
        loop = asyncio.get_running_loop()

        class Executor(ThreadPoolExecutor):
            def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
                assert isinstance(loop, VirtualLoop)
                in_flight.append(loop.real_work_in_flight)
                super().shutdown(wait, cancel_futures=cancel_futures)

        loop.set_default_executor(Executor())
        with clock.real_work():
            return await loop.run_in_executor(None, threading.get_ident)

    in_flight: list[int] = []
    assert run(main) != threading.get_ident()
    assert in_flight[0] == 1


def a_busy_quarter(path: Path, *, days: int, seed: int) -> list[str]:
    """Five tasks write every virtual hour, in random groups with pauses between; the ledger is what was stored."""
    dice = SeededEntropy(seed)
    ids = SequentialIds(seed)

    async def main(clock: VirtualClock) -> list[str]:
        async def campaign(name: int) -> None:
            for _ in range(days * 24):
                await anyio.sleep(HOUR)
                await writer.write(partial(record, line=f"{name} plans at {clock.now()}"))
                # Uneven numbers of turns of the loop: who comes next must not hang on the groups of the writer.
                for _ in range(int(dice.uniform(0, 4))):
                    await anyio.lowlevel.checkpoint()
                line = f"{name} knows {await readers.read(size)} {ids.new('ev')}"
                await writer.write(partial(record, line=line))

        async with Writer(path, clock) as writer:
            readers = WriterReaders(writer)
            await writer.write(lambda tx: tx.exec_driver_sql("CREATE TABLE ledger (line TEXT)"))
            async with anyio.create_task_group() as tasks:
                for name in range(5):
                    tasks.start_soon(campaign, name)
            assert clock.now() == START + timedelta(days=days)
            return await readers.read(ledger)

    return run(main)


def record(connection: Connection, line: str) -> None:
    connection.exec_driver_sql("INSERT INTO ledger VALUES (?)", (line,))


def size(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM ledger").scalar_one())


def ledger(connection: Connection) -> list[str]:
    return [str(row[0]) for row in connection.exec_driver_sql("SELECT line FROM ledger ORDER BY rowid")]


def test_ninety_days_of_hourly_writes_pass_in_virtual_time(tmp_path: Path) -> None:
    async def main(clock: VirtualClock) -> int:
        async with Writer(tmp_path / "a.db", clock) as writer:
            await writer.write(lambda tx: tx.exec_driver_sql("CREATE TABLE ledger (line TEXT)"))
            for _ in range(90 * 24):
                await anyio.sleep(HOUR)
                await writer.write(partial(record, line=clock.now().isoformat()))
            assert clock.now() == START + timedelta(days=90)
            return await writer.write(size)

    assert run(main) == 90 * 24


def test_the_same_seed_gives_the_same_ledger(tmp_path: Path) -> None:
    first = a_busy_quarter(tmp_path / "a.db", days=4, seed=7)
    assert len(first) == 5 * 4 * 24 * 2
    assert a_busy_quarter(tmp_path / "b.db", days=4, seed=7) == first


def test_another_seed_gives_another_ledger(tmp_path: Path) -> None:
    assert a_busy_quarter(tmp_path / "a.db", days=1, seed=7) != a_busy_quarter(tmp_path / "b.db", days=1, seed=8)


def test_seeded_dice_repeat() -> None:
    one, two = SeededEntropy(3), SeededEntropy(3)
    assert [one.uniform(0, 9), one.token(8)] == [two.uniform(0, 9), two.token(8)]


def test_sequential_ids_repeat_and_sort() -> None:
    source, again = SequentialIds(3), SequentialIds(3)
    made = [source.new("ld") for _ in range(1000)]
    assert made == [again.new("ld") for _ in range(1000)]
    assert all(earlier < later for earlier, later in pairwise(made))
    assert {len(id_) for id_ in made} == {len("ld_") + 26}
