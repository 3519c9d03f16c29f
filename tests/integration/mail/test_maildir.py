"""A maildir that others write to meanwhile: mail programs, a clock that is set back, a disk that goes away."""

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from camd.domain.errors import Misconfigured, Scope, Transient
from camd.mail.inboxes import Inboxes
from camd.ports.inbox import Batch, Folder, FolderRole, InboxSession
from camd.sim.world import mailbox
from camd.system import SystemClock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
INBOX = Folder("INBOX", FolderRole.ANSWERS)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return made(tmp_path / "mail")


def made(folder: Path) -> Path:
    for half in ("new", "cur", "tmp"):
        (folder / half).mkdir(parents=True)
    return folder


def put(folder: Path, name: str, arrived_at: datetime = NOON) -> Path:
    file = folder / name
    file.write_text(name.partition(":")[0].rpartition("/")[2])
    os.utime(file, (arrived_at.timestamp(), arrived_at.timestamp()))
    return file


def door(root: Path, *folders: str) -> Inboxes:
    return Inboxes({"sales": replace(mailbox("sales"), maildir=root, folders=folders)}, SystemClock())


async def names_of(root: Path) -> list[str]:
    async with door(root).open("sales") as session:
        return [each.name for each in await session.folders()]


async def read(session: InboxSession, position: str | None = None, folder: Folder = INBOX) -> Batch:
    return await session.read(folder, position, NOON, 50)


def contents(batch: Batch) -> list[str]:
    return [message.content.decode() for _, message in batch.messages]


async def test_new_and_seen_messages_are_read_alike(root: Path) -> None:
    put(root, "cur/1.host:2,S")
    put(root, "new/2.host", NOON + timedelta(seconds=1))
    async with door(root).open("sales") as session:
        assert contents(await read(session)) == ["1.host", "2.host"]


async def test_a_message_whose_flags_change_is_not_read_again(root: Path) -> None:
    file = put(root, "new/1.host")
    async with door(root).open("sales") as session:
        before = await read(session)
        file.rename(root / "cur" / "1.host:2,RS")
        after = await read(session, before.position)
    assert (contents(after), after.position) == ([], before.position)


async def test_a_message_of_the_same_moment_that_comes_later_is_not_skipped(root: Path) -> None:
    put(root, "new/5.host")
    async with door(root).open("sales") as session:
        before = await read(session)
        put(root, "new/1.host")
        put(root, "new/9.host")
        assert contents(await read(session, before.position)) == ["1.host", "9.host"]


async def test_a_message_that_came_after_the_clock_was_set_back_is_not_skipped(root: Path) -> None:
    put(root, "new/5.host")
    async with door(root).open("sales") as session:
        before = await read(session)
        put(root, "new/6.host", NOON - timedelta(days=30))
        assert contents(await read(session, before.position)) == ["6.host"]


async def test_a_deleted_message_leaves_the_position(root: Path) -> None:
    file = put(root, "new/1.host")
    async with door(root).open("sales") as session:
        empty = await read(session, "names:")
        file.unlink()
        assert (await read(session, empty.position)).position == "names:"


@pytest.mark.parametrize("position", ["7:12", "names:abcde", "names:é", "x"])
async def test_a_position_of_another_kind_is_not_known(root: Path, position: str) -> None:
    put(root, "new/1.host")
    put(root, "new/0.host", NOON - timedelta(days=1))
    async with door(root).open("sales") as session:
        assert contents(await read(session, position)) == ["1.host"]


async def test_what_is_no_message_is_passed_over(root: Path) -> None:
    put(root, "new/.hidden")
    (root / "new" / "folder").mkdir()
    (root / "new" / "dangling").symlink_to(root / "nowhere")
    os.mkfifo(root / "new" / "pipe")
    async with door(root).open("sales") as session:
        assert contents(await read(session)) == []


@pytest.mark.parametrize("moment", [-1.0, 0.0, 1e12])
async def test_a_time_that_no_calendar_has_is_no_trouble(root: Path, moment: float) -> None:
    os.utime(put(root, "new/1.host"), (moment, moment))
    async with door(root).open("sales") as session:
        assert contents(await read(session, "names:")) == ["1.host"]


async def test_subfolders_are_found_in_both_layouts(root: Path) -> None:
    for name in (".Archive", ".Archive.2026", ".M&APw-ll", "Spam", "Archives/2025", "Clients/Sent"):
        made(root / name)
    made(root / ".Sent")
    (root / ".cache").mkdir()
    assert await names_of(root) == ["INBOX", "Archive", "Archive.2026", "Spam", "Sent"]


async def test_configured_subfolders_are_read(root: Path) -> None:
    put(made(root / ".M&APw-ll"), "new/1.host")
    async with door(root, "Müll").open("sales") as session:
        [folder] = await session.folders()
        assert contents(await read(session, None, folder)) == ["1.host"]


async def test_what_is_no_maildir_is_misconfigured(tmp_path: Path) -> None:
    for wrong in (tmp_path / "nowhere", tmp_path, put(tmp_path, "file")):
        with pytest.raises(Misconfigured, match=r"is no maildir.*\[mailboxes\.sales\]") as failed:
            await names_of(wrong)
        assert failed.value.scope is Scope.MAILBOX


async def test_a_disk_that_goes_away_is_transient_and_no_empty_folder(root: Path) -> None:
    put(root, "new/1.host")
    async with door(root).open("sales") as session:
        before = await read(session)
        for half in ("new", "cur"):
            shutil.move(root / half, root / f"{half}.away")
        for ask in (lambda: read(session, before.position), lambda: session.wait(3600)):
            with pytest.raises(Transient) as failed:
                await ask()
            assert failed.value.scope is Scope.MAILBOX


async def test_a_folder_that_is_not_there_is_transient(root: Path) -> None:
    async with door(root).open("sales") as session:
        with pytest.raises(Transient):
            await read(session, None, Folder("Archive", FolderRole.ANSWERS))
