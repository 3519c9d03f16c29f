"""What this process holds at one moment, and what of that grows from week to week."""

import asyncio
import gc
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median

PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6
EXACT = ("descriptors", "threads", "tasks", "series", "wal_bytes")
"""Figures that no run changes by chance."""
A_WEEK = {"memory_mb": 1.5, "objects": 2000}
"""So much more each week may hold: what is remembered for speed, up to a limit, fills slowly. Beyond it is a leak."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """`wal_bytes` after a checkpoint, `wal_peak_bytes` before it; `objects` are those that the collector knows."""

    memory_mb: float
    objects: int
    descriptors: int
    threads: int
    tasks: int
    series: int
    wal_bytes: int
    wal_peak_bytes: int
    database_bytes: int


def measured(database: Path, exposed: bytes, wal_peak_bytes: int, wal_bytes: int) -> Footprint:
    """`exposed` are the metrics as a scrape sees them."""
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text().split()[1])
    return Footprint(
        round(resident * PAGE_MB, 1),
        len(gc.get_objects()),
        sum(1 for _ in Path("/proc/self/fd").iterdir()),
        threading.active_count(),
        len(asyncio.all_tasks()),
        sum(not line.startswith(b"#") for line in exposed.splitlines()),
        wal_bytes,
        wal_peak_bytes,
        database.stat().st_size,
    )


def growth(weeks: Sequence[Footprint]) -> list[str]:
    """What grew from the middle third to the last one; nothing where all is flat."""
    third = len(weeks) // 3
    middle, last = weeks[third : 2 * third], weeks[2 * third :]

    def of(part: Sequence[Footprint], name: str, choose: Callable[[list[float]], float]) -> float:
        return choose([float(getattr(week, name)) for week in part])

    found = [
        f"{name}: at most {of(middle, name, max):g}, then {of(last, name, max):g}"
        for name in EXACT
        if of(last, name, max) > of(middle, name, max)
    ]
    for name, bound in A_WEEK.items():
        before, after = of(middle, name, median), of(last, name, median)
        if after - before > bound * third:
            found.append(f"{name}: {before:g}, then {after:g}")
    return found


def table(weeks: Sequence[Footprint]) -> str:
    names = [field.name for field in fields(Footprint)]
    rows = [[str(getattr(week, name)) for name in names] for week in weeks]
    widths = [max(len(row[place]) for row in [names, *rows]) for place in range(len(names))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in [names, *rows]
    )
