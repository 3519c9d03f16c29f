"""`/campaigns`: `{id}` is a campaign's number or its name."""

from aiohttp import web

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.paging import Limit, Paged
from camd.api.reading import NoBody, Query, corrections, read_body
from camd.api.routes import Route, asking, route
from camd.api.security import Handler, actor_of
from camd.domain.campaign import CampaignStatus, Verb
from camd.operations import campaign_status, campaigns, going_live, trial_mails
from camd.schema.definition import CampaignBody, CampaignPatch
from camd.schema.mailbox import TrialBody
from camd.schema.page import DEFAULT_LIMIT


class Listed(Paged):
    status: CampaignStatus | None = None


class Previewed(Query):
    limit: Limit = DEFAULT_LIMIT


async def list_all(request: web.Request, chosen: Listed) -> web.Response:
    page = await campaigns.page(request.app[DESK], status=chosen.status, limit=chosen.limit, cursor=chosen.cursor)
    return answer(page)


async def create(request: web.Request) -> web.Response:
    body = await read_body(request, CampaignBody)
    made = await campaigns.create(request.app[DESK], body, actor=actor_of(request))
    return answer(made, 201, location=f"/campaigns/{made.id}")


async def show(request: web.Request) -> web.Response:
    return answer(await campaigns.get(request.app[DESK], request.match_info["id"]))


async def replace(request: web.Request) -> web.Response:
    body = await read_body(request, CampaignBody)
    ref, actor = request.match_info["id"], actor_of(request)
    stored = await campaigns.replace_definition(request.app[DESK], ref, body, actor=actor)
    return answer(stored.campaign)


async def change(request: web.Request) -> web.Response:
    patch = await read_body(request, CampaignPatch)
    with corrections():
        stored = await campaigns.change(request.app[DESK], request.match_info["id"], patch, actor=actor_of(request))
    return answer(stored.campaign)


def moved_by(verb: Verb) -> Handler:
    async def move(request: web.Request) -> web.Response:
        await read_body(request, NoBody)
        desk, ref = request.app[DESK], request.match_info["id"]
        stored = await campaign_status.move(desk, ref, verb, actor=actor_of(request))
        return answer(stored.campaign)

    return move


async def preflight(request: web.Request) -> web.Response:
    return answer(await going_live.report(request.app[DESK], request.match_info["id"]))


async def live(request: web.Request) -> web.Response:
    await read_body(request, NoBody)
    stored = await campaigns.live(request.app[DESK], request.match_info["id"], actor=actor_of(request))
    return answer(stored.campaign)


async def dry(request: web.Request) -> web.Response:
    await read_body(request, NoBody)
    stored = await campaigns.dry(request.app[DESK], request.match_info["id"], actor=actor_of(request))
    return answer(stored.campaign)


async def send_test(request: web.Request) -> web.Response:
    body = await read_body(request, TrialBody)
    return answer(await trial_mails.send(request.app[DESK], request.match_info["id"], body))


async def preview(request: web.Request, chosen: Previewed) -> web.Response:
    return answer(await campaigns.previews(request.app[DESK], request.match_info["id"], limit=chosen.limit))


ROUTES: tuple[Route, ...] = (
    asking("GET", "/campaigns", Listed, list_all),
    route("POST", "/campaigns", create),
    route("GET", "/campaigns/{id}", show),
    route("PUT", "/campaigns/{id}", replace),
    route("PATCH", "/campaigns/{id}", change),
    route("DELETE", "/campaigns/{id}", moved_by(Verb.ARCHIVE)),
    *(
        route(method, f"/campaigns/{{id}}/{verb}", moved_by(verb))
        for verb in (Verb.ACTIVATE, Verb.PAUSE, Verb.RESUME)
        for method in ("POST", "PUT")
    ),
    route("GET", "/campaigns/{id}/preflight", preflight),
    route("POST", "/campaigns/{id}/live", live),
    route("POST", "/campaigns/{id}/dry", dry),
    route("POST", "/campaigns/{id}/test-send", send_test),
    asking("GET", "/campaigns/{id}/preview", Previewed, preview),
)
