"""`camd run-cycle` and `camd run-all`: one cycle now, dry unless told otherwise, and its report."""

import click

from camd.cli.grammar import Command
from camd.cli.output import facts, line, show, show_list
from camd.cli.reaching import ask
from camd.schema.report import CycleReport

dry_run_option = click.option(
    "--dry-run/--no-dry-run", default=True, show_default=True, help="Only show what would be done."
)


@click.command("run-cycle", cls=Command)
@click.option("--campaign-id", "campaign", required=True, metavar="ID", help="Number or name.")
@dry_run_option
def run_cycle(campaign: str, dry_run: bool) -> None:
    """One cycle of a campaign now. Exit code 1 where its report has errors."""
    report = ask(lambda client: client.run_cycle(campaign, dry_run=dry_run))
    show(report, _report)
    _judge([report])


@click.command("run-all", cls=Command)
@dry_run_option
def run_all(dry_run: bool) -> None:
    """One cycle of every campaign that is not archived."""
    reports = ask(lambda client: client.run_all(dry_run=dry_run))
    show_list(reports, CycleReport, _report)
    _judge(reports)


def _judge(reports: list[CycleReport]) -> None:
    if any(report.errors for report in reports):
        click.get_current_context().exit(1)


def _report(report: CycleReport) -> None:
    facts((name.replace("_", " "), value) for name, value in report.model_dump(exclude={"errors"}).items())
    for error in report.errors:
        line(f"error in {error.stage} ({error.scope}): {error.message}")
    line("")
