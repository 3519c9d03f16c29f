"""File systems of a test's own whose faults are the kernel's: full, failing at fsync, gone read-only.

They need root and a kernel that lets it mount; a test that cannot have one is skipped with the reason.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SIZE = 400_000_000
"""Above the free space under which the daemon's gate closes, so that an empty one counts as healthy."""


class Memory:
    """A tmpfs: `fill` leaves no free page, `make_room` gives all back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        """Whoever writes meanwhile makes the size too small: it is measured again then."""
        for _ in range(100):
            state = os.statvfs(self.folder)
            used = (state.f_blocks - state.f_bfree) * state.f_frsize
            if _try("mount", "-o", f"remount,size={used}", str(self.folder)) is None:
                return
        raise AssertionError("the disk never stood still")

    def make_room(self) -> None:
        _run("mount", "-o", f"remount,size={SIZE}", str(self.folder))


class Disk:
    """Linux's ext4 over the format of ext2, in a sparse file on a `Memory` of its own: no journal, so that it takes
    writes again after an error, and no extents, whose tree a full disk can tear, so that the repair takes away a whole
    file that was safe before."""

    def __init__(self, folder: Path, below: Memory) -> None:
        self.folder = folder
        self._below = below
        self._image = below.folder / "image"

    def mount(self) -> None:
        _run("mount", "-t", "ext4", "-o", "loop,errors=remount-ro", str(self._image), str(self.folder))

    def make(self) -> None:
        with self._image.open("wb") as image:
            image.truncate(SIZE)
        _run("mkfs.ext2", "-q", "-F", "-m", "0", "-b", "4096", str(self._image))

    def fail_at_fsync(self) -> None:
        """It takes every write and cannot put it away: what holds its image is full, as with thin provisioning."""
        self._below.fill()

    def turn_read_only(self) -> None:
        """As the kernel does when it meets an error, with files open for writing."""
        device = self.folder.stat().st_dev
        name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").readlink().name
        try:
            Path(f"/sys/fs/ext4/{name}/trigger_fs_error").write_text("1")
        except OSError as refused:
            pytest.skip(f"no ext4 can be given an error here: {refused}")

    def repair(self) -> None:
        """Nobody may use it: unmounted, checked and mounted anew, as an operator does."""
        self._below.make_room()
        _run("umount", str(self.folder))
        checked = subprocess.run(["e2fsck", "-fy", self._image], capture_output=True, text=True, check=False)
        assert checked.returncode in (0, 1), checked.stdout
        self.mount()


@contextmanager
def memory(folder: Path) -> Iterator[Memory]:
    folder.mkdir()
    refused = _try("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder))
    if refused is not None:
        pytest.skip(f"no file system can be mounted here: {refused}")
    try:
        yield Memory(folder)
    finally:
        _let_go(folder)


@contextmanager
def disk(folder: Path) -> Iterator[Disk]:
    with memory(folder.with_name(f"{folder.name}-below")) as below:
        made = Disk(folder, below)
        folder.mkdir()
        try:
            made.make()
            made.mount()
        except (OSError, AssertionError) as refused:
            pytest.skip(f"no ext4 can be made here: {refused}")
        try:
            yield made
        finally:
            below.make_room()
            _let_go(folder)


def _let_go(folder: Path) -> None:
    """Gone from the tree at once, and whole when the last process that a failed test left has ended."""
    _run("umount", "--lazy", str(folder))


def _run(*command: str) -> None:
    refused = _try(*command)
    assert refused is None, refused


def _try(*command: str) -> str | None:
    """What it said where it failed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as missing:
        return str(missing)
    return None if done.returncode == 0 else f"{' '.join(command)}: {done.stderr.strip() or done.returncode}"
