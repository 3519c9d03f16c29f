"""An inbox for every mailbox that has one; one whose server is away delays no other."""

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from camd.actors.inboxes import Inboxes
from camd.actors.wake import Doorbells
from camd.ports.settings import Settings
from camd.sim.inbox import away
from camd.sim.world import World, mailbox, simulate


def three(settings: Settings) -> Settings:
    boxes = {name: mailbox(name) for name in ("info", "sales")}
    return replace(settings, mailboxes=boxes | {"send": replace(mailbox("send"), imap_host=None)})


def deaf(world: World) -> set[str]:
    return {name for name in ("info", "sales", "send") if world.context.hearing.is_deaf(name)}


@pytest.mark.parametrize("once", [True, False])
def test_each_hears_by_itself_and_one_without_an_inbox_stays_deaf(tmp_path: Path, once: bool) -> None:
    async def scenario(world: World) -> None:
        world.inboxes.trouble["info"] = away()
        inboxes = Inboxes(world.context, Doorbells())
        if once:
            await inboxes.read_once()
        else:
            with anyio.move_on_after(10):
                await inboxes.run()
        assert deaf(world) == {"info", "send"}
        assert world.context.hearing.problem("info") == "the server is away"

    simulate(tmp_path, scenario, settings=three)


def test_it_runs_until_it_is_cancelled(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        inboxes = Inboxes(world.context, Doorbells())
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(inboxes.run)
            await anyio.sleep(1)
            assert inboxes.is_running
            tasks.cancel_scope.cancel()
        assert not inboxes.is_running

    simulate(tmp_path, scenario, settings=three)
