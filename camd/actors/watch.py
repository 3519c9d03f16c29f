"""Watches the machine under the daemon: the loop, the clock, the database and the disk.

What it finds goes into `Health`, the metrics and the send gate. It says once when something goes and once when it
comes back.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import anyio

from camd.actors.health import Health
from camd.actors.lag import LagProbe
from camd.actors.sending_gauges import set_sending_gauges
from camd.actors.wake import Doorbells
from camd.domain import tally
from camd.domain.campaign import CampaignStatus, StatusReason
from camd.domain.errors import Transient
from camd.domain.lead import HoldReason, LeadStatus
from camd.pipeline.context import Context
from camd.pipeline.send_gate import REOPENS_AFTER, GateReason
from camd.ports.records import TouchStatus
from camd.ports.store import Tx
from camd.ports.webhooks import Backlog
from camd.telemetry.logs import get_log

log = get_log()

TICK_SECONDS = 5.0
JUMP = timedelta(seconds=30)
"""A wall clock that moved so much more or less than the monotonic one was set; NTP slews by far less."""
DISK_FULL_BYTES = 200_000_000
DISK_LOW_BYTES = 1_000_000_000
"""Below it health tells of the disk."""
WAL_LARGE_BYTES = 64_000_000
WAL_TOO_LARGE_BYTES = 256_000_000
"""From here on the readers that keep it from being moved into the database are cut short."""
_GAUGE_TICKS = 6

CutReaders = Callable[[], int]
"""Ends the queries that take long, whose callers get `StoreUnavailable`; how many there were."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """In bytes: below `disk_full` nothing is sent, above `wal_large` it is told, above `wal_too_large` readers are cut
    short."""

    disk_full: int = DISK_FULL_BYTES
    wal_large: int = WAL_LARGE_BYTES
    wal_too_large: int = WAL_TOO_LARGE_BYTES


class Watch:
    """`probe` measures the loop between the ticks too."""

    def __init__(
        self,
        context: Context,
        health: Health,
        bells: Doorbells,
        database: Path,
        *,
        bounds: Bounds = Bounds(),
        cut_readers: CutReaders = lambda: 0,
        probe: LagProbe | None = None,
    ) -> None:
        self._context = context
        self._health = health
        self._bells = bells
        self._database = database
        self._bounds = bounds
        self._cut_readers = cut_readers
        self._probe = probe or LagProbe(context.clock)
        self._is_disk_full = False
        self._is_wal_large = False

    async def begin(self) -> None:
        """Before anything is sent: a disk that is full already keeps the gate closed, and no gauge is without value."""
        self._look_at_disk()
        self._look_at_wal()
        await self.set_gauges()

    async def run(self) -> None:
        """Ticks until cancelled."""
        clock = self._context.clock
        ticks = 0
        # Each reading is compared with the one before, so that no jump between two ticks goes unseen.
        wall, steady = clock.now(), clock.monotonic()
        while True:
            slept_from = clock.monotonic()
            await anyio.sleep(TICK_SECONDS)
            self._note_lag(clock.monotonic() - slept_from - TICK_SECONDS)
            before, since = wall, steady
            wall, steady = clock.now(), clock.monotonic()
            self._compare_clocks(before, wall, steady - since)
            self._look_at_disk()
            self._look_at_wal()
            await self._ask_store()
            if ticks % _GAUGE_TICKS == 0 and self._health.store_error is None:
                await self.set_gauges()
            ticks += 1

    def _note_lag(self, seconds: float) -> None:
        self._health.lag_seconds = max(seconds, self._probe.take(), 0.0)
        self._context.metrics.event_loop_lag_seconds.set(self._health.lag_seconds)

    def _compare_clocks(self, wall_before: datetime, now: datetime, elapsed_seconds: float) -> None:
        jump = now - wall_before - timedelta(seconds=elapsed_seconds)
        if abs(jump) < JUMP:
            return
        direction = "forward" if jump > timedelta(0) else "backward"
        log.warning("clock.jumped", direction=direction, jump_s=jump.total_seconds())
        self._context.metrics.clock_jumps_total.labels(direction).inc()
        # A clock that ran ahead makes everything due at once: nobody is written to until a person could look.
        self._context.gate.close(GateReason.CLOCK_JUMPED, now + REOPENS_AFTER)
        self._bells.ring_all()

    def _look_at_disk(self) -> None:
        measure(self._health, self._database)
        free = self._health.disk_free_bytes
        if free is None:
            return
        self._context.metrics.disk_free_bytes.set(free)
        self._is_disk_full = free < self._bounds.disk_full
        if self._is_disk_full:
            self._context.gate.close(GateReason.DISK_FULL)
        elif any(closure.reason is GateReason.DISK_FULL for closure in self._context.gate.closures()):
            self._context.gate.open(GateReason.DISK_FULL)
            self._bells.ring_outboxes()

    def _look_at_wal(self) -> None:
        """It grows while a reader's snapshot, ours or another process's, keeps it from being moved away."""
        size = self._health.wal_bytes
        self._context.metrics.db_wal_bytes.set(size)
        cut = self._cut_readers() if size > self._bounds.wal_too_large else 0
        is_large = size > self._bounds.wal_large
        if cut or (is_large and not self._is_wal_large):
            log.warning("db.wal_large", used=size, limit=self._bounds.wal_too_large, count=cut)
        self._is_wal_large = is_large

    async def _ask_store(self) -> None:
        """An empty unit takes the write lock, which a vanished database refuses; where the disk is nearly full, or was
        refused before, only one that writes tells whether opt-outs can be stored."""
        clock, health, gate = self._context.clock, self._health, self._context.gate
        is_doubtful = self._is_disk_full or health.store_error is not None
        asked = clock.monotonic()
        try:
            await self._context.store.write(_write_the_same if is_doubtful else lambda _tx: None)
        except Transient as failure:
            if health.store_error is None:
                log.error("db.commit_failed", error=failure)
            health.store_error = str(failure)
            gate.close(GateReason.DATABASE_AWAY)
        else:
            health.store_error = None
            if any(closure.reason is GateReason.DATABASE_AWAY for closure in gate.closures()):
                gate.open(GateReason.DATABASE_AWAY)
                self._bells.ring_outboxes()
        health.store_seconds = clock.monotonic() - asked
        self._context.metrics.ready.set(health.is_ready)

    async def set_gauges(self) -> None:
        """The gauges that are read from the store and the file system."""
        metrics = self._context.metrics
        figures = await self._context.store.read(_figures)
        for status in CampaignStatus:
            metrics.campaigns.labels(status).set(figures.campaigns.get(status, 0))
        for lead_status in LeadStatus:
            metrics.leads.labels(lead_status).set(figures.tallies.get(tally.status_name(lead_status), 0))
        for reason in HoldReason:
            metrics.leads_on_hold.labels(reason).set(figures.tallies.get(f"{tally.HOLD}{reason}", 0))
        metrics.actors_parked.set(figures.parked)
        metrics.touches_unknown.set(figures.unknown)
        oldest = figures.oldest_unknown
        metrics.touches_unknown_oldest_timestamp_seconds.set(oldest.timestamp() if oldest else 0)
        metrics.webhook_backlog.set(figures.webhooks.count)
        since = figures.webhooks.oldest_at
        metrics.webhook_oldest_timestamp_seconds.set(since.timestamp() if since else 0)
        metrics.db_size_bytes.set(_size(self._database))
        await set_sending_gauges(self._context)


def measure(health: Health, database: Path) -> None:
    """What the file system tells; a folder that is gone tells nothing of the disk."""
    health.database_bytes, health.wal_bytes = _size(database), _size(Path(f"{database}-wal"))
    with suppress(OSError):
        disk = os.statvfs(database.parent)
        health.disk_free_bytes = disk.f_bavail * disk.f_frsize


@dataclass(frozen=True, slots=True)
class _Figures:
    """What one read of the store gives the gauges."""

    campaigns: Mapping[CampaignStatus, int]
    tallies: Mapping[str, int]
    parked: int
    unknown: int
    oldest_unknown: datetime | None
    webhooks: Backlog


def _write_the_same(tx: Tx) -> None:
    """By way of something else: where no byte differs SQLite writes none, and a full disk is not met."""
    switch = tx.instance.kill_switch()
    tx.instance.set_kill_switch(replace(switch, reason=f"{switch.reason}."))
    tx.instance.set_kill_switch(switch)


def _figures(tx: Tx) -> _Figures:
    return _Figures(
        campaigns=tx.campaigns.by_status(),
        tallies=tx.leads.all_tallies(),
        parked=tx.campaigns.count_paused(StatusReason.PARKED),
        unknown=tx.touches.count(TouchStatus.UNKNOWN),
        oldest_unknown=tx.touches.oldest_unknown(),
        webhooks=_backlog(tx),
    )


def _backlog(tx: Tx) -> Backlog:
    backlogs = [tx.webhooks.backlog(name) for name in tx.webhooks.endpoints()]
    waiting = [backlog.oldest_at for backlog in backlogs if backlog.oldest_at is not None]
    return Backlog(sum(backlog.count for backlog in backlogs), min(waiting, default=None))


def _size(path: Path) -> int:
    """Asked of the directory, never by opening: closing a descriptor of the database drops SQLite's locks."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
