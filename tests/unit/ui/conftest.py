"""A camd for the console's tests: the real API over a simulated world with a real database, on a Unix socket.

`camd` is that world, seen from the test's thread; `opened` shows a part of the console to a visitor of it. Time stands
still at Monday 2026-01-05 08:00 UTC until `camd.wait`. The socket also stands in CAMD_CONSOLE_SOCKET, where the
console looks for it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import anyio
import pytest

from camd.actors.health import Phase
from camd.api.app import build_app
from camd.api.listen import serve_socket
from camd.ports.settings import Settings
from camd.providers.csv_file import CsvSource
from camd.providers.hook import HookSource
from camd.sim.clock import VirtualClock, VirtualLoop, run
from camd.sim.world import World, plain_settings

# Where Streamlit is not installed the test modules skip themselves, and this one still has to be importable.
if TYPE_CHECKING or find_spec("streamlit"):
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    from camd.ui import visitor
    from camd.ui.visitor import ConsoleClient

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE_SECONDS = 120.0
"""No test measures by it: it ends one that would hang."""
SEED = 1


@dataclass(frozen=True, slots=True)
class ServedWorld:
    """`world` lives on a loop of its own: its methods are awaited by `do` alone."""

    world: World
    client: "ConsoleClient"
    loop: VirtualLoop

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Such as `camd.do(camd.world.live(*people(3)))`; no time passes."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_SECONDS)

    def wait(self, **length: float) -> None:
        """Campaigns, outboxes and inboxes work for that long; `length` as for `timedelta`."""
        self.do(self._pass(**length))

    async def _pass(self, **length: float) -> None:
        # `_serve` holds this one, so that time stands still.
        self.loop.real_work_in_flight -= 1
        try:
            await self.world.run_for(**length)
        finally:
            self.loop.real_work_in_flight += 1


@pytest.fixture
def settings(database: Path) -> Settings:
    """Live, with the mailbox `sales`. A test module with others has a fixture of this name."""
    return plain_settings(database.parent)


@pytest.fixture
def camd(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedWorld]:
    monkeypatch.delenv("CAMD_URL", raising=False)
    monkeypatch.delenv("CAMD_TOKEN", raising=False)
    monkeypatch.setenv(visitor.SOCKET, str(settings.server.socket))
    st.cache_resource.clear()  # the console keeps its clients, those of the test before too
    with _served(settings) as served:
        yield served
    st.cache_resource.clear()


@pytest.fixture
def prepared(
    camd: ServedWorld,
) -> "Callable[Concatenate[Callable[Concatenate[ConsoleClient, P], object], P], AppTest]":
    """As `opened`, and not run yet: its address can still be set."""

    def prepare(
        show: "Callable[Concatenate[ConsoleClient, P], object]", /, *args: P.args, **kwargs: P.kwargs
    ) -> "AppTest":
        given = {"show": show, "client": camd.client, "args": args, "kwargs": kwargs}
        return AppTest.from_function(_page, default_timeout=PATIENCE_SECONDS, kwargs=given)

    return prepare


@pytest.fixture
def opened(
    prepared: "Callable[Concatenate[Callable[Concatenate[ConsoleClient, P], object], P], AppTest]",
) -> "Callable[Concatenate[Callable[Concatenate[ConsoleClient, P], object], P], AppTest]":
    """Shows a function of the console that takes the client first: `opened(lead_list.show, campaign)`."""

    def open_(
        show: "Callable[Concatenate[ConsoleClient, P], object]", /, *args: P.args, **kwargs: P.kwargs
    ) -> "AppTest":
        return prepared(show, *args, **kwargs).run()

    return open_


def _page(
    show: "Callable[..., object]", client: "ConsoleClient", args: "tuple[object, ...]", kwargs: "dict[str, object]"
) -> None:
    """Run as a script of its own: it knows nothing of this module."""
    from camd.ui.notices import show_done, told

    show_done()
    with told():
        show(client, *args, **kwargs)


@contextmanager
def _served(settings: Settings) -> Generator[ServedWorld, None, None]:
    begun: Future[ServedWorld] = Future()
    ended = anyio.Event()
    with ThreadPoolExecutor(1) as thread:
        whole = thread.submit(run, lambda clock: _serve(settings, clock, begun, ended))

        def tell(failed: Future[None]) -> None:
            if not begun.done():
                begun.set_exception(failed.exception())

        whole.add_done_callback(tell)
        served = begun.result(PATIENCE_SECONDS)
        try:
            with served.client:
                yield served
        finally:
            served.loop.call_soon_threadsafe(ended.set)
            whole.result(PATIENCE_SECONDS)


async def _serve(settings: Settings, clock: VirtualClock, begun: Future[ServedWorld], ended: anyio.Event) -> None:
    async with World.open(settings, clock, SEED) as world:
        world.sources += [CsvSource(clock), HookSource(clock)]
        await world.restart()
        world.health.phase = Phase.RUNNING
        async with serve_socket(build_app(world.desk, world.health), settings.server.socket):
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            begun.set_result(ServedWorld(world, ConsoleClient(socket=settings.server.socket), loop))
            with clock.real_work():
                await ended.wait()
