"""The library: functions that ask the daemon when one runs, else work under its lock; and the clients."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import anyio

from camd.client import CamdClient as PlainClient
from camd.client import SyncCamdClient as PlainSyncClient
from camd.config import load_settings as read_settings
from camd.daemon.reach import reach
from camd.daemon.vendors import PROVIDER_MODELS
from camd.ports.settings import Settings
from camd.schema.report import CycleReport

T = TypeVar("T")


def load_settings(path: Path | str | None = None) -> Settings:
    """The settings from `path`, else from where the daemon would read them. Raises `ConfigurationError`."""
    return read_settings(path, provider_models=PROVIDER_MODELS)


def run_cycle(campaign_id: int, dry_run: bool = True, config: Path | str | None = None) -> CycleReport:
    """One cycle of a campaign now. Raises `DatabaseHeld` where another process holds the database and answers
    nobody, `ApiError` where there is no such campaign. Works inside a running event loop too."""
    return _with_client(config, lambda client: client.run_cycle(campaign_id, dry_run=dry_run))


def run_all(dry_run: bool = True, config: Path | str | None = None) -> list[CycleReport]:
    """One cycle of every campaign that is not archived; otherwise as `run_cycle`."""
    return _with_client(config, lambda client: client.run_all(dry_run=dry_run))


def _with_client(config_file: Path | str | None, ask: Callable[[PlainClient], Awaitable[T]]) -> T:
    async def main() -> T:
        async with reach(config_file) as reached:
            return await ask(reached)

    return _in_own_loop(main)


def _in_own_loop(main: Callable[[], Awaitable[T]]) -> T:
    """Runs `main` in a new event loop; beside a running one (a notebook) that takes a thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return anyio.run(main)
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(anyio.run, main).result()


class CamdClient(PlainClient):
    """The typed async client. With a URL it uses that alone; without one it looks where the command line looks,
    and never opens the database itself."""

    def __init__(self, url: str | None = None, token: str | None = None, *, config: Path | str | None = None) -> None:
        super().__init__(url, token, socket=_configured_socket(url, config))


class SyncCamdClient(PlainSyncClient):
    """The same methods without an event loop."""

    def __init__(self, url: str | None = None, token: str | None = None, *, config: Path | str | None = None) -> None:
        super().__init__(url, token, socket=_configured_socket(url, config))


def _configured_socket(url: str | None, config: Path | str | None) -> Path | None:
    return None if url or os.environ.get("CAMD_URL") else load_settings(config).server.socket
