"""Machines that stop, sleep or lose their clock while mails are on their way; and clocks that show an hour twice."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import anyio
import pytest

from camd.domain.campaign import Campaign
from camd.domain.send_window import Window
from camd.domain.token_bucket import QuotaScope
from camd.pipeline import overdue
from camd.ports.channel import Handover
from camd.ports.records import TouchStatus
from camd.ports.settings import Settings
from camd.sim.world import STEPS, World, mailbox, people, simulate

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)


def boxes(gap: float = 1, **fields: object) -> Callable[[Settings], Settings]:
    box = replace(mailbox("sales"), min_gap_seconds=gap, jitter_seconds=0, **fields)  # type: ignore[arg-type]  # of a mailbox
    return lambda settings: replace(settings, mailboxes={"sales": box})


async def statuses(world: World, campaign: Campaign) -> list[TouchStatus]:
    return [touch.status for touch in await world.touches(campaign)]


async def used(world: World, scope: QuotaScope, key: str) -> int:
    return await world.store.read(lambda tx: tx.quotas.used(scope, key, BEGIN))


def test_fault_02_a_process_that_ends_before_the_mark_leaves_one_net_debit_and_the_same_message_id(
    tmp_path: Path,
) -> None:
    async def scenario(world: World) -> None:
        offered = []

        async def hangs_once(handover: Handover) -> None:
            offered.append(handover.message_id)
            if len(offered) == 1:
                await anyio.sleep_forever()

        campaign = await world.live(*people(1), steps=STEPS[:1])
        world.mail.before_mark = hangs_once
        await world.run_for(minutes=1)
        assert await statuses(world, campaign) == [TouchStatus.INTENT]
        await world.restart()
        await world.run_for(minutes=1)
        assert await statuses(world, campaign) == [TouchStatus.SENT]
        assert [handover.message_id for handover in world.mail.delivered] == offered[:1] == offered[1:]
        assert await used(world, QuotaScope.MAILBOX_DAY, "sales") == 1
        assert await used(world, QuotaScope.CAMPAIGN, str(campaign.id)) == 1

    simulate(tmp_path, scenario, settings=boxes())


def test_a_process_that_ends_after_the_mark_leaves_it_unknown_and_the_quota_kept(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        async def hangs(_: Handover) -> None:
            await anyio.sleep_forever()

        campaign = await world.live(*people(1), steps=STEPS[:1])
        world.mail.after_mark = hangs
        await world.run_for(minutes=1)
        assert await statuses(world, campaign) == [TouchStatus.ON_WIRE]
        await world.restart()
        await world.run_for(days=3)
        assert await statuses(world, campaign) == [TouchStatus.UNKNOWN]
        assert (world.mail.delivered, await used(world, QuotaScope.MAILBOX_DAY, "sales")) == ([], 1)
        await world.check_invariants()

    simulate(tmp_path, scenario, settings=boxes())


def test_fault_14_a_machine_that_slept_for_eight_hours_releases_its_intents_and_sends_no_burst(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        slept: list[datetime] = []

        async def sleeps(_: Handover) -> None:
            if not slept:
                slept.append(world.clock.now())
                world.clock.jump(timedelta(hours=8))

        campaign = await world.live(*people(40), steps=STEPS[:1])
        world.mail.before_mark = sleeps
        await world.start(watch=True)
        await world.run_for(hours=12)
        assert await used(world, QuotaScope.CAMPAIGN, str(campaign.id)) == len(world.mail.delivered) == 20
        at = [arrival.at for arrival in world.arrivals]
        woke = slept[0] + timedelta(hours=8)
        assert at[0] >= woke
        assert min(later - earlier for earlier, later in pairwise(at)) >= timedelta(minutes=10)
        await world.check_invariants()

    simulate(tmp_path, scenario, start=BEGIN, settings=boxes(gap=600))


@pytest.mark.parametrize(("seconds", "sent"), [(119, 1), (121, 0)])
def test_fault_14_an_intent_may_be_two_minutes_old(tmp_path: Path, seconds: float, sent: int) -> None:
    async def scenario(world: World) -> None:
        async def takes_long(_: Handover) -> None:
            await anyio.sleep(seconds)

        await world.live(*people(1), steps=STEPS[:1])
        world.mail.before_mark = takes_long
        await world.run_for(seconds=seconds + 2)
        assert len(world.mail.delivered) == sent

    simulate(tmp_path, scenario, settings=boxes())


def test_fault_40_a_window_that_the_clocks_show_twice_writes_to_each_lead_once(tmp_path: Path) -> None:
    window = Window(frozenset(range(7)), start_minute=90, end_minute=120, holidays=False)

    async def scenario(world: World) -> None:
        somewhere = [replace(found, facts=replace(found.facts, country=None)) for found in people(5)]
        await world.live(*somewhere, steps=STEPS[:1], window=window, timezone="America/New_York")
        await world.run_for(hours=8)
        recipients = Counter(handover.recipient for handover in world.mail.delivered)
        assert list(recipients.values()) == [1] * 5
        first_half_past_one = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
        assert all(
            first_half_past_one <= arrival.at < first_half_past_one + timedelta(minutes=30)
            for arrival in world.arrivals
        )
        await world.check_invariants()

    def at_home(settings: Settings) -> Settings:
        return boxes(timezone="America/New_York")(settings)

    simulate(tmp_path, scenario, start=datetime(2026, 11, 1, 1, tzinfo=UTC), settings=at_home)


def test_fault_42_after_an_outage_of_three_days_what_is_late_is_spread_over_the_days_to_come(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(60), steps=STEPS[:1])
        await world.kill()
        await world.cycle(campaign)
        await world.restart()
        await anyio.sleep(timedelta(days=3).total_seconds())
        await world.kill(on=False)
        await world.run_for(days=3)
        assert list(Counter(arrival.at.date() for arrival in world.arrivals).values()) == [20, 20, 20]
        assert await world.store.read(lambda tx: tx.counters.get(campaign.id, overdue.COUNTER)) == 60
        assert await statuses(world, campaign) == [TouchStatus.SENT] * 60
        await world.check_invariants()

    simulate(tmp_path, scenario, start=BEGIN, settings=boxes(gap=60))
