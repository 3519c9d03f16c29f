"""Which mailbox writes to a lead: the first step chooses, later steps stay with it."""

import hashlib
from collections.abc import Mapping, Sequence

from camd.domain.campaign import Campaign
from camd.domain.lead import Lead
from camd.ports.records import Touch
from camd.ports.settings import MailboxSettings


def choose_mailbox(
    mailboxes: Mapping[str, MailboxSettings], campaign: Campaign, lead: Lead, touches: Sequence[Touch]
) -> str | None:
    """The thread's mailbox, else of the campaign's mailboxes (none named: all) one by the lead's hash, each in
    proportion to its daily limit; none where no mailbox is configured."""
    if before := next((touch.mailbox for touch in touches if touch.mailbox), None):
        return before
    names = [name for name in campaign.definition.mailboxes or sorted(mailboxes) if name in mailboxes]
    return max(names, key=lambda name: _share(name, lead, mailboxes[name].daily_limit), default=None)


def _share(name: str, lead: Lead, weight: int) -> float:
    """Weighted rendezvous hashing: the same choice for the same lead, whatever was asked before."""
    digest = hashlib.sha256(f"{name}\0{lead.id}".encode()).digest()
    uniform = (int.from_bytes(digest[:8]) + 1) / 2**64
    return float(uniform ** (1 / weight))
