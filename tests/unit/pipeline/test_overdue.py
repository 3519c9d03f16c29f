"""Mails that an outage has left behind are spread over the days to come, the best first."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from camd.domain.campaign import Autonomy, Campaign
from camd.domain.send_window import Window
from camd.domain.token_bucket import QuotaScope
from camd.pipeline.cycle import run_cycle
from camd.pipeline.overdue import COUNTER, plan_overdue_anew
from camd.ports.records import Touch, TouchStatus
from camd.ports.store import Tx
from camd.sim.clock import START
from camd.sim.world import World, people, simulate

DAY = timedelta(days=1)
JUST_OVERDUE = DAY + timedelta(seconds=1)


async def left_behind(world: World, count: int, late: timedelta = JUST_OVERDUE, **fields: Any) -> Campaign:
    """So many approved mails that were due at the start, and nobody sent. `Any`: fields of the definition."""
    campaign = await world.live(*people(count), **fields)
    await run_cycle(world.context, campaign.id, call_dry=False)
    assert {touch.due_at for touch in await world.touches(campaign)} == {START}
    await anyio.sleep(late.total_seconds())
    return campaign


async def plan_anew(world: World, campaign: Campaign) -> Sequence[Touch]:
    now = world.clock.now()
    return await world.store.write(lambda tx: plan_overdue_anew(tx, campaign, now))


async def due(world: World, campaign: Campaign) -> list[datetime]:
    touches = await world.touches(campaign)
    assert [touch.ready_at for touch in touches] == [touch.due_at for touch in touches]
    return sorted(touch.due_at for touch in touches)


async def moved_ever(world: World, campaign: Campaign) -> int:
    return await world.store.read(lambda tx: tx.counters.get(campaign.id, COUNTER))


def test_what_is_overdue_is_spread_by_the_daily_limit_from_now_on(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await left_behind(world, 5, daily_email_limit=2)
        assert len(await plan_anew(world, campaign)) == 5
        now, midnight = world.clock.now(), datetime(2026, 1, 7, tzinfo=UTC)
        assert await due(world, campaign) == [now, now, midnight, midnight, midnight + DAY]
        assert await moved_ever(world, campaign) == 5

    simulate(tmp_path, scenario)


def test_it_goes_in_its_recipients_window(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await left_behind(world, 5, late=4 * DAY, daily_email_limit=2, window=Window())
        await plan_anew(world, campaign)
        friday, monday = START + 4 * DAY, START + 7 * DAY
        assert await due(world, campaign) == [friday, friday, monday, monday, monday + DAY]

    simulate(tmp_path, scenario)


def test_follow_ups_go_first_then_the_better_score_then_the_older(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await left_behind(world, 4, daily_email_limit=1)
        last, older, better, follow_up = await world.touches(campaign)

        def unit(tx: Tx) -> None:
            tx.touches.save(last, replace(last, score=0.2))
            tx.touches.save(older, replace(older, score=0.2, due_at=START - DAY))
            tx.touches.save(better, replace(better, score=0.9))
            tx.touches.save(follow_up, replace(follow_up, score=0.1, follow_up=True))

        await world.store.write(unit)
        await plan_anew(world, campaign)
        order = sorted(await world.touches(campaign), key=lambda touch: touch.due_at)
        assert [touch.id for touch in order] == [follow_up.id, better.id, older.id, last.id]

    simulate(tmp_path, scenario)


def test_what_was_sent_today_and_what_is_planned_already_takes_its_room(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await left_behind(world, 4, daily_email_limit=2)
        planned, *_ = await world.touches(campaign)
        now, midnight = world.clock.now(), datetime(2026, 1, 7, tzinfo=UTC)
        tomorrow = midnight + timedelta(hours=9)

        def unit(tx: Tx) -> None:
            tx.touches.save(planned, replace(planned, due_at=tomorrow, ready_at=tomorrow))
            tx.quotas.debit(QuotaScope.CAMPAIGN, str(campaign.id), now, 1)

        await world.store.write(unit)
        assert len(await plan_anew(world, campaign)) == 3
        assert await due(world, campaign) == [now, midnight, tomorrow, midnight + DAY]

    simulate(tmp_path, scenario)


def test_a_mail_that_is_a_day_late_still_goes_as_it_was_planned(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await left_behind(world, 1, late=DAY)
        assert (await plan_anew(world, campaign), await due(world, campaign)) == ((), [START])
        assert await moved_ever(world, campaign) == 0

    simulate(tmp_path, scenario)


def test_what_was_moved_is_overdue_no_more_and_counts_again_when_it_is(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await left_behind(world, 3)
        await plan_anew(world, campaign)
        assert await plan_anew(world, campaign) == ()
        await anyio.sleep(JUST_OVERDUE.total_seconds())
        await plan_anew(world, campaign)
        assert await moved_ever(world, campaign) == 6

    simulate(tmp_path, scenario)


@pytest.mark.parametrize("status", sorted(set(TouchStatus) - {TouchStatus.APPROVED}))
def test_only_approved_mails_are_moved(tmp_path: Path, status: TouchStatus) -> None:
    async def scenario(world: World) -> None:
        campaign = await left_behind(world, 1)
        [touch] = await world.touches(campaign)
        kept = await world.store.write(lambda tx: tx.touches.save(touch, replace(touch, status=status)))
        assert (await plan_anew(world, campaign), await world.touches(campaign)) == ((), [kept])

    simulate(tmp_path, scenario)


def test_other_campaigns_are_left_alone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        other = await left_behind(world, 1)
        campaign = await world.live(autonomy=Autonomy())
        assert (await plan_anew(world, campaign), await due(world, other)) == ((), [START])

    simulate(tmp_path, scenario)
