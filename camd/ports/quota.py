"""The shared token buckets as a caller sees them: so many now, or not before an instant."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from camd.ports.providers import RateLimit


@dataclass(frozen=True, slots=True)
class Grant:
    """`count` units may be used now; the next one may be asked for at `not_before`."""

    count: int
    not_before: datetime


class RateQuota(Protocol):
    """Durable: what was taken stays taken over a restart. Denial is an instant, never a wait."""

    async def take(self, bucket: str, limit: RateLimit, wanted: int) -> Grant: ...
