"""Cycles that a person asks for now: the reports at once, or 202 and an address to ask for them."""

from typing import Annotated

import anyio
from aiohttp import web
from pydantic import Field

from camd.api.answers import answer
from camd.api.keys import DESK, PATIENCE_SECONDS
from camd.api.problems import unavailable
from camd.api.reading import Query
from camd.api.routes import Doc, Route, asking, route
from camd.operations import runs
from camd.operations.registry import Run
from camd.schema.report import CycleReport
from camd.schema.run import CycleReports, RunOutcome
from camd.schema.run import Run as RunView

POLL_SECONDS = 1.0
"""For which a poll waits for the end by itself, so that a caller may ask again at once."""


class Asked(Query):
    dry_run: Annotated[bool, Field(description="Send nothing; so it is where this is left out.")] = True


async def run_cycle(request: web.Request, chosen: Asked) -> web.Response:
    run = await runs.run_cycle(request.app[DESK], request.match_info["id"], dry=chosen.dry_run)
    return await _answered(run, request.app[PATIENCE_SECONDS])


async def run_all(request: web.Request, chosen: Asked) -> web.Response:
    run = await runs.run_all(request.app[DESK], dry=chosen.dry_run)
    return await _answered(run, request.app[PATIENCE_SECONDS])


async def show(request: web.Request) -> web.Response:
    """What the request that began the run would have answered."""
    run = runs.get(request.app[DESK], request.match_info["id"])
    return await _answered(run, min(POLL_SECONDS, request.app[PATIENCE_SECONDS]))


async def _answered(run: Run, seconds: float) -> web.Response:
    with anyio.move_on_after(seconds):
        await run.wait()
    if not run.is_done:
        return answer(runs.view(run), 202, location=f"/runs/{run.id}")
    if run.reports is None:
        return unavailable("run-cancelled", "The run was ended by the daemon's stop.")
    return answer(run.reports[0] if run.answers_one else CycleReports(tuple(run.reports)))


ROUTES: tuple[Route, ...] = (
    asking(
        "POST",
        "/campaigns/{id}/run-cycle",
        Asked,
        run_cycle,
        Doc("run_cycle", "Run one cycle of a campaign now", {200: CycleReport, 202: RunView}),
    ),
    asking(
        "POST",
        "/run-all",
        Asked,
        run_all,
        Doc("run_all", "Run one cycle of every campaign now", {200: CycleReports, 202: RunView}),
    ),
    route("GET", "/runs/{id}", show, Doc("run", "Ask what a run came to", {200: RunOutcome, 202: RunView})),
)
