"""Paid questions in a world that works: each is asked once, answered in its time, and paid for once."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from camd.domain.campaign import Enrichment
from camd.domain.errors import KeyRefused, RateLimited, Scope, Uncertain
from camd.domain.facts import Facts, Verdict
from camd.domain.lead import LeadStatus
from camd.domain.waterfall import Operation
from camd.ports.lookups import LookupStatus, Reply
from camd.ports.providers import Found
from camd.sim.enrichers import NO_MATCH, MemoryEnricher, found, service, verdict
from camd.sim.world import World, people, simulate


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
        assert (first.spent, second.spent) == (0, 20)
        receipts = await world.store.read(lambda tx: tx.lookups.of_lead(leads[0].id))
        assert [(each.provider, each.result, each.spent) for each in receipts] == [
            ("first", "no_match", Decimal(0)),
            ("second", "found", Decimal(1)),
        ]
        await world.check_invariants()

    simulate(tmp_path, scenario)
