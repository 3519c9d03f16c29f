"""The daemon from its first to its last breath: lock, store, listeners, actors; and the way back, in phases.

At the stop readiness and new claims go first, then what is in flight ends in its time; the store closes last. A part
that crashes too often ends the process with `ServiceFailed`, and systemd judges.
"""

import gc
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import Any

import anyio

from camd.actors.health import Phase
from camd.actors.notices import Notices
from camd.actors.reaper import Reaper
from camd.actors.service import keep_running
from camd.actors.supervisor import Supervisor
from camd.actors.watch import Watch
from camd.api.app import build_app
from camd.api.listen import serve, serve_public
from camd.api.public import build_public_app
from camd.daemon.backup_watch import BackupWatch
from camd.daemon.notify import Notifier
from camd.daemon.wiring import VERSION, Adapters, Engine, make_metrics, real_adapters
from camd.mail.header_probe import warn_of_lenient_headers
from camd.operations.tokens import keep_uses
from camd.ports.settings import Settings
from camd.ports.store_errors import DatabaseHeld
from camd.telemetry.logs import configure, get_log

log = get_log()

MAX_LAG_SECONDS = 5.0
"""A loop that wakes later than this gives systemd no sign of life."""

WhenReady = Callable[[Engine, str], Coroutine[Any, Any, None]]
"""Called once the daemon is ready, with the engine and the URL of its API; the daemon serves on meanwhile."""


async def run_daemon(
    settings: Settings,
    *,
    adapters: Adapters | None = None,
    environ: Mapping[str, str] = os.environ,
    when_ready: WhenReady | None = None,
) -> None:
    """Serves until SIGTERM or SIGINT.

    Raises `DatabaseHeld`, `NewerSchema`, `CannotBind` before anything was begun; `ServiceFailed` in a group.
    """
    parts = adapters or real_adapters(settings)
    metrics = make_metrics(parts.clock, settings, parts.providers)
    sink = configure(parts.clock, settings.logging, version=VERSION, metrics=metrics)
    notifier = Notifier(environ)
    try:
        log.info("daemon.started", pid=os.getpid())
        log.info("config.loaded")
        warn_of_lenient_headers()
        async with _signals() as (stop, hurry), Engine.open(settings, parts, metrics) as engine:
            app = build_app(engine.desk, engine.health)
            async with (
                serve(app, settings.server) as url,
                _public_listener(engine),
                anyio.create_task_group() as tasks,
            ):
                await _start_actors(engine, tasks, notifier)
                gc.freeze()
                log.info("daemon.ready", listener=url)
                notifier.ready(f"serving {url}")
                if when_ready is not None:
                    tasks.start_soon(when_ready, engine, url)
                await stop.wait()
                engine.health.phase = Phase.DRAINING
                metrics.ready.set(0)
                notifier.stopping()
                log.info("daemon.stopping")
                await _drain(engine, hurry)
                tasks.cancel_scope.cancel()
        log.info("daemon.stopped")
    except DatabaseHeld as held:
        log.error("daemon.lock_denied", error=held)
        raise
    finally:
        sink.close()


def _public_listener(engine: Engine) -> AbstractAsyncContextManager[str | None]:
    public = engine.settings.public
    return serve_public(build_public_app(engine.desk), public) if public.enabled else nullcontext()


async def _start_actors(engine: Engine, tasks: anyio.abc.TaskGroup, notifier: Notifier) -> None:
    context, health = engine.context, engine.health
    supervisor = Supervisor(context, engine.runner, engine.bells)
    watch = Watch(context, health, engine.bells, engine.settings.database.path)
    await watch.set_gauges()
    await tasks.start(supervisor.run)
    backups = BackupWatch(context.metrics, engine.settings.database.path)
    await tasks.start(engine.outboxes.run)
    await tasks.start(engine.desks.run)
    parts = (
        ("inboxes", engine.inboxes.run),
        ("notices", Notices(context, engine.bells).run),
        ("watch", watch.run),
        ("reaper", Reaper(context).run),
        ("webhooks", engine.webhooks.run),
        ("backups", backups.run),
        ("tokens", partial(keep_uses, engine.desk)),
    )
    for name, serve_part in parts:
        tasks.start_soon(partial(keep_running, name, serve_part, context.clock, context.entropy))
    if notifier.watchdog_interval is not None:
        tasks.start_soon(_keep_alive, engine, notifier, notifier.watchdog_interval.total_seconds())
    health.phase = Phase.RUNNING
    context.metrics.ready.set(1)


async def _keep_alive(engine: Engine, notifier: Notifier, interval_seconds: float) -> None:
    """A sign of life thrice an interval, while the loop is quick and the store answers."""
    while True:
        if engine.health.lag_seconds < MAX_LAG_SECONDS and engine.health.store_error is None:
            notifier.watchdog()
        else:
            log.warning("daemon.watchdog_late", lag_s=engine.health.lag_seconds)
        await anyio.sleep(interval_seconds / 3)


async def _drain(engine: Engine, hurry: anyio.Event) -> None:
    """Mails and paid questions in flight end within the grace; what does not is cut off afterwards, and settled as far
    as is known."""
    with anyio.move_on_after(engine.settings.engine.grace_seconds):
        async with anyio.create_task_group() as tasks:

            async def cut_short() -> None:
                await hurry.wait()
                tasks.cancel_scope.cancel()

            tasks.start_soon(cut_short)
            async with anyio.create_task_group() as drains:
                drains.start_soon(engine.outboxes.drain)
                drains.start_soon(engine.desks.drain)
                drains.start_soon(engine.webhooks.drain)
            tasks.cancel_scope.cancel()


@asynccontextmanager
async def _signals() -> AsyncIterator[tuple[anyio.Event, anyio.Event]]:
    """The event that the first SIGTERM or SIGINT sets, and the one that the second sets."""
    stop, hurry = anyio.Event(), anyio.Event()

    async def listen() -> None:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async for _ in signals:
                (hurry if stop.is_set() else stop).set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen)
        yield stop, hurry
        tasks.cancel_scope.cancel()
