"""A client of whatever serves this database: the daemon that runs, or else an engine of our own under the lock.

One code path either way: our own engine serves the same API on a socket in a private folder.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from camd.client import CamdClient, Unreachable, answers
from camd.config import load_settings as read_settings
from camd.daemon.vendors import PROVIDER_MODELS
from camd.ports.settings import Settings

DEFAULT_URL = "http://127.0.0.1:8000"


@asynccontextmanager
async def reach(
    config_file: Path | str | None = None,
    *,
    may_open: bool = True,
    environ: Mapping[str, str] = os.environ,
) -> AsyncIterator[CamdClient]:
    """A connected client, by the order of the interface: `$CAMD_URL`, the configured socket, the default URL where
    nothing is configured, and only then (if it `may_open`) the database itself.

    Raises `Unreachable` where nobody answers, `DatabaseHeld` where the lock is held and nobody answers,
    `ConfigurationError`.
    """
    if url := environ.get("CAMD_URL"):
        async with CamdClient(url, token=environ.get("CAMD_TOKEN")) as client:
            yield client
        return
    settings = read_settings(config_file, provider_models=PROVIDER_MODELS, environ=environ)
    if url := await _somebody(settings):
        async with CamdClient(url, token=environ.get("CAMD_TOKEN")) as client:
            yield client
        return
    if not may_open:
        raise Unreachable(f"no camd answers on {settings.server.socket}; start it with `camd run`")
    try:
        async with _own_engine(settings) as client:
            yield client
    except ExceptionGroup as group:
        # Task groups wrap what the caller raised; the caller wants its own exception back.
        raise _single(group) from None


async def _somebody(settings: Settings) -> str | None:
    socket = f"unix:{settings.server.socket}"
    if await answers(socket):
        return socket
    nothing_here = settings.file is None and not settings.database.path.exists()
    return DEFAULT_URL if nothing_here and await answers(DEFAULT_URL) else None


@asynccontextmanager
async def _own_engine(settings: Settings) -> AsyncIterator[CamdClient]:
    # Imported here: where a daemon answers, a command begins in half the time.
    from camd.actors.health import Phase
    from camd.api.app import build_app
    from camd.api.listen import serve_socket
    from camd.daemon.wiring import Engine

    async with Engine.open(settings) as engine:
        engine.health.phase = Phase.RUNNING
        with TemporaryDirectory(prefix="camd-") as folder:
            socket = Path(folder) / "api.sock"
            async with (
                serve_socket(build_app(engine.desk, engine.health), socket),
                CamdClient(f"unix:{socket}") as client,
            ):
                yield client


def _single(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
