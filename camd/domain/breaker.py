"""Whether an account that keeps failing may be asked: it rests after a few failures, and one question in a while
tries whether it is back. Pure; who asks keeps the state."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

FAILURES = 5
WITHIN = timedelta(seconds=30)
REST = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Breaker:
    """`failures` are the instants of the latest, `open_until` is when the next question may be asked; none while it is
    closed. A question that was allowed while it was open is a trial: its failure opens it again at once."""

    failures: Sequence[datetime] = ()
    open_until: datetime | None = None

    def not_before(self, now: datetime) -> datetime | None:
        """When it may be asked; none for now."""
        return self.open_until if self.open_until is not None and now < self.open_until else None

    def failed(self, now: datetime) -> "Breaker":
        if self.open_until is not None:
            return replace(self, open_until=now + REST)
        recent = (*(at for at in self.failures if at > now - WITHIN), now)
        return Breaker(recent, now + REST if len(recent) >= FAILURES else None)

    def rests_until(self, instant: datetime) -> "Breaker":
        """It said itself when it may be asked again."""
        return replace(self, open_until=max(instant, self.open_until or instant))

    def answered(self) -> "Breaker":
        return Breaker()
