"""Leads of a campaign, one lead, and what a person decides about it."""

from typing import Annotated, ClassVar, Protocol, TypeVar

from aiohttp import web
from pydantic import AfterValidator, BaseModel

from camd.api.answers import answer, stream_csv
from camd.api.keys import DESK
from camd.api.paging import Paged
from camd.api.reading import NoBody, Query, read_body, uploaded
from camd.api.routes import FILE_SECONDS, Route, asking, route
from camd.api.security import Handler, actor_of
from camd.domain.lead import LeadStatus
from camd.operations import erasure, lead_export, lead_import, lead_moves, leads
from camd.operations.desk import Desk
from camd.ports.records import LeadFilter
from camd.schema.lead import HoldBody, Lead, LeadBody, LeadPatch, LostBody, NoteBody, ReleaseBody, WonBody

B_contra = TypeVar("B_contra", bound=BaseModel, contravariant=True)


class Filtered(Query):
    status: LeadStatus | None = None
    tag: str | None = None
    held: bool | None = None
    search: str | None = None

    def chosen(self) -> LeadFilter:
        return LeadFilter(self.status, self.tag, self.held, self.search)


class Listed(Filtered, Paged):
    """The filters, page by page."""


def _pair(text: str) -> str:
    column, equals, field = text.rpartition("=")
    if not (column and equals and field):
        raise ValueError("give column=field")
    return text


class Imported(Query):
    """`map` names a column of the file and the field it fills, as often as needed."""

    repeated: ClassVar[frozenset[str]] = frozenset({"map"})

    dry_run: bool = False
    update: bool = False
    map: tuple[Annotated[str, AfterValidator(_pair)], ...] = ()
    file_name: str | None = None

    def mapping(self) -> dict[str, str]:
        pairs = (text.rpartition("=") for text in self.map)
        return {column: field for column, _, field in pairs}


async def list_all(request: web.Request, chosen: Listed) -> web.Response:
    desk, ref = request.app[DESK], request.match_info["id"]
    return answer(await leads.page(desk, ref, chosen.chosen(), limit=chosen.limit, cursor=chosen.cursor))


async def add(request: web.Request) -> web.Response:
    """201 for somebody new, 200 with the lead that this person is already."""
    body = await read_body(request, LeadBody)
    added = await leads.add(request.app[DESK], request.match_info["id"], body, actor=actor_of(request))
    return answer(added.lead, 201 if added.created else 200, location=f"/leads/{added.lead.id}")


async def import_file(request: web.Request, chosen: Imported) -> web.Response:
    async with uploaded(request) as file:
        report = await lead_import.import_csv(
            request.app[DESK],
            request.match_info["id"],
            file,
            actor=actor_of(request),
            file_name=chosen.file_name,
            dry_run=chosen.dry_run,
            update=chosen.update,
            mapping=chosen.mapping(),
        )
    return answer(report)


async def export_all(request: web.Request, chosen: Filtered) -> web.StreamResponse:
    desk, ref = request.app[DESK], request.match_info["id"]
    lines = await lead_export.csv(desk, ref, chosen.chosen(), actor=actor_of(request))
    return await stream_csv(request, lines, "leads.csv")


async def show(request: web.Request) -> web.Response:
    return answer(await leads.get(request.app[DESK], request.match_info["id"]))


async def change(request: web.Request) -> web.Response:
    patch = await read_body(request, LeadPatch)
    return answer(await leads.change(request.app[DESK], request.match_info["id"], patch, actor=actor_of(request)))


async def erase(request: web.Request) -> web.Response:
    await read_body(request, NoBody)
    return answer(await erasure.erase(request.app[DESK], request.match_info["id"], actor=actor_of(request)))


async def why(request: web.Request) -> web.Response:
    return answer(await leads.why(request.app[DESK], request.match_info["id"]))


async def export(request: web.Request) -> web.Response:
    return answer(await lead_export.one(request.app[DESK], request.match_info["id"], actor=actor_of(request)))


async def reopen(request: web.Request) -> web.Response:
    await read_body(request, NoBody)
    return answer(await lead_moves.reopen(request.app[DESK], request.match_info["id"], actor=actor_of(request)))


class Decision(Protocol[B_contra]):
    """An operation that decides about one lead."""

    async def __call__(self, desk: Desk, lead_id: str, body: B_contra, *, actor: str) -> Lead: ...


def decided(operation: Decision[B_contra], model: type[B_contra]) -> Handler:
    async def decide(request: web.Request) -> web.Response:
        body = await read_body(request, model)
        return answer(await operation(request.app[DESK], request.match_info["id"], body, actor=actor_of(request)))

    return decide


ROUTES: tuple[Route, ...] = (
    asking("GET", "/campaigns/{id}/leads", Listed, list_all),
    route("POST", "/campaigns/{id}/leads", add),
    asking("POST", "/campaigns/{id}/leads/import", Imported, import_file, seconds=FILE_SECONDS),
    asking("GET", "/campaigns/{id}/leads/export", Filtered, export_all, seconds=FILE_SECONDS),
    route("GET", "/leads/{id}", show),
    route("PATCH", "/leads/{id}", change),
    route("DELETE", "/leads/{id}", erase),
    route("GET", "/leads/{id}/why", why),
    route("GET", "/leads/{id}/export", export),
    route("POST", "/leads/{id}/qualify", decided(lead_moves.qualify, NoteBody)),
    route("POST", "/leads/{id}/won", decided(lead_moves.won, WonBody)),
    route("POST", "/leads/{id}/lost", decided(lead_moves.lost, LostBody)),
    route("POST", "/leads/{id}/hold", decided(lead_moves.hold, HoldBody)),
    route("POST", "/leads/{id}/release", decided(lead_moves.release, ReleaseBody)),
    route("POST", "/leads/{id}/reopen", reopen),
)
