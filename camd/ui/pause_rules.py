"""The rules that pause a campaign, each with its figure of now and the figure at which it pauses."""

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from camd.domain.campaign import CampaignStatus
from camd.schema.campaign import CampaignDetail
from camd.schema.figures import CampaignMetrics
from camd.ui.words import count, percent, rate


def show(campaign: CampaignDetail, metrics: CampaignMetrics) -> None:
    st.subheader("What would pause it", anchor=False)
    st.table(
        [{"rule": name, "now": now, "pauses": pauses} for name, now, pauses in _rules(campaign, metrics)],
        border="horizontal",
    )
    if campaign.status is CampaignStatus.PAUSED:
        st.caption(
            "Resuming by hand mutes the rule that paused it: a rate until it is higher than now, its age for as many "
            "days again, the goal until a target changes."
        )


def _rules(campaign: CampaignDetail, metrics: CampaignMetrics) -> list[tuple[str, str, str]]:
    rules, rates = campaign.pause_rules, metrics.rates
    return [
        ("the goal is reached", _goal(metrics), "at 100 % of every target" if metrics.goals else "never: no target"),
        (
            "too many leads are lost",
            rate(rates.loss, "contacted"),
            f"above {percent(rules.loss_rate)}, from {rules.loss_min_contacted:,} contacted on",
        ),
        ("too long without a qualified lead", _age(campaign, metrics.at), f"after {count(rules.age_days, 'day')} live"),
        (
            "too many mails bounce (28 days)",
            rate(rates.bounce, "sent"),
            f"above {percent(rules.bounce_pause)}, from {rules.bounce_min_sent:,} sent on",
        ),
        (
            "too many mails bounce for first mails",
            rate(rates.bounce, "sent"),
            f"no pause: above {percent(rules.bounce_slow)} only follow-ups go out",
        ),
        (
            "too many people complain (28 days)",
            rate(rates.complaint, "sent"),
            f"above {percent(rules.complaint_rate)}, from the first complaint on",
        ),
    ]


def _goal(metrics: CampaignMetrics) -> str:
    return "no target is set" if metrics.goal_progress is None else percent(metrics.goal_progress)


def _age(campaign: CampaignDetail, now: datetime) -> str:
    if campaign.first_live_at is None:
        return "never live yet"
    zone = ZoneInfo(campaign.timezone)
    days = now.astimezone(zone).date() - campaign.first_live_at.astimezone(zone).date()
    return f"{count(days.days, 'day')} since it first went live"
