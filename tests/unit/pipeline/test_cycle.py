"""One cycle over the real store: what is lost when something changes under it (nothing), and what it reports."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import pytest

from camd.domain.campaign import (
    Autonomy,
    Campaign,
    CampaignStatus,
    Channel,
    Enrichment,
    SourceEntry,
    StatusReason,
    Step,
)
from camd.domain.contact import EmailAddress
from camd.domain.errors import Scope, Transient, UnknownCampaign
from camd.domain.events import EventType
from camd.domain.facts import CampaignId, Facts, Verdict
from camd.domain.lead import Hold, HoldReason, LeadStatus, LostReason
from camd.domain.suppression import SuppressionReason, parse_value
from camd.domain.waterfall import Operation
from camd.domain.zones import UnknownZone
from camd.pipeline import record
from camd.pipeline.approval import BATCH, approvals_counter
from camd.pipeline.context import LeadCrash, working_on
from camd.pipeline.cycle import run_cycle
from camd.pipeline.dedupe import STUBS
from camd.pipeline.lookup_claims import claim
from camd.pipeline.lookup_outcomes import settle
from camd.pipeline.record import is_suppressed
from camd.pipeline.send_gate import GateReason
from camd.ports.lookups import Reply
from camd.ports.providers import Found, Page, RateLimit, Rejected, Verification
from camd.ports.records import Switch, TouchStatus
from camd.ports.settings import Settings
from camd.ports.store import StaleWrite, Tx
from camd.sim.enrichers import NO_MATCH, MemoryEnricher, found, service
from camd.sim.fakes import ListSource, Verifier
from camd.sim.world import STEPS, World, people, simulate

T = TypeVar("T")


@dataclass(slots=True)
class Meddler(Verifier):
    """Lets somebody change the world while an address is being verified."""

    meddle: Callable[[EmailAddress], Awaitable[None]] | None = None

    async def verify(self, address: EmailAddress) -> Verification:
        if self.meddle:
            await self.meddle(address)
        return await Verifier.verify(self, address)


async def meddled(world: World) -> Meddler:
    meddler = Meddler()
    world.verifier = meddler
    await world.restart()
    return meddler


def test_a_campaign_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        with pytest.raises(UnknownCampaign, match="there is no campaign 7"):
            await run_cycle(world.context, CampaignId(7), call_dry=True)

    simulate(tmp_path, scenario)


def test_an_edit_ends_the_cycle_at_once_and_the_next_one_begins_with_it(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        meddler = await meddled(world)
        campaign = await world.campaign(*people(3))

        async def edit(_: EmailAddress) -> None:
            meddler.meddle = None
            await world.edit(campaign, steps=[{"subject": "Edited", "body": "x"}])

        meddler.meddle = edit
        report = await world.cycle(campaign)
        assert (report.leads_discovered, report.leads_enriched, report.next_wake_at) == (3, 0, world.clock.now())
        report = await world.cycle(campaign)
        assert (report.leads_enriched, report.touches_planned) == (3, 3)
        assert {preview.subject for preview in await world.previews(campaign)} == {"Edited"}

    simulate(tmp_path, scenario)


def test_a_lead_that_was_changed_meanwhile_is_left_for_the_next_cycle_and_the_others_go_on(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        meddler = await meddled(world)
        campaign = await world.campaign(*people(3))

        async def change(address: EmailAddress) -> None:
            if address.key == "p1@c1.example":
                meddler.meddle = None
                _, lead, _ = await world.leads(campaign)
                await world.change_lead(lead, title="Dentist")

        meddler.meddle = change
        report = await world.cycle(campaign)
        assert (report.leads_enriched, report.touches_planned) == (2, 2)
        _, changed, _ = await world.leads(campaign)
        assert (changed.status, changed.facts.title) == (LeadStatus.NEW, "Dentist")
        report = await world.cycle(campaign)
        assert (report.leads_enriched, report.touches_planned) == (1, 1)

    simulate(tmp_path, scenario)


class ChangingStore:
    """Lets somebody change the first lead between the reading of the leads to plan for and the writing of the plans."""

    def __init__(self, world: World, campaign: Campaign) -> None:
        self._world = world
        self._campaign = campaign
        self._done = False

    async def write(self, unit: Callable[[Tx], T]) -> T:
        leads = await self._world.leads(self._campaign)
        if not self._done and leads and leads[0].score is not None:
            self._done = True
            await self._world.change_lead(leads[0], title="Dentist")
        return await self._world.store.write(unit)

    async def read(self, query: Callable[[Tx], T]) -> T:
        return await self._world.store.read(query)


def test_a_plan_for_a_lead_that_was_changed_meanwhile_is_not_stored(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(2), dry_run=False)
        changing = replace(world.context, store=ChangingStore(world, campaign))
        report = await run_cycle(changing, campaign.id, call_dry=False)
        changed, other = await world.leads(campaign)
        assert (report.touches_planned, changed.facts.title) == (1, "Dentist")
        assert [touch.lead_id for touch in await world.touches(campaign)] == [other.id]
        assert (await world.cycle(campaign)).touches_planned == 1

    simulate(tmp_path, scenario)


def test_a_failure_that_camd_names_is_no_crash_on_a_lead(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        with pytest.raises(Transient, match="away"), working_on(lead):
            raise Transient("away", scope=Scope.PROVIDER)

    simulate(tmp_path, scenario)


def test_a_source_that_fails_costs_the_others_nothing_and_is_asked_again_in_five_minutes(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.source.lists["broken"] = []
        world.source.trouble["broken"] = Transient("away", scope=Scope.PROVIDER)
        sources = (
            SourceEntry("list", {"list": "broken"}),
            SourceEntry("list", {"list": "Q1"}),
            SourceEntry("apollo", {}),
        )
        campaign = await world.campaign(*people(2), name="Q1", sources=sources)
        report = await world.cycle(campaign)
        assert (report.leads_discovered, report.touches_planned) == (2, 2)
        assert [(error.stage, error.scope, error.message) for error in report.errors] == [
            ("discover", "provider", "list: away"),
            ("discover", "campaign", "apollo: there is no source apollo; known: list"),
        ]
        assert report.next_wake_at == world.clock.now() + timedelta(minutes=5)
        world.mend(await world.campaign(name="broken"))
        world.source.lists["broken"] = people(1, first=5)
        assert (await world.cycle(campaign)).leads_discovered == 1

    simulate(tmp_path, scenario)


@dataclass(slots=True)
class Rejecting(ListSource):
    async def fetch(self, settings: object, cursor: object, limit: int) -> Page:  # noqa: ARG002 - always the same
        return Page((), (Rejected(7, "no address"),), {}, exhausted=True)


def test_a_rejected_row_is_reported_with_its_line_and_wakes_nobody(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.source = Rejecting()
        await world.restart()
        report = await world.cycle(await world.campaign())
        assert [(error.scope, error.message) for error in report.errors] == [("item", "list line 7: no address")]
        assert report.next_wake_at == world.clock.now() + timedelta(hours=1)

    simulate(tmp_path, scenario)


def test_a_long_list_is_read_page_by_page_without_a_pause(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.source.rows_in_a_page = 2
        campaign = await world.campaign(*people(5))
        discovered = []
        for _ in range(3):
            report = await world.cycle(campaign)
            discovered.append((report.leads_discovered, report.next_wake_at == world.clock.now()))
        assert discovered == [(2, True), (2, True), (1, False)]

    simulate(tmp_path, scenario)


def test_more_candidates_and_leads_than_a_batch_wake_the_campaign_at_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(501))
        first = await world.cycle(campaign)
        assert (first.leads_discovered, first.leads_enriched, first.next_wake_at) == (500, 200, world.clock.now())
        second = await world.cycle(campaign)
        assert (second.leads_discovered, second.leads_enriched) == (1, 200)

    simulate(tmp_path, scenario)


def test_rows_known_already_are_counted_as_duplicates(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [first] = people(1)
        campaign = await world.campaign(first, first, replace(first, source_ref="other row"))
        report = await world.cycle(campaign)
        assert (report.leads_discovered, report.duplicates_skipped) == (1, 2)

    simulate(tmp_path, scenario)


def test_leads_beyond_the_verifier_s_rate_wait_until_it_allows(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.verifier.rate_limit = RateLimit(1, timedelta(seconds=10), burst=2)
        campaign = await world.campaign(*people(3))
        report = await world.cycle(campaign)
        assert (report.leads_enriched, report.waiting_for["quota:provider_rate"]) == (2, 1)
        assert report.next_wake_at is not None
        assert world.clock.now() < report.next_wake_at <= world.clock.now() + timedelta(seconds=10)
        await world.run_for(seconds=20)
        assert len(await world.previews(campaign)) == 3

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("told", [Verdict.VALID, Verdict.CATCH_ALL, Verdict.ROLE, Verdict.FREEMAIL, Verdict.INVALID])
def test_a_verdict_the_source_gives_stands_where_the_free_check_knows_less(tmp_path: Path, told: Verdict) -> None:
    async def scenario(world: World) -> None:
        world.verifier.verdicts |= {"c0.example": Verdict.UNKNOWN, "c1.example": Verdict.INVALID}
        judged = [replace(found, verdict=told) for found in people(2)]
        campaign = await world.campaign(*judged)
        await world.cycle(campaign)
        assert [lead.verdict for lead in await world.leads(campaign)] == [told, Verdict.INVALID]

    simulate(tmp_path, scenario)


def test_a_closed_gate_and_the_kill_switch_are_told(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(dry_run=False)
        await world.store.write(lambda tx: tx.instance.set_kill_switch(Switch(True, "stop", None, "os:ann")))
        assert (await world.cycle(campaign)).waiting_for == {"kill_switch": 1}
        world.context.gate.close(GateReason.CLOCK_JUMPED)
        assert (await world.cycle(campaign)).waiting_for == {"kill_switch": 1, "gate_closed": 1}

    simulate(tmp_path, scenario)


def test_fault_81_a_missing_variable_holds_the_lead_until_its_facts_change(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [found] = people(1)
        nameless = replace(found, facts=replace(found.facts, first_name=None))
        campaign = await world.campaign(nameless)
        report = await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        [hold] = lead.holds
        assert (hold.reason, hold.note, hold.until) == (HoldReason.MISSING_VARIABLE, "first_name", None)
        assert (report.waiting_for["hold:missing_variable"], await world.previews(campaign)) == (1, [])
        since = hold.since
        await world.run_for(hours=1)
        await world.change_lead((await world.leads(campaign))[0], title="Dentist")
        await world.run_for(seconds=1)
        [lead] = await world.leads(campaign)
        assert [hold.since for hold in lead.holds] == [since]
        await world.change_lead(lead, first_name="Ann")
        await world.run_for(seconds=1)
        [lead] = await world.leads(campaign)
        assert lead.holds == ()
        [preview] = await world.previews(campaign)
        assert preview.body.startswith("Hello Ann\n")

    simulate(tmp_path, scenario)


def test_a_template_that_fails_for_a_lead_holds_it_for_review(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), steps=(Step(1, "Hi", "{{ 1 / 0 }}"),))
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        assert [(hold.reason, hold.note) for hold in lead.holds] == [
            (HoldReason.NEEDS_REVIEW, "ZeroDivisionError: division by zero")
        ]

    simulate(tmp_path, scenario)


def test_a_country_that_asks_for_consent_holds_whom_has_not_given_it(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        asked, given = people(2)
        given = replace(given, facts=replace(given.facts, consent="form of 2025-11-03"))
        campaign = await world.campaign(asked, given)
        report = await world.cycle(campaign)
        assert (report.touches_planned, report.waiting_for["hold:consent_required"]) == (1, 1)

    def consenting(settings: Settings) -> Settings:
        return replace(settings, countries={"FR": "consent"})

    simulate(tmp_path, scenario, settings=consenting)


def test_a_bug_in_a_stage_names_the_lead_and_comes_out_as_it_is(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.verifier.crashes_on.add("p1@c1.example")
        campaign = await world.campaign(*people(2))
        with pytest.raises(ExceptionGroup) as crash:
            await world.cycle(campaign)
        [error] = crash.value.exceptions
        assert isinstance(error, LeadCrash)
        assert error.lead_id == (await world.leads(campaign))[1].id
        assert isinstance(error.__cause__, ZeroDivisionError)

    simulate(tmp_path, scenario)


def test_a_campaign_paused_by_a_cycle_has_no_next_wake_and_says_why(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), timezone="Europe/Nowhere")
        report = await world.cycle(campaign)
        assert (report.campaign_paused, report.next_wake_at) == (StatusReason.MISCONFIGURED, None)
        [error] = report.errors
        assert (error.stage, error.scope) == ("cycle", Scope.CAMPAIGN)
        again = await world.cycle(campaign)
        assert again.waiting_for["not_active"] == 1
        assert again.campaign_paused is None

    simulate(tmp_path, scenario)


def test_a_campaign_whose_every_lead_is_finished_is_completed(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.verifier.verdicts["c0.example"] = Verdict.INVALID
        campaign = await world.campaign(*people(1), dry_run=False)
        report = await world.cycle(campaign)
        assert (report.campaign_paused, report.next_wake_at) == (None, None)
        completed = await world.now(campaign)
        assert (completed.status.status, completed.status.reason) == (
            CampaignStatus.COMPLETED,
            StatusReason.ALL_FINISHED,
        )
        [lead] = await world.leads(campaign)
        assert lead.state.lost_reason is LostReason.INVALID_ADDRESS

    simulate(tmp_path, scenario)


def test_a_person_without_an_address_is_verified_by_nobody(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        nobody = Found("x", Facts(first_name="Ann", last_name="Lee", company="Acme"))
        campaign = await world.campaign(nobody, dry_run=False)
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        assert (lead.state.lost_reason, lead.verdict_evidence) == (LostReason.NO_ADDRESS, "no address")

    simulate(tmp_path, scenario)


class Failing:
    """A store whose first writes fail with the given errors."""

    def __init__(self, world: World, *errors: Exception) -> None:
        self._world = world
        self._errors = list(errors)

    async def write(self, unit: Callable[[Tx], T]) -> T:
        if self._errors:
            raise self._errors.pop(0)
        return await self._world.store.write(unit)

    async def read(self, query: Callable[[Tx], T]) -> T:
        return await self._world.store.read(query)


def test_a_campaign_that_was_changed_while_it_was_to_be_paused_is_looked_at_again_at_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(sources=())
        store = Failing(world, UnknownZone("no such zone"), StaleWrite("changed meanwhile"))
        report = await run_cycle(replace(world.context, store=store), campaign.id, call_dry=False)
        assert (report.campaign_paused, report.next_wake_at) == (None, world.clock.now())
        assert (await world.now(campaign)).is_active

    simulate(tmp_path, scenario)


def test_more_approvals_than_a_batch_wake_the_campaign_at_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(BATCH + 1), autonomy=Autonomy())
        await world.kill()
        for _ in range(4):
            await world.cycle(campaign)
        approvals = approvals_counter(campaign.steps_version)
        await world.store.write(lambda tx: tx.counters.put(campaign.id, approvals, 10))
        found = []
        for _ in range(2):
            report = await world.cycle(campaign)
            touches = await world.touches(campaign)
            left = sum(touch.status is TouchStatus.PLANNED for touch in touches)
            found.append((left, report.next_wake_at == world.clock.now()))
        assert found == [(1, True), (0, False)]

    simulate(tmp_path, scenario)


async def put_off(world: World) -> Campaign:
    """A campaign whose one mail waits without an instant, because its lead is held."""
    campaign = await world.live(*people(1))
    await world.kill()
    await world.cycle(campaign)
    [lead] = await world.leads(campaign)
    held = replace(lead, holds=(Hold(HoldReason.OPERATOR, world.clock.now()),))
    await world.store.write(lambda tx: tx.leads.save(lead, held))
    [touch] = await world.touches(campaign)
    waiting = replace(touch, ready_at=None, message_id="m@us.example")
    await world.store.write(lambda tx: tx.touches.save(touch, waiting))
    return campaign


def test_a_mail_that_was_put_off_is_ready_again_when_its_lead_s_hold_ends(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await put_off(world)
        await world.cycle(campaign)
        [touch] = await world.touches(campaign)
        assert touch.ready_at is None
        [lead] = await world.leads(campaign)
        await world.release(lead)
        await world.cycle(campaign)
        [touch] = await world.touches(campaign)
        assert touch.ready_at == world.clock.now()

    simulate(tmp_path, scenario)


def test_an_edit_renews_the_text_of_what_waits_in_its_own_row(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), dry_run=False)
        await world.cycle(campaign)
        [before] = await world.touches(campaign)
        await world.edit(campaign, steps=[{"subject": "Edited", "body": "x"}])
        assert (await world.cycle(campaign)).touches_planned == 1
        [after] = await world.touches(campaign)
        assert (after.id, after.subject, after.steps_version) == (before.id, "Edited", 2)
        kinds = [row.event.type for row in await world.ledger()]
        assert kinds.count(EventType.TOUCH_PLANNED) == kinds.count(EventType.TOUCH_CANCELLED) + 1 == 2

    simulate(tmp_path, scenario)


def test_a_better_score_moves_what_waits_and_plans_nothing_anew(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), dry_run=False)
        await world.cycle(campaign)
        [before] = await world.touches(campaign)
        [lead] = await world.leads(campaign)
        await world.store.write(
            lambda tx: tx.leads.save(lead, replace(lead, score=0.99, next_action_at=world.clock.now()))
        )
        assert (await world.cycle(campaign)).touches_planned == 0
        [after] = await world.touches(campaign)
        assert (after.score, after.body, after.due_at) == (0.99, before.body, before.due_at)

    simulate(tmp_path, scenario)


def test_a_mail_to_somebody_who_has_no_address_any_more_gives_way_to_the_task(tmp_path: Path) -> None:
    steps = (STEPS[0], Step(2, "Call", "Call {{ first_name }}", Channel.TASK))

    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), dry_run=False, steps=steps)
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        await world.change_lead(lead, email=None)
        await world.cycle(campaign)
        mail, task = await world.touches(campaign)
        assert (mail.status, mail.reason) == (TouchStatus.CANCELLED, "step_gone")
        assert (task.status, task.channel, task.mailbox) == (TouchStatus.PLANNED, Channel.TASK, None)

    simulate(tmp_path, scenario)


def test_a_tag_of_somebody_without_an_address_suppresses_nobody(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        nobody = Found("x", Facts(first_name="Ann", last_name="Lee", company="Acme", tags=("dnc",)))
        campaign = await world.campaign(nobody, dry_run=False)
        assert (await world.cycle(campaign)).leads_discovered == 0
        assert EventType.SUPPRESSION_ADDED not in {row.event.type for row in await world.ledger()}

    simulate(tmp_path, scenario)


def test_a_tag_of_a_source_suppresses_the_address(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [found] = people(1)
        campaign = await world.campaign(replace(found, facts=replace(found.facts, tags=("DNC",))), dry_run=False)
        assert (await world.cycle(campaign)).leads_discovered == 0
        assert await world.store.read(lambda tx: is_suppressed(tx, "p0@c0.example"))

    simulate(tmp_path, scenario)


NAMELESS = Found("row 7", Facts(first_name="Ann", last_name="Lee", company="Acme", domain="acme.example"))
STUB = Found("id 9", Facts(first_name="Bob"), is_stub=True)


def asking(
    tmp_path: Path, scenario: Callable[[World, MemoryEnricher], Awaitable[None]], answer: Reply | None = None
) -> None:
    """A world with a provider that finds addresses and knows who stubs are."""

    async def whole(world: World) -> None:
        services = [service("list", Operation.FIND), service("list", Operation.MATCH, price="2")]
        provider = MemoryEnricher(world.clock, "list", services, lambda *_: answer or NO_MATCH)
        world.enrichers = [provider]
        await world.restart()
        await scenario(world, provider)

    simulate(tmp_path, whole)


def test_the_report_says_which_provider_or_budget_is_waited_for(tmp_path: Path) -> None:
    async def scenario(world: World, _: MemoryEnricher) -> None:
        campaign = await world.live(NAMELESS, STUB, enrichment=Enrichment(("list",), Decimal(2)))
        rung: list[str] = []
        report = await run_cycle(world.context, campaign.id, call_dry=False, tell_providers=rung.extend)
        assert (report.waiting_for, rung) == ({"provider:list": 2}, ["list"])
        services = world.context.enrichers["list"].services
        await world.store.write(lambda tx: claim(tx, world.context, "list", services, {}))
        report = await run_cycle(world.context, campaign.id, call_dry=False)
        assert report.waiting_for == {"provider:list": 1, "quota:provider_credits": 1}
        await world.edit(campaign, enrichment={"providers": ["list"], "credits_per_day": 9})
        await run_cycle(world.context, campaign.id, call_dry=False)
        report = await run_cycle(world.context, campaign.id, call_dry=False)
        assert report.waiting_for == {"provider:list": 2}

    asking(tmp_path, scenario)


def test_a_dry_call_on_a_live_campaign_counts_what_it_leaves_unasked(tmp_path: Path) -> None:
    async def scenario(world: World, provider: MemoryEnricher) -> None:
        campaign = await world.live(NAMELESS, STUB, enrichment=Enrichment(("list",)))
        report = await run_cycle(world.context, campaign.id, call_dry=True)
        assert (report.would_spend, provider.calls) == ({"list": 3.0}, [])
        [lead] = await world.leads(campaign)
        assert (lead.status, lead.next_action_at) == (LeadStatus.NEW, world.clock.now())
        assert await world.store.read(lambda tx: tx.lookups.open_counts(campaign.id)) == {}

    asking(tmp_path, scenario)


def test_a_question_about_somebody_suppressed_is_never_written_down(tmp_path: Path) -> None:
    async def scenario(world: World, __: MemoryEnricher) -> None:
        campaign = await world.campaign(*people(1), enrichment=Enrichment(("list",), facts=("title",)))
        crossed = await meddled(world)

        async def suppress(_: EmailAddress) -> None:
            crossed.meddle = None
            value, reason = parse_value("p0@c0.example"), SuppressionReason.DO_NOT_CONTACT
            now = world.clock.now()
            await world.store.write(
                lambda tx: record.suppress(tx, world.context, value, reason, actor="person", now=now, loses=False)
            )

        crossed.meddle = suppress
        await world.cycle(campaign)
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        assert lead.status is LeadStatus.NEW
        assert await world.store.read(lambda tx: tx.lookups.open_counts(campaign.id)) == {}
        await world.go(campaign, live=True)
        for _again in range(3):
            await run_cycle(world.context, campaign.id, call_dry=False)
        [lead] = await world.leads(campaign)
        assert lead.state.lost_reason is LostReason.DO_NOT_CONTACT

    asking(tmp_path, scenario)


@pytest.mark.parametrize(("how", "facts"), [("dry campaign", ()), ("dry campaign", ("title",)), ("dry call", ())])
def test_only_a_live_cycle_loses_who_turns_out_to_be_another_lead(
    tmp_path: Path, how: str, facts: tuple[str, ...]
) -> None:
    async def scenario(world: World, _: MemoryEnricher) -> None:
        campaign = await world.live(*people(1), NAMELESS, enrichment=Enrichment(("list",), facts=facts))
        await run_cycle(world.context, campaign.id, call_dry=False)
        services = world.context.enrichers["list"].services
        claimed = await world.store.write(lambda tx: claim(tx, world.context, "list", services, {}))
        told, now = found(Facts(email="p0@c0.example")), world.clock.now()
        asked = claimed.calls[0].lookups
        await world.store.write(lambda tx: settle(tx, world.context, asked, [told], now))
        if how == "dry campaign":
            await world.go(campaign, live=False)
        for _again in range(2):
            await run_cycle(world.context, campaign.id, call_dry=how == "dry call")
            assert LeadStatus.LOST not in {lead.status for lead in await world.leads(campaign)}
        await world.go(campaign, live=True)
        for _again in range(3):
            await run_cycle(world.context, campaign.id, call_dry=False)
        assert LostReason.DUPLICATE in {lead.state.lost_reason for lead in await world.leads(campaign)}

    asking(tmp_path, scenario)


def test_where_more_stubs_wait_than_one_cycle_asks_about_the_next_one_begins_at_once(tmp_path: Path) -> None:
    async def scenario(world: World, _: MemoryEnricher) -> None:
        campaign = await world.live(*(replace(STUB, source_ref=f"id {number}") for number in range(STUBS)))
        report = await run_cycle(world.context, campaign.id, call_dry=False)
        assert (report.has_more, report.waiting_for) == (True, {"provider:list": STUBS})

    asking(tmp_path, scenario)
