"""`camd imports`: the files of the past, and taking one back."""

import click

from camd.cli.grammar import Group
from camd.cli.options import paged
from camd.cli.output import Cell, line, more, note, show, table
from camd.cli.reaching import ask
from camd.schema.imports import Import
from camd.schema.page import Page


@click.group(cls=Group)
def imports() -> None:
    """Imports: what each file brought, and taking one back."""


@imports.command("list")
@click.option("--campaign", help="Only those of this campaign, by number or name.")
@paged
def list_all(campaign: str | None, limit: int, cursor: str | None) -> None:
    """Imports, newest first."""
    show(ask(lambda client: client.imports(campaign=campaign, limit=limit, cursor=cursor)), _table)


@imports.command()
@click.argument("import_id", metavar="ID")
def undo(import_id: str) -> None:
    """Remove its leads that were never written to, without suppressing them."""
    report = ask(lambda client: client.undo_import(import_id))
    show(report, lambda done: line(f"undone: {done.removed} leads removed, {done.kept} kept (they were written to)"))


def _table(page: Page[Import]) -> None:
    if not page.items:
        note("No imports.")
        return
    counts = ("rows", "added", "updated", "dupl.", "suppr.", "rej.")
    table(("id", "file", *counts, "at"), map(_row, page.items), right=counts)
    more(page.next)


def _row(each: Import) -> tuple[Cell, ...]:
    state = " (undone)" if each.undone_at else "" if each.finished_at else " (running)"
    file = f"{each.file_name or ''}{state}"
    counts = (each.rows, each.added, each.updated, each.duplicates, each.suppressed, each.rejected)
    return each.id, file, *counts, each.created_at
