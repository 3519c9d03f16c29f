"""What a handover came to, written down in the caller's transaction: touch, lead, quotas, mailbox and ledger together.

Nothing here is decided twice: a touch that is no longer in flight, as one that was cancelled meanwhile, stays as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from camd.domain.errors import Failure, Misconfigured, Scope, Transient
from camd.domain.events import ENGINE, EventType
from camd.domain.facts import TouchId
from camd.domain.frozen import replace
from camd.domain.inbound import BounceKind, judge_status_code
from camd.domain.lead import Action, Hold, HoldReason, Outside, OutsideFact, react
from camd.domain.retry import deferred_until
from camd.domain.send_window import local_day
from camd.pipeline import debits, mailbox_health, record
from camd.pipeline.bounced import lose_bounced
from camd.pipeline.context import Context
from camd.pipeline.owners import campaign_of, lead_of
from camd.pipeline.violations import look_at_sent
from camd.ports.channel import Accepted, HandoverOutcome, Refused, Unknown
from camd.ports.journal import HandoverOutcomeWord
from camd.ports.records import DeliveryFact, DeliveryScope, Touch, TouchStatus
from camd.ports.store import Tx
from camd.telemetry.logs import get_log

log = get_log()

IN_FLIGHT = frozenset({TouchStatus.INTENT, TouchStatus.ON_WIRE})
_EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Untold:
    """The handover ended without an answer: stopped or crashed before the message was begun."""

    why: str


Result = HandoverOutcome | Failure | Untold


def outcome_word(result: Result) -> HandoverOutcomeWord | None:
    """What the journal is told before the outcome is stored; none where nothing is known."""
    match result:
        case Unknown():
            return None
        case Accepted():
            return HandoverOutcomeWord.SENT
        case Refused() as refused:
            return HandoverOutcomeWord.DEFERRED if _puts_off(refused) else HandoverOutcomeWord.REJECTED
        case _:
            return HandoverOutcomeWord.RELEASED


def settle(tx: Tx, ctx: Context, touch_id: TouchId, result: Result, now: datetime) -> TouchStatus:
    """Writes the outcome; answers the status that the touch has now."""
    touch = tx.touches.get(touch_id)
    assert touch is not None, "a touch in flight is never deleted"
    if touch.status not in IN_FLIGHT:
        return touch.status
    match result:
        case Accepted(passed_on_as=alias):
            if alias is not None:
                tx.touches.add_alias(alias, touch.id)
            return _sent(tx, ctx, touch, now)
        case Refused() as refused:
            return _refused(tx, ctx, touch, refused, now)
        case Unknown(why):
            return _unknown(tx, touch, why, now)
        case Failure(scope=Scope.ITEM) as failure if not isinstance(failure, Transient):
            return _unsendable(tx, touch, failure, now)
        case Failure() as failure:
            mailbox_health.failed(tx, ctx, _mailbox_of(touch), failure, now)
            return release(tx, touch, _kind_of(failure), now)
        case Untold(why):
            return release(tx, touch, why, now)
        case never:
            assert_never(never)


def settle_interrupted(
    tx: Tx, ctx: Context, told: Mapping[str, HandoverOutcomeWord], now: datetime, mailbox: str | None = None
) -> Mapping[TouchStatus, int]:
    """What an earlier process, or a crashed outbox, left in flight. `told` are the outcomes that the journal knows by
    Message-ID; without one a touch on the wire is unknown, and never sent again by itself."""
    found = dict.fromkeys((TouchStatus.APPROVED, TouchStatus.UNKNOWN, TouchStatus.SENT), 0)
    for touch in tx.touches.in_flight(mailbox):
        word = told.get(touch.message_id or "")
        status = settle(tx, ctx, touch.id, _interrupted(touch, word), now)
        found[status] = found.get(status, 0) + 1
        if status is TouchStatus.UNKNOWN:
            _tell_unknown(ctx, touch)
    return found


def _tell_unknown(ctx: Context, touch: Touch) -> None:
    """Of a mail that no outbox carries any more, which else would tell."""
    log.warning(
        "send.unknown", campaign_id=touch.campaign_id, touch_id=touch.id, lead=touch.lead_id, mailbox=touch.mailbox
    )
    if touch.mailbox is not None and touch.mailbox in ctx.settings.mailboxes:
        ctx.metrics.sends_total.labels(touch.mailbox, TouchStatus.UNKNOWN).inc()


def _interrupted(touch: Touch, word: HandoverOutcomeWord | None) -> Result:
    if touch.status is TouchStatus.INTENT or word is HandoverOutcomeWord.RELEASED:
        return Untold("interrupted")
    if word is HandoverOutcomeWord.SENT:
        return Accepted("")
    # A refusal that was not stored has lost its code: nobody sends again without looking.
    return Unknown("interrupted")


def release(tx: Tx, touch: Touch, reason: str, now: datetime) -> TouchStatus:
    """Nothing was handed over: every debit goes back, and the touch is ready again with the same Message-ID."""
    assert touch.debits is not None and touch.mailbox is not None, "an intent is whole"  # noqa: PT018 - one promise
    debits.refund(tx, touch.debits, touch.mailbox)
    ready = replace(
        touch, status=TouchStatus.APPROVED, reason=reason, ready_at=now, intent_at=None, on_wire_at=None, debits=None
    )
    log.info(
        "send.released",
        campaign_id=touch.campaign_id,
        touch_id=touch.id,
        lead=touch.lead_id,
        mailbox=touch.mailbox,
        reason=reason,
    )
    return _save_unless_ended(tx, touch, ready, now)


def _sent(tx: Tx, ctx: Context, touch: Touch, now: datetime) -> TouchStatus:
    saved = tx.touches.save(touch, replace(touch, status=TouchStatus.SENT, reason=None, sent_at=now, settled_at=now))
    record.note_touch(tx, EventType.TOUCH_SENT, touch, actor=ENGINE, now=now)
    count(tx, ctx, touch, DeliveryFact.SENT, now)
    mailbox_health.accepted(tx, _mailbox_of(touch))
    lead = lead_of(tx, touch)
    version = lead.steps_version or touch.steps_version
    after = replace(lead, steps_version=version, next_action=Action.OUTREACH, next_action_at=now, waits_for=None)
    events = react(lead.state, OutsideFact(Outside.HANDED_OVER))
    record.apply(tx, lead, events, actor=ENGINE, now=now, after=after)
    look_at_sent(tx, ctx, saved, lead)
    return saved.status


def _refused(tx: Tx, ctx: Context, touch: Touch, refused: Refused, now: datetime) -> TouchStatus:
    assert touch.debits is not None, "an intent is whole"
    debits.refund_refused(tx, touch.debits)
    mailbox_health.refused(tx, ctx, _mailbox_of(touch), refused, now)
    reason = f"{refused.stage} {refused.code} {refused.enhanced or ''}".strip()
    if _puts_off(refused):
        return _deferred(tx, touch, reason, now)
    if _kind(refused) is BounceKind.HARD:
        count(tx, ctx, touch, DeliveryFact.HARD_5XX_RCPT, now)
        mailbox_health.look_at_bounces(tx, ctx, _mailbox_of(touch), now)
        return _bounced(tx, ctx, touch, reason, now)
    return _rejected(tx, touch, reason, HoldReason.NEEDS_REVIEW, now)


def _kind(refused: Refused) -> BounceKind:
    return judge_status_code(refused.enhanced, f"{refused.code} {refused.reply}")


def _puts_off(refused: Refused) -> bool:
    """A 4xx, and what is about the sender: neither says anything of the recipient."""
    return refused.for_now or _kind(refused) in (BounceKind.SENDER_TROUBLE, BounceKind.SOFT)


def _deferred(tx: Tx, touch: Touch, reason: str, now: datetime) -> TouchStatus:
    attempts = touch.attempts + 1
    again = deferred_until(attempts, touch.first_attempt_at or now, now)
    if again is None:
        return _rejected(tx, touch, _EXPIRED, HoldReason.SEND_FAILED, now)
    put_off = replace(touch, status=TouchStatus.DEFERRED, reason=reason, ready_at=again, attempts=attempts, debits=None)
    record.note_touch(tx, EventType.TOUCH_DEFERRED, touch, actor=ENGINE, now=now, reason=reason)
    return _save_unless_ended(tx, touch, put_off, now)


def _save_unless_ended(tx: Tx, touch: Touch, ready: Touch, now: datetime) -> TouchStatus:
    """A touch that could go again is cancelled where its lead may not be written to any more."""
    lead = lead_of(tx, touch)
    suppressed = record.is_lead_suppressed(tx, lead)
    saved = tx.touches.save(touch, ready)
    if not lead.is_open or suppressed:
        record.cancel_touches(tx, lead, actor=ENGINE, now=now, reason=lead.status.value)
        return TouchStatus.CANCELLED
    return saved.status


def _rejected(tx: Tx, touch: Touch, reason: str, hold: HoldReason, now: datetime) -> TouchStatus:
    saved = _over(tx, touch, TouchStatus.REJECTED, reason, now)
    record.note_touch(tx, EventType.TOUCH_REJECTED, touch, actor=ENGINE, now=now, reason=reason)
    _hold(tx, touch, hold, reason, now)
    return saved.status


def _bounced(tx: Tx, ctx: Context, touch: Touch, reason: str, now: datetime) -> TouchStatus:
    """There is no such recipient: the lead is lost, and nobody writes to that address again."""
    saved = _over(tx, touch, TouchStatus.REJECTED, reason, now)
    record.note_touch(tx, EventType.TOUCH_REJECTED, touch, actor=ENGINE, now=now, reason=reason)
    lose_bounced(tx, ctx, lead_of(tx, touch), now)
    return saved.status


def _unknown(tx: Tx, touch: Touch, why: str, now: datetime) -> TouchStatus:
    saved = _over(tx, touch, TouchStatus.UNKNOWN, why, now)
    record.note_touch(tx, EventType.TOUCH_UNKNOWN, touch, actor=ENGINE, now=now)
    _hold(tx, touch, HoldReason.SEND_UNKNOWN, f"step {touch.step} may have arrived", now)
    return saved.status


def _unsendable(tx: Tx, touch: Touch, failure: Failure, now: datetime) -> TouchStatus:
    """This message or address cannot be handed over as it is, and was not."""
    assert touch.debits is not None and touch.mailbox is not None, "an intent is whole"  # noqa: PT018 - one promise
    debits.refund(tx, touch.debits, touch.mailbox)
    return _rejected(tx, touch, str(failure), HoldReason.NEEDS_REVIEW, now)


def _over(tx: Tx, touch: Touch, status: TouchStatus, reason: str, now: datetime) -> Touch:
    """What is unknown keeps its debits; those of a rejected touch were given back as far as they are."""
    kept = touch.debits if status is TouchStatus.UNKNOWN else None
    over = replace(touch, status=status, reason=reason, settled_at=now, ready_at=None, debits=kept)
    return tx.touches.save(touch, over)


def _hold(tx: Tx, touch: Touch, reason: HoldReason, note: str, now: datetime) -> None:
    lead = lead_of(tx, touch)
    if not lead.is_open:
        return
    held = replace(
        lead,
        holds=lead.holds_with(Hold(reason, now, note=note)),
        next_action=Action.OUTREACH,
        next_action_at=None,
        waits_for=None,
        steps_version=lead.steps_version or touch.steps_version,
    )
    record.apply(tx, lead, (), actor=ENGINE, now=now, after=held)


def count(tx: Tx, ctx: Context, touch: Touch, fact: DeliveryFact, at: datetime) -> None:
    """Counts it for the campaign's day and for the mailbox's."""
    campaign = campaign_of(tx, touch)
    day = local_day(at, campaign.definition.timezone)
    tx.deliveries.add(DeliveryScope.CAMPAIGN, str(campaign.id), day, fact)
    mailbox_health.count(tx, ctx, _mailbox_of(touch), fact, at)


def _kind_of(failure: Failure) -> str:
    return "log_in_refused" if isinstance(failure, Misconfigured) else "mailbox_trouble"


def _mailbox_of(touch: Touch) -> str:
    assert touch.mailbox is not None, "a mail has a mailbox"
    return touch.mailbox
