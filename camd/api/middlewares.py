"""What surrounds every request: it is counted by its route's template, and it always gets an answer.

Neither log nor metric holds a path, a parameter or a body: they may carry addresses.
"""

from aiohttp import web

from camd.api import problems
from camd.api.answers import STARTED
from camd.api.keys import DESK
from camd.api.problems import Failed
from camd.api.security import Handler
from camd.domain.errors import Transient
from camd.operations.errors import Refused
from camd.ports.store_errors import DatabaseDamaged
from camd.telemetry.logs import get_log

log = get_log()

NO_ROUTE = "none"
"""The template of a request that no route takes."""
CALLER_GONE = 499
"""What nobody receives, for the metrics: nginx's code for a caller who left."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@web.middleware
async def measure(request: web.Request, handler: Handler) -> web.StreamResponse:
    context = request.app[DESK].context
    started = context.clock.monotonic()
    answered = await handler(request)
    seconds = context.clock.monotonic() - started
    resource = request.match_info.route.resource
    route = resource.canonical if resource else NO_ROUTE
    method = request.method if request.method in _METHODS else "other"
    context.metrics.http_requests_total.labels(route, method, str(answered.status)).inc()
    context.metrics.http_request_duration_seconds.observe(seconds)
    log.debug("api.request", route=route, method=method, code=answered.status, duration_s=seconds)
    return answered


@web.middleware
async def answer_failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Exception as error:  # noqa: BLE001 - the last net: no request ends the process or stays unanswered
        started = request.get(STARTED)
        if isinstance(error, ConnectionError) and _is_gone(request):
            return started or web.Response(status=CALLER_GONE)
        return _cut(request, started, error) if started else _answer(error)


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _answer(error: Exception) -> web.Response:
    match error:
        case Failed():
            return problems.problem(error.status, error.slug, error.title, error.detail)
        case Refused():
            return problems.of_refusal(error)
        case Transient() | DatabaseDamaged():
            return problems.of_weather(error)
        case TimeoutError():
            return problems.unavailable("time-out", "It took too long. Look whether it was done before you repeat it.")
        case web.RequestPayloadError():
            return problems.problem(400, "bad-body", "The body is damaged", "Its encoding or its length is wrong.")
        case web.HTTPException():
            return problems.of_http(error)
        case _:
            _tell(error)
            detail = "This is a bug in camd. The log names its place."
            return problems.problem(500, "internal", "Something went wrong", detail)


def _cut(request: web.Request, started: web.StreamResponse, error: Exception) -> web.StreamResponse:
    _tell(error)
    if request.transport is not None:
        request.transport.abort()
    return started


def _tell(error: Exception) -> None:
    log.warning("library.warning", logger="camd.api", reason="a request failed", error=error)
