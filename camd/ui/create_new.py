"""The tab Create New."""

import streamlit as st

from camd.schema.definition import CampaignBody
from camd.ui.notices import done
from camd.ui.visitor import ConsoleClient
from camd.ui.words import plain


def show(client: ConsoleClient) -> None:
    with st.form("create"):
        name = st.text_input("Name")
        if st.form_submit_button("Create in dry run"):
            made = client.create_campaign(CampaignBody(name=name))
            done(f"The campaign {plain(made.name)} was created in dry run.")
            st.rerun()
