"""Which providers may be asked now, and how fast. One that fails rests, costs nobody else anything, and is told of
once: when it goes and when it is back.

It is this process's own: a new one asks everybody and sees for itself.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from camd.domain.breaker import FAILURES, Breaker
from camd.domain.errors import (
    BudgetExhausted,
    Failure,
    KeyRefused,
    Misconfigured,
    PlanRefused,
    RateLimited,
    Scope,
    Transient,
)
from camd.domain.events import ENGINE, Event, EventType
from camd.domain.retry import backoff
from camd.domain.waterfall import Operation
from camd.ports.clock import Clock, Entropy
from camd.ports.providers import RateLimit
from camd.ports.store import Store
from camd.ports.store_errors import StoreUnavailable
from camd.telemetry.logs import get_log
from camd.telemetry.metrics import Metrics

log = get_log()

LONG_REST = timedelta(hours=1)
"""A refused key, or an account without credits, is tried again now and then: the vendor may have been wrong."""
WORTH_TELLING = timedelta(minutes=5)
"""A shorter rest, as after a burst, is no news."""
LEAST_RATE = 1 / 64
RATE_GROWS_AFTER = timedelta(minutes=1)
RATE_GROWS_BY = 1.25
_FIRST_BACKOFF = timedelta(seconds=2)
_LONGEST_BACKOFF = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Degraded:
    """`problem` says what is wrong and how it is mended; `is_refused`: a person has to."""

    since: datetime
    until: datetime
    problem: str
    is_refused: bool


@dataclass(frozen=True, slots=True)
class _Pace:
    """The share of its limits that a provider bears: halved by each refusal that names no wait, and growing again
    while it answers. `refusals` counts those in a row."""

    share: float
    since: datetime
    refusals: int = 0


class ProviderHealth:
    """A plan that lacks one operation stops that operation alone; whatever else fails stops the provider."""

    def __init__(self, store: Store, clock: Clock, entropy: Entropy, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._metrics = metrics
        self._breakers: dict[str, Breaker] = {}
        self._degraded: dict[str, Degraded] = {}
        self._paces: dict[str, _Pace] = {}

    def not_before(self, provider: str, operation: Operation) -> datetime | None:
        """When it may be asked; none for now."""
        now = self._clock.now()
        waits = [self._breaker(name).not_before(now) for name in _names(provider, operation)]
        return max((wait for wait in waits if wait is not None), default=None)

    def is_trial(self, provider: str, operation: Operation) -> bool:
        """Whether it has just rested, so that one question is enough to see."""
        return any(self._breaker(name).open_until is not None for name in _names(provider, operation))

    def is_refused(self, provider: str, operation: Operation) -> bool:
        """Whether a person has to mend something before it answers. After a rest one question tries."""
        now = self._clock.now()
        rests = (self._degraded.get(name) for name in _names(provider, operation))
        return any(rest is not None and rest.is_refused and now < rest.until for rest in rests)

    def degraded(self) -> dict[str, Degraded]:
        return dict(self._degraded)

    def paced(self, provider: str, limits: Sequence[RateLimit]) -> Sequence[RateLimit]:
        """The limits as far as the provider bears them."""
        pace = self._paces.get(provider)
        if pace is None:
            return limits
        # A longer period instead of a smaller count, which could not be less than one.
        return [replace(limit, period=limit.period / pace.share, burst=1) for limit in limits]

    async def answered(self, provider: str, operation: Operation) -> None:
        """An answer that comes while it rests was asked for before, and says nothing of now."""
        now = self._clock.now()
        self._grow(provider, now)
        for name in _names(provider, operation):
            if self._breaker(name).not_before(now) is not None:
                continue
            self._breakers.pop(name, None)
            if self._degraded.pop(name, None) is not None:
                log.info("provider.recovered", provider=name)
                await self._note(EventType.PROVIDER_RECOVERED, provider)

    async def failed(self, provider: str, operation: Operation, failure: Failure) -> None:
        """Counts only what is the provider's: a bad entry of one campaign is nobody else's."""
        if failure.scope is not Scope.PROVIDER:
            return
        now = self._clock.now()
        name = _operation_name(provider, operation) if isinstance(failure, PlanRefused) else provider
        breaker = self._breaker(name)
        # What is refused while it rests was asked for before: several calls at once are one trouble.
        is_resting = breaker.not_before(now) is not None
        match failure:
            case Transient(retry_after=timedelta() as wait):
                breaker = (breaker if is_resting else breaker.failed(now)).rests_until(now + wait)
            case Misconfigured() | BudgetExhausted():
                breaker = breaker.rests_until(now + LONG_REST)
            case _ if is_resting:
                pass
            case RateLimited():
                breaker = breaker.rests_until(now + self._slow_down(provider, now))
            case _:
                breaker = breaker.failed(now)
        self._breakers[name] = breaker
        if breaker.open_until is None:
            return
        if isinstance(failure, KeyRefused) and not is_resting:
            log.error("provider.auth_failed", provider=provider, until=breaker.open_until)
        is_refused = isinstance(failure, Misconfigured)
        if name in self._degraded:
            since = self._degraded[name].since
            self._degraded[name] = Degraded(since, breaker.open_until, str(failure), is_refused)
        elif self._is_news(provider, breaker, now):
            self._degraded[name] = Degraded(now, breaker.open_until, str(failure), is_refused)
            log.warning("provider.degraded", provider=name, error=failure, until=breaker.open_until)
            await self._note(EventType.PROVIDER_DEGRADED, provider)

    def _breaker(self, name: str) -> Breaker:
        return self._breakers.get(name, Breaker())

    def _slow_down(self, provider: str, now: datetime) -> timedelta:
        """How long it rests that said "too many" and not until when."""
        pace = self._paces.get(provider, _Pace(1.0, now))
        slower = _Pace(max(pace.share / 2, LEAST_RATE), now, pace.refusals + 1)
        self._paces[provider] = slower
        log.warning("quota.rate_learned", provider=provider, limit=slower.share)
        roll = self._entropy.uniform(0.0, 1.0)
        return max(backoff(slower.refusals, _FIRST_BACKOFF, _LONGEST_BACKOFF, roll), timedelta(milliseconds=100))

    def _is_news(self, provider: str, breaker: Breaker, now: datetime) -> bool:
        """It failed again and again, or rests for long."""
        rests_long = breaker.open_until is not None and breaker.open_until - now >= WORTH_TELLING
        pace = self._paces.get(provider)
        return rests_long or max(len(breaker.failures), pace.refusals if pace is not None else 0) >= FAILURES

    def _grow(self, provider: str, now: datetime) -> None:
        pace = self._paces.get(provider)
        if pace is None:
            return
        if now - pace.since < RATE_GROWS_AFTER:
            self._paces[provider] = replace(pace, refusals=0)
            return
        share = min(pace.share * RATE_GROWS_BY, 1.0)
        if share == 1.0:
            del self._paces[provider]
        else:
            self._paces[provider] = _Pace(share, now)

    async def _note(self, kind: EventType, provider: str) -> None:
        is_away = any(name.partition(" ")[0] == provider for name in self._degraded)
        self._metrics.provider_state.labels(provider).set(not is_away)
        event = Event(kind, self._clock.now(), ENGINE, data={"provider": provider})
        # Where the database is away the log alone tells of it: who asked has an answer to keep.
        with suppress(StoreUnavailable):
            await self._store.write(lambda tx: tx.ledger.append(event))


def _names(provider: str, operation: Operation) -> tuple[str, str]:
    return provider, _operation_name(provider, operation)


def _operation_name(provider: str, operation: Operation) -> str:
    return f"{provider} {operation}"
