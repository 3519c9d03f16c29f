"""A person's own "no more", in the caller's transaction: the suppression and what follows in every campaign.

The leads of the campaigns that have written become `lost(opted_out)` or `lost(complained)`, also those lost before; the
person's other leads become `lost(do_not_contact)`, which no loss rate counts.
"""

from collections.abc import Iterable
from datetime import datetime

from camd.domain.contact import parse_address
from camd.domain.events import PERSON
from camd.domain.facts import CampaignId, SuppressionId
from camd.domain.lead import Lead, LeadStatus, LostReason, Outside, OutsideFact, react
from camd.domain.suppression import SuppressionKind, SuppressionReason
from camd.pipeline import record
from camd.pipeline.context import Context
from camd.ports.records import Suppression, TouchStatus
from camd.ports.store import Tx

FINAL = frozenset({SuppressionReason.OPTED_OUT, SuppressionReason.COMPLAINED, SuppressionReason.ERASED})
"""A suppression for one of these says no less than an opt-out; any other one gives way to it."""
_LOSSES = {
    SuppressionReason.OPTED_OUT: (Outside.OPT_OUT, LostReason.OPTED_OUT),
    SuppressionReason.COMPLAINED: (Outside.COMPLAINT, LostReason.COMPLAINED),
}
_MAY_HAVE_ARRIVED = frozenset({TouchStatus.ON_WIRE, TouchStatus.UNKNOWN})


def opt_out(
    tx: Tx,
    ctx: Context,
    address_hash: str,
    *,
    now: datetime,
    reason: SuppressionReason = SuppressionReason.OPTED_OUT,
) -> frozenset[CampaignId] | None:
    """Suppresses the address with this keyed hash, whether or not a lead has it; answers the campaigns concerned.
    `reason` is an opt-out or a complaint.

    None, and nothing written, where the person's no is on record.
    """
    standing = tx.suppressions.covering([address_hash])
    if standing is not None:
        if standing.reason in FINAL:
            return None
        tx.suppressions.remove(standing.id)
    leads = tx.leads.of_address_hash(address_hash)
    added = Suppression(
        id=SuppressionId(ctx.ids.new("su")),
        kind=SuppressionKind.ADDRESS,
        hash=address_hash,
        value=_address_key(leads) or (standing.value if standing else None),
        reason=reason,
        note=None,
        created_at=now,
        by=PERSON,
    )
    record.add_suppression(tx, ctx, added)
    for lead in leads:
        _end(tx, lead, reason, now)
    return frozenset(lead.campaign_id for lead in leads)


def _address_key(leads: Iterable[Lead]) -> str | None:
    return next((parse_address(lead.facts.email).key for lead in leads if lead.facts.email), None)


def _end(tx: Tx, lead: Lead, reason: SuppressionReason, now: datetime) -> None:
    if _has_written(tx, lead):
        fact, lost_reason = _LOSSES[reason]
        if lead.state.lost_reason is not lost_reason:
            record.apply(tx, lead, react(lead.state, OutsideFact(fact)), actor=PERSON, now=now)
    elif lead.status is not LeadStatus.LOST:
        record.apply(tx, lead, react(lead.state, OutsideFact(Outside.OBJECTED)), actor=PERSON, now=now)


def _has_written(tx: Tx, lead: Lead) -> bool:
    """Whether a mail of the lead's campaign reached the person, or may have."""
    return lead.state.ever_handed_over or any(
        touch.status in _MAY_HAVE_ARRIVED for touch in tx.touches.of_lead(lead.id)
    )
