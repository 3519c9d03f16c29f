"""What is to come, and how all campaigns did together."""

from aiohttp import web

from camd.api.answers import answer
from camd.api.campaigns import Lasting
from camd.api.keys import DESK
from camd.api.routes import Doc, Route, asking, route
from camd.operations import campaign_figures, outlook, planned_mails
from camd.schema.outlook import CampaignOutlook, InstanceOutlook, InstanceSeries


async def of_campaign(request: web.Request) -> web.Response:
    return answer(await outlook.of_campaign(request.app[DESK], request.match_info["id"]))


async def of_instance(request: web.Request) -> web.Response:
    return answer(await planned_mails.of_instance(request.app[DESK]))


async def series(request: web.Request, chosen: Lasting) -> web.Response:
    return answer(await campaign_figures.instance_series(request.app[DESK], days=chosen.days))


ROUTES: tuple[Route, ...] = (
    route(
        "GET",
        "/campaigns/{id}/outlook",
        of_campaign,
        Doc("outlook", "Tell why a campaign waits and what is planned", CampaignOutlook),
    ),
    route("GET", "/outlook", of_instance, Doc("instance_outlook", "Tell what is planned", InstanceOutlook)),
    asking("GET", "/timeseries", Lasting, series, Doc("instance_series", "Show all campaigns by day", InstanceSeries)),
)
