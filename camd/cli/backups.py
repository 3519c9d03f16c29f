"""`camd backup` and `camd restore`: copies of the database, made beside a running daemon and put back without one."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

import click

from camd.cli.grammar import Command, session
from camd.cli.output import line, note
from camd.cli.settings import read_settings

if TYPE_CHECKING:
    from camd.store.backup import Progress

STDOUT = 1


@click.command(cls=Command)
@click.argument("file", type=click.Path(allow_dash=True, path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), help="Keep the newest N of this name, remove older ones.")
def backup(file: Path, keep: int | None) -> None:
    """A checked copy of the database, also while the daemon runs.

    FILE is replaced; - writes into a pipe. With --keep an earlier FILE stays as FILE.<its time>, and the newest N of
    all files that are named so, or like FILE with other digits, are kept.
    """
    from camd.store.backup_record import note_backup
    from camd.system import SystemClock

    is_pipe = str(file) == "-"
    if is_pipe and keep is not None:
        raise click.UsageError("--keep needs a FILE: nothing is kept of what goes into a pipe")
    if is_pipe and sys.stdout.isatty():
        raise click.UsageError("a database cannot be shown on a terminal; send it into a pipe or name a FILE")
    database = read_settings().database.path
    clock = SystemClock()
    try:
        size = _sent(database) if is_pipe else _kept(database, file, keep)
    except Exception as error:
        note_backup(database, clock.now(), str(error))
        raise
    note_backup(database, clock.now(), None, None if is_pipe else file.absolute())
    if is_pipe:
        note(f"{database}: {size:,} bytes sent, checked")
    elif session().as_json:
        click.echo(json.dumps({"file": str(file.absolute()), "bytes": size}))
    else:
        line(f"{file}: {size:,} bytes, checked")


def _sent(database: Path) -> int:
    from camd.store.backup import send_backup

    with _progress(f"backing up {database.name}") as progress:
        return send_backup(database, STDOUT, progress, spool=Path(gettempdir()))


def _kept(database: Path, file: Path, keep: int | None) -> int:
    from camd.store.backup import back_up

    with _progress(f"backing up {database.name}") as progress:
        return back_up(database, file, progress, keep=keep)


@click.command(cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Put a backup in the database's place, while no daemon runs.

    The present database is kept under a dated name beside it.
    """
    from camd.daemon.restore import restore as put_back
    from camd.system import SystemClock

    settings = read_settings()
    with _progress(f"restoring {file.name}") as progress:
        done = put_back(settings.database, file, now=SystemClock().now(), progress=progress)
    if session().as_json:
        click.echo(json.dumps({"database": str(done.database), "aside": done.aside and str(done.aside)}))
        return
    line(f"{done.database}: restored from {file}")
    if done.aside:
        line(f"what was there is kept: {done.aside}")
        line(f"to go back: camd restore {done.aside}")


@contextmanager
def _progress(label: str) -> "Iterator[Progress]":
    """A bar on a terminal, elsewhere a line for each tenth; on stderr, because stdout may be the copy."""
    if not sys.stderr.isatty():
        yield _Lines(label).tell
        return
    with click.progressbar(length=1, label=label, file=sys.stderr) as bar:

        def tell(done: int, total: int) -> None:
            bar.length = max(total, 1)
            bar.update(done - bar.pos)

        yield tell


class _Lines:
    def __init__(self, label: str) -> None:
        self._label = label
        self._told = -1

    def tell(self, done: int, total: int) -> None:
        tenth = 10 * done // max(total, 1)
        if tenth > self._told:
            self._told = tenth
            note(f"{self._label}: {10 * tenth} %")
