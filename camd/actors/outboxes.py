"""Keeps one outbox for every mailbox, and one way to let all of them come to an end."""

from collections.abc import Collection, Mapping

import anyio
from anyio.abc import TaskStatus

from camd.actors.keeping import Keeper
from camd.actors.outbox import Outbox, give_all_away
from camd.actors.send_counts import SendCounts
from camd.actors.wake import Doorbells
from camd.pipeline.context import Context
from camd.ports.settings import MailboxSettings


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
        async def send() -> None:
            try:
                await self._boxes[mailbox.name].run()
            except Exception:
                self._boxes[mailbox.name] = self._made(mailbox)
                raise

        await Keeper(self._context, "outbox", mailbox.name, self._stop).keep(send)
