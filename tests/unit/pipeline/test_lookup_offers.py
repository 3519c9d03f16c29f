"""Whom a campaign may ask."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

from camd.domain.campaign import Enrichment
from camd.domain.errors import KeyRefused, PlanRefused, Scope
from camd.domain.waterfall import Operation, Wanted
from camd.pipeline.lookup_offers import identifying, offers_to, open_offers, wanted_by
from camd.sim.enrichers import MemoryEnricher, service
from camd.sim.world import World, simulate

SERVICES = [service("one", Operation.MATCH), service("one", Operation.VERIFY, price="0.5")]


def played(tmp_path: Path, scenario: Callable[[World], Awaitable[None]]) -> None:
    async def whole(world: World) -> None:
        two = MemoryEnricher(world.clock, "two", [service("two", Operation.FIND, price="3")])
        world.enrichers = [MemoryEnricher(world.clock, "one", SERVICES), two, MemoryEnricher(world.clock, "idle", [])]
        await world.restart()
        await scenario(world)

    simulate(tmp_path, whole)


def test_the_providers_that_it_names_are_asked_in_its_order(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        named = Enrichment(("two", "idle", "gone", "one"), facts=("title",), recheck_catch_all=True)
        campaign = await world.campaign(enrichment=named)
        asked = [(offer.provider, offer.operation) for offer in offers_to(world.context, campaign)]
        assert asked == [("two", Operation.FIND), ("one", Operation.MATCH), ("one", Operation.VERIFY)]
        assert wanted_by(campaign) == Wanted(frozenset({"title"}), recheck_catch_all=True)

    played(tmp_path, scenario)


def test_what_a_person_has_to_mend_and_what_no_day_can_pay_is_no_offer(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(enrichment=Enrichment(credits_per_day=Decimal("0.5")))
        assert [offer.operation for offer in open_offers(world.context, campaign, "one")] == [Operation.VERIFY]
        refused = PlanRefused("no verifier", scope=Scope.PROVIDER)
        await world.context.providers.failed("one", Operation.VERIFY, refused)
        assert open_offers(world.context, campaign, "one") == []

    played(tmp_path, scenario)


def test_only_its_own_provider_can_tell_who_a_stub_is_whether_the_campaign_names_it_or_not(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign()
        assert {name: offer.operation for name, offer in identifying(world.context, campaign).items()} == {
            "one": Operation.MATCH
        }
        await world.context.providers.failed("one", Operation.MATCH, KeyRefused("wrong key", scope=Scope.PROVIDER))
        assert identifying(world.context, campaign) == {}

    played(tmp_path, scenario)
