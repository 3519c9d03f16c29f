"""Suppressions and erasures of the journal that the database lacks, by keyed hash, with all that follows from them."""

from collections import Counter
from datetime import datetime

from camd.daemon.journal_lines import Refusals
from camd.domain.events import ENGINE
from camd.domain.facts import SuppressionId
from camd.domain.lead import Authority, Lead, LeadEvent, LeadStatus, Lost, LostReason, Outside, OutsideFact, react
from camd.domain.suppression import LOST_ELSEWHERE, SuppressionKind, SuppressionReason
from camd.operations import erasure
from camd.pipeline import opt_out, record
from camd.pipeline.context import Context
from camd.ports.journal import SuppressionLine
from camd.ports.records import Suppression
from camd.ports.store import Tx


def apply(tx: Tx, ctx: Context, refusals: Refusals, now: datetime) -> Counter[str]:
    """Doing it again changes nothing. A lead that came after its person's erasure stays as it is."""
    figures: Counter[str] = Counter()
    for line in refusals.suppressed.values():
        figures["suppressions_added"] += _suppress(tx, ctx, line, now)
    for address_hash, erased_at in refusals.erased.items():
        for lead in tx.leads.of_address_hash(address_hash):
            if lead.created_at <= erased_at and lead.state.lost_reason is not LostReason.ERASED:
                erasure.erase_lead(tx, ctx, lead, actor=ENGINE, now=now)
                figures["leads_erased"] += 1
        erased = SuppressionLine(erased_at, SuppressionKind.ADDRESS, address_hash, SuppressionReason.ERASED)
        figures["suppressions_added"] += _suppress(tx, ctx, erased, now)
    return figures


def _suppress(tx: Tx, ctx: Context, line: SuppressionLine, now: datetime) -> bool:
    standing = tx.suppressions.covering([line.hash])
    if standing is not None and (standing.reason in opt_out.FINAL or line.reason not in opt_out.FINAL):
        return False
    if line.reason is SuppressionReason.OPTED_OUT:
        return opt_out.opt_out(tx, ctx, line.hash, now=now) is not None
    if standing is not None:
        tx.suppressions.remove(standing.id)
    added = Suppression(
        id=SuppressionId(ctx.ids.new("su")),
        kind=line.kind,
        hash=line.hash,
        value=None,
        reason=line.reason,
        note=None,
        created_at=line.at,
        by=ENGINE,
    )
    record.add_suppression(tx, ctx, added)
    # Of a domain only the hash is known: its leads are lost when the gate or the next cycle looks at them.
    for lead in tx.leads.of_address_hash(line.hash):
        if events := _loss(lead, line.reason):
            record.apply(tx, lead, events, actor=ENGINE, now=now)
    return True


_OF_WHO_WROTE = {
    SuppressionReason.COMPLAINED: Outside.COMPLAINT,
    SuppressionReason.HARD_BOUNCE: Outside.HARD_BOUNCE,
}


def _loss(lead: Lead, reason: SuppressionReason) -> tuple[LeadEvent, ...]:
    if reason in _OF_WHO_WROTE and lead.state.ever_handed_over:
        return react(lead.state, OutsideFact(_OF_WHO_WROTE[reason]))
    if lead.status is LeadStatus.LOST:
        return ()
    return (Lost(LOST_ELSEWHERE, Authority.RULE),)
