"""What waits for a person, and deciding it in place."""

from collections.abc import Callable, Mapping

import streamlit as st

from camd.schema.campaign import CampaignDetail
from camd.schema.page import Page
from camd.schema.status import MailboxStatus, Status
from camd.schema.touch import Touch
from camd.ui import approvals, review, tasks, unknowns
from camd.ui.notices import told
from camd.ui.visitor import ConsoleClient
from camd.ui.words import count, moment, plain

REFRESH = "5s"
SECTIONS: Mapping[str, Callable[[ConsoleClient, CampaignDetail | None], None]] = {
    "approvals": approvals.show,
    "review": review.show,
    "unknown": unknowns.show,
    "tasks": tasks.show,
}
_OPEN = "waiting.open"


def show(client: ConsoleClient) -> None:
    _figures(client)
    chosen: str | None = st.session_state.get(_OPEN)
    if chosen is not None:
        with st.container(border=True, key="waiting.decide"):
            st.button("Close", key="waiting.close", icon=":material/close:", on_click=_open, args=(None,))
            with told():
                SECTIONS[chosen](client, None)


def _open(section: str | None) -> None:
    st.session_state[_OPEN] = section


@st.fragment(run_every=REFRESH)
def _figures(client: ConsoleClient) -> None:
    with told():
        _draw(client.status(), _tasks(tasks.waiting(client, None)))


def _tasks(first: Page[Touch]) -> str:
    """Empty where none waits."""
    more = " or more" if first.next else ""
    return f"**{count(len(first.items), 'task')}{more}** for a person" if first.items else ""


def _draw(status: Status, of_tasks: str) -> None:
    waiting = status.waiting
    disabled = [plain(box.name) for box in status.mailboxes if box.status is MailboxStatus.DISABLED]
    with st.container(horizontal=True, key="waiting"):
        if waiting.approvals:
            _matter(f"**{count(waiting.approvals, 'mail')}** to read and approve", "approvals")
        if waiting.inbox:
            _matter(f"**{count(waiting.inbox, 'answer')}** that camd could not judge", "review")
        if waiting.unknown:
            _matter(f"**{count(waiting.unknown, 'mail')}** that may or may not have arrived", "unknown")
        if of_tasks:
            _matter(of_tasks, "tasks")
    if disabled:
        st.warning(
            f"**{count(len(disabled), 'mailbox', 'mailboxes')}** may not send until somebody lets it: "
            f"{', '.join(disabled)}. *Mailboxes and providers* says why, and has the button."
        )
    if not (disabled or waiting.approvals or waiting.inbox or waiting.unknown or of_tasks):
        st.success("Nothing waits for you.", icon=":material/check_circle:")
    _holds(status)


def _matter(what: str, section: str) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", width="content"):
        st.markdown(what, width="content")
        if st.button("Decide", key=f"waiting.{section}", on_click=_open, args=(section,)):
            st.rerun()


def _holds(status: Status) -> None:
    """What keeps everything from being sent, and its mend."""
    zone = st.context.timezone or "UTC"
    if status.recovery.hold:
        since, why = moment(status.recovery.since, zone), plain(status.recovery.reason or "a restore or a clone")
        st.error(
            f"**Recovery hold** since {since}: {why}. Nothing is sent. Look at what `camd recover status` found; "
            "`camd recover release` lets mails go out again."
        )
    if not status.gate.open:
        why = plain(status.gate.reason or "no reason is known")
        st.error(
            f"**The send gate is closed** since {moment(status.gate.since, zone)}: {why}. Nothing is sent. Mend the "
            "cause; `camd gate open` opens it."
        )
    if not status.mailboxes:
        st.info(
            "**There is no mailbox yet**, so camd can look for people, but writes to nobody. `camd init` asks for what "
            "is needed and writes the configuration file."
        )
    elif status.dry_run:
        st.info(
            "**The instance is in dry run**: nobody is written to, whatever a campaign says. Set `dry_run = false` "
            "under `[engine]` in the configuration file and restart camd."
        )
