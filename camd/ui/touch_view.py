"""What stands around a touch that waits for a person: its campaign, its mailbox and the person. One request for each
campaign of the page that is shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import streamlit as st

from camd.schema.campaign import CampaignDetail
from camd.schema.lead import Lead
from camd.schema.touch import Touch
from camd.ui.lead_words import name_of
from camd.ui.visitor import ConsoleClient
from camd.ui.words import listed, moment

ANY_MAILBOX = "the mailbox that has most room when it goes"


@dataclass(frozen=True, slots=True)
class Around:
    """`addresses` are those of the mailboxes by their names."""

    campaigns: Mapping[int, CampaignDetail]
    addresses: Mapping[str, str]

    def origin(self, mailbox: str | None) -> str:
        """Who sends: the address, and the mailbox by which camd knows it."""
        if mailbox is None:
            return ANY_MAILBOX
        return f"{self.addresses.get(mailbox, 'an address that is no longer configured')} (mailbox {mailbox})"

    def due(self, touch: Touch) -> str:
        return moment(touch.due_at, self.campaigns[touch.campaign_id].timezone)


def around(client: ConsoleClient, campaign: CampaignDetail | None, ids: Iterable[int]) -> Around:
    """`ids` are the campaigns that a list of all of them shows."""
    if campaign is not None:
        campaigns = {campaign.id: campaign}
    else:
        campaigns = {number: client.campaign(number) for number in sorted(set(ids))}
    return Around(campaigns, {state.name: state.address for state in client.mailboxes().items})


def person(lead: Lead) -> str:
    """Such as "Ann Example, Owner, Example Dental"; plain text of strangers, not for markdown as it is."""
    return listed(part for part in dict.fromkeys((name_of(lead), lead.title, lead.company)) if part)


def facts(**lines: str | None) -> None:
    """As the head of a mail: what strangers wrote stays plain text, and an address no link. What is none is left
    out."""
    shown = (f"{label.replace('_', ' ')}: {' '.join(text.split())}" for label, text in lines.items() if text)
    st.text("\n".join(shown))
