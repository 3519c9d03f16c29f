"""Keeps one outbox for every mailbox: restarts it when it crashes, parks the mailbox when it crashes too often.

One for one: a server that hangs, or a bug with one mailbox, delays no other.
"""

from collections import deque
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import anyio
from anyio.abc import TaskStatus

from camd.actors.outbox import Outbox, give_all_away
from camd.actors.send_counts import SendCounts
from camd.actors.wake import Doorbells
from camd.domain.errors import Transient
from camd.domain.events import by_rule
from camd.domain.retry import ACTOR_INTENSITY, GiveUp, Restart
from camd.pipeline import mailbox_health
from camd.pipeline.context import Context
from camd.ports.records import MailboxReason
from camd.ports.settings import MailboxSettings
from camd.telemetry.logs import describe, get_log

log = get_log()

_AWAY = timedelta(minutes=1)


class Outboxes:
    """Owns the tasks of all outboxes. `counts` tells what was sent since somebody was last told."""

    def __init__(self, context: Context, bells: Doorbells) -> None:
        self.counts = SendCounts()
        self._context = context
        self._bells = bells
        self._boxes: dict[str, Outbox] = {}
        self._stop = anyio.Event()
        self._ended: anyio.Event | None = None

    @property
    def is_running(self) -> bool:
        return self._ended is not None

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Sends until it is cancelled, or after `drain` until nothing is in flight."""
        self._stop = anyio.Event()
        self._ended = ended = anyio.Event()
        try:
            await self._find_other_mailboxes()
            async with anyio.create_task_group() as tasks:
                for mailbox in self._context.settings.mailboxes.values():
                    self._boxes[mailbox.name] = self._made(mailbox)
                    tasks.start_soon(self._keep, mailbox)
                task_status.started()
        finally:
            self._ended = None
            ended.set()

    async def drain(self) -> None:
        """Nothing new is claimed from now on; returns when nothing is in flight."""
        self._stop.set()
        for box in self._boxes.values():
            box.stop()
        if self._ended is not None:
            await self._ended.wait()

    async def at_rest(self, mailboxes: Collection[str]) -> None:
        """Each of them looks again; returns when none has anything in flight nor may send more now."""
        async with anyio.create_task_group() as tasks:
            for name in mailboxes:
                if box := self._boxes.get(name):
                    tasks.start_soon(box.at_rest)

    @property
    def boxes(self) -> Mapping[str, Outbox]:
        return self._boxes

    def _made(self, mailbox: MailboxSettings) -> Outbox:
        return Outbox(self._context, mailbox, self._bells, self.counts)

    async def _find_other_mailboxes(self) -> None:
        """First mails that were planned for a mailbox which is no longer configured."""
        context = self._context
        waited_for = await context.store.read(lambda tx: tx.touches.waiting_mailboxes())
        for name in set(waited_for) - set(context.settings.mailboxes):
            await give_all_away(context, name)

    async def _keep(self, mailbox: MailboxSettings) -> None:
        """One outbox for its whole life, restarts included."""
        crashes: deque[datetime] = deque(maxlen=ACTOR_INTENSITY.restarts + 1)
        while not self._stop.is_set():
            log.debug("actor.started", mailbox=mailbox.name)
            try:
                await self._boxes[mailbox.name].run()
            except Exception as error:  # noqa: BLE001 - a supervisor catches every bug of its child
                crashes.append(self._context.clock.now())
                await self._after_crash(mailbox, crashes, error)
                self._boxes[mailbox.name] = self._made(mailbox)
        log.debug("actor.stopped", mailbox=mailbox.name)

    async def _after_crash(self, mailbox: MailboxSettings, crashes: deque[datetime], error: Exception) -> None:
        """Waits for the restart; parked, the outbox runs and its mailbox is disabled until a person enables it."""
        context, now = self._context, crashes[-1]
        context.metrics.actor_restarts_total.labels("crash").inc()
        log.error("actor.crashed", mailbox=mailbox.name, error=describe(error), count=len(crashes))
        match ACTOR_INTENSITY.after_crash(crashes, now, context.entropy.uniform(0.0, 1.0)):
            case Restart(after):
                wait = after
            case GiveUp():
                wait = await self._park(mailbox, crashes)
        log.warning("actor.restart_scheduled", mailbox=mailbox.name, delay_s=wait.total_seconds())
        with anyio.move_on_after(wait.total_seconds()):
            await self._stop.wait()

    async def _park(self, mailbox: MailboxSettings, crashes: deque[datetime]) -> timedelta:
        detail = f"its outbox crashed {ACTOR_INTENSITY.restarts + 1} times; camd mailboxes enable {mailbox.name}"
        now, rule = crashes[-1], by_rule("parked")
        try:
            await self._context.store.write(
                lambda tx: mailbox_health.disable(
                    tx, mailbox.name, MailboxReason.PARKED, now, actor=rule, detail=detail
                )
            )
        except Transient:
            # The database is away, which is no fault of this mailbox: it is judged at its next crash.
            return _AWAY
        crashes.clear()
        log.error("actor.parked", mailbox=mailbox.name)
        return timedelta(0)
