"""What a handover that only the journal knows does to the restored database."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from camd.daemon import found_handovers
from camd.daemon.journal_lines import JournalContents, Recorded
from camd.domain.campaign import Autonomy, AutonomyMode, Campaign
from camd.domain.facts import CampaignId
from camd.domain.lead import HoldReason, Lead, LeadStatus
from camd.domain.suppression import SuppressionKind, keyed_hash
from camd.domain.token_bucket import QuotaScope
from camd.ports.journal import HandoverLine, HandoverOutcomeWord, JournalMark, OutcomeLine
from camd.ports.records import Recovery, Touch, TouchStatus
from camd.sim.world import INSTANCE_KEY, World, people, simulate

MARK = JournalMark(1, 5)
"""That of the restored database."""
P0 = keyed_hash(INSTANCE_KEY, SuppressionKind.ADDRESS, "p0@c0.example")
Scenario = Callable[[World], Awaitable[None]]


async def planned(world: World) -> Campaign:
    """A live campaign with one lead whose first mail waits."""
    await world.store.write(lambda tx: tx.instance.set_recovery(Recovery(hold=True)))
    campaign = await world.campaign(*people(1), dry_run=False, autonomy=Autonomy(AutonomyMode.FULL))
    await world.cycle(campaign)
    return campaign


def line(world: World, campaign: CampaignId, number: int = 6, recipient: str = P0, step: int = 1) -> HandoverLine:
    at = world.clock.now() - timedelta(minutes=10)
    return HandoverLine(JournalMark(1, number), at, f"m{step}@us.example", campaign, step, "sales", recipient)


def became(handover: HandoverLine, word: HandoverOutcomeWord | None) -> Recorded:
    outcome = OutcomeLine(handover.at + timedelta(seconds=1), handover.message_id, word) if word else None
    return Recorded(handover, outcome)


async def take(world: World, *recorded: Recorded, mark: JournalMark = MARK) -> Counter[str]:
    contents = JournalContents(handovers=list(recorded))
    now = world.clock.now()
    return await world.store.write(lambda tx: found_handovers.apply(tx, world.context, contents, mark, now))


async def only(world: World, campaign: Campaign) -> tuple[Lead, Touch]:
    [lead], [touch] = await world.leads(campaign), await world.touches(campaign)
    return lead, touch


async def used(world: World, scope: QuotaScope, key: str) -> int:
    since = world.clock.now() - timedelta(days=1)
    return await world.store.read(lambda tx: tx.quotas.used(scope, key, since))


def test_one_that_was_accepted_is_sent_at_its_own_time(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        handover = line(world, campaign.id)
        assert await take(world, became(handover, HandoverOutcomeWord.SENT)) == {"handovers": 1, "sent": 1}
        lead, touch = await only(world, campaign)
        assert (lead.status, touch.status) == (LeadStatus.CONTACTED, TouchStatus.SENT)
        assert (touch.message_id, touch.on_wire_at) == (handover.message_id, handover.at)
        for scope, key in (
            (QuotaScope.CAMPAIGN, str(campaign.id)),
            (QuotaScope.MAILBOX_DAY, "sales"),
            (QuotaScope.PERSON, P0),
            (QuotaScope.COMPANY, "c0.example"),
            (QuotaScope.COMPANY_NEW, "c0.example"),
        ):
            assert await used(world, scope, key) == 1, scope
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_one_without_an_outcome_is_unknown_and_its_lead_is_held(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        assert await take(world, became(line(world, campaign.id), None)) == {"handovers": 1, "unknown": 1}
        lead, touch = await only(world, campaign)
        assert touch.status is TouchStatus.UNKNOWN
        assert [hold.reason for hold in lead.holds] == [HoldReason.SEND_UNKNOWN]
        assert await used(world, QuotaScope.PERSON, P0) == 1
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_one_that_was_refused_is_rejected_and_costs_the_mailbox_alone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        await take(world, became(line(world, campaign.id), HandoverOutcomeWord.REJECTED))
        lead, touch = await only(world, campaign)
        assert touch.status is TouchStatus.REJECTED
        assert [hold.reason for hold in lead.holds] == [HoldReason.NEEDS_REVIEW]
        assert await used(world, QuotaScope.MAILBOX_DAY, "sales") == 1
        assert await used(world, QuotaScope.PERSON, P0) == 0

    simulate(tmp_path, scenario)


def test_one_that_certainly_did_not_go_out_stays_as_it_is(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        before = await only(world, campaign)
        for word in (HandoverOutcomeWord.DEFERRED, HandoverOutcomeWord.RELEASED):
            await take(world, became(line(world, campaign.id), word))
        assert await only(world, campaign) == before
        assert await used(world, QuotaScope.MAILBOX_DAY, "sales") == 1, "the provider counted the one it put off"

    simulate(tmp_path, scenario)


def test_one_that_the_database_knows_is_not_taken_again(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        recorded = became(line(world, campaign.id), HandoverOutcomeWord.SENT)
        await take(world, recorded)
        before = await only(world, campaign)
        assert await take(world, recorded, mark=JournalMark(1, 6)) == {}
        assert await only(world, campaign) == before

    simulate(tmp_path, scenario)


def test_taking_it_twice_sends_and_debits_once(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        for word in (HandoverOutcomeWord.SENT, None):
            await take(world, became(line(world, campaign.id), word))
        _, touch = await only(world, campaign)
        assert touch.status is TouchStatus.SENT
        assert await used(world, QuotaScope.PERSON, P0) == 1

    simulate(tmp_path, scenario)


def test_an_unknown_one_that_was_tried_again_and_sent_frees_its_lead(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        await take(world, became(line(world, campaign.id), None))
        await take(world, became(line(world, campaign.id, number=7), HandoverOutcomeWord.SENT))
        lead, touch = await only(world, campaign)
        assert (touch.status, lead.status, lead.holds) == (TouchStatus.SENT, LeadStatus.CONTACTED, ())

    simulate(tmp_path, scenario)


def test_a_lead_that_was_not_enriched_yet_goes_on_with_its_next_step(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        [lead] = await world.leads(campaign)
        [touch] = await world.touches(campaign)
        new = replace(lead, state=replace(lead.state, status=LeadStatus.NEW, ever_enriched=False), enriched_at=None)
        await world.store.write(lambda tx: tx.leads.save(lead, new))
        cancelled = replace(touch, status=TouchStatus.CANCELLED, ready_at=None)
        await world.store.write(lambda tx: tx.touches.save(touch, cancelled))
        await take(world, became(line(world, campaign.id), HandoverOutcomeWord.SENT))
        lead, touch = await only(world, campaign)
        assert (lead.status, touch.status) == (LeadStatus.CONTACTED, TouchStatus.SENT)
        await world.cycle(campaign)
        assert [each.step for each in await world.touches(campaign)] == [1, 2]
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_somebody_unknown_is_made_held_and_recognised_when_found(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(dry_run=False)
        for word, step in ((HandoverOutcomeWord.SENT, 1), (None, 2)):
            await take(world, became(line(world, campaign.id, step=step), word))
        [lead] = await world.leads(campaign)
        assert (lead.status, lead.key) == (LeadStatus.CONTACTED, f"hash:{P0}")
        assert [hold.reason for hold in lead.holds] == [HoldReason.SEND_UNKNOWN]
        statuses = [touch.status for touch in await world.touches(campaign)]
        assert statuses == [TouchStatus.SENT, TouchStatus.UNKNOWN]
        world.source.lists[campaign.definition.name] += people(1)
        await world.store.write(lambda tx: tx.sources.forget(campaign.id))
        for _ in range(3):
            await world.cycle(campaign)
        assert [each.id for each in await world.leads(campaign)] == [lead.id]
        [after] = await world.leads(campaign)
        assert after.status is LeadStatus.CONTACTED
        await world.check_invariants()

    simulate(tmp_path, scenario)


def test_one_of_an_unknown_campaign_is_counted_and_debited(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        figures = await take(world, became(line(world, CampaignId(99)), HandoverOutcomeWord.SENT))
        assert figures == {"handovers": 1, "of_unknown_campaigns": 1}
        assert await used(world, QuotaScope.MAILBOX_DAY, "sales") == 1
        assert await used(world, QuotaScope.PERSON, P0) == 1

    simulate(tmp_path, scenario)


def test_the_outcome_of_an_earlier_handover_says_nothing_of_the_last_one() -> None:
    at = datetime(2026, 1, 5, 9, tzinfo=UTC)
    first, again = (
        HandoverLine(JournalMark(1, number), at, "m1@us.example", CampaignId(1), 1, "sales", P0) for number in (1, 2)
    )
    put_off = became(first, HandoverOutcomeWord.RELEASED)
    assert found_handovers.outcomes(JournalContents(handovers=[put_off, became(again, None)])) == {}
    assert found_handovers.outcomes(JournalContents(handovers=[put_off])) == {
        "m1@us.example": HandoverOutcomeWord.RELEASED
    }
