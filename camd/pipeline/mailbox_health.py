"""What answers and failures do to a mailbox, over all campaigns: its learned rate, short stops, being disabled.

A stop ends by itself; a mailbox that is disabled waits for a person, with the mend in `detail`.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from camd.domain.errors import Failure, Misconfigured, Permanent, Transient
from camd.domain.events import Event, EventType, by_rule
from camd.domain.goals import MAILBOX_STOPS_FOR, mailbox_must_stop
from camd.domain.inbound import PROVIDER_LIMITS, BounceKind, judge_status_code
from camd.domain.send_window import local_day
from camd.pipeline import evaluate
from camd.pipeline.context import Context
from camd.ports.channel import Refused
from camd.ports.records import DeliveryFact, DeliveryScope, MailboxReason, MailboxState, NoticeKind
from camd.ports.store import Tx
from camd.telemetry.logs import get_log

log = get_log()

LOG_INS = 2
"""Refused log-ins in a row that disable a mailbox: providers lock an account after a few more."""
LEAST_RATE = 1 / 16
RECOVERED_PER_MAIL = 0.05
_FIRST_STOP = timedelta(minutes=1)
_LONGEST_STOP = timedelta(hours=1)
_BOUNCES_COUNTED = timedelta(days=6)
_TROUBLE = "trouble"


def accepted(tx: Tx, name: str) -> None:
    """A mail was taken: the log-in works, and the learned rate recovers a little."""
    state = tx.mailboxes.get(name)
    if state.refused_log_ins or state.refusals or state.rate < 1.0:
        rate = min(1.0, state.rate + RECOVERED_PER_MAIL)
        tx.mailboxes.put(replace(state, refused_log_ins=0, refusals=0, rate=rate))


def count(tx: Tx, ctx: Context, name: str, fact: DeliveryFact, at: datetime) -> None:
    """Counts it for the mailbox's own day; a mailbox that is no longer configured has none."""
    if box := ctx.settings.mailboxes.get(name):
        tx.deliveries.add(DeliveryScope.MAILBOX, name, local_day(at, box.timezone), fact)


def refused(tx: Tx, ctx: Context, name: str, refusal: Refused, now: datetime) -> None:
    """A server's answer to a message, as far as it is about us."""
    state = tx.mailboxes.get(name)
    code = refusal.enhanced or ""
    if refusal.for_now:
        if refusal.code == 421 or code.startswith("4.7."):
            slower = replace(state, rate=max(state.rate / 2, LEAST_RATE))
            log.warning("quota.rate_learned", mailbox=name, code=refusal.code, limit=slower.rate)
            tx.mailboxes.put(slower)
        if refusal.code == 421:
            _stop_for_trouble(tx, name, now)
        return
    about_us = judge_status_code(refusal.enhanced, f"{refusal.code} {refusal.reply}") is BounceKind.SENDER_TROUBLE
    if not about_us:
        if state.refusals:
            tx.mailboxes.put(replace(state, refusals=0))
        return
    if code.startswith("5.7."):
        count(tx, ctx, name, DeliveryFact.REFUSALS, now)
        tx.mailboxes.put(replace(state, refusals=state.refusals + 1))
        look_at_bounces(tx, ctx, name, now)
    if code in PROVIDER_LIMITS:
        _stop(tx, name, now + _LONGEST_STOP, "provider_limit", now)


def look_at_bounces(tx: Tx, ctx: Context, name: str, now: datetime) -> None:
    """Stops the mailbox for a day where too much of what it sent in 7 days bounced, or refusals follow each other."""
    box = ctx.settings.mailboxes.get(name)
    if box is None:
        return
    first = local_day(now, box.timezone) - _BOUNCES_COUNTED
    week = evaluate.deliveries(tx.deliveries.since(DeliveryScope.MAILBOX, name, first))
    state = tx.mailboxes.get(name)
    if mailbox_must_stop(week, state.refusals):
        tx.mailboxes.put(replace(state, refusals=0))
        _stop(tx, name, now + MAILBOX_STOPS_FOR, "bounces_or_refusals", now)


def failed(tx: Tx, ctx: Context, name: str, failure: Failure, now: datetime) -> None:
    """Nothing could be handed over, whatever the message."""
    match failure:
        case Misconfigured():
            _log_in_refused(tx, ctx, name, failure, now)
        case Transient(retry_after=timedelta() as wait):
            _stop(tx, name, now + wait, _TROUBLE, now, detail=str(failure))
        case Permanent():
            _stop(tx, name, now + _LONGEST_STOP, "sender_refused", now, detail=str(failure))
        case _:
            _stop_for_trouble(tx, name, now, detail=str(failure))


def _log_in_refused(tx: Tx, ctx: Context, name: str, failure: Failure, now: datetime) -> None:
    count(tx, ctx, name, DeliveryFact.REFUSED_LOG_INS, now)
    state = tx.mailboxes.get(name)
    tries = state.refused_log_ins + 1
    tx.mailboxes.put(replace(state, refused_log_ins=tries))
    if tries < LOG_INS:
        _stop(tx, name, now + _FIRST_STOP, "log_in_refused", now, detail=str(failure))
    elif state.disabled is None:
        disable(tx, name, MailboxReason.LOG_IN_REFUSED, now, actor=by_rule("log_in"), detail=str(failure))


def _stop_for_trouble(tx: Tx, name: str, now: datetime, *, detail: str | None = None) -> None:
    """Twice as long as the last time where that is just over; the failures of one moment count once."""
    state = tx.mailboxes.get(name)
    if state.stopped_until is not None and state.stopped_until > now:
        return
    wait = _FIRST_STOP
    if state.stopped_for == _TROUBLE and state.stopped_until is not None and state.since is not None:
        before = state.stopped_until - state.since
        if now - state.stopped_until < before + _FIRST_STOP:
            wait = min(2 * before, _LONGEST_STOP)
    _stop(tx, name, now + wait, _TROUBLE, now, detail=detail)


def _stop(tx: Tx, name: str, until: datetime, reason: str, now: datetime, *, detail: str | None = None) -> None:
    """Never shortens a stop that stands, and leaves a disabled mailbox as it is."""
    state = tx.mailboxes.get(name)
    if state.disabled is not None or (state.stopped_until is not None and state.stopped_until >= until):
        return
    stopped = replace(state, stopped_until=until, stopped_for=reason, since=now, by=by_rule("mailbox"), detail=detail)
    tx.mailboxes.put(stopped)
    _note(tx, name, reason, now, by_rule("mailbox"), until=until)


def disable(
    tx: Tx, name: str, reason: MailboxReason, now: datetime, *, actor: str, detail: str | None = None
) -> MailboxState:
    """Until a person enables it."""
    disabled = replace(tx.mailboxes.get(name), disabled=reason, detail=detail, since=now, by=actor)
    tx.mailboxes.put(disabled)
    _note(tx, name, reason, now, actor)
    if reason is not MailboxReason.OPERATOR:
        tx.notices.add(NoticeKind.MAILBOX, now, mailbox=name, data={"reason": reason.value})
    return disabled


def _note(tx: Tx, name: str, reason: str, now: datetime, actor: str, *, until: datetime | None = None) -> None:
    tx.ledger.append(Event(EventType.MAILBOX_DEGRADED, now, actor, data={"mailbox": name, "reason": reason}))
    log.warning("mailbox.degraded", mailbox=name, reason=reason, until=until)
