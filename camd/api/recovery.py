"""The recovery hold: what was found at the start, and a person's word on it."""

from aiohttp import web

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.routes import Doc, Route, route
from camd.api.security import actor_of
from camd.domain.access import Scope
from camd.operations import recovery
from camd.schema.status import Recovery


async def show(request: web.Request) -> web.Response:
    return answer(await recovery.status(request.app[DESK]))


async def hold(request: web.Request) -> web.Response:
    return answer(await recovery.hold(request.app[DESK], actor=actor_of(request)))


async def release(request: web.Request) -> web.Response:
    return answer(await recovery.release(request.app[DESK], actor=actor_of(request)))


ROUTES: tuple[Route, ...] = (
    route("GET", "/recovery", show, Doc("recovery", "Tell whether a recovery hold stands", Recovery)),
    route("POST", "/recovery/hold", hold, Doc("hold_recovery", "Hold all sending until a person has looked", Recovery)),
    route(
        "POST",
        "/recovery/release",
        release,
        Doc("release_recovery", "End the recovery hold", Recovery),
        scope=Scope.ADMIN,
    ),
)
