"""`camd touches`: the mails and tasks of every lead, and what a person decides about them."""

from typing import Any

import click

from camd.cli.grammar import Command, Group
from camd.cli.options import OneOf, body_options, paged, read_body
from camd.cli.output import Cell, facts, line, lines, more, note, show, table
from camd.cli.reaching import ask
from camd.domain.campaign import Channel
from camd.ports.records import TouchStatus
from camd.schema.page import Page
from camd.schema.touch import ApproveBody, ApproveReport, CancelBody, Resolution, Touch


@click.group(cls=Group)
def touches() -> None:
    """Touches: list, approve, resolve, cancel; tasks: done, skip."""


@touches.command("list")
@click.option("--status", type=OneOf(TouchStatus))
@click.option("--campaign", help="Only those of this campaign, by number or name.")
@click.option("--lead", help="Only those of this lead.")
@click.option("--mailbox", help="Only those through this mailbox.")
@click.option("--channel", type=OneOf(Channel))
@paged
def list_all(**filters: Any) -> None:
    """Touches, newest first; `--status planned --channel email` waits for approval."""
    show(ask(lambda client: client.touches(**filters)), _table)


@touches.command("show")
@click.argument("touch")
def show_one(touch: str) -> None:
    """One touch with its whole text."""
    show(ask(lambda client: client.touch(touch)), _details)


@touches.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--campaign", help="With --all: every mail of this campaign that waits, by number or name.")
@click.option("--all", "every", is_flag=True, help="With --campaign.")
def approve(ids: tuple[str, ...], campaign: str | None, every: bool) -> None:
    """Let exactly these texts go out; exit code 1 where one of them cannot be approved."""
    if bool(ids) is every or (campaign is not None) is not every:
        raise click.UsageError("give either ids, or --campaign ID --all")
    body = ApproveBody(campaign=campaign, all=True) if every else ApproveBody(ids=ids)
    report = ask(lambda client: client.approve_many(body))
    show(report, _approved)
    if report.refused:
        click.get_current_context().exit(1)


@touches.command()
@click.argument("touch")
@click.option("--sent", "outcome", flag_value=Resolution.SENT, type=OneOf(Resolution), help="It arrived.")
@click.option("--retry", "outcome", flag_value=Resolution.RETRY, help="It did not: send it again.")
def resolve(touch: str, outcome: Resolution | None) -> None:
    """Say what became of a mail that may or may not have arrived."""
    if outcome is None:
        raise click.UsageError("say --sent where it arrived, --retry where it did not")
    _tell(ask(lambda client: client.resolve(touch, outcome)))


def _decision(name: str, help_: str) -> click.Command:
    """The client's method bears the command's name."""

    @click.command(name, cls=Command, help=help_)
    @click.argument("touch")
    def decide(touch: str) -> None:
        _tell(ask(lambda client: getattr(client, name)(touch)))

    return decide


@touches.command()
@click.argument("touch")
@body_options(CancelBody)
def cancel(touch: str, **given: Any) -> None:
    """Take it back and hold its lead; `camd leads release` has the step planned anew."""
    body = read_body(CancelBody, given)
    _tell(ask(lambda client: client.cancel(touch, body)))


for command in (
    _decision("done", "A task was done: its lead counts as contacted."),
    _decision("skip", "Leave a task out; the next step follows."),
):
    touches.add_command(command)


def _table(page: Page[Touch]) -> None:
    if not page.items:
        note("No touches.")
        return
    table(("id", "status", "step", "through", "at", "subject"), map(_row, page.items), right=("step",))
    more(page.next)


def _row(touch: Touch) -> tuple[Cell, ...]:
    return (touch.id, _status(touch), touch.step, touch.mailbox or touch.channel, _instant(touch), touch.subject)


def _instant(touch: Touch) -> Cell:
    return touch.sent_at or touch.due_at


def _status(touch: Touch) -> str:
    return f"{touch.status} ({touch.reason})" if touch.reason else touch.status


def _details(touch: Touch) -> None:
    facts((name, value) for name, value in touch if name != "body")
    if touch.body:
        line("")
        lines(touch.body)


def _approved(report: ApproveReport) -> None:
    line(f"approved: {report.approved}")
    for each in report.refused:
        line(f"  {each.id}: {each.reason}")
    if report.more:
        note("more wait: repeat the command")


def _tell(after: Touch) -> None:
    show(after, lambda touch: line(f"{touch.id} is {_status(touch)}"))
