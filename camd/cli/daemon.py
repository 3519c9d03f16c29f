"""`camd run`: the daemon."""

import click

from camd.cli.grammar import Command
from camd.cli.settings import read_settings


@click.command(cls=Command)
def run() -> None:
    """The daemon: works the campaigns, serves the API.

    SIGTERM or Ctrl-C stops it."""
    import anyio

    from camd.daemon.run import run_daemon

    anyio.run(run_daemon, read_settings())
