"""Removes what nobody needs any more: crash reports after a while."""

from datetime import timedelta

import anyio

from camd.pipeline.context import Context
from camd.ports.store import Tx

EVERY_SECONDS = 3600.0
KEEP_CRASHES = timedelta(days=30)


class Reaper:
    def __init__(self, context: Context) -> None:
        self._context = context

    async def run(self) -> None:
        """Once an hour until cancelled."""
        while True:
            await self._context.store.write(self._forget_old_crashes)
            await anyio.sleep(EVERY_SECONDS)

    def _forget_old_crashes(self, tx: Tx) -> None:
        tx.campaigns.forget_crashes(self._context.clock.now() - KEEP_CRASHES)
