"""A journal in memory that outlives its process; while `broken`, nothing can be written to it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio

from camd.ports.journal import Line, OutcomeLine
from camd.ports.store_errors import StoreUnavailable


@dataclass(slots=True)
class MemoryJournal:
    lines: list[Line] = field(default_factory=list)
    broken: bool = False

    async def append(self, lines: Sequence[Line]) -> None:
        await anyio.lowlevel.checkpoint()
        if self.broken:
            raise StoreUnavailable("the journal cannot be written")
        self.lines.extend(lines)

    async def note(self, line: OutcomeLine) -> None:
        await anyio.lowlevel.checkpoint()
        if not self.broken:
            self.lines.append(line)
