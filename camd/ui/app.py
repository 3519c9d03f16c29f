"""The operator console's page: a line that says how camd stands, and one tab for each kind of work.

Streamlit runs this file anew whenever its visitor does something. Which tab is open stands in the page's address. The
line on top asks camd every few seconds; when camd comes back, or no longer knows the visitor, it begins the page anew,
and what was typed stays.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import streamlit as st

from camd.client import calls
from camd.client.errors import ApiError, Unreachable
from camd.schema.status import Status
from camd.ui import campaigns, create_new, dashboard, manual_run, visitor
from camd.ui.notices import show_done, told
from camd.ui.visitor import ConsoleClient
from camd.ui.words import plain

TABS: Mapping[str, Callable[[ConsoleClient], None]] = {
    "Dashboard": dashboard.show,
    "Campaigns": campaigns.show,
    "Create New": create_new.show,
    "Manual Run": manual_run.show,
}
HEARTBEAT_SECONDS = 3.0
_AWAY = "app.away"


def main() -> None:
    st.set_page_config(page_title="camd", layout="wide")
    client = visitor.enter()
    _standing(client)
    with st.container():  # the tabs below keep their place, and with it what is being typed there
        show_done()
    for tab, show in zip(st.tabs(list(TABS), key="tab", bind="query-params"), TABS.values(), strict=True):
        if tab.open:
            with tab, told():
                show(client)


@st.fragment(run_every=HEARTBEAT_SECONDS)
def _standing(client: ConsoleClient) -> None:
    try:
        status = client.ask(replace(calls.status(), seconds=HEARTBEAT_SECONDS))
    except Unreachable:
        st.session_state[_AWAY] = True
        st.error("camd does not answer, or is slow to. The console looks every 3 s and goes on by itself.")
        return
    except ApiError:
        st.rerun()
    if st.session_state.pop(_AWAY, False):
        st.rerun()
    _say(status)


def _say(status: Status) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**camd** {plain(status.version)}")
        if status.dry_run:
            st.badge("instance in dry run: nothing is sent", color="blue")
        if status.kill_switch.on:
            st.badge("kill switch on: nothing is sent", color="red")
        if status.recovery.hold:
            st.badge("recovery hold: nothing is sent", color="red")
        if not status.gate.open:
            st.badge(f"send gate closed: {plain(status.gate.reason or 'see camd gate status')}", color="red")
        if not status.ready:
            st.badge("not ready", color="orange")
        if visitor.has_token() and st.button("Leave", key="app.leave", help="Forgets your token in this window."):
            visitor.leave()
            st.rerun()


if __name__ == "__main__":
    main()
