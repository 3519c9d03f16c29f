"""Campaigns, findings and mails as people read them."""

from pydantic import BaseModel

from camd.cli.output import Cell, facts, line, lines, more, note, plain, table, text, when
from camd.schema.campaign import CampaignDetail, CampaignSummary
from camd.schema.definition_parts import StepBody
from camd.schema.page import Page
from camd.schema.preflight import PreflightReport
from camd.schema.preview import Preview


def summaries(page: Page[CampaignSummary]) -> None:
    if not page.items:
        note("No campaigns. Make one: camd campaigns create --name NAME, or camd campaigns apply FILE.toml")
        return
    headings = ("id", "name", "status", "dry run", "leads", "contacted", "qualified", "won", "goal", "today")
    table(headings, map(_summary, page.items), right=("id", "leads", "contacted", "qualified", "won", "goal", "today"))
    more(page.next)


def _summary(campaign: CampaignSummary) -> tuple[Cell, ...]:
    status = f"{campaign.status} ({campaign.status_reason})" if campaign.status_reason else campaign.status
    goal = "" if campaign.goal_progress is None else f"{campaign.goal_progress:.0%}"
    return (
        campaign.id,
        campaign.name,
        status,
        campaign.dry_run,
        campaign.current_leads,
        campaign.contacted_leads,
        campaign.qualified_leads,
        campaign.won_leads,
        goal,
        f"{campaign.sent_today}/{campaign.daily_email_limit}",
    )


_PARTS = ("icp", "window", "enrichment", "scoring", "pause_rules", "autonomy")
_APART = frozenset({*_PARTS, "sources", "steps", "crash", "hook_urls", "hook_hint"})


def details(campaign: CampaignDetail) -> None:
    facts((name, value) for name, value in campaign if name not in _APART)
    facts((name, _chosen(getattr(campaign, name))) for name in _PARTS)
    facts((f"source {number}", _chosen(source)) for number, source in enumerate(campaign.sources, 1))
    facts((f"step {number}", _step(step)) for number, step in enumerate(campaign.steps, 1))
    for name, url in campaign.hook_urls.items():
        line(f"hook {name}  {url or '(no address yet)'}")
    if campaign.hook_hint:
        line(campaign.hook_hint)
    if campaign.crash:
        line("")
        line(f"Crashed at {when(campaign.crash.at)}: {campaign.crash.error}")
        lines(campaign.crash.traceback)


def _chosen(part: BaseModel) -> str:
    """What differs from the defaults."""
    return ", ".join(f"{name} = {value}" for name, value in part.model_dump(mode="json", exclude_defaults=True).items())


def _step(step: StepBody) -> str:
    waits = f" after {text(step.wait_days)} days" if step.wait_days else ""
    return f"{step.channel}{waits}: {step.subject or '(in the thread)'}"


def findings(report: PreflightReport) -> None:
    for found in report.findings:
        line(f"{found.level}  {found.name}: {found.message}")
        line(f"      {found.mend}")
    line("ready to go live" if report.ready else "not ready: every stop has to be mended first")


def mail(preview: Preview) -> None:
    via = f", from {preview.mailbox}" if preview.mailbox else ""
    line(f"{when(preview.due_at)}  step {preview.step} to {text(preview.email) or preview.lead_id}{via}")
    line(f"  {plain(preview.subject)}")
    lines("\n".join(f"    {each}" for each in preview.body.splitlines()))
    line("")
