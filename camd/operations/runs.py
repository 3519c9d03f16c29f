"""Cycles that a person asks for now. A run goes on when its caller leaves; asking again never starts a second
cycle of a campaign beside the first."""

from collections.abc import Sequence

from camd.domain.campaign import CampaignStatus
from camd.domain.errors import Scope
from camd.domain.facts import CampaignId
from camd.operations.desk import Desk, find_campaign, find_open_campaign
from camd.operations.errors import NotFound
from camd.operations.registry import Run
from camd.ports.records import Listing
from camd.ports.store import Tx
from camd.schema.report import CycleError, CycleReport
from camd.schema.run import Run as RunView
from camd.telemetry.logs import get_log

log = get_log()

_BATCH = 500


async def run_cycle(desk: Desk, ref: str | int, *, dry: bool) -> Run:
    """Starts one cycle. Raises `Conflict` for an archived campaign."""
    campaign = await desk.read(lambda tx: find_open_campaign(tx, ref))
    return _start(desk, [campaign.id], dry=dry, answers_one=True)


async def run_all(desk: Desk, *, dry: bool) -> Run:
    """Starts one cycle of every campaign that is not archived, one after the other, in the order of their numbers."""
    return _start(desk, await desk.read(_all_open), dry=dry, answers_one=False)


def _all_open(tx: Tx) -> list[CampaignId]:
    found: list[CampaignId] = []
    before: str | None = None
    while page := tx.campaigns.page(Listing(_BATCH, before)):
        found += [campaign.id for campaign in page if campaign.status.status is not CampaignStatus.ARCHIVED]
        before = str(page[-1].id)
    return sorted(found)


def _start(desk: Desk, campaign_ids: Sequence[CampaignId], *, dry: bool, answers_one: bool) -> Run:
    """The run is under way when this returns; `Run.wait` waits for its end."""
    run = Run(desk.context.ids.new("ru"), tuple(campaign_ids), dry, answers_one, desk.now())
    desk.runs.add(run)
    desk.tasks.start_soon(_work, desk, run)
    return run


async def _work(desk: Desk, run: Run) -> None:
    try:
        run.reports = [await _cycle(desk, campaign_id, dry=run.dry) for campaign_id in run.campaign_ids]
    finally:
        run.end(desk.now())


async def _cycle(desk: Desk, campaign_id: CampaignId, *, dry: bool) -> CycleReport:
    try:
        return await desk.run(campaign_id, dry)
    except Exception as error:  # noqa: BLE001 - a bug in one campaign's cycle ends neither this process nor the others
        return await _crashed(desk, campaign_id, error, dry=dry)


async def _crashed(desk: Desk, campaign_id: CampaignId, error: Exception, *, dry: bool) -> CycleReport:
    log.error("actor.crashed", campaign_id=campaign_id, error=error)
    campaign = await desk.read(lambda tx: find_campaign(tx, campaign_id))
    told = CycleError(stage="cycle", scope=Scope.CAMPAIGN, message=type(error).__name__)
    return CycleReport(campaign_id=campaign_id, campaign_name=campaign.definition.name, dry_run=dry, errors=[told])


def get(desk: Desk, run_id: str) -> Run:
    """Raises `NotFound` for a run that never was, or was long ago."""
    if (run := desk.runs.get(run_id)) is None:
        raise NotFound("run", run_id)
    return run


def view(run: Run) -> RunView:
    return RunView(
        id=run.id,
        campaign_ids=list(run.campaign_ids),
        dry_run=run.dry,
        started_at=run.started_at,
        finished_at=run.finished_at,
        reports=run.reports,
    )
