"""Tasks: steps that a person does, such as a call, to be ticked off or left out."""

from functools import partial

import streamlit as st

from camd.domain.campaign import Channel
from camd.schema.campaign import CampaignDetail
from camd.schema.page import Page
from camd.schema.touch import Touch
from camd.ui.acting import act_button
from camd.ui.notices import told
from camd.ui.queues import queued
from camd.ui.touch_view import Around, around, facts, person
from camd.ui.visitor import ConsoleClient
from camd.ui.words import plain

PAGE = 20


def show(client: ConsoleClient, campaign: CampaignDetail | None) -> None:
    place = st.container()
    key = f"tasks.{campaign.id if campaign else 'all'}"
    touches = queued(lambda cursor: waiting(client, campaign, cursor), key=key)
    with place:
        if not touches:
            _say_nothing_waits(campaign)
            return
        surroundings = around(client, campaign, (touch.campaign_id for touch in touches))
        for touch in sorted(touches, key=lambda each: each.due_at):
            with st.container(border=True, key=f"tasks.task.{touch.id}"), told():
                _task(client, touch, surroundings)


def waiting(client: ConsoleClient, campaign: CampaignDetail | None, cursor: str | None = None) -> Page[Touch]:
    of = campaign.id if campaign else None
    return client.touches(status="planned", channel=Channel.TASK, campaign=of, limit=PAGE, cursor=cursor)


def _say_nothing_waits(campaign: CampaignDetail | None) -> None:
    has_tasks = campaign is None or any(step.channel is Channel.TASK for step in campaign.steps)
    hint = "" if has_tasks else " A step of the channel task, such as a call, is added in the section Edit."
    st.info(f"No task waits to be done.{hint}")


def _task(client: ConsoleClient, touch: Touch, surroundings: Around) -> None:
    lead = client.lead(touch.lead_id)
    campaign = surroundings.campaigns[touch.campaign_id]
    who = plain(person(lead))
    st.markdown(f"**{who}**  \nStep {touch.step} of {plain(campaign.name)}")
    facts(
        Due=surroundings.due(touch), Task=touch.subject, Mail=lead.email, Phone=lead.phone, LinkedIn=lead.linkedin_url
    )
    st.text(touch.body or "Its text is not kept.")
    st.caption("Either way the next step follows; only who was contacted counts as contacted.")
    with st.container(horizontal=True):
        act_button("Done", partial(_tick_off, client, touch, who), key=f"tasks.done.{touch.id}", primary=True)
        act_button("Skip", partial(_skip, client, touch, who), key=f"tasks.skip.{touch.id}")


def _tick_off(client: ConsoleClient, touch: Touch, who: str) -> str:
    client.done(touch.id)
    return f"Done: {who} counts as contacted."


def _skip(client: ConsoleClient, touch: Touch, who: str) -> str:
    client.skip(touch.id)
    return f"The task for {who} was left out; the next step follows."
