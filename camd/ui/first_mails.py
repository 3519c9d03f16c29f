"""What a campaign will send first, when, from which mailboxes, and how fast it can go."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from camd.domain.campaign import AutonomyMode, CampaignStatus
from camd.domain.preflight import FindingName
from camd.schema.campaign import CampaignDetail
from camd.schema.outlook import CampaignOutlook
from camd.schema.preflight import Finding
from camd.schema.preview import Preview
from camd.schema.status import MailboxState
from camd.ui.visitor import ConsoleClient
from camd.ui.words import count, moment, plain

SHOWN = 5
_TOLD = frozenset({"dry_run_campaign", "not_active"})
"""Reasons to wait that the page tells by itself."""
_STATUS = {"usable": "may send", "disabled": "disabled", "stopped": "stopped for now"}


@dataclass(frozen=True, slots=True)
class Ahead:
    """`mails` are the first ones to come; `approval` says who has to let them out."""

    outlook: CampaignOutlook
    mails: list[Preview]
    mailboxes: list[MailboxState]
    approval: str


def look_ahead(client: ConsoleClient, campaign: CampaignDetail) -> Ahead:
    states = [state for state in client.mailboxes().items if not campaign.mailboxes or state.name in campaign.mailboxes]
    mails = client.preview(campaign.id, limit=SHOWN).items
    return Ahead(client.outlook(campaign.id), mails, states, _approval(campaign))


def show_ahead(ahead: Ahead, campaign: CampaignDetail, findings: Sequence[Finding]) -> None:
    if campaign.status is not CampaignStatus.ACTIVE:
        st.warning("The campaign is not active: nothing is sent before it is, live or not.")
    outlook = ahead.outlook
    left, sent = count(outlook.left_today, "mail"), campaign.sent_today
    lines = [
        f"**Today** {left} may still go out; {sent} of the {campaign.daily_email_limit} of this campaign were sent.",
        f"**Approval** {ahead.approval}",
        *(f"**Pace** {plain(each.message)}." for each in findings if each.name is FindingName.CAPACITY),
        *(f"**Waits** {plain(wait.text)}" for wait in outlook.waits if wait.reason not in _TOLD),
    ]
    st.markdown("  \n".join(lines))
    _mailboxes(ahead.mailboxes)
    _mails(ahead.mails, campaign)


def _approval(campaign: CampaignDetail) -> str:
    autonomy = campaign.autonomy
    if autonomy.mode is AutonomyMode.FULL or not autonomy.approve_first:
        return "No mail waits for a person: each goes at its time."
    first = count(autonomy.approve_first, "mail")
    return f"Mails wait in Approvals until somebody has let out {first}; from then on each goes by itself."


def _mailboxes(states: Sequence[MailboxState]) -> None:
    if states:
        st.table(
            [
                {
                    "Mailbox": plain(state.address),
                    "State": _STATUS[state.status],
                    "Today": f"{state.used_today} of {state.limit_today}",
                    "Tomorrow": f"up to {state.limit_tomorrow}",
                }
                for state in states
            ],
            hide_index=True,
        )


def _mails(mails: Sequence[Preview], campaign: CampaignDetail) -> None:
    if not mails:
        st.info("No mail is prepared yet. Import leads, then run a dry cycle in Manual Run to see the first ones.")
        return
    planned = "as the dry run saw them; they are planned anew" if campaign.dry_run else "as they are planned now"
    st.markdown(f"**The first mails**, {planned}:")
    for mail in mails:
        when = moment(mail.due_at, campaign.timezone)
        with st.expander(f"{plain(when)}: step {mail.step} to {plain(mail.email or 'a lead')}"):
            st.markdown(f"**Subject** {plain(mail.subject)}")
            st.text(mail.body)
