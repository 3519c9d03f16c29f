"""A person's no ends everything that any campaign meant for them, in one transaction."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from camd.domain.campaign import Campaign
from camd.domain.events import EventType
from camd.domain.facts import CampaignId
from camd.domain.lead import Authority, Lead, LeadEvent, LeadStatus, Lost, LostReason, TouchAccepted, Won
from camd.domain.suppression import SuppressionKind, SuppressionReason, keyed_hash, parse_value
from camd.pipeline import record
from camd.pipeline.opt_out import opt_out
from camd.ports.records import LedgerRow, Listing, Suppression, TouchStatus
from camd.sim.world import INSTANCE_KEY, World, people, simulate

P0 = "p0@c0.example"
HASH = keyed_hash(INSTANCE_KEY, SuppressionKind.ADDRESS, P0)
OPTED_OUT = (LeadStatus.LOST, LostReason.OPTED_OUT)
ELSEWHERE = (LeadStatus.LOST, LostReason.DO_NOT_CONTACT)


async def says_no(world: World, address_hash: str = HASH) -> frozenset[CampaignId] | None:
    now = world.clock.now()
    return await world.store.write(lambda tx: opt_out(tx, world.context, address_hash, now=now))


async def happens(world: World, lead: Lead, *events: LeadEvent) -> None:
    now = world.clock.now()
    await world.store.write(lambda tx: record.apply(tx, lead, events, actor="os:ann", now=now))


async def worked(world: World) -> Campaign:
    """A live campaign with one lead and its first touch planned."""
    campaign = await world.campaign(*people(1), dry_run=False)
    await world.cycle(campaign)
    return campaign


async def written(world: World) -> Campaign:
    """A campaign that has written to its one lead."""
    campaign = await worked(world)
    await happens(world, await only_lead(world, campaign), TouchAccepted())
    return campaign


async def only_lead(world: World, campaign: Campaign) -> Lead:
    [lead] = await world.leads(campaign)
    return lead


async def ended(world: World, campaign: Campaign) -> tuple[LeadStatus, LostReason | None]:
    state = (await only_lead(world, campaign)).state
    return state.status, state.lost_reason


async def suppressions(world: World) -> list[Suppression]:
    return list(await world.store.read(lambda tx: tx.suppressions.page(Listing())))


def kinds(rows: list[LedgerRow]) -> list[EventType]:
    return [row.event.type for row in rows]


def test_the_campaign_that_wrote_loses_the_lead_as_opted_out_and_the_others_as_do_not_contact(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        wrote, other = await written(world), await worked(world)
        assert await says_no(world) == frozenset({wrote.id, other.id})
        assert await ended(world, wrote) == OPTED_OUT
        assert await ended(world, other) == ELSEWHERE
        [kept] = await suppressions(world)
        assert (kept.value, kept.reason, kept.by) == (P0, SuppressionReason.OPTED_OUT, "person")
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_every_touch_that_is_not_on_the_wire_is_cancelled(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        wrote, other = await written(world), await worked(world)
        await says_no(world)
        touches = [*await world.touches(wrote), *await world.touches(other)]
        assert {touch.status for touch in touches} == {TouchStatus.CANCELLED}

    simulate(tmp_path, scenario)


def test_everything_is_recorded_as_the_persons_doing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await written(world)
        before = len(await world.ledger())
        await says_no(world)
        rows = (await world.ledger())[before:]
        assert kinds(rows) == [EventType.SUPPRESSION_ADDED, EventType.LEAD_LOST, EventType.TOUCH_CANCELLED]
        assert {row.event.actor for row in rows} == {"person"}

    simulate(tmp_path, scenario)


def test_where_no_campaign_has_written_none_has_lost_an_opt_out(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        one, other = await worked(world), await worked(world)
        await says_no(world)
        assert [await ended(world, campaign) for campaign in (one, other)] == [ELSEWHERE, ELSEWHERE]

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("status", [TouchStatus.ON_WIRE, TouchStatus.UNKNOWN])
def test_a_touch_that_may_have_arrived_counts_as_written(tmp_path: Path, status: TouchStatus) -> None:
    async def scenario(world: World) -> None:
        campaign = await worked(world)
        [touch] = await world.touches(campaign)
        await world.store.write(lambda tx: tx.touches.save(touch, replace(touch, status=status)))
        await says_no(world)
        assert await ended(world, campaign) == OPTED_OUT

    simulate(tmp_path, scenario)


def test_an_address_that_no_lead_has_is_suppressed_by_its_hash_alone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        assert await says_no(world) == frozenset()
        [kept] = await suppressions(world)
        assert (kept.hash, kept.value, kept.reason) == (HASH, None, SuppressionReason.OPTED_OUT)
        campaign = await world.campaign(*people(1))
        await world.cycle(campaign)
        assert await world.leads(campaign) == []

    simulate(tmp_path, scenario)


def test_saying_no_again_writes_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await written(world)
        await says_no(world)
        before = await world.ledger()
        assert await says_no(world) is None
        assert (await world.ledger(), len(await suppressions(world))) == (before, 1)

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("reason", [SuppressionReason.COMPLAINED, SuppressionReason.ERASED])
def test_a_suppression_that_says_no_less_stays(tmp_path: Path, reason: SuppressionReason) -> None:
    async def scenario(world: World) -> None:
        await world.suppress(P0, reason)
        assert await says_no(world) is None
        assert [kept.reason for kept in await suppressions(world)] == [reason]

    simulate(tmp_path, scenario)


def test_an_opt_out_outlasts_what_an_operator_could_take_back(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        await world.suppress(P0, SuppressionReason.OPERATOR)
        assert await ended(world, campaign) == ELSEWHERE
        await says_no(world)
        assert await ended(world, campaign) == OPTED_OUT
        assert [kept.reason for kept in await suppressions(world)] == [SuppressionReason.OPTED_OUT]

    simulate(tmp_path, scenario)


def test_the_value_of_the_suppression_before_is_kept_where_no_lead_tells_it(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.suppress(P0, SuppressionReason.OPERATOR)
        await says_no(world)
        assert [kept.value for kept in await suppressions(world)] == [P0]

    simulate(tmp_path, scenario)


def test_a_lead_that_was_lost_before_becomes_an_opt_out_only_where_a_mail_was_sent(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        wrote, other = await written(world), await worked(world)
        for campaign in (wrote, other):
            await happens(world, await only_lead(world, campaign), Lost(LostReason.OPERATOR, Authority.OPERATOR))
        await says_no(world)
        assert await ended(world, wrote) == OPTED_OUT
        assert await ended(world, other) == (LeadStatus.LOST, LostReason.OPERATOR)

    simulate(tmp_path, scenario)


def test_a_lead_that_opted_out_already_is_not_told_of_again(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        await happens(world, await only_lead(world, campaign), Lost(LostReason.OPTED_OUT, Authority.RULE))
        before = len(await world.ledger())
        await says_no(world)
        assert kinds((await world.ledger())[before:]) == [EventType.SUPPRESSION_ADDED]

    simulate(tmp_path, scenario)


def test_a_won_client_stays_won_and_is_suppressed(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await written(world)
        await happens(world, await only_lead(world, campaign), Won(Decimal(10)))
        await says_no(world)
        assert await ended(world, campaign) == (LeadStatus.WON, None)
        assert await world.store.read(lambda tx: record.is_suppressed(tx, P0))

    simulate(tmp_path, scenario)


def test_other_people_keep_their_places(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(2), dry_run=False)
        await world.cycle(campaign)
        await says_no(world)
        statuses = {lead.facts.email: lead.status for lead in await world.leads(campaign)}
        assert statuses == {P0: LeadStatus.LOST, "p1@c1.example": LeadStatus.ENRICHED}
        assert not await world.store.read(lambda tx: record.is_suppressed(tx, "p1@c1.example"))

    simulate(tmp_path, scenario)


def test_the_suppression_is_that_of_the_address() -> None:
    value = parse_value(P0)
    assert keyed_hash(INSTANCE_KEY, value.kind, value.key) == HASH
