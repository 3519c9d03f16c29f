"""Mails of which nobody knows whether they arrived: where to look, and what a person found."""

from functools import partial

import streamlit as st

from camd.schema.campaign import CampaignDetail
from camd.schema.touch import Resolution, Touch
from camd.ui.acting import act_button, act_confirmed
from camd.ui.notices import told
from camd.ui.queues import queued
from camd.ui.touch_view import Around, around, facts, person
from camd.ui.visitor import ConsoleClient
from camd.ui.words import plain

PAGE = 20
_MEANING = (
    "The connection was lost while these mails were handed over, so camd cannot know whether they arrived. It never "
    "sends one of them again by itself, counts each against the limits, and writes nothing more to the person until "
    "this is settled. A copy in the Sent folder, an answer or a bounce settles it by itself; else you decide."
)
_AGAIN = (
    "It goes out again as soon as all limits let, with the same Message-ID. If it did arrive after all, the person "
    "reads it twice."
)


def show(client: ConsoleClient, campaign: CampaignDetail | None) -> None:
    place = st.container()
    of = campaign.id if campaign else None
    touches = queued(
        lambda cursor: client.touches(status="unknown", campaign=of, limit=PAGE, cursor=cursor),
        key=f"unknowns.{of or 'all'}",
    )
    with place:
        if not touches:
            st.info("Of every mail it is known whether it was handed over. There is nothing to do here.")
            return
        st.markdown(_MEANING)
        surroundings = around(client, campaign, (touch.campaign_id for touch in touches))
        for touch in touches:
            with st.container(border=True, key=f"unknowns.mail.{touch.id}"), told():
                _mail(client, touch, surroundings)


def _mail(client: ConsoleClient, touch: Touch, surroundings: Around) -> None:
    lead = client.lead(touch.lead_id)
    campaign = surroundings.campaigns[touch.campaign_id]
    who = plain(person(lead))
    st.markdown(f"**{who}**  \nStep {touch.step} of {plain(campaign.name)}")
    facts(To=lead.email or "no address", Subject=touch.subject, Was_due=surroundings.due(touch))
    st.markdown(f"Look into the **Sent folder** of {plain(surroundings.origin(touch.mailbox))} for this Message-ID:")
    st.code(touch.message_id or "none was given", language=None, wrap_lines=True)
    with st.container(horizontal=True):
        arrived = partial(_resolve, client, touch, Resolution.SENT, f"The mail to {who} counts as sent.")
        act_button("It was sent", arrived, key=f"unknowns.sent.{touch.id}", primary=True)
        ready = f"The mail to {who} goes out again as soon as all limits let, unless nobody may write to them any more."
        again = partial(_resolve, client, touch, Resolution.RETRY, ready)
        act_confirmed("It never arrived…", _AGAIN, again, key=f"unknowns.retry.{touch.id}", verb="Send it again")


def _resolve(client: ConsoleClient, touch: Touch, outcome: Resolution, what: str) -> str:
    client.resolve(touch.id, outcome)
    return what
