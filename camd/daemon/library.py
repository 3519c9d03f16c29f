"""The library's plain functions: they ask the daemon when one runs, else work under its lock themselves."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import anyio

from camd.config import load_settings as read_settings
from camd.client import CamdClient
from camd.daemon.reach import reach
from camd.daemon.wiring import PROVIDER_MODELS
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


def _with_client(config_file: Path | str | None, ask: Callable[[CamdClient], Awaitable[T]]) -> T:
    async def main() -> T:
        async with reach(config_file) as client:
            return await ask(client)

    return _in_own_loop(main)


def _in_own_loop(main: Callable[[], Awaitable[T]]) -> T:
    """Runs `main` in a new event loop; beside a running one (a notebook) that takes a thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return anyio.run(main)
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(anyio.run, main).result()
