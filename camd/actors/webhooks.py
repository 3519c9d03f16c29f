"""Gives the ledger's events out to the endpoints of the configuration, and keeps a worker for each of them.

At least once: what was not recorded as delivered goes again, under the same id, whatever becomes of the process. An
endpoint that hangs, or a bug with one of them, delays no other and no campaign: nobody waits for a worker.
"""

import anyio

from camd.actors.keeping import EndpointKeeper
from camd.actors.wake import Doorbells
from camd.actors.webhook_worker import Worker, persistently
from camd.pipeline import webhooks
from camd.pipeline.context import Context
from camd.ports.store import Tx

LOOK_SECONDS = 2.0
"""Between two looks at the ledger, which rings no bell."""


class Webhooks:
    """`run` works until it is cancelled, or `drain` was called and no attempt is in flight any more."""

    def __init__(self, context: Context, bells: Doorbells, *, look_seconds: float = LOOK_SECONDS) -> None:
        self._context = context
        self._bells = bells
        self._look_seconds = look_seconds
        self._stop = anyio.Event()
        self._ended: anyio.Event | None = None

    async def run(self) -> None:
        """A dry instance delivers nothing; without endpoints there is nothing to do."""
        context, store = self._context, self._context.store
        endpoints = context.settings.webhooks
        self._stop = anyio.Event()
        self._ended = ended = anyio.Event()
        try:
            await persistently(store.write, lambda tx: webhooks.begin(tx, context, context.clock.now()))
            async with anyio.create_task_group() as tasks:
                for endpoint in () if context.settings.engine.dry_run else endpoints.values():
                    worker = Worker(context, endpoint, self._bells.endpoint(endpoint.name), self._stop)
                    tasks.start_soon(EndpointKeeper(context, "webhook", endpoint.name, self._stop).keep, worker.run)
                while endpoints and not self._stop.is_set():
                    await self._give_out()
        finally:
            self._ended = None
            ended.set()

    async def drain(self) -> None:
        """Nothing new is sent from now on; returns when no attempt is in flight."""
        self._stop.set()
        self._bells.webhooks.ring()
        for name in self._context.settings.webhooks:
            self._bells.endpoint(name).ring()
        if self._ended is not None:
            await self._ended.wait()

    async def _give_out(self) -> None:
        context, store = self._context, self._context.store
        if not await persistently(store.read, _is_behind):
            await self._bells.webhooks.wait(self._look_seconds)
            return
        given = await persistently(store.write, lambda tx: webhooks.give_out(tx, context, context.clock.now()))
        for name, count in given.items():
            if count:
                self._bells.endpoint(name).ring()


def _is_behind(tx: Tx) -> bool:
    last = tx.ledger.last_seq()
    return any(endpoint.position < last for endpoint in tx.webhooks.endpoints().values())
