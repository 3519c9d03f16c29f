"""What a person decides about a touch, in the caller's transaction: touch, lead and ledger together.

`allowed` says what may be decided now; anything else is an `AssertionError`, that is, a bug of the caller.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from camd.domain.campaign import Campaign, Channel
from camd.domain.events import EventType
from camd.domain.lead import Hold, HoldReason, Lead, LeadEvent, Outside, OutsideFact, react
from camd.pipeline import record, settle
from camd.pipeline.approval import approvals_counter
from camd.pipeline.context import Context
from camd.pipeline.owners import lead_of
from camd.ports.records import DeliveryFact, Touch, TouchStatus
from camd.ports.store import Tx
from camd.telemetry.logs import get_log

log = get_log()


class Verb(StrEnum):
    APPROVE = "approve"
    RESOLVE = "resolve"
    CANCEL = "cancel"
    DONE = "done"
    SKIP = "skip"


_OF_MAIL: Mapping[TouchStatus, tuple[Verb, ...]] = MappingProxyType(
    {
        TouchStatus.PLANNED: (Verb.APPROVE, Verb.CANCEL),
        TouchStatus.APPROVED: (Verb.CANCEL,),
        TouchStatus.DEFERRED: (Verb.CANCEL,),
        TouchStatus.INTENT: (Verb.CANCEL,),
        TouchStatus.UNKNOWN: (Verb.RESOLVE,),
    }
)
_OF_TASK: Mapping[TouchStatus, tuple[Verb, ...]] = MappingProxyType(
    {TouchStatus.PLANNED: (Verb.DONE, Verb.SKIP, Verb.CANCEL)}
)


def allowed(touch: Touch) -> tuple[Verb, ...]:
    """What a person may decide about it in its present status."""
    moves = _OF_MAIL if touch.channel == Channel.EMAIL else _OF_TASK
    return moves.get(touch.status, ())


def approve(tx: Tx, campaign: Campaign, touch: Touch, *, actor: str, now: datetime) -> Touch:
    """Lets this very text go out from its planned instant on."""
    _require(Verb.APPROVE, touch)
    after = replace(touch, status=TouchStatus.APPROVED, approved_by=actor, ready_at=touch.due_at)
    saved = _save(tx, touch, after, EventType.TOUCH_APPROVED, actor, now)
    tx.counters.add(campaign.id, approvals_counter(touch.steps_version), 1)
    _go_on(tx, touch, actor=actor, now=now)
    return saved


def resolve(tx: Tx, ctx: Context, touch: Touch, *, sent: bool, actor: str, now: datetime) -> Touch:
    """Settles a touch of which nobody knew whether it arrived.

    Not `sent`: it may go out again at once, with the same Message-ID and new debits; those of the first attempt stay.
    A lead that nobody may write to any more keeps its status, and what is not sent is cancelled. So is what has lost
    its text, as after an older database was restored: its step is planned anew.
    """
    _require(Verb.RESOLVE, touch)
    after = _taken_as_sent(touch, now) if sent else _tried_again(touch, now)
    word = "sent" if sent else "retry"
    saved = _save(tx, touch, after, EventType.TOUCH_RESOLVED, actor, now, **{"as": word})
    if saved.sent_at is not None:
        settle.count(tx, ctx, saved, DeliveryFact.SENT, saved.sent_at)
    elif saved.body is None:
        record.cancel_touches(tx, lead_of(tx, touch), actor=actor, now=now, reason="no_text")
    _go_on(tx, touch, accepted=sent, actor=actor, now=now)
    log.info("send.resolved", campaign_id=touch.campaign_id, touch_id=touch.id, mailbox=touch.mailbox, result=word)
    return saved


def cancel(tx: Tx, touch: Touch, *, actor: str, now: datetime, reason: str | None = None) -> Touch:
    """Takes it back before it is on the wire, and holds the lead: the step is planned anew once it is released. The
    `reason` is kept with the hold."""
    _require(Verb.CANCEL, touch)
    saved = record.cancel_touch(tx, touch, actor=actor, now=now, reason=HoldReason.OPERATOR.value)
    lead = lead_of(tx, touch)
    own = Hold(HoldReason.OPERATOR, now, note=reason or f"its touch of step {touch.step} was cancelled")
    held = replace(lead, holds=lead.holds_with(own), waits_for=None, next_action_at=None)
    record.apply(tx, lead, (), actor=actor, now=now, after=held)
    return saved


def done(tx: Tx, touch: Touch, *, actor: str, now: datetime) -> Touch:
    """A person did the task: the lead counts as contacted."""
    _require(Verb.DONE, touch)
    after = replace(touch, status=TouchStatus.DONE, sent_at=now, settled_at=now)
    saved = _save(tx, touch, after, EventType.TOUCH_DONE, actor, now)
    _go_on(tx, touch, accepted=True, actor=actor, now=now)
    return saved


def skip(tx: Tx, touch: Touch, *, actor: str, now: datetime) -> Touch:
    """Leaves the task out: the next step follows as if it had been done, and nobody was contacted."""
    _require(Verb.SKIP, touch)
    after = replace(touch, status=TouchStatus.SKIPPED, settled_at=now)
    saved = _save(tx, touch, after, EventType.TOUCH_SKIPPED, actor, now)
    _go_on(tx, touch, actor=actor, now=now)
    return saved


def _require(verb: Verb, touch: Touch) -> None:
    assert verb in allowed(touch), f"a {touch.channel} touch that is {touch.status} takes no {verb}"


def _save(
    tx: Tx,
    before: Touch,
    after: Touch,
    kind: EventType,
    actor: str,
    now: datetime,
    **told: str,
) -> Touch:
    record.note_touch(tx, kind, before, actor=actor, now=now, **told)
    return tx.touches.save(before, after)


def _taken_as_sent(touch: Touch, now: datetime) -> Touch:
    return replace(
        touch,
        status=TouchStatus.SENT,
        reason=None,
        ready_at=None,
        sent_at=touch.on_wire_at or touch.due_at,
        settled_at=touch.settled_at or now,
    )


def _tried_again(touch: Touch, now: datetime) -> Touch:
    """A first attempt of its own, without the debits of the one before: those are never given back."""
    return replace(
        touch,
        status=TouchStatus.APPROVED,
        reason=None,
        ready_at=now,
        attempts=0,
        first_attempt_at=None,
        intent_at=None,
        on_wire_at=None,
        settled_at=None,
        debits=None,
    )


def _go_on(tx: Tx, decided: Touch, *, actor: str, now: datetime, accepted: bool = False) -> None:
    """The engine looks at the lead in its next cycle. One that was written to keeps the texts it was written with."""
    lead = lead_of(tx, decided)
    events: tuple[LeadEvent, ...] = ()
    after = replace(lead, next_action_at=now, waits_for=None)
    if decided.status is TouchStatus.UNKNOWN:
        after = replace(after, holds=_without_unknown(tx, lead))
    if accepted:
        events = react(lead.state, OutsideFact(Outside.HANDED_OVER))
        after = replace(after, steps_version=lead.steps_version or decided.steps_version)
    record.apply(tx, lead, events, actor=actor, now=now, after=after)


def _without_unknown(tx: Tx, lead: Lead) -> tuple[Hold, ...]:
    """The hold stands for as long as another touch of the lead is unknown."""
    if any(touch.status is TouchStatus.UNKNOWN for touch in tx.touches.of_lead(lead.id)):
        return lead.holds
    return tuple(hold for hold in lead.holds if hold.reason is not HoldReason.SEND_UNKNOWN)
