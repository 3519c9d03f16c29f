"""The imports of the past, and taking one back."""

from aiohttp import web

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.paging import CampaignRef, Paged
from camd.api.routes import FILE_SECONDS, Doc, Route, asking, route
from camd.api.security import actor_of
from camd.operations import imports
from camd.schema.imports import Import, UndoReport
from camd.schema.page import Page


class Listed(Paged):
    campaign: CampaignRef | None = None


async def list_all(request: web.Request, chosen: Listed) -> web.Response:
    page = await imports.page(request.app[DESK], ref=chosen.campaign, limit=chosen.limit, cursor=chosen.cursor)
    return answer(page)


async def undo(request: web.Request) -> web.Response:
    return answer(await imports.undo(request.app[DESK], request.match_info["id"], actor=actor_of(request)))


ROUTES: tuple[Route, ...] = (
    asking("GET", "/imports", Listed, list_all, Doc("imports", "List the imports of the past", Page[Import])),
    route(
        "POST",
        "/imports/{id}/undo",
        undo,
        Doc("undo_import", "Remove an import's leads that were never handed a touch", UndoReport, may=(409,)),
        seconds=FILE_SECONDS,
    ),
)
