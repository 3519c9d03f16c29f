"""A line reads back as it was written or not at all, and a journal tells what a start has to know."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.daemon.journal_lines import Entry, RestoredLine, StandLine, decode, encode, read_journal
from camd.domain.facts import CampaignId
from camd.domain.suppression import SuppressionKind, SuppressionReason
from camd.ports.journal import (
    ErasureLine,
    HandoverLine,
    HandoverOutcomeWord,
    JournalMark,
    OutcomeLine,
    SuppressionLine,
    UnsuppressionLine,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ADDRESS = SuppressionKind.ADDRESS
zones = st.sampled_from([UTC, timezone(timedelta(hours=5.5))])
microseconds = st.integers(-(2**50), 2**52)
instants = st.builds(lambda zone, passed: (NOW + timedelta(microseconds=passed)).astimezone(zone), zones, microseconds)
marks = st.builds(JournalMark, st.integers(0), st.integers(0))
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
counts = st.integers(0, 2**62)
entries: st.SearchStrategy[Entry] = st.one_of(
    st.builds(HandoverLine, marks, instants, st.text(), counts.map(CampaignId), counts, st.text(), hashes),
    st.builds(OutcomeLine, instants, st.text(), st.sampled_from(HandoverOutcomeWord)),
    st.builds(SuppressionLine, instants, st.sampled_from(SuppressionKind), hashes, st.sampled_from(SuppressionReason)),
    st.builds(UnsuppressionLine, instants, st.sampled_from(SuppressionKind), hashes),
    st.builds(ErasureLine, instants, hashes),
    st.builds(StandLine, marks, instants),
    st.builds(RestoredLine, instants),
)


def journal(folder: Path, *written: Entry | bytes) -> Path:
    path = folder / "camd.journal"
    path.write_bytes(b"".join(each if isinstance(each, bytes) else encode(each) for each in written))
    return path


def handover(generation: int, number: int, message: str = "") -> HandoverLine:
    message = message or f"m{number}"
    return HandoverLine(JournalMark(generation, number), NOW, message, CampaignId(1), 1, "sales", "ab")


def outcome(message: str, word: HandoverOutcomeWord) -> OutcomeLine:
    return OutcomeLine(NOW, message, word)


def suppressed(hash_: str) -> SuppressionLine:
    return SuppressionLine(NOW, ADDRESS, hash_, SuppressionReason.OPTED_OUT)


@given(entries)
def test_a_line_reads_back_as_it_was_written(entry: Entry) -> None:
    raw = encode(entry)
    assert raw.endswith(b"\n")
    assert raw.count(b"\n") == 1
    assert decode(raw) == entry


@given(entries, st.data())
def test_a_line_with_one_wrong_bit_is_none(entry: Entry, data: st.DataObject) -> None:
    raw = bytearray(encode(entry))
    place = data.draw(st.integers(0, len(raw) - 2))
    raw[place] ^= 1 << data.draw(st.integers(0, 6))
    assert decode(bytes(raw)) in (None, entry)


@pytest.mark.parametrize("raw", [b"\n", b"H\n", b"\x00\x00\n", "ä 1\n".encode(), b"Z 1 b5b0a4a8\n"])
def test_what_is_no_line_is_none(raw: bytes) -> None:
    assert decode(raw) is None


def test_a_missing_journal_tells_nothing(tmp_path: Path) -> None:
    found = read_journal(tmp_path / "camd.journal", after=JournalMark(1, 0))
    assert found.tells_nothing
    assert found.generations == set()


def test_only_handovers_that_are_asked_for_are_kept(tmp_path: Path) -> None:
    path = journal(tmp_path, handover(1, 1), handover(1, 2), handover(1, 3), handover(2, 1, "later"))
    found = read_journal(path, after=JournalMark(1, 2), about={"m1"})
    assert [each.line.message_id for each in found.handovers] == ["m1", "m3", "later"]
    assert found.highest == JournalMark(2, 1)


def test_an_outcome_belongs_to_the_handover_before_it(tmp_path: Path) -> None:
    put_off, sent = outcome("m", HandoverOutcomeWord.DEFERRED), outcome("m", HandoverOutcomeWord.SENT)
    again = journal(tmp_path, handover(1, 1, "m"), put_off, handover(1, 2, "m"))
    assert [each.outcome for each in read_journal(again, after=JournalMark(1, 0)).handovers] == [put_off, None]
    known = journal(tmp_path, handover(1, 1, "m"), put_off, handover(1, 2, "m"), sent)
    assert [each.outcome for each in read_journal(known, after=JournalMark(1, 1)).handovers] == [sent]


def test_a_damaged_line_is_counted_and_the_others_are_read(tmp_path: Path) -> None:
    broken = encode(handover(1, 2)).replace(b"sales", b"soles")
    found = read_journal(journal(tmp_path, handover(1, 1), broken, handover(1, 3)), after=JournalMark(1, 0))
    assert [each.line.mark.number for each in found.handovers] == [1, 3]
    assert found.damaged == 1


def test_a_suppression_that_was_taken_back_later_is_none(tmp_path: Path) -> None:
    back = UnsuppressionLine(NOW, ADDRESS, "ab")
    path = journal(tmp_path, suppressed("ab"), suppressed("cd"), back, back)
    assert set(read_journal(path, after=JournalMark(1, 0)).refusals.suppressed) == {(ADDRESS, "cd")}
    path = journal(tmp_path, suppressed("ab"), back, suppressed("ab"))
    assert set(read_journal(path, after=JournalMark(1, 0)).refusals.suppressed) == {(ADDRESS, "ab")}


def test_recent_are_the_refusals_since_a_start_that_the_database_remembers(tmp_path: Path) -> None:
    path = journal(
        tmp_path,
        suppressed("ab"),
        StandLine(JournalMark(1, 1), NOW),
        suppressed("cd"),
        StandLine(JournalMark(1, 2), NOW),
        ErasureLine(NOW, "ef"),
    )
    remembers = read_journal(path, after=JournalMark(1, 2))
    assert (set(remembers.recent.suppressed), set(remembers.recent.erased)) == (set(), {"ef"})
    assert len(remembers.refusals) == 3
    older = read_journal(path, after=JournalMark(1, 1))
    assert set(older.recent.suppressed) == {(ADDRESS, "cd")}


def test_a_restore_counts_until_a_start_that_the_database_remembers_has_seen_it(tmp_path: Path) -> None:
    start, restored = StandLine(JournalMark(2, 0), NOW), RestoredLine(NOW)
    assert read_journal(journal(tmp_path, start, restored), after=JournalMark(2, 0)).restored
    killed = journal(tmp_path, restored, start)
    assert read_journal(killed, after=JournalMark(1, 9)).restored
    assert not read_journal(killed, after=JournalMark(2, 0)).restored
