"""The daemon from its first to its last breath: lock, store, listeners, actors; and the way back, in phases.

At the stop readiness and new claims go first, then what is in flight ends in its time; the store closes last. A part
that crashes too often ends the process with `ServiceFailed`, and systemd judges.
"""

import gc
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from functools import partial
from typing import Any, TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from camd.actors.health import Phase
from camd.actors.lag import LagProbe
from camd.actors.notices import Notices
from camd.actors.reaper import Reaper
from camd.actors.service import keep_running
from camd.actors.supervisor import Supervisor
from camd.actors.watch import Watch
from camd.api.app import build_app
from camd.api.listen import serve, serve_public
from camd.api.public import build_public_app
from camd.daemon.backup_watch import BackupWatch
from camd.daemon.integrity import mend_of_damage
from camd.daemon.notify import Notifier, keep_alive
from camd.daemon.reload import Reloader
from camd.daemon.wiring import VERSION, Adapters, Engine, make_metrics, real_adapters
from camd.mail.header_probe import warn_of_lenient_headers
from camd.operations.tokens import keep_uses
from camd.ports.settings import Settings
from camd.ports.store_errors import DatabaseDamaged, DatabaseHeld, StoreUnavailable
from camd.telemetry.logs import configure, get_log

log = get_log()

E = TypeVar("E", bound=Exception)
WhenReady = Callable[[Engine, str], Coroutine[Any, Any, None]]
"""Called once the daemon is ready, with the engine and the URL of its API; the daemon serves on meanwhile."""


async def run_daemon(
    settings: Settings,
    *,
    adapters: Adapters | None = None,
    environ: Mapping[str, str] = os.environ,
    when_ready: WhenReady | None = None,
    read_again: Callable[[], Settings] | None = None,
) -> None:
    """Serves until SIGTERM or SIGINT. SIGHUP takes the settings that `read_again` gives, where there is such a thing.

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
        async with (
            _signals(with_hangups=read_again is not None) as (stop, hurry, hangups),
            Engine.open(settings, parts, metrics) as engine,
        ):
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
                if read_again is not None:
                    reloader = Reloader(engine.context, engine.health, engine.bells, read_again)
                    reloads = partial(_reload, engine, reloader, notifier, hangups)
                    tasks.start_soon(keep_running, "reload", reloads, parts.clock, parts.entropy, metrics)
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
    except* DatabaseHeld as held:
        log.error("daemon.lock_denied", reason=_first(held).holder)
        raise
    except* StoreUnavailable as lost:
        log.error("db.commit_failed", reason=str(_first(lost)))
        raise
    except* DatabaseDamaged as damaged:
        log.error("db.integrity_failed", error=_first(damaged), reason=mend_of_damage(settings.database.path))
        raise
    finally:
        sink.close()


def _first(group: ExceptionGroup[E]) -> E:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first


def _public_listener(engine: Engine) -> AbstractAsyncContextManager[str | None]:
    public = engine.settings.public
    return serve_public(build_public_app(engine.desk), public) if public.enabled else nullcontext()


async def _start_actors(engine: Engine, tasks: anyio.abc.TaskGroup, notifier: Notifier) -> None:
    context, health = engine.context, engine.health
    supervisor = Supervisor(context, engine.runner, engine.bells)
    probe = LagProbe(context.clock)
    database = engine.settings.database.path
    watch = Watch(context, health, engine.bells, database, cut_readers=engine.cut_readers, probe=probe)
    await watch.begin()
    await tasks.start(supervisor.run)
    backups = BackupWatch(context.metrics, health, database)
    await tasks.start(engine.outboxes.run)
    await tasks.start(engine.desks.run)
    parts = (
        ("inboxes", engine.inboxes.run),
        ("notices", Notices(context, engine.bells).run),
        ("watch", watch.run),
        ("lag", probe.run),
        ("reaper", Reaper(context).run),
        ("webhooks", engine.webhooks.run),
        ("backups", backups.run),
        ("tokens", partial(keep_uses, engine.desk)),
    )
    for name, serve_part in parts:
        tasks.start_soon(keep_running, name, serve_part, context.clock, context.entropy, context.metrics)
    if notifier.watchdog_interval is not None:
        tasks.start_soon(keep_alive, health, notifier, notifier.watchdog_interval)
    health.phase = Phase.RUNNING
    context.metrics.ready.set(1)


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


Hangups = MemoryObjectReceiveStream[None]


async def _reload(engine: Engine, reloader: Reloader, notifier: Notifier, hangups: Hangups) -> None:
    """Also where the reload finds a bug, systemd hears of its end: it would wait for that."""
    async for _ in hangups:
        notifier.reloading(engine.context.clock.monotonic())
        status = "the reload failed; see the log"
        try:
            status = await reloader.reload()
        finally:
            if engine.health.phase is Phase.RUNNING:
                notifier.ready(status)


@asynccontextmanager
async def _signals(*, with_hangups: bool) -> AsyncIterator[tuple[anyio.Event, anyio.Event, Hangups]]:
    """The event that the first SIGTERM or SIGINT sets, the one that the second sets, and each SIGHUP before them;
    several that come while one is waited for are one."""
    stop, hurry = anyio.Event(), anyio.Event()
    hung_up, hangups = anyio.create_memory_object_stream[None](1)

    async def listen() -> None:
        chosen = [signal.SIGTERM, signal.SIGINT, *([signal.SIGHUP] if with_hangups else [])]
        with anyio.open_signal_receiver(*chosen) as signals:
            async for each in signals:
                if each != signal.SIGHUP:
                    (hurry if stop.is_set() else stop).set()
                elif not stop.is_set():
                    with suppress(anyio.WouldBlock):
                        hung_up.send_nowait(None)

    with hung_up, hangups:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            yield stop, hurry, hangups
            tasks.cancel_scope.cancel()
