"""What crashes is restarted, and what crashes too often parks its mailbox and no other."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import anyio

from camd.actors.keeping import PROVIDER_RESTS, EndpointKeeper, Keeper, ProviderKeeper
from camd.ports.records import MailboxReason, MailboxState, NoticeKind
from camd.ports.store_errors import StoreUnavailable
from camd.sim.world import World, simulate


def crashing(times: int, tried: list[int]) -> Callable[[], Awaitable[None]]:
    """Crashes so many times, then runs until it is cancelled."""

    async def run() -> None:
        tried.append(1)
        if len(tried) <= times:
            raise ZeroDivisionError("planted by the test")
        await anyio.sleep_forever()

    return run


async def kept(world: World, run: Callable[[], Awaitable[None]], **length: float) -> None:
    with anyio.move_on_after(timedelta(**length).total_seconds()):
        await Keeper(world.context, "inbox", "sales", anyio.Event()).keep(run)


async def state(world: World) -> MailboxState:
    return await world.store.read(lambda tx: tx.mailboxes.get("sales"))


def test_a_part_that_crashes_now_and_then_is_restarted(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        tried: list[int] = []
        await kept(world, crashing(5, tried), minutes=30)
        assert (len(tried), (await state(world)).disabled) == (6, None)

    simulate(tmp_path, scenario)


def test_the_sixth_crash_in_ten_minutes_parks_the_mailbox_tells_it_and_the_part_runs_on(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        tried: list[int] = []
        await kept(world, crashing(6, tried), minutes=10)
        found = await state(world)
        assert (len(tried), found.disabled, found.by) == (7, MailboxReason.PARKED, "rule:parked")
        assert found.detail == "its inbox crashed 6 times; camd mailboxes enable sales"
        assert await world.store.read(lambda tx: tx.notices.count_waiting()) == {NoticeKind.MAILBOX: 1}

    simulate(tmp_path, scenario)


def test_while_the_database_is_away_no_mailbox_is_parked(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        tried: list[int] = []
        world.store.trouble = StoreUnavailable("the database is away")
        await kept(world, crashing(6, tried), minutes=30)
        world.store.trouble = None
        assert (len(tried), (await state(world)).disabled) == (7, None)

    simulate(tmp_path, scenario)


def test_a_webhook_that_crashes_too_often_rests_and_parks_no_mailbox(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        tried: list[int] = []
        with anyio.move_on_after(PROVIDER_RESTS.total_seconds() + 600):
            await EndpointKeeper(world.context, "webhook", "sales", anyio.Event()).keep(crashing(6, tried))
        assert (len(tried), (await state(world)).disabled) == (7, None)

    simulate(tmp_path, scenario)


def test_a_stop_ends_the_wait_for_a_restart(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        stop, tried = anyio.Event(), list[int]()
        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(Keeper(world.context, "outbox", "sales", stop).keep, crashing(5, tried))
                await anyio.sleep(0.01)
                stop.set()
        assert len(tried) == 1

    simulate(tmp_path, scenario)


def test_a_provider_whose_desk_crashes_too_often_is_left_alone_for_an_hour(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        tried: list[int] = []
        keeper = ProviderKeeper(world.context, "desk", "list", anyio.Event())
        with anyio.move_on_after(timedelta(minutes=50).total_seconds()):
            await keeper.keep(crashing(99, tried))
        assert len(tried) == 6
        tried.clear()
        keeper = ProviderKeeper(world.context, "desk", "list", anyio.Event())
        with anyio.move_on_after((PROVIDER_RESTS + timedelta(minutes=5)).total_seconds()):
            await keeper.keep(crashing(99, tried))
        assert len(tried) > 6
        assert await world.store.read(lambda tx: tx.mailboxes.all()) == {}

    simulate(tmp_path, scenario)
