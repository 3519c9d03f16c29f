"""The way from the dashboard to one campaign in the tab Campaigns."""

import streamlit as st

from camd.ui.campaigns import CHOSEN


def open_campaign(campaign_id: int) -> None:
    """For a button's `on_click`: the tabs take it in the run that follows."""
    st.query_params[CHOSEN] = str(campaign_id)
    st.session_state.pop("campaigns.campaign", None)  # what was chosen there before would outdo the address
    st.session_state["tab"] = "Campaigns"
