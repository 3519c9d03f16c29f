"""The one row of the installation: its key and its kill switch. The key is printed nowhere."""

from sqlalchemy import Connection, select, update

from camd.ports.records import Switch
from camd.store.tables import instance

KEY = select(instance.c.key)
KILL_SWITCH = select(
    instance.c.kill_switch, instance.c.kill_switch_reason, instance.c.kill_switch_since, instance.c.kill_switch_by
)
SET_KILL_SWITCH = update(instance)


class Instance:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def key(self) -> bytes:
        key: bytes = self._connection.execute(KEY).scalar_one()
        return key

    def kill_switch(self) -> Switch:
        return Switch(*self._connection.execute(KILL_SWITCH).one())

    def set_kill_switch(self, switch: Switch) -> None:
        self._connection.execute(
            SET_KILL_SWITCH,
            {
                "kill_switch": switch.on,
                "kill_switch_reason": switch.reason,
                "kill_switch_since": switch.since,
                "kill_switch_by": switch.by,
            },
        )
