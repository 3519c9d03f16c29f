"""Paid questions before an independent judge, the accounts of the providers themselves.

Whatever providers, processes and people do meanwhile: nobody is paid for twice by one provider, no day costs more than
its budget, the receipts tell what the accounts tell, and every lead comes to its end.
"""

import random  # noqa: TID251 - seeded: a simulation's dice repeat
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from camd.domain.campaign import Campaign, Enrichment
from camd.domain.errors import BudgetExhausted, Failure, KeyRefused, Permanent, RateLimited, Scope, Transient, Uncertain
from camd.domain.facts import Facts, Verdict
from camd.domain.lead import LeadStatus
from camd.domain.waterfall import LookupStatus, Operation
from camd.ports.lookups import OPEN, Lookup, LookupId, Reply
from camd.ports.providers import Found, RateLimit
from camd.ports.store import StaleWrite, Tx
from camd.ports.store_errors import StoreUnavailable
from camd.sim.enrichers import NO_MATCH, MemoryEnricher, found, service, verdict
from camd.sim.world import World, simulate

PEOPLE = 24
MOST_CAMPAIGNS = 6
STEPS = 25
CREDITS_PER_DAY = {"list": Decimal(12), "jobs": Decimal(20), "finder": Decimal("7.5"), "verifier": Decimal(25)}
CAMPAIGN_CREDITS = Decimal(30)
AWAY = StoreUnavailable("planted by the simulation")


def stub(number: int) -> Found:
    name = f"L{number}"
    facts = Facts(first_name=f"P{number}", last_name=f"{name[:2]}***{name[-1]}", company=f"C{number}")
    return Found(f"id {number}", facts, is_stub=True)


def nameless(number: int) -> Found:
    facts = Facts(first_name=f"P{number}", last_name=f"L{number}", company=f"C{number}", domain=f"c{number}.example")
    return Found(f"row {number}", facts)


def addressed(number: int) -> Found:
    return Found(f"mail {number}", Facts(email=address(number), first_name=f"P{number}", last_name=f"L{number}"))


def address(number: int) -> str:
    return f"p{number}@c{number}.example"


def number_of(facts: Facts) -> int:
    """Who it is about: everything that is known of a person bears their number."""
    assert facts.first_name is not None
    return int(facts.first_name[1:])


def answers(operation: Operation, facts: Facts, *, knows: int = 4) -> Reply:
    """Some are not known, some not at an address that works; a finder knows what another one does not."""
    number = number_of(facts)
    whole = Facts(last_name=f"L{number}", domain=f"c{number}.example", title="Dentist")
    match operation:
        case Operation.MATCH:
            told = found(whole if number % 3 else Facts(email=address(number), last_name=f"L{number}"))
            return replace(told, refs=(f"id {number}",))
        case Operation.FIND:
            return found(Facts(email=address(number)), price="0.5") if number % knows else NO_MATCH
        case _:
            return verdict(Verdict.INVALID if number % 7 == 0 else Verdict.VALID)


TROUBLES: Sequence[Callable[[], Failure]] = (
    lambda: Uncertain("the answer was cut short", scope=Scope.PROVIDER),
    lambda: Uncertain("the answer was cut short", scope=Scope.PROVIDER),
    lambda: Transient("a bad gateway", scope=Scope.PROVIDER),
    lambda: RateLimited("too many", scope=Scope.PROVIDER),
    lambda: RateLimited("too many", scope=Scope.PROVIDER, retry_after=timedelta(minutes=20)),
    lambda: BudgetExhausted("no credits", scope=Scope.PROVIDER),
    lambda: KeyRefused("the key is wrong", scope=Scope.PROVIDER),
    lambda: Permanent("malformed", scope=Scope.ITEM),
)


class Walk:
    """A world in which things go wrong at random, and its judge."""

    def __init__(self, world: World, seed: int, *, lies: bool = False) -> None:
        self.world = world
        self.dice = random.Random(seed)
        clock, limits = world.clock, (RateLimit(30, timedelta(minutes=1), burst=4),)
        of_list = service("list", Operation.MATCH, batch=5, at_once=2, limits=limits)
        of_jobs = service("jobs", Operation.FIND, price="0.5", batch=4, at_once=2)
        of_finder = service("finder", Operation.FIND, price="0.5", at_once=3, limits=limits, is_repeatable=True)
        of_verifier = service("verifier", Operation.VERIFY, batch=6, limits=limits)
        self.providers = [
            MemoryEnricher(clock, "list", [of_list], answers, seconds=2),
            MemoryEnricher(
                clock, "jobs", [of_jobs], partial(answers, knows=2), seconds=1, works_for=timedelta(seconds=90)
            ),
            MemoryEnricher(clock, "finder", [of_finder], partial(answers, knows=5), seconds=3, lies=lies),
            MemoryEnricher(clock, "verifier", [of_verifier], answers, seconds=1),
        ]
        for provider in self.providers:
            provider.charges_in_trouble = True
        world.enrichers = list(self.providers)
        world.credits_per_day = CREDITS_PER_DAY
        world.verifier.verdicts = {f"c{number}.example": Verdict.UNKNOWN for number in range(PEOPLE)}
        self.campaigns: list[Campaign] = []
        self.erased: set[int] = set()

    async def begin(self) -> None:
        await self.world.restart()
        await self.campaign()
        await self.world.start()

    async def campaign(self) -> None:
        members = self.dice.sample(range(PEOPLE), PEOPLE // 3)
        rows = [self.dice.choice((stub, nameless, addressed))(number) for number in members]
        doubles = [nameless(number) for number in self.dice.sample(members, 3)]
        enrichment = Enrichment(("list", "jobs", "finder", "verifier"), CAMPAIGN_CREDITS)
        self.campaigns.append(await self.world.live(*rows, *doubles, enrichment=enrichment, steps=()))

    async def step(self) -> None:
        provider = self.dice.choice(self.providers)
        campaign = self.dice.choice(self.campaigns)
        if len(self.campaigns) < MOST_CAMPAIGNS and self.dice.random() < 0.3:
            await self.campaign()
        match self.dice.randrange(10):
            case 0 | 1 | 2 | 3:
                count = self.dice.randint(1, 4)
                provider.troubles.extend(self.dice.choice(TROUBLES)() for _ in range(count))
            case 4:
                provider.poll_troubles.append(Transient("a bad gateway", scope=Scope.PROVIDER))
            case 5:
                await self.world.restart()
            case 6:
                await self.killed()
            case 7:
                await self.pause(campaign)
            case 8:
                await self.change(campaign)
            case _:
                await self.world.go(campaign, live=self.dice.random() < 0.5)

    async def killed(self) -> None:
        """Whatever goes on is lost: the old process can store nothing more."""
        self.world.store.trouble = AWAY
        await self.world.restart()

    async def pause(self, campaign: Campaign) -> None:
        stored = await self.world.now(campaign)
        await (self.world.pause(campaign) if stored.is_active else self.world.resume(campaign))

    async def change(self, campaign: Campaign) -> None:
        leads = [lead for lead in await self.world.leads(campaign) if lead.status is LeadStatus.NEW]
        if not leads:
            return
        lead = self.dice.choice(leads)
        match self.dice.randrange(3):
            case 0:
                self.erased.add(number_of(lead.facts))
                await self.world.erase(lead)
            case 1:
                await self.world.lose(lead)
            case _:
                with suppress(StaleWrite):
                    await self.world.change_lead(lead, city="Berlin")

    async def end(self) -> None:
        """Everything works again, and has the time that the budgets ask for."""
        for provider in self.providers:
            provider.troubles.clear()
            provider.poll_troubles.clear()
        for campaign in self.campaigns:
            await self.world.go(campaign, live=True)
            stored = await self.world.now(campaign)
            if not stored.is_active:
                await self.world.resume(campaign)
        await self.world.run_for(days=4)

    async def judge(self) -> None:
        lookups = await self.world.store.read(self._lookups)
        leads = [lead for campaign in self.campaigns for lead in await self.world.leads(campaign)]
        problems = [
            *self._paid_twice(lookups),
            *self._over_budget(lookups),
            *self._without_receipt(lookups),
            *(f"{lookup} is still open" for lookup in lookups.values() if lookup.status in OPEN),
            *(f"{lead.facts.first_name} is still new: {lead}" for lead in leads if lead.status is LeadStatus.NEW),
            *await self._waiting_candidates(),
        ]
        assert not problems, "\n".join(problems)
        await self.world.check_invariants()

    def _lookups(self, tx: Tx) -> dict[LookupId, Lookup]:
        known = (tx.lookups.get(LookupId(number)) for number in range(1, 2000))
        return {lookup.id: lookup for lookup in known if lookup is not None}

    def _paid_twice(self, lookups: dict[LookupId, Lookup]) -> list[str]:
        """Who was erased is forgotten, and may be met again as a stranger; so may a stub whose answer was lost."""
        charges = [(provider.name, charge) for provider in self.providers for charge in provider.charged]
        kept = [each for each in charges if number_of(each[1].facts) not in self.erased]
        told = (each for each in kept if lookups[LookupId(int(each[1].ref))].status is LookupStatus.DONE)
        people = Counter((name, charge.operation, str(number_of(charge.facts))) for name, charge in told)
        questions = Counter((name, charge.operation, str(charge.facts)) for name, charge in kept)
        return [f"{who} was paid {times} times" for who, times in [*people.items(), *questions.items()] if times > 1]

    def _over_budget(self, lookups: dict[LookupId, Lookup]) -> list[str]:
        spent: defaultdict[tuple[object, object], Decimal] = defaultdict(Decimal)
        for provider in self.providers:
            for charge in provider.charged:
                day = charge.at.date()
                spent[provider.name, day] += charge.credits
                spent[lookups[LookupId(int(charge.ref))].campaign_id, day] += charge.credits
        limits: dict[object, Decimal] = dict(CREDITS_PER_DAY.items())
        return [
            f"{who} cost {amount} on {day}"
            for (who, day), amount in spent.items()
            if amount > limits.get(who, CAMPAIGN_CREDITS)
        ]

    def _without_receipt(self, lookups: dict[LookupId, Lookup]) -> list[str]:
        problems = []
        for provider in self.providers:
            own = [lookup for lookup in lookups.values() if lookup.provider == provider.name]
            told = sum((lookup.spent or Decimal(0) for lookup in own), Decimal(0))
            lost = [each for each in own if each.status is LookupStatus.UNCERTAIN and each.copied_from is None]
            most = told + sum((lookup.price for lookup in lost), Decimal(0))
            # What a repeatable service gives again for nothing still tells its price.
            least = told if provider.name != "finder" else Decimal(0)
            if not least <= provider.spent <= most:
                problems.append(f"{provider.name} took {provider.spent}, receipts tell of {told} to {most}")
        return problems

    async def _waiting_candidates(self) -> list[str]:
        campaigns = [campaign.id for campaign in self.campaigns]
        left = await self.world.store.read(lambda tx: [each for each in campaigns if tx.candidates.is_any(each)])
        return [f"campaign {campaign_id} has candidates left" for campaign_id in left]


async def walked(world: World, seed: int, *, lies: bool = False) -> Walk:
    walk = Walk(world, seed, lies=lies)
    await walk.begin()
    for _ in range(STEPS):
        await walk.step()
        await world.run_for(seconds=walk.dice.choice((1, 2, 3, 5, 20, 120, 1800)))
    await walk.end()
    return walk


@pytest.mark.parametrize("seed", [1, 3])
def test_nobody_is_paid_for_twice_and_everybody_comes_to_an_end(tmp_path: Path, seed: int) -> None:
    async def scenario(world: World) -> None:
        walk = await walked(world, seed)
        await walk.judge()

    simulate(tmp_path, scenario, seed=seed)


def test_a_provider_that_charges_for_what_it_calls_free_is_found_out(tmp_path: Path) -> None:
    """The judge can tell: this is what asking again after a lost answer would look like."""

    async def scenario(world: World) -> None:
        walk = Walk(world, seed=1, lies=True)
        await walk.begin()
        finder = walk.providers[2]
        finder.troubles.extend(Uncertain("the answer was cut short", scope=Scope.PROVIDER) for _ in range(3))
        await world.run_for(minutes=5)
        await walk.end()
        with pytest.raises(AssertionError, match=r"'finder', .* was paid 2 times"):
            await walk.judge()

    simulate(tmp_path, scenario)
