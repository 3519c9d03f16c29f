"""The one row of the installation: its key, its switches, its machine and its journal. The key is printed nowhere."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from camd.ports.journal import JournalMark
from camd.ports.records import MachineIdentity, Recovery, Switch
from camd.store.prepared import Memory
from camd.store.rows import values
from camd.store.tables import instance

_row = instance.c

_KILL_SWITCH = (_row.kill_switch, _row.kill_switch_reason, _row.kill_switch_since, _row.kill_switch_by)
_RECOVERY = (_row.recovery_hold, _row.recovery_reason, _row.recovery_since, _row.recovery_by, _row.recovery_figures)
GATE = select(_row.key, *_KILL_SWITCH, *_RECOVERY)
IDENTITY = select(_row.machine_id, _row.hardware_id, _row.inode)
JOURNAL_MARK = select(_row.journal_generation, _row.journal_number)
SET = update(instance)
NEXT_JOURNAL_MARK = (
    update(instance)
    .values(journal_number=_row.journal_number + 1)
    .returning(_row.journal_generation, _row.journal_number)
)
# A handover's number changes nothing that is remembered.
KNOWN = Memory(instance, besides=[NEXT_JOURNAL_MARK])


class _Gate(NamedTuple):
    key: bytes
    kill_switch: Switch
    recovery: Recovery


class Instance:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, _Gate] = KNOWN.of(connection)

    def key(self) -> bytes:
        return self._gate().key

    def kill_switch(self) -> Switch:
        return self._gate().kill_switch

    def set_kill_switch(self, switch: Switch) -> None:
        self._set(
            {
                "kill_switch": switch.on,
                "kill_switch_reason": switch.reason,
                "kill_switch_since": switch.since,
                "kill_switch_by": switch.by,
            }
        )

    def recovery(self) -> Recovery:
        return self._gate().recovery

    def set_recovery(self, recovery: Recovery) -> None:
        self._set({f"recovery_{name}": value for name, value in values(recovery).items()})

    def identity(self) -> MachineIdentity:
        return MachineIdentity(*self._connection.execute(IDENTITY).one())

    def set_identity(self, identity: MachineIdentity) -> None:
        self._set(values(identity))

    def journal_mark(self) -> JournalMark:
        return JournalMark(*self._connection.execute(JOURNAL_MARK).one())

    def set_journal_mark(self, mark: JournalMark) -> None:
        self._set({"journal_generation": mark.generation, "journal_number": mark.number})

    def next_journal_mark(self) -> JournalMark:
        return JournalMark(*self._connection.execute(NEXT_JOURNAL_MARK).one())

    def _gate(self) -> _Gate:
        """Each gate asks for all three."""
        if (known := self._known.get("gate")) is None:
            key, *rest = self._connection.execute(GATE).one()
            switch, recovery = rest[: len(_KILL_SWITCH)], rest[len(_KILL_SWITCH) :]
            known = self._known["gate"] = _Gate(key, Switch(*switch), Recovery(*recovery))
        return known

    def _set(self, columns: Mapping[str, object]) -> None:
        self._connection.execute(SET, dict(columns))
