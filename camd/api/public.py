"""The public listener, behind a TLS proxy: the opt-out page of a person, hooks, and `/livez` for the proxy.

`GET` changes nothing, because link scanners follow links. `POST` opts out and says so only after the commit; it
answers a forged token just the same, and 503 where the store is away: then the journal keeps what was asked, where
that can be written. Nothing of the control API is reachable.
"""

from collections.abc import Mapping
from contextlib import suppress
from math import ceil

import anyio
from aiohttp import web

from camd.api import hooks
from camd.api.client_limit import LIMIT, ClientLimit, client_of
from camd.api.health import livez
from camd.api.keys import DESK
from camd.api.middlewares import answer_failures, measure
from camd.api.opt_out_page import (
    CONTENT_SECURITY_POLICY,
    choose_language,
    done_page,
    later_page,
    question_page,
)
from camd.api.problems import too_fast
from camd.api.routes import Content, Doc, Route
from camd.api.security import Handler
from camd.domain.errors import Transient
from camd.operations import opt_out
from camd.operations.desk import Desk
from camd.ports.store_errors import DatabaseDamaged
from camd.telemetry.logs import get_log

log = get_log()

PATH = "/u/{token}"
MAX_BODY_BYTES = 16_384
"""A one-click request has 26 bytes, or a few hundred as a form of several parts."""
BODY_SECONDS = 10.0
STORE_SECONDS = 20.0
JOURNAL_SECONDS = 5.0
RETRY_SECONDS = 120
SERVER = "camd"

RESULT = web.RequestKey("RESULT", str)
"""What a successful request came to, for the metric."""
_AWAY = (Transient, DatabaseDamaged, TimeoutError)


def build_public_app(desk: Desk, limit: ClientLimit | None = None) -> web.Application:
    app = web.Application(middlewares=[_count, _answer_failures, _hold_back], client_max_size=MAX_BODY_BYTES)
    app[DESK] = desk
    app[LIMIT] = limit or ClientLimit(desk.context.clock)
    app.on_response_prepare.append(_sign)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, route.handler)
        if route.method == "GET":
            app.router.add_route("HEAD", route.path, route.handler)
    app.router.add_get("/livez", livez)
    return app


async def show(request: web.Request) -> web.Response:
    request[RESULT] = "shown"
    language = await _language(request)
    return _page(question_page(language, _sender(request)), language)


async def opt_out_now(request: web.Request) -> web.Response:
    """What the body says does not matter: mail programs send two forms, and nobody posts here for another reason."""
    with anyio.fail_after(BODY_SECONDS):
        await request.read()
    desk, token = request.app[DESK], request.match_info["token"]
    try:
        with anyio.fail_after(STORE_SECONDS):
            outcome = await opt_out.opt_out(desk, token)
    except _AWAY:
        with suppress(*_AWAY), anyio.fail_after(JOURNAL_SECONDS):
            await opt_out.write_down(desk, token)
        raise
    request[RESULT] = outcome.value
    language = await _language(request)
    return _page(done_page(language, _sender(request)), language)


@web.middleware
async def _count(request: web.Request, handler: Handler) -> web.StreamResponse:
    if hooks.is_hook(request):
        return await measure(request, handler)
    try:
        answered = await handler(request)
    except web.HTTPException as refusal:
        _note(request, refusal.status)
        raise
    _note(request, answered.status)
    return answered


def _note(request: web.Request, status: int) -> None:
    resource = request.match_info.route.resource
    if resource is None or resource.canonical != PATH:
        return
    method = "POST" if request.method == "POST" else "GET"
    if status == web.HTTPTooManyRequests.status_code:
        result = "limited"
    elif status >= web.HTTPInternalServerError.status_code:
        result = "failed"
    else:
        result = request.get(RESULT, "refused")
    request.app[DESK].context.metrics.opt_out_requests_total.labels(method, result).inc()


@web.middleware
async def _answer_failures(request: web.Request, handler: Handler) -> web.StreamResponse:
    if hooks.is_hook(request):
        return await answer_failures(request, handler)
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except (web.RequestPayloadError, ConnectionError) as error:
        raise web.HTTPBadRequest from error
    except _AWAY:
        return _later(request, 503)
    except Exception as error:  # noqa: BLE001 - the last net: no request ends the process or stays unanswered
        log.warning("library.warning", logger="camd.api", reason="a public request failed", error=error)
        return _later(request, 500)


@web.middleware
async def _hold_back(request: web.Request, handler: Handler) -> web.StreamResponse:
    wait = request.app[LIMIT].wait_of(client_of(request))
    if wait is None:
        return await handler(request)
    if hooks.is_hook(request):
        return too_fast(wait)
    raise web.HTTPTooManyRequests(headers={"Retry-After": str(ceil(wait.total_seconds()))})


def _later(request: web.Request, status: int) -> web.Response:
    language = choose_language(None, request.headers.get("Accept-Language", ""))
    answer = _page(later_page(language, _sender(request)), language, status)
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


async def _language(request: web.Request) -> str:
    """Without the store, the reader's own choice: the page is there even then."""
    try:
        with anyio.fail_after(STORE_SECONDS):
            of_campaign = await opt_out.language(request.app[DESK], request.match_info["token"])
    except _AWAY:
        of_campaign = None
    return choose_language(of_campaign, request.headers.get("Accept-Language", ""))


def _sender(request: web.Request) -> str | None:
    sender = request.app[DESK].context.settings.sender
    return sender.company or sender.name


def _page(html: str, language: str, status: int = 200) -> web.Response:
    answer = web.Response(status=status, text=html, content_type="text/html")
    answer.headers["Content-Language"] = language
    return answer


async def _sign(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = SERVER
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"


_PAGE: Mapping[int, Content] = {200: "text/html", 429: None, 503: "text/html"}
_ONCE: Mapping[int, Content] = {**_PAGE, 400: None, 413: None}

ROUTES = (
    Route("GET", PATH, show, Doc("opt_out_page", "Ask a person whether to opt out", _PAGE), "public"),
    Route("POST", PATH, opt_out_now, Doc("opt_out", "Opt a person out", _ONCE), "public"),
    hooks.ROUTE,
)
