"""The whole installation: `camd status`, `camd kill-switch`, `camd gate`."""

from typing import Any

import click

from camd.cli.glance import gate_words, glance, switch_words
from camd.cli.grammar import Command, Group
from camd.cli.options import body_options, read_body
from camd.cli.output import line, show
from camd.cli.reaching import ask
from camd.schema.status import KillSwitchBody, Status


@click.command(cls=Command)
def status() -> None:
    """Everything at a glance."""
    show(ask(lambda client: client.status()), _glance)


def _glance(view: Status) -> None:
    for words in glance(view):
        line(words)


@click.group("kill-switch", cls=Group)
def kill_switch() -> None:
    """Stop all sending within a second; it survives restarts."""


@kill_switch.command("on")
@body_options(KillSwitchBody, without=("on",))
def switch_on(**given: Any) -> None:
    """Stop all sending."""
    _set({"on": True, **given})


@kill_switch.command("off")
@body_options(KillSwitchBody, without=("on",))
def switch_off(**given: Any) -> None:
    """Let sending go on."""
    _set({"on": False, **given})


def _set(given: dict[str, Any]) -> None:
    body = read_body(KillSwitchBody, given)
    show(ask(lambda client: client.set_kill_switch(body)), lambda after: line(f"kill switch: {switch_words(after)}"))


@click.group(cls=Group)
def gate() -> None:
    """The send gate: camd closes it when something is wrong."""


@gate.command("status")
def gate_status() -> None:
    """Whether it is open, and why not."""
    show(ask(lambda client: client.gate()), lambda found: line(f"send gate: {gate_words(found)}"))


@gate.command("open")
def gate_open() -> None:
    """Open it; a cause that still stands closes it again."""
    show(ask(lambda client: client.open_gate()), lambda found: line(f"send gate: {gate_words(found)}"))
