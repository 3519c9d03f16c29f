"""A backup is made while the daemon sends as fast as it can, and put back when more was sent and people had said no."""

from collections.abc import Callable
from pathlib import Path
from signal import SIGTERM

import anyio
import pytest

from camd.domain.lead import HoldReason, LeadStatus
from camd.ports.records import TouchStatus
from camd.ports.settings import MailboxSettings
from tests.proof.campaigns import FIRST, Plan, addresses, box, prepare, settings
from tests.proof.commands import DOOR, succeeds
from tests.proof.daemon import Daemon, Shape
from tests.proof.judge import Mail, duplicates, sink
from tests.proof.site import Site

pytestmark = pytest.mark.acceptance

PEOPLE = addresses(500)
BEFORE = 60
"""Mails that are out when the backup begins."""
SHAPE = Shape()
NOWHERE = 9
"""A port that is used by nobody: each daemon is told its own."""
EARLY_NO, LATE_NO, ERASED = PEOPLE[-3:]
"""Who said no before the backup, who after it, and who was erased after it; none of them had a mail by then."""


def boxes(port: int) -> list[MailboxSettings]:
    return [box(name, port, SHAPE.connections) for name in SHAPE.mailboxes]


def backed_up_while_sending(place: Site, start: Callable[..., Daemon], folder: Path) -> tuple[list[Mail], list[Mail]]:
    """What arrived until the backup was made, and what afterwards until the daemon was stopped."""
    succeeds(place.folder, "people", "suppress", EARLY_NO, "--reason", "opted_out")
    with sink(folder, {"*": "late 0.1"}, "before") as judge:
        daemon = start(place, judge, SHAPE, CAMD_SERVER__SOCKET=DOOR)
        judge.wait_for(BEFORE)
        succeeds(place.folder, "backup", "copy.db")
        backed_up = len(judge.mails_now())
        succeeds(place.folder, "people", "suppress", LATE_NO, "--reason", "opted_out")
        succeeds(place.folder, "people", "erase", ERASED, "--yes")
        daemon.tell(SIGTERM)
        assert daemon.ends() == 0
        mails = judge.mails()
    assert BEFORE <= backed_up < len(mails) < len(PEOPLE), "it did not send beside the backup"
    return mails[:backed_up], mails[backed_up:]


@pytest.mark.parametrize("with_journal", [True, False], ids=["with the journal", "without it"])
def test_fault_16_a_backup_made_while_sending_is_restored_and_nobody_is_written_to_twice(
    quick_folder: Path, start: Callable[..., Daemon], with_journal: bool
) -> None:
    anyio.run(prepare, quick_folder / "base.db", Plan([PEOPLE], steps=(FIRST,)))
    place = Site(quick_folder / "site", quick_folder / "base.db", *boxes(NOWHERE))
    first, since = backed_up_while_sending(place, start, quick_folder)
    if not with_journal:
        place.settings.database.journal.unlink()
    succeeds(place.folder, "restore", "copy.db")
    with sink(quick_folder, name="after") as judge:
        daemon = start(place, judge, SHAPE, CAMD_SERVER__SOCKET=DOOR)
        daemon.wait_for("recovery.hold_entered")
        daemon.wait_for("daemon.ready")
        assert "RECOVERY HOLD" in succeeds(place.folder, "recover", "status")
        assert judge.mails() == [], "nothing is sent while the hold stands"
        succeeds(place.folder, "recover", "release", "--yes")
        daemon.tell(SIGTERM)
        assert daemon.ends() == 0
        place.settings = settings(place.folder, *boxes(judge.port))
        books = place.finish()
        after = judge.mails()
    assert duplicates(first + since + after) == []
    assert books.broken == ()
    arrived = {mail.recipient for mail in first + since + after}
    assert arrived & {EARLY_NO, LATE_NO, ERASED} == set()
    leads = {lead.recipient: lead for lead in books.leads}
    assert leads[EARLY_NO].status is LeadStatus.LOST
    if with_journal:
        assert arrived == set(PEOPLE) - {EARLY_NO, LATE_NO, ERASED}
        assert books.count(TouchStatus.UNKNOWN) == 0
        assert leads[LATE_NO].status is LeadStatus.LOST
        assert ERASED not in leads
    else:
        # Nobody knows who was written to since the backup: a person looks at each of them.
        assert after == []
        assert {leads[mail.recipient].holds for mail in since} == {(HoldReason.SEND_UNKNOWN,)}
