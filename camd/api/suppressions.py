"""Whom nobody writes to again."""

from aiohttp import web

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.paging import Paged
from camd.api.reading import NoBody, Query, read_body, uploaded
from camd.api.routes import FILE_SECONDS, Route, asking, route
from camd.api.security import actor_of
from camd.domain.suppression import SuppressionReason
from camd.operations import suppressions
from camd.schema.suppression import SuppressionBody
from camd.schema.values import Note


class Listed(Paged):
    reason: SuppressionReason | None = None


class Imported(Query):
    reason: SuppressionReason = SuppressionReason.OPERATOR
    note: Note | None = None


async def list_all(request: web.Request, chosen: Listed) -> web.Response:
    desk = request.app[DESK]
    return answer(await suppressions.page(desk, reason=chosen.reason, limit=chosen.limit, cursor=chosen.cursor))


async def add(request: web.Request) -> web.Response:
    """201, or 200 where the value was suppressed already."""
    body = await read_body(request, SuppressionBody)
    added = await suppressions.add(request.app[DESK], body, actor=actor_of(request))
    return answer(added.suppression, 201 if added.created else 200, location=f"/suppressions/{added.suppression.id}")


async def remove(request: web.Request) -> web.Response:
    await read_body(request, NoBody)
    await suppressions.remove(request.app[DESK], request.match_info["id"], actor=actor_of(request))
    return web.Response(status=204)


async def import_file(request: web.Request, chosen: Imported) -> web.Response:
    async with uploaded(request) as file:
        report = await suppressions.import_csv(
            request.app[DESK], file, actor=actor_of(request), reason=chosen.reason, note=chosen.note
        )
    return answer(report)


ROUTES: tuple[Route, ...] = (
    asking("GET", "/suppressions", Listed, list_all),
    route("POST", "/suppressions", add),
    route("DELETE", "/suppressions/{id}", remove),
    asking("POST", "/suppressions/import", Imported, import_file, seconds=FILE_SECONDS),
)
