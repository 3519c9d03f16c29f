"""`camd status` for a person: the whole installation on one screen of 80 columns and 24 lines.

What needs a person stands first, each with the command to type; what is cut off says where the rest is.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from camd.cli.output import day_and_time, plain, text
from camd.schema.status import (
    Gate,
    InboxStatus,
    KillSwitch,
    Machine,
    MailboxState,
    MailboxStatus,
    ProviderState,
    Status,
)

WIDTH = 80
MOST_LINES = 23
"""One is left for the prompt."""
MOST_MAILBOXES = 6
LABEL = 11


def glance(view: Status) -> list[str]:
    pairs = [
        ("camd", f"{view.version}, since {day_and_time(view.started_at)}, {'ready' if view.ready else 'NOT READY'}"),
        ("mode", "dry run: nothing is sent" if view.dry_run else "live"),
        *_sending(view),
        *_waiting(view),
        ("campaigns", _counts(view.campaigns.items())),
        ("leads", _counts(view.leads.items())),
        *_mailboxes(view.mailboxes),
        ("providers", _providers(view.providers)),
        *_machine(view.machine),
    ]
    if view.overdue_replanned:
        pairs.append(("overdue", f"{view.overdue_replanned} mails were planned anew"))
    return [_cut(f"{label:<{LABEL}} {plain(words)}".rstrip()) for label, words in pairs[:MOST_LINES]]


def gate_words(gate: Gate) -> str:
    since = f" since {day_and_time(gate.since)}" if gate.since else ""
    return "open" if gate.open else f"closed{since}: {gate.reason}"


def switch_words(switch: KillSwitch) -> str:
    since = f" since {day_and_time(switch.since)} by {switch.by}" if switch.since else ""
    reason = f": {switch.reason}" if switch.reason else ""
    return f"ON{since}{reason}" if switch.on else "off"


def _sending(view: Status) -> Iterator[tuple[str, str]]:
    gate = gate_words(view.gate)
    yield "send gate", gate if view.gate.open else f"{gate}; camd gate status"
    if view.recovery.hold:
        yield "hold", f"RECOVERY: {view.recovery.reason}; camd recover status"
    if view.kill_switch.on:
        yield "kill switch", switch_words(view.kill_switch)


def _waiting(view: Status) -> Iterator[tuple[str, str]]:
    """For a person; the command to type stands behind each."""
    asked = (
        (view.waiting.approvals, "to approve", "camd touches list --status planned"),
        (view.waiting.inbox, "answers to read", "camd inbox list --waiting"),
        (view.waiting.unknown, "nobody knows", "camd touches list --status unknown"),
    )
    lines = [f"{count:>5} {what:<16} {command}" for count, what, command in asked if count]
    yield from _labelled("for you", lines or ["nothing"])


def _mailboxes(states: list[MailboxState]) -> Iterator[tuple[str, str]]:
    ordered = sorted(states, key=lambda state: state.status is MailboxStatus.USABLE)
    lines = [_mailbox(state) for state in ordered[:MOST_MAILBOXES]]
    if len(ordered) > MOST_MAILBOXES:
        lines[-1] = f"and {len(ordered) - MOST_MAILBOXES + 1} more: camd mailboxes list"
    yield from _labelled("mailboxes", lines or ["none"])


def _mailbox(state: MailboxState) -> str:
    name = state.name if len(state.name) <= 14 else f"{state.name[:13]}…"
    inbox = {InboxStatus.NONE: "no inbox", InboxStatus.DEAF: "deaf"}.get(state.inbox, "hears")
    status = "" if state.status is MailboxStatus.USABLE else f", {state.status}: {state.reason}"
    return f"{name:<14} {state.used_today} of {state.limit_today} today, {state.queued} queued, {inbox}{status}"


def _providers(states: list[ProviderState]) -> str:
    resting = [f"{state.name} rests until {_clock(state.rests_until)}" for state in states if state.rests_until]
    spent = [_spent(state) for state in states if state.credits_today and not state.rests_until]
    return ", ".join(resting + spent) or "all answer, nothing spent today"


def _spent(state: ProviderState) -> str:
    limit = f" of {text(state.credits_per_day)}" if state.credits_per_day is not None else ""
    return f"{state.name} {text(state.credits_today)}{limit} credits"


def _machine(machine: Machine) -> Iterator[tuple[str, str]]:
    lag = [f"loop {machine.lag_seconds * 1000:.0f} ms late"]
    commit = [] if machine.store_seconds is None else [f"commit {machine.store_seconds * 1000:.0f} ms"]
    free = [] if machine.disk_free_bytes is None else [f"{machine.disk_free_bytes / 1e9:.1f} GB free"]
    size = [f"database {machine.database_bytes / 1e6:.0f} MB", f"log {machine.wal_bytes / 1e6:.0f} MB"]
    yield "machine", ", ".join([*lag, *commit, *size, *free])
    failed = " FAILED since" if machine.backup_failure else ""
    yield "last backup", (day_and_time(machine.last_backup_at) if machine.last_backup_at else "none") + failed
    if machine.waits_for_restart:
        yield "settings", f"wait for a restart: {', '.join(machine.waits_for_restart)}"


def _counts(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts if number) or "none"


def _clock(instant: datetime | None) -> str:
    return f"{instant.astimezone():%H:%M}" if instant else ""


def _labelled(label: str, lines: list[str]) -> Iterator[tuple[str, str]]:
    for place, words in enumerate(lines):
        yield label if place == 0 else "", words


def _cut(words: str) -> str:
    return words if len(words) <= WIDTH else f"{words[: WIDTH - 1]}…"
