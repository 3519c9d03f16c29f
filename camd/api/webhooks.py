"""`/webhooks`: the endpoints that are told of events, a try, and the deliveries."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.paging import Paged
from camd.api.routes import Doc, Route, asking, route
from camd.api.security import actor_of
from camd.domain.webhooks import DeliveryStatus
from camd.operations import webhooks
from camd.schema.page import Page
from camd.schema.webhook import WebhookDelivery, WebhookEndpoint, WebhookTest


class Listed(Paged):
    status: Annotated[DeliveryStatus | None, Field(description="Those in this status.")] = None


async def list_all(request: web.Request) -> web.Response:
    return answer(await webhooks.page(request.app[DESK]))


async def check(request: web.Request) -> web.Response:
    return answer(await webhooks.check(request.app[DESK], request.match_info["name"], actor=actor_of(request)))


async def list_deliveries(request: web.Request, chosen: Listed) -> web.Response:
    desk = request.app[DESK]
    return answer(await webhooks.deliveries(desk, chosen.status, limit=chosen.limit, cursor=chosen.cursor))


async def replay(request: web.Request) -> web.Response:
    return answer(await webhooks.replay(request.app[DESK], request.match_info["id"]))


ROUTES: tuple[Route, ...] = (
    route("GET", "/webhooks", list_all, Doc("webhooks", "List the webhooks", Page[WebhookEndpoint])),
    route("POST", "/webhooks/{name}/test", check, Doc("try_webhook", "Send a test event", WebhookTest)),
    asking(
        "GET",
        "/webhooks/deliveries",
        Listed,
        list_deliveries,
        Doc("deliveries", "List the deliveries to webhooks", Page[WebhookDelivery]),
    ),
    route(
        "POST",
        "/webhooks/deliveries/{id}/replay",
        replay,
        Doc("replay", "Deliver an event again", WebhookDelivery, may=(409,)),
    ),
)
