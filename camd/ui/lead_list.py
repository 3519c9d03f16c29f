"""The people of a campaign, filtered and in pages; one of them is opened, by `?lead=` in the page's address too."""

from typing import Any

import streamlit as st

from camd.domain.lead import LeadStatus
from camd.schema.campaign import CampaignDetail
from camd.schema.lead import Lead, LeadBody
from camd.ui import lead_story
from camd.ui.asking import paged
from camd.ui.lead_actions import checked
from camd.ui.lead_facts import as_patch, fields
from camd.ui.lead_words import HELD, name_of, standing_of
from camd.ui.notices import done, told
from camd.ui.visitor import ConsoleClient
from camd.ui.words import listed, moment, plain

OPEN = "lead"
"""The parameter of the page's address."""
_ANY = "any"
_HELD = {"either": None, "yes": True, "no": False}


def show(client: ConsoleClient, campaign: CampaignDetail) -> None:
    opened = st.query_params.get(OPEN)
    if opened is None:
        _list(client, campaign)
        return
    if st.button("Back to the list", key="leads.back", icon=":material/arrow_back:") or not _is_in(
        client, campaign, opened
    ):
        del st.query_params[OPEN]
        st.rerun()
    lead_story.show(client, opened, campaign)


def _is_in(client: ConsoleClient, campaign: CampaignDetail, lead_id: str) -> bool:
    """Another campaign may have been chosen since the lead was opened."""
    return client.lead(lead_id).campaign_id == campaign.id


def _list(client: ConsoleClient, campaign: CampaignDetail) -> None:
    wanted = _filters()
    table = st.container()
    key = "leads.page." + ".".join(str(part) for part in (campaign.id, *wanted.values()))
    leads = paged(lambda cursor: client.leads(campaign.id, cursor=cursor, **wanted), key=key)
    with table:
        if leads:
            _table(leads, campaign.timezone)
        elif any(value is not None for value in wanted.values()):
            st.info("Nobody matches. Take a filter away to see more.")
        else:
            st.info("Nobody is in it yet. Import a CSV under *Files*, or add somebody here.")
    _add(client, campaign)


def _filters() -> dict[str, Any]:
    """`Any`: they become the arguments of `client.leads`."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="leads.filters"):
        search = st.text_input(
            "Search", key="leads.search", placeholder="name, address, company", persist_state="session"
        )
        status = st.selectbox("Status", [_ANY, *LeadStatus], key="leads.status", persist_state="session")
        held = st.selectbox("On hold", list(_HELD), key="leads.held", persist_state="session")
        tag = st.text_input("Tag", key="leads.tag", persist_state="session")
    return {
        "search": search.strip() or None,
        "status": None if status == _ANY else status,
        "held": _HELD[held],
        "tag": tag.strip() or None,
    }


def _table(leads: list[Lead], zone: str) -> None:
    names = {lead.id: name_of(lead) for lead in leads}
    st.dataframe(
        [_row(lead, zone) for lead in leads],
        hide_index=True,
        placeholder="",
        key="leads.table",
        on_select=_open_row,
        selection_mode="single-row",
        alt="The leads of this page",
    )
    st.selectbox(
        "Open",
        list(names),
        None,
        format_func=lambda lead: f"{names[lead]} ({lead})",
        key="leads.open",
        placeholder="Choose a lead here, or its row above",
        on_change=_open_chosen,
    )
    st.session_state["leads.rows"] = list(names)


def _open_row() -> None:
    rows: list[int] = st.session_state["leads.table"]["selection"]["rows"]
    ids: list[str] = st.session_state["leads.rows"]
    if rows and rows[0] < len(ids):
        st.query_params[OPEN] = ids[rows[0]]


def _open_chosen() -> None:
    if lead := st.session_state["leads.open"]:
        st.query_params[OPEN] = lead


def _row(lead: Lead, zone: str) -> dict[str, object]:
    return {
        "name": " ".join(filter(None, (lead.first_name, lead.last_name))),
        "status": standing_of(lead.status, lead.status_reason),
        "company": lead.company,
        "e-mail": lead.email,
        "score": lead.score,
        "on hold because": listed((HELD[hold.reason] for hold in lead.holds), none=""),
        "next look": moment(lead.next_action_at, zone) if lead.next_action_at and not lead.holds else None,
        "tags": listed(lead.tags, none=""),
    }


def _add(client: ConsoleClient, campaign: CampaignDetail) -> None:
    with st.expander("Add one lead"), st.form("leads.add", border=False):
        typed = fields(None)
        if st.form_submit_button("Add", type="primary"):
            with checked(), told():
                added = client.add_lead(campaign.id, LeadBody.model_validate(as_patch(typed, None)))
                done(f"{plain(name_of(added))} is in the campaign.")
                st.query_params[OPEN] = added.id
                st.rerun()
