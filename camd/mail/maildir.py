"""A maildir and its subfolders, read where they lie: nothing is moved, renamed or marked.

Where a folder was read to is the set of the names in it, a hash of 64 bits each: neither a clock that is set back, nor
a message that is moved in with its old time, nor files of one moment in any order make it skip one. A name is what
stands before the flags, so that a message is the same after it was seen. A file that vanishes meanwhile is skipped;
under its next name it is found again. A disk in trouble is `Transient`, a maildir that is none `Misconfigured`.
"""

import errno
import os
import stat
from base64 import b85decode, b85encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

import anyio

from camd.domain.errors import Misconfigured, Scope, Transient
from camd.mail.folders import INBOX, Listed, choose, decoded
from camd.ports.clock import Clock
from camd.ports.inbox import HEAD_BYTES, MESSAGE_BYTES, Batch, Folder, RawMessage
from camd.ports.settings import MailboxSettings

Result = TypeVar("Result")

BATCH_BYTES = 10_000_000
"""After which a batch ends, unless it is a single message."""
LOOK_SECONDS = 1.0
PATIENCE_SECONDS = 60.0
"""For one file, or for a list of them."""
_NEW_AND_CUR = ("new", "cur")
"""In this order: a message that is moved from the one to the other meanwhile is found in one of them at least."""
_DEPTH = 4
"""Of a plain tree: a link may lead back up."""
_HASH_BYTES = 8
_MARK = "names:"
_A_PERSON_MENDS = frozenset({errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ELOOP})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MICROSECOND = 253_402_300_799_999_999

Names = frozenset[bytes]
"""Hashed."""
Times = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _File:
    name: bytes
    path: Path
    modified_ns: int

    @property
    def arrived_at(self) -> datetime:
        return _EPOCH + timedelta(microseconds=min(max(self.modified_ns // 1000, 0), _LAST_MICROSECOND))

    @property
    def order(self) -> tuple[int, str]:
        return self.modified_ns, self.path.name


@dataclass(frozen=True, slots=True)
class _Found:
    """`waiting` are the files that were not read, in the order of their arrival; `passed` the names of all others."""

    waiting: Sequence[_File]
    passed: Names


class MaildirSession:
    """Implements `ports.inbox.InboxSession`. `folders` comes first: it raises where there is no maildir."""

    def __init__(self, root: Path, box: MailboxSettings, clock: Clock) -> None:
        self._root = root
        self._box = box
        self._clock = clock
        self._paths: Mapping[str, Path] = {INBOX: root}
        self._watched: Sequence[str] = (INBOX,)
        self._times: dict[str, Times] = {}

    async def folders(self) -> Sequence[Folder]:
        found = await self._off_loop(lambda: _folders(self._root))
        if not any(listed.name == INBOX for listed in found):
            mend = f"correct maildir under [mailboxes.{self._box.name}]"
            raise Misconfigured(f"{self._root} is no maildir, it has neither new nor cur; {mend}", scope=Scope.MAILBOX)
        chosen = choose(list(found), self._box)
        self._paths = {listed.name: path for listed, path in found.items()}
        self._watched = [each.name for each in chosen]
        return chosen

    async def read(self, folder: Folder, position: str | None, since: datetime, limit: int) -> Batch:
        path = self._path(folder.name)
        self._times[folder.name] = await self._off_loop(lambda: _times(path))
        found = await self._off_loop(lambda: _look(path, _parsed(position), since))
        messages: list[tuple[str, RawMessage]] = []
        passed = found.passed
        size = 0
        for count, file in enumerate(found.waiting):
            if count == limit or size > BATCH_BYTES:
                return Batch(messages, _text(passed), is_last=False)
            message = await self._off_loop(partial(_content, file))
            if message is not None:
                passed |= {file.name}
                size += len(message.content)
                messages.append((_text(passed), message))
        return Batch(messages, _text(passed), is_last=True)

    async def wait(self, seconds: float) -> None:
        end = anyio.current_time() + seconds
        # What came between the last read and this wait counts.
        before = await self._now() | {name: self._times[name] for name in self._watched if name in self._times}
        while True:
            now = await self._now()
            left = end - anyio.current_time()
            if now != before or left <= 0:
                return
            await anyio.sleep(min(left, LOOK_SECONDS))

    async def _now(self) -> dict[str, Times]:
        paths = {name: self._path(name) for name in self._watched}
        return await self._off_loop(lambda: {name: _times(path) for name, path in paths.items()})

    def _path(self, folder: str) -> Path:
        if folder not in self._paths:
            raise Transient(f"{self._root}: the folder {folder} is gone", scope=Scope.MAILBOX)
        return self._paths[folder]

    async def _off_loop(self, work: Callable[[], Result]) -> Result:
        """A disk may be slow, and a network's may never answer."""
        try:
            with self._clock.real_work(), anyio.fail_after(PATIENCE_SECONDS):
                return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
        except OSError as error:
            if error.errno in _A_PERSON_MENDS:
                mend = f"correct maildir under [mailboxes.{self._box.name}], or who may read it"
                raise Misconfigured(f"{error.filename}: {error.strerror}; {mend}", scope=Scope.MAILBOX) from error
            raise Transient(f"{self._root}: {error.strerror or 'it took too long'}", scope=Scope.MAILBOX) from error


def _folders(root: Path) -> dict[Listed, Path]:
    """The maildir itself, its subfolders as Maildir++ names them (`.Archive.2026`), and those of a plain tree."""
    found = {Listed(INBOX): root} if _is_maildir(root) else {}
    for each in _directories(root) if root.is_dir() else ():
        if each.name.startswith("."):
            if _is_maildir(each):
                found[Listed(decoded(os.fsencode(each.name[1:])), ".")] = each
        else:
            found |= _tree(each, each.name, _DEPTH)
    return found


def _tree(path: Path, name: str, depth: int) -> dict[Listed, Path]:
    found = {Listed(decoded(os.fsencode(name)), "/"): path} if _is_maildir(path) else {}
    for each in _directories(path) if depth else ():
        found |= _tree(each, f"{name}/{each.name}", depth - 1)
    return found


def _directories(path: Path) -> list[Path]:
    return [each for each in sorted(path.iterdir()) if each.name not in {"new", "cur", "tmp"} and each.is_dir()]


def _is_maildir(path: Path) -> bool:
    return any((path / name).is_dir() for name in _NEW_AND_CUR)


def _times(path: Path) -> Times:
    """When a file was last added to or taken from each half, in nanoseconds."""
    return tuple(half.stat().st_mtime_ns for half in _halves(path))


def _halves(path: Path) -> list[Path]:
    """Raises `FileNotFoundError` where both are missing: a disk that is away is no empty folder."""
    found = [path / name for name in _NEW_AND_CUR if (path / name).is_dir()]
    if not found:
        raise FileNotFoundError(errno.ENOENT, "new and cur are missing", str(path))
    return found


def _look(path: Path, known: Names | None, since: datetime) -> _Found:
    there = {_hash(each.name): each for half in _halves(path) for each in half.iterdir() if each.name[0] != "."}
    passed = known & there.keys() if known is not None else frozenset[bytes]()
    files = [file for name, each in there.items() if name not in passed and (file := _file(name, each))]
    if known is None:
        passed = frozenset(file.name for file in files if file.arrived_at < since)
    return _Found(sorted((file for file in files if file.name not in passed), key=lambda file: file.order), passed)


def _file(name: bytes, path: Path) -> _File | None:
    with suppress(FileNotFoundError):
        known = path.stat()
        return _File(name, path, known.st_mtime_ns) if stat.S_ISREG(known.st_mode) else None
    return None


def _content(file: _File) -> RawMessage | None:
    with suppress(FileNotFoundError), file.path.open("rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        return RawMessage(opened.read(size if size <= MESSAGE_BYTES else HEAD_BYTES), size, file.arrived_at)
    return None


def _hash(name: str) -> bytes:
    """Of what stands before the flags."""
    return blake2b(os.fsencode(name.partition(":")[0]), digest_size=_HASH_BYTES).digest()


def _text(names: Names) -> str:
    return _MARK + b85encode(b"".join(sorted(names))).decode()


def _parsed(position: str | None) -> Names | None:
    if position is None or not position.startswith(_MARK):
        return None
    try:
        joined = b85decode(position.removeprefix(_MARK))
    except ValueError:
        return None
    if len(joined) % _HASH_BYTES:
        return None
    return frozenset(joined[at : at + _HASH_BYTES] for at in range(0, len(joined), _HASH_BYTES))
