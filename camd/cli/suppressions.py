"""`camd suppressions`: whom nobody writes to again."""

from pathlib import Path
from typing import Any

import click

from camd.cli.grammar import Group
from camd.cli.options import OneOf, body_options, paged, read_body
from camd.cli.output import line, more, note, show, table
from camd.cli.reaching import ask
from camd.domain.suppression import SuppressionReason
from camd.schema.page import Page
from camd.schema.suppression import Suppression, SuppressionBody, SuppressionImport


@click.group(cls=Group)
def suppressions() -> None:
    """Suppressions: whom nobody writes to."""


@suppressions.command("list")
@click.option("--reason", type=OneOf(SuppressionReason))
@click.option("--search", help="A part of the address or domain; all of it where only its hash is kept.")
@paged
def list_all(**filters: Any) -> None:
    """Suppressions, newest first."""
    show(ask(lambda client: client.suppressions(**filters)), _table)


@suppressions.command()
@click.argument("value")
@body_options(SuppressionBody, without=("value",))
def add(value: str, **given: Any) -> None:
    """Suppress an address or a whole domain, in every campaign."""
    body = read_body(SuppressionBody, {"value": value, **given})
    show(ask(lambda client: client.add_suppression(body)), lambda view: line(f"suppressed: {view.id} {view.value}"))


@suppressions.command()
@click.argument("suppression_id", metavar="ID")
def remove(suppression_id: str) -> None:
    """Allow the person to be written to again; what they asked for themselves stays."""
    ask(lambda client: client.remove_suppression(suppression_id))
    note(f"removed: {suppression_id}")


@suppressions.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@body_options(SuppressionBody, without=("value",))
def import_file(file: Path, reason: SuppressionReason | None, note: str | None) -> None:
    """Suppress the address or domain in the first cell of each line."""
    with file.open("rb") as stream:
        report = ask(lambda client: client.import_suppressions(stream, reason=reason, note=note))
    show(report, _report)


def _table(page: Page[Suppression]) -> None:
    if not page.items:
        note("No suppressions.")
        return
    rows = [(each.id, each.value or "(only its hash)", each.reason, each.note, each.created_at) for each in page.items]
    table(("id", "value", "reason", "note", "since"), rows)
    more(page.next)


def _report(report: SuppressionImport) -> None:
    line(f"{report.rows} rows: {report.added} added, {report.known} known, {len(report.rejected)} rejected")
    for each in report.rejected:
        line(f"  line {each.line}: {each.reason}")
