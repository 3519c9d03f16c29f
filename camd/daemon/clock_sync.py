"""Whether something keeps the machine's clock right."""

import ctypes
from pathlib import Path

import anyio

_BYTES = 256
"""More than a `struct timex` has."""
_STATUS_AT = 40
_STA_UNSYNC = 0x40
_TIMESYNCD = Path("/run/systemd/timesync/synchronized")
_SECONDS = 5.0


async def is_synchronised() -> bool | None:
    """None where nobody here can say: no Linux, or a sandbox that lets nobody ask."""
    if (told := _by_kernel()) is not None:
        return told
    return _by_timesyncd() or await _by_timedatectl()


def _by_kernel() -> bool | None:
    """adjtimex(2) with nothing to change; a sandbox without the clock's calls refuses even that."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    if ctypes.sizeof(ctypes.c_long) != 8:
        return None
    timex = ctypes.create_string_buffer(_BYTES)
    if adjtimex(timex) < 0:
        return None
    status = int.from_bytes(timex.raw[_STATUS_AT : _STATUS_AT + 4], "little")
    return not status & _STA_UNSYNC


def _by_timesyncd() -> bool | None:
    return True if _TIMESYNCD.exists() else None


async def _by_timedatectl() -> bool | None:
    try:
        with anyio.fail_after(_SECONDS):
            asked = await anyio.run_process(
                ["timedatectl", "show", "--property=NTPSynchronized", "--value"], check=False
            )
    except (OSError, TimeoutError):
        return None
    return {b"yes": True, b"no": False}.get(asked.stdout.strip())
