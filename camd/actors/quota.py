"""The token buckets that every campaign shares, kept in the store, so that a restart refills nothing."""

from datetime import datetime

from camd.domain.token_bucket import NotBefore, QuotaScope, RateBucket, Taken
from camd.ports.clock import Clock
from camd.ports.providers import RateLimit
from camd.ports.quota import Grant
from camd.ports.store import Store, Tx
from camd.telemetry.logs import get_log
from camd.telemetry.metrics import Metrics

log = get_log()


class QuotaService:
    """Check and debit are one transaction: two callers never share a token."""

    def __init__(self, store: Store, clock: Clock, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics

    async def take(self, bucket: str, limit: RateLimit, wanted: int) -> Grant:
        """Up to `wanted` tokens of `bucket`, at most its burst at once."""
        rate = RateBucket(limit.count, limit.period, limit.burst)
        grant = await self._store.write(lambda tx: _take(tx, bucket, rate, wanted, self._clock.now()))
        if grant.count < wanted:
            self._metrics.quota_denied_total.labels(QuotaScope.PROVIDER_RATE).inc()
            log.debug("quota.denied", scope=QuotaScope.PROVIDER_RATE, key=bucket, until=grant.not_before)
        return grant


def _take(tx: Tx, bucket: str, rate: RateBucket, wanted: int, now: datetime) -> Grant:
    tat = tx.quotas.bucket(bucket)
    units = min(wanted, rate.room(tat, now))
    if units:
        taken = rate.take(tat, now, units)
        assert isinstance(taken, Taken), "there was room for it"
        tat = taken.tat
        tx.quotas.set_bucket(bucket, tat)
    verdict = rate.take(tat, now)
    return Grant(units, verdict.at if isinstance(verdict, NotBefore) else now)
