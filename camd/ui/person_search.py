"""One person in every campaign, found by their address: what is kept of them, and the way out for them."""

import streamlit as st

from camd.schema.lead import LeadExport
from camd.schema.person import PersonExport
from camd.schema.suppression import SuppressionBody
from camd.ui import lead_story
from camd.ui.asking import confirmed
from camd.ui.notices import done, told
from camd.ui.suppression_words import GIVEN, REASONS
from camd.ui.visitor import ConsoleClient
from camd.ui.words import count, moment, plain

_FOUND = "person.found"


def show(client: ConsoleClient) -> None:
    with st.form("person.search", border=False):
        address = st.text_input(
            "Address of a person", key="person.address", placeholder="anna@example.com", autocomplete="off"
        )
        if st.form_submit_button("Find", key="person.find") and address.strip():
            with told():
                _find(client, address.strip())
    st.caption("The ledger records that somebody was looked up, not who.")
    found: PersonExport | None = st.session_state.get(_FOUND)
    if found is not None:
        with st.container(border=True, key="person"):
            _person(client, found)


def _find(client: ConsoleClient, address: str) -> None:
    st.session_state.pop(_FOUND, None)
    st.session_state[_FOUND] = client.person(address)


def _person(client: ConsoleClient, found: PersonExport) -> None:
    st.text(found.address)
    st.markdown(_known(found))
    if (standing := found.suppression) is not None:
        what = f"its {standing.kind}" if standing.value is None else plain(standing.value)
        since = moment(standing.created_at, st.context.timezone or "UTC")
        st.warning(f"Nobody writes to this address: {what} is suppressed ({REASONS[standing.reason]}) since {since}.")
    _actions(client, found)
    if found.leads:
        _story(client, found.leads)


def _known(found: PersonExport) -> str:
    if not (found.leads or found.candidates or found.inbound):
        return "Nobody of this address is known. It can be suppressed or erased all the same, before it is ever found."
    others = [
        *([count(len(found.candidates), "row") + " of sources not yet a lead"] if found.candidates else []),
        *([count(len(found.inbound), "message") + " that belong to no lead"] if found.inbound else []),
    ]
    return ", ".join([f"A lead in {count(len(found.leads), 'campaign')}", *others]) + "."


def _actions(client: ConsoleClient, found: PersonExport) -> None:
    with st.container(horizontal=True):
        if found.suppression is None:
            _suppress(client, found.address)
        st.download_button(
            "Export (JSON)",
            found.model_dump_json(indent=2),
            file_name="person.json",
            mime="application/json",
            key="person.export",
            on_click="ignore",
        )
        _erase(client, found.address)
        if st.button("Close", key="person.close"):
            del st.session_state[_FOUND]
            st.rerun()


def _suppress(client: ConsoleClient, address: str) -> None:
    with st.popover("Never write to them", key="person.suppress"):
        reason = st.selectbox("Why", GIVEN, format_func=REASONS.__getitem__, key="person.suppress.reason")
        note = st.text_input("Note (may stay empty)", key="person.suppress.note", max_chars=2000)
        if st.button("Yes, never write to them", key="person.suppress.confirm", type="primary"):
            with told():
                client.add_suppression(SuppressionBody(value=address, reason=reason, note=note.strip() or None))
                _find(client, address)
                done(f"Nobody writes to {plain(address)} any more, in any campaign.")
                st.rerun()


def _erase(client: ConsoleClient, address: str) -> None:
    question = (
        f"Everything that is kept of **{plain(address)}** is removed from every campaign, for good. Only a keyed hash "
        "stays, so that nobody ever writes to them again. Export first what you must keep."
    )
    if confirmed("Erase", question, key="person.erase", verb="Yes, erase this person"):
        with told():
            erased = client.erase_person(address)
            st.session_state.pop(_FOUND, None)
            kept = count(erased.leads, "lead"), count(erased.candidates, "candidate"), count(erased.messages, "message")
            done(f"Erased: {', '.join(kept)}. Nobody writes to this person any more.")
            st.rerun()


def _story(client: ConsoleClient, leads: list[LeadExport]) -> None:
    campaigns = {each.lead.id: client.campaign(each.lead.campaign_id) for each in leads}
    chosen = st.selectbox(
        "Story in the campaign",
        list(campaigns),
        format_func=lambda lead_id: campaigns[lead_id].name,
        key="person.story",
    )
    with told():
        lead_story.show(client, chosen, campaigns[chosen])
