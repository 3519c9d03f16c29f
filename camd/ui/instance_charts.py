"""What people would rather look at than read: mails and answers by day, the funnel, and what is planned."""

from collections.abc import Mapping, Sequence

import streamlit as st

from camd.schema.figures import Day
from camd.schema.outlook import OUTLOOK_DAYS
from camd.ui.campaign_choice import every_campaign
from camd.ui.charts import planned_mails
from camd.ui.instance_totals import totals_of
from camd.ui.notices import told
from camd.ui.visitor import ConsoleClient

REFRESH = "60s"
DAYS = 30
HEIGHT = 280


@st.fragment(run_every=REFRESH)
def show(client: ConsoleClient) -> None:
    past, funnel, future = st.columns(3, gap="medium")
    with past, told():
        st.markdown(f"##### The last {DAYS} days")
        _past(client.instance_series(days=DAYS).days)
    with funnel, told():
        st.markdown("##### The funnel")
        _funnel(totals_of(every_campaign(client)).funnel)
    with future, told():
        st.markdown(f"##### The next {OUTLOOK_DAYS} days")
        planned_mails(
            client.instance_outlook().planned,
            none="Nothing is planned. Mails are planned once a campaign is active and its leads are scored.",
            x_label="day (each campaign's own)",
            y_label="mails planned",
            height=HEIGHT,
            alt="First mails and follow-ups planned for each of the next days",
        )


def _past(days: Sequence[Day]) -> None:
    if not any(each.sent or each.tasks_done or each.answers for each in days):
        st.caption("Nothing was sent yet. A campaign sends once it is live and active.")
        return
    rows = [{"day": each.day, "touches": each.sent + each.tasks_done, "answers": each.answers} for each in days]
    st.line_chart(
        rows,
        x="day",
        y=["touches", "answers"],
        x_label="day (each campaign's own)",
        y_label="touches and answers",
        height=HEIGHT,
        alt=f"Touches and answers on each of the last {DAYS} days",
    )
    st.caption("Touches are mails sent and tasks done.")


def _funnel(funnel: Mapping[str, int]) -> None:
    if not funnel["Leads"]:
        st.caption("There are no leads yet. *Create New* takes a file of them, or sources that find them.")
        return
    rows = [{"stage": stage, "leads": leads} for stage, leads in funnel.items()]
    st.bar_chart(
        rows,
        x="stage",
        y="leads",
        y_label="leads",
        x_label="",
        horizontal=True,
        sort=False,
        height=HEIGHT,
        alt=", ".join(f"{stage}: {leads:,}" for stage, leads in funnel.items()),
    )
