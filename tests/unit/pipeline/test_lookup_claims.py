"""Which questions are asked now, and which are answered, withdrawn or put off instead."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from camd.domain.campaign import Campaign, Enrichment
from camd.domain.errors import KeyRefused, PlanRefused, RateLimited, Scope, Transient, Uncertain
from camd.domain.facts import Facts, Verdict
from camd.domain.lead import Lead
from camd.domain.suppression import SuppressionReason, parse_value
from camd.domain.waterfall import LookupStatus, Operation
from camd.pipeline import lookup_outcomes
from camd.pipeline.cycle import run_cycle
from camd.pipeline.lookup_claims import DENIED, MOST, TOO_DEAR_RETRY, Claim, claim
from camd.pipeline.record import suppress
from camd.ports.lookups import Lookup, Service
from camd.ports.providers import Found, RateLimit
from camd.ports.records import Recovery
from camd.ports.store import Tx
from camd.sim.enrichers import MemoryEnricher, service, verdict
from camd.sim.world import World, people, simulate

VERIFIER = service("v", Operation.VERIFY)
ASKING = Enrichment(("v",))
TOO_MANY = RateLimited("too many", scope=Scope.PROVIDER, retry_after=timedelta(hours=1))


def played(tmp_path: Path, *services: Service, **budgets: str) -> Callable[[Callable[[World], Awaitable[None]]], None]:
    """Runs a scenario in a world with these providers, whose free check can never tell."""

    def run(scenario: Callable[[World], Awaitable[None]]) -> None:
        async def whole(world: World) -> None:
            by_provider: dict[str, list[Service]] = {}
            for each in services or (VERIFIER,):
                by_provider.setdefault(each.offer.provider, []).append(each)
            world.enrichers = [MemoryEnricher(world.clock, name, each) for name, each in by_provider.items()]
            world.verifier.verdicts = {f"c{number}.example": Verdict.UNKNOWN for number in range(700)}
            world.credits_per_day = {name: Decimal(limit) for name, limit in budgets.items()}
            await world.restart()
            await scenario(world)

        simulate(tmp_path, whole)

    return run


async def wanting(world: World, *rows: Found, enrichment: Enrichment = ASKING, **fields: Any) -> Campaign:
    """A live campaign that has written down its questions. `Any`: fields of the definition."""
    campaign = await world.live(*rows, enrichment=enrichment, **fields)
    await run_cycle(world.context, campaign.id, call_dry=False)
    return campaign


async def claimed(world: World, provider: str = "v", open_calls: Mapping[Operation, int] | None = None) -> Claim:
    services = world.context.enrichers[provider].services
    return await world.store.write(lambda tx: claim(tx, world.context, provider, services, open_calls or {}))


async def lookups(world: World, campaign: Campaign) -> list[Lookup]:
    leads = await world.leads(campaign)
    return await world.store.read(lambda tx: [each for lead in leads for each in tx.lookups.of_lead(lead.id)])


async def answered(world: World, asked: Claim, said: Verdict = Verdict.VALID) -> None:
    def unit(tx: Tx) -> None:
        for call in asked.calls:
            replies = [verdict(said)] * len(call.lookups)
            lookup_outcomes.settle(tx, world.context, call.lookups, replies, world.clock.now())

    await world.store.write(unit)


def sizes(asked: Claim) -> list[int]:
    return [len(call.questions) for call in asked.calls]


def addresses(asked: Claim) -> list[str | None]:
    return [question.facts.email for call in asked.calls for question in call.questions]


def test_calls_are_as_full_as_what_is_due_allows_and_written_down_before_they_go(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await wanting(world, *people(7))
        asked = await claimed(world)
        assert (sizes(asked), asked.until) == ([3, 3, 1], None)
        assert all(call.operation is Operation.VERIFY for call in asked.calls)
        kept = await lookups(world, campaign)
        assert {each.status for each in kept} == {LookupStatus.ASKED}
        assert sizes(await claimed(world)) == []

    played(tmp_path, replace(VERIFIER, batch=3))(scenario)


def test_the_questions_of_a_call_stand_in_the_order_in_which_a_job_finds_them_again(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await wanting(world, *people(3))
        await wanting(world, *people(3, first=10))
        [call] = (await claimed(world)).calls
        ids = [lookup.id for lookup in call.lookups]
        assert ids == sorted(ids)
        assert [question.ref for question in call.questions] == [str(each) for each in ids]

    played(tmp_path, replace(VERIFIER, batch=10))(scenario)


def test_campaigns_take_turns(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await wanting(world, *people(5))
        second = await wanting(world, *people(2, first=10))
        asked = await claimed(world)
        owners = Counter(call.lookups[0].campaign_id for call in asked.calls)
        assert owners[second.id] == 2
        assert sizes(asked) == [1, 1, 1, 1]

    played(tmp_path, replace(VERIFIER, at_once=4))(scenario)


def test_what_is_open_takes_places_and_an_answer_rings(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await wanting(world, *people(5))
        assert sizes(await claimed(world, open_calls={Operation.VERIFY: 2})) == [1]
        full = await claimed(world, open_calls={Operation.VERIFY: 3})
        assert (sizes(full), full.until) == ([], None)

    played(tmp_path, replace(VERIFIER, at_once=3))(scenario)


def test_beyond_the_rate_it_is_asked_when_there_is_room(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        now = world.clock.now()
        await wanting(world, *people(3))
        asked = await claimed(world)
        assert (sizes(asked), asked.until) == ([1, 1], now + timedelta(seconds=10))
        asked = await claimed(world)
        assert (sizes(asked), asked.until) == ([], now + timedelta(seconds=10))

    played(tmp_path, replace(VERIFIER, limits=[RateLimit(6, timedelta(minutes=1), burst=2)]))(scenario)


def test_without_room_nobody_wakes_for_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await wanting(world, *people(1))
        assert sizes(await claimed(world)) == [1]
        assert (await claimed(world)).until is None

    played(tmp_path, replace(VERIFIER, limits=[RateLimit(1, timedelta(minutes=1))]))(scenario)


def test_more_than_one_claim_looks_at_is_taken_up_at_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(MOST + 20), enrichment=ASKING)
        for _ in range(4):
            await run_cycle(world.context, campaign.id, call_dry=False)
        asked = await claimed(world)
        assert (sum(sizes(asked)), asked.until) == (MOST, world.clock.now())
        assert sum(sizes(await claimed(world))) == 20

    played(tmp_path, replace(VERIFIER, batch=400))(scenario)


def test_a_provider_that_rests_is_left_alone_and_then_tried_with_one_question(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await wanting(world, *people(5))
        await world.context.providers.failed("v", Operation.VERIFY, TOO_MANY)
        rests_until = world.clock.now() + timedelta(hours=1)
        asked = await claimed(world)
        assert (sizes(asked), asked.until) == ([], rests_until)
        world.clock.jump(timedelta(hours=1))
        assert sizes(await claimed(world)) == [1]
        assert sizes(await claimed(world, open_calls={Operation.VERIFY: 1})) == []

    played(tmp_path)(scenario)


def test_nothing_is_asked_while_it_is_not_known_what_was_asked_after_the_backup(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await wanting(world, *people(1))
        await world.store.write(lambda tx: tx.instance.set_recovery(Recovery(True, "restored", world.clock.now(), "x")))
        assert await claimed(world) == Claim()
        await world.store.write(lambda tx: tx.instance.set_recovery(Recovery()))
        assert sizes(await claimed(world)) == [1]

    played(tmp_path)(scenario)


@pytest.mark.parametrize("how", ["paused", "dry"])
def test_a_campaign_that_may_not_pay_asks_nothing(tmp_path: Path, how: str) -> None:
    async def scenario(world: World) -> None:
        campaign = await wanting(world, *people(2))
        await (world.pause(campaign) if how == "paused" else world.go(campaign, live=False))
        asked = await claimed(world)
        assert (sizes(asked), asked.until) == ([], None)
        kept = await lookups(world, campaign)
        assert {each.status for each in kept} == {LookupStatus.WANTED}

    played(tmp_path)(scenario)


async def lose(world: World, lead: Lead) -> None:
    await world.lose(lead)


async def correct(world: World, lead: Lead) -> None:
    await world.change_lead(lead, email="other@c0.example")


async def learn(world: World, lead: Lead) -> None:
    await world.store.write(lambda tx: tx.leads.save(lead, replace(lead, verdict=Verdict.VALID)))


async def suppress_in_dry_run(world: World, lead: Lead) -> None:
    """Nobody is lost by it."""
    assert lead.facts.email is not None
    value, reason, now = parse_value(lead.facts.email), SuppressionReason.DO_NOT_CONTACT, world.clock.now()
    await world.store.write(lambda tx: suppress(tx, world.context, value, reason, actor="person", now=now, loses=False))


async def take_back(world: World, lead: Lead) -> None:
    await world.store.write(lambda tx: tx.leads.delete(lead))


async def take_provider_out(world: World, lead: Lead) -> None:
    def unit(tx: Tx) -> None:
        campaign = tx.campaigns.get(lead.campaign_id)
        assert campaign is not None
        tx.campaigns.save(replace(campaign, definition=replace(campaign.definition, enrichment=Enrichment())))

    await world.store.write(unit)


@pytest.mark.parametrize("change", [lose, correct, learn, suppress_in_dry_run, take_back, take_provider_out])
def test_what_nobody_wants_to_know_any_more_is_not_asked(
    tmp_path: Path, change: Callable[[World, Lead], Awaitable[None]]
) -> None:
    async def scenario(world: World) -> None:
        campaign = await wanting(world, *people(1))
        [lead] = await world.leads(campaign)
        await change(world, lead)
        asked = await claimed(world)
        assert (sizes(asked), asked.until) == ([], None)
        assert await lookups(world, campaign) == []

    played(tmp_path)(scenario)


def test_what_is_withdrawn_is_not_wanted_again_and_again(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), enrichment=ASKING)
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        await suppress_in_dry_run(world, lead)
        await world.go(campaign, live=True)
        await world.run_for(hours=3)
        [lead] = await world.leads(campaign)
        assert lead.state.lost_reason == "do_not_contact"

    played(tmp_path)(scenario)


def test_an_answer_is_given_again_from_memory_for_as_long_as_it_is_believed(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await wanting(world, *people(1))
        await answered(world, await claimed(world))
        second = await wanting(world, *people(1))
        asked = await claimed(world)
        assert (sizes(asked), set(asked.woken)) == ([], {second.id})
        [copy] = await lookups(world, second)
        assert (copy.status, copy.spent, copy.answer is not None, copy.copied_from is not None) == (
            LookupStatus.DONE,
            Decimal(0),
            True,
            True,
        )
        world.clock.jump(timedelta(days=31))
        await wanting(world, *people(1))
        assert sizes(await claimed(world)) == [1]

    played(tmp_path)(scenario)


def test_a_verdict_that_could_not_tell_is_asked_for_again_the_next_day(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await wanting(world, *people(1))
        await answered(world, await claimed(world), Verdict.UNKNOWN)
        world.clock.jump(timedelta(days=1))
        await wanting(world, *people(1))
        assert sizes(await claimed(world)) == [1]

    played(tmp_path)(scenario)


def test_a_lost_answer_is_not_asked_for_again_by_another_campaign(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await wanting(world, *people(1))
        [call] = (await claimed(world)).calls
        lost = Uncertain("cut", scope=Scope.PROVIDER)
        now = world.clock.now()
        await world.store.write(lambda tx: lookup_outcomes.settle_failure(tx, call.service, call.lookups, lost, now))
        second = await wanting(world, *people(1))
        assert sizes(await claimed(world)) == []
        [copy] = await lookups(world, second)
        assert copy.status is LookupStatus.UNCERTAIN

    played(tmp_path)(scenario)


def test_one_person_in_two_campaigns_is_asked_about_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await wanting(world, *people(2))
        await wanting(world, *people(2))
        asked = await claimed(world)
        assert (addresses(asked), asked.until) == (["p0@c0.example", "p1@c1.example"], None)

    played(tmp_path, replace(VERIFIER, batch=4))(scenario)


def test_two_that_may_be_one_person_are_not_asked_about_at_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        rows = [Found(f"row {n}", Facts(first_name="Ann", last_name="Lee", company=f"C{n}")) for n in range(2)]
        await wanting(world, *rows, enrichment=Enrichment(("f",)))
        assert sizes(await claimed(world, "f")) == [1]

    played(tmp_path, service("f", Operation.FIND, batch=5))(scenario)


def test_what_spoilt_a_call_is_asked_alone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await wanting(world, *people(4))
        first, second, *_ = await lookups(world, campaign)

        def spoil(tx: Tx) -> None:
            for each in (first, second):
                tx.lookups.save(each, replace(each, tries=1))

        await world.store.write(spoil)
        assert sorted(sizes(await claimed(world))) == [1, 1, 2]

    played(tmp_path, replace(VERIFIER, batch=4))(scenario)


def test_a_spoilt_one_waits_where_the_last_place_is_taken(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await wanting(world, *people(3))
        _, second, _ = await lookups(world, campaign)
        await world.store.write(lambda tx: tx.lookups.save(second, replace(second, tries=1)))
        assert sizes(await claimed(world)) == [1]

    played(tmp_path, replace(VERIFIER, batch=4, at_once=1))(scenario)


def test_a_day_costs_no_more_than_the_campaigns_budget(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await wanting(world, *people(5), enrichment=Enrichment(("v",), Decimal("2.5")))
        other = await wanting(world, *people(1, first=20))
        asked = await claimed(world)
        assert Counter(call.lookups[0].campaign_id for call in asked.calls) == {campaign.id: 2, other.id: 1}
        midnight = world.clock.now().replace(hour=0) + timedelta(days=1)
        assert asked.until == midnight
        denied = [each for each in await lookups(world, campaign) if each.status is LookupStatus.WANTED]
        assert {(each.denied, each.not_before) for each in denied} == {(DENIED, midnight)}
        world.clock.jump(midnight - world.clock.now())
        assert sizes(await claimed(world)) == [1, 1]

    played(tmp_path)(scenario)


def test_a_raised_budget_is_used_the_same_day(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await wanting(world, *people(3), enrichment=Enrichment(("v",), Decimal(1)))
        assert sizes(await claimed(world)) == [1]
        await run_cycle(world.context, campaign.id, call_dry=False)
        assert sizes(await claimed(world)) == []
        await world.edit(campaign, enrichment={"providers": ["v"], "credits_per_day": 2})
        await run_cycle(world.context, campaign.id, call_dry=False)
        assert sizes(await claimed(world)) == [1]

    played(tmp_path)(scenario)


def test_where_a_question_costs_more_than_any_day_has_the_lead_goes_on_without(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await wanting(world, *people(1))
        await world.edit(campaign, enrichment={"providers": ["v"], "credits_per_day": 0.5})
        asked = await claimed(world)
        assert (sizes(asked), set(asked.woken)) == ([], {campaign.id})
        await run_cycle(world.context, campaign.id, call_dry=False)
        [lead] = await world.leads(campaign)
        assert lead.status == "enriched"

    played(tmp_path)(scenario)


def stub(number: int) -> Found:
    return Found(f"id {number}", Facts(first_name=f"P{number}"), is_stub=True)


def test_a_stub_that_costs_more_than_any_day_has_waits_for_a_larger_budget(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await wanting(world, stub(1), enrichment=Enrichment())
        await world.edit(campaign, enrichment={"credits_per_day": 0.5})
        asked = await claimed(world, "list")
        assert (sizes(asked), asked.until) == ([], world.clock.now() + TOO_DEAR_RETRY)
        await world.edit(campaign, enrichment={"credits_per_day": 5})
        world.clock.jump(TOO_DEAR_RETRY)
        assert sizes(await claimed(world, "list")) == [1]

    played(tmp_path, service("list", Operation.MATCH))(scenario)


def test_a_stub_is_asked_about_by_its_reference_and_one_that_is_gone_is_not(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await wanting(world, stub(1), stub(2))
        gone = await world.store.read(
            lambda tx: tx.lookups.due("list", Operation.MATCH, campaign.id, world.clock.now(), 9)
        )
        candidate = gone[0].candidate_id
        assert candidate is not None
        await world.store.write(lambda tx: tx.candidates.remove([candidate]))
        asked = await claimed(world, "list")
        [question] = [question for call in asked.calls for question in call.questions]
        assert (question.facts.source, question.facts.source_ref) == ("list", "id 2")

    played(tmp_path, service("list", Operation.MATCH))(scenario)


@pytest.mark.parametrize(
    "failure",
    [KeyRefused("wrong key", scope=Scope.PROVIDER), PlanRefused("no verifier", scope=Scope.PROVIDER)],
)
def test_what_a_person_has_to_mend_first_is_given_up_and_only_that(
    tmp_path: Path, failure: KeyRefused | PlanRefused
) -> None:
    async def scenario(world: World) -> None:
        rows = [*people(2), Found("row x", Facts(first_name="Ann", last_name="Lee", company="Acme"))]
        campaign = await wanting(world, *rows)
        await world.context.providers.failed("v", Operation.VERIFY, failure)
        asked = await claimed(world)
        left = {each.operation for each in await lookups(world, campaign)}
        is_all = isinstance(failure, KeyRefused)
        assert left == (set() if is_all else {Operation.FIND})
        assert sizes(asked) == ([] if is_all else [1])
        assert asked.woken == {campaign.id}

    played(tmp_path, VERIFIER, service("v", Operation.FIND))(scenario)


def test_what_a_provider_no_longer_does_is_given_up_and_stubs_wait(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await wanting(world, *people(1), stub(7), enrichment=Enrichment(("list",)))
        services: Sequence[Service] = ()
        asked = await world.store.write(lambda tx: claim(tx, world.context, "list", services, {}))
        assert (list(asked.calls), set(asked.woken)) == ([], {campaign.id})
        assert await lookups(world, campaign) == []
        waiting = await world.store.read(lambda tx: tx.lookups.open_counts(campaign.id))
        assert waiting == {("list", None): 1}

    played(tmp_path, service("list", Operation.MATCH), service("list", Operation.VERIFY))(scenario)


def test_more_than_is_given_up_at_once_is_given_up_at_once_again(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(lookup_outcomes.GIVEN_UP_AT_ONCE + 1), enrichment=ASKING)
        for _ in range(4):
            await run_cycle(world.context, campaign.id, call_dry=False)
        wrong = KeyRefused("wrong key", scope=Scope.PROVIDER)
        await world.context.providers.failed("v", Operation.VERIFY, wrong)
        assert (await claimed(world)).until == world.clock.now()
        assert (await claimed(world)).until == world.clock.now() + timedelta(hours=1)
        assert await lookups(world, campaign) == []

    played(tmp_path)(scenario)


def test_a_failure_of_one_question_alone_is_no_rest_and_no_busy_loop(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await wanting(world, *people(1))
        [call] = (await claimed(world)).calls
        failure, now = Transient("later", scope=Scope.ITEM), world.clock.now()
        await world.store.write(lambda tx: lookup_outcomes.settle_failure(tx, call.service, call.lookups, failure, now))
        asked = await claimed(world)
        assert (sizes(asked), asked.until) == ([], now + lookup_outcomes.LOST_RETRY)

    played(tmp_path)(scenario)


def test_a_question_keeps_what_its_provider_has_to_remember(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await wanting(world, *people(1))
        [lookup] = await lookups(world, campaign)
        await world.store.write(lambda tx: tx.lookups.save(lookup, replace(lookup, memory={"times": 2})))
        [call] = (await claimed(world)).calls
        assert dict(call.questions[0].memory) == {"times": 2}

    played(tmp_path)(scenario)
