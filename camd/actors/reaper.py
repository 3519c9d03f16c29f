"""Removes what nobody needs any more: crash reports after a while, texts at the end of their retention."""

from collections.abc import Callable
from datetime import timedelta

import anyio

from camd.pipeline.context import Context
from camd.ports.store import Tx

EVERY_SECONDS = 3600.0
KEEP_CRASHES = timedelta(days=30)
KEEP_DELIVERIES = timedelta(days=30)
"""Of webhooks, from when they were delivered or dead."""
BATCH = 500


class Reaper:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def run(self) -> None:
        """Once an hour until cancelled."""
        while True:
            await self._context.store.write(self._forget_old_crashes)
            await self._in_batches(self._forget_old_messages)
            await self._in_batches(self._forget_old_bodies)
            await self._in_batches(self._forget_old_deliveries)
            await anyio.sleep(EVERY_SECONDS)

    async def _in_batches(self, forget: Callable[[Tx], int]) -> None:
        """A commit for each, so that nobody waits for them all."""
        while await self._context.store.write(forget) == BATCH:
            pass

    def _forget_old_crashes(self, tx: Tx) -> None:
        tx.campaigns.forget_crashes(self._context.clock.now() - KEEP_CRASHES)

    def _forget_old_messages(self, tx: Tx) -> int:
        kept = timedelta(days=self._context.settings.retention.inbound_days)
        return tx.inbox.forget_texts(self._context.clock.now() - kept, BATCH)

    def _forget_old_bodies(self, tx: Tx) -> int:
        kept = timedelta(days=self._context.settings.retention.body_days)
        return tx.touches.forget_texts(self._context.clock.now() - kept, BATCH)

    def _forget_old_deliveries(self, tx: Tx) -> int:
        return tx.webhooks.forget(self._context.clock.now() - KEEP_DELIVERIES, BATCH)
