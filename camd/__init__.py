"""camd as a library. The names below are loaded when they are first used, so that importing camd costs nothing."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from camd.daemon.public import CamdClient, SyncCamdClient, load_settings, run_all, run_cycle
    from camd.daemon.wiring import Engine
    from camd.ports.store_errors import DatabaseHeld
    from camd.schema.report import CycleReport

__all__ = [
    "CamdClient",
    "CycleReport",
    "DatabaseHeld",
    "Engine",
    "SyncCamdClient",
    "load_settings",
    "run_all",
    "run_cycle",
]

_HOMES = {
    "CamdClient": "camd.daemon.public",
    "CycleReport": "camd.schema.report",
    "DatabaseHeld": "camd.ports.store_errors",
    "Engine": "camd.daemon.wiring",
    "SyncCamdClient": "camd.daemon.public",
    "load_settings": "camd.daemon.public",
    "run_all": "camd.daemon.public",
    "run_cycle": "camd.daemon.public",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
