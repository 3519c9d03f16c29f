"""What is remembered of the mailboxes over restarts."""

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler reads it too

from camd.ports.records import MailboxState
from camd.store.prepared import Memory
from camd.store.rows import columns_of, values
from camd.store.sending_tables import mailboxes

_ALL = select(*columns_of(mailboxes, MailboxState))
GET = _ALL.where(mailboxes.c.name == bindparam("mailbox"))
ALL = _ALL.order_by(mailboxes.c.name)
_arriving = insert(mailboxes)
PUT = _arriving.on_conflict_do_update(
    index_elements=["name"],
    set_={column.name: _arriving.excluded[column.name] for column in mailboxes.c if not column.primary_key},
)
KNOWN = Memory(mailboxes)


class Mailboxes:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, MailboxState] = KNOWN.of(connection)

    def get(self, name: str) -> MailboxState:
        if name not in self._known:
            row = self._connection.execute(GET, {"mailbox": name}).first()
            self._known[name] = MailboxState(name) if row is None else MailboxState(*row)
        return self._known[name]

    def all(self) -> Mapping[str, MailboxState]:
        return {row.name: MailboxState(*row) for row in self._connection.execute(ALL)}

    def put(self, state: MailboxState) -> None:
        self._connection.execute(PUT, values(state))
