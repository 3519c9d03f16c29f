"""A campaign in figures and charts, each with what it is of."""

import streamlit as st

from camd.domain.campaign import CampaignStatus, GoalCounts
from camd.domain.goals import Target
from camd.domain.lead import LeadStatus
from camd.schema.campaign import CampaignDetail
from camd.schema.figures import CampaignMetrics, CampaignSeries, Goal
from camd.schema.outlook import CampaignOutlook
from camd.ui.charts import planned_mails
from camd.ui.lead_words import HELD, LIMITS
from camd.ui.words import count, day, moment, money, number, plain, rate
from camd.ui.words import told as as_words


def waits(outlook: CampaignOutlook) -> None:
    if outlook.waits:
        reasons = "".join(f"\n- {plain(wait.text)}" for wait in outlook.waits)
        st.info(f"**What it waits for**\n{reasons}", icon=":material/hourglass_empty:")
    if outlook.next_mail_at is not None:
        st.caption(f"Next mail: {plain(moment(outlook.next_mail_at, outlook.timezone))}")
    elif not outlook.waits:
        st.caption("Nothing holds it back, and no mail is planned.")


def goal(metrics: CampaignMetrics, campaign: CampaignDetail) -> None:
    st.subheader("Goal", anchor=False)
    for each in metrics.goals:
        st.progress(each.progress, text=plain(_goal_words(each, campaign)))
    if not metrics.goals:
        st.caption("No target is set, so it never ends by success. Set one under *Edit*.")


def _goal_words(goal: Goal, campaign: CampaignDetail) -> str:
    counted = "qualified or won" if campaign.goal_counts is GoalCounts.QUALIFIED else "won"
    if goal.target is Target.MRR:
        return (
            f"{money(goal.achieved, campaign.currency)} of {money(goal.wanted, campaign.currency)} a month ({counted})"
        )
    return f"{number(goal.achieved)} of {count(int(goal.wanted), 'client')} ({counted})"


def today(metrics: CampaignMetrics, outlook: CampaignOutlook) -> None:
    leads = metrics.leads
    with st.container(horizontal=True, key="overview.today"):
        st.metric("Qualified", f"{leads[LeadStatus.QUALIFIED]:,}", border=True, width="content")
        st.metric("Won", f"{leads[LeadStatus.WON]:,}", border=True, width="content")
        st.metric("Won a month", money(metrics.won_mrr, metrics.currency), border=True, width="content")
        st.metric("May still go out today", count(outlook.left_today, "mail"), border=True, width="content")
    if metrics.dry_run or metrics.status is not CampaignStatus.ACTIVE:
        st.caption("That is what the limits allow. Mails go out only while the campaign is active and live.")


def funnel(metrics: CampaignMetrics) -> None:
    st.subheader("Funnel", anchor=False)
    reached = metrics.funnel
    if not reached.leads:
        st.caption("No lead yet. Import a list under *Files*, or add a source under *Edit*.")
        return
    stages = {
        "found": reached.leads,
        "contacted": reached.contacted,
        "answered": reached.replied,
        "qualified": reached.qualified,
        "won": reached.won,
    }
    st.bar_chart(
        [{"stage": f"{stage} ({number:,})", "leads": number} for stage, number in stages.items()],
        x="stage",
        y="leads",
        x_label="",
        y_label="leads",
        horizontal=True,
        sort=False,
        alt="Leads at each stage of the funnel",
    )


def per_day(series: CampaignSeries) -> None:
    st.subheader("Touches and answers a day", anchor=False)
    if not any(each.sent or each.tasks_done or each.answers for each in series.days):
        st.caption(f"None in the last {len(series.days)} days.")
        return
    st.bar_chart(
        [
            {"day": day(each.day), "mails": each.sent, "tasks": each.tasks_done, "answers": each.answers}
            for each in series.days
        ],
        x="day",
        y=["mails", "tasks", "answers"],
        x_label=f"day in {series.timezone}",
        y_label="number",
        sort=False,
        stack=False,
        alt="Mails, tasks and answers on each of the last 14 days",
    )


def where_leads_stand(metrics: CampaignMetrics) -> None:
    st.subheader("Where leads stand", anchor=False)
    st.table(
        [{"status": status.value, "leads": number} for status, number in metrics.leads.items()], border="horizontal"
    )
    holds = [{"on hold because": HELD[reason], "leads": number} for reason, number in metrics.holds.items() if number]
    if holds:
        st.table(holds, border="horizontal")


def planned(outlook: CampaignOutlook) -> None:
    st.subheader("Planned mails", anchor=False)
    planned_mails(
        outlook.planned,
        none="None in the next 14 days. Mails are planned while the campaign is active and live.",
        x_label=f"day in {outlook.timezone}",
        y_label="mails",
        alt="Mails planned for each of the next 14 days",
    )


def rates(metrics: CampaignMetrics) -> None:
    st.subheader("Rates", anchor=False)
    found = metrics.rates
    figures = {
        "answers": rate(found.reply, "contacted"),
        "qualified or won": rate(found.conversion, "contacted"),
        "opted out": rate(found.opt_out, "contacted"),
        "lost after contact": rate(found.loss, "contacted"),
        "bounces, 28 days": rate(found.bounce, "sent"),
        "complaints, 28 days": rate(found.complaint, "sent"),
    }
    st.table([{"rate": name, "now": words} for name, words in figures.items()], border="horizontal")


def quotas(metrics: CampaignMetrics) -> None:
    st.subheader("Limits today", anchor=False)
    st.table(
        [
            {
                "limit": LIMITS.get(use.scope, as_words(use.scope)),
                "of": plain(use.key or ""),
                "used": f"{number(use.used)} of {number(use.limit)}",
            }
            for use in metrics.quotas
        ],
        border="horizontal",
    )
