"""Keeps one inbox for every mailbox that has one."""

from collections.abc import Mapping

import anyio

from camd.actors.inbox import POLL_SECONDS, Inbox
from camd.actors.keeping import Keeper
from camd.actors.wake import Doorbells
from camd.domain.errors import Failure
from camd.pipeline.context import Context
from camd.telemetry.logs import get_log

log = get_log()


class Inboxes:
    """`run` listens until it is cancelled; a stop of the daemon cuts it off, since no message is ever half applied."""

    def __init__(self, context: Context, bells: Doorbells, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._context = context
        heard = (box for box in context.settings.mailboxes.values() if box.has_inbox)
        self._inboxes: Mapping[str, Inbox] = {box.name: Inbox(context, box, bells, poll_seconds) for box in heard}
        self.is_running = False

    async def run(self) -> None:
        self.is_running = True
        never = anyio.Event()
        try:
            async with anyio.create_task_group() as tasks:
                for name, inbox in self._inboxes.items():
                    tasks.start_soon(Keeper(self._context, "inbox", name, never).keep, inbox.run)
        finally:
            self.is_running = False

    async def read_once(self) -> None:
        """Every mailbox hears what there is now; one whose server is away stays deaf, and its follow-ups wait."""
        async with anyio.create_task_group() as tasks:
            for name, inbox in self._inboxes.items():
                tasks.start_soon(self._read, name, inbox)

    async def _read(self, name: str, inbox: Inbox) -> None:
        try:
            await inbox.read_once()
        except Failure as failure:
            self._context.hearing.failed(name, str(failure))
            log.warning("imap.lost", mailbox=name, error=failure)
