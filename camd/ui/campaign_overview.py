"""A campaign at a glance: its goal and figures, which refresh by themselves, its sequence, and the places it is told
of people at."""

from decimal import Decimal

import streamlit as st

from camd.domain.campaign import Channel
from camd.schema.campaign import CampaignDetail, Crash
from camd.schema.definition_parts import StepBody, default_wait
from camd.schema.outlook import OUTLOOK_DAYS
from camd.ui import campaign_figures, pause_rules
from camd.ui.notices import told
from camd.ui.visitor import ConsoleClient
from camd.ui.words import count, moment, number, plain

REFRESH = "10s"


def show(client: ConsoleClient, campaign: CampaignDetail) -> None:
    if campaign.crash is not None:
        _tell_crash(campaign.crash, campaign.timezone)
    _figures(client, campaign)
    _sequence(campaign)
    if campaign.hook_urls:
        _hooks(campaign)


@st.fragment(run_every=REFRESH)
def _figures(client: ConsoleClient, campaign: CampaignDetail) -> None:
    with told():
        outlook = client.outlook(campaign.id)
        metrics = client.campaign_metrics(campaign.id)
        series = client.timeseries(campaign.id, days=OUTLOOK_DAYS)
        campaign_figures.goal(metrics, campaign)
        campaign_figures.today(metrics, outlook)
        campaign_figures.waits(outlook)
        left, right = st.columns(2)
        with left:
            campaign_figures.per_day(series)
            campaign_figures.funnel(metrics)
        with right:
            campaign_figures.planned(outlook)
            campaign_figures.rates(metrics)
        pause_rules.show(campaign, metrics)
        left, right = st.columns(2)
        with left:
            campaign_figures.where_leads_stand(metrics)
        with right:
            campaign_figures.quotas(metrics)


def _tell_crash(crash: Crash, zone: str) -> None:
    st.error(
        f"**A bug stopped this campaign's work**, last on {plain(moment(crash.at, zone))}: {plain(crash.error)}. Once "
        "its cause is mended, or camd was updated, *Resume* starts it again; camd's log has the details."
    )


def _sequence(campaign: CampaignDetail) -> None:
    st.subheader("Sequence", anchor=False)
    if not campaign.steps:
        st.info("It has no step yet, so nobody can be written to. Write the first mail under *Edit*.")
    for place, step in enumerate(campaign.steps, 1):
        with st.expander(_step_title(place, step)):
            if step.channel is Channel.EMAIL:
                st.text(f"Subject: {step.subject or '(answers in the thread of the mail before)'}")
            st.code(step.body, language=None, wrap_lines=True)


def _step_title(place: int, step: StepBody) -> str:
    kind = "mail" if step.channel is Channel.EMAIL else "task"
    wait = step.wait_days if step.wait_days is not None else default_wait(place)
    if place == 1:
        when = "first" if not wait else f"{_days(wait)} after the lead is ready"
    else:
        when = f"{_days(wait)} after the step before"
    subject = f": {plain(step.subject)}" if step.subject else ""
    return f"Step {place}, {kind}, {when}{subject}"


def _days(wait: Decimal) -> str:
    return count(int(wait), "working day") if wait == wait.to_integral_value() else f"{number(wait)} days"


def _hooks(campaign: CampaignDetail) -> None:
    st.subheader("Hooks", anchor=False)
    st.caption("Forms and other programs send people here. Whoever knows an address can add people: keep it secret.")
    for name, url in campaign.hook_urls.items():
        st.text(name)
        if url is not None:
            st.code(url, language=None, wrap_lines=True)
    if campaign.hook_hint:
        st.info(plain(campaign.hook_hint))
