"""Leads of a campaign, one lead, and what a person decides about it."""

from typing import Annotated, Protocol, TypeVar

from aiohttp import web
from pydantic import BaseModel, Field

from camd.api.answers import answer, stream_csv
from camd.api.imports import Mapped
from camd.api.keys import DESK
from camd.api.once import created_once
from camd.api.paging import Paged
from camd.api.reading import Query, uploaded
from camd.api.routes import CSV, FILE_SECONDS, Doc, Route, Taking, asking, receiving, route, taking
from camd.api.security import actor_of
from camd.domain.access import Scope
from camd.domain.lead import LeadStatus
from camd.operations import erasure, lead_export, lead_import, lead_moves, leads
from camd.operations.desk import Desk
from camd.ports.records import LeadFilter
from camd.schema.imports import ImportReport
from camd.schema.lead import (
    HoldBody,
    Lead,
    LeadBody,
    LeadDetail,
    LeadExport,
    LeadPatch,
    LostBody,
    NoteBody,
    ReleaseBody,
    WhyReport,
    WonBody,
)
from camd.schema.page import Page

B_contra = TypeVar("B_contra", bound=BaseModel, contravariant=True)


class Filtered(Query):
    status: Annotated[LeadStatus | None, Field(description="Those in this status.")] = None
    tag: Annotated[str | None, Field(description="Those with this tag.")] = None
    held: Annotated[bool | None, Field(description="Those that are held back, or all others.")] = None
    search: Annotated[str | None, Field(description="Those with this text in their address, name or company.")] = None

    def chosen(self) -> LeadFilter:
        return LeadFilter(self.status, self.tag, self.held, self.search)


class Listed(Filtered, Paged):
    """The filters, page by page."""


class Imported(Mapped):
    dry_run: Annotated[bool, Field(description="Only say what would be done.")] = False
    update: Annotated[bool, Field(description="Fill the facts of people who are known already.")] = False
    file_name: Annotated[str | None, Field(description="Under which the list of imports remembers it.")] = None


async def list_all(request: web.Request, chosen: Listed) -> web.Response:
    desk, ref = request.app[DESK], request.match_info["id"]
    return answer(await leads.page(desk, ref, chosen.chosen(), limit=chosen.limit, cursor=chosen.cursor))


async def add(request: web.Request, body: LeadBody) -> web.Response:
    """201 for somebody new, 200 with the lead that this person is already."""
    desk, ref, actor = request.app[DESK], request.match_info["id"], actor_of(request)
    return await created_once(
        request,
        lambda keep: leads.add(desk, ref, body, actor=actor, keep=keep),
        lambda added: answer(added.lead, 201 if added.created else 200, location=f"/leads/{added.lead.id}"),
        is_personal=True,
    )


async def import_file(request: web.Request, chosen: Imported) -> web.Response:
    async with uploaded(request) as file:
        desk, ref, actor = request.app[DESK], request.match_info["id"], actor_of(request)
        return await created_once(
            request,
            lambda keep: lead_import.import_csv(
                desk,
                ref,
                file,
                actor=actor,
                file_name=chosen.file_name,
                dry_run=chosen.dry_run,
                update=chosen.update,
                mapping=chosen.mapping(),
                keep=keep,
            ),
            answer,
            file=file,
            is_personal=True,
        )


async def export_all(request: web.Request, chosen: Filtered) -> web.StreamResponse:
    desk, ref = request.app[DESK], request.match_info["id"]
    lines = await lead_export.csv(desk, ref, chosen.chosen(), actor=actor_of(request))
    return await stream_csv(request, lines, "leads.csv")


async def show(request: web.Request) -> web.Response:
    return answer(await leads.get(request.app[DESK], request.match_info["id"]))


async def change(request: web.Request, patch: LeadPatch) -> web.Response:
    return answer(await leads.change(request.app[DESK], request.match_info["id"], patch, actor=actor_of(request)))


async def erase(request: web.Request) -> web.Response:
    return answer(await erasure.erase(request.app[DESK], request.match_info["id"], actor=actor_of(request)))


async def why(request: web.Request) -> web.Response:
    return answer(await leads.why(request.app[DESK], request.match_info["id"]))


async def export(request: web.Request) -> web.Response:
    return answer(await lead_export.one(request.app[DESK], request.match_info["id"], actor=actor_of(request)))


async def reopen(request: web.Request) -> web.Response:
    return answer(await lead_moves.reopen(request.app[DESK], request.match_info["id"], actor=actor_of(request)))


class Decision(Protocol[B_contra]):
    """An operation that decides about one lead."""

    async def __call__(self, desk: Desk, lead_id: str, body: B_contra, *, actor: str) -> Lead: ...


def decided(operation: Decision[B_contra]) -> Taking[B_contra]:
    async def decide(request: web.Request, body: B_contra) -> web.Response:
        return answer(await operation(request.app[DESK], request.match_info["id"], body, actor=actor_of(request)))

    return decide


def _moved(name: str, what: str) -> Doc:
    return Doc(name, what, Lead, may=(409,))


ROUTES: tuple[Route, ...] = (
    asking("GET", "/campaigns/{id}/leads", Listed, list_all, Doc("leads", "List a campaign's leads", Page[Lead])),
    taking(
        "POST",
        "/campaigns/{id}/leads",
        LeadBody,
        add,
        Doc("add_lead", "Add a person to a campaign", {200: Lead, 201: Lead}, may=(409,), once=True),
    ),
    receiving(
        "POST",
        "/campaigns/{id}/leads/import",
        Imported,
        import_file,
        Doc("import_leads", "Import people from a CSV file", ImportReport, may=(409,), once=True),
    ),
    asking(
        "GET",
        "/campaigns/{id}/leads/export",
        Filtered,
        export_all,
        Doc("export_leads", "Export a campaign's leads as CSV", CSV),
        seconds=FILE_SECONDS,
    ),
    route("GET", "/leads/{id}", show, Doc("lead", "Read a lead", LeadDetail)),
    taking("PATCH", "/leads/{id}", LeadPatch, change, _moved("change_lead", "Change facts of a lead")),
    route(
        "DELETE",
        "/leads/{id}",
        erase,
        _moved("erase_lead", "Erase the person of a lead in its campaign"),
        scope=Scope.ADMIN,
    ),
    route("GET", "/leads/{id}/why", why, Doc("why", "Tell why a lead is written to now, or is not", WhyReport)),
    route("GET", "/leads/{id}/export", export, Doc("export_lead", "Export all that is kept of a lead", LeadExport)),
    taking(
        "POST",
        "/leads/{id}/qualify",
        NoteBody,
        decided(lead_moves.qualify),
        _moved("qualify", "Call a lead qualified"),
    ),
    taking("POST", "/leads/{id}/won", WonBody, decided(lead_moves.won), _moved("won", "Call a lead won")),
    taking("POST", "/leads/{id}/lost", LostBody, decided(lead_moves.lost), _moved("lost", "Call a lead lost")),
    taking("POST", "/leads/{id}/hold", HoldBody, decided(lead_moves.hold), _moved("hold", "Hold a lead back")),
    taking(
        "POST", "/leads/{id}/release", ReleaseBody, decided(lead_moves.release), _moved("release", "End a lead's holds")
    ),
    route("POST", "/leads/{id}/reopen", reopen, _moved("reopen", "Reopen a lead that was lost")),
)
