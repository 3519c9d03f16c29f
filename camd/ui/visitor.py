"""The visitor of the console and the client that asks camd in their name.

While no token exists the visitor is whoever may reach the console on this machine. Once there is one, each visitor
gives their own, also where the console uses the socket, so that the ledger names who decided.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import streamlit as st

from camd.client import SyncCamdClient
from camd.client.call import SECONDS, Call
from camd.client.errors import ApiError, Unreachable
from camd.ui.notices import show_problem

T = TypeVar("T")

SOCKET = "CAMD_CONSOLE_SOCKET"
"""The environment variable in which `camd ui` names the configured socket."""
READ_SECONDS = 10.0
"""A person waits no longer for a page; what it shows is tried again."""
LOOK_EVERY = "3s"
_TOKEN = "visitor.token"  # noqa: S105 - a key of the session, no secret
_REFUSED = (401, 403)


class ConsoleClient(SyncCamdClient):
    """Gives up reading sooner than a program would; what is written is waited for."""

    def ask(self, call: Call[T]) -> T:
        is_short = call.method == "GET" and call.seconds == SECONDS
        return super().ask(replace(call, seconds=READ_SECONDS) if is_short else call)


@st.cache_resource(max_entries=200, ttl="12h", show_spinner=False, on_release=ConsoleClient.close)
def _client(token: str | None) -> ConsoleClient:
    socket = os.environ.get(SOCKET)
    return ConsoleClient(token=token, socket=Path(socket) if socket else None)


def enter() -> ConsoleClient:
    """The client of this visitor. Ends the run with a question for their token, or a word that camd does not answer,
    and goes on by itself once it does."""
    token: str | None = st.session_state.get(_TOKEN)
    client = _client(token)
    try:
        if token is None and _is_token_needed(client):
            _ask_for_token()
        client.status()
    except ApiError as refusal:
        if refusal.problem.status in _REFUSED:
            st.session_state.pop(_TOKEN, None)
            show_problem(refusal.problem)
            _ask_for_token()
        show_problem(refusal.problem)
        _wait_for(client)
    except Unreachable:
        st.error("camd does not answer. On its machine `systemctl status camd` says why; `camd run` starts it by hand.")
        _wait_for(client)
    return client


def leave() -> None:
    """Forgets the visitor's token."""
    st.session_state.pop(_TOKEN, None)


def has_token() -> bool:
    return _TOKEN in st.session_state


def _is_token_needed(client: ConsoleClient) -> bool:
    try:
        return bool(client.tokens(limit=1).items)
    except ApiError as refusal:
        if refusal.problem.status in _REFUSED:
            return True
        raise


def _ask_for_token() -> None:
    """Ends the run."""
    with st.form("visitor"):
        st.subheader("Who are you?")
        st.write("camd records who decided what. Give your token; `camd tokens create NAME --scope operate` makes one.")
        token = st.text_input("Token", type="password", autocomplete="off")
        if st.form_submit_button("Go on", type="primary"):
            st.session_state[_TOKEN] = token.strip() or None
            if st.session_state[_TOKEN] is None:
                leave()
            st.rerun()
    st.stop()


def _wait_for(client: ConsoleClient) -> None:
    """Ends the run, and begins another as soon as camd answers."""

    @st.fragment(run_every=LOOK_EVERY)
    def look() -> None:
        st.caption("The console looks every 3 s and goes on by itself.")
        try:
            client.status()
        except (ApiError, Unreachable):
            return
        st.rerun()

    look()
    st.stop()
