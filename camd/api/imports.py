"""A file looked at before it is imported, the imports of the past, and taking one back."""

from typing import Annotated, ClassVar

from aiohttp import web
from pydantic import AfterValidator, Field

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.paging import CampaignRef, Paged
from camd.api.reading import Query, uploaded
from camd.api.routes import FILE_SECONDS, Doc, Route, asking, receiving, route
from camd.api.security import actor_of
from camd.operations import import_check, imports
from camd.schema.imports import Import, ImportCheck, UndoReport
from camd.schema.page import Page


class Listed(Paged):
    campaign: CampaignRef | None = None


def _pair(text: str) -> str:
    column, equals, field = text.rpartition("=")
    if not (column and equals and field):
        raise ValueError("give column=field")
    return text


class Mapped(Query):
    repeated: ClassVar[frozenset[str]] = frozenset({"map"})

    map: Annotated[
        tuple[Annotated[str, Field(pattern=".=."), AfterValidator(_pair)], ...],
        Field(description="`column=field`: a column of the file and the field it fills, as often as needed."),
    ] = ()

    def mapping(self) -> dict[str, str]:
        pairs = (text.rpartition("=") for text in self.map)
        return {column: field for column, _, field in pairs}


class Checked(Mapped):
    campaign: Annotated[str | None, Field(description="Into which it would be imported; a new one if left out.")] = None


async def check(request: web.Request, chosen: Checked) -> web.Response:
    async with uploaded(request) as file:
        mapping = chosen.mapping()
        return answer(await import_check.check(request.app[DESK], file, ref=chosen.campaign, mapping=mapping))


async def list_all(request: web.Request, chosen: Listed) -> web.Response:
    page = await imports.page(request.app[DESK], ref=chosen.campaign, limit=chosen.limit, cursor=chosen.cursor)
    return answer(page)


async def undo(request: web.Request) -> web.Response:
    return answer(await imports.undo(request.app[DESK], request.match_info["id"], actor=actor_of(request)))


ROUTES: tuple[Route, ...] = (
    asking("GET", "/imports", Listed, list_all, Doc("imports", "List the imports of the past", Page[Import])),
    receiving(
        "POST",
        "/imports/check",
        Checked,
        check,
        Doc("check_import", "Tell what an import of a CSV file would do", ImportCheck, may=(404, 409)),
    ),
    route(
        "POST",
        "/imports/{id}/undo",
        undo,
        Doc("undo_import", "Remove an import's leads that were never handed a touch", UndoReport, may=(409,)),
        seconds=FILE_SECONDS,
    ),
)
