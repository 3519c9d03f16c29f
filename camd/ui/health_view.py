"""How the mailboxes and providers are: what they may still do, what is wrong with one, and how it is mended."""

from collections.abc import Mapping
from typing import Literal

import streamlit as st

from camd.schema.mailbox import MailboxTest
from camd.schema.status import InboxStatus, MailboxState, MailboxStatus, ProviderState
from camd.ui.asking import confirmed
from camd.ui.notices import done, told
from camd.ui.visitor import ConsoleClient
from camd.ui.words import count, listed, moment, number, plain
from camd.ui.words import told as as_words

REFRESH = "10s"
_LOOKS: Mapping[MailboxStatus, Literal["green", "orange", "red"]] = {
    MailboxStatus.USABLE: "green",
    MailboxStatus.STOPPED: "orange",
    MailboxStatus.DISABLED: "red",
}
_TRIED = "health.tried"


@st.fragment(run_every=REFRESH)
def show(client: ConsoleClient) -> None:
    with told():
        status = client.status()
        st.markdown("##### Mailboxes")
        if not status.mailboxes:
            st.info("There is none, so nothing can be sent. `camd init` sets one up; `[mailboxes]` is where it stands.")
        columns = st.columns(3)
        for number_, box in enumerate(status.mailboxes):
            with columns[number_ % len(columns)]:
                _mailbox(client, box)
        st.markdown("##### Providers")
        for provider in status.providers:
            _provider(provider)


def _mailbox(client: ConsoleClient, box: MailboxState) -> None:
    with st.container(border=True, key=f"health.{box.name}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{plain(box.name)}**", width="content")
            st.badge(_standing(box), color=_LOOKS[box.status])
        st.text(box.address)
        used = min(1.0, box.used_today / box.limit_today) if box.limit_today else 1.0
        st.progress(used, _used(box))
        st.caption(_inbox(box))
        if box.detail:
            st.warning(plain(box.detail))
        if box.inbox_detail:
            st.warning(plain(box.inbox_detail))
        _actions(client, box)


def _standing(box: MailboxState) -> str:
    match box.status:
        case MailboxStatus.USABLE:
            return "may send"
        case MailboxStatus.DISABLED:
            return f"disabled: {_why(box)}"
        case MailboxStatus.STOPPED:
            return f"rests until {moment(box.until, _zone())}: {_why(box)}"


def _why(box: MailboxState) -> str:
    return "by a person" if box.reason == "operator" else as_words(box.reason or "no reason is known")


def _used(box: MailboxState) -> str:
    """Such as "5 of 5 mails used today, 7 tomorrow (in its ramp up to 30 a day), 12 queued"."""
    used = f"{box.used_today:,} of {count(box.limit_today, 'mail')} used today, {box.limit_tomorrow:,} tomorrow"
    ramp = f" (in its ramp up to {box.daily_limit:,} a day)" if box.limit_today < box.daily_limit else ""
    queued = f", {box.queued:,} queued" if box.queued else ""
    return used + ramp + queued


def _inbox(box: MailboxState) -> str:
    match box.inbox:
        case InboxStatus.NONE:
            return "It has no inbox: answers are not seen."
        case InboxStatus.HEARING if box.last_heard_at is None:
            return "Its inbox is read for the first time since camd started."
        case InboxStatus.HEARING:
            return f"Inbox read to its end: {moment(box.last_heard_at, _zone())}"
        case InboxStatus.DEAF:
            return f"Its inbox cannot be read; last heard: {moment(box.last_heard_at, _zone())}"


def _actions(client: ConsoleClient, box: MailboxState) -> None:
    with st.container(horizontal=True):
        if st.button("Try the log-in", key=f"health.try.{box.name}"):
            with told():
                st.session_state[f"{_TRIED}.{box.name}"] = client.try_mailbox(box.name)
        if box.status is MailboxStatus.USABLE:
            question = "It sends nothing, in any campaign, until somebody lets it send again."
            if confirmed("Stop it", question, key=f"health.disable.{box.name}", verb="Yes, stop it"):
                with told():
                    client.disable_mailbox(box.name)
                    done(f"The mailbox {plain(box.name)} sends nothing until somebody lets it send again.")
                    st.rerun()
        else:
            question = "It sends again at once, whatever had stopped it. Mend the cause first."
            if confirmed("Let it send again", question, key=f"health.enable.{box.name}", verb="Yes, let it send"):
                with told():
                    client.enable_mailbox(box.name)
                    done(f"The mailbox {plain(box.name)} may send again.")
                    st.rerun()
    tried: MailboxTest | None = st.session_state.get(f"{_TRIED}.{box.name}")
    if tried is not None:
        (st.success if tried.ok else st.error)(plain(tried.message))


def _provider(provider: ProviderState) -> None:
    if not provider.roles:
        st.markdown(f"**{plain(provider.name)}**: not used, for it has no key in the configuration")
        return
    roles = plain(listed(as_words(role) for role in provider.roles))
    st.markdown(f"**{plain(provider.name)}** ({roles}): {_state(provider)}")
    if provider.problem:
        st.warning(plain(provider.problem))


def _state(provider: ProviderState) -> str:
    rests = f"rests until {moment(provider.rests_until, _zone())}" if provider.rests_until else "ready"
    if provider.credits_today is None:
        return rests
    spent = number(provider.credits_today)
    of = "" if provider.credits_per_day is None else f" of {number(provider.credits_per_day)}"
    return f"{rests}, {spent}{of} credits used today"


def _zone() -> str:
    return st.context.timezone or "UTC"
