"""The two durable marks of a handover, in the caller's transaction: the intent, and on the wire.

`claim` puts the best touch that may go through the gate and debits its quotas; `mark_on_wire` looks once more at all
that a person or an answer can have changed. What commits before that mark wins.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import assert_never

from camd.domain.campaign import Campaign
from camd.domain.contact import parse_address
from camd.domain.events import ENGINE, Event, EventType
from camd.domain.facts import CampaignId, TouchId
from camd.domain.frozen import replace
from camd.domain.lead import Action
from camd.domain.message_id import message_id
from camd.domain.send_window import local_day
from camd.domain.suppression import SuppressionKind, keyed_hash
from camd.domain.token_bucket import QuotaScope
from camd.pipeline import debits, send_quota
from camd.pipeline.context import Context
from camd.pipeline.gate import (
    OVERDUE,
    Check,
    Reach,
    Subject,
    changed_since_intent,
    first_refusal,
    instance_checks,
    mail_of,
    quota_refusal,
)
from camd.pipeline.mail_text import opt_out_url
from camd.pipeline.mailboxes import unusable
from camd.pipeline.owners import campaign_of, lead_of
from camd.pipeline.record import is_lead_suppressed
from camd.pipeline.send_quota import Granted
from camd.pipeline.settle import release
from camd.pipeline.violations import refusal_of, tell_overruns
from camd.ports.channel import Handover
from camd.ports.journal import HandoverLine
from camd.ports.records import Debits, Touch, TouchStatus
from camd.ports.store import Tx
from camd.telemetry.logs import LogValue, get_log

log = get_log()

LONGEST_INTENT = timedelta(seconds=120)
"""An older intent, as after a suspended machine, is released before the message goes out."""
LOOKED_AT = 50
"""Touches that one claim may put off before it lets others write."""
EVERY_CAMPAIGN = CampaignId(0)


@dataclass(frozen=True, slots=True)
class Claimed:
    """The intent is stored; `handover` is what goes out."""

    touch: Touch
    handover: Handover


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why all of a campaign's touches wait; `until` is none where a doorbell ends it."""

    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nothing may go now; `until` is when it is worth asking again, none where only a doorbell says so. `reason` is
    what stops all of the mailbox's; `is_disabled`: that waits for a person."""

    until: datetime | None
    reason: str | None = None
    is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """What one claim found. `refused` are the campaigns that wait as a whole; those in `woken` have a lead to look
    at before its touch can go."""

    found: Claimed | Nothing
    refused: Mapping[CampaignId, Refusal]
    woken: frozenset[CampaignId] = frozenset()


def claims(
    tx: Tx,
    ctx: Context,
    mailbox: str,
    served: CampaignId,
    refused: Mapping[CampaignId, Refusal],
    places: int,
    now: datetime,
) -> list[Round]:
    """One claim after the other until every place has its touch or nothing may go: the last one is then `Nothing`."""
    rounds: list[Round] = []
    while len(rounds) < places:
        found = claim(tx, ctx, mailbox, served, refused, now)
        rounds.append(found)
        if not isinstance(found.found, Claimed):
            break
        served, refused = found.found.touch.campaign_id, found.refused
    return rounds


def claim(
    tx: Tx, ctx: Context, mailbox: str, served: CampaignId, refused: Mapping[CampaignId, Refusal], now: datetime
) -> Round:
    """The best ready touch of the next campaign after the one `served` last, with its intent; campaigns in `refused`
    are passed over until their time."""
    refused = {key: refusal for key, refusal in refused.items() if refusal.until is None or refusal.until > now}
    if stop := _mailbox_refusal(tx, ctx, mailbox, now):
        return Round(stop, refused)
    woken: set[CampaignId] = set()
    for looked_at, touch in enumerate(_ring(tx, mailbox, served, refused, now), 1):
        campaign = campaign_of(tx, touch)
        match _intend(tx, ctx, campaign, touch, mailbox, now):
            case Claimed() as claimed:
                return Round(claimed, refused, frozenset(woken))
            case Check(reach=Reach.TOUCH) as check:
                if _put_off(tx, touch, check, now):
                    woken.add(touch.campaign_id)
            case Check(reach=Reach.CAMPAIGN) as check:
                refused[touch.campaign_id] = Refusal(check.reason or check.name, check.until)
                _note_exhausted(tx, campaign, check, now)
            case Check() as check:
                return Round(Nothing(check.until, check.reason), refused, frozenset(woken))
            case never:
                assert_never(never)
        if looked_at == LOOKED_AT:
            return Round(Nothing(now), refused, frozenset(woken))
    return Round(Nothing(_next_look(tx, mailbox, refused, now)), refused, frozenset(woken))


def _mailbox_refusal(tx: Tx, ctx: Context, mailbox: str, now: datetime) -> Nothing | None:
    stopped = next((check for check in instance_checks(tx, ctx) if not check.passed), None)
    if stopped is not None:
        return Nothing(stopped.until, stopped.reason)
    refusal = unusable(tx, ctx.settings.mailboxes, mailbox, now)
    if refusal is None:
        return None
    return Nothing(refusal.until, f"mailbox:{mailbox}", is_disabled=refusal.until is None)


def _ring(
    tx: Tx, mailbox: str, served: CampaignId, refused: Mapping[CampaignId, Refusal], now: datetime
) -> Iterator[Touch]:
    """The ready touches in the order in which they are considered: campaigns in turn, from the one after `served`.

    A campaign comes again as long as its best touch is put off; `refused` may grow meanwhile.
    """
    overdue_before = now - OVERDUE
    for begin, end in ((served, None), (EVERY_CAMPAIGN, served)):
        above = begin
        while touch := tx.touches.next_ready(mailbox, above, now, overdue_before):
            if end is not None and touch.campaign_id > end:
                break
            if touch.campaign_id not in refused:
                yield touch
            if touch.campaign_id in refused:
                above = touch.campaign_id


def _next_look(tx: Tx, mailbox: str, refused: Mapping[CampaignId, Refusal], now: datetime) -> datetime | None:
    instants = [refusal.until for refusal in refused.values() if refusal.until is not None]
    if ready := tx.touches.next_ready_at(mailbox, now):
        instants.append(ready)
    return min(instants, default=None)


def _subject(tx: Tx, campaign: Campaign, touch: Touch) -> Subject:
    lead = lead_of(tx, touch)
    return Subject(campaign, lead, is_lead_suppressed(tx, lead), touch, touch.mailbox)


def _intend(tx: Tx, ctx: Context, campaign: Campaign, touch: Touch, mailbox: str, now: datetime) -> Claimed | Check:
    """Every check of the gate, the quotas last; then the intent."""
    subject = _subject(tx, campaign, touch)
    if refusal := first_refusal(tx, ctx, subject, now):
        if subject.suppressed and refusal.reach is Reach.TOUCH and refusal.until is None:
            ctx.metrics.sends_total.labels(mailbox, "blocked").inc()
            _tell_blocked(touch)
        return refusal
    mail = mail_of(tx, ctx, subject)
    assert mail is not None, "the gate lets nothing through without mailbox and address"
    taken = send_quota.take(tx, ctx.settings, mail, now)
    if isinstance(taken, Granted):
        tell_overruns(ctx, taken.overruns)
        return _with_intent(tx, ctx, subject, touch, taken.debits, now)
    scope, denied = taken
    ctx.metrics.quota_denied_total.labels(scope).inc()
    log.debug("quota.denied", scope=scope, campaign_id=campaign.id, mailbox=mailbox, until=denied.at)
    return quota_refusal(scope, denied.at)


def _with_intent(tx: Tx, ctx: Context, subject: Subject, touch: Touch, taken: Debits, now: datetime) -> Claimed:
    lead = subject.lead
    email, subject_line, body = lead.facts.email, touch.subject, touch.body
    assert email and touch.mailbox and subject_line is not None and body is not None, "a planned mail is whole"  # noqa: PT018 - one promise
    key = tx.instance.key()
    after = replace(
        touch,
        status=TouchStatus.INTENT,
        reason=None,
        ready_at=None,
        intent_at=now,
        first_attempt_at=touch.first_attempt_at or now,
        message_id=touch.message_id or _message_id(key, ctx, touch),
        text_hash=touch.text_hash or sha256(f"{subject_line}\0{body}".encode()).hexdigest(),
        recipient_hash=keyed_hash(key, SuppressionKind.ADDRESS, parse_address(email).key),
        debits=taken,
    )
    saved = tx.touches.save(touch, after)
    assert saved.message_id is not None, "it has just been made"
    handover = Handover(
        mailbox=touch.mailbox,
        recipient=email,
        message_id=saved.message_id,
        subject=subject_line,
        body=body,
        references=_references(tx, touch),
        opt_out_url=opt_out_url(ctx.settings, key, email),
    )
    log.debug("send.intent", **_named(touch))
    return Claimed(saved, handover)


_IN_THREAD = frozenset({TouchStatus.SENT, TouchStatus.UNKNOWN})


def _references(tx: Tx, touch: Touch) -> tuple[str, ...]:
    """The mails that this one follows, oldest first."""
    if touch.step == 1:
        return ()
    earlier = [it for it in tx.touches.of_lead(touch.lead_id) if it.step < touch.step and it.status in _IN_THREAD]
    return tuple(it.message_id for it in earlier if it.message_id)


def _message_id(key: bytes, ctx: Context, touch: Touch) -> str:
    assert touch.mailbox is not None, "a mail has a mailbox"
    return message_id(
        key,
        campaign_id=touch.campaign_id,
        lead_id=touch.lead_id,
        step=touch.step,
        steps_version=touch.steps_version,
        sender=ctx.settings.mailboxes[touch.mailbox].address,
    )


def _put_off(tx: Tx, touch: Touch, check: Check, now: datetime) -> bool:
    """Until its instant; without one its campaign looks at the lead, and arms it again when nothing stands against
    it any more. True where the campaign has that to do now."""
    tx.touches.save(touch, replace(touch, ready_at=check.until, reason=check.reason))
    if check.until is not None:
        return False
    lead = lead_of(tx, touch)
    if lead.holds or not lead.is_open:
        return False
    tx.leads.save(lead, replace(lead, next_action=Action.OUTREACH, next_action_at=now))
    return True


def _note_exhausted(tx: Tx, campaign: Campaign, check: Check, now: datetime) -> None:
    """Once a day: the campaign's own quota is used up."""
    if check.reason != f"quota:{QuotaScope.CAMPAIGN}":
        return
    day = local_day(now, campaign.definition.timezone).toordinal()
    if tx.counters.get(campaign.id, "exhausted_on") != day:
        tx.counters.put(campaign.id, "exhausted_on", day)
        tx.ledger.append(
            Event(EventType.QUOTA_EXHAUSTED, now, ENGINE, campaign.id, data={"scope": QuotaScope.CAMPAIGN})
        )


def mark_on_wire(tx: Tx, ctx: Context, touch_id: TouchId, now: datetime) -> str | None:
    """The second mark, with its line in the journal; or, where something changed, the intent's release and why."""
    touch = tx.touches.get(touch_id)
    assert touch is not None, "a touch with an intent is never deleted"
    is_intended = touch.status is TouchStatus.INTENT
    reason = _changed(tx, ctx, touch, now) if is_intended else touch.reason or touch.status
    if reason is not None:
        if refusal_of(tx, touch, lead_of(tx, touch)) is not None:
            _tell_blocked(touch)
        if is_intended:
            release(tx, touch, reason, now)
        return reason
    tx.touches.save(touch, replace(touch, status=TouchStatus.ON_WIRE, on_wire_at=now))
    assert touch.message_id and touch.mailbox and touch.recipient_hash, "an intent is whole"  # noqa: PT018 - one promise
    mark = tx.instance.next_journal_mark()
    tx.journal.add(
        HandoverLine(mark, now, touch.message_id, touch.campaign_id, touch.step, touch.mailbox, touch.recipient_hash)
    )
    log.debug("send.on_wire", **_named(touch))
    return None


def _tell_blocked(touch: Touch) -> None:
    log.info("suppression.blocked_send", **_named(touch))


def _named(touch: Touch) -> dict[str, LogValue]:
    """A touch as the log names it."""
    return {"campaign_id": touch.campaign_id, "touch_id": touch.id, "lead": touch.lead_id, "mailbox": touch.mailbox}


def _changed(tx: Tx, ctx: Context, touch: Touch, now: datetime) -> str | None:
    assert touch.intent_at is not None and touch.debits is not None, "an intent is whole"  # noqa: PT018 - one promise
    if abs(now - touch.intent_at) > LONGEST_INTENT:
        return "intent_expired"
    if not debits.belong_to_today(touch.debits, now):
        return "day_ended"
    refusal = changed_since_intent(tx, ctx, _subject(tx, campaign_of(tx, touch), touch), now)
    return None if refusal is None else refusal.reason or refusal.name
