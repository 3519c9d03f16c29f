"""All campaigns together in figures, archived ones too: what they found, wrote to and won."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import streamlit as st

from camd.schema.campaign import CampaignSummary
from camd.ui.campaign_choice import every_campaign
from camd.ui.notices import told
from camd.ui.visitor import ConsoleClient
from camd.ui.words import money, percent

REFRESH = "15s"


@dataclass(frozen=True, slots=True)
class Totals:
    """`qualified` are qualified or won now; `revenue` is what the won leads bring a month, by currency."""

    leads: int
    contacted: int
    answered: int
    qualified: int
    won: int
    revenue: Mapping[str, Decimal]
    sent_today: int

    @property
    def funnel(self) -> Mapping[str, int]:
        return {
            "Leads": self.leads,
            "Contacted": self.contacted,
            "Answered": self.answered,
            "Qualified": self.qualified,
            "Won": self.won,
        }


def totals_of(campaigns: Iterable[CampaignSummary]) -> Totals:
    every = list(campaigns)
    won = sum(each.won_leads for each in every)
    revenue: dict[str, Decimal] = {}
    for each in every:
        if each.won_mrr:
            revenue[each.currency] = revenue.get(each.currency, Decimal(0)) + each.won_mrr
    return Totals(
        leads=sum(each.current_leads for each in every),
        contacted=sum(each.contacted_leads for each in every),
        answered=sum(each.replied_leads for each in every),
        qualified=won + sum(each.qualified_leads for each in every),
        won=won,
        revenue=revenue,
        sent_today=sum(each.sent_today for each in every),
    )


@st.fragment(run_every=REFRESH)
def show(client: ConsoleClient) -> None:
    with told():
        _draw(totals_of(every_campaign(client)))


def _draw(totals: Totals) -> None:
    revenue = [money(amount, currency) for currency, amount in sorted(totals.revenue.items())]
    with st.container(horizontal=True, key="totals"):
        _figure("Leads", totals.leads, "People in all campaigns")
        _figure("Contacted", totals.contacted, "Were written to at least once")
        _figure("Answered", totals.answered, f"{_share(totals.answered, totals.contacted)} of the contacted")
        _figure("Qualified", totals.qualified, f"Qualified or won: {_share(totals.qualified, totals.contacted)}")
        _figure("Won", totals.won, f"Signed clients: {_share(totals.won, totals.contacted)} of the contacted")
        st.metric("Revenue a month", " + ".join(revenue) or "none yet", border=True, width="stretch")
        _figure("Mails sent today", totals.sent_today, "Each campaign counts its own local day")


def _figure(label: str, value: int, about: str) -> None:
    st.metric(label, f"{value:,}", border=True, width="stretch", help=about)


def _share(part: int, whole: int) -> str:
    return percent(part / whole) if whole else "none"
