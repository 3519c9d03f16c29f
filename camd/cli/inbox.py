"""`camd inbox`: what came in, the review list, and what a person says that a message is."""

from typing import Any

import click

from camd.cli.grammar import Group
from camd.cli.options import OneOf, body_options, paged, read_body
from camd.cli.output import Cell, facts, line, lines, more, note, show, table
from camd.cli.reaching import ask
from camd.domain.inbound import CONSEQUENCES, InboundClass
from camd.schema.inbound import ClassifyBody, Inbound
from camd.schema.page import Page

_WORDS = 80


@click.group(cls=Group)
def inbox() -> None:
    """Messages that came in: list, show, classify."""


@inbox.command("list")
@click.option("--waiting/--no-waiting", default=None, help="Only the review list, or all but it.")
@click.option("--class", "kind", type=OneOf(InboundClass))
@click.option("--campaign", help="Only those of this campaign, by number or name.")
@click.option("--lead", help="Only those of this lead.")
@click.option("--mailbox", help="Only those to this mailbox.")
@paged
def list_all(**filters: Any) -> None:
    """Messages, newest first; `--waiting` is the review list."""
    show(ask(lambda client: client.inbox(**filters)), _table)


@inbox.command("show")
@click.argument("message", metavar="ID")
def show_one(message: str) -> None:
    """One message: what it was taken for, by which evidence, and what its author wrote."""
    show(ask(lambda client: client.inbound(message)), _details)


@inbox.command()
@click.argument("message", metavar="ID")
@click.argument("kind", metavar="CLASS", type=OneOf(InboundClass))
@body_options(ClassifyBody, without=("kind",))
def classify(message: str, kind: InboundClass, **given: Any) -> None:
    """Say what it is; what its class did is undone, but a suppression stays.

    The class that it has is confirmed. Either way it leaves the review list. CLASS is one of human_positive,
    human_negative, human_neutral, opt_out_request, out_of_office (with --until), auto_reply, hard_bounce, soft_bounce,
    delayed, complaint, challenge, own_copy, unrelated.
    """
    body = read_body(ClassifyBody, {"kind": kind, **given})
    show(ask(lambda client: client.classify(message, body)), _classified)


def _table(page: Page[Inbound]) -> None:
    if not page.items:
        note("No messages.")
        return
    table(("id", "class", "at", "from"), map(_row, page.items))
    more(page.next)


def _row(inbound: Inbound) -> tuple[Cell, ...]:
    kind = f"{inbound.kind} (waits)" if inbound.waiting else inbound.kind
    # A stranger chose how long it is.
    words = ": ".join(filter(None, (inbound.sender, inbound.subject)))[:_WORDS]
    return inbound.id, kind, inbound.received_at, words


def _details(inbound: Inbound) -> None:
    facts(("class" if name == "kind" else name, value) for name, value in inbound if name != "text")
    if inbound.text:
        line("")
        lines(inbound.text)


def _classified(inbound: Inbound) -> None:
    until = f" until {inbound.until}" if inbound.until else ""
    line(f"{inbound.id} is {inbound.kind}{until}")
    if inbound.lead_id is None and CONSEQUENCES[inbound.kind].suppression:
        note("It belongs to no lead, so nobody was suppressed: `camd suppressions add ADDRESS` does that.")
