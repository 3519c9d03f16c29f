"""The runs that a person asked for, in memory: the newest are remembered, a restart forgets them."""

from dataclasses import dataclass, field
from datetime import datetime

import anyio

from camd.domain.facts import CampaignId
from camd.schema.report import CycleReport

REMEMBERED = 200


@dataclass(slots=True, eq=False)
class Run:
    """One run; `wait` returns when it ended. It has no reports where it was cancelled, because the process stops.

    `answers_one`: whoever asked wants the report of the one campaign, not a list."""

    id: str
    campaign_ids: tuple[CampaignId, ...]
    dry: bool
    answers_one: bool
    started_at: datetime
    finished_at: datetime | None = None
    reports: list[CycleReport] | None = None
    _ended: anyio.Event = field(default_factory=anyio.Event)

    @property
    def is_done(self) -> bool:
        return self._ended.is_set()

    async def wait(self) -> None:
        await self._ended.wait()

    def end(self, at: datetime) -> None:
        self.finished_at = at
        self._ended.set()


class Registry:
    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}

    def add(self, run: Run) -> None:
        """Forgets the oldest finished runs beyond the limit; one that goes on is never forgotten."""
        self._runs[run.id] = run
        finished = [run_id for run_id, kept in self._runs.items() if kept.is_done]
        for run_id in finished[: max(0, len(self._runs) - REMEMBERED)]:
            del self._runs[run_id]

    def get(self, run_id: str) -> Run | None:
        return self._runs.get(run_id)
