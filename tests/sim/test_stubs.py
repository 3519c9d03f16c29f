"""People of whom a list shows only half a name: who they are is paid for once, and what is told of them is checked."""

from collections import deque
from dataclasses import replace
from pathlib import Path

import pytest

from camd.domain.campaign import Enrichment
from camd.domain.errors import Scope, Uncertain
from camd.domain.facts import Facts, Verdict
from camd.domain.lead import Lead, LeadStatus, LostReason
from camd.domain.waterfall import Operation
from camd.ports.lookups import Reply
from camd.ports.providers import Found
from camd.sim.enrichers import MemoryEnricher, found, service
from camd.sim.world import World, simulate

LOST = Uncertain("the answer was cut short", scope=Scope.PROVIDER)
LEMKE = Found("row 1", Facts(first_name="Ann", last_name="Lemke", company="Acme", domain="acme.example"))
LENZE = Found("row 2", Facts(first_name="Ann", last_name="Lenze", company="Acme", domain="acme.example"))
STUB = Found("id 1", Facts(first_name="Ann", last_name="Le***e", company="Acme"), is_stub=True)
OTHER_STUB = replace(STUB, source_ref="id 2")


async def asked(world: World, *people: Found, lost: bool = False, **told: Facts) -> tuple[MemoryEnricher, list[Lead]]:
    """The list's own provider and the leads, once a campaign of these people has come to rest; `told` is what providers
    answer, by name. With `lost` the first answer never comes, and was paid for."""

    def answers(provider: str) -> MemoryEnricher:
        operation = Operation.MATCH if provider == "list" else Operation.FIND
        answer = found(told[provider], said=Verdict.VALID) if provider in told else found(Facts(title="Dentist"))

        def reply(_: Operation, __: Facts) -> Reply:
            return answer

        return MemoryEnricher(
            world.clock, provider, [service(provider, operation)], reply, seconds=5, charges_in_trouble=True
        )

    providers = [answers(name) for name in ("list", "finder")]
    if lost:
        providers[0].troubles = deque([LOST])
    world.enrichers = list(providers)
    world.source.rows_in_a_page = 1
    await world.restart()
    campaign = await world.live(*people, enrichment=Enrichment(("list", "finder")))
    await world.run_for(hours=1)
    return providers[0], await world.leads(campaign)


@pytest.mark.parametrize("people", [(STUB, LEMKE), (LEMKE, STUB)], ids=["stub first", "name first"])
def test_what_was_lost_about_half_a_name_is_not_asked_by_the_whole_one(
    tmp_path: Path, people: tuple[Found, Found]
) -> None:
    async def scenario(world: World) -> None:
        provider, [lead] = await asked(world, *people, lost=True, finder=Facts(email="ann@acme.example"))
        assert len(provider.charged) == 1
        assert (lead.facts.email, lead.status) == ("ann@acme.example", LeadStatus.CONTACTED)

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("people", [(STUB, OTHER_STUB), (LEMKE, LENZE)], ids=["ids", "names"])
def test_what_was_lost_about_one_is_asked_about_somebody_else_alike(
    tmp_path: Path, people: tuple[Found, Found]
) -> None:
    async def scenario(world: World) -> None:
        provider, _ = await asked(world, *people, lost=True)
        assert len(provider.calls) == 2

    simulate(tmp_path, scenario)


def test_the_address_of_who_was_half_a_name_is_checked_for_nothing_too(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.verifier.verdicts = {"dead.example": Verdict.INVALID}
        _, [lead] = await asked(world, STUB, list=Facts(email="ann@dead.example", last_name="Lemke"))
        assert lead.state.lost_reason is LostReason.INVALID_ADDRESS

    simulate(tmp_path, scenario)
