"""`camd recover`: the hold after a restore or a clone, while which nothing is sent."""

import click

from camd.cli.grammar import Group, confirm, session, yes_option
from camd.cli.output import facts, line, show
from camd.cli.output import when as instant
from camd.cli.reaching import ask
from camd.schema.status import Recovery


@click.group(cls=Group)
def recover() -> None:
    """The hold after a restore or a clone: nothing is sent until you release it."""


@recover.command()
def status() -> None:
    """Whether it stands, why, and what was found."""
    show(ask(lambda client: client.recovery()), _tell)


@recover.command()
def hold() -> None:
    """Stop all sending, as before a snapshot of this machine is rolled back."""
    show(ask(lambda client: client.hold_recovery()), _tell)


@recover.command()
@yes_option
def release(yes: bool) -> None:
    """Let mails go out again, after a look at what was found."""
    found = ask(lambda client: client.recovery())
    if found.hold and not session().as_json:
        _tell(found)
    if found.hold:
        confirm("Let mails go out again?", yes=yes)
        found = ask(lambda client: client.release_recovery())
    show(found, _tell)


def _tell(found: Recovery) -> None:
    if not found.hold:
        line("no recovery hold")
        return
    since = f" since {instant(found.since)}" if found.since else ""
    line(f"RECOVERY HOLD{since}: nothing is sent")
    facts([("why", found.reason), *((name.replace("_", " "), count) for name, count in found.figures.items())])
