"""One person in every campaign, by their address, also one whom nobody knows yet."""

from aiohttp import web

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.routes import FILE_SECONDS, Doc, Route, route
from camd.api.security import actor_of
from camd.domain.access import Scope
from camd.operations import erasure, people
from camd.schema.person import PersonErased, PersonExport


async def show(request: web.Request) -> web.Response:
    return answer(await people.get(request.app[DESK], request.match_info["address"], actor=actor_of(request)))


async def erase(request: web.Request) -> web.Response:
    return answer(await erasure.erase_person(request.app[DESK], request.match_info["address"], actor=actor_of(request)))


ROUTES: tuple[Route, ...] = (
    route(
        "GET",
        "/people/{address}",
        show,
        Doc("person", "Export all that is kept of a person, in every campaign", PersonExport),
        seconds=FILE_SECONDS,
    ),
    route(
        "DELETE",
        "/people/{address}",
        erase,
        Doc("erase_person", "Erase a person from every campaign for good", PersonErased),
        scope=Scope.ADMIN,
        seconds=FILE_SECONDS,
    ),
)
