"""One process for each database. The kernel frees the lock when the process ends, however it ends.

On Linux it is `flock` on the database file itself, so another path, a symbolic or a hard link is the same lock.
Elsewhere flock and SQLite's own locks exclude each other, so it stands on `<resolved path>.lock`.
Take it before the first SQLite connection and release it after the last: closing any descriptor of the file drops
the locks that SQLite holds in this process.
"""

import fcntl
import json
import os
import socket
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from camd.ports.store_errors import DatabaseHeld, UnsafeDatabase

MOUNTS = Path("/proc/self/mountinfo")
_KERNEL_LOCKS = Path("/proc/locks")
_NETWORK = frozenset(
    {"9p", "afs", "cifs", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"}
    | {"fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs"}
)
_held: dict[tuple[int, int], str] = {}
"""Files held by this process, by device and inode: a second descriptor, once closed, would drop SQLite's locks."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock, for the message only."""

    pid: int
    host: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.since}"


class DatabaseLock:
    """Hold with `with`, around everything that opens the database. `since` is when this process began."""

    def __init__(self, path: Path, *, since: datetime, network_allowed: bool = False, mounts: Path = MOUNTS) -> None:
        self._path = path.resolve()
        self._since = since
        self._network_allowed = network_allowed
        self._mounts = mounts

    def __enter__(self) -> Self:
        """Raises DatabaseHeld at once, without waiting; UnsafeDatabase on a network file system; OSError."""
        if not self._network_allowed and self._mounts.exists():
            kind = network_filesystem(self._path, self._mounts.read_text())
            if kind:
                raise UnsafeDatabase(f"{self._path} is on {kind}, where locks and fsync cannot be relied on")
        self._refuse_second_descriptor()
        on_database = sys.platform == "linux"
        locked = self._path if on_database else self._path.with_name(self._path.name + ".lock")
        descriptor = os.open(locked, os.O_RDWR | os.O_CREAT, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            inode = os.fstat(descriptor).st_ino
            os.close(descriptor)
            raise DatabaseHeld(self._who(inode)) from error
        holder = Holder(os.getpid(), socket.gethostname(), self._since.isoformat(timespec="seconds"))
        self._descriptor = descriptor
        self._key = _key(os.fstat(descriptor))
        _held[self._key] = str(holder)
        with suppress(OSError):  # a full disk costs the message, not the start
            self._record.write_text(json.dumps(asdict(holder)))
        return self

    def __exit__(self, *exc_info: object) -> None:
        with suppress(OSError):  # on a disk gone read-only it would hide what ended the process
            self._record.unlink()
        del _held[self._key]
        os.close(self._descriptor)

    @property
    def _record(self) -> Path:
        return self._path.with_name(self._path.name + ".holder")

    def _refuse_second_descriptor(self) -> None:
        if self._path.exists():
            holder = _held.get(_key(self._path.stat()))
            if holder:
                raise DatabaseHeld(holder)

    def _who(self, inode: int) -> str:
        """The record may be an older holder's, or lie beside another hard link; the kernel knows the number."""
        pid = _pid_by_kernel(inode)
        try:
            holder = Holder(**json.loads(self._record.read_text()))
        except (OSError, ValueError, TypeError):
            return f"process {pid} on this host" if pid else "another process"
        return str(holder) if pid in (None, holder.pid) else f"process {pid} on this host"


def network_filesystem(path: Path, mountinfo: str) -> str | None:
    """The type of the network file system that `path` is on, by the text of /proc/self/mountinfo (proc(5))."""
    mounts: dict[Path, str] = {}
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        mounts[Path(_unescaped(left.split()[4]))] = right.split()[0]  # a later mount hides an earlier one
    kind = next((mounts[folder] for folder in (path, *path.parents) if folder in mounts), None)
    return kind if kind in _NETWORK else None


def _unescaped(name: str) -> str:
    for octal, letter in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        name = name.replace(octal, letter)
    return name


def _pid_by_kernel(inode: int) -> int | None:
    """Lines of /proc/locks: `1: FLOCK  ADVISORY  WRITE 4321 08:01:1234 0 EOF`; a pid we cannot see is 0."""
    try:
        lines = _KERNEL_LOCKS.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        fields = line.split()
        if "FLOCK" in fields and fields[-3].rpartition(":")[2] == str(inode):
            return int(fields[-4]) or None
    return None


def _key(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
