"""The control API over a real store, on a real TCP port and a real Unix socket."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import anyio
import httpx
import pytest

from camd.actors.campaign import CycleRunner
from camd.actors.health import Health, Phase
from camd.actors.wake import Doorbells
from camd.api.app import build_app
from camd.api.listen import serve
from camd.config import load_settings
from camd.daemon.wiring import Adapters, build_context, make_metrics
from camd.domain.contact import EmailAddress
from camd.domain.facts import Verdict
from camd.operations.desk import Desk
from camd.ports.providers import RateLimit, Verification
from camd.ports.settings import ServerSettings
from camd.ports.store import Store
from camd.providers.csv_file import CsvSource
from camd.sim.doors import memory_doors
from camd.sim.journal import MemoryJournal
from camd.sim.mail import MemoryMail
from camd.store.sqlite import SqliteStore
from camd.system import SystemClock, SystemEntropy, SystemIds


@dataclass(frozen=True, slots=True)
class Believer:
    """Every address is valid."""

    name: str = "dns"
    rate_limit: RateLimit = field(default_factory=lambda: RateLimit(1000, timedelta(seconds=1), 1000))

    async def verify(self, address: EmailAddress) -> Verification:
        return Verification(Verdict.VALID, f"believed for {address.domain}")


Serve = Callable[[Desk], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
async def store(database: Path) -> AsyncIterator[Store]:
    async with SqliteStore.open(database, SystemClock(), journal=MemoryJournal()) as opened:
        yield opened


@pytest.fixture
async def desk(store: Store, tmp_path: Path) -> Desk:
    clock, entropy = SystemClock(), SystemEntropy()
    settings = load_settings(provider_models={}, environ={"XDG_RUNTIME_DIR": "/run/user/7"}, cwd=tmp_path)
    context = build_context(
        settings,
        Adapters(clock, entropy, SystemIds(clock, entropy), (CsvSource(clock),), Believer()),
        store,
        make_metrics(clock, settings),
        memory_doors(settings, MemoryMail(frozenset({"sales"})), clock),
        MemoryJournal(),
    )
    # A test that starts runs enters a group of its own: fixtures are set up and torn down by different tasks.
    unentered = anyio.create_task_group()
    return Desk(
        context, Doorbells(), clock.now(), "1.2.3", lambda: True, CycleRunner(context, Doorbells()).run, unentered
    )


@pytest.fixture
def health(desk: Desk) -> Health:
    return Health(desk.started_at, Phase.RUNNING)


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "api.sock"


@pytest.fixture
def serving(health: Health, socket: Path) -> Serve:
    """Serves a desk; gives a client of its TCP listener."""
    return _serving(health, socket, patience_seconds=60)


@pytest.fixture
def impatient(health: Health, socket: Path) -> Serve:
    """As `serving`, and waits for no cycle."""
    return _serving(health, socket, patience_seconds=0.05)


def _serving(health: Health, socket: Path, patience_seconds: float) -> Serve:
    @asynccontextmanager
    async def served(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
        app = build_app(desk, health, patience_seconds=patience_seconds)
        async with serve(app, ServerSettings("127.0.0.1", 0, socket)) as url, httpx.AsyncClient(base_url=url) as http:
            yield http

    return served


@pytest.fixture
async def http(desk: Desk, serving: Serve) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(desk) as client:
        yield client


@pytest.fixture
def raw(http: httpx.AsyncClient) -> Callable[[str], Awaitable[int]]:
    """Sends the very lines over TCP, and answers the status of what comes back."""

    async def send(head: str) -> int:
        async with await anyio.connect_tcp("127.0.0.1", http.base_url.port or 0) as stream:
            await stream.send(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
            received = b""
            with anyio.fail_after(60):
                while b"\r\n\r\n" not in received:
                    received += await stream.receive()
        return int(received.split(b" ", 2)[1])

    return send
