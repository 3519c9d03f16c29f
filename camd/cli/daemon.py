"""`camd run`: the daemon."""

import faulthandler
import signal
from functools import partial

import click

from camd.cli.grammar import Command, session
from camd.cli.settings import read_settings


@click.command(cls=Command)
def run() -> None:
    """The daemon: works the campaigns, serves the API.

    SIGTERM or Ctrl-C stops it; SIGHUP has it read its configuration again."""
    # Until the daemon listens to it, it would end the process; what it asks for is read below.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

    import anyio

    from camd.daemon.public import load_settings
    from camd.daemon.run import run_daemon

    # The watchdog's SIGABRT, and a crash of a library, leave every thread's stack on stderr.
    faulthandler.enable()
    # The command line's session does not reach the thread that reads again.
    read_again = partial(load_settings, session().config_file)
    anyio.run(partial(run_daemon, read_settings(), read_again=read_again))
