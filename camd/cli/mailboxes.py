"""`camd mailboxes`: which there are, and whether they can be logged in to."""

import click

from camd.cli.grammar import Group
from camd.cli.output import line, note, show, table
from camd.cli.reaching import ask
from camd.schema.page import Page
from camd.schema.status import MailboxState


@click.group(cls=Group)
def mailboxes() -> None:
    """Mailboxes: list, try the log-in."""


@mailboxes.command("list")
def list_all() -> None:
    """The mailboxes of the configuration."""
    show(ask(lambda client: client.mailboxes()), _table)


@mailboxes.command()
@click.argument("name")
def test(name: str) -> None:
    """Log in and send nothing; exit code 1 where that fails."""
    tried = ask(lambda client: client.try_mailbox(name))
    show(tried, lambda found: line(f"{found.name}: {found.message}"))
    if not tried.ok:
        click.get_current_context().exit(1)


def _table(page: Page[MailboxState]) -> None:
    if not page.items:
        note("No mailboxes. Add a section [mailboxes.<name>] to the configuration.")
        return
    table(
        ("name", "address", "a day"), [(box.name, box.address, box.daily_limit) for box in page.items], right=("a day",)
    )
