"""Which mailbox writes to a lead: the first step chooses, later steps stay with it; and whether one may be used."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from camd.domain.campaign import Campaign
from camd.domain.lead import Lead
from camd.pipeline import send_quota
from camd.ports.records import Touch
from camd.ports.settings import MailboxSettings
from camd.ports.store import Tx


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why a mailbox may not be used now; `until` is none where a person has to act."""

    reason: str
    until: datetime | None = None


def unusable(tx: Tx, mailboxes: Mapping[str, MailboxSettings], name: str, now: datetime) -> Unusable | None:
    """None where the mailbox may be used."""
    if name not in mailboxes:
        return Unusable("not_configured")
    state = tx.mailboxes.get(name)
    if state.disabled is not None:
        return Unusable(state.disabled)
    if state.stopped_until is not None and state.stopped_until > now:
        return Unusable(state.stopped_for or "stopped", state.stopped_until)
    return None


def volumes_left(tx: Tx, mailboxes: Mapping[str, MailboxSettings], now: datetime) -> dict[str, int]:
    """What is left of today's volume of each usable mailbox when all that is planned there has gone; below 0 where
    more is planned than a day takes."""
    return {
        name: send_quota.volume_left(tx, box, now) - tx.touches.queued(name)
        for name, box in mailboxes.items()
        if unusable(tx, mailboxes, name, now) is None
    }


def choose_mailbox(
    mailboxes: Mapping[str, MailboxSettings],
    left: Mapping[str, int],
    campaign: Campaign,
    lead: Lead,
    touches: Sequence[Touch],
) -> str | None:
    """The thread's mailbox; else, of the campaign's (none named: all), the usable one that the lead's mail was
    planned for, or the one with the most volume `left`, ties by the lead's hash. Where none is usable the mail waits
    for one of them; none where none is configured."""
    if thread := next((touch.mailbox for touch in touches if touch.mailbox and touch.message_id), None):
        return thread
    names = [name for name in campaign.definition.mailboxes or sorted(mailboxes) if name in mailboxes]
    usable = [name for name in names if name in left]
    if planned := next((touch.mailbox for touch in touches if touch.mailbox in usable), None):
        return planned
    return max(usable or names, key=lambda name: (left.get(name, 0), _hash(name, lead)), default=None)


def _hash(name: str, lead: Lead) -> bytes:
    return hashlib.sha256(f"{name}\0{lead.id}".encode()).digest()
