"""What a person decides about texts, and what a cycle that a person asked for tells."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from camd.domain.campaign import Autonomy, Campaign
from camd.domain.errors import Scope, Transient
from camd.domain.send_window import Window
from camd.operations import touches
from camd.ports.channel import Handover, Refused, Stage, Unknown
from camd.ports.records import Touch, TouchStatus
from camd.ports.settings import Settings
from camd.schema.touch import ApproveBody
from camd.sim.world import OPERATOR, STEPS, World, mailbox, people, simulate

APPROVE = Autonomy()
NIGHT = Window(frozenset(range(7)), start_minute=60, end_minute=120, holidays=False)
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def boxes(*names: str, gap: float = 1) -> Callable[[Settings], Settings]:
    made = {name: replace(mailbox(name), min_gap_seconds=gap, jitter_seconds=0) for name in names or ("sales",)}
    return lambda settings: replace(settings, mailboxes=made)


async def by_status(world: World, campaign: Campaign) -> Counter[TouchStatus]:
    return Counter(touch.status for touch in await world.touches(campaign))


async def approve(world: World, some: list[Touch]) -> None:
    body = ApproveBody(ids=tuple(touch.id for touch in some))
    report = await touches.approve_many(world.desk, body, actor=OPERATOR)
    assert report.approved == len(some)


def test_the_first_ten_texts_wait_for_a_person_and_then_the_others_go_by_themselves(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(15), autonomy=APPROVE, steps=STEPS[:1])
        await world.run_for(hours=1)
        waiting = await world.touches(campaign)
        assert {touch.status for touch in waiting} == {TouchStatus.PLANNED}
        assert (await world.cycle(campaign)).waiting_for == {"approval": 15}
        await approve(world, waiting[:9])
        await world.run_for(hours=1)
        assert await by_status(world, campaign) == {TouchStatus.SENT: 9, TouchStatus.PLANNED: 6}
        await approve(world, waiting[9:10])
        await world.run_for(minutes=1)
        assert await by_status(world, campaign) == {TouchStatus.SENT: 15}
        await world.check_invariants()

    simulate(tmp_path, scenario, settings=boxes())


def test_an_edit_of_the_steps_takes_approvals_back(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(12), autonomy=APPROVE, steps=STEPS[:1], window=NIGHT)
        await world.run_for(minutes=1)
        await approve(world, (await world.touches(campaign))[:10])
        await world.run_for(minutes=1)
        assert await by_status(world, campaign) == {TouchStatus.APPROVED: 12}
        await world.edit(campaign, steps=[{"subject": "Edited", "body": "Hello {{ first_name }}"}])
        await world.run_for(days=1)
        planned = await world.touches(campaign)
        assert {(touch.status, touch.subject, touch.approved_by) for touch in planned} == {
            (TouchStatus.PLANNED, "Edited", None)
        }
        assert world.mail.delivered == []

    simulate(tmp_path, scenario, start=NOON, settings=boxes())


def test_a_fact_that_changes_the_text_asks_again_for_that_text_alone(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(2), autonomy=APPROVE, steps=STEPS[:1], window=NIGHT)
        await world.run_for(minutes=1)
        await approve(world, await world.touches(campaign))
        lead, _ = await world.leads(campaign)
        await world.change_lead(lead, first_name="Zoe")
        await world.run_for(minutes=1)
        changed, other = await world.touches(campaign)
        assert (changed.status, other.status) == (TouchStatus.PLANNED, TouchStatus.APPROVED)
        assert changed.body is not None
        assert changed.body.startswith("Hello Zoe")
        await world.run_for(days=1)
        assert [handover.recipient for handover in world.mail.delivered] == ["p1@c1.example"]

    simulate(tmp_path, scenario, start=NOON, settings=boxes())


def test_a_cycle_that_a_person_asks_for_tells_what_became_of_what_was_ready(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.answers["p0@c0.example"] = [Refused(Stage.RCPT, 450, "4.2.0", "450 later")]
        world.mail.answers["p1@c1.example"] = [Unknown("reset")]
        world.mail.refused.add("p2@c2.example")
        campaign = await world.live(*people(6), steps=STEPS[:1])
        report = await world.cycle(campaign)
        assert (report.outreach_sent, report.outreach_failed, report.outreach_unknown) == (3, 2, 1)
        assert report.outreach_skipped == 0
        assert len(world.mail.delivered) == 3
        again = await world.cycle(campaign)
        assert (again.outreach_sent, again.outreach_failed, again.outreach_unknown) == (0, 0, 0)

    simulate(tmp_path, scenario, settings=boxes(gap=0))


def test_a_cycle_names_the_pace_that_it_waits_for(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(5), steps=STEPS[:1])
        report = await world.cycle(campaign)
        assert (report.outreach_sent, report.outreach_skipped) == (1, 4)
        assert report.waiting_for == {"quota:mailbox_pace": 4}

    simulate(tmp_path, scenario, settings=boxes(gap=600))


def test_a_cycle_names_the_window_the_limit_and_the_mailbox(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        asleep = await world.live(*people(2), steps=STEPS[:1], window=NIGHT, mailboxes=("one",))
        await world.cycle(asleep)
        [later, _] = await world.touches(asleep)
        assert later.due_at > world.clock.now()
        limited = await world.live(*people(3, first=10), steps=STEPS[:1], daily_email_limit=1, mailboxes=("one",))
        report = await world.cycle(limited)
        assert (report.outreach_sent, report.waiting_for) == (1, {"quota:campaign": 2})
        world.mail.trouble["two"] = Transient("down", scope=Scope.MAILBOX)
        troubled = await world.live(*people(2, first=20), steps=STEPS[:1], mailboxes=("two",))
        assert (await world.cycle(troubled)).waiting_for == {"mailbox:two": 2}

    simulate(tmp_path, scenario, start=NOON, settings=boxes("one", "two", gap=0))


def test_a_cycle_under_the_kill_switch_sends_nothing_and_says_so(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(2), steps=STEPS[:1])
        await world.kill()
        report = await world.cycle(campaign)
        assert (report.outreach_sent, report.outreach_skipped) == (0, 2)
        assert report.waiting_for["kill_switch"] == 2
        assert world.mail.delivered == []

    simulate(tmp_path, scenario, settings=boxes())


@pytest.mark.parametrize("daemon", [True, False])
def test_a_cycle_waits_a_minute_at_most_for_a_server_that_hangs(tmp_path: Path, daemon: bool) -> None:
    async def scenario(world: World) -> None:
        async def hangs(_: Handover) -> None:
            await anyio.sleep(100)

        world.mail.before_mark = hangs
        if daemon:
            await world.desk.tasks.start(world.outboxes.run)
        campaign = await world.live(*people(1), steps=STEPS[:1])
        started = world.clock.now()
        report = await world.cycle(campaign)
        took = world.clock.now() - started
        assert took == timedelta(seconds=60 if daemon else 100)
        assert report.outreach_sent == (0 if daemon else 1)

    simulate(tmp_path, scenario, settings=boxes())


def test_a_dry_cycle_waits_for_no_outbox(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1), steps=STEPS[:1])
        report = await world.cycle(campaign, dry=True)
        assert (report.dry_run, report.outreach_sent, world.mail.delivered) == (True, 0, [])

    simulate(tmp_path, scenario, settings=boxes())
