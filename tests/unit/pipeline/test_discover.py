"""Reading sources that gain people by and by, and what they say besides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import anyio

from camd.domain.campaign import SourceEntry
from camd.domain.facts import Facts
from camd.domain.lead import LostReason
from camd.pipeline.cycle import run_cycle
from camd.ports.providers import Cursor, Found, NotYet, Page, RateLimit
from camd.schema.report import CycleError
from camd.sim.clock import START
from camd.sim.world import World, people, simulate

LATER = START + timedelta(minutes=15)


@dataclass(slots=True)
class Polled:
    """Gives one person, and then nothing before `until`."""

    until: datetime = LATER
    name: str = "polled"
    limits: Sequence[RateLimit] = ()
    price: Decimal = Decimal(0)

    def check(self, _: Mapping[str, object]) -> Sequence[str]:
        return ()

    async def fetch(self, _: Mapping[str, object], cursor: Cursor | None, __: int) -> Page | NotYet:
        await anyio.lowlevel.checkpoint()
        if cursor is not None:
            return NotYet(self.until)
        return Page(people(1), (), {"read": True}, exhausted=False, warnings=("its version is old",))


def test_a_source_that_has_nothing_yet_is_asked_when_it_is_time(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(sources=(SourceEntry("polled", {}),))
        ctx = replace(world.context, sources={"polled": Polled()})
        first = await run_cycle(ctx, campaign.id, call_dry=True)
        assert (first.leads_discovered, first.next_wake_at) == (1, START)
        second = await run_cycle(ctx, campaign.id, call_dry=True)
        assert (second.leads_discovered, second.errors, second.next_wake_at) == (0, [], LATER)

    simulate(tmp_path, scenario)


def test_what_a_source_warns_of_stands_in_the_report(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(sources=(SourceEntry("polled", {}),))
        report = await run_cycle(replace(world.context, sources={"polled": Polled()}), campaign.id, call_dry=True)
        assert report.errors == [CycleError(stage="discover", scope="provider", message="polled: its version is old")]

    simulate(tmp_path, scenario)


def test_a_person_whom_their_source_takes_back_is_not_contacted(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [person, other] = people(2)
        world.source.rows_in_a_page = 2
        campaign = await world.live(person, other, Found(person.source_ref, Facts(), do_not_contact=True))
        await world.cycle(campaign)
        await world.cycle(campaign)
        lost = {lead.facts.email: lead.state.lost_reason for lead in await world.leads(campaign)}
        assert lost == {person.facts.email: LostReason.DO_NOT_CONTACT, other.facts.email: None}

    simulate(tmp_path, scenario)


def test_a_person_known_by_their_profile_alone_is_taken_back_with_their_address(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        profile = "https://www.linkedin.com/in/ann-lee"
        [found] = people(1)
        person = replace(found, facts=replace(found.facts, linkedin_url=profile))
        world.source.rows_in_a_page = 1
        refusal = Found("another row", Facts(linkedin_url=profile), do_not_contact=True)
        campaign = await world.live(person, refusal)
        await world.cycle(campaign)
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        assert lead.state.lost_reason is LostReason.DO_NOT_CONTACT

    simulate(tmp_path, scenario)
