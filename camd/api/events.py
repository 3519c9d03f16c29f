"""The ledger, in the order in which it was written."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.paging import CampaignRef, LeadRef, Limit
from camd.api.reading import Query
from camd.api.routes import Doc, Route, asking
from camd.domain.events import EventType
from camd.domain.facts import LeadId
from camd.operations import events
from camd.operations.desk import find_campaign
from camd.ports.records import EventFilter
from camd.schema.event import EventPage
from camd.schema.page import DEFAULT_LIMIT
from camd.schema.values import Instant

LARGEST_SEQ = (1 << 63) - 1


class Listed(Query):
    after: Annotated[int, Field(ge=0, le=LARGEST_SEQ, description="The last `seq` that you have seen.")] = 0
    limit: Limit = DEFAULT_LIMIT
    campaign: CampaignRef | None = None
    lead: LeadRef | None = None
    actor: Annotated[str | None, Field(description="Those of this actor, such as `os:anna`.")] = None
    type: Annotated[EventType | None, Field(description="Those of this type.")] = None
    since: Annotated[Instant | None, Field(description="Those from this instant on.")] = None
    newest: Annotated[bool, Field(description="The last ones, not the first; ascending too.")] = False


async def list_all(request: web.Request, chosen: Listed) -> web.Response:
    desk, ref = request.app[DESK], chosen.campaign
    wanted = EventFilter(
        campaign_id=None if ref is None else await desk.read(lambda tx: find_campaign(tx, ref).id),
        lead_id=None if chosen.lead is None else LeadId(chosen.lead),
        actor=chosen.actor,
        type=chosen.type,
        since=chosen.since,
    )
    page = await events.page(desk, wanted, after=chosen.after, limit=chosen.limit, newest=chosen.newest)
    return answer(page)


ROUTES: tuple[Route, ...] = (
    asking("GET", "/events", Listed, list_all, Doc("event_page", "Read the ledger", EventPage)),
)
