"""What the journal answered for is on the disk, whole, whatever the disk does."""

import errno
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from camd.daemon.journal import FileJournal, JournalPoint, append_now
from camd.daemon.journal_lines import JournalContents, RestoredLine, read_journal
from camd.domain.facts import CampaignId
from camd.domain.suppression import SuppressionKind, SuppressionReason
from camd.ports.journal import (
    ErasureLine,
    HandoverLine,
    HandoverOutcomeWord,
    JournalMark,
    OutcomeLine,
    SuppressionLine,
)
from camd.ports.settings import LoggingSettings
from camd.ports.store_errors import StoreUnavailable
from camd.system import SystemClock
from camd.telemetry.logs import configure
from camd.telemetry.metrics import Labels, Metrics

NOW = datetime(2026, 3, 2, 9, 30, 1, 234567, tzinfo=UTC)
ALL = JournalMark(0, 0)


def handover(number: int, *, at: datetime = NOW) -> HandoverLine:
    mark = JournalMark(1, number)
    return HandoverLine(mark, at, f"n{number}.m@us.example", CampaignId(1), 1, "sales", f"{number:064x}")


def outcome(number: int, word: HandoverOutcomeWord = HandoverOutcomeWord.SENT) -> OutcomeLine:
    return OutcomeLine(NOW, f"n{number}.m@us.example", word)


def failing(at: JournalPoint, code: int) -> Callable[[JournalPoint], None]:
    def before(point: JournalPoint) -> None:
        if point == at:
            raise OSError(code, os.strerror(code))

    return before


class Disk:
    """Fails while it is told to, and counts."""

    def __init__(self) -> None:
        self.trouble: Callable[[JournalPoint], None] = lambda _: None
        self.syncs = 0

    def __call__(self, point: JournalPoint) -> None:
        self.syncs += point == "sync"
        self.trouble(point)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "camd.journal"


@pytest.fixture
def disk() -> Disk:
    return Disk()


def numbers(path: Path) -> list[int]:
    return [each.line.mark.number for each in read(path).handovers]


def read(path: Path) -> JournalContents:
    return read_journal(path, after=ALL)


def cut(path: Path, count: int) -> None:
    os.truncate(path, path.stat().st_size - count)


def content(path: Path) -> bytes:
    return path.read_bytes()


def rights(path: Path) -> int:
    return path.stat().st_mode & 0o777


def fill(path: Path) -> None:
    path.write_bytes(b"x" * 2_000_000)


async def test_what_was_appended_and_noted_is_read_by_the_next_process(path: Path) -> None:
    suppressed = SuppressionLine(NOW, SuppressionKind.ADDRESS, "ab", SuppressionReason.OPTED_OUT)
    async with FileJournal(path, SystemClock()) as journal:
        await journal.append([handover(1), suppressed])
        await journal.note(outcome(1))
        await journal.append([ErasureLine(NOW, "cd")])
    found = read(path)
    assert [(each.line, each.outcome) for each in found.handovers] == [(handover(1), outcome(1))]
    assert list(found.refusals.suppressed.values()) == [suppressed]
    assert found.refusals.erased == {"cd": NOW}


async def test_the_file_is_its_owners_alone(path: Path) -> None:
    async with FileJournal(path, SystemClock()):
        assert rights(path) == 0o600


async def test_a_line_is_whole_before_its_caller_is_answered(path: Path) -> None:
    async with FileJournal(path, SystemClock()) as journal:
        await journal.append([handover(1)])
        assert numbers(path) == [1]


async def test_callers_that_wait_share_one_fsync(path: Path, disk: Disk) -> None:
    held = threading.Event()

    def wait(_: JournalPoint) -> None:
        held.wait(60)

    disk.trouble = wait
    async with FileJournal(path, SystemClock(), before=disk) as journal, anyio.create_task_group() as tasks:
        for number in range(1, 51):
            tasks.start_soon(journal.append, [handover(number)])
        await anyio.wait_all_tasks_blocked()
        held.set()
    assert sorted(numbers(path)) == list(range(1, 51))
    assert disk.syncs <= 2


async def test_a_full_disk_refuses_and_leaves_nothing_half_written_and_room_heals_it(path: Path, disk: Disk) -> None:
    async with FileJournal(path, SystemClock(), before=disk) as journal:
        await journal.append([handover(1)])
        before = content(path)
        disk.trouble = failing("write", errno.ENOSPC)
        with pytest.raises(StoreUnavailable, match="No space"):
            await journal.append([handover(2)])
        await journal.note(outcome(1))
        assert content(path) == before
        disk.trouble = lambda _: None
        await journal.append([handover(3)])
    assert numbers(path) == [1, 3]


async def test_a_journal_that_cannot_be_written_is_told_once_and_again_after_it_was_back(
    path: Path, disk: Disk
) -> None:
    told = io.StringIO()
    sink = configure(SystemClock(), LoggingSettings(), version="1", metrics=metrics(), stream=told)
    async with FileJournal(path, SystemClock(), before=disk) as journal:
        disk.trouble = failing("write", errno.EROFS)
        await journal.note(outcome(1))
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await journal.append([handover(1)])
        disk.trouble = lambda _: None
        await journal.append([handover(1)])
        disk.trouble = failing("write", errno.ENOSPC)
        await journal.note(outcome(1))
    sink.close()
    first, second = map(json.loads, told.getvalue().splitlines())
    assert (first["event"], first["kind"]) == (second["event"], second["kind"]) == ("db.commit_failed", "journal")
    assert first["error"].endswith("camd.journal cannot be written: Read-only file system")
    assert second["error"].endswith("camd.journal cannot be written: No space left on device")


def metrics() -> Metrics:
    return Metrics(version="1", started_at=NOW, labels=Labels((), (), (), (), (), (), (), ()))


async def test_fault_26_after_a_failed_fsync_the_journal_takes_nothing_more(path: Path, disk: Disk) -> None:
    async with FileJournal(path, SystemClock(), before=disk) as journal:
        await journal.append([handover(1)])
        disk.trouble = failing("sync", errno.EIO)
        with pytest.raises(StoreUnavailable):
            await journal.append([handover(2)])
        disk.trouble = lambda _: None
        with pytest.raises(StoreUnavailable):
            await journal.append([handover(3)])
        with pytest.raises(StoreUnavailable):
            await journal.watch()
    assert numbers(path) == [1]
    async with FileJournal(path, SystemClock()) as anew:
        await anew.append([handover(4)])
    assert numbers(path) == [1, 4]


@pytest.mark.parametrize("torn", [1, 20, 100])
async def test_a_torn_last_line_is_none_and_is_cut_off_before_the_next(path: Path, torn: int) -> None:
    async with FileJournal(path, SystemClock()) as journal:
        await journal.append([handover(1)])
        await journal.append([handover(2)])
    cut(path, torn)
    assert numbers(path) == [1]
    async with FileJournal(path, SystemClock()) as journal:
        await journal.append([handover(3)])
    assert numbers(path) == [1, 3]
    assert read(path).damaged == 0


async def test_a_big_file_without_lines_is_not_taken_for_a_journal(path: Path) -> None:
    fill(path)
    with pytest.raises(StoreUnavailable, match="no journal"):
        async with FileJournal(path, SystemClock()):
            pass
    assert len(content(path)) == 2_000_000


async def test_where_no_file_can_be_made_it_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="No such file"):
        async with FileJournal(tmp_path / "missing" / "camd.journal", SystemClock()):
            pass


async def test_a_closed_journal_takes_nothing(path: Path) -> None:
    async with FileJournal(path, SystemClock()) as journal:
        pass
    with pytest.raises(StoreUnavailable, match="closed"):
        await journal.append([handover(1)])


async def test_a_caller_that_gave_up_waiting_has_its_lines_written(path: Path) -> None:
    async with FileJournal(path, SystemClock()) as journal:
        with anyio.move_on_after(0):
            await journal.append([handover(1)])
    assert numbers(path) == [1]


def test_one_line_without_a_loop_is_on_the_disk(path: Path) -> None:
    append_now(path, RestoredLine(NOW))
    append_now(path, RestoredLine(NOW + timedelta(days=1)))
    assert len(path.read_text().splitlines()) == 2
    assert read(path).restored


FILLS = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path

import anyio

from camd.daemon.journal import FileJournal
from camd.ports.journal import ErasureLine
from camd.ports.settings import LoggingSettings
from camd.ports.store_errors import StoreUnavailable
from camd.system import SystemClock
from camd.telemetry.logs import configure
from camd.telemetry.metrics import Labels, Metrics

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

async def main():
    async with FileJournal(Path(sys.argv[1]), SystemClock()) as journal:
        written = 0
        try:
            while True:
                await journal.append([ErasureLine(datetime(2026, 3, 2, tzinfo=UTC), f"{written:064x}")])
                written += 1
        except StoreUnavailable:
            print(written)

anyio.run(main)
"""


def test_where_the_kernel_takes_a_part_of_a_line_no_part_of_it_stays(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FILLS, str(path)], capture_output=True, text=True, check=True)
    written = int(done.stdout)
    assert written > 0
    assert len(read(path).refusals.erased) == written
    assert path.read_bytes().endswith(b"\n")
