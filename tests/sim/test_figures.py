"""A campaign's figures beside what happened: each counted once, on the day on which it did."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from camd.domain.campaign import Campaign, Step
from camd.domain.lead import LeadStatus
from camd.domain.send_window import local_day
from camd.domain.token_bucket import QuotaScope
from camd.operations import campaign_figures, campaign_report, lead_moves
from camd.operations import inbound as desk_of_answers
from camd.operations.errors import Unprocessable
from camd.ports.channel import Handover
from camd.ports.records import InboundFilter, Listing, TouchStatus
from camd.ports.settings import Settings
from camd.schema.figures import CampaignMetrics, CampaignReport, CampaignSeries, Rate
from camd.schema.inbound import ClassifyBody
from camd.schema.lead import WonBody
from camd.sim import letters
from camd.sim.world import OPERATOR, World, mailbox, people, simulate

US = "sales@us.example"
ZONE = "Pacific/Auckland"
STEPS = (Step(1, "For {{ company }}", "Hello"), Step(2, "Again", "Still there?", wait_days=Decimal(1)))
SAYINGS = (
    "Yes, I am interested. Please call me tomorrow.",
    "Thank you, but we are not interested.",
    "Please take me off your list.",
)


def quick(settings: Settings) -> Settings:
    box = replace(mailbox("sales", daily_limit=500), min_gap_seconds=1, jitter_seconds=0)
    limits = replace(settings.limits, person_gap_hours=0, company_new_per_day=100, company_daily=100)
    return replace(settings, mailboxes={"sales": box}, limits=replace(limits, instance_daily=50))


class Told:
    """Of six people two answer and one asks for no more mail; one becomes a client; a week passes."""

    def __init__(self, folder: Path) -> None:
        simulate(folder, self._play, settings=quick)

    async def _play(self, world: World) -> None:
        target = {"target_clients": 2, "target_mrr": Decimal(1000)}
        campaign = await world.live(*people(6), steps=STEPS, timezone=ZONE, name="Q1 | by a@b.example", **target)
        for number, text in enumerate(SAYINGS):
            handover = await _first_mail(world, number)
            world.inboxes.deliver("sales", letters.answer(handover, US, text, world.clock.now()))
            await world.run_for(days=1)
        [positive] = [lead for lead in await world.leads(campaign) if lead.status is LeadStatus.QUALIFIED]
        await lead_moves.won(world.desk, positive.id, WonBody(mrr=Decimal("250.50")), actor=OPERATOR)
        await world.run_for(days=4)
        self.campaign = await world.now(campaign)
        self.metrics: CampaignMetrics = await campaign_figures.metrics(world.desk, "1")
        self.series: CampaignSeries = await campaign_figures.series(world.desk, 1, days=30)
        self.report: CampaignReport = await campaign_report.report(world.desk, 1)
        self.touches = await world.touches(campaign)
        self.leads = await world.leads(campaign)
        self.today = local_day(world.clock.now(), ZONE)

    def total(self, name: str) -> int:
        return sum(getattr(day, name) for day in self.series.days)

    def by_day(self, name: str) -> dict[date, int]:
        return {day.day: amount for day in self.series.days if (amount := getattr(day, name))}


async def _first_mail(world: World, number: int) -> Handover:
    for _ in range(2_000):
        for handover in world.mail.delivered:
            if handover.recipient == f"p{number}@c{number}.example":
                return handover
        await world.run_for(minutes=5)
    raise AssertionError("nothing was sent")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Told(tmp_path_factory.mktemp("figures"))


def test_every_day_is_listed_up_to_today(told: Told) -> None:
    days = [day.day for day in told.series.days]
    assert days == [told.today - timedelta(days=29 - place) for place in range(30)]
    assert told.series.timezone == ZONE


def test_mails_count_on_the_campaign_s_day_on_which_they_were_sent(told: Told) -> None:
    sent = [touch.sent_at for touch in told.touches if touch.status is TouchStatus.SENT]
    assert len(sent) > 6
    assert told.by_day("sent") == Counter(local_day(at, ZONE) for at in sent if at)


def test_what_became_of_leads_counts_once(told: Told) -> None:
    assert (told.total("discovered"), told.total("contacted"), told.total("answers")) == (6, 6, 3)
    assert (told.total("qualified"), told.total("won"), told.total("lost"), told.total("opted_out")) == (1, 1, 2, 1)
    assert len(told.by_day("answers")) == 3


def test_rates_say_what_they_are_of(told: Told) -> None:
    rates = told.metrics.rates
    assert rates.reply == Rate(value=2 / 6, count=2, of=6)
    assert rates.conversion == Rate(value=1 / 6, count=1, of=6)
    assert rates.loss == Rate(value=2 / 6, count=2, of=6)
    assert rates.opt_out == Rate(value=1 / 6, count=1, of=6)
    sent = sum(touch.status is TouchStatus.SENT for touch in told.touches)
    assert rates.bounce == rates.complaint == Rate(value=0, count=0, of=sent)


def test_the_funnel_is_that_of_the_leads(told: Told) -> None:
    funnel = told.metrics.funnel
    assert (funnel.leads, funnel.contacted, funnel.replied, funnel.qualified, funnel.won) == (6, 6, 2, 1, 1)
    assert told.metrics.leads == dict.fromkeys(LeadStatus, 0) | Counter(lead.status for lead in told.leads)


def test_each_target_has_its_progress_and_the_smallest_is_the_goal_s(told: Told) -> None:
    clients, mrr = told.metrics.goals
    assert (clients.achieved, clients.wanted, clients.progress) == (Decimal(1), Decimal(2), 0.5)
    assert (mrr.achieved, mrr.wanted, mrr.progress) == (Decimal("250.50"), Decimal(1000), 0.2505)
    assert told.metrics.goal_progress == 0.2505
    assert told.metrics.won_mrr == Decimal("250.50")


def test_the_quotas_of_today_are_named_with_their_limits(told: Told) -> None:
    today = told.by_day("sent").get(told.today, 0)
    found = {(quota.scope, quota.key): (quota.used, quota.limit) for quota in told.metrics.quotas}
    assert found[QuotaScope.CAMPAIGN, None] == (Decimal(today), Decimal(20))
    assert found.keys() == {(QuotaScope.CAMPAIGN, None), (QuotaScope.MAILBOX_DAY, "sales"), (QuotaScope.INSTANCE, None)}
    assert found[QuotaScope.INSTANCE, None][1] == 50


def test_the_report_has_the_same_figures_and_no_address(told: Told) -> None:
    report = told.report
    assert (report.found, report.contacted, report.replied, report.interested, report.won) == (6, 6, 2, 1, 1)
    assert sum(week.answers for week in report.weeks) == 3
    assert len(report.weeks) == 8
    assert report.weeks[-1].first == told.today - timedelta(days=6)
    for text in (
        campaign_report.as_markdown(report),
        campaign_report.as_csv(report),
        report.model_dump_json(),
    ):
        assert "@" not in text
        assert "example" not in text


def test_the_report_is_one_page_of_tables(told: Told) -> None:
    lines = campaign_report.as_markdown(told.report).splitlines()
    assert lines[0] == r"# Q1 \| by …"
    assert "| People who answered | 2 (33% of those written to) |" in lines
    assert "| Revenue won a month | 250.50 EUR |" in lines
    assert "| Goal: clients | 1 of 2 (50%) |" in lines
    assert len(lines) < 40
    rows = campaign_report.as_csv(told.report).splitlines()
    assert rows[0] == "week of,found,written to,answers,interested,won"
    assert rows[-1] == "in all,6,6,2,1,1"


def test_an_answer_that_was_none_is_counted_no_more_on_its_own_day(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign = await world.live(*people(1), steps=STEPS)
        handover = await _first_mail(world, 0)
        world.inboxes.deliver("sales", letters.answer(handover, US, SAYINGS[0], world.clock.now()))
        await world.run_for(days=2)
        assert await _answers(world, campaign) == 1
        [message] = await world.store.read(lambda tx: tx.inbox.page(Listing(5), InboundFilter(waiting=False)))
        body = ClassifyBody.model_validate({"class": "auto_reply"})
        await desk_of_answers.classify(world.desk, message.id, body, actor=OPERATOR)
        days = (await campaign_figures.series(world.desk, campaign.id, days=10)).days
        assert [day.answers for day in days] == [0] * 10

    simulate(tmp_path, scenario, settings=quick)


async def _answers(world: World, campaign: Campaign) -> int:
    return sum(day.answers for day in (await campaign_figures.series(world.desk, campaign.id)).days)


@pytest.mark.parametrize("days", [0, 367])
def test_more_than_a_year_of_days_is_refused(tmp_path: Path, days: int) -> None:
    async def scenario(world: World) -> None:
        await world.campaign()
        with pytest.raises(Unprocessable, match="days"):
            await campaign_figures.series(world.desk, 1, days=days)

    simulate(tmp_path, scenario)
