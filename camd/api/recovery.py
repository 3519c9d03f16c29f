"""The recovery hold: what was found at the start, and a person's word on it."""

from aiohttp import web

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.reading import NoBody, read_body
from camd.api.routes import Route, route
from camd.api.security import actor_of
from camd.operations import recovery


async def show(request: web.Request) -> web.Response:
    return answer(await recovery.status(request.app[DESK]))


async def hold(request: web.Request) -> web.Response:
    await read_body(request, NoBody)
    return answer(await recovery.hold(request.app[DESK], actor=actor_of(request)))


async def release(request: web.Request) -> web.Response:
    await read_body(request, NoBody)
    return answer(await recovery.release(request.app[DESK], actor=actor_of(request)))


ROUTES: tuple[Route, ...] = (
    route("GET", "/recovery", show),
    route("POST", "/recovery/hold", hold),
    route("POST", "/recovery/release", release),
)
