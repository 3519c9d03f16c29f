"""What the operator is still to be told, and when they were told last of each kind."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Connection, bindparam, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert  # SQLite's compiler reads it too

from camd.domain.events import Value
from camd.domain.facts import CampaignId, InboundId
from camd.ports.records import Notice, NoticeKind
from camd.store.inbox_tables import notices, notices_told
from camd.store.rows import columns_of

_row = notices.c
_of_kind = _row.kind == bindparam("of_kind")

ADD = insert(notices)
WAITING = select(*columns_of(notices, Notice)).where(_of_kind).order_by(_row.id).limit(bindparam("limit"))
COUNT_WAITING = select(_row.kind, func.count()).group_by(_row.kind)
LAST_TOLD = select(notices_told.c.at).where(notices_told.c.kind == bindparam("of_kind"))
REMOVE = delete(notices).where(_of_kind, _row.id <= bindparam("up_to"))
_arriving = upsert(notices_told)
SET_TOLD = _arriving.on_conflict_do_update(index_elements=["kind"], set_={"at": _arriving.excluded.at})


class Notices:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self,
        kind: NoticeKind,
        at: datetime,
        *,
        campaign_id: CampaignId | None = None,
        inbound_id: InboundId | None = None,
        mailbox: str | None = None,
        data: Mapping[str, Value] = MappingProxyType({}),
    ) -> None:
        concerned = {"campaign_id": campaign_id, "inbound_id": inbound_id, "mailbox": mailbox}
        self._connection.execute(ADD, {"kind": kind, "at": at, "data": data, **concerned})

    def waiting(self, kind: NoticeKind, limit: int) -> Sequence[Notice]:
        return [Notice(*row) for row in self._connection.execute(WAITING, {"of_kind": kind, "limit": limit})]

    def count_waiting(self) -> Mapping[NoticeKind, int]:
        return {row[0]: row[1] for row in self._connection.execute(COUNT_WAITING)}

    def last_told(self, kind: NoticeKind) -> datetime | None:
        return self._connection.execute(LAST_TOLD, {"of_kind": kind}).scalar()

    def told(self, kind: NoticeKind, up_to: int, at: datetime) -> None:
        self._connection.execute(REMOVE, {"of_kind": kind, "up_to": up_to})
        self._connection.execute(SET_TOLD, {"kind": kind, "at": at})
