"""The tab Campaigns: one campaign is chosen, by `?campaign=` in the page's address too, and one section of it shown."""

from collections.abc import Callable, Mapping

import streamlit as st

from camd.domain.campaign import CampaignStatus
from camd.schema.campaign import CampaignDetail, CampaignSummary
from camd.ui import (
    approvals,
    campaign_edit,
    campaign_files,
    campaign_overview,
    campaign_standing,
    going_live,
    lead_list,
    review,
    tasks,
    unknowns,
)
from camd.ui.campaign_choice import every_campaign, label
from camd.ui.visitor import ConsoleClient

SECTIONS: Mapping[str, Callable[[ConsoleClient, CampaignDetail], None]] = {
    "Overview": campaign_overview.show,
    "Approvals": approvals.show,
    "Review": review.show,
    "Leads": lead_list.show,
    "Unknown": unknowns.show,
    "Tasks": tasks.show,
    "Go live": going_live.show,
    "Edit": campaign_edit.show,
    "Files": campaign_files.show,
}
CHOSEN = "campaign"
"""The parameter of the page's address."""
_MANY = 10
_ORDER = (
    CampaignStatus.ACTIVE,
    CampaignStatus.PAUSED,
    CampaignStatus.DRAFT,
    CampaignStatus.COMPLETED,
    CampaignStatus.ARCHIVED,
)
"""What one works with first; of each status the newest."""


def show(client: ConsoleClient) -> None:
    known = sorted(every_campaign(client), key=lambda campaign: _ORDER.index(campaign.status))
    if not known:
        st.info("There is no campaign yet. Make one under *Create New*: it begins in dry run and writes to nobody.")
        return
    campaign = client.campaign(_choose(known))
    campaign_standing.show(client, campaign)
    section = st.segmented_control(
        "Section",
        list(SECTIONS),
        default="Leads" if lead_list.OPEN in st.query_params else "Overview",
        required=True,
        key="campaigns.section",
        label_visibility="collapsed",
        persist_state="session",
    )
    SECTIONS[section or "Overview"](client, campaign)


def _choose(known: list[CampaignSummary]) -> int:
    labels = {campaign.id: label(campaign) for campaign in known}
    ids = list(labels)
    wanted = st.query_params.get(CHOSEN)
    places = {str(number): place for place, number in enumerate(ids)}
    if wanted is not None and wanted not in places:
        st.warning("There is no campaign of the number in the page's address. This is another one.")
    chosen: int = st.selectbox(
        f"Campaign (type to search {len(ids):,})" if len(ids) > _MANY else "Campaign",
        ids,
        places.get(wanted or "", 0),
        format_func=labels.__getitem__,
        key="campaigns.campaign",
    )
    st.query_params[CHOSEN] = str(chosen)
    return chosen
