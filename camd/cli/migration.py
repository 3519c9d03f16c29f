"""The database's schema brought to this program's, and nothing else done."""

from camd.daemon.lock import DatabaseLock
from camd.ports.settings import Settings
from camd.store.migrate import current_revision, migrate
from camd.store.writer import Writer
from camd.system import SystemClock


async def migrated(settings: Settings) -> tuple[str | None, str | None]:
    """The revision before and after. Raises `DatabaseHeld`, `NewerSchema`, `NoRoomForCopy`."""
    clock = SystemClock()
    database = settings.database
    with DatabaseLock(database.path, since=clock.now(), network_allowed=database.allow_network_filesystem):
        async with Writer(database.path, clock) as writer:
            before = await writer.alone(current_revision)
            await writer.alone(migrate)
            return before, await writer.alone(current_revision)
