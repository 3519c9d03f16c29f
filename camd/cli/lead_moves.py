"""What a person decides about a lead: `camd leads qualify|won|lost|hold|release|reopen LEAD`."""

from typing import Any

import click
from pydantic import BaseModel

from camd.cli.grammar import Command, lead_argument
from camd.cli.options import body_options, read_body
from camd.cli.output import line, show
from camd.cli.reaching import ask
from camd.schema.lead import HoldBody, Lead, LostBody, NoteBody, ReleaseBody, WonBody


def _decision(name: str, model: type[BaseModel], help_: str) -> click.Command:
    """The client's method bears the command's name and takes the body."""

    @click.command(name, cls=Command, help=help_)
    @lead_argument
    @body_options(model)
    def decide(lead: str, **given: Any) -> None:
        body = read_body(model, given)
        _done(ask(lambda client: getattr(client, name)(lead, body)))

    return decide


@click.command(cls=Command)
@lead_argument
def reopen(lead: str) -> None:
    """Take a lost lead up again."""
    _done(ask(lambda client: client.reopen(lead)))


MOVES = (
    _decision("qualify", NoteBody, "Somebody worth talking to: no more mails."),
    _decision("won", WonBody, "A client. Without --mrr the expected revenue counts."),
    _decision("lost", LostBody, "Not a client."),
    _decision("hold", HoldBody, "Write nothing for now; --reason is a note."),
    _decision("release", ReleaseBody, "End its holds, or the one of --reason."),
    reopen,
)


def _done(after: Lead) -> None:
    def told(lead: Lead) -> None:
        reason = f" ({lead.status_reason})" if lead.status_reason else ""
        holds = f", held: {', '.join(hold.reason for hold in lead.holds)}" if lead.holds else ""
        line(f"{lead.id} is {lead.status}{reason}{holds}")

    show(after, told)
