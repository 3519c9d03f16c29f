"""Stage 6: what came in, each message once: whose it is, what it does, and its row, in the caller's transaction."""

from dataclasses import dataclass, replace
from datetime import datetime

from camd.domain.events import ENGINE, Event, EventType
from camd.domain.facts import CampaignId, InboundId
from camd.domain.inbound import HUMAN, PERSONAL, InboundClass
from camd.domain.lead import LostReason
from camd.domain.suppression import SuppressionKind, keyed_hash
from camd.pipeline import matching, reconcile
from camd.pipeline.consequences import Case, apply_class
from camd.pipeline.context import Context
from camd.pipeline.matching import Match, address_key
from camd.ports.inbox import Letter, RawMessage, Unreadable
from camd.ports.records import Inbound, MatchedBy, NoticeKind
from camd.ports.store import Tx

REPLIES_PROCESSED = "replies_processed"
"""The counter of a campaign's messages since somebody was last told."""
ANSWERS = "answers"
"""The counter of what people ever answered to a campaign."""
_PARSE_FAILED = "could not be read"
_RAW_BYTES = 256_000
_FLOOD = 1_000
"""So many on the review list are more than a person looks through."""


@dataclass(frozen=True, slots=True)
class Tracked:
    """`campaigns` are those whose leads changed."""

    inbound: Inbound
    campaigns: frozenset[CampaignId] = frozenset()


def track(tx: Tx, ctx: Context, mailbox: str, letter: Letter, now: datetime) -> Tracked | None:
    """None for a message that is known already."""
    if tx.inbox.knows(mailbox, letter.identity):
        return None
    match = matching.find(tx, letter)
    kind = _kind(letter, match)
    reading = letter.reading
    if kind is InboundClass.OWN_COPY:
        return _own_copy(tx, ctx, mailbox, letter, now)
    if match.touch is not None and match.by is MatchedBy.MESSAGE_ID:
        match = reconcile.prove_arrived(tx, ctx, match, now)
    case = Case(
        kind,
        match,
        mailbox,
        letter.sender,
        letter.arrived_at,
        until=reading.until,
        has_left=reading.has_left,
        is_doubtful=reading.is_doubtful,
    )
    applied = apply_class(tx, ctx, case, now)
    row = _row(tx, ctx, mailbox, letter, now)
    row = replace(
        row,
        kind=kind,
        waiting=applied.waits,
        matched_by=match.by,
        campaign_id=match.lead.campaign_id if match.lead else None,
        lead_id=match.lead.id if match.lead else None,
        touch_id=match.touch.id if match.touch else None,
        until=reading.until,
        effects=applied.effects,
    )
    if _is_kept(row, match):
        row = replace(row, sender=letter.sender, subject=letter.subject, text=letter.text)
    _store(tx, row)
    if row.campaign_id is not None:
        tx.counters.add(row.campaign_id, REPLIES_PROCESSED, 1)
        if kind in PERSONAL:
            tx.counters.add(row.campaign_id, ANSWERS, 1)
    if kind in PERSONAL and (match.lead is not None or row.waiting) and ctx.settings.notify.email:
        tx.notices.add(NoticeKind.ANSWER, now, campaign_id=row.campaign_id, inbound_id=row.id, mailbox=mailbox)
    return Tracked(row, applied.campaigns)


def track_unreadable(
    tx: Tx, ctx: Context, mailbox: str, unreadable: Unreadable, raw: RawMessage, now: datetime
) -> Tracked | None:
    """It may be an answer: a person has to look at it, in the mailbox or as it came. Of a flood only the first are
    kept."""
    if tx.inbox.knows(mailbox, unreadable.identity):
        return None
    row = Inbound(
        id=InboundId(ctx.ids.new("ib")),
        mailbox=mailbox,
        identity=unreadable.identity,
        kind=InboundClass.UNRELATED,
        evidence=f"{_PARSE_FAILED}: {unreadable.why}",
        waiting=True,
        arrived_at=unreadable.arrived_at,
        created_at=now,
        by=ENGINE,
        raw=raw.content[:_RAW_BYTES] if tx.inbox.count_waiting() < _FLOOD else None,
    )
    _store(tx, row)
    return Tracked(row)


def _kind(letter: Letter, match: Match) -> InboundClass:
    """What a stranger writes who answers nothing is none of our business."""
    kind = letter.reading.kind
    if kind in HUMAN and match.lead is None and not letter.is_reply:
        return InboundClass.UNRELATED
    return kind


def _own_copy(tx: Tx, ctx: Context, mailbox: str, letter: Letter, now: datetime) -> Tracked:
    """A mail of ours is remembered by the Message-ID that it has here, whatever it was passed on under."""
    found = reconcile.own_copy(tx, ctx, mailbox, letter, now)
    row = replace(_row(tx, ctx, mailbox, letter, now), sender_hash=None)
    if found.touch is not None:
        row = replace(row, message_id=found.touch.message_id)
    _store(tx, row)
    return Tracked(row, found.campaigns)


def _row(tx: Tx, ctx: Context, mailbox: str, letter: Letter, now: datetime) -> Inbound:
    key = address_key(letter.sender)
    return Inbound(
        id=InboundId(ctx.ids.new("ib")),
        mailbox=mailbox,
        identity=letter.identity,
        kind=letter.reading.kind,
        evidence=letter.reading.evidence,
        waiting=False,
        arrived_at=letter.arrived_at,
        created_at=now,
        by=ENGINE,
        message_id=letter.message_id,
        sender_hash=keyed_hash(tx.instance.key(), SuppressionKind.ADDRESS, key) if key else None,
    )


def _is_kept(row: Inbound, match: Match) -> bool:
    """The text of what concerns a lead, or waits for a person; never that of a person who was erased."""
    if match.lead is None:
        return row.waiting
    return match.lead.state.lost_reason is not LostReason.ERASED


def _store(tx: Tx, row: Inbound) -> None:
    is_new = tx.inbox.add(row)
    assert is_new, "it was looked for in the same transaction"
    data = {"inbound_id": row.id, "class": row.kind.value, "mailbox": row.mailbox}
    tx.ledger.append(
        Event(EventType.INBOUND_RECEIVED, row.created_at, ENGINE, row.campaign_id, row.lead_id, row.touch_id, data)
    )
