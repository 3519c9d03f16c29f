"""Tells systemd how the service fares, by the datagrams of sd_notify(3).

Silent without `$NOTIFY_SOCKET`; a socket that is lost or full loses the message and nothing else.
"""

import os
import socket
from collections.abc import Mapping
from datetime import timedelta

import anyio

from camd.actors.health import Health
from camd.telemetry.logs import get_log

log = get_log()

MAX_LAG_SECONDS = 5.0
"""A loop that wakes later than this gives systemd no sign of life."""


class Notifier:
    """`watchdog_interval` is the longest silence systemd bears, None where it does not watch this process."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        path = environ.get("NOTIFY_SOCKET", "")
        self._address = f"\0{path[1:]}" if path.startswith("@") else path
        self.watchdog_interval = _watchdog_interval(environ)

    def ready(self, status: str) -> None:
        self._send(f"READY=1\nSTATUS={_line(status)}")

    def reloading(self, monotonic_seconds: float) -> None:
        """Until the next `ready`; systemd compares the instant with that of its own request (sd_notify(3))."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={int(monotonic_seconds * 1_000_000)}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def watchdog(self) -> None:
        self._send("WATCHDOG=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.sendto(message.encode(), self._address)
        except OSError:
            return


async def keep_alive(health: Health, notifier: Notifier, interval: timedelta) -> None:
    """A sign of life thrice an interval, while the loop is quick and the store answers; until cancelled."""
    while True:
        if health.lag_seconds < MAX_LAG_SECONDS and health.store_error is None:
            notifier.watchdog()
        else:
            log.warning("daemon.watchdog_late", lag_s=health.lag_seconds, reason=health.store_error or "loop_late")
        await anyio.sleep(interval.total_seconds() / 3)


def _line(text: str) -> str:
    """A line end would begin another assignment."""
    return " ".join(text.split())


def _watchdog_interval(environ: Mapping[str, str]) -> timedelta | None:
    microseconds, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or int(microseconds) == 0 or pid not in {"", str(os.getpid())}:
        return None
    return timedelta(microseconds=int(microseconds))
