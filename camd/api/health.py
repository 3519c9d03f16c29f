"""The five questions a monitor asks. They need no token; others than this machine get the bare answer.

The body follows draft-inadarei-api-health-check: `pass`, `warn` or `fail`, and the checks behind it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import anyio
from aiohttp import web

from camd.actors.health import Health, Phase
from camd.actors.watch import DISK_LOW_BYTES, WAL_LARGE_BYTES
from camd.api.keys import DESK, HEALTH
from camd.api.routes import Content, Doc, Route
from camd.api.security import Handler, is_trusted
from camd.domain.campaign import StatusReason
from camd.domain.errors import Transient
from camd.operations import mailboxes, webhooks
from camd.operations.desk import Desk
from camd.pipeline.send_gate import GateReason
from camd.ports.store import Tx
from camd.ports.store_errors import DatabaseDamaged
from camd.schema.health import HealthCheck, HealthLevel, HealthReport

MEDIA_TYPE = "application/health+json"
LAG_SECONDS = 5.0
STORE_SECONDS = 5.0
_FAILS = frozenset({GateReason.COMMON_CAUSE, GateReason.DAMAGED})
"""Closures of the gate that need a person."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One component that is not well."""

    name: str
    status: HealthLevel
    output: str


async def livez(_: web.Request) -> web.Response:
    return _answer(HealthReport(status="pass"))


async def startupz(request: web.Request) -> web.Response:
    is_starting = request.app[HEALTH].phase is Phase.STARTING
    return _answer(HealthReport(status="fail" if is_starting else "pass"))


async def readyz(request: web.Request) -> web.Response:
    health = request.app[HEALTH]
    return _report(request, [] if health.is_ready else [_unready(health)])


async def healthz(request: web.Request) -> web.Response:
    health, desk = request.app[HEALTH], request.app[DESK]
    found = [
        *_of_process(health),
        *_of_gate(desk),
        *_of_inboxes(desk),
        *_of_providers(desk),
        *await _of_store(request),
    ]
    return _report(request, found)


async def metrics(request: web.Request) -> web.Response:
    known = request.app[DESK].context.metrics
    body = known.render() if is_trusted(request) else known.render_ready()
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


def _unready(health: Health) -> Finding:
    if health.phase is not Phase.RUNNING:
        return Finding("phase", "fail", f"the daemon is {health.phase}")
    return Finding("store", "fail", "the database cannot be written")


def _of_process(health: Health) -> Iterator[Finding]:
    if health.phase is not Phase.RUNNING:
        yield Finding("phase", "warn", f"the daemon is {health.phase}")
    if health.store_error is not None:
        yield Finding("store", "fail", "the database cannot be written")
    if health.disk_free_bytes is not None and health.disk_free_bytes < DISK_LOW_BYTES:
        yield Finding("disk", "warn", f"{health.disk_free_bytes / 1e6:.0f} MB are free beside the database")
    if health.wal_bytes > WAL_LARGE_BYTES:
        yield Finding(
            "wal", "warn", f"the write-ahead log has {health.wal_bytes / 1e6:.0f} MB: something reads for long"
        )
    if health.lag_seconds > LAG_SECONDS:
        yield Finding("event_loop", "warn", f"the event loop woke {health.lag_seconds:.1f} s late")


def _of_gate(desk: Desk) -> Iterator[Finding]:
    for closure in desk.context.gate.closures():
        status: HealthLevel = "fail" if closure.reason in _FAILS else "warn"
        yield Finding("send_gate", status, f"closed since {closure.since:%Y-%m-%dT%H:%M:%SZ}: {closure.reason}")


def _of_inboxes(desk: Desk) -> Iterator[Finding]:
    for name, why in mailboxes.unheard(desk):
        yield Finding("inboxes", "warn", f"{name} is deaf: {why}")


def _of_providers(desk: Desk) -> Iterator[Finding]:
    for name, rest in desk.context.providers.degraded().items():
        yield Finding("providers", "warn", f"{name} rests until {rest.until:%Y-%m-%dT%H:%M:%SZ}: {rest.problem}")


async def _of_store(request: web.Request) -> list[Finding]:
    desk = request.app[DESK]
    try:
        with anyio.fail_after(STORE_SECONDS):
            return await desk.read(lambda tx: list(_stored(tx, desk)))
    except (Transient, DatabaseDamaged, TimeoutError):
        return [Finding("store", "fail", "the database cannot be read")]


def _stored(tx: Tx, desk: Desk) -> Iterator[Finding]:
    if parked := tx.campaigns.count_paused(StatusReason.PARKED):
        yield Finding("campaigns", "warn", f"{parked} parked: their actors crashed too often")
    for box in mailboxes.disabled(tx, desk):
        yield Finding("mailboxes", "warn", f"{box.name} is disabled: {box.disabled}")
    for endpoint in webhooks.paused(tx, desk):
        yield Finding("webhooks", "warn", f"{endpoint.name} is paused: {endpoint.paused}")


def _report(request: web.Request, found: list[Finding]) -> web.Response:
    statuses = {finding.status for finding in found}
    status: HealthLevel = "fail" if "fail" in statuses else "warn" if statuses else "pass"
    if not is_trusted(request):
        return _answer(HealthReport(status=status))
    checks: dict[str, list[HealthCheck]] = {}
    for finding in found:
        checks.setdefault(finding.name, []).append(HealthCheck(status=finding.status, output=finding.output))
    return _answer(HealthReport(status=status, version=request.app[DESK].version, checks=checks))


def _answer(report: HealthReport) -> web.Response:
    return web.Response(
        status=503 if report.status == "fail" else 200,
        body=report.model_dump_json(exclude_none=True).encode(),
        content_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store"},
    )


def _route(path: str, handler: Handler, summary: str, answers: Mapping[int, Content]) -> Route:
    return Route("GET", path, handler, Doc(path[1:], summary, answers), "health")


_WELL_OR_NOT: Mapping[int, Content] = {200: HealthReport, 503: HealthReport}

ROUTES = (
    _route("/livez", livez, "Would a restart help?", {200: HealthReport}),
    _route("/startupz", startupz, "Has it finished starting?", _WELL_OR_NOT),
    _route("/readyz", readyz, "Can it take work and opt-outs?", _WELL_OR_NOT),
    _route("/healthz", healthz, "How is everything?", _WELL_OR_NOT),
    _route("/metrics", metrics, "All figures for Prometheus", {200: "text/plain"}),
)
