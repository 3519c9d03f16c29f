"""A no of which only the keyed hash is left stops the person's mails as one with its address does."""

from pathlib import Path

import pytest

from camd.domain.lead import LostReason
from camd.domain.suppression import SuppressionKind, SuppressionReason, keyed_hash
from camd.pipeline.hashed_suppression import suppress_hash
from camd.sim.world import INSTANCE_KEY, World, people, simulate

ADDRESS = keyed_hash(INSTANCE_KEY, SuppressionKind.ADDRESS, "p0@c0.example")


async def suppress(world: World, kind: SuppressionKind, value_hash: str, reason: SuppressionReason) -> None:
    now = world.clock.now()
    await world.store.write(
        lambda tx: suppress_hash(tx, world.context, kind, value_hash, reason, actor="engine", now=now)
    )


@pytest.mark.parametrize(
    ("reason", "lost"),
    [
        (SuppressionReason.HARD_BOUNCE, LostReason.BOUNCED),
        (SuppressionReason.COMPLAINED, LostReason.COMPLAINED),
        (SuppressionReason.OPERATOR, LostReason.DO_NOT_CONTACT),
    ],
)
def test_who_was_written_to_is_lost_for_what_happened(
    tmp_path: Path, reason: SuppressionReason, lost: LostReason
) -> None:
    async def scenario(world: World) -> None:
        written, other = await world.live(*people(1)), await world.campaign(*people(1))
        await world.cycle(other, dry=True)
        await world.run_for(hours=8)
        assert len(world.mail.delivered) == 1
        await suppress(world, SuppressionKind.ADDRESS, ADDRESS, reason)
        [lead], [elsewhere] = await world.leads(written), await world.leads(other)
        assert lead.state.lost_reason is lost
        assert elsewhere.state.lost_reason is LostReason.DO_NOT_CONTACT
        await world.run_for(days=20)
        assert len(world.mail.delivered) == 1
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_it_takes_the_place_of_one_that_keeps_the_address_and_loses_nobody_twice(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(1))
        await world.cycle(campaign, dry=True)
        await world.suppress("p0@c0.example", SuppressionReason.OPERATOR)
        await suppress(world, SuppressionKind.ADDRESS, ADDRESS, SuppressionReason.ERASED)
        standing = await world.store.read(lambda tx: tx.suppressions.covering([ADDRESS]))
        assert standing is not None
        assert (standing.value, standing.reason) == (None, SuppressionReason.ERASED)
        [lead] = await world.leads(campaign)
        assert lead.state.lost_reason is LostReason.DO_NOT_CONTACT

    simulate(tmp_path, scenario)


def test_the_gate_stops_mails_to_a_domain_of_which_only_the_hash_is_left(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1), first_touch_spread_hours=6.0)
        await world.cycle(campaign)
        domain = keyed_hash(INSTANCE_KEY, SuppressionKind.DOMAIN, "c0.example")
        await suppress(world, SuppressionKind.DOMAIN, domain, SuppressionReason.OPERATOR)
        await world.run_for(days=1)
        assert world.mail.delivered == []
        [lead] = await world.leads(campaign)
        assert lead.state.lost_reason is LostReason.DO_NOT_CONTACT

    simulate(tmp_path, scenario)
