"""Who said no, or was erased, is so again in a database that lacks it."""

from datetime import timedelta
from pathlib import Path

from camd.daemon import found_refusals
from camd.daemon.journal_lines import Refusals
from camd.domain.campaign import Campaign
from camd.domain.facts import Facts
from camd.domain.lead import Lead, LeadStatus, LostReason, TouchAccepted
from camd.domain.suppression import SuppressionKind, SuppressionReason, keyed_hash
from camd.pipeline import record
from camd.ports.journal import ErasureLine, SuppressionLine
from camd.ports.records import Listing, Suppression
from camd.sim.world import INSTANCE_KEY, World, people, simulate

ADDRESS = SuppressionKind.ADDRESS
P0 = keyed_hash(INSTANCE_KEY, ADDRESS, "p0@c0.example")


async def apply(world: World, refusals: Refusals) -> dict[str, int]:
    now = world.clock.now()
    return +await world.store.write(lambda tx: found_refusals.apply(tx, world.context, refusals, now))


def saying(world: World, reason: SuppressionReason, hash_: str = P0, kind: SuppressionKind = ADDRESS) -> Refusals:
    refusals = Refusals()
    refusals.learn(SuppressionLine(world.clock.now(), kind, hash_, reason))
    return refusals


def erasing(world: World, hash_: str = P0) -> Refusals:
    refusals = Refusals()
    refusals.learn(ErasureLine(world.clock.now(), hash_))
    return refusals


async def written(world: World) -> tuple[Campaign, Lead]:
    campaign = await world.campaign(*people(1), dry_run=False)
    await world.cycle(campaign)
    [lead] = await world.leads(campaign)
    now = world.clock.now()
    await world.store.write(lambda tx: record.apply(tx, lead, (TouchAccepted(),), actor="engine", now=now))
    return campaign, lead


async def ended(world: World, campaign: Campaign) -> tuple[LeadStatus, LostReason | None]:
    [lead] = await world.leads(campaign)
    return lead.status, lead.state.lost_reason


async def suppressions(world: World) -> list[Suppression]:
    return list(await world.store.read(lambda tx: tx.suppressions.page(Listing())))


def test_a_missing_opt_out_has_all_its_consequences_and_is_applied_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, _ = await written(world)
        refusals = saying(world, SuppressionReason.OPTED_OUT)
        assert await apply(world, refusals) == {"suppressions_added": 1}
        assert await ended(world, campaign) == (LeadStatus.LOST, LostReason.OPTED_OUT)
        assert await apply(world, refusals) == {}
        assert [each.reason for each in await suppressions(world)] == [SuppressionReason.OPTED_OUT]
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_each_reason_loses_the_lead_as_it_did_before(tmp_path: Path) -> None:
    async def scenario(world: World, reason: SuppressionReason, lost: LostReason) -> None:
        campaign, _ = await written(world)
        assert await apply(world, saying(world, reason)) == {"suppressions_added": 1}
        assert await ended(world, campaign) == (LeadStatus.LOST, lost)

    for reason, lost in (
        (SuppressionReason.COMPLAINED, LostReason.COMPLAINED),
        (SuppressionReason.HARD_BOUNCE, LostReason.BOUNCED),
        (SuppressionReason.OBJECTED, LostReason.DO_NOT_CONTACT),
    ):
        folder = tmp_path / reason
        folder.mkdir()
        simulate(folder, lambda world, reason=reason, lost=lost: scenario(world, reason, lost))  # type: ignore[misc]


def test_a_weaker_reason_never_takes_the_place_of_an_opt_out(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await apply(world, saying(world, SuppressionReason.OPTED_OUT))
        assert await apply(world, saying(world, SuppressionReason.OPERATOR)) == {}
        [kept] = await suppressions(world)
        assert kept.reason is SuppressionReason.OPTED_OUT

    simulate(tmp_path, scenario)


def test_a_domain_is_suppressed_by_its_hash(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        domain = keyed_hash(INSTANCE_KEY, SuppressionKind.DOMAIN, "c0.example")
        await apply(world, saying(world, SuppressionReason.OPERATOR, domain, SuppressionKind.DOMAIN))
        assert await world.store.read(lambda tx: record.is_suppressed(tx, "p0@c0.example"))

    simulate(tmp_path, scenario)


def test_a_missing_erasure_empties_the_lead_and_keeps_a_hash_alone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign, _ = await written(world)
        await apply(world, saying(world, SuppressionReason.OPTED_OUT))
        assert await apply(world, erasing(world)) == {"leads_erased": 1}
        [lead] = await world.leads(campaign)
        assert (lead.state.lost_reason, lead.facts) == (LostReason.ERASED, Facts())
        [kept] = await suppressions(world)
        assert (kept.hash, kept.value, kept.reason) == (P0, None, SuppressionReason.ERASED)
        assert await apply(world, erasing(world)) == {}

    simulate(tmp_path, scenario)


def test_a_lead_that_came_after_the_erasure_stays(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        refusals = erasing(world)
        refusals.erased[P0] -= timedelta(days=1)
        campaign, lead = await written(world)
        await apply(world, refusals)
        [after] = await world.leads(campaign)
        assert after.facts == lead.facts
        assert after.status is LeadStatus.LOST

    simulate(tmp_path, scenario)
