"""The review list: messages about which camd asks a person, each with its evidence and one-click decisions."""

from functools import partial

import streamlit as st

from camd.schema.campaign import CampaignDetail
from camd.schema.inbound import ClassifyBody, Inbound
from camd.schema.lead import Lead
from camd.ui.acting import act_button, act_confirmed, warn
from camd.ui.decisions import AWAY, CONVERTED, OF_A_STRANGER, OTHERS, TAKEN_FOR, Decision, answers
from camd.ui.notices import told
from camd.ui.queues import queued
from camd.ui.touch_view import facts, person
from camd.ui.visitor import ConsoleClient
from camd.ui.words import moment, plain

PAGE = 10
_LONG = 1_500
"""Characters of a text that are shown at once."""


def show(client: ConsoleClient, campaign: CampaignDetail | None) -> None:
    place = st.container()
    of = campaign.id if campaign else None
    messages = queued(
        lambda cursor: client.inbox(waiting=True, campaign=of, limit=PAGE, cursor=cursor), key=f"review.{of or 'all'}"
    )
    with place:
        if not messages:
            st.info("No answer waits for you. What camd understands by itself is done already; the rest comes here.")
            return
        known = {campaign.id: campaign} if campaign else {}
        for inbound in messages:
            with st.container(border=True, key=f"review.message.{inbound.id}"), told():
                _message(client, inbound, known)


def _message(client: ConsoleClient, inbound: Inbound, known: dict[int, CampaignDetail]) -> None:
    if inbound.lead_id is None:
        _head("Somebody who is no lead", None, inbound)
        decisions: tuple[Decision, ...] = OF_A_STRANGER
        lead = None
    else:
        lead = client.lead(inbound.lead_id)
        if lead.campaign_id not in known:
            known[lead.campaign_id] = client.campaign(lead.campaign_id)
        _head(person(lead), (lead, known[lead.campaign_id]), inbound)
        decisions = answers(lead, known[lead.campaign_id])
    _words(inbound)
    st.text_input("Note", key=_note_key(inbound), max_chars=2000, placeholder="optional, kept with it")
    for decision in decisions:
        _offer(client, inbound, decision)
    if lead is not None:
        _offer_away(client, inbound)
        with st.expander("Something else"):
            for decision in OTHERS:
                _offer(client, inbound, decision)


def _note_key(inbound: Inbound) -> str:
    return f"review.note.{inbound.id}"


def _head(who: str, of: tuple[Lead, CampaignDetail] | None, inbound: Inbound) -> None:
    zone = of[1].timezone if of else st.context.timezone or "UTC"
    where = f"  \n{plain(of[1].name)}, lead {of[0].status.value}" if of else ""
    st.markdown(f"**{plain(who)}**{where}")
    facts(
        From=inbound.sender or "an address that is not kept",
        Received=f"{moment(inbound.received_at, zone)}, mailbox {inbound.mailbox}",
        Subject=inbound.subject,
        Taken_for=TAKEN_FOR[inbound.kind],
        Evidence=inbound.evidence,
    )


def _words(inbound: Inbound) -> None:
    if not inbound.text:
        st.caption("Its text is not kept here: look into the mailbox.")
        return
    with st.container(border=True):
        st.text(inbound.text[:_LONG] + ("…" if len(inbound.text) > _LONG else ""))
    if len(inbound.text) > _LONG:
        with st.expander("The whole text"):
            st.text(inbound.text)


def _offer(client: ConsoleClient, inbound: Inbound, decision: Decision) -> None:
    """A button, and beside it what it does."""
    key = f"review.{decision.kind.value}{'.qualified' if decision.qualifies else ''}.{inbound.id}"
    act = partial(_decide, client, inbound, decision)
    button, effect = st.columns([1, 3], gap="xxsmall", vertical_alignment="center")
    effect.markdown(decision.effect)
    with button:
        if decision.for_good:
            act_confirmed(f"{decision.label}…", decision.effect, act, key=key, verb=decision.label)
        else:
            act_button(decision.label, act, key=key)


def _offer_away(client: ConsoleClient, inbound: Inbound) -> None:
    button, effect = st.columns([1, 3], gap="xxsmall", vertical_alignment="center")
    effect.markdown(AWAY.effect)
    with button, st.popover(f"{AWAY.label}…"):
        until = f"review.until.{inbound.id}"
        st.date_input("Last day of the absence", value=inbound.until, key=until, format="YYYY-MM-DD")
        act = partial(_decide, client, inbound, AWAY, until)
        act_button("They are away", act, key=f"review.out_of_office.{inbound.id}", primary=True)


def _decide(client: ConsoleClient, inbound: Inbound, decision: Decision, until: str | None = None) -> str | None:
    """`until` is the key of the day. Where two people had it open, the first word counts."""
    present = client.inbound(inbound.id)
    if not present.waiting:
        warn(f"Somebody decided about that message meanwhile: it is {TAKEN_FOR[present.kind]}. It was left so.")
        return None
    note: str = st.session_state[_note_key(inbound)].strip()
    given = {"until": st.session_state[until] if until else None, "note": note or None}
    client.classify(inbound.id, ClassifyBody.model_validate({"class": decision.kind, **given}))
    if decision.qualifies and inbound.lead_id and client.lead(inbound.lead_id).status not in CONVERTED:
        client.qualify(inbound.lead_id)
    return f"The message of {plain(inbound.sender or 'somebody')}: {decision.label}. {decision.effect}"
