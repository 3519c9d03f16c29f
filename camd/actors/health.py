"""What the process knows of itself, for the health endpoints, the watchdog and the operator."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Phase(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    DRAINING = "draining"


@dataclass(slots=True)
class Health:
    """Written by the daemon and by `actors/watch`, read by everybody. `store_error` is none while the database
    can be written; `lag_seconds` is how late the event loop woke last."""

    started_at: datetime
    phase: Phase = Phase.STARTING
    store_error: str | None = None
    lag_seconds: float = 0.0
    disk_free_bytes: int | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the process takes work and opt-outs."""
        return self.phase is Phase.RUNNING and self.store_error is None
