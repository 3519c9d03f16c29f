"""One lead's whole story: who it is, why it is or is not written to, what comes next, what happened, and what a person
may do about it."""

from collections.abc import Iterator
from typing import Literal

import streamlit as st

from camd.domain.lead import LeadStatus
from camd.schema.campaign import CampaignDetail
from camd.schema.lead import LeadDetail, WhyReport
from camd.schema.page import MAX_LIMIT
from camd.schema.touch import Touch
from camd.ui import lead_actions, lead_facts, lead_timeline
from camd.ui.lead_timeline import mail_text
from camd.ui.lead_words import (
    VERDICT,
    check_words,
    hold_words,
    name_of,
    next_words,
    receipt_words,
    standing_of,
    touch_words,
)
from camd.ui.visitor import ConsoleClient
from camd.ui.words import listed, moment, money, plain


def show(client: ConsoleClient, lead_id: str, campaign: CampaignDetail) -> None:
    lead, zone = client.lead(lead_id), campaign.timezone
    touches = client.touches(lead=lead_id, limit=MAX_LIMIT).items
    _head(lead, zone)
    lead_actions.show(client, lead, campaign)
    left, right = st.columns(2)
    with left:
        _why(client.why(lead_id), zone)
        _next(lead, touches, zone)
    with right:
        _facts(lead, campaign)
        lead_actions.edit(client, lead)
    st.subheader("Story", anchor=False)
    events = client.event_page(lead=lead_id, limit=MAX_LIMIT, newest=True).items
    messages = client.inbox(lead=lead_id, limit=MAX_LIMIT).items
    lead_timeline.show(events, touches, messages, zone=zone)


def _head(lead: LeadDetail, zone: str) -> None:
    st.subheader(plain(name_of(lead)), anchor=False)
    with st.container(horizontal=True):
        st.badge(plain(standing_of(lead.status, lead.status_reason)), color=_colour(lead.status))
        if lead.score is not None:
            st.badge(f"score {lead.score:.2f} of 1")
        for tag in lead.tags:
            st.badge(plain(tag), color="gray")
    about = listed(filter(None, (lead.title, lead.company, lead.email)), none="Nothing else is known.")
    st.text(about)
    for hold in lead.holds:
        note = f". Note: {hold.note}" if hold.note else ""
        st.warning(plain(f"On hold: {hold_words(hold, zone)}{note}"), icon=":material/pan_tool:")


def _colour(status: LeadStatus) -> Literal["green", "gray", "blue"]:
    match status:
        case LeadStatus.QUALIFIED | LeadStatus.WON:
            return "green"
        case LeadStatus.LOST:
            return "gray"
        case _:
            return "blue"


def _why(why: WhyReport, zone: str) -> None:
    st.subheader("Why", anchor=False)
    stops = [check for check in why.checks if not check.passed]
    if why.allowed:
        st.success("Everything allows its next mail to go out now.")
    st.markdown("  \n".join(f":material/block: {plain(check_words(check, zone))}" for check in stops))
    passed = [check_words(check, zone) for check in why.checks if check.passed]
    with st.expander(f"{len(passed)} of {len(why.checks)} checks pass"):
        st.markdown("  \n".join(f":material/check: {plain(words)}" for words in passed))


def _next(lead: LeadDetail, touches: list[Touch], zone: str) -> None:
    st.subheader("What next", anchor=False)
    st.text(next_words(lead, zone))
    for touch in touches:
        if touch.status in {"planned", "approved", "deferred"}:
            due = plain(f"{touch_words(touch)}, due {moment(touch.due_at, zone)}")
            with st.expander(due, icon=":material/schedule_send:"):
                st.code(mail_text(touch), language=None, wrap_lines=True)


def _facts(lead: LeadDetail, campaign: CampaignDetail) -> None:
    st.subheader("What is known", anchor=False)
    st.dataframe(
        [{"fact": name, "known": text} for name, text in _known(lead, campaign)],
        hide_index=True,
        height="content",
        alt="What is known of the lead",
    )
    if lead.receipts:
        st.caption("Asked of providers")
        for receipt in lead.receipts:
            st.text(receipt_words(receipt, campaign.timezone))


def _known(lead: LeadDetail, campaign: CampaignDetail) -> Iterator[tuple[str, str]]:
    if lead.verdict is not None:
        because = f" ({lead.verdict_evidence})" if lead.verdict_evidence else ""
        yield "The address", VERDICT[lead.verdict] + because
    if lead.won_mrr is not None:
        yield "Won a month", money(lead.won_mrr, campaign.currency)
    if lead.expected_mrr is not None:
        yield lead_facts.LABELS["expected_mrr"], money(lead.expected_mrr, campaign.currency)
    for name, text in lead_facts.shown(lead).items():
        if text and name not in {"custom", "expected_mrr"}:
            yield lead_facts.LABELS[name], text
    yield from lead.custom.items()
    yield "Found by", listed(filter(None, (lead.source, lead.source_ref)))
    yield "Found on", moment(lead.created_at, campaign.timezone)
