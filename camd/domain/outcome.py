"""What a stage decides about one lead. `pipeline/cycle.py` alone acts on it."""

from dataclasses import dataclass
from datetime import datetime

from camd.domain.lead import Lead, LeadEvent
from camd.domain.waterfall import Offer


@dataclass(frozen=True, slots=True)
class Advance:
    """`lead` is the lead with what was learned and its next action; `events` are its moves, in order."""

    lead: Lead
    events: tuple[LeadEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Snooze:
    """Not an attempt: the lead is looked at again at `until`; none waits for a doorbell or a person.

    `reason` is a word of `CycleReport.waiting_for`, none where something else says what is waited for.
    """

    until: datetime | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Want:
    """`lead` with what was learned so far needs the answer to one more question, which costs."""

    lead: Lead
    offer: Offer


Outcome = Advance | Snooze | Want
