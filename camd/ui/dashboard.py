"""The tab Dashboard: one screen to see it all, and one button that stops it all."""

import streamlit as st

from camd.ui import (
    campaign_cards,
    event_feed,
    health_view,
    instance_charts,
    instance_totals,
    kill_switch,
    person_search,
    suppression_list,
    waiting_view,
)
from camd.ui.notices import told
from camd.ui.visitor import ConsoleClient


def show(client: ConsoleClient) -> None:
    with told():
        kill_switch.show(client)
    waiting_view.show(client)
    instance_totals.show(client)
    left, right = st.columns([2, 1], gap="medium")
    with left:
        st.subheader("Campaigns")
        campaign_cards.show(client)
    with right:
        st.subheader("As it happens")
        event_feed.show(client)
    st.subheader("In pictures")
    instance_charts.show(client)
    st.subheader("Mailboxes and providers")
    health_view.show(client)
    st.subheader("Find a person")
    person_search.show(client)
    st.subheader("Suppressed: nobody writes to them")
    with told():
        suppression_list.show(client)
