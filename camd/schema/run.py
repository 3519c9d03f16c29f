"""A cycle or several, asked for by a person: what `GET /runs/{id}` answers once it is done."""

from pydantic import RootModel

from camd.schema.report import CycleReport
from camd.schema.values import Instant, View


class Run(View):
    """`reports` is null while the run goes on. A crash in one cycle stands in the `errors` of its report."""

    id: str
    campaign_ids: list[int]
    dry_run: bool
    started_at: Instant
    finished_at: Instant | None = None
    reports: list[CycleReport] | None = None


class CycleReports(RootModel[tuple[CycleReport, ...]]):
    """One report for each campaign."""


class RunOutcome(RootModel[CycleReport | tuple[CycleReport, ...]]):
    """What the request that began the run would have answered: one report, or one for each campaign."""
