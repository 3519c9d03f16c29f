"""Long-lived parts of the daemon that are no campaigns: restarted a few times, then the whole daemon ends."""

from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import anyio

from camd.domain.retry import GiveUp, Intensity, Restart
from camd.ports.clock import Clock, Entropy
from camd.telemetry.logs import describe, get_log
from camd.telemetry.metrics import Metrics

log = get_log()

SERVICE_INTENSITY = Intensity(restarts=3, period=timedelta(seconds=60))
"""The fourth crash in a minute is for systemd to judge."""


class ServiceFailed(Exception):
    """A part of the daemon crashed too often; the process ends with exit code 1 and systemd restarts it."""


async def keep_running(
    name: str, serve: Callable[[], Awaitable[None]], clock: Clock, entropy: Entropy, metrics: Metrics
) -> None:
    """Runs `serve` until it is cancelled or returns. Raises `ServiceFailed` at the fourth crash in 60 s."""
    crashes: deque[datetime] = deque(maxlen=SERVICE_INTENSITY.restarts + 1)
    while True:
        try:
            return await serve()
        except Exception as error:
            now = clock.now()
            crashes.append(now)
            metrics.actor_restarts_total.labels("crash").inc()
            log.error("actor.crashed", actor=name, error=describe(error))
            match SERVICE_INTENSITY.after_crash(crashes, now, entropy.uniform(0.0, 1.0)):
                case Restart(after):
                    log.warning("actor.restart_scheduled", actor=name, delay_s=after.total_seconds())
                    await anyio.sleep(after.total_seconds())
                case GiveUp():
                    raise ServiceFailed(name) from error
