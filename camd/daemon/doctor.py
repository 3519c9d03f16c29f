"""What is wrong with the machine under the daemon and with the ways out of it; the mailboxes are the engine's to try.

Each part is looked at beside the others and within its own time; nothing is changed and nothing is paid for.
"""

import os
import resource
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import anyio

from camd.actors.health import Health
from camd.actors.watch import DISK_FULL_BYTES, DISK_LOW_BYTES, WAL_LARGE_BYTES
from camd.daemon.clock_sync import is_synchronised
from camd.daemon.integrity import is_whole, mend_of_damage
from camd.daemon.public_check import look_at_public
from camd.daemon.vendors import VENDORS
from camd.domain.errors import Failure, KeyRefused, Misconfigured, Permanent, PlanRefused
from camd.mail.header_probe import header_probe
from camd.pipeline.context import Context
from camd.ports.records import EventFilter
from camd.ports.store_errors import DatabaseDamaged, StoreUnavailable
from camd.schema.doctor import DoctorFinding, fault, fine, worry
from camd.store.backup_record import BackupRecord
from camd.store.copies import check_pages
from camd.store.migrate import head_revision
from camd.store.sqlite import SqliteStore

CHECK_SECONDS = 20.0
"""For the pages of the database, read beside all other work."""
BACKUP_AGE = timedelta(hours=26)
JUMP_SECONDS = 0.2
FEW_FILES = 1024
"""The listeners alone may have 640 connections."""
_LOOK_SECONDS = 0.25
_AHEAD = timedelta(minutes=1)

_Look = Callable[[], Awaitable[Sequence[DoctorFinding]]]


@dataclass(frozen=True, slots=True)
class MachineDoctor:
    context: Context
    store: SqliteStore
    health: Health

    async def examine(self) -> list[DoctorFinding]:
        looks: list[_Look] = [
            self._database,
            self._files,
            self._clock,
            self._backups,
            partial(look_at_public, self.context.settings.public, self.context.clock.now()),
            *(partial(self._key, name) for name in VENDORS),
        ]
        found: dict[int, Sequence[DoctorFinding]] = {}

        async def look(place: int) -> None:
            found[place] = await looks[place]()

        async with anyio.create_task_group() as tasks:
            for place in range(len(looks)):
                tasks.start_soon(look, place)
        return [finding for place in range(len(looks)) for finding in found[place]]

    async def _database(self) -> list[DoctorFinding]:
        path = self.context.settings.database.path
        found = [await self._pages(path)]
        if self.health.store_error is not None:
            mend = "look at the disk, its free space and the rights of the folder"
            found.append(fault("database", f"it cannot be written: {self.health.store_error}", mend))
        log = _size(Path(f"{path}-wal"))
        if log > WAL_LARGE_BYTES:
            mend = "end the tool that reads the database for long"
            found.append(worry("database", f"its write-ahead log has {_megabytes(log)}", mend))
        return found

    async def _pages(self, path: Path) -> DoctorFinding:
        described = f"{path}, {_megabytes(_size(path))}, schema {head_revision()}"
        check = partial(is_whole, check=check_pages, limit_seconds=CHECK_SECONDS)
        try:
            whole = await self.store.read_raw(check)
        except DatabaseDamaged as damage:
            return fault("database", str(damage), mend_of_damage(path))
        except StoreUnavailable as away:
            return fault("database", str(away), "look at the disk and the rights of the folder")
        if not whole:
            described += f"; not all of it was looked at in {CHECK_SECONDS:.0f} s, `camd backup` checks the whole"
        return fine("database", described)

    async def _files(self) -> list[DoctorFinding]:
        return [*self._disks(), self._journal(), *_limits(), *_python()]

    def _disks(self) -> Iterator[DoctorFinding]:
        database = self.context.settings.database
        for folder in dict.fromkeys((database.path.parent, database.journal.parent)):
            disk = os.statvfs(folder)
            free, room = disk.f_bavail * disk.f_frsize, f"make room beside {folder}"
            if free < DISK_FULL_BYTES:
                yield fault("disk", f"{_megabytes(free)} are free in {folder}: nothing is sent", room)
            elif free < DISK_LOW_BYTES:
                yield worry("disk", f"{_megabytes(free)} are free in {folder}", room)
            else:
                yield fine("disk", f"{free / 1e9:.0f} GB are free in {folder}")

    def _journal(self) -> DoctorFinding:
        database = self.context.settings.database
        journal = database.journal
        if not os.access(journal, os.W_OK):
            return fault("journal", f"{journal} cannot be written", "give it to the user that camd runs as")
        shared = journal.parent.stat().st_dev == database.path.parent.stat().st_dev
        where = "on the database's disk; it would outlive that on another one" if shared else "on a disk of its own"
        return fine("journal", f"{journal}, {_megabytes(_size(journal))}, {where}")

    async def _clock(self) -> list[DoctorFinding]:
        clock = self.context.clock
        wall, steady = clock.now(), clock.monotonic()
        await anyio.sleep(_LOOK_SECONDS)
        now, passed = clock.now(), clock.monotonic() - steady
        newest = await self.context.store.read(lambda tx: tx.ledger.after(0, 1, EventFilter(), newest=True))
        if newest and newest[-1].event.at > now + _AHEAD:
            told = f"the newest event is of {newest[-1].event.at:%Y-%m-%d %H:%M}: the clock is behind it"
            return [fault("clock", told, "set the clock; camd waits for it with everything that is dated later")]
        if abs((now - wall).total_seconds() - passed) > JUMP_SECONDS:
            return [worry("clock", "it is being set right now", "look again in a minute")]
        match await is_synchronised():
            case True:
                return [fine("clock", "it is kept right by the network")]
            case False:
                mend = "enable systemd-timesyncd or chrony"
                return [worry("clock", "nothing keeps it right: windows and limits follow it", mend)]
        return [fine("clock", "it runs steadily; whether something keeps it right cannot be seen from here")]

    async def _backups(self) -> list[DoctorFinding]:
        record = BackupRecord.read(self.context.settings.database.path)
        mend = "run `camd backup FILE`, and `systemctl enable --now camd-backup.timer` for one each day"
        if record is None or record.succeeded_at is None:
            return [worry("backup", "none was made yet", mend)]
        told = f"the last one is of {record.succeeded_at:%Y-%m-%d %H:%M} UTC"
        if record.failure is not None:
            return [worry("backup", f"the newest attempt failed: {record.failure}; {told}", mend)]
        if self.context.clock.now() - record.succeeded_at > BACKUP_AGE:
            return [worry("backup", told, mend)]
        return [fine("backup", told)]

    async def _key(self, name: str) -> list[DoctorFinding]:
        vendor, section = VENDORS[name], self.context.settings.providers.get(name)
        if section is None or getattr(section, vendor.key) is None:
            return []
        try:
            await vendor.check_key(section, self.context.clock)
        except Failure as failure:
            said, _, mend = str(failure).partition("; ")
            is_refused = isinstance(failure, KeyRefused | PlanRefused | Misconfigured | Permanent)
            made = fault if is_refused else worry
            return [made("provider", said, mend or f"look at [providers.{name}] and try again", subject=name)]
        return [fine("provider", "it takes the key", subject=name)]


def _limits() -> Iterator[DoctorFinding]:
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < FEW_FILES:
        mend = f"set LimitNOFILE in the unit, or `ulimit -n {FEW_FILES}`"
        yield worry("files", f"the process may open {most} files", mend)


def _python() -> Iterator[DoctorFinding]:
    if header_probe():
        told = "this Python lets a line break into a mail's header; camd refuses such values by itself"
        yield worry("python", told, "upgrade Python when you can (CVE-2024-6923)")


def _size(path: Path) -> int:
    """Never by opening: closing a descriptor of the database drops SQLite's locks."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
