"""The whole installation: `camd status`, `camd kill-switch`, `camd gate`."""

from typing import Any

import click

from camd.cli.grammar import Command, Group
from camd.cli.options import body_options, read_body
from camd.cli.output import facts, line, show, when
from camd.cli.reaching import ask
from camd.schema.status import Gate, InboxStatus, KillSwitch, KillSwitchBody, MailboxState, ProviderState, Status


@click.command(cls=Command)
def status() -> None:
    """Everything at a glance."""
    show(ask(lambda client: client.status()), _glance)


def _glance(view: Status) -> None:
    campaigns = {name.value: number for name, number in view.campaigns.items() if number}
    leads = {name.value: number for name, number in view.leads.items() if number}
    waiting = {name: number for name, number in view.waiting if number}
    facts(
        [
            ("camd", f"{view.version}, since {when(view.started_at)}, {'ready' if view.ready else 'not ready'}"),
            ("mode", "dry run: nothing is sent" if view.dry_run else "live"),
            ("send gate", _gate(view.gate)),
            ("kill switch", _switch(view.kill_switch)),
            ("recovery hold", view.recovery.reason or "yes" if view.recovery.hold else "no"),
            ("campaigns", campaigns or "none"),
            ("leads", leads or "none"),
            ("waiting for you", waiting or "nothing"),
            ("mailboxes", [_mailbox(box) for box in view.mailboxes] or "none"),
            ("providers", [_provider(each) for each in view.providers]),
            ("planned anew", f"{view.overdue_replanned} overdue" if view.overdue_replanned else None),
        ]
    )


def _mailbox(box: MailboxState) -> str:
    reason = f" ({box.reason})" if box.reason else ""
    deaf = ", deaf" if box.inbox is InboxStatus.DEAF else ""
    return f"{box.name} {box.status}{reason}, {box.used_today} of {box.daily_limit} today{deaf}"


def _provider(provider: ProviderState) -> str:
    roles = ", ".join(provider.roles) or "not configured"
    limit = f" of {provider.credits_per_day}" if provider.credits_per_day is not None else ""
    spent = f", {provider.credits_today}{limit} credits today" if provider.credits_today else ""
    rests = f", rests until {when(provider.rests_until)}: {provider.problem}" if provider.rests_until else ""
    return f"{provider.name} ({roles}{spent}{rests})"


def _gate(gate: Gate) -> str:
    since = f" since {when(gate.since)}" if gate.since else ""
    return "open" if gate.open else f"closed{since}: {gate.reason}"


def _switch(switch: KillSwitch) -> str:
    since = f" since {when(switch.since)} by {switch.by}" if switch.since else ""
    reason = f": {switch.reason}" if switch.reason else ""
    return f"ON{since}{reason}" if switch.on else "off"


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
    show(ask(lambda client: client.set_kill_switch(body)), lambda after: line(f"kill switch: {_switch(after)}"))


@click.group(cls=Group)
def gate() -> None:
    """The send gate: camd closes it when something is wrong."""


@gate.command("status")
def gate_status() -> None:
    """Whether it is open, and why not."""
    show(ask(lambda client: client.gate()), lambda found: line(f"send gate: {_gate(found)}"))


@gate.command("open")
def gate_open() -> None:
    """Open it; a cause that still stands closes it again."""
    show(ask(lambda client: client.open_gate()), lambda found: line(f"send gate: {_gate(found)}"))
