"""The routes that tell how a campaign does, what is to come, and what something would do that is not stored yet."""

from collections.abc import Mapping
from typing import BinaryIO

from camd.client.call import FILE_SECONDS, Call, body_of, pairs, params, path
from camd.schema.draft import DraftBody, DraftReport
from camd.schema.figures import CampaignMetrics, CampaignSeries, ReportFormat
from camd.schema.imports import ImportCheck
from camd.schema.outlook import CampaignOutlook, InstanceOutlook, InstanceSeries
from camd.schema.page import Page
from camd.schema.preflight import PreflightReport
from camd.schema.preview import Preview


def preflight(ref: str | int) -> Call[PreflightReport]:
    return Call("GET", path("/campaigns/{}/preflight", ref), PreflightReport.model_validate_json)


def preview(ref: str | int, *, limit: int | None = None) -> Call[Page[Preview]]:
    """The mails to come, soonest first."""
    return Call("GET", path("/campaigns/{}/preview", ref), Page[Preview].model_validate_json, params(limit=limit))


def campaign_metrics(ref: str | int) -> Call[CampaignMetrics]:
    """Funnel, rates with what they are of, goals, and what today's quotas leave."""
    return Call("GET", path("/campaigns/{}/metrics", ref), CampaignMetrics.model_validate_json)


def timeseries(ref: str | int, *, days: int | None = None) -> Call[CampaignSeries]:
    """Each of the last days, today included, oldest first."""
    return Call("GET", path("/campaigns/{}/timeseries", ref), CampaignSeries.model_validate_json, params(days=days))


def report(ref: str | int, *, format: ReportFormat = ReportFormat.MD) -> Call[str]:  # noqa: A002 - as in the API
    """One page for a client, as text of that format."""
    return Call("GET", path("/campaigns/{}/report", ref), bytes.decode, params(format=format))


def outlook(ref: str | int) -> Call[CampaignOutlook]:
    """Why a campaign waits, how many mails may still go out today, and what is planned."""
    return Call("GET", path("/campaigns/{}/outlook", ref), CampaignOutlook.model_validate_json)


def instance_outlook() -> Call[InstanceOutlook]:
    """What is planned in all active campaigns."""
    return Call("GET", path("/outlook"), InstanceOutlook.model_validate_json)


def instance_series(*, days: int | None = None) -> Call[InstanceSeries]:
    """Each of the last days of all campaigns together, oldest first."""
    return Call("GET", path("/timeseries"), InstanceSeries.model_validate_json, params(days=days))


def check_draft(body: DraftBody) -> Call[DraftReport]:
    """The mails of a campaign that is not stored, for one person, and its arithmetic. Refused as its creation is."""
    return Call("POST", path("/campaigns/draft"), DraftReport.model_validate_json, body=body_of(body))


def check_import(
    file: BinaryIO, *, campaign: str | int | None = None, mapping: Mapping[str, str] | None = None
) -> Call[ImportCheck]:
    """What an import of the file would do, for a new campaign where none is named; nothing is stored."""
    return Call(
        "POST",
        path("/imports/check"),
        ImportCheck.model_validate_json,
        params(campaign=campaign) + pairs("map", mapping or {}),
        upload=file,
        seconds=FILE_SECONDS,
    )
