"""What is due first happens first."""

from collections.abc import Awaitable, Callable

import anyio

from camd.sandbox.post import WAITING, Post
from camd.system import SystemClock

PATIENCE_SECONDS = 60


class Deeds:
    def __init__(self, until: str) -> None:
        self.done: list[str] = []
        self.is_over = anyio.Event()
        self._until = until

    def named(self, name: str) -> Callable[[], Awaitable[None]]:
        async def do() -> None:
            await anyio.lowlevel.checkpoint()
            self.done.append(name)
            if name == self._until:
                self.is_over.set()

        return do


async def run(post: Post, deeds: Deeds) -> None:
    with anyio.fail_after(PATIENCE_SECONDS):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(post.run)
            await deeds.is_over.wait()
            tasks.cancel_scope.cancel()


async def test_what_is_due_earlier_happens_earlier_whenever_it_was_added() -> None:
    post, deeds = Post(SystemClock()), Deeds(until="last")
    post.add(0.02, deeds.named("last"))
    post.add(0, deeds.named("first"))
    post.add(0.01, deeds.named("second"))
    await run(post, deeds)
    assert deeds.done == ["first", "second", "last"]


async def test_nothing_happens_before_its_time_and_what_is_added_meanwhile_is_not_late() -> None:
    post, deeds = Post(SystemClock()), Deeds(until="now")
    post.add(3600, deeds.named("much later"))
    with anyio.fail_after(PATIENCE_SECONDS):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(post.run)
            await anyio.wait_all_tasks_blocked()
            post.add(0, deeds.named("now"))
            await deeds.is_over.wait()
            tasks.cancel_scope.cancel()
    assert deeds.done == ["now"]


async def test_a_flood_is_forgotten_and_takes_no_memory() -> None:
    post, deeds = Post(SystemClock()), Deeds(until=f"deed {WAITING - 1}")
    for number in range(2 * WAITING):
        post.add(0, deeds.named(f"deed {number}"))
    await run(post, deeds)
    assert len(deeds.done) == WAITING
