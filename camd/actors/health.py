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
    can be written; `lag_seconds` is how late the event loop woke at worst in the last few seconds, `store_seconds` how
    long the last write of nothing took. What is none was not measured yet."""

    started_at: datetime
    phase: Phase = Phase.STARTING
    store_error: str | None = None
    lag_seconds: float = 0.0
    store_seconds: float | None = None
    disk_free_bytes: int | None = None
    database_bytes: int = 0
    wal_bytes: int = 0
    last_backup_at: datetime | None = None
    backup_failure: str | None = None
    waits_for_restart: tuple[str, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether the process takes work and opt-outs."""
        return self.phase is Phase.RUNNING and self.store_error is None
