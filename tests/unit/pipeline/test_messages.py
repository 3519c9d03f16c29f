"""A lead's messages are read as far as they are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from camd.domain.facts import InboundId, LeadId
from camd.domain.inbound import InboundClass
from camd.pipeline.messages import messages_of
from camd.ports.records import Inbound, InboundFilter, Listing
from camd.sim.clock import START
from camd.sim.world import World, simulate

ANN, BOB = LeadId("ld_ann"), LeadId("ld_bob")


def message(number: int, lead_id: LeadId = ANN, kind: InboundClass = InboundClass.DELAYED) -> Inbound:
    identity = f"{number:04}"
    return Inbound(InboundId(f"ib_{identity}"), "sales", identity, kind, "", False, START, START, "", lead_id=lead_id)


async def came(world: World, *stored: Inbound) -> None:
    await world.store.write(lambda tx: [tx.inbox.add(each) for each in stored])


def ids(found: Sequence[Inbound]) -> list[str]:
    return [each.identity for each in found]


def test_all_of_them_come_newest_first_and_nobody_elses(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        stored = [message(number) for number in range(120)]
        await came(world, *stored, message(500, BOB))
        found = await world.store.read(lambda tx: list(messages_of(tx, ANN)))
        assert ids(found) == ids(stored[::-1])

    simulate(tmp_path, scenario)


def test_a_class_can_be_chosen(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await came(world, message(1), message(2, kind=InboundClass.CHALLENGE))
        found = await world.store.read(lambda tx: list(messages_of(tx, ANN, InboundClass.CHALLENGE)))
        assert ids(found) == ["0002"]

    simulate(tmp_path, scenario)


@dataclass
class Counted:
    """Pages without an end."""

    pages: list[Listing] = field(default_factory=list)

    def page(self, listing: Listing, _: InboundFilter) -> list[Inbound]:
        self.pages.append(listing)
        return [message(number) for number in range(listing.limit)]


def test_no_more_are_read_than_are_asked_for() -> None:
    inbox = Counted()
    tx: Any = SimpleNamespace(inbox=inbox)  # Any: only the inbox is asked
    assert len(list(islice(messages_of(tx, ANN), 60))) == 60
    assert len(inbox.pages) == 2
