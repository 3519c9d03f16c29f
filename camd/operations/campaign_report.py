"""One page about a campaign for a client: figures and the campaign's own name, never a person or an address."""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from camd.domain.campaign import Campaign
from camd.domain.csv_export import csv_line
from camd.domain.goals import Target, goal_progress
from camd.operations.campaign_figures import funnel, goals, last_days, rate, today
from camd.operations.desk import Desk, find_campaign
from camd.pipeline.evaluate import goal_figures
from camd.ports.store import Tx
from camd.schema.figures import CampaignReport, Day, Goal, ReportedWeek

WEEKS = 8
_WEEK = 7
_ADDRESS = re.compile(r"\S*@\S*")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~-])")
_COLUMNS = ("week of", "found", "written to", "answers", "interested", "won")
_GOALS = {Target.CLIENTS: "Goal: clients", Target.MRR: "Goal: revenue a month"}


async def report(desk: Desk, ref: str | int) -> CampaignReport:
    def query(tx: Tx) -> CampaignReport:
        campaign = find_campaign(tx, ref)
        return _report(tx, desk, campaign)

    return await desk.read(query)


def _report(tx: Tx, desk: Desk, campaign: Campaign) -> CampaignReport:
    definition, now = campaign.definition, desk.now()
    tallies, last = tx.leads.tallies(campaign.id), today(campaign, now)
    figures = goal_figures(campaign, tallies)
    stages = funnel(tallies, figures)
    since = campaign.first_live_at
    return CampaignReport(
        campaign=_without_addresses(definition.name),
        service=_without_addresses(definition.service_key) if definition.service_key else None,
        day=last,
        first_live=today(campaign, since) if since else None,
        currency=definition.currency,
        found=stages.leads,
        contacted=stages.contacted,
        replied=stages.replied,
        interested=stages.qualified,
        won=stages.won,
        won_mrr=figures.won_mrr,
        reply_rate=rate(stages.replied, stages.contacted).value,
        goal_progress=goal_progress(definition, figures),
        goals=goals(campaign, figures),
        weeks=list(_weeks(list(last_days(tx, campaign, last, WEEKS * _WEEK)))),
    )


def _weeks(days: Sequence[Day]) -> Iterator[ReportedWeek]:
    for start in range(0, len(days), _WEEK):
        week = days[start : start + _WEEK]
        yield ReportedWeek(
            first=week[0].day,
            found=sum(day.discovered for day in week),
            contacted=sum(day.contacted for day in week),
            answers=sum(day.answers for day in week),
            interested=sum(day.qualified for day in week),
            won=sum(day.won for day in week),
        )


def _without_addresses(text: str) -> str:
    return _ADDRESS.sub("…", text)


def as_markdown(report: CampaignReport) -> str:
    """CommonMark with tables, as GitHub and most mail programs show it."""
    facts = [
        ("People found", f"{report.found:,}"),
        ("People written to", f"{report.contacted:,}"),
        ("People who answered", f"{report.replied:,} ({report.reply_rate:.0%} of those written to)"),
        ("Interested", f"{report.interested:,}"),
        ("Clients won", f"{report.won:,}"),
        ("Revenue won a month", f"{_amount(report.won_mrr)} {report.currency}"),
        *((_GOALS[goal.target], _told(goal)) for goal in report.goals),
    ]
    since = f", since {report.first_live:%Y-%m-%d}" if report.first_live else ""
    service = [_escaped(report.service), ""] if report.service else []
    lines = [
        f"# {_escaped(report.campaign)}",
        "",
        *service,
        f"As of {report.day:%Y-%m-%d}{since}.",
        "",
        *_table(("figure", "so far"), facts),
        "",
        *_table(_COLUMNS, map(_cells, report.weeks)),
    ]
    return "\n".join(lines) + "\n"


def as_csv(report: CampaignReport) -> str:
    """A line for each week, and last of all what there was since the beginning: of answers the people who answered."""
    total = (report.found, report.contacted, report.replied, report.interested, report.won)
    rows = [_COLUMNS, *map(_cells, report.weeks), ("in all", *map(str, total))]
    return "".join(csv_line(row) for row in rows)


def _told(goal: Goal) -> str:
    return f"{_amount(goal.achieved)} of {_amount(goal.wanted)} ({goal.progress:.0%})"


def _amount(amount: Decimal) -> str:
    return f"{amount:,.2f}".removesuffix(".00")


def _cells(week: ReportedWeek) -> tuple[str, ...]:
    figures = (week.found, week.contacted, week.answers, week.interested, week.won)
    return (f"{week.first:%Y-%m-%d}", *map(str, figures))


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(headings)} |"
    yield f"|{' --- |' * len(headings)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
