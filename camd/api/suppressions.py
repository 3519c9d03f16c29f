"""Whom nobody writes to again."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.once import created_once
from camd.api.paging import Paged
from camd.api.reading import Query, uploaded
from camd.api.routes import Doc, Route, asking, receiving, route, taking
from camd.api.security import actor_of
from camd.domain.suppression import SuppressionReason
from camd.operations import suppressions
from camd.schema.page import Page
from camd.schema.suppression import Suppression, SuppressionBody, SuppressionImport
from camd.schema.values import Note


class Listed(Paged):
    reason: Annotated[SuppressionReason | None, Field(description="Those for this reason.")] = None
    search: Annotated[
        str | None,
        Field(description="A part of an address or domain, or the whole of one of which only the hash is kept."),
    ] = None


class Imported(Query):
    reason: Annotated[SuppressionReason, Field(description="Of each of them.")] = SuppressionReason.OPERATOR
    note: Annotated[Note | None, Field(description="Kept with each of them.")] = None


async def list_all(request: web.Request, chosen: Listed) -> web.Response:
    desk = request.app[DESK]
    page = await suppressions.page(
        desk, reason=chosen.reason, search=chosen.search, limit=chosen.limit, cursor=chosen.cursor
    )
    return answer(page)


async def add(request: web.Request, body: SuppressionBody) -> web.Response:
    """201, or 200 where the value was suppressed already."""
    desk, actor = request.app[DESK], actor_of(request)
    return await created_once(
        request, lambda keep: suppressions.add(desk, body, actor=actor, keep=keep), _added, is_personal=True
    )


def _added(added: suppressions.Added) -> web.Response:
    view = added.suppression
    return answer(view, 201 if added.created else 200, location=f"/suppressions/{view.id}")


async def remove(request: web.Request) -> web.Response:
    await suppressions.remove(request.app[DESK], request.match_info["id"], actor=actor_of(request))
    return web.Response(status=204)


async def import_file(request: web.Request, chosen: Imported) -> web.Response:
    async with uploaded(request) as file:
        desk, actor = request.app[DESK], actor_of(request)
        return await created_once(
            request,
            lambda keep: suppressions.import_csv(
                desk, file, actor=actor, reason=chosen.reason, note=chosen.note, keep=keep
            ),
            answer,
            file=file,
            is_personal=True,
        )


ROUTES: tuple[Route, ...] = (
    asking("GET", "/suppressions", Listed, list_all, Doc("suppressions", "List suppressions", Page[Suppression])),
    taking(
        "POST",
        "/suppressions",
        SuppressionBody,
        add,
        Doc("add_suppression", "Suppress an address or a domain", {200: Suppression, 201: Suppression}, once=True),
    ),
    route(
        "DELETE",
        "/suppressions/{id}",
        remove,
        Doc("remove_suppression", "Remove a suppression", {204: None}, may=(409,)),
    ),
    receiving(
        "POST",
        "/suppressions/import",
        Imported,
        import_file,
        Doc("import_suppressions", "Suppress the addresses and domains of a CSV file", SuppressionImport, once=True),
    ),
)
