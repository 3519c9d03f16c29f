"""The tab Campaigns."""

import streamlit as st

from camd.ui.visitor import ConsoleClient
from camd.ui.words import mode, plain, standing


def show(client: ConsoleClient) -> None:
    for campaign in client.campaigns().items:
        how = standing(campaign.status, campaign.status_reason)
        st.markdown(f"{plain(campaign.name)}: {how}, {mode(dry_run=campaign.dry_run)}")
