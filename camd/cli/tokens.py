"""`camd tokens`: keys to the API for programs, and for people on other machines."""

from typing import Any

import click

from camd.cli.grammar import Group
from camd.cli.options import body_options, paged, read_body
from camd.cli.output import line, more, note, show, table
from camd.cli.output import when as instant
from camd.cli.reaching import ask
from camd.schema.page import Page
from camd.schema.token import NewToken, Token, TokenBody


@click.group(cls=Group)
def tokens() -> None:
    """Tokens of the API: create, list, revoke."""


@tokens.command()
@click.argument("name")
@body_options(TokenBody, without=("name",), required=("scope",))
def create(name: str, **given: Any) -> None:
    """Make one. It is shown once; give it in $CAMD_TOKEN, or as `Authorization: Bearer`.

    Each scope includes those before it: read, operate, admin. From the first token on everything but the Unix socket
    needs one.
    """
    body = read_body(TokenBody, {"name": name, **given})
    show(ask(lambda client: client.create_token(body)), _tell)


@tokens.command("list")
@paged
def list_all(limit: int, cursor: str | None) -> None:
    """Tokens, newest first; never their text."""
    show(ask(lambda client: client.tokens(limit=limit, cursor=cursor)), _table)


@tokens.command()
@click.argument("token_id", metavar="ID", type=int)
def revoke(token_id: int) -> None:
    """Let it open nothing any more, at once."""
    ask(lambda client: client.revoke_token(token_id))
    note(f"revoked: {token_id}")


def _tell(made: NewToken) -> None:
    until = f" until {instant(made.expires)}" if made.expires else ""
    note(f"token {made.id}, {made.name}, scope {made.scope}{until}; it is shown this once:")
    line(made.token)


def _table(page: Page[Token]) -> None:
    if not page.items:
        note("No tokens.")
        return
    rows = [(str(each.id), each.name, each.scope, each.expires, each.last_used, each.created_at) for each in page.items]
    table(("id", "name", "scope", "expires", "last used", "made"), rows)
    more(page.next)
