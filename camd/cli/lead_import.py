"""`camd leads import CAMPAIGN FILE.csv`: counts, and every rejected line with its number and reason."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import click

from camd.cli.grammar import Command, campaign_argument
from camd.cli.options import Column
from camd.cli.output import line, show
from camd.cli.reaching import ask
from camd.schema.imports import MAX_REJECTED, ImportReport


@click.command("import", cls=Command)
@campaign_argument
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--update", is_flag=True, help="Overwrite the facts of known people; an empty cell never does.")
@click.option("--map", "mapping", type=Column(), multiple=True, help="A column of the file and the fact it fills.")
def import_file(campaign: str, file: Path, dry_run: bool, update: bool, mapping: tuple[tuple[str, str], ...]) -> None:
    """Bring a CSV file of people in. Bringing it in again adds nobody twice."""
    with file.open("rb") as stream, _progress(file, stream) as watched:
        report = ask(
            lambda client: client.import_leads(
                campaign, watched, dry_run=dry_run, update=update, mapping=dict(mapping), file_name=file.name
            )
        )
    show(report, _report)


class _Watched:
    """Tells how much of the file has been read."""

    def __init__(self, stream: BinaryIO, advance: Callable[[int], None]) -> None:
        self._stream = stream
        self._advance = advance

    def read(self, size: int = -1) -> bytes:
        piece = self._stream.read(size)
        self._advance(len(piece))
        return piece


@contextmanager
def _progress(file: Path, stream: BinaryIO) -> Iterator[BinaryIO]:
    if not sys.stderr.isatty():
        click.echo(f"importing {file}", err=True)
        yield stream
        return
    size = os.fstat(stream.fileno()).st_size
    with click.progressbar(length=size, label=f"importing {file.name}", file=sys.stderr) as bar:
        yield cast("BinaryIO", _Watched(stream, bar.update))


def _report(report: ImportReport) -> None:
    rejected = len(report.rejected)
    line(
        f"{'dry run, nothing was stored: ' if report.dry_run else ''}{report.rows} rows: {report.added} added, "
        f"{report.updated} updated, {report.duplicates} duplicates, {report.suppressed} suppressed, "
        f"{f'at least {MAX_REJECTED}' if rejected == MAX_REJECTED else rejected} rejected"
    )
    for each in report.rejected:
        line(f"  line {each.line}: {each.reason}")
    if report.import_id:
        line(f"import {report.import_id}; `camd imports undo {report.import_id}` takes it back")
