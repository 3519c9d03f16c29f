"""Suppressions and erasures of the journal that the database lacks, by keyed hash, with all that follows from them."""

from collections import Counter
from datetime import datetime

from camd.daemon.journal_lines import Refusals
from camd.domain.events import ENGINE
from camd.domain.lead import LostReason
from camd.domain.suppression import SuppressionKind, SuppressionReason
from camd.operations import erasure
from camd.pipeline import opt_out
from camd.pipeline.context import Context
from camd.pipeline.hashed_suppression import suppress_hash
from camd.ports.store import Tx


def apply(tx: Tx, ctx: Context, refusals: Refusals, now: datetime) -> Counter[str]:
    """Doing it again changes nothing. A lead that came after its person's erasure stays as it is."""
    figures: Counter[str] = Counter()
    for line in refusals.suppressed.values():
        figures["suppressions_added"] += _suppress(tx, ctx, line.kind, line.hash, line.reason, now)
    for address_hash, erased_at in refusals.erased.items():
        reason = SuppressionReason.ERASED
        figures["suppressions_added"] += _suppress(tx, ctx, SuppressionKind.ADDRESS, address_hash, reason, now)
        for lead in tx.leads.of_address_hash(address_hash):
            if lead.created_at <= erased_at and lead.state.lost_reason is not LostReason.ERASED:
                erasure.erase_lead(tx, ctx, lead, actor=ENGINE, now=now)
                figures["leads_erased"] += 1
    return figures


def _suppress(
    tx: Tx, ctx: Context, kind: SuppressionKind, value_hash: str, reason: SuppressionReason, now: datetime
) -> bool:
    standing = tx.suppressions.covering([value_hash])
    if standing is not None and (standing.reason in opt_out.FINAL or reason not in opt_out.FINAL):
        return False
    if reason is SuppressionReason.OPTED_OUT:
        return opt_out.opt_out(tx, ctx, value_hash, now=now) is not None
    suppress_hash(tx, ctx, kind, value_hash, reason, actor=ENGINE, now=now)
    return True
