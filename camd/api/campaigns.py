"""`/campaigns`: `{id}` is a campaign's number or its name."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from camd.api.answers import answer
from camd.api.keys import DESK
from camd.api.once import created_once
from camd.api.paging import Limit, Paged
from camd.api.reading import Query, corrections
from camd.api.routes import CSV, MARKDOWN, Doc, Route, asking, route, taking
from camd.api.security import Handler, actor_of, may
from camd.domain.access import Scope
from camd.domain.campaign import CampaignStatus, Verb
from camd.operations import (
    campaign_figures,
    campaign_report,
    campaign_status,
    campaigns,
    drafts,
    going_live,
    trial_mails,
)
from camd.schema.campaign import CampaignDetail, CampaignSummary
from camd.schema.definition import CampaignBody, CampaignPatch
from camd.schema.draft import DraftBody, DraftReport
from camd.schema.figures import (
    DEFAULT_DAYS,
    MAX_DAYS,
    CampaignMetrics,
    CampaignReport,
    CampaignSeries,
    ReportFormat,
)
from camd.schema.mailbox import TrialBody, TrialReport
from camd.schema.page import DEFAULT_LIMIT, Page
from camd.schema.preflight import PreflightReport
from camd.schema.preview import Preview

HOOKS_HIDDEN = "A token with the scope operate shows the addresses."


class Listed(Paged):
    status: Annotated[CampaignStatus | None, Field(description="Those in this status.")] = None


class Previewed(Query):
    limit: Limit = DEFAULT_LIMIT


class Lasting(Query):
    days: Annotated[int, Field(ge=1, le=MAX_DAYS, description="So many days up to today.")] = DEFAULT_DAYS


class Reported(Query):
    format: Annotated[ReportFormat, Field(description="Markdown, CSV or JSON.")] = ReportFormat.MD


async def list_all(request: web.Request, chosen: Listed) -> web.Response:
    page = await campaigns.page(request.app[DESK], status=chosen.status, limit=chosen.limit, cursor=chosen.cursor)
    return answer(page)


async def create(request: web.Request, body: CampaignBody) -> web.Response:
    desk, actor = request.app[DESK], actor_of(request)
    return await created_once(
        request,
        lambda keep: campaigns.create(desk, body, actor=actor, keep=keep),
        lambda made: answer(made, 201, location=f"/campaigns/{made.id}"),
    )


async def check_draft(request: web.Request, body: DraftBody) -> web.Response:
    return answer(await drafts.check(request.app[DESK], body))


async def show(request: web.Request) -> web.Response:
    """A hook's address is a key, so who may only read gets its name alone."""
    found = await campaigns.get(request.app[DESK], request.match_info["id"])
    if found.hook_urls and not may(request, Scope.OPERATE):
        hidden = {"hook_urls": dict.fromkeys(found.hook_urls), "hook_hint": HOOKS_HIDDEN}
        found = found.model_copy(update=hidden)
    return answer(found)


async def replace(request: web.Request, body: CampaignBody) -> web.Response:
    ref, actor = request.match_info["id"], actor_of(request)
    stored = await campaigns.replace_definition(request.app[DESK], ref, body, actor=actor)
    return answer(stored.campaign)


async def change(request: web.Request, patch: CampaignPatch) -> web.Response:
    with corrections():
        stored = await campaigns.change(request.app[DESK], request.match_info["id"], patch, actor=actor_of(request))
    return answer(stored.campaign)


def moved_by(verb: Verb) -> Handler:
    async def move(request: web.Request) -> web.Response:
        desk, ref = request.app[DESK], request.match_info["id"]
        stored = await campaign_status.move(desk, ref, verb, actor=actor_of(request))
        return answer(stored.campaign)

    return move


async def preflight(request: web.Request) -> web.Response:
    return answer(await going_live.report(request.app[DESK], request.match_info["id"]))


async def live(request: web.Request) -> web.Response:
    stored = await campaigns.live(request.app[DESK], request.match_info["id"], actor=actor_of(request))
    return answer(stored.campaign)


async def dry(request: web.Request) -> web.Response:
    stored = await campaigns.dry(request.app[DESK], request.match_info["id"], actor=actor_of(request))
    return answer(stored.campaign)


async def send_test(request: web.Request, body: TrialBody) -> web.Response:
    return answer(await trial_mails.send(request.app[DESK], request.match_info["id"], body))


async def preview(request: web.Request, chosen: Previewed) -> web.Response:
    return answer(await campaigns.previews(request.app[DESK], request.match_info["id"], limit=chosen.limit))


async def metrics(request: web.Request) -> web.Response:
    return answer(await campaign_figures.metrics(request.app[DESK], request.match_info["id"]))


async def timeseries(request: web.Request, chosen: Lasting) -> web.Response:
    return answer(await campaign_figures.series(request.app[DESK], request.match_info["id"], days=chosen.days))


async def report(request: web.Request, chosen: Reported) -> web.Response:
    made = await campaign_report.report(request.app[DESK], request.match_info["id"])
    match chosen.format:
        case ReportFormat.MD:
            return web.Response(text=campaign_report.as_markdown(made), content_type=MARKDOWN)
        case ReportFormat.CSV:
            return web.Response(text=campaign_report.as_csv(made), content_type=CSV)
        case ReportFormat.JSON:
            return answer(made)


ROUTES: tuple[Route, ...] = (
    asking("GET", "/campaigns", Listed, list_all, Doc("campaigns", "List campaigns", Page[CampaignSummary])),
    taking(
        "POST",
        "/campaigns",
        CampaignBody,
        create,
        Doc("create_campaign", "Create a campaign", {201: CampaignDetail}, may=(409,), once=True),
    ),
    taking(
        "POST",
        "/campaigns/draft",
        DraftBody,
        check_draft,
        Doc("check_draft", "Try out a campaign that is not stored", DraftReport),
    ),
    route("GET", "/campaigns/{id}", show, Doc("campaign", "Read a campaign with its definition", CampaignDetail)),
    taking(
        "PUT",
        "/campaigns/{id}",
        CampaignBody,
        replace,
        Doc("replace_campaign", "Replace a campaign's definition", CampaignDetail, may=(409,)),
    ),
    taking(
        "PATCH",
        "/campaigns/{id}",
        CampaignPatch,
        change,
        Doc("change_campaign", "Change parts of a campaign's definition", CampaignDetail, may=(409,)),
    ),
    route(
        "DELETE",
        "/campaigns/{id}",
        moved_by(Verb.ARCHIVE),
        Doc("archive", "Archive a campaign", CampaignDetail, may=(409,)),
    ),
    *(
        route(
            method,
            f"/campaigns/{{id}}/{verb}",
            moved_by(verb),
            Doc(f"{prefix}{verb}", f"{verb.capitalize()} a campaign{also}", CampaignDetail, may=(409,)),
        )
        for verb in (Verb.ACTIVATE, Verb.PAUSE, Verb.RESUME)
        for method, prefix, also in (("POST", "", ""), ("PUT", "put_", ", as POST does"))
    ),
    route(
        "GET",
        "/campaigns/{id}/preflight",
        preflight,
        Doc("preflight", "Tell what stands against going live", PreflightReport),
    ),
    route(
        "POST",
        "/campaigns/{id}/live",
        live,
        Doc("live", "End a campaign's dry run: it sends from now on", CampaignDetail, may=(409,)),
    ),
    route("POST", "/campaigns/{id}/dry", dry, Doc("dry", "Put a campaign back to dry run", CampaignDetail, may=(409,))),
    taking(
        "POST",
        "/campaigns/{id}/test-send",
        TrialBody,
        send_test,
        Doc("send_test", "Send every step once to an address of the operator", TrialReport, may=(409,)),
    ),
    asking(
        "GET", "/campaigns/{id}/preview", Previewed, preview, Doc("preview", "Show the mails to come", Page[Preview])
    ),
    route(
        "GET",
        "/campaigns/{id}/metrics",
        metrics,
        Doc("campaign_metrics", "Show a campaign in figures", CampaignMetrics),
    ),
    asking(
        "GET",
        "/campaigns/{id}/timeseries",
        Lasting,
        timeseries,
        Doc("timeseries", "Show a campaign's figures by day", CampaignSeries),
    ),
    asking(
        "GET",
        "/campaigns/{id}/report",
        Reported,
        report,
        Doc("report", "Report on a campaign to a client", (MARKDOWN, CSV, CampaignReport)),
    ),
)
