"""A suppression of which only the keyed hash is known or kept, in the caller's transaction, with what follows."""

from datetime import datetime

from camd.domain.facts import SuppressionId
from camd.domain.lead import Authority, Lead, LeadEvent, LeadStatus, Lost, Outside, OutsideFact, react
from camd.domain.suppression import LOST_ELSEWHERE, SuppressionKind, SuppressionReason
from camd.pipeline import record
from camd.pipeline.context import Context
from camd.ports.records import Suppression
from camd.ports.store import Tx

_OF_WHO_WROTE = {
    SuppressionReason.COMPLAINED: Outside.COMPLAINT,
    SuppressionReason.HARD_BOUNCE: Outside.HARD_BOUNCE,
}


def suppress_hash(
    tx: Tx,
    ctx: Context,
    kind: SuppressionKind,
    value_hash: str,
    reason: SuppressionReason,
    *,
    actor: str,
    now: datetime,
) -> None:
    """Takes the place of the suppression that stands, which may keep the value itself.

    Of a domain the hash does not tell whose it is: its leads are lost when the gate or the next cycle looks at them.
    """
    if standing := tx.suppressions.covering([value_hash]):
        tx.suppressions.remove(standing.id)
    added = Suppression(
        id=SuppressionId(ctx.ids.new("su")),
        kind=kind,
        hash=value_hash,
        value=None,
        reason=reason,
        note=None,
        created_at=now,
        by=actor,
    )
    record.add_suppression(tx, ctx, added)
    for lead in tx.leads.of_address_hash(value_hash):
        if events := _loss(lead, reason):
            record.apply(tx, lead, events, actor=actor, now=now)


def _loss(lead: Lead, reason: SuppressionReason) -> tuple[LeadEvent, ...]:
    if reason in _OF_WHO_WROTE and lead.state.ever_handed_over:
        return react(lead.state, OutsideFact(_OF_WHO_WROTE[reason]))
    if lead.status is LeadStatus.LOST:
        return ()
    return (Lost(LOST_ELSEWHERE, Authority.RULE),)
