"""Keys to the API."""

from aiohttp import web

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.once import created_once
from camd.api.paging import Paged
from camd.api.routes import Doc, Route, asking, route, taking
from camd.api.security import actor_of
from camd.domain.access import Scope
from camd.operations import tokens
from camd.schema.page import Page
from camd.schema.token import NewToken, Token, TokenBody


async def list_all(request: web.Request, chosen: Paged) -> web.Response:
    return answer(await tokens.page(request.app[DESK], limit=chosen.limit, cursor=chosen.cursor))


async def create(request: web.Request, body: TokenBody) -> web.Response:
    desk, actor = request.app[DESK], actor_of(request)
    answered = await created_once(
        request,
        lambda keep: tokens.create(desk, body, actor=actor, keep=keep),
        lambda made: answer(made, 201, location=f"/tokens/{made.id}"),
        # A key to the API is kept nowhere.
        is_shown_again=False,
    )
    # RFC 6750, 5.3: nothing between here and its holder may keep it.
    answered.headers["Cache-Control"] = "no-store"
    return answered


async def revoke(request: web.Request) -> web.Response:
    await tokens.revoke(request.app[DESK], request.match_info["id"], actor=actor_of(request))
    return web.Response(status=204)


ROUTES: tuple[Route, ...] = (
    asking("GET", "/tokens", Paged, list_all, Doc("tokens", "List tokens", Page[Token]), scope=Scope.ADMIN),
    taking(
        "POST",
        "/tokens",
        TokenBody,
        create,
        Doc("create_token", "Make a token, which this answer alone shows", {201: NewToken}, may=(409,), once=True),
        scope=Scope.ADMIN,
    ),
    route("DELETE", "/tokens/{id}", revoke, Doc("revoke_token", "Revoke a token", {204: None}), scope=Scope.ADMIN),
)
