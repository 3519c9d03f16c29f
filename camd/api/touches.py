"""Touches, and what a person decides about them."""

from typing import Annotated, Protocol

from aiohttp import web
from pydantic import Field

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.paging import CampaignRef, LeadRef, MailboxRef, Paged
from camd.api.routes import Doc, Route, asking, route, taking
from camd.api.security import Handler, actor_of
from camd.domain.campaign import Channel
from camd.domain.facts import LeadId
from camd.operations import touches
from camd.operations.desk import Desk
from camd.ports.records import TouchFilter, TouchStatus
from camd.schema.page import Page
from camd.schema.touch import ApproveBody, ApproveReport, CancelBody, ResolveBody, Touch


class Listed(Paged):
    status: Annotated[TouchStatus | None, Field(description="Those in this status.")] = None
    campaign: CampaignRef | None = None
    lead: LeadRef | None = None
    mailbox: MailboxRef | None = None
    channel: Annotated[Channel | None, Field(description="Those of this channel.")] = None

    def chosen(self) -> TouchFilter:
        lead_id = None if self.lead is None else LeadId(self.lead)
        return TouchFilter(status=self.status, lead_id=lead_id, mailbox=self.mailbox, channel=self.channel)


async def list_all(request: web.Request, chosen: Listed) -> web.Response:
    desk, ref = request.app[DESK], chosen.campaign
    return answer(await touches.page(desk, chosen.chosen(), ref=ref, limit=chosen.limit, cursor=chosen.cursor))


async def show(request: web.Request) -> web.Response:
    return answer(await touches.get(request.app[DESK], request.match_info["id"]))


async def approve_many(request: web.Request, body: ApproveBody) -> web.Response:
    return answer(await touches.approve_many(request.app[DESK], body, actor=actor_of(request)))


async def resolve(request: web.Request, body: ResolveBody) -> web.Response:
    return answer(await touches.resolve(request.app[DESK], request.match_info["id"], body, actor=actor_of(request)))


async def cancel(request: web.Request, body: CancelBody) -> web.Response:
    return answer(await touches.cancel(request.app[DESK], request.match_info["id"], body, actor=actor_of(request)))


class Decision(Protocol):
    """An operation that decides about one touch and needs to know nothing more."""

    async def __call__(self, desk: Desk, touch_id: str, *, actor: str) -> Touch: ...


def decided(operation: Decision) -> Handler:
    async def decide(request: web.Request) -> web.Response:
        return answer(await operation(request.app[DESK], request.match_info["id"], actor=actor_of(request)))

    return decide


def _moved(name: str, what: str) -> Doc:
    return Doc(name, what, Touch, may=(409,))


ROUTES: tuple[Route, ...] = (
    asking("GET", "/touches", Listed, list_all, Doc("touches", "List touches", Page[Touch])),
    taking(
        "POST",
        "/touches/approve",
        ApproveBody,
        approve_many,
        Doc("approve_many", "Approve many touches", ApproveReport, may=(404,)),
    ),
    route("GET", "/touches/{id}", show, Doc("touch", "Read a touch", Touch)),
    route("POST", "/touches/{id}/approve", decided(touches.approve), _moved("approve", "Approve a touch")),
    taking(
        "POST",
        "/touches/{id}/resolve",
        ResolveBody,
        resolve,
        _moved("resolve", "Say what became of a touch of which nobody knows"),
    ),
    taking("POST", "/touches/{id}/cancel", CancelBody, cancel, _moved("cancel", "Cancel a touch")),
    route("POST", "/touches/{id}/done", decided(touches.done), _moved("done", "Call a task done")),
    route("POST", "/touches/{id}/skip", decided(touches.skip), _moved("skip", "Skip a task")),
)
