"""Candidates that are known, refused, or nobody knows yet who they are."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from camd.domain.errors import Invalid
from camd.domain.events import EventType
from camd.domain.facts import Facts
from camd.domain.waterfall import Operation
from camd.pipeline import dedupe
from camd.pipeline.cycle import run_cycle
from camd.pipeline.record import is_suppressed
from camd.ports.providers import Found
from camd.sim.enrichers import MemoryEnricher, service
from camd.sim.world import World, people, simulate

STUB = Found("id 1", Facts(first_name="Ann", linkedin_url="https://www.linkedin.com/in/ann-lee"), is_stub=True)
MATCHER = service("list", Operation.MATCH)


def played(tmp_path: Path, scenario: Callable[[World], Awaitable[None]], *, asks: bool = True) -> None:
    async def whole(world: World) -> None:
        world.enrichers = [MemoryEnricher(world.clock, "list", [MATCHER] if asks else [])]
        await world.restart()
        await scenario(world)

    simulate(tmp_path, whole)


async def questions(world: World, campaign_id: int) -> int:
    counts = await world.store.read(lambda tx: tx.lookups.open_counts(campaign_id))  # type: ignore[arg-type]  # its id
    return sum(counts.values())


def test_who_a_stub_is_is_asked_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(STUB)
        for _ in range(2):
            await run_cycle(world.context, campaign.id, call_dry=False)
        assert await questions(world, campaign.id) == 1
        assert await world.leads(campaign) == []

    played(tmp_path, scenario)


def test_a_stub_whom_nobody_can_be_asked_about_waits(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(STUB)
        await run_cycle(world.context, campaign.id, call_dry=False)
        assert await questions(world, campaign.id) == 0
        assert len(await world.store.read(lambda tx: tx.candidates.stubs(campaign.id, 9))) == 1

    played(tmp_path, scenario, asks=False)


def test_a_stub_who_is_known_already_costs_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        known = Found("row 2", replace(STUB.facts, email="ann@acme.example"))
        campaign = await world.live(STUB, known)
        report = await run_cycle(world.context, campaign.id, call_dry=False)
        assert (report.leads_discovered, report.duplicates_skipped) == (1, 1)
        assert await questions(world, campaign.id) == 0
        skipped = [row for row in await world.ledger() if row.event.type is EventType.LEAD_DUPLICATE_SKIPPED]
        assert len(skipped) == 1

    played(tmp_path, scenario)


def test_a_dry_run_says_what_stubs_would_cost_and_asks_when_live(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(STUB)
        for _ in range(2):
            report = await world.cycle(campaign)
            assert report.would_spend == {"list": 1.0}
        assert world.enrichers[0].calls == []  # type: ignore[attr-defined]  # a provider in memory
        await world.go(campaign, live=True)
        await world.run_for(minutes=5)
        assert len(world.enrichers[0].calls) == 1  # type: ignore[attr-defined]  # a provider in memory

    played(tmp_path, scenario)


def test_a_dry_call_on_a_live_campaign_counts_stubs_and_writes_no_question_down(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(STUB)
        report = await run_cycle(world.context, campaign.id, call_dry=True)
        assert report.would_spend == {"list": 1.0}
        assert await questions(world, campaign.id) == 0

    played(tmp_path, scenario)


def test_a_tag_refuses_a_person_whose_address_is_known_from_before(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [found] = people(1)
        profile = "https://www.linkedin.com/in/p0"
        known = replace(found, facts=replace(found.facts, linkedin_url=profile))
        refusal = Found("row 8", Facts(linkedin_url=profile, tags=("DNC",)))
        stranger = Found("row 9", Facts(first_name="No", tags=("do_not_contact",)))
        world.source.rows_in_a_page = 1
        campaign = await world.campaign(known, refusal, stranger)
        for _ in range(3):
            await world.cycle(campaign)
        assert await world.store.read(lambda tx: is_suppressed(tx, "p0@c0.example"))
        assert len(await world.leads(campaign)) == 1

    played(tmp_path, scenario)


def test_a_suppressed_person_becomes_no_lead(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.suppress("c0.example")
        campaign = await world.campaign(*people(2))
        report = await world.cycle(campaign)
        assert (report.leads_discovered, report.duplicates_skipped) == (1, 1)

    played(tmp_path, scenario)


def test_a_row_that_cannot_be_a_lead_is_refused(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign()
        found = Found("row 1", Facts(email="nobody"))
        now = world.clock.now()
        with pytest.raises(Invalid):
            await world.store.write(
                lambda tx: dedupe.admit(tx, world.context, campaign, found, source="list", actor="engine", now=now)
            )

    played(tmp_path, scenario)


def test_a_candidate_of_a_provider_that_was_never_asked_about_needs_no_receipt(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1))
        report = await run_cycle(world.context, campaign.id, call_dry=False)
        assert report.leads_discovered == 1

    played(tmp_path, scenario)
