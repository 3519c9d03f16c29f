"""The ledger's events: what happened, in the past tense, and who did it.

A ledger row is never rewritten, so that erasing the rows it points to erases the person: its data carry ids,
reasons and figures. An address or a text in them is an `AssertionError`, that is, a bug.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from camd.domain.facts import CampaignId, LeadId, TouchId
from camd.domain.lead import (
    AnswerTakenBack,
    Discovered,
    Enriched,
    Erased,
    LeadEvent,
    LeadState,
    LeadStatus,
    Lost,
    Qualified,
    Reopened,
    Replied,
    TouchAccepted,
    Won,
)


class EventType(StrEnum):
    CAMPAIGN_CREATED = "campaign.created"
    CAMPAIGN_UPDATED = "campaign.updated"
    CAMPAIGN_ACTIVATED = "campaign.activated"
    CAMPAIGN_WENT_LIVE = "campaign.went_live"
    CAMPAIGN_WENT_DRY = "campaign.went_dry"
    CAMPAIGN_PAUSED = "campaign.paused"
    CAMPAIGN_RESUMED = "campaign.resumed"
    CAMPAIGN_COMPLETED = "campaign.completed"
    CAMPAIGN_ARCHIVED = "campaign.archived"
    LEAD_DISCOVERED = "lead.discovered"
    LEAD_DUPLICATE_SKIPPED = "lead.duplicate_skipped"
    LEAD_ENRICHED = "lead.enriched"
    LEAD_SCORED = "lead.scored"
    LEAD_CONTACTED = "lead.contacted"
    LEAD_REPLIED = "lead.replied"
    LEAD_QUALIFIED = "lead.qualified"
    LEAD_WON = "lead.won"
    LEAD_LOST = "lead.lost"
    LEAD_HELD = "lead.held"
    LEAD_RELEASED = "lead.released"
    LEAD_REOPENED = "lead.reopened"
    LEAD_ERASED = "lead.erased"
    TOUCH_PLANNED = "touch.planned"
    TOUCH_APPROVED = "touch.approved"
    TOUCH_SENT = "touch.sent"
    TOUCH_REJECTED = "touch.rejected"
    TOUCH_DEFERRED = "touch.deferred"
    TOUCH_UNKNOWN = "touch.unknown"
    TOUCH_RESOLVED = "touch.resolved"
    TOUCH_CANCELLED = "touch.cancelled"
    TOUCH_DONE = "touch.done"
    TOUCH_SKIPPED = "touch.skipped"
    INBOUND_RECEIVED = "inbound.received"
    INBOUND_RECLASSIFIED = "inbound.reclassified"
    SUPPRESSION_ADDED = "suppression.added"
    SUPPRESSION_REMOVED = "suppression.removed"
    QUOTA_EXHAUSTED = "quota.exhausted"
    PROVIDER_DEGRADED = "provider.degraded"
    PROVIDER_RECOVERED = "provider.recovered"
    MAILBOX_DEGRADED = "mailbox.degraded"
    MAILBOX_RECOVERED = "mailbox.recovered"
    ACTOR_CRASHED = "actor.crashed"
    ACTOR_PARKED = "actor.parked"
    GOAL_REACHED = "goal.reached"
    KILLSWITCH_ON = "killswitch.on"
    KILLSWITCH_OFF = "killswitch.off"
    TOKEN_CREATED = "token.created"  # noqa: S105 - the name of an event, no secret
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 - same
    EXPORT_MADE = "export.made"
    IMPORT_FINISHED = "import.finished"
    IMPORT_UNDONE = "import.undone"
    RECOVERY_HELD = "recovery.held"
    RECOVERY_RELEASED = "recovery.released"


PERSON = "person"
"""The actor of what the lead did: answered, opted out, complained."""
ENGINE = "engine"
_ACTOR = re.compile(r"person|engine|(token|os|rule):\S(.*\S)?")
_LONGEST = 200


def by_token(name: str) -> str:
    return f"token:{name}"


def by_user(user: str) -> str:
    """Somebody on this machine, by the name the operating system knows."""
    return f"os:{user}"


def by_rule(name: str) -> str:
    return f"rule:{name}"


Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Event:
    type: EventType
    at: datetime
    actor: str
    campaign_id: CampaignId | None = None
    lead_id: LeadId | None = None
    touch_id: TouchId | None = None
    data: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        assert _ACTOR.fullmatch(self.actor), f"{self.actor!r} names no actor"
        texts = {name: value for name, value in self.data.items() if isinstance(value, str)}
        for name, text in texts.items():
            assert _is_no_content(text), f"{name} of {self.type} carries an address or a text"


def _is_no_content(text: str) -> bool:
    is_one_line = text.splitlines() in ([], [text])
    return is_one_line and "@" not in text and len(text) <= _LONGEST


_OF_MOVE: Mapping[type[LeadEvent], EventType] = MappingProxyType(
    {
        Discovered: EventType.LEAD_DISCOVERED,
        Enriched: EventType.LEAD_ENRICHED,
        TouchAccepted: EventType.LEAD_CONTACTED,
        Replied: EventType.LEAD_REPLIED,
        Qualified: EventType.LEAD_QUALIFIED,
        Won: EventType.LEAD_WON,
        Lost: EventType.LEAD_LOST,
        Erased: EventType.LEAD_ERASED,
        Reopened: EventType.LEAD_REOPENED,
        AnswerTakenBack: EventType.LEAD_REOPENED,
    }
)


def ledger_type(event: LeadEvent, before: LeadState | None, after: LeadState) -> tuple[EventType, ...]:
    """What the ledger records of a legal move, in order; a move that leaves the status unchanged is recorded too.

    Only a follow-up to a contacted lead records nothing here: its touch's own event tells it.
    """
    was = before.status if before else None
    if isinstance(event, TouchAccepted) and was is after.status is LeadStatus.CONTACTED:
        return ()
    if isinstance(event, Won) and was is not LeadStatus.QUALIFIED:
        return (EventType.LEAD_QUALIFIED, EventType.LEAD_WON)
    return (_OF_MOVE[type(event)],)
