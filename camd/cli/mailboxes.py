"""`camd mailboxes`: which there are, whether they can be logged in to, whether they may send and hear answers."""

from typing import Any

import click

from camd.cli.grammar import Group
from camd.cli.options import body_options, read_body
from camd.cli.output import Cell, line, note, show, table, when
from camd.cli.reaching import ask
from camd.schema.mailbox import DisableBody
from camd.schema.page import Page
from camd.schema.status import MailboxState


@click.group(cls=Group)
def mailboxes() -> None:
    """Mailboxes: list, try the log-in, enable, disable."""


@mailboxes.command("list")
def list_all() -> None:
    """The mailboxes of the configuration, whether they may send, and whether their inboxes are heard."""
    show(ask(lambda client: client.mailboxes()), _table)


@mailboxes.command()
@click.argument("name")
def test(name: str) -> None:
    """Log in, also to the inbox, and send nothing; exit code 1 where that fails."""
    tried = ask(lambda client: client.try_mailbox(name))
    show(tried, lambda found: line(f"{found.name}: {found.message}"))
    if not tried.ok:
        click.get_current_context().exit(1)


@mailboxes.command()
@click.argument("name")
def enable(name: str) -> None:
    """Let it send again, whatever had stopped it."""
    show(ask(lambda client: client.enable_mailbox(name)), _state)


@mailboxes.command()
@click.argument("name")
@body_options(DisableBody)
def disable(name: str, **given: Any) -> None:
    """Let it send nothing until it is enabled."""
    body = read_body(DisableBody, given)
    show(ask(lambda client: client.disable_mailbox(name, body)), _state)


def _state(box: MailboxState) -> None:
    until = f" until {when(box.until)}" if box.until else ""
    line(f"{box.name} is {_status(box)}{until}")
    if box.detail:
        line(f"  {box.detail}")


def _status(box: MailboxState) -> str:
    return f"{box.status} ({box.reason})" if box.reason else box.status


def _row(box: MailboxState) -> tuple[Cell, ...]:
    today = f"{box.used_today} of {box.limit_today}"
    return box.name, box.address, _status(box), today, box.queued, box.until, box.inbox


def _table(page: Page[MailboxState]) -> None:
    if not page.items:
        note("No mailboxes. Add a section [mailboxes.<name>] to the configuration.")
        return
    headings = ("name", "address", "status", "today", "queued", "until", "inbox")
    table(headings, map(_row, page.items), right=("today", "queued"))
    for box in page.items:
        for detail in filter(None, (box.detail, box.inbox_detail)):
            note(f"{box.name}: {detail}")
