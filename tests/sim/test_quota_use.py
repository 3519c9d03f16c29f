"""What is allowed is used: under a backlog, with nothing but the quotas in the way."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from camd.ports.settings import Settings
from camd.sim.world import STEPS, World, mailbox, people, simulate

MIDNIGHT = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = 30
LIMIT = 20


def small_gaps(settings: Settings) -> Settings:
    box = replace(mailbox("sales", daily_limit=30), min_gap_seconds=60, jitter_seconds=30)
    return replace(settings, mailboxes={"sales": box})


@pytest.mark.nightly
def test_under_a_backlog_at_least_99_percent_of_thirty_days_are_used(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.roster_seconds = 86_400.0
        await world.live(*people(DAYS * LIMIT + 50), steps=STEPS[:1], daily_email_limit=LIMIT)
        await world.run_for(days=DAYS)
        by_day = Counter(arrival.at.date() for arrival in world.arrivals)
        assert max(by_day.values()) == LIMIT
        assert sum(by_day.values()) >= 0.99 * DAYS * LIMIT

    simulate(tmp_path, scenario, start=MIDNIGHT, settings=small_gaps)


def test_of_500_due_leads_exactly_20_are_written_to_and_the_next_ones_on_the_next_local_day(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.live(*people(500), timezone="Europe/Berlin")
        await world.run_for(hours=39)
        zone_begins = datetime(2026, 1, 5, 23, tzinfo=UTC)
        before = [arrival for arrival in world.arrivals if arrival.at < zone_begins]
        after = [arrival for arrival in world.arrivals if arrival.at >= zone_begins]
        assert len(before) == LIMIT
        assert zone_begins <= after[0].at < zone_begins + timedelta(minutes=20)
        assert len({arrival.handover.recipient for arrival in world.arrivals}) == len(world.arrivals)

    simulate(tmp_path, scenario, start=MIDNIGHT - timedelta(hours=1))


def test_a_ramp_begins_with_5_and_grows_by_2_after_each_clean_day(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.refused.add("p2@c2.example")
        await world.live(*people(100), steps=STEPS[:1], daily_email_limit=100)
        await world.run_for(days=6)
        by_day = Counter(arrival.at.date() for arrival in world.arrivals)
        sent = [by_day[date(2026, 1, day)] for day in range(5, 11)]
        # The hard bounce of the first day makes it unclean: the second begins anew with 5.
        assert sent == [4, 5, 7, 9, 11, 13]

    def ramping(settings: Settings) -> Settings:
        boxes = small_gaps(settings).mailboxes
        return replace(settings, mailboxes={"sales": replace(boxes["sales"], ramp=True)})

    simulate(tmp_path, scenario, start=MIDNIGHT, settings=ramping)
