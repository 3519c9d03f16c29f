"""`/mailboxes`: which there are, and whether they can be logged in to."""

from aiohttp import web

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.reading import NoBody, read_body
from camd.api.routes import Route, route
from camd.operations import mailboxes


async def list_all(request: web.Request) -> web.Response:
    return answer(mailboxes.page(request.app[DESK]))


async def check(request: web.Request) -> web.Response:
    await read_body(request, NoBody)
    return answer(await mailboxes.check(request.app[DESK], request.match_info["name"]))


ROUTES: tuple[Route, ...] = (
    route("GET", "/mailboxes", list_all),
    route("POST", "/mailboxes/{name}/test", check),
)
