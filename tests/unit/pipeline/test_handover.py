"""The two marks: which touch is claimed, what waits and until when, and what the second look still finds."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from camd.domain.campaign import Campaign
from camd.domain.events import EventType
from camd.domain.facts import CampaignId
from camd.domain.lead import Hold, HoldReason
from camd.domain.token_bucket import QuotaScope
from camd.pipeline.handover import (
    EVERY_CAMPAIGN,
    LOOKED_AT,
    Claimed,
    Nothing,
    Refusal,
    Round,
    claim,
    claims,
    mark_on_wire,
)
from camd.pipeline.send_gate import GateReason
from camd.ports.journal import HandoverLine, JournalMark
from camd.ports.records import MailboxReason, MailboxState, Touch, TouchStatus
from camd.ports.settings import Settings
from camd.sim.world import STEPS, World, mailbox, people, simulate

TEN = datetime(2026, 1, 5, 10, tzinfo=UTC)
TOMORROW = datetime(2026, 1, 6, tzinfo=UTC)


def boxes(gap: float = 0, **limits: Any) -> Callable[[Settings], Settings]:
    """`Any`: fields of the limits."""
    box = replace(mailbox("sales"), min_gap_seconds=gap, jitter_seconds=0)

    def changed(settings: Settings) -> Settings:
        return replace(settings, mailboxes={"sales": box}, limits=replace(settings.limits, **limits))

    return changed


async def planned(world: World, count: int = 1, first: int = 0, **fields: Any) -> Campaign:
    """A live campaign whose first mails are ready; nothing is sent. `Any`: fields of its definition."""
    campaign = await world.live(*people(count, first), **({"steps": STEPS[:1]} | fields))
    await world.kill()
    await world.cycle(campaign)
    await world.kill(on=False)
    return campaign


async def claimed(world: World, served: CampaignId = EVERY_CAMPAIGN, **refused: Refusal) -> Round:
    """`refused` by `c` and the campaign's number."""
    known = {CampaignId(int(name[1:])): refusal for name, refusal in refused.items()}
    now = world.clock.now()
    return await world.store.write(lambda tx: claim(tx, world.context, "sales", served, known, now))


async def intent(world: World) -> Touch:
    found = (await claimed(world)).found
    assert isinstance(found, Claimed)
    return found.touch


async def mark(world: World, touch: Touch) -> str | None:
    now = world.clock.now()
    return await world.store.write(lambda tx: mark_on_wire(tx, world.context, touch.id, now))


async def stored(world: World, touch: Touch) -> Touch:
    found = await world.store.read(lambda tx: tx.touches.get(touch.id))
    assert found is not None
    return found


async def used(world: World, campaign: Campaign) -> int:
    return await world.store.read(
        lambda tx: tx.quotas.used(QuotaScope.CAMPAIGN, str(campaign.id), TEN - timedelta(days=1))
    )


def test_an_intent_stores_its_message_id_its_hashes_and_what_it_took(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        touch = await intent(world)
        assert (touch.status, touch.intent_at, touch.ready_at) == (TouchStatus.INTENT, TEN, None)
        assert touch.first_attempt_at == TEN
        assert all((touch.message_id, touch.text_hash, touch.recipient_hash))
        assert touch.debits is not None
        assert [debit.scope for debit in touch.debits.caps] == [
            QuotaScope.CAMPAIGN,
            QuotaScope.MAILBOX_DAY,
            QuotaScope.COMPANY_NEW,
            QuotaScope.COMPANY,
            QuotaScope.PERSON,
        ]
        assert await used(world, campaign) == 1

    simulate(tmp_path, scenario, start=TEN, settings=boxes())


def test_every_free_place_gets_its_touch_and_the_campaigns_take_turns(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await planned(world, 3)
        await planned(world, 3, first=10)
        now = world.clock.now()
        unit = lambda tx: claims(tx, world.context, "sales", EVERY_CAMPAIGN, {}, 4, now)  # noqa: E731
        rounds = await world.store.write(unit)
        assert [each.found.touch.campaign_id for each in rounds if isinstance(each.found, Claimed)] == [1, 2, 1, 2]
        rest = await world.store.write(unit)
        assert [type(each.found) for each in rest] == [Claimed, Claimed, Nothing]

    simulate(tmp_path, scenario, start=TEN, settings=boxes())


def test_a_campaign_that_is_refused_is_passed_over_until_its_time(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first = await planned(world, 1)
        second = await planned(world, 1, first=10)
        found = await claimed(world, c1=Refusal("operator", None), c2=Refusal("window", TEN + timedelta(hours=1)))
        assert found.found == Nothing(TEN + timedelta(hours=1))
        over = await claimed(world, c1=Refusal("operator", None), c2=Refusal("window", TEN))
        assert isinstance(over.found, Claimed)
        assert over.found.touch.campaign_id == second.id
        assert list(over.refused) == [first.id]

    simulate(tmp_path, scenario, start=TEN, settings=boxes())


def test_what_stops_a_campaign_is_found_once_and_the_others_go_on(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        paused = await planned(world, 2)
        await planned(world, 1, first=10)
        await world.pause(paused)
        found = await claimed(world)
        assert isinstance(found.found, Claimed)
        assert found.refused == {paused.id: Refusal("operator", None)}
        assert (await claimed(world, served=CampaignId(2))).found == Nothing(None)

    simulate(tmp_path, scenario, start=TEN, settings=boxes())


def test_a_daily_limit_that_is_used_up_is_told_once_a_day(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world, 3, daily_email_limit=1)
        await intent(world)
        for _ in range(2):
            found = await claimed(world)
            assert found.refused == {campaign.id: Refusal("quota:campaign", TOMORROW)}
            assert found.found == Nothing(TOMORROW)
        exhausted = [row for row in await world.ledger() if row.event.type is EventType.QUOTA_EXHAUSTED]
        assert [row.event.data for row in exhausted] == [{"scope": "campaign"}]

    simulate(tmp_path, scenario, start=TEN, settings=boxes())


def test_the_kill_switch_the_gate_and_a_mailbox_that_may_not_send_stop_everything(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await planned(world)
        await world.kill()
        assert (await claimed(world)).found == Nothing(None, "kill_switch")
        await world.kill(on=False)
        world.context.gate.close(GateReason.CLOCK_JUMPED, TEN + timedelta(minutes=10))
        assert (await claimed(world)).found == Nothing(TEN + timedelta(minutes=10), "gate_closed")
        world.context.gate.open()
        stopped = MailboxState("sales", stopped_until=TEN + timedelta(hours=1), stopped_for="trouble")
        await world.store.write(lambda tx: tx.mailboxes.put(stopped))
        assert (await claimed(world)).found == Nothing(TEN + timedelta(hours=1), "mailbox:sales")
        disabled = MailboxState("sales", disabled=MailboxReason.OPERATOR)
        await world.store.write(lambda tx: tx.mailboxes.put(disabled))
        assert (await claimed(world)).found == Nothing(None, "mailbox:sales", is_disabled=True)

    simulate(tmp_path, scenario, start=TEN, settings=boxes())


def test_the_pace_stops_the_mailbox_until_its_next_mail(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await planned(world, 2)
        await intent(world)
        assert (await claimed(world)).found == Nothing(TEN + timedelta(minutes=10), "quota:mailbox_pace")

    simulate(tmp_path, scenario, start=TEN, settings=boxes(gap=600))


def test_a_touch_that_is_not_due_yet_says_when_to_look(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        [touch] = await world.touches(campaign)
        later = replace(touch, ready_at=TEN + timedelta(hours=2))
        await world.store.write(lambda tx: tx.touches.save(touch, later))
        assert (await claimed(world)).found == Nothing(TEN + timedelta(hours=2))

    simulate(tmp_path, scenario, start=TEN, settings=boxes())


def test_a_claim_puts_off_a_bounded_number_of_touches(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        colleagues = [
            replace(found, facts=replace(found.facts, email=f"p{number}@c0.example"))
            for number, found in enumerate(people(LOOKED_AT + 5))
        ]
        campaign = await planned(world)
        world.source.lists[campaign.definition.name] += colleagues[1:]
        await world.store.write(lambda tx: tx.sources.forget(campaign.id))
        await world.kill()
        await world.cycle(campaign)
        await world.kill(on=False)
        await intent(world)
        assert (await claimed(world)).found == Nothing(TEN)
        touches = await world.touches(campaign)
        assert sum(touch.reason == "quota:company_new" and touch.ready_at == TOMORROW for touch in touches) == LOOKED_AT
        assert (await claimed(world)).found == Nothing(TOMORROW)

    simulate(tmp_path, scenario, start=TEN, settings=boxes())


def test_a_hold_puts_a_touch_off_without_an_instant_and_wakes_nobody(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        [lead] = await world.leads(campaign)
        held = replace(lead, holds=(Hold(HoldReason.OPERATOR, TEN),))
        await world.store.write(lambda tx: tx.leads.save(lead, held))
        found = await claimed(world)
        assert (found.found, found.woken) == (Nothing(None), frozenset())
        [touch] = await world.touches(campaign)
        assert (touch.ready_at, touch.reason) == (None, "hold:operator")

    simulate(tmp_path, scenario, start=TEN, settings=boxes())


def test_a_text_that_was_edited_meanwhile_wakes_its_campaign_and_is_not_sent(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        await world.edit(campaign, steps=[{"subject": "Edited", "body": "x"}])
        found = await claimed(world)
        assert (found.found, found.woken) == (Nothing(None), frozenset({campaign.id}))
        [touch] = await world.touches(campaign)
        assert (touch.ready_at, touch.reason) == (None, "text_changed")
        [lead] = await world.leads(campaign)
        assert lead.next_action_at == TEN

    simulate(tmp_path, scenario, start=TEN, settings=boxes())


def test_the_mark_is_durable_with_its_numbered_line(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await planned(world)
        touch = await intent(world)
        assert await mark(world, touch) is None
        marked = await stored(world, touch)
        assert (marked.status, marked.on_wire_at) == (TouchStatus.ON_WIRE, TEN)
        [line] = world.journal.lines
        assert isinstance(line, HandoverLine)
        assert (line.mark, line.message_id, line.step) == (JournalMark(1, 1), touch.message_id, 1)
        assert line.recipient_hash == touch.recipient_hash
        assert await mark(world, touch) == "on_wire"

    simulate(tmp_path, scenario, start=TEN, settings=boxes())


@pytest.mark.parametrize("seconds", [121, -121])
def test_fault_14_an_intent_of_another_time_is_released(tmp_path: Path, seconds: int) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        touch = await intent(world)
        world.clock.jump(timedelta(seconds=seconds))
        assert await mark(world, touch) == "intent_expired"
        released = await stored(world, touch)
        assert (released.status, released.message_id) == (TouchStatus.APPROVED, touch.message_id)
        assert (await used(world, campaign), world.journal.lines) == (0, [])

    simulate(tmp_path, scenario, start=TEN, settings=boxes())


def test_an_intent_of_another_local_day_is_released(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        touch = await intent(world)
        world.clock.jump(timedelta(seconds=100))
        assert touch.debits is not None
        yesterday = replace(touch.debits, at=TEN - timedelta(days=1))
        before = await stored(world, touch)
        await world.store.write(lambda tx: tx.touches.save(before, replace(before, debits=yesterday)))
        assert await mark(world, touch) == "day_ended"
        assert (await stored(world, touch)).status is TouchStatus.APPROVED
        assert campaign.is_active

    simulate(tmp_path, scenario, start=TEN, settings=boxes())


def test_what_changed_since_the_intent_releases_it_with_its_reason(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        touch = await intent(world)
        await world.pause(campaign)
        assert await mark(world, touch) == "operator"
        assert (await stored(world, touch)).reason == "operator"
        assert await used(world, campaign) == 0

    simulate(tmp_path, scenario, start=TEN, settings=boxes())


def test_a_touch_that_was_cancelled_meanwhile_says_why(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await planned(world)
        touch = await intent(world)
        await world.suppress("c0.example")
        assert await mark(world, touch) == "lost"

    simulate(tmp_path, scenario, start=TEN, settings=boxes())


def test_no_intent_is_made_in_the_last_two_minutes_of_a_day_that_counts(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await planned(world)
        world.clock.jump(TOMORROW - timedelta(seconds=119) - world.clock.now())
        found = await claimed(world)
        assert found.refused == {campaign.id: Refusal("quota:campaign", TOMORROW)}
        world.clock.jump(timedelta(seconds=119))
        assert isinstance((await claimed(world)).found, Claimed)

    simulate(tmp_path, scenario, start=TEN, settings=boxes())
