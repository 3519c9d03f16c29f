"""Keeps a part of a mailbox or a provider alive: restarts it when it crashes, parks it when it crashes too often.

One for one: a server that hangs, or a bug with one of them, delays no other.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import anyio

from camd.domain.errors import Transient
from camd.domain.events import by_rule
from camd.domain.retry import ACTOR_INTENSITY, GiveUp, Restart
from camd.pipeline import mailbox_health
from camd.pipeline.context import Context
from camd.ports.records import MailboxReason
from camd.telemetry.logs import describe, get_log

log = get_log()

_AWAY = timedelta(minutes=1)
PROVIDER_RESTS = timedelta(hours=1)


class Keeper:
    """One part (`outbox`, `inbox`) of one mailbox. A parked mailbox waits for a person; its part runs on."""

    KIND = "mailbox"

    def __init__(self, context: Context, part: str, name: str, stop: anyio.Event) -> None:
        self._context = context
        self._part = part
        self._name = name
        self._who = {self.KIND: name, "actor": part}
        self._stop = stop
        self._crashes: deque[datetime] = deque(maxlen=ACTOR_INTENSITY.restarts + 1)

    async def keep(self, run: Callable[[], Awaitable[None]]) -> None:
        """Until it is stopped: for its whole life, restarts included."""
        while not self._stop.is_set():
            log.debug("actor.started", **self._who)
            try:
                await run()
            except Exception as error:  # noqa: BLE001 - a supervisor catches every bug of its child
                await self._after_crash(error)
        log.debug("actor.stopped", **self._who)

    async def _after_crash(self, error: Exception) -> None:
        """Waits for the restart."""
        context, now = self._context, self._context.clock.now()
        self._crashes.append(now)
        context.metrics.actor_restarts_total.labels("crash").inc()
        count = len(self._crashes)
        log.error("actor.crashed", **self._who, error=describe(error), count=count)
        match ACTOR_INTENSITY.after_crash(self._crashes, now, context.entropy.uniform(0.0, 1.0)):
            case Restart(after):
                wait = after
            case GiveUp():
                wait = await self._park(now)
        seconds = wait.total_seconds()
        log.warning("actor.restart_scheduled", **self._who, delay_s=seconds)
        with anyio.move_on_after(seconds):
            await self._stop.wait()

    async def _park(self, now: datetime) -> timedelta:
        name = self._name
        detail = f"its {self._part} crashed {ACTOR_INTENSITY.restarts + 1} times; camd mailboxes enable {name}"
        rule = by_rule("parked")
        try:
            await self._context.store.write(
                lambda tx: mailbox_health.disable(tx, name, MailboxReason.PARKED, now, actor=rule, detail=detail)
            )
        except Transient:
            # The database is away, which is no fault of this mailbox: it is judged at its next crash.
            return _AWAY
        self._note_parked()
        return timedelta(0)

    def _note_parked(self) -> None:
        self._crashes.clear()
        log.error("actor.parked", **self._who)


class ProviderKeeper(Keeper):
    """A provider's desk. A parked one is asked again after a while: what it crashed on may be gone."""

    KIND = "provider"

    async def _park(self, now: datetime) -> timedelta:  # noqa: ARG002 - it rests from now on
        self._note_parked()
        return PROVIDER_RESTS


class EndpointKeeper(ProviderKeeper):
    """A webhook's worker; it rests in the same way."""

    KIND = "endpoint"
