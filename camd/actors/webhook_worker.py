"""Delivers what one endpoint is to get: in the order of the ledger, as far as several at once allow.

It sleeps until the next delivery is due, the endpoint may be asked again, or its doorbell. While the endpoint fails it
is asked one thing at a time; while it is paused, with its oldest delivery alone.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

import anyio

from camd.actors.wake import Doorbell, seconds_until
from camd.domain.token_bucket import NotBefore, Taken
from camd.domain.webhooks import KEPT_WHILE_PAUSED, RATES, SLOW_FOR, THROTTLED, DeliveryStatus, Verdict, judged, slower
from camd.pipeline import webhooks
from camd.pipeline.context import Context
from camd.pipeline.webhook_bodies import body_of
from camd.pipeline.webhooks import Outcome
from camd.ports.settings import WebhookSettings
from camd.ports.store import Tx
from camd.ports.store_errors import StoreUnavailable
from camd.ports.webhooks import Delivery, Endpoint, NotDelivered, Post, TargetRefused
from camd.telemetry.logs import get_log

log = get_log()

T = TypeVar("T")
Unit = Callable[[Tx], T]

BATCH = 32
AT_ONCE = 4
_LONGEST_PACE_SECONDS = 5.0
RETRY_SECONDS = 5.0
"""Between two tries to reach a database that is away."""


async def persistently(call: Callable[[Unit[T]], Awaitable[T]], unit: Unit[T]) -> T:
    """`call` is the store's `write` or `read`; until the database takes it."""
    while True:
        try:
            return await call(unit)
        except StoreUnavailable:
            await anyio.sleep(RETRY_SECONDS)


async def attempt(context: Context, endpoint: WebhookSettings, event_id: str, body: bytes) -> Outcome:
    """One request, and what its answer means."""
    try:
        answer = await context.webhooks.post(Post(endpoint, event_id, context.clock.now(), body))
    except TargetRefused as refusal:
        log.error("webhook.target_blocked", endpoint=endpoint.name, reason=str(refusal))
        context.metrics.webhook_attempts_total.labels("blocked").inc()
        return Outcome(Verdict.FAILED, reason=str(refusal))
    except NotDelivered as failure:
        outcome = Outcome(Verdict.FAILED, reason=str(failure))
    else:
        verdict = judged(endpoint.flavour, answer.status, answer.text)
        reason = None if verdict is Verdict.DELIVERED else _reason(answer.status)
        outcome = Outcome(verdict, answer.status, reason, answer.retry_after)
    context.metrics.webhook_attempts_total.labels(outcome.verdict).inc()
    return outcome


def _reason(status: int) -> str:
    return f"redirects are not followed ({status})" if 300 <= status < 400 else f"answered {status}"


@dataclass(frozen=True, slots=True)
class _Work:
    """What may go now, or when to look again."""

    batch: Sequence[Delivery] = ()
    until: datetime | None = None
    is_old: bool = False


class Worker:
    """`run` works until it is cancelled, or `stop` is set and nothing is in flight any more."""

    def __init__(self, context: Context, endpoint: WebhookSettings, bell: Doorbell, stop: anyio.Event) -> None:
        self._context = context
        self._endpoint = endpoint
        self._bell = bell
        self._stop = stop
        self._full_at: datetime | None = None
        self._slow_until: datetime | None = None
        self._is_well = True

    async def run(self) -> None:
        context, name = self._context, self._endpoint.name
        while not self._stop.is_set():
            work = await persistently(context.store.read, self._due)
            if work.is_old:
                count = await persistently(context.store.write, partial(webhooks.bury_old, name=name, now=self._now()))
                log.error("webhook.dead", endpoint=name, reason=webhooks.KEPT_TOO_LONG, count=count)
            elif work.batch:
                await self._deliver(work.batch)
            else:
                idle = context.settings.engine.max_idle_seconds
                await self._bell.wait(seconds_until(work.until, context.clock, idle))

    def _now(self) -> datetime:
        return self._context.clock.now()

    def _due(self, tx: Tx) -> _Work:
        now, name = self._now(), self._endpoint.name
        endpoint = tx.webhooks.endpoint(name)
        assert endpoint is not None, "it was made when the process began"
        if endpoint.paused and (oldest := tx.webhooks.oldest(name)) and oldest.created_at < now - KEPT_WHILE_PAUSED:
            return _Work(is_old=True)
        if endpoint.not_before is not None and endpoint.not_before > now:
            return _Work(until=endpoint.not_before)
        batch = self._next(tx, endpoint, now)
        return _Work(batch, tx.webhooks.next_at(name) if not endpoint.paused else None)

    def _next(self, tx: Tx, endpoint: Endpoint, now: datetime) -> Sequence[Delivery]:
        if endpoint.paused:
            oldest = tx.webhooks.oldest(endpoint.name)
            return [oldest] if oldest else []
        return tx.webhooks.due(endpoint.name, now, 1 if endpoint.failing_since else BATCH)

    async def _deliver(self, batch: Sequence[Delivery]) -> None:
        """Begins no more once one of them failed."""
        self._is_well = True
        slots = anyio.Semaphore(AT_ONCE)
        async with anyio.create_task_group() as tasks:
            for delivery in batch:
                await slots.acquire()
                await self._pace()
                if not self._is_well or self._stop.is_set():
                    return
                tasks.start_soon(self._attempt, delivery, slots)

    async def _pace(self) -> None:
        """The endpoint's rate; half of it for a minute after it was too much."""
        rate = RATES[self._endpoint.flavour]
        if self._slow_until is not None and self._now() < self._slow_until:
            rate = slower(rate)
        taken = rate.take(self._full_at, self._now())
        if isinstance(taken, NotBefore):
            # Bounded, as the clock may be set meanwhile; the rate is the receiver's comfort and no promise.
            await anyio.sleep(seconds_until(taken.at, self._context.clock, _LONGEST_PACE_SECONDS))
            taken = rate.take(self._full_at, max(taken.at, self._now()))
        assert isinstance(taken, Taken), "there is room at the instant that was named"
        self._full_at = taken.tat

    async def _attempt(self, delivery: Delivery, slots: anyio.Semaphore) -> None:
        context = self._context
        # Read only now: who was erased while this waited for its turn is not in it.
        body = await persistently(context.store.read, lambda tx: body_of(tx, self._endpoint, delivery.seq))
        outcome = await attempt(context, self._endpoint, delivery.event_id, body)
        if outcome.verdict not in webhooks.SPOKE:
            self._is_well = False
        if outcome.verdict is Verdict.THROTTLED:
            self._slow_until = self._now() + (outcome.retry_after or THROTTLED) + SLOW_FOR
        unit = partial(webhooks.settle, ctx=context, before=delivery, outcome=outcome, now=self._now())
        settled = await persistently(context.store.write, unit)
        slots.release()
        if settled is not None:
            self._tell(settled.delivery, outcome)
            if settled.paused:
                log.error("webhook.dead", endpoint=self._endpoint.name, reason=f"paused: {settled.paused}", count=1)

    def _tell(self, delivery: Delivery, outcome: Outcome) -> None:
        told: dict[str, str | int | None] = {
            "endpoint": delivery.endpoint,
            "event_id": delivery.event_id,
            "attempt": delivery.attempts,
        }
        if delivery.status is not DeliveryStatus.DELIVERED:
            told |= {"code": outcome.status_code, "reason": outcome.reason}
        match delivery.status:
            case DeliveryStatus.DELIVERED:
                log.info("webhook.delivered", **told)
            case DeliveryStatus.DEAD:
                log.error("webhook.dead", **told)
            case DeliveryStatus.PENDING:
                log.warning("webhook.failed", **told)
