"""What a fault is known by: an event of the log and a figure that moves; and how to see the two of one simulation."""

import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import anyio

from camd.actors.health import Phase
from camd.domain.campaign import Campaign
from camd.domain.errors import Misconfigured, Transient
from camd.ports.channel import Handover, HandoverOutcome
from camd.ports.settings import LoggingSettings, Settings
from camd.ports.store_errors import StoreUnavailable
from camd.sim.world import STEPS, World, people, simulate
from camd.telemetry.logs import configure
from camd.telemetry.metrics import Metrics

P0 = "p0@c0.example"
FULL = StoreUnavailable("the disk is full")


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


def plain(settings: Settings) -> Settings:
    return settings


async def watched(world: World) -> None:
    """The daemon works, its watch too, and its figures are set."""
    world.health.phase = Phase.RUNNING
    await world.start(watch=True)
    await world.run_for(seconds=35)


def answered(*answers: HandoverOutcome | Exception) -> How:
    """The first mail to one person meets these, one after the other."""

    async def how(world: World) -> AsyncIterator[None]:
        await watched(world)
        world.mail.answers[P0] = list(answers)
        yield
        await world.live(*people(1), steps=STEPS[:1])
        await world.run_for(minutes=2)

    return how


def mailbox_in(trouble: Transient | Misconfigured) -> How:
    async def how(world: World) -> AsyncIterator[None]:
        await watched(world)
        yield
        world.mail.trouble["sales"] = trouble
        await world.live(*people(1), steps=STEPS[:1])
        await world.run_for(minutes=3)

    return how


def while_it_is_handed_over(happens: Callable[[World, Campaign], Awaitable[None]], *, marked: bool = False) -> How:
    """The fault comes between intent and mark, or between the mark and the answer."""

    async def how(world: World) -> AsyncIterator[None]:
        await watched(world)
        campaigns: list[Campaign] = []

        async def happening(_: Handover) -> None:
            if campaigns:
                await happens(world, campaigns.pop())

        if marked:
            world.mail.after_mark = happening
        else:
            world.mail.before_mark = happening
        yield
        campaigns.append(await world.live(*people(1), steps=STEPS[:1]))
        await world.run_for(seconds=40)

    return how


def killed(*, marked: bool) -> How:
    """The process ends in the middle of a handover, and stores nothing more; another one begins."""

    async def how(world: World) -> AsyncIterator[None]:
        async def hangs(_: Handover) -> None:
            world.store.trouble = FULL
            await anyio.sleep_forever()

        async def sound(_: Handover) -> None:
            pass

        if marked:
            world.mail.after_mark = hangs
        else:
            world.mail.before_mark = hangs
        yield
        await world.live(*people(1), steps=STEPS[:1])
        await world.run_for(minutes=1)
        world.mail.after_mark = world.mail.before_mark = sound
        await world.restart()
        await world.run_for(minutes=1)

    return how
