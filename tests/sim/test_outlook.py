"""What the outlook says beside what then happens: why a campaign waits, what is left, and what is planned."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from camd.domain.campaign import Autonomy, Campaign
from camd.domain.send_window import parse_window
from camd.operations import mailboxes, outlook, planned_mails, switches
from camd.pipeline.send_gate import GateReason
from camd.ports.settings import Settings
from camd.schema.mailbox import DisableBody
from camd.schema.outlook import CampaignOutlook
from camd.schema.status import KillSwitchBody
from camd.sim.world import STEPS, World, mailbox, people, simulate

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
OFFICE = parse_window(holidays=False)


def quick(settings: Settings) -> Settings:
    box = replace(mailbox("sales", daily_limit=50), min_gap_seconds=1)
    return replace(settings, mailboxes={"sales": box}, limits=replace(settings.limits, person_gap_hours=0))


def ramping(settings: Settings) -> Settings:
    box = replace(mailbox("sales", daily_limit=50), min_gap_seconds=1, ramp=True)
    return replace(settings, mailboxes={"sales": box})


async def outlook_of(world: World, campaign: Campaign) -> CampaignOutlook:
    return await outlook.of_campaign(world.desk, campaign.id)


async def told(world: World, campaign: Campaign) -> dict[str, str]:
    return {wait.reason: wait.text for wait in (await outlook_of(world, campaign)).waits}


def test_a_mailbox_in_its_ramp_says_what_it_sent_and_may_send_tomorrow(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(30))
        await world.run_for(hours=6)
        assert await told(world, campaign) == {
            "quota:mailbox_day": "mailbox sales in ramp: 5 of 5 sent today, 7 tomorrow"
        }
        found = await outlook_of(world, campaign)
        assert (found.waits[0].leads, found.left_today, found.next_mail_at) == (25, 0, MONDAY + timedelta(days=1))

    simulate(tmp_path, scenario, start=MONDAY, settings=ramping)


def test_a_full_day_says_how_much_of_it_follow_ups_took_and_when_the_next_new_lead_follows(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        steps = (STEPS[0], replace(STEPS[1], wait_days=Decimal(1)))
        campaign = await world.live(*people(9), steps=steps, daily_email_limit=4)
        await world.run_for(hours=12)
        assert await told(world, campaign) == {
            "quota:campaign": "today's 4 mails went out, next new lead Wed 7 Jan",
        }
        await world.run_for(days=1)
        assert await told(world, campaign) == {
            "quota:campaign": "follow-ups took today's 4, next new lead Wed 7 Jan",
        }

    simulate(tmp_path, scenario, start=MONDAY, settings=quick)


def test_outside_the_window_a_campaign_says_when_it_opens_and_then_sends(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(3), timezone="Europe/Vienna", window=OFFICE)
        await world.run_for(hours=1)
        found = await outlook_of(world, campaign)
        assert [wait.reason for wait in found.waits] == ["nothing_due"]
        assert found.next_mail_at is not None
        assert MONDAY + timedelta(hours=8) <= found.next_mail_at < MONDAY + timedelta(hours=9)
        assert world.arrivals == []
        await world.run_for(hours=9)
        assert world.arrivals[0].at - found.next_mail_at < timedelta(minutes=1)

    simulate(tmp_path, scenario, start=MONDAY, settings=quick)


def test_what_was_ready_when_the_window_closed_waits_for_its_opening(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(3), timezone="Europe/Vienna", window=OFFICE)
        await world.kill()
        await world.run_for(hours=20)
        await world.kill(on=False)
        assert await told(world, campaign) == {
            "window": "outside the sending window until Tue 6 Jan, 09:00 Europe/Vienna"
        }

    simulate(tmp_path, scenario, start=MONDAY, settings=quick)


def test_mails_that_wait_for_approval_are_counted(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(3), autonomy=Autonomy())
        await world.run_for(hours=1)
        assert await told(world, campaign) == {"approval": "3 mails wait for your approval"}
        found = await outlook_of(world, campaign)
        assert (found.next_mail_at, found.left_today) == (None, 20)
        assert found.planned[0].first == 3

    simulate(tmp_path, scenario, start=MONDAY, settings=quick)


def test_what_stops_everything_is_told_with_its_reason_and_nothing_goes(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(3))
        await switches.set_kill_switch(world.desk, KillSwitchBody(on=True, reason="wrong address"), actor="os:ann")
        world.context.gate.close(GateReason.COMMON_CAUSE)
        await world.run_for(hours=1)
        assert await told(world, campaign) == {
            "kill_switch": "the kill switch is on: wrong address",
            "gate_closed": "the send gate is closed: common cause",
        }
        assert (await outlook_of(world, campaign)).next_mail_at is None

    simulate(tmp_path, scenario, start=MONDAY, settings=quick)


def test_a_mailbox_that_does_not_send_says_why(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(3))
        await mailboxes.disable(world.desk, "sales", DisableBody(reason="it moves"), actor="os:ann")
        await world.run_for(hours=1)
        words = await told(world, campaign)
        assert list(words) == ["mailbox:sales"]
        assert words["mailbox:sales"].startswith("mailbox sales does not send: it moves")
        assert (await outlook_of(world, campaign)).left_today == 0

    simulate(tmp_path, scenario, start=MONDAY, settings=quick)


def test_the_words_are_those_of_the_cycle_s_report(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(30), daily_email_limit=4)
        await world.run_for(hours=6)
        report = await world.cycle(campaign)
        assert set(report.waiting_for) == set(await told(world, campaign)) == {"quota:campaign"}
        await world.pause(campaign)
        dry = await world.cycle(campaign)
        assert dry.waiting_for == {"not_active": 1}
        assert await told(world, campaign) == {"not_active": "paused by a person"}

    simulate(tmp_path, scenario, start=MONDAY, settings=quick)


def test_what_is_planned_is_what_goes_on_each_of_the_days(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(11), steps=STEPS[:1], daily_email_limit=4)
        await world.cycle(campaign)
        planned, gone = (await outlook_of(world, campaign)).planned, len(world.arrivals)
        await world.run_for(days=4)
        sent = Counter(arrival.at.date() for arrival in world.arrivals[gone:])
        assert [day.first for day in planned[:4]] == [4 - gone, 4, 3, 0]
        assert {day.day: day.first for day in planned if day.first} == sent

    simulate(tmp_path, scenario, start=MONDAY + timedelta(minutes=5), settings=quick)


def test_a_dry_run_plans_its_previews(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.campaign(*people(5), daily_email_limit=2, window=OFFICE)
        await world.cycle(campaign, dry=True)
        found = await outlook_of(world, campaign)
        assert [day.first for day in found.planned[:4]] == [2, 2, 1, 0]
        assert [wait.reason for wait in found.waits] == ["dry_run_campaign"]
        assert (found.left_today, found.next_mail_at) == (2, None)

    simulate(tmp_path, scenario, start=MONDAY, settings=quick)


def test_the_instance_plans_what_its_active_campaigns_do_each_on_its_own_days(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        one = await world.live(*people(3), daily_email_limit=2)
        two = await world.live(*people(3, first=10), daily_email_limit=2, timezone="Asia/Tokyo")
        paused = await world.live(*people(3, first=20))
        for campaign in (one, two, paused):
            await world.cycle(campaign)
        await world.pause(paused)
        planned = (await planned_mails.of_instance(world.desk)).planned
        own = [(await outlook_of(world, campaign)).planned for campaign in (one, two)]
        expected = Counter[str]()
        for days in own:
            expected.update({str(day.day): day.first + day.follow_ups for day in days})
        assert {str(day.day): day.first + day.follow_ups for day in planned} == {
            str(day.day): expected[str(day.day)] for day in planned
        }
        assert sum(expected.values()) > 0

    simulate(tmp_path, scenario, start=MONDAY + timedelta(hours=16), settings=quick)
