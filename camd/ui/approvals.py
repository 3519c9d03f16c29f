"""The approval queue: each mail exactly as it will go, to be let out or taken back.

What is approved is what the visitor saw: a mail that was written anew since then waits on.
"""

from functools import partial

import streamlit as st

from camd.domain.campaign import Channel
from camd.schema.campaign import CampaignDetail
from camd.schema.page import MAX_LIMIT, Page
from camd.schema.touch import ApproveBody, CancelBody, Touch
from camd.ui.acting import act_button, act_confirmed, act_submit, warn
from camd.ui.notices import told
from camd.ui.queues import queued
from camd.ui.touch_view import Around, around, facts, person
from camd.ui.visitor import ConsoleClient
from camd.ui.words import count, plain

PAGE = 10


def show(client: ConsoleClient, campaign: CampaignDetail | None) -> None:
    buttons, mails = st.container(horizontal=True), st.container()
    key = f"approvals.{campaign.id if campaign else 'all'}"
    touches = queued(lambda cursor: _waiting(client, campaign, PAGE, cursor), key=key)
    with mails:
        if not touches:
            _say_nothing_waits(campaign)
            return
        surroundings = around(client, campaign, (touch.campaign_id for touch in touches))
        for touch in sorted(touches, key=lambda each: each.due_at):
            with st.container(border=True, key=f"approvals.mail.{touch.id}"), told():
                _mail(client, touch, surroundings)
    with buttons:
        act_confirmed(
            f"Approve the {len(touches)} on this page",
            f"{count(len(touches), 'mail')} may go out then, each at its time and inside all limits.",
            partial(_approve_page, client, touches),
            key="approvals.page",
            verb="Approve them",
        )
        if campaign is not None and len(touches) == PAGE:
            _offer_all(client, campaign)


def _waiting(client: ConsoleClient, campaign: CampaignDetail | None, limit: int, cursor: str | None) -> Page[Touch]:
    of = campaign.id if campaign else None
    return client.touches(status="planned", channel=Channel.EMAIL, campaign=of, limit=limit, cursor=cursor)


def _say_nothing_waits(campaign: CampaignDetail | None) -> None:
    text = "No mail waits for approval."
    if campaign is None:
        st.info(text)
    elif campaign.dry_run:
        st.info(f"{text} The campaign is in dry run: nothing is planned until it goes live (section Go live).")
    else:
        st.info(f"{text} New ones appear here by themselves as leads are found and follow-ups come near.")


def _mail(client: ConsoleClient, touch: Touch, surroundings: Around) -> None:
    lead = client.lead(touch.lead_id)
    who = plain(person(lead))
    st.markdown(f"**{who}**  \nStep {touch.step} of {plain(surroundings.campaigns[touch.campaign_id].name)}")
    facts(
        From=surroundings.origin(touch.mailbox),
        To=lead.email or "no address",
        Due=surroundings.due(touch),
        Subject=touch.subject,
    )
    st.text(touch.body or "Its text is not kept.")
    with st.container(horizontal=True):
        what = f"The mail to {who} may go out, not before {plain(surroundings.due(touch))}."
        approve = partial(_approve, client, touch, what)
        act_button("Approve", approve, key=f"approvals.approve.{touch.id}", primary=True)
        with st.popover("Cancel…"):
            _ask_for_reason(client, touch, who)


def _ask_for_reason(client: ConsoleClient, touch: Touch, who: str) -> None:
    st.markdown("It does not go out, and the lead is held. The step is planned anew once you release them.")
    with st.form(f"approvals.cancel_form.{touch.id}", border=False):
        key = f"approvals.reason.{touch.id}"
        st.text_area("Reason", key=key, max_chars=2000, placeholder="optional, kept as a note with the lead")
        act_submit("Cancel this mail", partial(_cancel, client, touch, who, key), key=f"approvals.cancel.{touch.id}")


def _cancel(client: ConsoleClient, touch: Touch, who: str, key: str) -> str:
    reason: str = st.session_state[key].strip()
    client.cancel(touch.id, CancelBody(reason=reason or None))
    return f"The mail to {who} was cancelled; they are held until you release them in Leads."


def _approve(client: ConsoleClient, touch: Touch, what: str) -> str | None:
    if not _is_as_read(client, touch):
        warn("That mail was written anew since you read it, and was not approved. Read it again below.")
        return None
    client.approve(touch.id)
    return what


def _is_as_read(client: ConsoleClient, touch: Touch) -> bool:
    present = client.touch(touch.id)
    return (present.subject, present.body) == (touch.subject, touch.body)


def _approve_page(client: ConsoleClient, touches: list[Touch]) -> str | None:
    as_read = tuple(touch.id for touch in touches if _is_as_read(client, touch))
    if len(as_read) < len(touches):
        anew = count(len(touches) - len(as_read), "mail was", "mails were")
        warn(f"{anew} written anew since you read them, and not approved.")
    if not as_read:
        return None
    report = client.approve_many(ApproveBody(ids=as_read))
    if report.refused:
        gone = count(len(report.refused), "mail was", "mails were")
        warn(f"{gone} not approved: somebody decided about them meanwhile, or they may not go any more.")
    return f"{count(report.approved, 'mail')} may go out." if report.approved else None


def _offer_all(client: ConsoleClient, campaign: CampaignDetail) -> None:
    """Counts only once it is open: the texts of hundreds of mails are read for it."""
    with st.popover("Approve all of the campaign", key="approvals.campaign", on_change="rerun") as popover, told():
        if not popover.open:
            return
        found = len(_waiting(client, campaign, MAX_LIMIT, None).items)
        many = f"{found} mails" if found < MAX_LIMIT else f"{MAX_LIMIT} mails or more"
        st.markdown(f"**{many}** wait, also those that you have not read. All of them may go out then.")
        act = partial(_approve_all, client, campaign)
        act_button("Approve them all", act, key="approvals.campaign.yes", primary=True)


def _approve_all(client: ConsoleClient, campaign: CampaignDetail) -> str:
    approved = 0
    while True:
        report = client.approve_many(ApproveBody(campaign=campaign.id, all=True))
        approved += report.approved
        if not (report.more and report.approved):
            return f"{count(approved, 'mail')} of {plain(campaign.name)} may go out, each at its time."
