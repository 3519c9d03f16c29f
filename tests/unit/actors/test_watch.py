import io
import json
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import anyio
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Connection

from camd.actors.health import Phase
from camd.actors.lag import LagProbe
from camd.actors.wake import Doorbells
from camd.actors.watch import TICK_SECONDS, Bounds, Watch
from camd.pipeline.send_gate import GateReason
from camd.ports.records import Touch, TouchStatus
from camd.ports.settings import LoggingSettings
from camd.ports.store import Tx
from camd.ports.store_errors import StoreUnavailable
from camd.ports.webhooks import Endpoint
from camd.sim.clock import START
from camd.sim.world import World, people, simulate
from camd.store.sqlite import SqliteStore
from camd.telemetry.logs import configure
from tests.sim.fault_signs import value


def run(pragma: str, connection: Connection) -> None:
    connection.exec_driver_sql(pragma).close()


def test_a_database_that_goes_makes_the_process_unready_until_it_is_back(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.health.phase = Phase.RUNNING
        await world.start(watch=True)
        await world.run_for(seconds=6)
        assert world.health.is_ready
        world.store.trouble = StoreUnavailable("away")
        await world.run_for(minutes=1)
        assert (world.health.is_ready, world.health.store_error) == (False, "away")
        world.store.trouble = None
        await world.run_for(seconds=5)
        assert world.health.is_ready

    simulate(tmp_path, scenario)


def test_the_gauges_count_what_endpoints_are_still_to_get(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        def unit(tx: Tx) -> None:
            for number, name in enumerate(("crm", "make", "idle")):
                tx.webhooks.put(Endpoint(name, 0))
                for seq in range(number if name != "idle" else 0):
                    tx.webhooks.add(name, seq, f"ev_{seq}", world.clock.now())

        await world.store.write(unit)
        await world.start(watch=True)
        await world.run_for(seconds=6)
        families = text_string_to_metric_families(world.context.metrics.render().decode())
        shown = {sample.name: sample.value for family in families for sample in family.samples}
        assert shown["camd_webhook_backlog"] == 1
        assert shown["camd_webhook_oldest_timestamp_seconds"] == START.timestamp()

    simulate(tmp_path, scenario)


def test_a_full_disk_keeps_the_gate_closed_until_there_is_room(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.start(watch=True)
        world.context.gate.close(GateReason.DISK_FULL)
        await world.run_for(seconds=6)
        assert world.context.gate.closures() == ()
        assert world.health.disk_free_bytes

    simulate(tmp_path, scenario)


def test_a_disk_that_is_full_at_the_start_keeps_the_gate_closed_from_the_first_moment(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        everything = Bounds(disk_full=2**62)
        await Watch(world.context, world.health, Doorbells(), tmp_path / "camd.db", bounds=everything).begin()
        assert [closure.reason for closure in world.context.gate.closures()] == [GateReason.DISK_FULL]
        assert value(world.context.metrics, "disk_free_bytes") > 0

    simulate(tmp_path, scenario)


def test_on_a_disk_that_is_nearly_full_a_write_tells_whether_the_process_is_ready(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.health.phase = Phase.RUNNING
        store = world.store._inner
        assert isinstance(store, SqliteStore)
        everything = 2**62
        watch = Watch(
            world.context, world.health, Doorbells(), tmp_path / "camd.db", bounds=Bounds(disk_full=everything)
        )
        seen = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch.run)
            for query_only in (0, 1, 0):
                await store.writer.alone(partial(run, f"PRAGMA query_only={query_only}"))
                await anyio.sleep(6)
                seen.append(world.health.is_ready)
            tasks.cancel_scope.cancel()
        assert seen == [True, False, True]

    simulate(tmp_path, scenario)


def test_on_a_disk_that_is_nearly_full_each_look_puts_something_on_it_and_changes_nothing(tmp_path: Path) -> None:
    log = tmp_path / "camd.db-wal"
    sizes = []

    async def scenario(world: World) -> None:
        await world.kill()
        before = await world.store.read(lambda tx: tx.instance.kill_switch())
        everything = Bounds(disk_full=2**62)
        watch = Watch(world.context, world.health, Doorbells(), tmp_path / "camd.db", bounds=everything)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch.run)
            for _ in range(3):
                await anyio.sleep(TICK_SECONDS)
                sizes.append(log.stat().st_size)
            tasks.cancel_scope.cancel()
        assert await world.store.read(lambda tx: tx.instance.kill_switch()) == before

    simulate(tmp_path, scenario)
    assert sizes[0] < sizes[1] < sizes[2]


def test_a_folder_that_is_gone_says_nothing_of_the_disk(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.campaign(*people(1))
        nowhere = Watch(world.context, world.health, Doorbells(), tmp_path / "gone" / "camd.db")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(nowhere.run)
            await anyio.sleep(12)
            tasks.cancel_scope.cancel()
        assert world.health.disk_free_bytes is None

    simulate(tmp_path, scenario)


def test_fault_23_a_database_that_cannot_be_written_closes_the_gate_and_is_told_of_once(tmp_path: Path) -> None:
    stream = io.StringIO()

    async def scenario(world: World) -> None:
        sink = configure(world.clock, LoggingSettings(), version="1", metrics=world.context.metrics, stream=stream)
        world.health.phase = Phase.RUNNING
        await world.start(watch=True)
        world.store.trouble = StoreUnavailable("attempt to write a readonly database")
        await world.run_for(minutes=10)
        assert [closure.reason for closure in world.context.gate.closures()] == [GateReason.DATABASE_AWAY]
        was_ready = world.health.is_ready
        world.store.trouble = None
        await world.run_for(seconds=6)
        assert world.context.gate.closures() == ()
        assert (was_ready, world.health.is_ready) == (False, True)
        sink.close()

    simulate(tmp_path, scenario)
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    errors = [line["event"] for line in told if line["level"] == "error"]
    assert errors == ["db.commit_failed", "send.gate_closed"]


def test_fault_28_a_log_that_grows_is_told_of_and_long_readers_are_cut(tmp_path: Path) -> None:
    stream, cuts = io.StringIO(), []

    async def scenario(world: World) -> None:
        sink = configure(world.clock, LoggingSettings(), version="1", metrics=world.context.metrics, stream=stream)
        log = tmp_path / "other.db-wal"

        def cut() -> int:
            cuts.append(log.stat().st_size)
            log.write_bytes(b"")
            return 1

        bounds = Bounds(wal_large=64, wal_too_large=256)
        watch = Watch(world.context, world.health, Doorbells(), tmp_path / "other.db", bounds=bounds, cut_readers=cut)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch.run)
            for size in (64, 65, 256, 257):
                log.write_bytes(bytes(size))
                await anyio.sleep(TICK_SECONDS * 2 if size == 65 else TICK_SECONDS)
            await anyio.sleep(TICK_SECONDS)
            tasks.cancel_scope.cancel()
        assert world.health.wal_bytes == 0
        sink.close()

    simulate(tmp_path, scenario)
    assert cuts == [257]
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["used"], line["count"]) for line in told if line["event"] == "db.wal_large"] == [(65, 0), (257, 1)]


def test_what_blocks_the_loop_between_two_ticks_is_seen_for_a_whole_tick(tmp_path: Path) -> None:
    class Blocked(LagProbe):
        def take(self) -> float:
            return seen.pop(0)

    seen = [7.5, 0.0]
    lags = []

    async def scenario(world: World) -> None:
        probe = Blocked(world.clock)
        watch = Watch(world.context, world.health, Doorbells(), tmp_path / "camd.db", probe=probe)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch.run)
            for _ in range(2):
                await anyio.sleep(TICK_SECONDS + 0.1)
                lags.append(world.health.lag_seconds)
            tasks.cancel_scope.cancel()
        assert world.health.store_seconds is not None

    simulate(tmp_path, scenario)
    assert lags == [7.5, 0.0]


def gauges(world: World) -> tuple[float, float]:
    """How many touches are unknown, and since when, as the metrics tell it."""
    told = {
        sample.name: sample.value
        for family in text_string_to_metric_families(world.context.metrics.render().decode())
        for sample in family.samples
    }
    return told["camd_touches_unknown"], told["camd_touches_unknown_oldest_timestamp_seconds"]


def test_the_touches_that_are_unknown_are_told_with_the_instant_of_the_oldest(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(3), dry_run=False)
        await world.cycle(campaign)
        watch = Watch(world.context, world.health, Doorbells(), world.settings.database.path)
        await watch.set_gauges()
        assert gauges(world) == (0, 0)
        now = world.clock.now()
        touches = await world.touches(campaign)
        older = await went_unknown(world, touches[0], now - timedelta(hours=2))
        await went_unknown(world, touches[1], now - timedelta(hours=1))
        await watch.set_gauges()
        assert gauges(world) == (2, (now - timedelta(hours=2)).timestamp())
        await world.store.write(lambda tx: tx.touches.save(older, replace(older, status=TouchStatus.SENT)))
        await watch.set_gauges()
        assert gauges(world) == (1, (now - timedelta(hours=1)).timestamp())

    simulate(tmp_path, scenario)


async def went_unknown(world: World, touch: Touch, at: datetime) -> Touch:
    unknown = replace(touch, status=TouchStatus.UNKNOWN, on_wire_at=at)
    return await world.store.write(lambda tx: tx.touches.save(touch, unknown))
