"""What a dry cycle writes into the ledger is marked, whatever becomes of the unit."""

from pathlib import Path

import pytest

from camd.domain.events import ENGINE, Event, EventType
from camd.pipeline.dry_store import DryStore
from camd.ports.store import Tx
from camd.sim.clock import START
from camd.sim.world import World, simulate


def append(tx: Tx) -> None:
    tx.ledger.append(Event(EventType.KILLSWITCH_ON, START, ENGINE))


def test_only_what_goes_through_it_is_marked(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        dry = DryStore(world.store)
        await dry.write(append)
        await world.store.write(append)

        def failing(tx: Tx) -> None:
            append(tx)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await dry.write(failing)
        await world.store.write(append)
        assert [row.is_dry for row in await world.ledger()] == [True, False, False]
        assert await dry.read(lambda tx: tx.ledger.last_seq()) == (await world.ledger())[-1].seq

    simulate(tmp_path, scenario)
