"""`camd campaigns`: `CAMPAIGN` is a number or a name."""

from typing import Any

import click

from camd.cli.campaign_file import apply
from camd.cli.campaign_views import details, findings, mail, summaries
from camd.cli.grammar import Group, campaign_argument, confirm, session, yes_option
from camd.cli.options import OneOf, body_options, given_fields, paged, read_body
from camd.cli.output import line, more, show
from camd.cli.reaching import ask
from camd.domain.campaign import CampaignStatus
from camd.schema.campaign import CampaignDetail
from camd.schema.definition import CampaignBody, CampaignPatch
from camd.schema.figures import ReportFormat
from camd.schema.mailbox import TrialBody, TrialOutcome, TrialReport
from camd.schema.page import DEFAULT_LIMIT, MAX_LIMIT, Page
from camd.schema.preview import Preview


@click.group(cls=Group)
def campaigns() -> None:
    """Campaigns: define, start, preview, take live."""


campaigns.add_command(apply)


@campaigns.command("list")
@click.option("--status", type=OneOf(CampaignStatus))
@paged
def list_all(status: CampaignStatus | None, limit: int, cursor: str | None) -> None:
    """All campaigns, newest first."""
    page = ask(lambda client: client.campaigns(status=status, limit=limit, cursor=cursor))
    show(page, summaries)


@campaigns.command("show")
@campaign_argument
def show_one(campaign: str) -> None:
    """One campaign with its definition; a parked one with the traceback of its crash."""
    show(ask(lambda client: client.campaign(campaign)), details)


@campaigns.command()
@body_options(CampaignBody, required=("name",))
def create(**given: Any) -> None:
    """A new campaign, as a draft in dry run."""
    body = read_body(CampaignBody, given)
    _done("created", ask(lambda client: client.create_campaign(body)))


@campaigns.command()
@campaign_argument
@body_options(CampaignBody)
def update(campaign: str, **given: Any) -> None:
    """Change what is named; an empty text gives the default back."""
    fields = given_fields(CampaignBody, given)
    if not fields:
        raise click.UsageError("name at least one field to change")
    patch = CampaignPatch.model_validate(fields)
    _done("updated", ask(lambda client: client.change_campaign(campaign, patch)))


@campaigns.command()
@campaign_argument
def activate(campaign: str) -> None:
    """Begin to work a draft."""
    _done("activated", ask(lambda client: client.activate(campaign)))


@campaigns.command()
@campaign_argument
def pause(campaign: str) -> None:
    """Stop working it, for now."""
    _done("paused", ask(lambda client: client.pause(campaign)))


@campaigns.command()
@campaign_argument
def resume(campaign: str) -> None:
    """Go on with a paused one."""
    _done("resumed", ask(lambda client: client.resume(campaign)))


@campaigns.command()
@campaign_argument
def archive(campaign: str) -> None:
    """End it for good."""
    _done("archived", ask(lambda client: client.archive(campaign)))


@campaigns.command()
@campaign_argument
@click.option("--limit", type=click.IntRange(1, MAX_LIMIT), default=DEFAULT_LIMIT, show_default=True)
def preview(campaign: str, limit: int) -> None:
    """The mails that the next leads would get, soonest first."""
    show(ask(lambda client: client.preview(campaign, limit=limit)), _mails)


def _mails(page: Page[Preview]) -> None:
    for each in page.items:
        mail(each)
    if not page.items:
        line("No mails to come: the campaign has no leads that are ready, no steps, or is not active.")
    more(page.next)


@campaigns.command()
@campaign_argument
@click.option("--format", "kind", type=OneOf(ReportFormat), default=ReportFormat.MD, help="md, or csv by week.")
def report(campaign: str, kind: ReportFormat) -> None:
    """One page for a client: figures, and nobody's name or address."""
    chosen = ReportFormat.JSON if session().as_json else kind
    text = ask(lambda client: client.report(campaign, format=chosen))
    click.echo(text, nl=not text.endswith("\n"))


@campaigns.command()
@campaign_argument
def preflight(campaign: str) -> None:
    """What stands against going live; exit code 1 where something does."""
    report = ask(lambda client: client.preflight(campaign))
    show(report, findings)
    if not report.ready:
        click.get_current_context().exit(1)


@campaigns.command("test-send")
@campaign_argument
@body_options(TrialBody)
def send_test(campaign: str, **given: Any) -> None:
    """Every step once to an address of notify.email, also in dry run; exit code 1 where one was not accepted."""
    body = read_body(TrialBody, given)
    report = ask(lambda client: client.send_test(campaign, body))
    show(report, _trial)
    if any(mail.outcome is not TrialOutcome.ACCEPTED for mail in report.mails):
        click.get_current_context().exit(1)


def _trial(report: TrialReport) -> None:
    line(f"from {report.mailbox} to {report.to}, as {report.lead_id} would get them:")
    for each in report.mails:
        line(f"  step {each.step} {each.outcome}: {each.subject} ({each.reply})")


@campaigns.command()
@campaign_argument
@yes_option
def live(campaign: str, yes: bool) -> None:
    """End its dry run, after the findings."""
    report = ask(lambda client: client.preflight(campaign))
    if not report.ready:
        show(report, findings)
        click.get_current_context().exit(1)
    if not session().as_json:
        findings(report)
    confirm("Send real mails from now on?", yes=yes)
    _done("live", ask(lambda client: client.live(campaign)))


@campaigns.command()
@campaign_argument
def dry(campaign: str) -> None:
    """Back to dry run: nothing more is sent."""
    _done("dry", ask(lambda client: client.dry(campaign)))


def _done(what: str, after: CampaignDetail) -> None:
    mode = ", dry run" if after.dry_run else ""
    show(after, lambda campaign: line(f"{what}: {campaign.id} {campaign.name} ({campaign.status}{mode})"))
