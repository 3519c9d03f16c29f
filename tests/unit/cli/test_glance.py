from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from camd.cli.glance import MOST_LINES, WIDTH, glance
from camd.domain.campaign import CampaignStatus
from camd.domain.lead import LeadStatus
from camd.schema.status import (
    Gate,
    InboxStatus,
    KillSwitch,
    Machine,
    MailboxState,
    MailboxStatus,
    ProviderState,
    Recovery,
    Status,
    Waiting,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def mailbox(name: str, **fields: Any) -> MailboxState:
    plain: dict[str, Any] = {
        "address": f"{name}@us.example",
        "status": MailboxStatus.USABLE,
        "reason": None,
        "detail": None,
        "since": None,
        "until": None,
        "daily_limit": 30,
        "limit_today": 12,
        "limit_tomorrow": 14,
        "used_today": 7,
        "queued": 3,
        "inbox": InboxStatus.HEARING,
    }
    return MailboxState(name=name, **{**plain, **fields})


def status(**fields: Any) -> Status:
    plain: dict[str, Any] = {
        "version": "1.2.3",
        "started_at": NOON,
        "dry_run": False,
        "ready": True,
        "gate": Gate(open=True),
        "recovery": Recovery(),
        "kill_switch": KillSwitch(on=False),
        "campaigns": dict.fromkeys(CampaignStatus, 0),
        "leads": dict.fromkeys(LeadStatus, 0),
        "mailboxes": [],
        "providers": [],
        "waiting": Waiting(),
    }
    return Status(**{**plain, **fields})


def shown(**fields: Any) -> str:
    return "\n".join(glance(status(**fields)))


def test_with_everything_at_once_it_fits_a_terminal_of_80_columns_and_24_lines() -> None:
    full = glance(
        status(
            ready=False,
            gate=Gate(open=False, reason="x" * 100, since=NOON),
            recovery=Recovery(hold=True, reason="y" * 100),
            kill_switch=KillSwitch(on=True, reason="z" * 500, since=NOON, by="os:root"),
            campaigns=dict.fromkeys(CampaignStatus, 10_000),
            leads=dict.fromkeys(LeadStatus, 1_000_000),
            mailboxes=[mailbox(f"mailbox-with-a-long-name-{number}") for number in range(40)],
            providers=[
                ProviderState(name=f"provider{number}", roles=["find"], credits_today=Decimal(9), rests_until=NOON)
                for number in range(12)
            ],
            waiting=Waiting(approvals=99_999, inbox=99_999, unknown=99_999),
            machine=Machine(
                lag_seconds=9999,
                store_seconds=9999,
                disk_free_bytes=10**15,
                database_bytes=10**12,
                wal_bytes=10**12,
                last_backup_at=NOON,
                backup_failure="no room",
                waits_for_restart=[f"mailboxes.sales.{number}" for number in range(50)],
            ),
            overdue_replanned=10**6,
        )
    )
    assert len(full) <= MOST_LINES
    assert max(map(len, full)) <= WIDTH
    assert full[-1].startswith("overdue")


@pytest.mark.parametrize(
    ("fields", "command"),
    [
        ({"waiting": Waiting(approvals=3)}, "    3 to approve       camd touches list --status planned"),
        ({"waiting": Waiting(inbox=2)}, "    2 answers to read  camd inbox list --waiting"),
        ({"waiting": Waiting(unknown=1)}, "    1 nobody knows     camd touches list --status unknown"),
        ({"gate": Gate(open=False, reason="disk_full")}, "closed: disk_full; camd gate status"),
        ({"recovery": Recovery(hold=True, reason="restored")}, "RECOVERY: restored; camd recover status"),
    ],
)
def test_what_waits_for_a_person_says_the_command_to_type(fields: dict[str, Any], command: str) -> None:
    assert command in shown(**fields)


def test_mails_are_told_against_what_the_mailbox_may_send_today() -> None:
    assert "sales          7 of 12 today, 3 queued, hears" in shown(mailboxes=[mailbox("sales")])


def test_a_mailbox_that_cannot_send_stands_first_and_one_that_does_not_hear_says_so() -> None:
    boxes = [mailbox(f"box{number}") for number in range(8)]
    stuck = mailbox("stuck", status=MailboxStatus.DISABLED, reason="parked", inbox=InboxStatus.DEAF)
    lines = glance(status(mailboxes=[*boxes, stuck]))
    at = next(place for place, words in enumerate(lines) if words.startswith("mailboxes"))
    assert "stuck          7 of 12 today, 3 queued, deaf, disabled: parked" in lines[at]
    assert lines[at + 5].strip() == "and 4 more: camd mailboxes list"


def test_a_provider_is_named_when_it_rests_or_was_paid() -> None:
    providers = [
        ProviderState(name="csv", roles=["source"]),
        ProviderState(name="hunter", roles=["find"], credits_today=Decimal("1.5"), credits_per_day=Decimal(20)),
        ProviderState(name="apollo", roles=["match"], credits_today=Decimal(1), rests_until=NOON, problem="503"),
    ]
    told = shown(providers=providers)
    assert "apollo rests until " in told
    assert "hunter 1.50 of 20 credits" in told
    assert "csv" not in told
    assert "all answer, nothing spent today" in shown()


def test_what_is_not_measured_yet_is_left_out() -> None:
    assert "machine     loop 0 ms late, database 0 MB, log 0 MB\nlast backup none" in shown()


def test_a_name_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in shown(mailboxes=[mailbox("sales", status=MailboxStatus.STOPPED, reason="\x1b[2J")])
