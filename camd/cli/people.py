"""`camd people`: one person in every campaign, by their address, also one never seen."""

from pathlib import Path
from typing import Any

import click

from camd.cli.grammar import Group, confirm, yes_option
from camd.cli.options import body_options, read_body
from camd.cli.output import facts, line, note, show, table
from camd.cli.reaching import ask
from camd.schema.person import PersonErased, PersonExport
from camd.schema.suppression import SuppressionBody

address_argument = click.argument("address")


@click.group(cls=Group)
def people() -> None:
    """One person in every campaign: show, suppress, export, erase."""


@people.command("show")
@address_argument
def show_one(address: str) -> None:
    """Where a person stands, and whether they may be written to."""
    show(ask(lambda client: client.person(address)), _standing)


@people.command()
@address_argument
@body_options(SuppressionBody, without=("value",))
def suppress(address: str, **given: Any) -> None:
    """Write to them no more, in no campaign."""
    if "@" not in address:
        raise click.UsageError(f"{address!r} is no address; camd suppressions add takes a domain")
    body = read_body(SuppressionBody, {"value": address, **given})
    show(ask(lambda client: client.add_suppression(body)), lambda view: line(f"suppressed: {view.id} {view.value}"))


@people.command()
@address_argument
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Instead of stdout.")
def export(address: str, output: Path | None) -> None:
    """Everything that is kept of them, as JSON."""
    text = ask(lambda client: client.person(address)).model_dump_json()
    if output is None:
        click.echo(text)
        return
    output.write_text(f"{text}\n", encoding="utf-8")
    note(f"written: {output}")


@people.command()
@address_argument
@yes_option
def erase(address: str, yes: bool) -> None:
    """Erase them everywhere (GDPR); only a keyed hash is kept, so that nobody writes to them again."""
    confirm(f"Erase {address} for good, in every campaign?", yes=yes)
    show(ask(lambda client: client.erase_person(address)), _erased)


def _standing(person: PersonExport) -> None:
    standing = person.suppression
    told = f"{standing.kind} since {standing.created_at:%Y-%m-%d}, {standing.reason}" if standing else None
    messages = len(person.inbound) + sum(len(each.inbound) for each in person.leads)
    facts([("address", person.address), ("suppressed", told), ("messages", messages or None)])
    if person.candidates:
        line(f"{len(person.candidates)} found and not yet a lead")
    if not person.leads:
        line("no leads")
        return
    rows = [(each.lead.id, each.lead.campaign_id, each.lead.status, len(each.touches)) for each in person.leads]
    table(("lead", "campaign", "status", "touches"), rows, right=("campaign", "touches"))


def _erased(done: PersonErased) -> None:
    line(f"erased: {done.leads} leads, {done.candidates} candidates, {done.messages} messages; nobody writes to them")
