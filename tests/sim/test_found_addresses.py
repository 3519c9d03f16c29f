"""Addresses that providers name: which of them is taken, and who is asked whether it works."""

from pathlib import Path

import pytest

from camd.domain.campaign import Enrichment
from camd.domain.facts import Facts, Verdict
from camd.domain.waterfall import Operation
from camd.ports.lookups import Reply
from camd.ports.providers import Found
from camd.sim.enrichers import MemoryEnricher, found, service, verdict
from camd.sim.world import World, simulate

ANN = Found("row 1", Facts(first_name="Ann", last_name="Lee", company="Acme", domain="acme.example"))
ADDRESS = "ann@acme.example"


def test_where_one_provider_names_a_dead_address_that_of_the_next_is_taken(tmp_path: Path) -> None:
    def finder(world: World, name: str, email: str) -> MemoryEnricher:
        told = found(Facts(email=email), said=Verdict.VALID)
        return MemoryEnricher(world.clock, name, [service(name, Operation.FIND)], lambda _, __: told)

    async def scenario(world: World) -> None:
        world.verifier.verdicts = {"dead.example": Verdict.INVALID}
        world.enrichers = [
            finder(world, name, email)
            for name, email in (("first", "ann@dead.example"), ("second", "lee@dead.example"), ("third", ADDRESS))
        ]
        await world.restart()
        campaign = await world.live(ANN, enrichment=Enrichment(("first", "second", "third")))
        await world.run_for(hours=1)
        [lead] = await world.leads(campaign)
        assert (lead.facts.email, lead.verdict) == (ADDRESS, Verdict.VALID)

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(("said", "verified_by"), [(Verdict.UNKNOWN, "other"), (None, "finder")])
def test_who_named_an_address_is_not_paid_for_saying_again_that_it_cannot_tell(
    tmp_path: Path, said: Verdict | None, verified_by: str
) -> None:
    def answer(operation: Operation, _: Facts) -> Reply:
        return found(Facts(email=ADDRESS), said=said) if operation is Operation.FIND else verdict(Verdict.VALID)

    async def scenario(world: World) -> None:
        world.verifier.verdicts = {"acme.example": Verdict.UNKNOWN}
        services = [service("finder", operation) for operation in (Operation.FIND, Operation.VERIFY)]
        finder = MemoryEnricher(world.clock, "finder", services, answer)
        other = MemoryEnricher(world.clock, "other", [service("other", Operation.VERIFY)], answer)
        world.enrichers = [finder, other]
        await world.restart()
        await world.live(ANN, enrichment=Enrichment(("finder", "other")))
        await world.run_for(hours=1)
        verifiers = [
            each.name for each in (finder, other) for operation, _ in each.calls if operation is Operation.VERIFY
        ]
        assert verifiers == [verified_by]

    simulate(tmp_path, scenario)
