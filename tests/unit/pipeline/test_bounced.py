"""There is no such recipient: nobody writes to that address again, from whatever campaign."""

from pathlib import Path

import pytest

from camd.domain.lead import Lead, LeadStatus, LostReason
from camd.pipeline.bounced import lose_bounced
from camd.ports.records import Listing
from camd.sim.world import World, people, simulate


async def bounces(world: World, lead: Lead) -> None:
    now = world.clock.now()
    await world.store.write(lambda tx: lose_bounced(tx, world.context, lead, now))


def test_the_lead_is_lost_and_its_address_suppressed_everywhere(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaigns = [await world.campaign(*people(1), dry_run=False) for _ in range(2)]
        for campaign in campaigns:
            await world.cycle(campaign)
        [[first], [second]] = [await world.leads(campaign) for campaign in campaigns]
        await bounces(world, first)
        after = [(await world.leads(campaign))[0].state.lost_reason for campaign in campaigns]
        assert after == [LostReason.BOUNCED, LostReason.DO_NOT_CONTACT]
        [kept] = await world.store.read(lambda tx: tx.suppressions.page(Listing()))
        assert (kept.value, kept.reason, kept.by) == ("p0@c0.example", "hard_bounce", "engine")
        assert second.status is LeadStatus.ENRICHED

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("times", [1, 2])
def test_whoever_was_erased_stays_erased_and_has_no_address_to_suppress(tmp_path: Path, times: int) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1), dry_run=False)
        await world.cycle(campaign)
        [lead] = await world.leads(campaign)
        await world.erase(lead)
        for _ in range(times):
            await bounces(world, (await world.leads(campaign))[0])
        assert (await world.leads(campaign))[0].state.lost_reason is LostReason.ERASED
        [kept] = await world.store.read(lambda tx: tx.suppressions.page(Listing()))
        assert (kept.value, kept.reason) == (None, "erased")

    simulate(tmp_path, scenario)
