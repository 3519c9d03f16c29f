"""What a fault is known by: an event of the log and a figure that moves; and how to see the two of one simulation."""

import io
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from camd.ports.settings import LoggingSettings, Settings
from camd.sim.world import World, simulate
from camd.telemetry.logs import configure
from camd.telemetry.metrics import Metrics


class Change(Enum):
    """What the figure does; `STANDS`: it should grow with the time, and does not."""

    RISES = "rises"
    FALLS = "falls"
    STANDS = "stands"


How = Callable[[World], AsyncIterator[None]]
"""Prepares a world, yields, and lets the fault happen."""
Make = Callable[[Settings], Settings]


@dataclass(frozen=True, slots=True)
class Sign:
    """`fault` is its number; `figure` a series without the prefix `camd_`."""

    fault: int
    event: str
    figure: str
    change: Change
    how: How
    settings: Make

    def __str__(self) -> str:
        return f"{self.fault:02}-{self.event}"


@dataclass(frozen=True, slots=True)
class Seen:
    events: tuple[Mapping[str, object], ...]
    before: float
    after: float


def seen(folder: Path, sign: Sign) -> Seen:
    """What log and figures said of the fault, from the moment at which it was about to happen."""

    async def scenario(world: World) -> Seen:
        stream = io.StringIO()
        metrics = world.context.metrics
        sink = configure(world.clock, LoggingSettings(level="debug"), version="1", metrics=metrics, stream=stream)
        try:
            happening = aiter(sign.how(world))
            await anext(happening)
            marked, before = len(stream.getvalue()), value(world.context.metrics, sign.figure)
            async for _ in happening:
                raise AssertionError("a fault happens once")
            after = value(world.context.metrics, sign.figure)
        finally:
            sink.close()
        lines = stream.getvalue()[marked:].splitlines()
        return Seen(tuple(json.loads(line) for line in lines), before, after)

    return simulate(folder, scenario, settings=sign.settings)


def value(metrics: Metrics, figure: str) -> float:
    """0 for a series whose labels are not known from the start."""
    lines = (line.rpartition(" ") for line in metrics.render().decode().splitlines())
    return next((float(number) for name, _, number in lines if name == f"camd_{figure}"), 0.0)


def moved(change: Change, before: float, after: float) -> bool:
    match change:
        case Change.RISES:
            return after > before
        case Change.FALLS:
            return after < before
        case Change.STANDS:
            return after == before > 0
