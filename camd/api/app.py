"""The application of the control listener: every route, and what surrounds them.

A handler reads the request, calls one operation and answers its result; nothing is decided here.
"""

from aiohttp import web

from camd.actors.health import Health
from camd.api import (
    campaigns,
    docs,
    events,
    health,
    hooks,
    imports,
    inbound,
    instance,
    leads,
    mailboxes,
    outlook,
    people,
    public,
    recovery,
    runs,
    suppressions,
    tokens,
    touches,
    webhooks,
)
from camd.api.client_limit import ClientLimit
from camd.api.keys import BODY_SECONDS, DESK, HEALTH, PATIENCE_SECONDS, UNDER_WAY
from camd.api.middlewares import NO_ROUTE, answer_failures, measure
from camd.api.reading import MAX_JSON_BYTES
from camd.api.security import guard, protect
from camd.operations.desk import Desk

TABLE = (
    *health.ROUTES,
    *campaigns.ROUTES,
    *leads.ROUTES,
    *people.ROUTES,
    *imports.ROUTES,
    *touches.ROUTES,
    *inbound.ROUTES,
    *suppressions.ROUTES,
    *mailboxes.ROUTES,
    *webhooks.ROUTES,
    *runs.ROUTES,
    *events.ROUTES,
    *outlook.ROUTES,
    *instance.ROUTES,
    *recovery.ROUTES,
    *tokens.ROUTES,
    *docs.ROUTES,
)
"""Every route of this listener."""

ROUTES = (*dict.fromkeys(route.path for route in TABLE), hooks.PATH, NO_ROUTE)
"""The templates that label the metrics of requests, that of the public listener's hooks among them."""

SERVER = "camd"
"""What every answer names as its server; a client that looks for camd asks for it."""


def build_app(
    desk: Desk,
    state: Health,
    *,
    patience_seconds: float = 10.0,
    body_seconds: float = 30.0,
    limit: ClientLimit | None = None,
) -> web.Application:
    app = web.Application(middlewares=[measure, answer_failures, guard], client_max_size=MAX_JSON_BYTES)
    app[DESK] = desk
    app[HEALTH] = state
    app[PATIENCE_SECONDS] = patience_seconds
    app[BODY_SECONDS] = body_seconds
    app[UNDER_WAY] = set()
    protect(app, {(route.method, route.path): route.scope for route in TABLE}, limit)
    app[docs.DOCUMENTS] = docs.Documents(TABLE, public.ROUTES, version=desk.version)
    app.on_response_prepare.append(_sign)
    for route in TABLE:
        app.router.add_route(route.method, route.path, route.handler)
        if route.method == "GET":
            app.router.add_route("HEAD", route.path, route.handler)
    return app


async def _sign(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = SERVER
