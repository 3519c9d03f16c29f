"""The state of the instance's send gate: closed by a common cause, a jump of the clock or trouble with the database.

It is this process's own: a new process starts with an open gate and looks for itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from camd.ports.clock import Clock
from camd.telemetry.logs import get_log
from camd.telemetry.metrics import Metrics

log = get_log()


class GateReason(StrEnum):
    COMMON_CAUSE = "common_cause"
    CLOCK_JUMPED = "clock_jumped"
    DISK_FULL = "disk_full"
    DAMAGED = "damaged"
    DATABASE_AWAY = "database_away"
    OUTCOME_WAITS = "outcome_waits"


REOPENS_AFTER = timedelta(minutes=10)
_FOR_GOOD = frozenset({GateReason.DAMAGED})
"""A damaged database may have forgotten whom nobody may write to: no person opens the gate before it is restored."""


@dataclass(frozen=True, slots=True)
class Closure:
    """`until` is none where the gate opens only when its cause is gone."""

    reason: GateReason
    since: datetime
    until: datetime | None


class SendGate:
    """Open unless a closure stands. A person's `open` ends every closure but one for good; a standing cause closes
    it again."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self._closures: dict[GateReason, Closure] = {}
        metrics.gate_closed_by(self._closures)

    def close(self, reason: GateReason, until: datetime | None = None) -> None:
        """Closes, or moves the end of a closure that stands for the same reason."""
        standing = self._closures.get(reason)
        since = standing.since if standing else self._clock.now()
        self._closures[reason] = Closure(reason, since, until)
        if standing is None:
            log.error("send.gate_closed", reason=reason)
            self._metrics.gate_closed_by(self._closures)

    def open(self, reason: GateReason | None = None) -> None:
        """Ends the closure for `reason`, or every one; that of a damaged database stands as long as the process."""
        for ended in [reason] if reason else list(self._closures):
            if ended in _FOR_GOOD:
                continue
            if self._closures.pop(ended, None):
                log.info("send.gate_opened", reason=ended)
                self._metrics.gate_closed_by(self._closures)

    def closures(self) -> tuple[Closure, ...]:
        """The closures that stand now, after those whose time has come were ended."""
        now = self._clock.now()
        for closure in list(self._closures.values()):
            if closure.until is not None and closure.until <= now:
                self.open(closure.reason)
        return tuple(self._closures.values())
