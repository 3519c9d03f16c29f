"""Evidence of what became of a mail, and of who else writes: what mailboxes sent, and what answers prove.

In the caller's transaction. Our Message-ID in a bounce, an answer or the folder Sent proves `sent`; its absence proves
the contrary only where the mailbox's Sent folder is declared authoritative and was read late enough.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from camd.domain.events import ENGINE, Event, EventType, by_rule
from camd.domain.facts import CampaignId, TouchId
from camd.domain.lead import Hold, HoldReason, Lead
from camd.domain.message_id import is_ours
from camd.pipeline import record, touch_moves
from camd.pipeline.context import Context
from camd.pipeline.matching import Match, address_key, touch_of
from camd.pipeline.messages import messages_of
from camd.pipeline.owners import lead_of
from camd.ports.inbox import Letter
from camd.ports.records import MatchedBy, NoticeKind, Recovery, Touch, TouchStatus
from camd.ports.store import Tx
from camd.telemetry.logs import get_log

log = get_log()

PROVED_ABSENT_AFTER = timedelta(minutes=15)
"""From when a touch is known to be unknown to a reading of the Sent folder that does not find its mail."""
SECOND_SENDER = "A mail with our key was found in a Sent folder and is not known here: another camd sends too."
_SENT_WITHIN = timedelta(minutes=15)
"""Of its arrival in the folder Sent, for a mail of ours that bears another Message-ID there."""
_BY = by_rule("reconciliation")


@dataclass(frozen=True, slots=True)
class OwnCopy:
    """`touch` is the one whose mail it is, if any; `campaigns` are those whose leads changed."""

    touch: Touch | None = None
    campaigns: frozenset[CampaignId] = frozenset()


def prove_arrived(tx: Tx, ctx: Context, match: Match, now: datetime) -> Match:
    """Whoever has its Message-ID has the mail: a touch that was unknown is sent. Answers the match as it is then."""
    if match.touch is None or match.touch.status is not TouchStatus.UNKNOWN:
        return match
    touch_moves.resolve(tx, ctx, match.touch, sent=True, actor=_BY, now=now)
    return replace(match, lead=lead_of(tx, match.touch), touch=tx.touches.get(match.touch.id))


def own_copy(tx: Tx, ctx: Context, mailbox: str, letter: Letter, now: datetime) -> OwnCopy:
    """What the mailbox itself sent: a mail of ours, one of a second sender, or one that the operator wrote by hand."""
    message_id = letter.message_id or ""
    touch = touch_of(tx, message_id)
    if touch is None and is_ours(tx.instance.key(), message_id):
        _hold_all(tx, ctx, now)
        return OwnCopy()
    touch = touch or _passed_on(tx, mailbox, letter)
    if touch is not None:
        was_unknown = touch.status is TouchStatus.UNKNOWN
        prove_arrived(tx, ctx, Match(lead_of(tx, touch), touch), now)
        return OwnCopy(touch, frozenset({touch.campaign_id} if was_unknown else ()))
    held = [lead.campaign_id for lead in _written_to(tx, letter) if _hold(tx, lead, letter, now)]
    return OwnCopy(campaigns=frozenset(held))


def settle_unknown(tx: Tx, ctx: Context, mailbox: str, looked_for: Collection[TouchId], now: datetime) -> list[Touch]:
    """What is proved of the mailbox's unknown touches by what came in. `looked_for` are those whose mails would stand
    in its Sent folder by now if they were sent."""
    settled: list[Touch] = []
    is_proof = ctx.settings.mailboxes[mailbox].sent_folder_authoritative
    for touch in tx.touches.unknown_of(mailbox):
        is_there = _was_seen(tx, mailbox, touch)
        if is_there or (is_proof and touch.id in looked_for):
            settled.append(touch_moves.resolve(tx, ctx, touch, sent=is_there, actor=_BY, now=now))
    return settled


def _was_seen(tx: Tx, mailbox: str, touch: Touch) -> bool:
    """Also while it was still on the wire, when nobody asked yet."""
    if touch.message_id is not None and tx.inbox.has_own_copy(mailbox, touch.message_id):
        return True
    messages = messages_of(tx, touch.lead_id)
    return any(each.touch_id == touch.id and each.matched_by is MatchedBy.MESSAGE_ID for each in messages)


def _passed_on(tx: Tx, mailbox: str, letter: Letter) -> Touch | None:
    """A mail of ours to which the provider gave a Message-ID of its own, as Exchange does: known from now on."""
    for lead in _written_to(tx, letter):
        for touch in tx.touches.of_lead(lead.id):
            sent_at = touch.sent_at or touch.on_wire_at
            is_it = touch.mailbox == mailbox and sent_at and abs(letter.arrived_at - sent_at) <= _SENT_WITHIN
            if is_it and touch.subject and letter.subject.endswith(touch.subject) and letter.message_id:
                tx.touches.add_alias(letter.message_id, touch.id)
                return touch
    return None


def _written_to(tx: Tx, letter: Letter) -> list[Lead]:
    keys = {key for recipient in letter.recipients if (key := address_key(recipient))}
    return [lead for key in sorted(keys) for lead in tx.leads.of_person(key)]


def _hold(tx: Tx, lead: Lead, letter: Letter, now: datetime) -> bool:
    """Only for a mail that was written since the lead is known: older ones are history."""
    if not lead.is_open or letter.arrived_at < lead.created_at:
        return False
    if any(hold.reason is HoldReason.OPERATOR_WROTE for hold in lead.holds):
        return False
    held = replace(lead, holds=lead.holds_with(Hold(HoldReason.OPERATOR_WROTE, now)), next_action_at=now)
    record.apply(tx, lead, (), actor=ENGINE, now=now, after=held)
    return True


def _hold_all(tx: Tx, ctx: Context, now: datetime) -> None:
    if tx.instance.recovery().hold:
        return
    tx.instance.set_recovery(Recovery(True, SECOND_SENDER, now, ENGINE))
    tx.ledger.append(Event(EventType.RECOVERY_HELD, now, ENGINE, data={"reason": "second_sender"}))
    tx.notices.add(NoticeKind.RECOVERY_HOLD, now, data={"reason": "second_sender"})
    ctx.metrics.recovery_hold.set(1)
    log.error("recovery.hold_entered", reason="second_sender", actor=ENGINE)
