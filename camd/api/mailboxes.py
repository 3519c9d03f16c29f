"""`/mailboxes`: which there are, whether they can be logged in to, and whether they may send."""

from aiohttp import web

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.reading import NoBody, read_body
from camd.api.routes import Route, route
from camd.api.security import actor_of
from camd.operations import mailboxes
from camd.schema.mailbox import DisableBody


async def list_all(request: web.Request) -> web.Response:
    return answer(await mailboxes.page(request.app[DESK]))


async def check(request: web.Request) -> web.Response:
    await read_body(request, NoBody)
    return answer(await mailboxes.check(request.app[DESK], request.match_info["name"]))


async def enable(request: web.Request) -> web.Response:
    await read_body(request, NoBody)
    return answer(await mailboxes.enable(request.app[DESK], request.match_info["name"], actor=actor_of(request)))


async def disable(request: web.Request) -> web.Response:
    body = await read_body(request, DisableBody)
    name = request.match_info["name"]
    return answer(await mailboxes.disable(request.app[DESK], name, body, actor=actor_of(request)))


ROUTES: tuple[Route, ...] = (
    route("GET", "/mailboxes", list_all),
    route("POST", "/mailboxes/{name}/test", check),
    route("POST", "/mailboxes/{name}/enable", enable),
    route("POST", "/mailboxes/{name}/disable", disable),
)
