"""What follows from what a hook is told: mails to people who filled in a form, and none once an outcome is known."""

from dataclasses import replace
from pathlib import Path

from camd.domain.campaign import Campaign, CampaignStatus, SourceEntry, StatusReason
from camd.domain.hooks import make_token
from camd.domain.lead import LeadStatus
from camd.operations import hooks
from camd.providers.hook import HookSource
from camd.sim.world import INSTANCE_KEY, World, simulate

ANN = {"email": "ann@acme.example", "first_name": "Ann", "company": "Acme", "country": "FR"}


async def hooked(world: World, *, live: bool = True, **entry: object) -> Campaign:
    """An active campaign with nothing but a hook."""
    sources = world.context.sources
    assert isinstance(sources, dict)
    sources["hook"] = HookSource(world.clock)
    made = await world.live(
        sources=(SourceEntry("hook", {"name": "website", **entry}),), dry_run=not live, no_reply_days=30
    )
    await world.run_for(minutes=5)
    return made


async def tell(world: World, campaign: Campaign, **given: object) -> str:
    hook = await hooks.find(world.desk, "website", make_token(INSTANCE_KEY, campaign.id, "website"))
    answer = await hooks.receive(world.desk, hook, [given], numbered=False)
    return answer.results[0].result


def test_a_person_who_fills_in_a_form_is_written_to_at_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await hooked(world)
        assert [await tell(world, campaign, **ANN) for _ in range(2)] == ["added", "known"]
        await world.run_for(minutes=2)
        assert [arrival.handover.recipient for arrival in world.arrivals] == ["ann@acme.example"]
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_in_a_dry_run_the_person_is_a_lead_with_a_preview(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await hooked(world, live=False)
        await tell(world, campaign, **ANN)
        await world.run_for(days=1)
        [lead] = await world.leads(campaign)
        assert (lead.status, len(await world.previews(campaign)), world.arrivals) == (LeadStatus.ENRICHED, 1, [])

    simulate(tmp_path, scenario)


def test_an_outcome_ends_the_sequence(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await hooked(world)
        await tell(world, campaign, **ANN)
        await world.run_for(hours=1)
        assert await tell(world, campaign, action="won", email="ann@acme.example", mrr=290) == "won"
        await world.run_for(days=30)
        assert len(world.arrivals) == 1
        [lead] = await world.leads(campaign)
        assert lead.status is LeadStatus.WON
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_a_campaign_with_a_hook_waits_for_more_people_and_does_not_look_for_them(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await hooked(world)
        await tell(world, campaign, **ANN)
        await world.run_for(days=60)
        [lead] = await world.leads(campaign)
        assert lead.status is LeadStatus.LOST
        assert (await world.now(campaign)).is_active
        before = cycles(world)
        await world.run_for(days=10)
        assert cycles(world) - before <= 11

    simulate(tmp_path, scenario, settings=lambda own: replace(own, engine=replace(own.engine, max_idle_seconds=86_400)))


def cycles(world: World) -> float:
    """How many were run for all campaigns so far."""
    [line] = [
        line
        for line in world.context.metrics.render().decode().splitlines()
        if line.startswith('camd_cycles_total{result="live"}')
    ]
    return float(line.rpartition(" ")[2])


def test_a_campaign_whose_hook_is_full_ends_with_its_last_lead(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await hooked(world, max_candidates=1)
        await tell(world, campaign, **ANN)
        await world.run_for(days=60)
        status = (await world.now(campaign)).status
        assert (status.status, status.reason) == (CampaignStatus.COMPLETED, StatusReason.ALL_FINISHED)

    simulate(tmp_path, scenario)
