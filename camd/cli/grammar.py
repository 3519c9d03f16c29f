"""What every command line has in common: `--config` and `--json` before or after the command, and help."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@dataclass(slots=True)
class Session:
    """What holds for the whole command line."""

    config_file: str | None = None
    as_json: bool = False


def session() -> Session:
    return click.get_current_context().ensure_object(Session)


def _keep_config(context: click.Context, _: click.Parameter, file: str | None) -> None:
    if file is not None:
        context.ensure_object(Session).config_file = file


def _keep_json(context: click.Context, _: click.Parameter, as_json: bool) -> None:
    if as_json:
        context.ensure_object(Session).as_json = True


def _shared_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["--config"],
            type=click.Path(dir_okay=False),
            metavar="FILE",
            expose_value=False,
            callback=_keep_config,
            help="Configuration file.",
        ),
        click.Option(["--json"], is_flag=True, expose_value=False, callback=_keep_json, help="Print the API's JSON."),
    ]


class Command(click.Command):
    """A command that takes the shared options after its name too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # click's own signature
        super().__init__(*args, **kwargs)
        self.params += _shared_options()


class Group(click.Group):
    """A group that takes the shared options between its name and the command's."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # click's own signature
        super().__init__(*args, **kwargs)
        self.params += _shared_options()


def campaign_argument(function: F) -> F:
    """A campaign, by number or name."""
    return click.argument("campaign")(function)


def lead_argument(function: F) -> F:
    return click.argument("lead")(function)


yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def confirm(question: str, *, yes: bool) -> None:
    """Asks on a terminal. Elsewhere, where nobody can answer, `--yes` has to be given."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError("nobody can be asked here: confirm with --yes")
    if not click.confirm(question, err=True):
        click.echo("Nothing was changed.", err=True)
        click.get_current_context().exit(1)
