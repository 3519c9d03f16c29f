"""How fast a definition's limits let its mails go: its mailboxes as they are now, and the preflight's arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from camd.domain.campaign import Channel, Definition
from camd.domain.preflight import Capacity, MailboxPace, capacity
from camd.domain.send_window import local_day
from camd.operations.desk import Desk
from camd.ports.records import MailboxState
from camd.ports.settings import MailboxSettings
from camd.ports.store import Tx


@dataclass(frozen=True, slots=True)
class Account:
    """A mailbox of the campaign with what is remembered of it."""

    box: MailboxSettings
    state: MailboxState
    clean_days: int

    @property
    def is_usable(self) -> bool:
        return self.state.disabled is None

    def pace(self) -> MailboxPace:
        gap = timedelta(seconds=(self.box.min_gap_seconds + self.box.jitter_seconds / 2) / self.state.rate)
        return MailboxPace(self.box.daily_limit, gap, self.box.ramp, self.clean_days)


def accounts_of(tx: Tx, desk: Desk, definition: Definition) -> list[Account]:
    configured = desk.context.settings.mailboxes
    boxes = [configured[name] for name in definition.mailboxes or sorted(configured) if name in configured]
    now = desk.now()
    return [
        Account(box, tx.mailboxes.get(box.name), tx.deliveries.clean_days(box.name, local_day(now, box.timezone)))
        for box in boxes
    ]


def capacity_of(desk: Desk, definition: Definition, accounts: Sequence[Account], leads: int) -> Capacity | None:
    """None where there is nothing to reckon: no mail, no mailbox that may send, or nobody to write to."""
    waits = _waits(definition)
    usable = [account for account in accounts if account.is_usable]
    if not (waits and usable and leads):
        return None
    window = definition.window
    return capacity(
        leads=leads,
        waits=waits[1:],
        campaign_limit=definition.daily_email_limit,
        mailboxes=tuple(account.pace() for account in usable),
        window_length=timedelta(minutes=window.end_minute - window.start_minute),
        days_per_week=len(window.days),
        instance_limit=desk.context.settings.limits.instance_daily,
    )


def _waits(definition: Definition) -> tuple[int, ...]:
    """Working days before each mail; a task between two mails takes its own."""
    waits: list[int] = []
    days = 0
    for step in definition.steps:
        days += max(1, int(step.wait_days))
        if step.channel is Channel.EMAIL:
            waits.append(days)
            days = 0
    return tuple(waits)
