"""What becomes of a paid question when its vendor answers badly: of the question, its credits, its lead, and of whom
the operator is told. The real adapters ask their simulators, for hours of virtual time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from camd.domain.campaign import Campaign, Enrichment
from camd.domain.events import EventType
from camd.domain.facts import Facts, Verdict
from camd.domain.lead import LeadStatus
from camd.domain.waterfall import LookupResult, LookupStatus, Operation
from camd.pipeline import credit_budget
from camd.ports.clock import Clock
from camd.ports.lookups import Enricher, Lookup
from camd.ports.providers import Found
from camd.providers.apollo_api import ApolloSettings
from camd.providers.apollo_match import ApolloEnricher
from camd.providers.dropcontact import Dropcontact, DropcontactSettings
from camd.providers.http import Http
from camd.providers.hunter_api import HunterSettings
from camd.providers.hunter_lookups import HunterLookups
from camd.providers.millionverifier import MillionVerifier, MillionVerifierSettings
from camd.providers.zerobounce import ZeroBounce, ZeroBounceSettings
from camd.sim.world import World, simulate
from tests.simulators import apollo, dropcontact, hunter, millionverifier, zerobounce
from tests.simulators.memory import MemoryHttp
from tests.simulators.people import population
from tests.simulators.vendor import Spoilt, Vendor

PEOPLE = population(3)
HALF_A_CREDIT = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Kind:
    """A vendor that is asked for one operation. `is_repeatable`: the same question again costs nothing. `seconds` are
    those of a whole call; `full` is its way to say that it is asked too much and not until when, `full_for_years` that
    it is for ten years."""

    provider: str
    operation: Operation
    vendor: Callable[[Clock], Vendor]
    enricher: Callable[[Clock, Http], Enricher]
    price: Decimal = Decimal(1)
    seconds: float = 60.0
    is_repeatable: bool = False
    full: str | int | None = None
    full_for_years: str | None = None


KINDS = {
    "apollo": Kind(
        "apollo",
        Operation.MATCH,
        lambda clock: apollo.Apollo(people=list(PEOPLE), clock=clock),
        lambda clock, http: ApolloEnricher(ApolloSettings(api_key=SecretStr(apollo.KEY)), clock, http),
        full=apollo.Fault.RATE_LIMITED_EMPTY_HEADER,
        full_for_years=apollo.Fault.RATE_LIMITED_TEN_YEARS,
    ),
    "dropcontact": Kind(
        "dropcontact",
        Operation.FIND,
        lambda clock: dropcontact.Dropcontact(people=PEOPLE, seconds=clock.monotonic),
        lambda clock, http: Dropcontact(DropcontactSettings(api_key=SecretStr(dropcontact.KEY)), clock, http),
        full=dropcontact.Fault.RATE_LIMITED,
        full_for_years=dropcontact.Fault.RATE_LIMITED_TEN_YEARS,
    ),
    "hunter-find": Kind(
        "hunter",
        Operation.FIND,
        lambda clock: hunter.Hunter(people=PEOPLE, now=clock.monotonic),
        lambda clock, http: HunterLookups(HunterSettings(api_key=SecretStr(hunter.KEY)), clock, http),
        is_repeatable=True,
        full=hunter.Fault.TOO_FAST,
        full_for_years=hunter.Fault.USED_UP_TEN_YEARS,
    ),
    "hunter-verify": Kind(
        "hunter",
        Operation.VERIFY,
        lambda clock: hunter.Hunter(people=PEOPLE, now=clock.monotonic),
        lambda clock, http: HunterLookups(HunterSettings(api_key=SecretStr(hunter.KEY)), clock, http),
        price=HALF_A_CREDIT,
        is_repeatable=True,
        full=hunter.Fault.FOREIGN_LIMIT,
        full_for_years=hunter.Fault.USED_UP_TEN_YEARS,
    ),
    "millionverifier": Kind(
        "millionverifier",
        Operation.VERIFY,
        lambda _: millionverifier.MillionVerifier(people=PEOPLE),
        lambda clock, http: MillionVerifier(
            MillionVerifierSettings(api_key=SecretStr(millionverifier.KEY)), clock, http
        ),
        seconds=35.0,
        full=429,
    ),
    "zerobounce": Kind(
        "zerobounce",
        Operation.VERIFY,
        lambda _: zerobounce.ZeroBounce(people=PEOPLE),
        lambda clock, http: ZeroBounce(ZeroBounceSettings(api_key=SecretStr(zerobounce.KEY)), clock, http),
        seconds=90.0,
    ),
}
ALL = pytest.mark.parametrize("name", KINDS)


class Case:
    """A campaign whose leads one vendor is asked about."""

    def __init__(self, world: World, kind: Kind, campaign: Campaign, vendor: Vendor) -> None:
        self.world = world
        self.kind = kind
        self.campaign = campaign
        self.vendor = vendor

    async def lookups(self) -> Sequence[Lookup]:
        """The receipts of the leads, each with one."""
        leads = await self.world.leads(self.campaign)
        asked = await self.world.store.read(lambda tx: tx.lookups.of_leads([lead.id for lead in leads]))
        return [lookup for lead in leads for lookup in asked[lead.id]]

    async def spent(self) -> Decimal:
        """What counts against the day's credits, reserved or spent."""
        world, provider = self.world, self.kind.provider
        return await world.store.read(
            lambda tx: credit_budget.spent_today(tx, world.context, provider, world.clock.now())
        )

    async def told(self) -> list[EventType]:
        kinds = {EventType.PROVIDER_DEGRADED, EventType.PROVIDER_RECOVERED}
        return [row.event.type for row in await self.world.ledger() if row.event.type in kinds]

    async def is_done(self, people: int = 1) -> bool:
        """Everybody is known, and paid for once."""
        lookups = await self.lookups()
        price = self.kind.price
        return (
            [(each.status, each.result, each.spent) for each in lookups]
            == [(LookupStatus.DONE, LookupResult.FOUND, price)] * people
            and self.vendor.spent == price * people
            and LeadStatus.NEW not in {lead.status for lead in await self.world.leads(self.campaign)}
        )


async def asking(world: World, name: str, *faults: str | int | None, people: int = 1) -> Case:
    """As it is before the vendor, whose first answers meet the `faults`, is asked."""
    kind = KINDS[name]
    vendor = kind.vendor(world.clock)
    vendor.meet(faults)
    http = MemoryHttp(vendor=vendor, total_seconds=kind.seconds)
    world.enrichers = [kind.enricher(world.clock, http)]
    world.verifier.verdicts |= {who.domain: Verdict.UNKNOWN for who in PEOPLE}
    await world.restart()
    found = [_found(kind, number) for number in range(people)]
    return Case(world, kind, await world.live(*found, enrichment=Enrichment((kind.provider,))), vendor)


def _found(kind: Kind, number: int) -> Found:
    who = PEOPLE[number]
    facts = Facts(first_name=who.first_name, last_name=who.last_name, company=who.company, domain=who.domain)
    return Found(f"row {number}", replace(facts, email=who.email) if kind.operation is Operation.VERIFY else facts)


async def proves_nothing(world: World, name: str, fault: Spoilt) -> None:
    """The answer is lost: what is charged again is uncertain for good, the rest is asked again."""
    case = await asking(world, name, fault)
    await world.run_for(hours=3)
    if case.kind.is_repeatable:
        assert await case.is_done()
        assert len(case.vendor.requests) == 2
    else:
        [lookup] = await case.lookups()
        assert (lookup.status, lookup.spent) == (LookupStatus.UNCERTAIN, None)
        assert len(case.vendor.requests) == 1
        [lead] = await world.leads(case.campaign)
        assert lead.status is not LeadStatus.NEW
    assert await case.spent() == case.kind.price
    assert await case.told() == []
    await world.check_invariants()


@ALL
def test_fault_52_a_page_of_html_is_no_answer_and_what_it_may_have_cost_stays_reserved(
    tmp_path: Path, name: str
) -> None:
    simulate(tmp_path, lambda world: proves_nothing(world, name, Spoilt.HTML))


@ALL
@pytest.mark.parametrize("fault", [Spoilt.TRUNCATED, Spoilt.EMPTY_BODY, Spoilt.MISLABELLED])
def test_fault_53_json_that_is_broken_off_is_no_answer(tmp_path: Path, name: str, fault: Spoilt) -> None:
    simulate(tmp_path, lambda world: proves_nothing(world, name, fault))


@ALL
@pytest.mark.parametrize("fault", [Spoilt.DRIP, Spoilt.HUGE])
def test_fault_58_an_answer_that_takes_too_long_or_is_too_much_is_none(
    tmp_path: Path, name: str, fault: Spoilt
) -> None:
    simulate(tmp_path, lambda world: proves_nothing(world, name, fault))


@ALL
def test_fault_61_a_lost_answer_is_not_paid_for_twice(tmp_path: Path, name: str) -> None:
    simulate(tmp_path, lambda world: proves_nothing(world, name, Spoilt.LOST))


@pytest.mark.parametrize("fault", [Spoilt.HTML, Spoilt.TRUNCATED, Spoilt.LOST, Spoilt.DRIP, Spoilt.REDIRECT, 503])
def test_fault_61_a_job_whose_answer_is_lost_is_settled_by_its_id(tmp_path: Path, fault: str | int) -> None:
    async def scenario(world: World) -> None:
        case = await asking(world, "dropcontact", None, fault)
        await world.run_for(hours=3)
        assert await case.is_done()
        assert await case.spent() == 1

    simulate(tmp_path, scenario)


@ALL
def test_fault_59_a_redirect_is_weather_and_costs_nothing(tmp_path: Path, name: str) -> None:
    async def scenario(world: World) -> None:
        case = await asking(world, name, Spoilt.REDIRECT)
        await world.run_for(hours=1)
        assert await case.is_done()
        assert await case.spent() == case.kind.price
        assert await case.told() == []

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.full])
def test_fault_54_who_is_asked_too_much_and_says_no_wait_is_asked_half_as_fast(tmp_path: Path, name: str) -> None:
    async def scenario(world: World) -> None:
        case = await asking(world, name, KINDS[name].full)
        [service] = [each for each in world.enrichers[0].services if each.offer.operation is KINDS[name].operation]
        await world.run_for(seconds=2)
        paced = world.context.providers.paced(case.kind.provider, service.limits)
        assert [limit.period for limit in paced] == [2 * limit.period for limit in service.limits]
        # From 2 s on, with jitter: it is over soon, and no news.
        await world.run_for(minutes=5)
        assert await case.is_done()
        assert await case.told() == []

    simulate(tmp_path, scenario)


def test_fault_54_the_rate_that_was_learned_grows_again_while_answers_come(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        case = await asking(world, "hunter-find", *[hunter.Fault.TOO_FAST] * 3)
        await world.run_for(minutes=2)
        [service, _] = world.enrichers[0].services
        slowest = world.context.providers.paced("hunter", service.limits)[0].period
        assert slowest == 8 * service.limits[0].period
        for minute in range(20):
            who = _found(case.kind, 0)
            facts = replace(who.facts, first_name=f"Other{chr(ord('a') + minute)}")
            await world.live(
                Found(f"other {minute}", facts), name=f"minute {minute}", enrichment=Enrichment(("hunter",))
            )
            await world.run_for(seconds=61)
        assert world.context.providers.paced("hunter", service.limits) == service.limits

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.full_for_years])
def test_fault_55_who_asks_for_ten_years_gets_a_day_and_is_told_of_once(tmp_path: Path, name: str) -> None:
    async def scenario(world: World) -> None:
        case = await asking(world, name, KINDS[name].full_for_years)
        await world.run_for(hours=23)
        assert len(case.vendor.requests) == 1
        assert await case.told() == [EventType.PROVIDER_DEGRADED]
        assert await case.spent() == 0
        await world.run_for(hours=2)
        assert await case.is_done()
        assert await case.told() == [EventType.PROVIDER_DEGRADED, EventType.PROVIDER_RECOVERED]

    simulate(tmp_path, scenario)


def test_fault_55_who_says_no_wait_of_its_block_is_left_alone_for_as_long_as_it_lasts(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        case = await asking(world, "zerobounce", 429)
        await world.run_for(minutes=9)
        assert len(case.vendor.requests) == 1
        await world.run_for(minutes=2)
        assert await case.is_done()
        assert await case.told() == [EventType.PROVIDER_DEGRADED, EventType.PROVIDER_RECOVERED]

    simulate(tmp_path, scenario)


@ALL
def test_fault_57_an_hour_of_trouble_is_asked_about_twice_a_minute_and_told_of_once(tmp_path: Path, name: str) -> None:
    async def scenario(world: World) -> None:
        case = await asking(world, name, people=len(PEOPLE))
        case.vendor.always = 503
        await world.run_for(hours=1)
        trials = 1 + timedelta(hours=1) // timedelta(seconds=30)
        assert trials / 2 <= len(case.vendor.requests) <= trials + 5
        assert await case.told() == [EventType.PROVIDER_DEGRADED]
        assert await case.spent() == case.vendor.spent == 0
        case.vendor.always = None
        await world.run_for(hours=1)
        assert await case.is_done(len(PEOPLE))
        assert await case.spent() == case.kind.price * len(PEOPLE)
        assert await case.told() == [EventType.PROVIDER_DEGRADED, EventType.PROVIDER_RECOVERED]

    simulate(tmp_path, scenario)
