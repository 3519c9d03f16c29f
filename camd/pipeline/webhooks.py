"""Outgoing webhooks in the store: the ledger's events given out to endpoints, and what an attempt came to.

The ledger is the outbox: its rows are written in the transaction of the change they tell of, and each endpoint follows
them by its own position. Every function here is part of one transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from camd.domain.events import EventType, Value
from camd.domain.webhooks import (
    IN_A_ROW,
    KEPT_WHILE_PAUSED,
    THROTTLED,
    TRIED_FOR,
    DeliveryStatus,
    PauseReason,
    Verdict,
    next_attempt,
    next_probe,
    rest,
    subscribed,
)
from camd.pipeline.context import Context
from camd.ports.records import EventFilter, LedgerRow, NoticeKind
from camd.ports.store import StaleWrite, Tx
from camd.ports.webhooks import Delivery, Endpoint

AT_ONCE = 500
"""Rows of the ledger that an endpoint is given in one transaction."""
NOT_CONFIGURED = "not_configured"
KEPT_TOO_LONG = "kept_too_long"
_WENT = frozenset({EventType.CAMPAIGN_WENT_LIVE, EventType.CAMPAIGN_WENT_DRY})
SPOKE = frozenset({Verdict.DELIVERED, Verdict.REJECTED})
_PAUSES: Mapping[Verdict, PauseReason] = {Verdict.GONE: PauseReason.GONE, Verdict.REFUSED: PauseReason.REFUSED}


def begin(tx: Tx, ctx: Context, now: datetime) -> None:
    """At the start of a process. A new endpoint begins at the end of the ledger; one that was taken out of the
    configuration gets nothing more, and what it waited for can be replayed; a paused one is tried at once."""
    configured, known = ctx.settings.webhooks, tx.webhooks.endpoints()
    for name in configured.keys() - known.keys():
        tx.webhooks.put(Endpoint(name, tx.ledger.last_seq()))
    for name in known.keys() - configured.keys():
        tx.webhooks.drop(name)
        tx.webhooks.bury(name, now + timedelta(days=1), now, NOT_CONFIGURED)
    for name in configured.keys() & known.keys():
        if known[name].paused:
            tx.webhooks.put(replace(known[name], not_before=None))


def give_out(tx: Tx, ctx: Context, now: datetime) -> Mapping[str, int]:
    """The next events of each endpoint that is behind; answers how many each of these was given. Nothing is given in an
    instance that is dry: its endpoints only follow."""
    given: dict[str, int] = {}
    last = tx.ledger.last_seq()
    for name, endpoint in tx.webhooks.endpoints().items():
        if endpoint.position < last and name in ctx.settings.webhooks:
            rows = tx.ledger.after(endpoint.position, AT_ONCE, EventFilter())
            kinds = subscribed(ctx.settings.webhooks[name].events)
            told = [row for row in rows if row.event.type in kinds and not _is_dry(tx, ctx, row)]
            for row in told:
                tx.webhooks.add(name, row.seq, tx.webhooks.event_id(row.seq) or ctx.ids.new("ev"), now)
            tx.webhooks.put(replace(endpoint, position=rows[-1].seq))
            given[name] = len(told)
    return given


def _is_dry(tx: Tx, ctx: Context, row: LedgerRow) -> bool:
    """Whether a dry cycle wrote it, or its campaign was dry then."""
    campaign_id = row.event.campaign_id
    if ctx.settings.engine.dry_run or row.is_dry:
        return True
    if campaign_id is None:
        return False
    changed = tx.ledger.next_of(campaign_id, row.seq, _WENT)
    if changed is not None:
        return changed is EventType.CAMPAIGN_WENT_LIVE
    campaign = tx.campaigns.get(campaign_id)
    return campaign is not None and campaign.definition.dry_run


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt came to; `reason` in a few words, none of them the receiver's own."""

    verdict: Verdict
    status_code: int | None = None
    reason: str | None = None
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What follows. `paused`: the endpoint rests from now on, for that reason."""

    delivery: Delivery
    paused: PauseReason | None = None


def settle(tx: Tx, ctx: Context, before: Delivery, outcome: Outcome, now: datetime) -> Settled | None:
    """None where somebody decided about the delivery meanwhile, or the endpoint is no more: what the attempt came to
    counts for the endpoint alone."""
    endpoint = tx.webhooks.endpoint(before.endpoint)
    if endpoint is None:
        return None
    delivery, point = _judged(ctx, before, endpoint, outcome, now)
    try:
        saved = tx.webhooks.save(before, delivery)
    except StaleWrite:
        saved = None
    if outcome.verdict in SPOKE:
        _catch_up(tx, endpoint, now)
    tx.webhooks.put(point)
    newly_paused = point.paused if endpoint.paused is None else None
    if newly_paused:
        _tell(tx, point.name, now, newly_paused, 1)
    elif saved is not None and saved.status is DeliveryStatus.DEAD:
        _tell(tx, point.name, now, outcome.reason or outcome.verdict, 1)
    return Settled(saved, newly_paused) if saved is not None else None


def _judged(
    ctx: Context, before: Delivery, endpoint: Endpoint, outcome: Outcome, now: datetime
) -> tuple[Delivery, Endpoint]:
    tried = replace(before, attempted_at=now, status_code=outcome.status_code, reason=outcome.reason)
    match outcome.verdict:
        case Verdict.DELIVERED:
            return _over(tried, DeliveryStatus.DELIVERED, now), replace(_well(endpoint), delivered_at=now)
        case Verdict.REJECTED:
            # It is the event that is wrong: the endpoint speaks.
            return _over(tried, DeliveryStatus.DEAD, now), _well(endpoint)
        case Verdict.GONE | Verdict.REFUSED:
            return tried, _paused(endpoint, _PAUSES[outcome.verdict], now)
        case Verdict.THROTTLED | Verdict.FAILED:
            return _failed(ctx, tried, endpoint, outcome, now)
        case never:
            assert_never(never)


def bury_old(tx: Tx, name: str, now: datetime) -> int:
    """What a paused endpoint has not taken for a week is dead; answers how many."""
    count = tx.webhooks.bury(name, now - KEPT_WHILE_PAUSED, now, KEPT_TOO_LONG)
    if count:
        _tell(tx, name, now, KEPT_TOO_LONG, count)
    return count


def resume(tx: Tx, name: str, now: datetime) -> bool:
    """It took something: it is well. True where it was paused."""
    endpoint = tx.webhooks.endpoint(name)
    if endpoint is None:
        return False
    _catch_up(tx, endpoint, now)
    tx.webhooks.put(replace(_well(endpoint), delivered_at=now))
    return endpoint.paused is not None


def _over(delivery: Delivery, status: DeliveryStatus, now: datetime) -> Delivery:
    first_at = delivery.first_attempt_at or now
    return replace(delivery, status=status, attempts=delivery.attempts + 1, first_attempt_at=first_at, settled_at=now)


def _catch_up(tx: Tx, before: Endpoint, now: datetime) -> None:
    """What waited for an endpoint that is well again goes now, in the order of the ledger."""
    if before.paused:
        tx.webhooks.renew(before.name, now)
    elif before.failures >= IN_A_ROW:
        tx.webhooks.hurry(before.name, now)


def _well(endpoint: Endpoint) -> Endpoint:
    """An endpoint that was only too busy asked for time before this was answered, and has it."""
    was_failing = endpoint.failures or endpoint.paused
    not_before = None if was_failing else endpoint.not_before
    return replace(endpoint, paused=None, paused_at=None, failing_since=None, failures=0, not_before=not_before)


def _paused(endpoint: Endpoint, reason: PauseReason, now: datetime) -> Endpoint:
    paused_at = endpoint.paused_at or now
    return replace(endpoint, paused=reason, paused_at=paused_at, not_before=next_probe(paused_at, now))


def _failed(
    ctx: Context, delivery: Delivery, endpoint: Endpoint, outcome: Outcome, now: datetime
) -> tuple[Delivery, Endpoint]:
    if endpoint.paused:
        # A probe is no attempt: what waits for the endpoint does not die of it.
        return delivery, _paused(endpoint, endpoint.paused, now)
    first_at = delivery.first_attempt_at or now
    made = delivery.attempts + 1
    roll = ctx.entropy.uniform(0.0, 1.0)
    next_at = next_attempt(made, first_at, now, roll, outcome.retry_after)
    if next_at is None:
        tried = _over(delivery, DeliveryStatus.DEAD, now)
    else:
        tried = replace(delivery, attempts=made, first_attempt_at=first_at, next_at=next_at)
    is_throttled = outcome.verdict is Verdict.THROTTLED
    failures = endpoint.failures + (not is_throttled)
    since = endpoint.failing_since or now
    wait = outcome.retry_after or (THROTTLED if is_throttled else rest(failures, ctx.entropy.uniform(0.0, 1.0)))
    failing = replace(endpoint, failing_since=since, failures=failures, not_before=now + wait if wait else None)
    if now - since >= TRIED_FOR or (next_at is None and since <= first_at):
        return tried, _paused(failing, PauseReason.FAILING, now)
    return tried, failing


def _tell(tx: Tx, name: str, now: datetime, reason: str, count: int) -> None:
    data: dict[str, Value] = {"endpoint": name, "reason": reason, "count": count}
    tx.notices.add(NoticeKind.WEBHOOK_DEAD, now, data=data)
