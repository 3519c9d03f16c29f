"""A process that writes events into the ledger and delivers them; its parent kills it. Arguments: the folder, the
endpoint's address, how many events there are to be in all.
"""

import sys
from dataclasses import replace
from pathlib import Path

import anyio
from pydantic import SecretStr

from camd.actors.wake import Doorbells
from camd.actors.webhooks import Webhooks
from camd.daemon.wiring import Adapters, build_context, make_metrics
from camd.domain.events import ENGINE, Event, EventType
from camd.pipeline import webhooks
from camd.pipeline.context import Context
from camd.ports.settings import WebhookSettings
from camd.ports.store import Tx
from camd.sim.doors import memory_doors
from camd.sim.fakes import Verifier
from camd.sim.journal import MemoryJournal
from camd.sim.mail import MemoryMail
from camd.sim.world import plain_settings
from camd.store.sqlite import SqliteStore
from camd.system import SystemClock, SystemEntropy, SystemIds

SECRET = "whsec_Y2FtZC10ZXN0LXNpZ25pbmcta2V5LTAxMjM0NTY3ODk="
AT_ONCE = 20
LOOK_SECONDS = 0.2


async def write(context: Context, clock: SystemClock, count: int) -> None:
    """Events up to that number in all, some at a time, as campaigns would."""

    def unit(tx: Tx) -> int:
        left = min(count - tx.ledger.last_seq(), AT_ONCE)
        for _ in range(left):
            tx.ledger.append(Event(EventType.KILLSWITCH_ON, clock.now(), ENGINE))
        return left

    left = count
    while left > 0:
        left = await context.store.write(unit)


async def main(folder: Path, url: str, count: int) -> None:
    clock, entropy = SystemClock(), SystemEntropy()
    hook = WebhookSettings("crm", SecretStr(url), SecretStr(SECRET), ("*",), "standard", True, True)
    settings = replace(plain_settings(folder), webhooks={"crm": hook})
    parts = Adapters(clock, entropy, SystemIds(clock, entropy), (), Verifier())
    doors = memory_doors(settings, MemoryMail(frozenset({"sales"})), clock)
    journal = MemoryJournal()
    async with SqliteStore.open(settings.database.path, clock, journal=journal) as store:
        context = build_context(settings, parts, store, make_metrics(clock, settings), doors, journal)
        # The endpoint begins at the end of the ledger: here before the first event.
        await store.write(lambda tx: webhooks.begin(tx, context, clock.now()))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(Webhooks(context, Doorbells(), look_seconds=LOOK_SECONDS).run)
            await write(context, clock, count)


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
