"""All campaigns at a glance, page by page: how each stands, how far its goal is, and what it waits for."""

import streamlit as st

from camd.domain.campaign import CampaignStatus, GoalCounts
from camd.domain.goals import Target
from camd.schema.campaign import CampaignSummary
from camd.schema.figures import Goal
from camd.schema.outlook import CampaignOutlook
from camd.ui.asking import paged
from camd.ui.campaign_standing import colour
from camd.ui.notices import told
from camd.ui.opening import open_campaign
from camd.ui.visitor import ConsoleClient
from camd.ui.words import STATUS, count, listed, mode, moment, money, number, plain, standing

REFRESH = "15s"
PAGE = 20


@st.fragment(run_every=REFRESH)
def show(client: ConsoleClient) -> None:
    status = st.selectbox(
        "Show",
        list(CampaignStatus),
        index=None,
        format_func=STATUS.__getitem__,
        placeholder="campaigns of every status",
        key="dashboard.campaigns.status",
    )
    with told():
        cards = st.container()
        page = paged(
            lambda cursor: client.campaigns(status=status, limit=PAGE, cursor=cursor),
            key=f"dashboard.campaigns.{status or 'all'}",
        )
        with cards:
            if not page:
                st.info("There is none. *Create New* makes a campaign in a few minutes, and nothing is sent by that.")
            for campaign in page:
                _card(client, campaign)


def _card(client: ConsoleClient, campaign: CampaignSummary) -> None:
    with st.container(border=True, key=f"dashboard.campaign.{campaign.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(campaign.name)}**", width="content")
            st.badge(standing(campaign.status, campaign.status_reason), color=colour(campaign.status))
            st.badge(mode(dry_run=campaign.dry_run), color="blue" if campaign.dry_run else "green")
            if st.button("Open", key=f"dashboard.open.{campaign.id}", on_click=open_campaign, args=(campaign.id,)):
                st.rerun()
        if about := listed((part for part in (campaign.target_niche, campaign.service_key) if part), none=""):
            st.caption(plain(about))
        left, right = st.columns(2, gap="medium")
        with left:
            _figures(client, campaign)
        with right, told():
            _waits(campaign, client.outlook(campaign.id))


def _figures(client: ConsoleClient, campaign: CampaignSummary) -> None:
    st.markdown(_funnel(campaign))
    limit, sent = campaign.daily_email_limit, campaign.sent_today
    st.progress(min(1.0, sent / limit), f"{sent:,} of {count(limit, 'mail')} sent today")
    with told():
        is_any = campaign.target_clients is not None or campaign.target_mrr is not None
        goals = {goal.target: goal for goal in client.campaign_metrics(campaign.id).goals} if is_any else {}
        for target in Target:
            if target in goals:
                st.progress(goals[target].progress, _goal(campaign, goals[target]))
            else:
                st.caption(_without_goal(campaign, target))


def _funnel(campaign: CampaignSummary) -> str:
    stages = (
        count(campaign.current_leads, "lead"),
        f"{campaign.contacted_leads:,} contacted",
        f"{campaign.replied_leads:,} answered",
        f"{campaign.qualified_leads + campaign.won_leads:,} qualified",
        f"**{campaign.won_leads:,} won**",
    )
    return " → ".join(stages)


def _goal(campaign: CampaignSummary, goal: Goal) -> str:
    """Both counts stand in it, whichever of them the goal counts."""
    counts_qualified = campaign.goal_counts is GoalCounts.QUALIFIED
    match goal.target:
        case Target.CLIENTS:
            of = f"{number(goal.achieved)} of {count(int(goal.wanted), 'client')}"
            rest = "" if counts_qualified else " (only won ones count)"
            return f"{of}: {campaign.qualified_leads:,} qualified, {campaign.won_leads:,} won{rest}"
        case Target.MRR:
            of = f"{money(goal.achieved, campaign.currency)} of {money(goal.wanted, campaign.currency)} a month"
            expected = goal.achieved - campaign.won_mrr
            rest = f", {money(expected, campaign.currency)} expected of the qualified" if counts_qualified else ""
            return f"{of}: {money(campaign.won_mrr, campaign.currency)} won{rest}"


def _without_goal(campaign: CampaignSummary, target: Target) -> str:
    match target:
        case Target.CLIENTS:
            return f"{campaign.qualified_leads:,} qualified, {campaign.won_leads:,} won; no goal in clients"
        case Target.MRR:
            return f"{money(campaign.won_mrr, campaign.currency)} a month won; no goal in money"


def _waits(campaign: CampaignSummary, outlook: CampaignOutlook) -> None:
    if outlook.next_mail_at is not None:
        st.markdown(f"Next mail: {moment(outlook.next_mail_at, outlook.timezone)}")
    if outlook.waits:
        st.markdown("\n".join(f"- {plain(wait.text)}" for wait in outlook.waits))
    elif campaign.status is CampaignStatus.ACTIVE:
        st.caption("It waits for nothing.")
