"""The command `camd`: its commands, loaded when they are named, and the exit code of whatever goes wrong."""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NoReturn

import click

from camd.cli import failures
from camd.cli.grammar import HELP, Group

COMMANDS = {
    "run": "camd.cli.daemon",
    "demo": "camd.cli.demo",
    "init": "camd.cli.init",
    "check-config": "camd.cli.settings",
    "doctor": "camd.cli.doctor",
    "migrate": "camd.cli.settings",
    "backup": "camd.cli.backups",
    "restore": "camd.cli.backups",
    "recover": "camd.cli.recover",
    "status": "camd.cli.instance",
    "campaigns": "camd.cli.campaigns",
    "leads": "camd.cli.leads",
    "imports": "camd.cli.imports",
    "people": "camd.cli.people",
    "touches": "camd.cli.touches",
    "inbox": "camd.cli.inbox",
    "suppressions": "camd.cli.suppressions",
    "mailboxes": "camd.cli.mailboxes",
    "webhooks": "camd.cli.webhooks",
    "tokens": "camd.cli.tokens",
    "events": "camd.cli.events",
    "run-cycle": "camd.cli.cycles",
    "run-all": "camd.cli.cycles",
    "kill-switch": "camd.cli.instance",
    "gate": "camd.cli.instance",
    "ui": "camd.cli.ui",
}
"""Where each command lives; its module has it under its name with underscores."""


class _Commands(Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - same
        if cmd_name not in COMMANDS:
            return None
        command = getattr(import_module(COMMANDS[cmd_name]), cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Commands, context_settings=HELP)
@click.version_option(package_name="camd", message="%(version)s")
def root() -> None:
    """Finds clients while its operator sleeps. `camd demo` shows it."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and ends the process."""
    ended(lambda: root.main(arguments, prog_name="camd", standalone_mode=False))


def ended(work: Callable[[], object]) -> NoReturn:
    """Ends the process with the exit code of `work`. An exception that camd does not expect is a bug and comes out."""
    try:
        code = work()
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(failures.INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - raised again unless it is an expected failure
        sys.exit(_told(error))
    # click answers the code that a command chose for itself.
    sys.exit(code if isinstance(code, int) else 0)


def _told(error: Exception) -> int:
    """The exit code of an expected failure, which is told on stderr; with several the first one counts."""
    found = list(failures.leaves(error))
    codes = [failures.exit_code(each) for each in found]
    if None in codes:
        raise error
    for each in found:
        click.echo(f"camd: {failures.message(each)}", err=True)
    return codes[0] or failures.FAILED
