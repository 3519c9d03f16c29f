"""What came in, the review list among it, and what a person says that a message is."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from camd.api.answers import answer, stream_csv
from camd.api.keys import DESK
from camd.api.paging import CampaignRef, LeadRef, MailboxRef, Paged
from camd.api.routes import CSV, FILE_SECONDS, Doc, Route, asking, route, taking
from camd.api.security import actor_of
from camd.domain.facts import LeadId
from camd.domain.inbound import InboundClass
from camd.operations import inbound
from camd.ports.records import InboundFilter
from camd.schema.inbound import ClassifyBody, Inbound
from camd.schema.page import Page


class Listed(Paged):
    waiting: Annotated[bool | None, Field(description="Those on the review list, or all others.")] = None
    kind: Annotated[InboundClass | None, Field(alias="class", description="Those of this class.")] = None
    campaign: CampaignRef | None = None
    lead: LeadRef | None = None
    mailbox: MailboxRef | None = None

    def chosen(self) -> InboundFilter:
        lead_id = None if self.lead is None else LeadId(self.lead)
        return InboundFilter(waiting=self.waiting, kind=self.kind, lead_id=lead_id, mailbox=self.mailbox)


async def list_all(request: web.Request, chosen: Listed) -> web.Response:
    desk, ref = request.app[DESK], chosen.campaign
    return answer(await inbound.page(desk, chosen.chosen(), ref=ref, limit=chosen.limit, cursor=chosen.cursor))


async def show(request: web.Request) -> web.Response:
    return answer(await inbound.get(request.app[DESK], request.match_info["id"]))


async def classify(request: web.Request, body: ClassifyBody) -> web.Response:
    return answer(await inbound.classify(request.app[DESK], request.match_info["id"], body, actor=actor_of(request)))


async def export(request: web.Request) -> web.StreamResponse:
    lines = await inbound.csv(request.app[DESK], request.match_info["id"], actor=actor_of(request))
    return await stream_csv(request, lines, "inbound.csv")


ROUTES: tuple[Route, ...] = (
    asking("GET", "/inbound", Listed, list_all, Doc("inbox", "List messages that came in", Page[Inbound])),
    route("GET", "/inbound/{id}", show, Doc("inbound", "Read a message that came in", Inbound)),
    taking(
        "POST",
        "/inbound/{id}/classify",
        ClassifyBody,
        classify,
        Doc("classify", "Say what a message is", Inbound, may=(409,)),
    ),
    route(
        "GET",
        "/campaigns/{id}/inbound/export",
        export,
        Doc("export_inbound", "Export the messages to a campaign as CSV", CSV),
        seconds=FILE_SECONDS,
    ),
)
