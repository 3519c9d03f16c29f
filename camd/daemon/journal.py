"""The journal on its file, best on another disk than the database's: a thread appends, waiting callers share one fsync.

What cannot be written raises `StoreUnavailable` and leaves nothing half written. After an fsync that failed nobody
knows what the disk holds, so everything is refused until another process opens the file.
"""

import asyncio
import errno
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Literal, NoReturn, Self

import anyio

from camd.daemon.journal_lines import Entry, encode
from camd.ports.clock import Clock
from camd.ports.journal import Line, OutcomeLine
from camd.ports.store_errors import StoreUnavailable
from camd.store.backup_record import give_to_owner_of
from camd.store.copies import sync_directory
from camd.telemetry.logs import get_log

log = get_log()

JournalPoint = Literal["write", "sync"]

_GROUP = 256
_TORN_BYTES = 1_000_000


class _Job:
    """`error` is what became of its lines: none once they are written, and on the disk if `is_durable`."""

    def __init__(self, data: bytes, answer: asyncio.Future[None], *, is_durable: bool) -> None:
        self.data = data
        self.answer = answer
        self.is_durable = is_durable
        self.error: StoreUnavailable | None = None


class FileJournal:
    """Open with `async with`, on the loop that uses it and under the database's lock; implements `ports.journal`.

    `before` is called on the thread before each write and each fsync; an OSError that it raises counts as theirs.
    """

    def __init__(self, path: Path, clock: Clock, *, before: Callable[[JournalPoint], None] = lambda _: None) -> None:
        self.path = path
        self._clock = clock
        self._before = before
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._main, name="camd-journal", daemon=True)
        self._closed = False
        self._is_away = False
        self._distrust: OSError | None = None
        self._distrusted = anyio.Event()

    async def __aenter__(self) -> Self:
        """Makes the file where there is none, cuts off a last line that a crash tore. Raises StoreUnavailable."""
        self._loop = asyncio.get_running_loop()
        try:
            with self._clock.real_work():
                self._descriptor, self._length = await anyio.to_thread.run_sync(_open, self.path)
        except OSError as error:
            raise StoreUnavailable(f"the journal {self.path} cannot be opened: {error.strerror}") from error
        self._thread.start()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        """Takes no more, writes what is waiting."""
        self._closed = True
        self._queue.put(None)
        with anyio.CancelScope(shield=True), self._clock.real_work():
            await anyio.to_thread.run_sync(self._thread.join)
        os.close(self._descriptor)

    async def append(self, lines: Sequence[Line]) -> None:
        """Cancelled, the lines are written all the same."""
        await self.append_entries(lines)

    async def append_entries(self, entries: Sequence[Entry]) -> None:
        """`append` for the lines that only a start and a restore write."""
        if entries:
            await self._ask(b"".join(map(encode, entries)), is_durable=True)

    async def note(self, line: OutcomeLine) -> None:
        with suppress(StoreUnavailable):
            await self._ask(encode(line), is_durable=False)

    async def watch(self) -> NoReturn:
        """Wait until the file can no longer be trusted, then raise StoreUnavailable."""
        await self._distrusted.wait()
        assert self._distrust is not None
        raise self._refusal(self._distrust)

    async def _ask(self, data: bytes, *, is_durable: bool) -> None:
        if self._closed:
            raise StoreUnavailable("the journal is closed")
        job = _Job(data, self._loop.create_future(), is_durable=is_durable)
        self._queue.put(job)
        try:
            with self._clock.real_work():
                await job.answer
        except StoreUnavailable as error:
            if not self._is_away:
                log.error("db.commit_failed", error=str(error), kind="journal")
            self._is_away = True
            raise
        self._is_away = False

    # From here on everything runs on the journal's thread, except _settle.

    def _main(self) -> None:
        while (job := self._queue.get()) is not None:
            group = [job]
            with suppress(Empty):
                while len(group) < _GROUP and (job := self._queue.get_nowait()) is not None:
                    group.append(job)
            self._write(group)
            self._loop.call_soon_threadsafe(_settle, group)
            if job is None:
                return

    def _write(self, group: Sequence[_Job]) -> None:
        try:
            if self._distrust:
                raise self._distrust
            self._put(b"".join(job.data for job in group))
            if any(job.is_durable for job in group):
                self._sync()
        except OSError as error:
            with suppress(OSError):  # what cannot be cut off is a line too many, and a reader can bear that
                os.ftruncate(self._descriptor, self._length)
            for job in group:
                job.error = self._refusal(error)
        else:
            self._length += sum(len(job.data) for job in group)

    def _put(self, data: bytes) -> None:
        self._before("write")
        while data:
            data = data[os.write(self._descriptor, data) :]

    def _refusal(self, error: OSError) -> StoreUnavailable:
        return StoreUnavailable(f"the journal {self.path} cannot be written: {error.strerror}")

    def _sync(self) -> None:
        try:
            self._before("sync")
            os.fsync(self._descriptor)
        except OSError as error:
            self._distrust = error
            self._loop.call_soon_threadsafe(self._distrusted.set)
            raise


def append_now(path: Path, entry: Entry) -> None:
    """One line, on the disk when it returns, for a process without a loop that holds the database's lock.

    Raises OSError.
    """
    descriptor, length = _open(path)
    try:
        data = encode(entry)
        if os.write(descriptor, data) != len(data):
            os.ftruncate(descriptor, length)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open(path: Path) -> tuple[int, int]:
    """A descriptor to append with, and the length of the file without a torn last line, which is cut off."""
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        if is_new:
            sync_directory(path.parent)
            give_to_owner_of(path.parent, path)
        size = os.fstat(descriptor).st_size
        whole = _end_of_lines(descriptor, size)
        if whole < size:
            os.ftruncate(descriptor, whole)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor, whole


def _end_of_lines(descriptor: int, size: int) -> int:
    """Behind the last line end. A crash tears less than a megabyte: more without a line end is no journal."""
    start = max(size - _TORN_BYTES, 0)
    end = start + os.pread(descriptor, size - start, start).rfind(b"\n") + 1
    if end == start > 0:
        raise OSError(errno.EINVAL, "it is no journal of camd")
    return end


def _settle(group: Sequence[_Job]) -> None:
    """In the order in which they came; the loop is woken once for all of them."""
    for job in group:
        if job.answer.done():
            continue
        if job.error is not None:
            job.answer.set_exception(job.error)
        else:
            job.answer.set_result(None)
