"""Looks, in the transaction of the work itself, whether a law was broken that nothing else lets be broken.

What it finds is told and counted, never mended: a mail cannot be taken back, and the bug is somewhere else.
"""

from collections.abc import Iterable
from datetime import timedelta

from camd.domain.invariant import Invariant
from camd.domain.lead import Lead
from camd.pipeline import record
from camd.pipeline.context import Context
from camd.pipeline.send_quota import Overrun
from camd.ports.records import Suppression, Touch
from camd.ports.store import Tx
from camd.telemetry.logs import get_log

log = get_log()

RACE = timedelta(seconds=60)
"""A refusal bears the instant at which it was asked for: its commit may come after a mark that was made later."""


def tell_overruns(ctx: Context, overruns: Iterable[Overrun]) -> None:
    """Of quotas that hold more than they may, right after a debit."""
    for overrun in overruns:
        ctx.metrics.quota_overrun_total.inc()
        ctx.metrics.invariant_violations_total.labels(Invariant.QUOTA_OVERRUN).inc()
        log.error(
            "invariant.violated",
            invariant=Invariant.QUOTA_OVERRUN,
            scope=overrun.scope,
            limit=overrun.limit,
            used=overrun.used,
        )


def look_at_sent(tx: Tx, ctx: Context, touch: Touch, lead: Lead) -> None:
    """At a mail to the lead that a server has just taken."""
    if tx.touches.is_sent_besides(touch):
        _tell(ctx, Invariant.STEP_SENT_TWICE, touch)
    refusal = refusal_of(tx, touch, lead)
    if refusal is not None and touch.on_wire_at is not None and refusal.created_at < touch.on_wire_at - RACE:
        _tell(ctx, Invariant.WRITTEN_TO_AFTER_NO, touch)


def refusal_of(tx: Tx, touch: Touch, lead: Lead) -> Suppression | None:
    """The suppression of the address that the mail goes to, which may not be the lead's any more, or of the lead's."""
    of_lead = record.covering(tx, lead.facts.email) if lead.facts.email is not None else None
    if of_lead is not None or touch.recipient_hash is None:
        return of_lead
    return tx.suppressions.covering([touch.recipient_hash])


def _tell(ctx: Context, invariant: Invariant, touch: Touch) -> None:
    ctx.metrics.invariant_violations_total.labels(invariant).inc()
    log.error(
        "invariant.violated",
        invariant=invariant,
        campaign_id=touch.campaign_id,
        touch_id=touch.id,
        lead=touch.lead_id,
        mailbox=touch.mailbox,
    )
