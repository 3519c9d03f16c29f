"""Which providers may be asked now. One that fails rests, costs nobody else anything, and is told of once: when it
goes and when it is back.

It is this process's own: a new one asks everybody and sees for itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from camd.domain.breaker import FAILURES, Breaker
from camd.domain.errors import Failure, Misconfigured, Scope, Transient
from camd.domain.events import ENGINE, Event, EventType
from camd.ports.clock import Clock
from camd.ports.store import Store
from camd.telemetry.logs import get_log
from camd.telemetry.metrics import Metrics

log = get_log()

MISCONFIGURED_FOR = timedelta(hours=1)
"""A refused key is tried again now and then: the vendor may have been wrong."""
WORTH_TELLING = timedelta(minutes=5)
"""A shorter rest, as after a burst, is no news."""


@dataclass(frozen=True, slots=True)
class Degraded:
    """`problem` says what is wrong and how it is mended."""

    since: datetime
    until: datetime
    problem: str


class ProviderHealth:
    def __init__(self, store: Store, clock: Clock, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._breakers: dict[str, Breaker] = {}
        self._degraded: dict[str, Degraded] = {}

    def not_before(self, name: str) -> datetime | None:
        """When it may be asked; none for now."""
        return self._breakers.get(name, Breaker()).not_before(self._clock.now())

    def degraded(self) -> dict[str, Degraded]:
        return dict(self._degraded)

    async def answered(self, name: str) -> None:
        self._breakers.pop(name, None)
        if self._degraded.pop(name, None) is not None:
            log.info("provider.recovered", provider=name)
            await self._note(EventType.PROVIDER_RECOVERED, name)

    async def failed(self, name: str, failure: Failure) -> None:
        """Counts only what is the provider's: a bad entry of one campaign is nobody else's."""
        if failure.scope is not Scope.PROVIDER:
            return
        now = self._clock.now()
        breaker = self._breakers.get(name, Breaker()).failed(now)
        match failure:
            case Misconfigured():
                breaker = breaker.rests_until(now + MISCONFIGURED_FOR)
            case Transient(retry_after=timedelta() as wait):
                breaker = breaker.rests_until(now + wait)
        self._breakers[name] = breaker
        if breaker.open_until is not None and name in self._degraded:
            self._degraded[name] = Degraded(self._degraded[name].since, breaker.open_until, str(failure))
        elif breaker.open_until is not None and _is_news(breaker, failure, now):
            self._degraded[name] = Degraded(now, breaker.open_until, str(failure))
            log.warning("provider.degraded", provider=name, error=failure, until=breaker.open_until)
            await self._note(EventType.PROVIDER_DEGRADED, name)

    async def _note(self, kind: EventType, name: str) -> None:
        self._metrics.provider_state.labels(name).set(kind is EventType.PROVIDER_RECOVERED)
        event = Event(kind, self._clock.now(), ENGINE, data={"provider": name})
        await self._store.write(lambda tx: tx.ledger.append(event))


def _is_news(breaker: Breaker, failure: Failure, now: datetime) -> bool:
    """It failed again and again, or rests for long."""
    rests_long = breaker.open_until is not None and breaker.open_until - now >= WORTH_TELLING
    return isinstance(failure, Misconfigured) or rests_long or len(breaker.failures) >= FAILURES
