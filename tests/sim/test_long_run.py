"""Ninety days with everything that goes wrong at once, at instants that the seed decides."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from camd.domain.campaign import Campaign
from camd.domain.errors import Misconfigured, Scope, Transient
from camd.domain.facts import Verdict
from camd.domain.lead import Lead, LeadStatus
from camd.ports.settings import Settings
from camd.sim.world import World, people, simulate

DAYS = 90
IDLE_SECONDS = 6 * 3600.0


def patient(settings: Settings) -> Settings:
    return replace(settings, engine=replace(settings.engine, max_idle_seconds=IDLE_SECONDS))


class Fate:
    """Throws the seed's dice and does to the world what they say."""

    def __init__(self, world: World, campaigns: list[Campaign]) -> None:
        self._world = world
        self._campaigns = campaigns

    def pick(self, count: int) -> int:
        return int(self._world.entropy.uniform(0, count))

    async def strike(self) -> None:
        campaign = self._campaigns[self.pick(len(self._campaigns))]
        blows: tuple[Callable[[Campaign], object], ...] = (
            self._opt_out,
            self._opt_out_company,
            self._break_source,
            self._grow_source,
            self._edit,
            self._turn,
            self._stop_or_go,
            self._restart,
            self._peek,
            self._lose_or_reopen,
            self._poison,
            self._release,
        )
        done = blows[self.pick(len(blows))](campaign)
        assert hasattr(done, "__await__")
        await done

    async def _opt_out(self, _: Campaign) -> None:
        number = self.pick(60)
        await self._world.suppress(f"p{number}@c{number}.example")

    async def _opt_out_company(self, _: Campaign) -> None:
        await self._world.suppress(f"c{self.pick(60)}.example")

    async def _break_source(self, campaign: Campaign) -> None:
        errors = (
            Transient("away", scope=Scope.PROVIDER),
            Misconfigured("no such list", scope=Scope.CAMPAIGN),
            ZeroDivisionError("planted by the simulation"),
        )
        await self._world.crash_at(campaign, errors[self.pick(len(errors))])

    async def _grow_source(self, campaign: Campaign) -> None:
        self._world.source.lists[campaign.definition.name] += people(1, first=self.pick(60))
        await self._world.store.write(lambda tx: tx.sources.forget(campaign.id))

    async def _edit(self, campaign: Campaign) -> None:
        body = f"Hello {{{{ first_name }}}}, number {self.pick(1000)}"
        await self._world.edit(campaign, steps=[{"subject": "For {{ company }}", "body": body}])

    async def _turn(self, campaign: Campaign) -> None:
        await self._world.go(campaign, live=self.pick(2) == 1)

    async def _stop_or_go(self, campaign: Campaign) -> None:
        if (await self._world.now(campaign)).is_active:
            await self._world.pause(campaign)
        else:
            await self._world.resume(campaign)

    async def _restart(self, _: Campaign) -> None:
        await self._world.restart()

    async def _lose_or_reopen(self, campaign: Campaign) -> None:
        lead = await self._one_of(campaign)
        if lead.status is not LeadStatus.LOST:
            await self._world.lose(lead)
        elif lead.facts.email:
            await self._world.reopen(lead)

    async def _poison(self, _: Campaign) -> None:
        number = self.pick(60)
        self._world.verifier.crashes_on.add(f"p{number}@c{number}.example")

    async def _release(self, campaign: Campaign) -> None:
        self._world.verifier.crashes_on.clear()
        await self._world.release(await self._one_of(campaign))

    async def _one_of(self, campaign: Campaign) -> Lead:
        """Leads in trouble first, so that somebody helps them."""
        leads = sorted(await self._world.leads(campaign), key=lambda lead: not lead.holds)
        return leads[self.pick(min(len(leads), 6))]

    async def _peek(self, campaign: Campaign) -> None:
        try:
            await self._world.cycle(campaign, dry=True)
        except* ZeroDivisionError:
            pass  # the supervisor sees it when the campaign's own cycle meets it


@pytest.mark.nightly
@pytest.mark.parametrize("seed", [11])
def test_the_invariants_hold_after_each_of_ninety_days(tmp_path: Path, seed: int) -> None:
    async def scenario(world: World) -> None:
        world.roster_seconds = IDLE_SECONDS
        world.source.rows_in_a_page = 7
        world.verifier.verdicts = {f"c{number}.example": Verdict.INVALID for number in range(0, 60, 9)}
        campaigns = [
            await world.campaign(*people(20, first=10 * number), daily_email_limit=5, dry_run=number % 2 == 0)
            for number in range(4)
        ]
        fate = Fate(world, campaigns)
        for _ in range(DAYS):
            for _ in range(3):
                await world.run_for(hours=world.entropy.uniform(0, 12))
                await fate.strike()
            await world.run_for(hours=6)
            await world.check_invariants()
            for campaign in campaigns:
                world.mend(campaign)
        seen = [lead.status for campaign in campaigns for lead in await world.leads(campaign)]
        assert LeadStatus.ENRICHED in seen
        assert LeadStatus.LOST in seen

    simulate(tmp_path, scenario, seed=seed, settings=patient)
