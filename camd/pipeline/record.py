"""Writes what was decided: the lead, its ledger events, its cancelled touches, in the caller's transaction.

Every change of a lead's status goes through `apply`, so what must be true together is written together.
"""

from collections.abc import Iterator
from datetime import datetime

from camd.domain import suppression
from camd.domain.events import Event, EventType, ledger_type
from camd.domain.facts import SuppressionId
from camd.domain.frozen import replace
from camd.domain.lead import (
    Action,
    AnswerTakenBack,
    Authority,
    Lead,
    LeadEvent,
    LeadStatus,
    Lost,
    Reopened,
    Won,
    transition,
)
from camd.domain.suppression import (
    SuppressionKind,
    SuppressionReason,
    SuppressionValue,
    keyed_hash,
)
from camd.pipeline import debits
from camd.pipeline.context import Context
from camd.ports.journal import SuppressionLine
from camd.ports.records import Suppression, Touch, TouchStatus
from camd.ports.store import Tx
from camd.telemetry.logs import get_log

log = get_log()

CANCELLABLE = frozenset({TouchStatus.PLANNED, TouchStatus.APPROVED, TouchStatus.DEFERRED, TouchStatus.INTENT})
"""A touch is out of reach once it is on the wire."""


def apply(
    tx: Tx,
    before: Lead,
    events: tuple[LeadEvent, ...],
    *,
    actor: str,
    now: datetime,
    after: Lead | None = None,
) -> Lead:
    """Runs `events` through the table of moves and saves `after` (or `before`) with the state they lead to.

    An illegal event is an `AssertionError`. Raises `StaleWrite`, with nothing written, where the lead changed
    since it was read.
    """
    lead = after or before
    state = before.state
    rows: list[Event] = []
    for event in events:
        state_before, state = state, transition(state, event)
        lead = _with_consequences(lead, event)
        data = {"from": state_before.status.value, "to": state.status.value}
        if isinstance(event, Lost):
            data["reason"] = event.reason.value
        kinds = ledger_type(event, state_before, state)
        rows += [Event(kind, now, actor, lead.campaign_id, lead.id, data=data) for kind in kinds]
    lead = replace(lead, state=state, updated_at=now)
    lead = _at_rest(lead, now) if not lead.is_open else _at_work(lead, now)
    if before.holds and not lead.holds and lead.next_action and lead.next_action_at is None:
        lead = replace(lead, next_action_at=now)  # its last hold ended: what it was held from goes on
    saved = tx.leads.save(before, lead)
    for row in (*rows, *_learned(before, lead, actor, now)):
        tx.ledger.append(row)
        if row.type is EventType.LEAD_HELD:
            log.info("lead.held", campaign_id=lead.campaign_id, lead=lead.id, reason=str(row.data["reason"]))
    if not lead.is_open:
        cancel_touches(tx, lead, actor=actor, now=now, reason=lead.status.value)
    return saved


def _learned(before: Lead, after: Lead, actor: str, now: datetime) -> Iterator[Event]:
    """The ledger's rows for what changed beside the status: the score and the holds."""
    changes: list[tuple[EventType, dict[str, str | float]]] = []
    if after.score is not None and after.score != before.score:
        changes.append((EventType.LEAD_SCORED, {"score": round(after.score, 4)}))
    held = {hold.reason for hold in before.holds}
    holds = {hold.reason for hold in after.holds}
    changes += [(EventType.LEAD_HELD, {"reason": reason.value}) for reason in sorted(holds - held)]
    changes += [(EventType.LEAD_RELEASED, {"reason": reason.value}) for reason in sorted(held - holds)]
    for kind, data in changes:
        yield Event(kind, now, actor, after.campaign_id, after.id, data=data)


def _with_consequences(lead: Lead, event: LeadEvent) -> Lead:
    match event:
        case Won(mrr):
            return replace(lead, won_mrr=mrr)
        case Reopened() | AnswerTakenBack():
            return replace(lead, won_mrr=None, next_action=None, waits_for=None)
        case _:
            return lead


def _at_work(lead: Lead, now: datetime) -> Lead:
    """An open lead with nothing planned was reopened: it is scored, and what comes next is planned, anew."""
    return lead if lead.next_action else replace(lead, next_action=Action.SCORE, next_action_at=now)


def _at_rest(lead: Lead, now: datetime) -> Lead:
    """A lead that is not open waits for nothing, unless it is new and still to be enriched."""
    if lead.status is LeadStatus.NEW:
        started = lead.next_action or lead.waits_for
        return lead if started else replace(lead, next_action=Action.ENRICH, next_action_at=now)
    return replace(lead, next_action=None, next_action_at=None, waits_for=None)


def cancel_touches(tx: Tx, lead: Lead, *, actor: str, now: datetime, reason: str) -> None:
    """Cancels every touch of the lead that is not yet on the wire, and drops its preview."""
    tx.previews.drop_lead(lead.id)
    for touch in tx.touches.of_lead(lead.id):
        if touch.status in CANCELLABLE:
            cancel_touch(tx, touch, actor=actor, now=now, reason=reason)


def cancel_touch(tx: Tx, touch: Touch, *, actor: str, now: datetime, reason: str) -> Touch:
    """Takes back one that is not yet on the wire; what an intent took from the quotas is given back."""
    if touch.status is TouchStatus.INTENT and touch.debits and touch.mailbox:
        debits.refund(tx, touch.debits, touch.mailbox)
    cancelled = replace(touch, status=TouchStatus.CANCELLED, reason=reason, ready_at=None, debits=None)
    note_touch(tx, EventType.TOUCH_CANCELLED, touch, actor=actor, now=now, reason=reason)
    return tx.touches.save(touch, cancelled)


def note_touch(tx: Tx, kind: EventType, touch: Touch, *, actor: str, now: datetime, **told: str) -> None:
    """The ledger's row for what happened to a touch."""
    data: dict[str, str | int] = {"step": touch.step, **told}
    tx.ledger.append(Event(kind, now, actor, touch.campaign_id, touch.lead_id, touch.id, data))


def is_suppressed(tx: Tx, email: str) -> bool:
    """Whether the address, its domain or a parent domain is suppressed."""
    return covering(tx, email) is not None


def is_lead_suppressed(tx: Tx, lead: Lead) -> bool:
    return lead.facts.email is not None and is_suppressed(tx, lead.facts.email)


def covering(tx: Tx, email: str) -> Suppression | None:
    """The suppression that covers the address, if any."""
    return tx.suppressions.covering(suppression.covering_hashes(tx.instance.key(), email))


def suppress(
    tx: Tx,
    ctx: Context,
    value: SuppressionValue,
    reason: SuppressionReason,
    *,
    actor: str,
    now: datetime,
    note: str | None = None,
    keep_value: bool = True,
    loses: bool = True,
) -> Suppression | None:
    """Adds a suppression with its consequences for the leads of every campaign; none where it stands already.

    Without `loses` (a dry cycle) the leads keep their status and are only looked at again.
    """
    added = Suppression(
        id=SuppressionId(ctx.ids.new("su")),
        kind=value.kind,
        hash=keyed_hash(tx.instance.key(), value.kind, value.key),
        value=value.key if keep_value else None,
        reason=reason,
        note=note,
        created_at=now,
        by=actor,
    )
    if not add_suppression(tx, ctx, added):
        return None
    reach = tx.leads.of_person if value.kind is SuppressionKind.ADDRESS else tx.leads.of_domain
    for lead in reach(value.key):
        if loses:
            if lead.status is not LeadStatus.LOST:
                apply(tx, lead, (Lost(suppression.LOST_ELSEWHERE, Authority.RULE),), actor=actor, now=now)
        elif lead.is_open:
            tx.leads.save(lead, replace(lead, next_action=Action.OUTREACH, next_action_at=now))
    return added


def add_suppression(tx: Tx, ctx: Context, added: Suppression) -> bool:
    """The row and what tells of it, without consequences for leads; false where it stands already: then it is only
    written into the journal again, where an earlier try may have failed to."""
    if not tx.suppressions.add(added):
        standing = tx.suppressions.covering([added.hash])
        assert standing is not None, "it could not be added because it stands"
        tx.journal.add(journal_line(standing))
        return False
    tx.journal.add(journal_line(added))
    data = {"suppression_id": added.id, "reason": added.reason.value, "kind": added.kind.value}
    tx.ledger.append(Event(EventType.SUPPRESSION_ADDED, added.created_at, added.by, data=data))
    ctx.metrics.suppressions_total.labels(added.reason).inc()
    log.info("suppression.added", reason=added.reason.value)
    return True


def journal_line(stored: Suppression) -> SuppressionLine:
    """What the journal keeps of it."""
    return SuppressionLine(stored.created_at, stored.kind, stored.hash, stored.reason)
