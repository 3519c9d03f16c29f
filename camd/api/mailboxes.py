"""`/mailboxes`: which there are, whether they can be logged in to, and whether they may send."""

from aiohttp import web

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.routes import Doc, Route, route, taking
from camd.api.security import actor_of
from camd.operations import mailboxes
from camd.schema.mailbox import DisableBody, MailboxTest
from camd.schema.page import Page
from camd.schema.status import MailboxState


async def list_all(request: web.Request) -> web.Response:
    return answer(await mailboxes.page(request.app[DESK]))


async def check(request: web.Request) -> web.Response:
    return answer(await mailboxes.check(request.app[DESK], request.match_info["name"]))


async def enable(request: web.Request) -> web.Response:
    return answer(await mailboxes.enable(request.app[DESK], request.match_info["name"], actor=actor_of(request)))


async def disable(request: web.Request, body: DisableBody) -> web.Response:
    name = request.match_info["name"]
    return answer(await mailboxes.disable(request.app[DESK], name, body, actor=actor_of(request)))


ROUTES: tuple[Route, ...] = (
    route("GET", "/mailboxes", list_all, Doc("mailboxes", "List the mailboxes", Page[MailboxState])),
    route("POST", "/mailboxes/{name}/test", check, Doc("try_mailbox", "Log in to a mailbox", MailboxTest)),
    route("POST", "/mailboxes/{name}/enable", enable, Doc("enable_mailbox", "Let a mailbox send again", MailboxState)),
    taking(
        "POST",
        "/mailboxes/{name}/disable",
        DisableBody,
        disable,
        Doc("disable_mailbox", "Keep a mailbox from sending", MailboxState),
    ),
)
