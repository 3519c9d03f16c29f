"""Which difference between database, journal and machine begins a recovery hold."""

from datetime import UTC, datetime, timedelta

import pytest

from camd.daemon.journal_lines import JournalContents, Recorded, Refusals
from camd.daemon.recovery import Handed, Known, Mismatch, compare
from camd.domain.facts import CampaignId
from camd.ports.journal import HandoverLine, JournalMark
from camd.ports.records import MachineIdentity, Recovery

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HERE = MachineIdentity("m1", None, "7")


def known(
    number: int, *, generation: int = 1, identity: MachineIdentity = HERE, sent: tuple[Handed, ...] = ()
) -> Known:
    return Known(JournalMark(generation, number), identity, Recovery(), sent)


def journal(number: int, *, generation: int = 1, restored: bool = False) -> JournalContents:
    highest = JournalMark(generation, number)
    return JournalContents(
        generations=set(range(1, generation + 1)),
        highest=highest,
        ends_at=NOW,
        has_handovers=number > 0,
        restored=restored,
    )


def test_all_that_fits_begins_nothing() -> None:
    assert compare(known(3), HERE, journal(3)) == ()


@pytest.mark.parametrize("ahead", [1, 20])
def test_a_database_that_is_ahead_by_what_was_just_marked_is_a_crash(ahead: int) -> None:
    assert compare(known(3 + ahead), HERE, journal(3)) == ()


@pytest.mark.parametrize("found", [journal(4), journal(0, generation=2)])
def test_a_journal_that_is_ahead_was_written_beside_a_newer_database(found: JournalContents) -> None:
    assert compare(known(3), HERE, found) == (Mismatch.JOURNAL_AHEAD,)


def test_a_journal_that_does_not_know_the_generation_is_lost() -> None:
    assert compare(known(3), HERE, JournalContents()) == (Mismatch.JOURNAL_LOST,)
    assert compare(known(3, generation=2), HERE, journal(9)) == (Mismatch.JOURNAL_LOST,)


def test_a_mail_that_was_sent_after_the_last_line_tells_of_a_cut_journal() -> None:
    later = Handed("later", NOW + timedelta(seconds=1))
    assert compare(known(4, sent=(later,)), HERE, journal(3)) == (Mismatch.JOURNAL_LOST,)
    contents = journal(3)
    line = HandoverLine(JournalMark(1, 3), later.on_wire_at, "later", CampaignId(1), 1, "sales", "ab")
    contents.handovers.append(Recorded(line))
    assert compare(known(4, sent=(later,)), HERE, contents) == ()
    assert compare(known(4, sent=(Handed("earlier", NOW),)), HERE, journal(3)) == ()


def test_a_restore_begins_a_hold_whatever_else_fits() -> None:
    assert compare(known(3), HERE, journal(3, restored=True)) == (Mismatch.RESTORED,)
    assert compare(known(0, identity=MachineIdentity()), HERE, JournalContents(restored=True)) == (
        Mismatch.RESTORED,
        Mismatch.JOURNAL_LOST,
    )


@pytest.mark.parametrize("other", [MachineIdentity("m2", None, "7"), MachineIdentity("m1", None, "8")])
def test_another_machine_or_file_begins_a_hold(other: MachineIdentity) -> None:
    assert compare(known(3), other, journal(3)) == (Mismatch.IDENTITY,)


def test_after_a_restore_the_other_file_alone_tells_of_no_other_machine() -> None:
    restored = journal(3, restored=True)
    assert compare(known(3), MachineIdentity("m1", None, "8"), restored) == (Mismatch.RESTORED,)
    elsewhere = (Mismatch.RESTORED, Mismatch.IDENTITY)
    assert compare(known(3), MachineIdentity("m2", None, "8"), restored) == elsewhere
    assert compare(known(3), MachineIdentity("m2", None, "7"), restored) == elsewhere


def test_the_first_start_begins_nothing() -> None:
    fresh = known(0, identity=MachineIdentity())
    assert compare(fresh, HERE, JournalContents()) == ()
    assert compare(fresh, HERE, journal(0)) == ()


def test_an_empty_database_beside_an_old_journal_is_no_first_start() -> None:
    fresh = known(0, identity=MachineIdentity())
    assert Mismatch.JOURNAL_AHEAD in compare(fresh, HERE, journal(5))
    told = JournalContents(refusals=Refusals(erased={"ab": NOW}))
    assert compare(fresh, HERE, told) == (Mismatch.JOURNAL_LOST,)
