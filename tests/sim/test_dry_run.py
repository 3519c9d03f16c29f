"""What a dry cycle may do, and what becomes of it when the campaign goes live."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from camd.domain.facts import Facts, Verdict
from camd.domain.lead import LeadStatus, LostReason
from camd.ports.providers import Found
from camd.ports.records import TouchStatus
from camd.ports.settings import Settings
from camd.sim.world import World, people, simulate


def dry_instance(settings: Settings) -> Settings:
    return replace(settings, engine=replace(settings.engine, dry_run=True))


def test_days_of_dry_run_touch_and_lose_nobody(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.verifier.verdicts["c1.example"] = Verdict.INVALID
        nobody = Found("row x", Facts(first_name="No", last_name="Address", company="C"))
        campaign = await world.campaign(*people(5), nobody, countries_blocked(9))
        await world.run_for(days=8)
        await world.check_invariants()
        leads = await world.leads(campaign)
        assert [lead.status for lead in leads] == [LeadStatus.ENRICHED] * 7
        assert await world.touches(campaign) == []
        assert {preview.lead_id for preview in await world.previews(campaign)} == {
            lead.id for lead in leads if lead.verdict is Verdict.VALID and lead.facts.country == "FR"
        }

    def blocking(settings: Settings) -> Settings:
        return replace(settings, countries={"AT": "block"})

    simulate(tmp_path, scenario, settings=blocking)


def countries_blocked(number: int) -> Found:
    [found] = people(1, first=number)
    return replace(found, facts=replace(found.facts, country="AT"))


def test_the_first_live_cycle_moves_whom_the_dry_ones_left(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.verifier.verdicts["c1.example"] = Verdict.INVALID
        campaign = await world.campaign(*people(3))
        await world.cycle(campaign)
        await world.cycle(campaign)
        before = {lead.facts.email: lead.status for lead in await world.leads(campaign)}
        assert set(before.values()) == {LeadStatus.ENRICHED}
        await world.go(campaign, live=True)
        await world.cycle(campaign)
        lost = {lead.facts.email: lead.state.lost_reason for lead in await world.leads(campaign)}
        assert lost == {
            "p0@c0.example": None,
            "p1@c1.example": LostReason.INVALID_ADDRESS,
            "p2@c2.example": None,
        }
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_a_do_not_contact_tag_is_stored_in_a_dry_run_and_costs_the_lead_its_preview_only(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        await world.cycle(campaign)
        assert len(await world.previews(campaign)) == 1
        [person] = people(1)
        tagged = replace(person, source_ref="again", facts=replace(person.facts, tags=("DNC",)))
        other = await world.campaign(tagged)
        await world.cycle(other)
        assert await world.leads(other) == []
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        assert (lead.status, await world.previews(campaign)) == (LeadStatus.ENRICHED, [])
        await world.check_invariants()
        await world.go(campaign, live=True)
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        assert lead.state.lost_reason is LostReason.DO_NOT_CONTACT

    simulate(tmp_path, scenario)


def test_a_dry_call_on_a_live_campaign_leaves_schedule_and_touches_alone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.verifier.verdicts["c1.example"] = Verdict.INVALID
        campaign = await world.campaign(*people(5), dry_run=False)
        peeked = await world.cycle(campaign, dry=True)
        assert (peeked.dry_run, peeked.waiting_for, peeked.touches_planned) == (True, {"dry_run_call": 1}, 4)
        due = await world.leads(campaign)
        assert {(lead.status, lead.next_action_at) for lead in due} == {(LeadStatus.ENRICHED, world.clock.now())}
        await world.cycle(campaign)
        touches, leads = await world.touches(campaign), await world.leads(campaign)
        assert len(touches) == 4
        assert await world.previews(campaign) == []
        await world.cycle(campaign, dry=True)
        assert (await world.touches(campaign), await world.leads(campaign)) == (touches, leads)
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_going_live_drops_the_previews_and_plans_anew_with_nothing_overdue(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(40))
        await world.run_for(days=6, hours=12)
        assert len(await world.previews(campaign)) == 40
        went_live_at = world.clock.now()
        await world.go(campaign, live=True)
        await world.run_for(seconds=2)
        assert await world.previews(campaign) == []
        touches = await world.touches(campaign)
        assert len(touches) == 40
        assert min(touch.due_at for touch in touches) >= went_live_at
        first_live_at = (await world.now(campaign)).first_live_at
        assert first_live_at is not None
        assert first_live_at - went_live_at <= timedelta(seconds=1)
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_a_live_campaign_keeps_its_plan_from_cycle_to_cycle(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(3), dry_run=False)
        await world.cycle(campaign)
        planned = await world.leads(campaign)
        await world.cycle(campaign)
        assert await world.leads(campaign) == planned

    simulate(tmp_path, scenario)


def test_an_instance_that_is_dry_makes_every_campaign_dry(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(3), dry_run=False)
        report = await world.cycle(campaign)
        assert (report.dry_run, report.waiting_for) == (True, {"dry_run_instance": 1})
        assert await world.touches(campaign) == []
        await world.restart(replace(world.settings, engine=replace(world.settings.engine, dry_run=False)))
        await world.cycle(campaign)
        assert {touch.status for touch in await world.touches(campaign)} == {TouchStatus.PLANNED}

    simulate(tmp_path, scenario, settings=dry_instance)


def test_a_preview_whose_instant_has_come_is_made_anew_the_next_day_and_not_before(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        await world.run_for(hours=1)
        [preview] = await world.previews(campaign)
        await world.run_for(seconds=(preview.due_at - world.clock.now()).total_seconds() + 1)
        [lead] = await world.leads(campaign)
        assert lead.next_action_at == preview.due_at.replace(hour=0, minute=0, second=0) + timedelta(days=1)
        calls = world.store.calls
        await world.run_for(minutes=30)
        assert world.store.calls - calls < 60

    simulate(tmp_path, scenario)
