"""`camd leads`: the people of a campaign."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click

from camd.cli.grammar import F, Group, campaign_argument, confirm, lead_argument, yes_option
from camd.cli.lead_import import import_file
from camd.cli.lead_moves import MOVES
from camd.cli.lead_views import detailed, details, listed, why_report
from camd.cli.options import OneOf, body_options, paged, read_body
from camd.cli.output import line, note, show
from camd.cli.reaching import ask
from camd.domain.lead import LeadStatus
from camd.schema.lead import LeadBody

_LEAD = re.compile(r"ld_[0-9a-z]{26}")


def _filtered(function: F) -> F:
    """The filters of a list and of an export."""
    function = click.option("--search", help="A part of name, company or address.")(function)
    function = click.option("--held/--no-held", default=None, help="Only those that are held, or not.")(function)
    function = click.option("--tag", help="Only those with this tag.")(function)
    return click.option("--status", type=OneOf(LeadStatus))(function)


@click.group(cls=Group)
def leads() -> None:
    """Leads: list, add, import, decide, explain."""


for command in (import_file, *MOVES):
    leads.add_command(command)


@leads.command("list")
@campaign_argument
@_filtered
@paged
def list_all(campaign: str, **filters: Any) -> None:
    """The campaign's leads, newest first."""
    show(ask(lambda client: client.leads(campaign, **filters)), listed)


@leads.command("show")
@lead_argument
def show_one(lead: str) -> None:
    """One lead with its facts and its state."""
    show(ask(lambda client: client.lead(lead)), detailed)


@leads.command()
@campaign_argument
@body_options(LeadBody)
def add(campaign: str, **given: Any) -> None:
    """Add one person, or show the lead that this person is already."""
    body = read_body(LeadBody, given)
    show(ask(lambda client: client.add_lead(campaign, body)), details)


@leads.command()
@click.argument("of", metavar="CAMPAIGN|LEAD")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Instead of stdout.")
@_filtered
def export(of: str, output: Path | None, **filters: Any) -> None:
    """A campaign's leads as CSV, or as JSON everything that is kept of one lead."""
    with _opened(output) as file:
        if not _LEAD.fullmatch(of):
            ask(lambda client: client.export_leads(of, file, **filters))
        elif any(value is not None for value in filters.values()):
            raise click.UsageError("a filter belongs to a campaign's export")
        else:
            file.write(ask(lambda client: client.export_lead(of)).model_dump_json().encode() + b"\n")
    if output:
        note(f"written: {output}")


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with output.open("wb") as file:
        yield file


@leads.command()
@lead_argument
def why(lead: str) -> None:
    """Every check that decides whether this lead is written to, with its end where it has one."""
    show(ask(lambda client: client.why(lead)), why_report)


@leads.command()
@lead_argument
@yes_option
def erase(lead: str, yes: bool) -> None:
    """Empty every fact of the person (GDPR); only a keyed hash is kept, so that nobody writes to them again."""
    confirm(f"Erase {lead} for good?", yes=yes)
    show(ask(lambda client: client.erase_lead(lead)), lambda erased: line(f"erased: {erased.id}"))
