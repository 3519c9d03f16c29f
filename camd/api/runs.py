"""Cycles that a person asks for now: the reports at once, or 202 and an address to ask for them."""

import anyio
from aiohttp import web

from camd.api.answers import answer, answer_reports
from camd.api.keys import DESK, PATIENCE_SECONDS
from camd.api.problems import unavailable
from camd.api.reading import NoBody, Query, read_body
from camd.api.routes import Route, asking, route
from camd.operations import runs
from camd.operations.registry import Run

POLL_SECONDS = 1.0
"""For which a poll waits for the end by itself, so that a caller may ask again at once."""


class Asked(Query):
    """Without `dry_run` the run is dry."""

    dry_run: bool = True


async def run_cycle(request: web.Request, chosen: Asked) -> web.Response:
    await read_body(request, NoBody)
    run = await runs.run_cycle(request.app[DESK], request.match_info["id"], dry=chosen.dry_run)
    return await _answered(run, request.app[PATIENCE_SECONDS])


async def run_all(request: web.Request, chosen: Asked) -> web.Response:
    await read_body(request, NoBody)
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
    return answer(run.reports[0]) if run.answers_one else answer_reports(run.reports)


ROUTES: tuple[Route, ...] = (
    asking("POST", "/campaigns/{id}/run-cycle", Asked, run_cycle),
    asking("POST", "/run-all", Asked, run_all),
    route("GET", "/runs/{id}", show),
)
