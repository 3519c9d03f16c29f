"""The one button that stops all sending, and the one that lets it go on."""

import streamlit as st

from camd.schema.status import KillSwitch, KillSwitchBody
from camd.ui.event_words import by_whom
from camd.ui.notices import done, told
from camd.ui.visitor import ConsoleClient
from camd.ui.words import moment, plain


def show(client: ConsoleClient) -> None:
    switch = client.kill_switch()
    if switch.on:
        st.error(_stopped(switch))
    _button(client, is_on=switch.on)


def _stopped(switch: KillSwitch) -> str:
    since = moment(switch.since, st.context.timezone or "UTC")
    by = f" by {plain(by_whom(switch.by))}" if switch.by else ""
    reason = f": {plain(switch.reason)}" if switch.reason else ""
    return f"**All sending is stopped** since {since}{by}{reason}"


def _button(client: ConsoleClient, *, is_on: bool) -> None:
    label = "Let mails go out again" if is_on else "Stop all sending"
    with st.popover(label, icon=":material/emergency_home:", key=f"kill-switch.{'off' if is_on else 'on'}"):
        if is_on:
            st.markdown("Mails go out again at once, as far as limits, windows and holds let them.")
        else:
            st.markdown(
                "Within a second no campaign sends any mail, until somebody lets them go out again. Answers are still "
                "read. A mail that is being handed over at this moment still goes."
            )
        reason = st.text_input("Why (for the others, may stay empty)", key="kill-switch.reason", max_chars=2000)
        verb = "Yes, let mails go out" if is_on else "Yes, stop all sending"
        if st.button(verb, key="kill-switch.confirm", type="primary"):
            _turn(client, KillSwitchBody(on=not is_on, reason=reason.strip() or None))


def _turn(client: ConsoleClient, body: KillSwitchBody) -> None:
    with told():
        client.set_kill_switch(body)
        done("All sending is stopped." if body.on else "Mails go out again.")
        st.rerun()
