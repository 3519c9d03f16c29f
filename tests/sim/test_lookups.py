"""Paid questions in a world that works: each is asked once, answered in its time, and paid for once."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

from camd.domain.campaign import Campaign, Enrichment
from camd.domain.errors import KeyRefused, PlanRefused, RateLimited, Scope, Uncertain
from camd.domain.events import EventType
from camd.domain.facts import Facts, Verdict
from camd.domain.lead import LeadStatus
from camd.domain.waterfall import LookupStatus, Operation
from camd.operations import imports, lead_import, recovery
from camd.ports.lookups import LookupId, Reply, Service
from camd.ports.providers import Found
from camd.sim.enrichers import MemoryEnricher, found, service
from camd.sim.world import OPERATOR, World, people, simulate


def asking(*providers: str, credits_per_day: str | None = None) -> Enrichment:
    return Enrichment(providers, Decimal(credits_per_day) if credits_per_day else None)


def nameless(number: int) -> Found:
    """Somebody without an address."""
    facts = Facts(first_name=f"P{number}", last_name=f"L{number}", company=f"C{number}", domain=f"c{number}.example")
    return Found(f"row {number}", facts)


def knows_addresses(_: Operation, facts: Facts) -> Reply:
    return found(Facts(email=f"{facts.first_name}@{facts.domain}".lower()))


def test_what_the_first_does_not_know_the_second_is_asked(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first = MemoryEnricher(world.clock, "first", [service("first", Operation.FIND)])
        second = MemoryEnricher(world.clock, "second", [service("second", Operation.FIND)], knows_addresses)
        world.enrichers = [first, second]
        await world.restart()
        campaign = await world.live(*map(nameless, range(20)), enrichment=asking("first", "second"))
        await world.run_for(hours=1)
        leads = await world.leads(campaign)
        assert {lead.status for lead in leads} <= {LeadStatus.ENRICHED, LeadStatus.CONTACTED}
        assert all(lead.facts.email and lead.key.startswith("address:") for lead in leads)
        assert (len(first.calls), len(second.calls)) == (20, 20)
        assert (first.spent, second.spent) == (Decimal(0), Decimal(20))
        receipts = await world.store.read(lambda tx: tx.lookups.of_lead(leads[0].id))
        assert [(each.provider, each.result, each.spent) for each in receipts] == [
            ("first", "no_match", Decimal(0)),
            ("second", "found", Decimal(1)),
        ]
        await world.check_invariants()

    simulate(tmp_path, scenario)


async def open_office(
    world: World, *services: Service, answers: Callable[[Operation, Facts], Reply] = knows_addresses, **changes: Any
) -> list[MemoryEnricher]:
    """Providers in the order of their services. `Any`: fields of each provider."""
    by_name: dict[str, list[Service]] = {}
    for each in services:
        by_name.setdefault(each.offer.provider, []).append(each)
    offices = [MemoryEnricher(world.clock, name, own, answers, **changes) for name, own in by_name.items()]
    world.enrichers = list(offices)
    await world.restart()
    return offices


async def statuses(world: World, campaign: Campaign) -> Counter[str]:
    return Counter(lead.state.lost_reason or lead.status for lead in await world.leads(campaign))


async def told(world: World) -> list[EventType]:
    kinds = {EventType.PROVIDER_DEGRADED, EventType.PROVIDER_RECOVERED}
    return [row.event.type for row in await world.ledger() if row.event.type in kinds]


FIRST, SECOND = service("first", Operation.FIND), service("second", Operation.FIND)
WRONG_KEY = KeyRefused("the key is wrong", scope=Scope.PROVIDER)


def test_a_dry_run_pays_nothing_says_what_it_would_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [first] = await open_office(world, FIRST)
        rows = (*map(nameless, range(3)), *people(2, first=10))
        campaign = await world.live(*rows, enrichment=asking("first"), dry_run=True)
        await world.run_for(days=2)
        assert first.calls == []
        report = await world.cycle(campaign)
        assert (report.dry_run, report.would_spend) == (True, {"first": 3.0})
        assert await statuses(world, campaign) == {"new": 3, "enriched": 2}
        assert {lead.score is not None for lead in await world.leads(campaign)} == {True}
        assert len(await world.previews(campaign)) == 2
        await world.go(campaign, live=True)
        await world.run_for(hours=1)
        assert (len(first.calls), first.spent) == (3, Decimal(3))
        assert await world.previews(campaign) == []
        assert (await statuses(world, campaign))["new"] == 0
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_a_dry_call_on_a_live_campaign_pays_nothing_and_changes_no_lead_that_waits(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [first] = await open_office(world, FIRST)
        campaign = await world.live(*map(nameless, range(3)), enrichment=asking("first"))
        peeked = await world.cycle(campaign, dry=True)
        assert (peeked.would_spend, first.calls) == ({"first": 3.0}, [])
        assert await statuses(world, campaign) == {"new": 3}
        await world.run_for(minutes=5)
        assert first.spent == 3
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_a_cycle_that_a_person_asked_for_beside_no_daemon_waits_for_its_answers(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [first] = await open_office(world, FIRST, seconds=2)
        campaign = await world.live(*map(nameless, range(20)), enrichment=asking("first"))
        report = await world.cycle(campaign)
        assert (report.leads_discovered, report.leads_enriched, first.spent) == (20, 20, Decimal(20))
        assert report.outreach_sent >= 1
        again = await world.cycle(campaign)
        assert (again.leads_enriched, first.spent) == (0, Decimal(20))

    simulate(tmp_path, scenario)


def test_a_wrong_key_is_told_of_once_and_the_leads_go_on_with_others(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first, second = await open_office(world, FIRST, SECOND)
        first.troubles.extend(WRONG_KEY for _ in range(999))
        campaign = await world.live(*map(nameless, range(30)), enrichment=asking("first", "second"))
        await world.run_for(minutes=30)
        assert await statuses(world, campaign) == {
            "enriched": 30 - len(world.arrivals),
            "contacted": len(world.arrivals),
        }
        assert (second.spent, first.spent) == (Decimal(30), Decimal(0))
        assert len(first.calls) <= 8
        assert await told(world) == [EventType.PROVIDER_DEGRADED]
        first.troubles.clear()
        later = await world.live(*map(nameless, range(40, 45)), enrichment=asking("first"))
        await world.run_for(hours=2)
        assert (first.spent, (await statuses(world, later))["new"]) == (Decimal(0), 0)
        mended = await world.live(*map(nameless, range(50, 55)), enrichment=asking("first"))
        await world.run_for(hours=1)
        assert (first.spent, (await statuses(world, mended))["new"]) == (Decimal(5), 0)
        assert await told(world) == [EventType.PROVIDER_DEGRADED, EventType.PROVIDER_RECOVERED]

    simulate(tmp_path, scenario)


def test_a_plan_without_verification_finds_all_the_same(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        def answers(operation: Operation, facts: Facts) -> Reply:
            return knows_addresses(operation, facts)

        verify = service("first", Operation.VERIFY, price="0.5")
        [first] = await open_office(world, FIRST, verify, answers=answers)
        world.verifier.verdicts = {f"c{number}.example": Verdict.UNKNOWN for number in range(9)}
        first.troubles.append(PlanRefused("no verifier", scope=Scope.PROVIDER))
        campaign = await world.live(*people(1), enrichment=asking("first"))
        await world.run_for(minutes=1)
        found_later = await world.live(*map(nameless, range(3, 6)), enrichment=asking("first"))
        await world.run_for(minutes=5)
        assert first.spent == 3
        assert (await statuses(world, campaign))["new"] == (await statuses(world, found_later))["new"] == 0

    simulate(tmp_path, scenario)


def test_a_budget_spreads_what_is_asked_over_days(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [first] = await open_office(world, FIRST)
        enrichment = asking("first", credits_per_day="4")
        campaign = await world.live(*map(nameless, range(10)), enrichment=enrichment)
        await world.run_for(hours=1)
        assert first.spent == 4
        report = await world.cycle(campaign)
        assert report.waiting_for["quota:provider_credits"] == 6
        before = world.store.calls
        await world.run_for(hours=10)
        assert world.store.calls - before < 400
        await world.run_for(hours=6)
        assert first.spent == 8
        await world.run_for(days=1)
        assert first.spent == 10
        assert (await statuses(world, campaign))["new"] == 0
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_where_no_day_can_pay_nobody_waits(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [first] = await open_office(world, FIRST)
        campaign = await world.live(*map(nameless, range(3)), enrichment=asking("first", credits_per_day="0"))
        await world.run_for(hours=1)
        assert first.calls == []
        assert await statuses(world, campaign) == {"no_address": 3}

    simulate(tmp_path, scenario)


def test_a_person_in_two_campaigns_is_paid_for_once_and_both_know_them(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [first] = await open_office(world, FIRST, seconds=5)
        one = await world.live(*map(nameless, range(10)), enrichment=asking("first"))
        two = await world.live(*map(nameless, range(5, 15)), enrichment=asking("first"))
        await world.run_for(hours=1)
        assert first.spent == 15
        leads = [lead for campaign in (one, two) for lead in await world.leads(campaign)]
        assert all(lead.facts.email for lead in leads)

    simulate(tmp_path, scenario)


def test_who_turns_out_to_be_another_lead_is_a_duplicate_and_crashes_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await open_office(world, FIRST, answers=lambda *_: found(Facts(email="p1@c1.example")))
        campaign = await world.live(*people(2), nameless(7), enrichment=asking("first"))
        await world.run_for(minutes=5)
        assert (await statuses(world, campaign))["duplicate"] == 1
        assert world.context.metrics.actor_restarts_total.labels("crash")._value.get() == 0
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_the_kill_switch_stops_mails_and_not_the_knowing_of_people(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [first] = await open_office(world, FIRST)
        await world.kill()
        await world.live(*map(nameless, range(3)), enrichment=asking("first"))
        await world.run_for(hours=1)
        assert (first.spent, len(world.arrivals)) == (Decimal(3), 0)

    simulate(tmp_path, scenario)


def test_a_recovery_hold_stops_paying_and_its_release_begins_at_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [first] = await open_office(world, FIRST)
        await recovery.hold(world.desk, actor=OPERATOR)
        await world.live(*map(nameless, range(3)), enrichment=asking("first"))
        await world.run_for(hours=5)
        assert first.calls == []
        await recovery.release(world.desk, actor=OPERATOR)
        await world.run_for(seconds=5)
        assert first.spent == 3

    simulate(tmp_path, scenario)


def test_a_pause_keeps_the_answers_that_were_on_their_way(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [first] = await open_office(world, service("first", Operation.FIND, at_once=2), seconds=20)
        campaign = await world.live(*map(nameless, range(6)), enrichment=asking("first"))
        await world.run_for(seconds=10)
        await world.pause(campaign)
        await world.run_for(hours=1)
        assert first.spent == 2
        assert await statuses(world, campaign) == {"new": 6}
        await world.resume(campaign)
        await world.run_for(hours=1)
        assert first.spent == 6
        assert (await statuses(world, campaign))["new"] == 0
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_a_provider_that_is_taken_out_of_the_campaign_is_not_waited_for(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first, second = await open_office(world, FIRST, SECOND)
        full = RateLimited("full", scope=Scope.PROVIDER, retry_after=timedelta(minutes=30))
        first.troubles.extend([full] * 4)
        campaign = await world.live(*map(nameless, range(4)), enrichment=asking("first"))
        await world.run_for(minutes=5)
        await world.edit(campaign, enrichment={"providers": ["second"]})
        await world.run_for(hours=1)
        assert (first.spent, second.spent) == (Decimal(0), Decimal(4))

    simulate(tmp_path, scenario)


def test_a_slow_provider_holds_up_nobody_who_is_ready(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        slow = service("first", Operation.FIND, batch=250, at_once=1)
        [first] = await open_office(world, slow, works_for=timedelta(seconds=90))
        await world.live(*people(3), *map(nameless, range(10, 20)), enrichment=asking("first"))
        await world.run_for(seconds=60)
        assert (first.spent, len(world.arrivals)) == (Decimal(10), 1)
        await world.run_for(hours=5)
        assert len(first.calls) == 1
        assert len(world.arrivals) == 13

    simulate(tmp_path, scenario)


def test_fault_61_a_lost_answer_is_uncertain_and_never_asked_for_again(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first, second = await open_office(world, FIRST, SECOND)
        first.troubles.append(Uncertain("the answer was cut short", scope=Scope.PROVIDER))
        first.charges_in_trouble = True
        campaign = await world.live(nameless(1), enrichment=asking("first", "second"))
        await world.run_for(days=3)
        assert (len(first.calls), len(second.calls)) == (1, 1)
        [lead] = await world.leads(campaign)
        receipts = await world.store.read(lambda tx: tx.lookups.of_lead(lead.id))
        assert [(each.status, each.spent) for each in receipts] == [
            (LookupStatus.UNCERTAIN, None),
            (LookupStatus.DONE, Decimal(1)),
        ]

    simulate(tmp_path, scenario)


def test_who_is_taken_back_with_their_import_is_neither_asked_about_nor_remembered(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [first] = await open_office(world, service("first", Operation.FIND, at_once=1), seconds=60)
        campaign = await world.live(enrichment=asking("first"), steps=())
        rows = "first name,last name,company,website\n" + "".join(f"P{n},L{n},C{n},c{n}.example\n" for n in range(4))
        report = await lead_import.import_csv(world.desk, campaign.id, BytesIO(rows.encode()), actor=OPERATOR)
        assert report.import_id is not None
        await world.run_for(seconds=90)
        await imports.undo(world.desk, report.import_id, actor=OPERATOR)
        await world.run_for(hours=1)
        assert await world.leads(campaign) == []
        assert first.spent == 2
        kept = await world.store.read(lambda tx: [tx.lookups.get(LookupId(number)) for number in range(1, 9)])
        assert [(each.status, each.spent, each.answer) for each in kept if each is not None] == [
            (LookupStatus.DONE, Decimal(1), None),
            (LookupStatus.DONE, Decimal(1), None),
        ]

    simulate(tmp_path, scenario)


def test_the_same_seed_pays_for_the_same_people_in_the_same_order(tmp_path: Path) -> None:
    def story(folder: Path) -> list[str]:
        async def scenario(world: World) -> list[str]:
            [first] = await open_office(world, FIRST, seconds=2)
            first.troubles.extend([RateLimited("too many", scope=Scope.PROVIDER), None])
            await world.live(*map(nameless, range(10)), enrichment=asking("first"))
            await world.live(*map(nameless, range(5, 15)), enrichment=asking("first"))
            await world.run_for(hours=1)
            return [f"{charge.at} {charge.facts.first_name}" for charge in first.charged]

        folder.mkdir()
        return simulate(folder, scenario, seed=7)

    assert story(tmp_path / "one") == story(tmp_path / "two") != []
