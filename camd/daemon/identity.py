"""By what a database notices that it was copied: the machine, its hardware, and the file's inode.

What a machine does not have is none, and none differs from nothing.
"""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from camd.ports.records import MachineIdentity

MACHINE_ID = Path("/etc/machine-id")
HARDWARE_CREDENTIAL = "camd_hardware_id"
_NOT_YET = "uninitialized"
"""machine-id(5): what an image holds that was never booted."""


def read_identity(database: Path, environ: Mapping[str, str], machine_id: Path = MACHINE_ID) -> MachineIdentity:
    """Asks the directory for the database's inode and never opens the file: closing it would drop SQLite's locks."""
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    return MachineIdentity(
        machine_id=_word(machine_id),
        hardware_id=_word(Path(credentials) / HARDWARE_CREDENTIAL) if credentials else None,
        inode=str(database.stat().st_ino),
    )


def differences(stored: MachineIdentity, found: MachineIdentity) -> tuple[str, ...]:
    """The names of what is known of both and is not the same."""
    pairs = ((each.name, getattr(stored, each.name), getattr(found, each.name)) for each in fields(MachineIdentity))
    return tuple(name for name, before, now in pairs if before and now and before != now)


def adopted(stored: MachineIdentity, found: MachineIdentity) -> MachineIdentity:
    """What was found; what is not found now stays as it was."""
    return MachineIdentity(
        machine_id=found.machine_id or stored.machine_id,
        hardware_id=found.hardware_id or stored.hardware_id,
        inode=found.inode or stored.inode,
    )


def _word(path: Path) -> str | None:
    try:
        text = path.read_text(errors="replace").strip()
    except OSError:
        return None
    return text if text and text != _NOT_YET else None
