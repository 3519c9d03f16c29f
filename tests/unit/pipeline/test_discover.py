"""Reading sources that gain people by and by, and what they say besides."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import anyio
import pytest

from camd.domain.campaign import Campaign, Enrichment, SourceEntry
from camd.domain.errors import Failure, Scope, Transient, Uncertain
from camd.domain.facts import Facts
from camd.domain.lead import LostReason
from camd.domain.token_bucket import QuotaScope
from camd.domain.waterfall import LookupStatus
from camd.pipeline.cycle import run_cycle
from camd.ports.lookups import LookupId
from camd.ports.providers import Cursor, Found, NotYet, Page, RateLimit, SourceField
from camd.ports.records import Recovery
from camd.ports.store import Tx
from camd.schema.report import CycleError, CycleReport
from camd.sim.clock import START
from camd.sim.enrichers import MemoryEnricher
from camd.sim.world import World, people, simulate

LATER = START + timedelta(minutes=15)


@dataclass(slots=True)
class Polled:
    """Gives one person, and then nothing before `until`."""

    until: datetime = LATER
    name: str = "polled"
    limits: Sequence[RateLimit] = ()
    price: Decimal = Decimal(0)
    fields: Sequence[SourceField] = ()

    def check(self, _: Mapping[str, object]) -> Sequence[str]:
        return ()

    async def fetch(self, _: Mapping[str, object], cursor: Cursor | None, __: int) -> Page | NotYet:
        await anyio.lowlevel.checkpoint()
        if cursor is not None:
            return NotYet(self.until)
        return Page(people(1), (), {"read": True}, exhausted=False, warnings=("its version is old",))


def test_a_source_that_has_nothing_yet_is_asked_when_it_is_time(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(sources=(SourceEntry("polled", {}),))
        ctx = replace(world.context, sources={"polled": Polled()})
        first = await run_cycle(ctx, campaign.id, call_dry=True)
        assert (first.leads_discovered, first.next_wake_at) == (1, START)
        second = await run_cycle(ctx, campaign.id, call_dry=True)
        assert (second.leads_discovered, second.errors, second.next_wake_at) == (0, [], LATER)

    simulate(tmp_path, scenario)


def test_what_a_source_warns_of_stands_in_the_report(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(sources=(SourceEntry("polled", {}),))
        report = await run_cycle(replace(world.context, sources={"polled": Polled()}), campaign.id, call_dry=True)
        assert report.errors == [CycleError(stage="discover", scope="provider", message="polled: its version is old")]

    simulate(tmp_path, scenario)


def test_a_person_whom_their_source_takes_back_is_not_contacted(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [person, other] = people(2)
        world.source.rows_in_a_page = 2
        campaign = await world.live(person, other, Found(person.source_ref, Facts(), do_not_contact=True))
        await world.cycle(campaign)
        await world.cycle(campaign)
        lost = {lead.facts.email: lead.state.lost_reason for lead in await world.leads(campaign)}
        assert lost == {person.facts.email: LostReason.DO_NOT_CONTACT, other.facts.email: None}

    simulate(tmp_path, scenario)


def test_a_person_known_by_their_profile_alone_is_taken_back_with_their_address(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        profile = "https://www.linkedin.com/in/ann-lee"
        [found] = people(1)
        person = replace(found, facts=replace(found.facts, linkedin_url=profile))
        world.source.rows_in_a_page = 1
        refusal = Found("another row", Facts(linkedin_url=profile), do_not_contact=True)
        campaign = await world.live(person, refusal)
        await world.cycle(campaign)
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        assert lead.state.lost_reason is LostReason.DO_NOT_CONTACT

    simulate(tmp_path, scenario)


@dataclass(slots=True)
class Paid:
    """Gives one person a page, three pages in all, for what it charges."""

    charges: Decimal = Decimal(1)
    limits: Sequence[RateLimit] = ()
    trouble: Exception | None = None
    fetched: int = 0
    has_nothing_until: datetime | None = None
    name: str = "paid"
    price: Decimal = Decimal(2)
    fields: Sequence[SourceField] = ()

    def check(self, _: Mapping[str, object]) -> Sequence[str]:
        return ()

    async def fetch(self, _: Mapping[str, object], cursor: Cursor | None, __: int) -> Page | NotYet:
        await anyio.lowlevel.checkpoint()
        self.fetched += 1
        if self.trouble:
            raise self.trouble
        if self.has_nothing_until:
            return NotYet(self.has_nothing_until)
        page = int(cursor["page"] or 0) if cursor else 0
        return Page(people(1, page), (), {"page": page + 1}, exhausted=page == 2, credits=self.charges)


SEARCHED = (SourceEntry("paid", {}),)


@dataclass(slots=True)
class Searching:
    """A live campaign that reads a source for credits."""

    world: World
    source: Paid
    campaign: Campaign

    async def cycle(self, *, call_dry: bool = False) -> CycleReport:
        ctx = replace(self.world.context, sources={"paid": self.source})
        return await run_cycle(ctx, self.campaign.id, call_dry=call_dry)

    async def receipts(self) -> list[tuple[LookupStatus, Decimal | None]]:
        def query(tx: Tx) -> list[tuple[LookupStatus, Decimal | None]]:
            known = (tx.lookups.get(LookupId(number)) for number in range(1, 20))
            return [(lookup.status, lookup.spent) for lookup in known if lookup is not None]

        return await self.world.store.read(query)

    async def reserved(self) -> int:
        key, since = f"campaign:{self.campaign.id}", START - timedelta(days=1)
        return await self.world.store.read(lambda tx: tx.quotas.used(QuotaScope.PROVIDER_CREDITS, key, since))


def searched(
    tmp_path: Path,
    source: Paid,
    scenario: Callable[[Searching], Awaitable[None]],
    *,
    credits_per_day: str | None = None,
    live: bool = True,
) -> None:
    async def whole(world: World) -> None:
        world.enrichers = [MemoryEnricher(world.clock, "paid", [])]
        await world.restart()
        enrichment = Enrichment(credits_per_day=None if credits_per_day is None else Decimal(credits_per_day))
        campaign = await world.live(sources=SEARCHED, enrichment=enrichment, dry_run=not live)
        await scenario(Searching(world, source, campaign))

    simulate(tmp_path, whole)


def test_a_read_that_costs_is_a_receipt_and_what_it_did_not_cost_is_given_back(tmp_path: Path) -> None:
    async def scenario(s: Searching) -> None:
        report = await s.cycle()
        assert report.leads_discovered == 1
        assert await s.receipts() == [(LookupStatus.DONE, Decimal(1))]
        assert await s.reserved() == 1000

    searched(tmp_path, Paid(), scenario)


def test_a_dry_cycle_reads_no_page_that_costs(tmp_path: Path) -> None:
    async def scenario(s: Searching) -> None:
        report = await s.cycle()
        assert (report.would_spend, s.source.fetched) == ({"paid": 2.0}, 0)

    searched(tmp_path, Paid(), scenario, live=False)


def test_a_budget_is_for_reads_too(tmp_path: Path) -> None:
    async def scenario(s: Searching) -> None:
        for _ in range(2):
            await s.cycle()
        assert s.source.fetched == 2
        report = await s.cycle()
        assert (s.source.fetched, report.next_wake_at) == (2, START + timedelta(hours=1))
        s.world.clock.jump(timedelta(hours=16))
        await s.cycle()
        assert s.source.fetched == 3

    searched(tmp_path, Paid(), scenario, credits_per_day="3")


def test_reads_keep_to_the_rate(tmp_path: Path) -> None:
    async def scenario(s: Searching) -> None:
        await s.cycle()
        report = await s.cycle()
        assert (s.source.fetched, report.next_wake_at) == (1, START + timedelta(minutes=1))

    searched(tmp_path, Paid(limits=(RateLimit(1, timedelta(minutes=1)),)), scenario)


@pytest.mark.parametrize("failure", [Uncertain("cut", scope=Scope.PROVIDER), Transient("away", scope=Scope.PROVIDER)])
def test_a_read_that_failed_is_made_again_for_nothing(tmp_path: Path, failure: Failure) -> None:
    async def scenario(s: Searching) -> None:
        report = await s.cycle()
        assert [error.scope for error in report.errors] == [Scope.PROVIDER]
        assert report.next_wake_at == START + timedelta(minutes=5)
        assert await s.receipts() == [(LookupStatus.DONE, Decimal(0))]
        assert await s.reserved() == 0
        s.source.trouble = None
        assert (await s.cycle()).leads_discovered == 1

    searched(tmp_path, Paid(trouble=failure), scenario)


def test_a_source_that_rests_is_not_read(tmp_path: Path) -> None:
    async def scenario(s: Searching) -> None:
        await s.cycle()
        report = await s.cycle()
        assert s.source.fetched == 1
        assert [error.message for error in report.errors] == ["paid rests"]
        assert report.next_wake_at == START + timedelta(hours=1)

    full = Transient("full", scope=Scope.PROVIDER, retry_after=timedelta(hours=2))
    searched(tmp_path, Paid(trouble=full), scenario)


def test_a_source_that_has_nothing_yet_costs_nothing(tmp_path: Path) -> None:
    async def scenario(s: Searching) -> None:
        report = await s.cycle()
        assert report.next_wake_at == LATER
        assert await s.reserved() == 0

    searched(tmp_path, Paid(has_nothing_until=LATER), scenario)


def test_nothing_is_searched_for_credits_during_a_recovery_hold(tmp_path: Path) -> None:
    async def scenario(s: Searching) -> None:
        now = s.world.clock.now()
        await s.world.store.write(lambda tx: tx.instance.set_recovery(Recovery(True, "restored", now, "x")))
        await s.cycle()
        assert s.source.fetched == 0
        await s.world.store.write(lambda tx: tx.instance.set_recovery(Recovery()))
        await s.cycle()
        assert s.source.fetched == 1

    searched(tmp_path, Paid(), scenario)


def test_a_page_that_came_too_late_is_read_again_and_its_first_note_closed(tmp_path: Path) -> None:
    async def scenario(s: Searching) -> None:
        class Editing(Paid):
            async def fetch(self, a: Mapping[str, object], cursor: Cursor | None, b: int) -> Page | NotYet:
                page = await Paid.fetch(self, a, cursor, b)
                if self.fetched == 1:
                    await s.world.go(s.campaign, live=True)
                return page

        s.source = Editing()
        assert (await s.cycle()).leads_discovered == 0
        assert await s.receipts() == [(LookupStatus.ASKED, None)]
        assert (await s.cycle()).leads_discovered == 1
        assert await s.receipts() == [(LookupStatus.DONE, Decimal(0)), (LookupStatus.DONE, Decimal(1))]
        assert await s.reserved() == 1000

    searched(tmp_path, Paid(), scenario)


def test_a_source_that_nobody_knows_is_the_campaigns_fault(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(sources=(SourceEntry("gone", {}),))
        report = await run_cycle(world.context, campaign.id, call_dry=True)
        assert [error.scope for error in report.errors] == [Scope.CAMPAIGN]

    simulate(tmp_path, scenario)
