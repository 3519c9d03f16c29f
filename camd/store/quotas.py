"""Token buckets kept as one instant each, and the debits that caps count."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler reads it too

from camd.domain.token_bucket import QuotaScope
from camd.store.tables import quota_buckets, quota_debits

_debit = quota_debits.c
_of_key = (_debit.scope == bindparam("scope"), _debit.key == bindparam("key"))

BUCKET = select(quota_buckets.c.theoretical_arrival).where(quota_buckets.c.name == bindparam("name"))
_arriving = insert(quota_buckets)
SET_BUCKET = _arriving.on_conflict_do_update(
    index_elements=["name"], set_={"theoretical_arrival": _arriving.excluded.theoretical_arrival}
)
DEBIT = insert(quota_debits)
USED_ON = select(func.coalesce(func.sum(_debit.amount), 0)).where(*_of_key, _debit.day == bindparam("day"))
USED_SINCE = (
    select(_debit.at, _debit.amount).where(*_of_key, _debit.at >= bindparam("since")).order_by(_debit.at, _debit.id)
)


class Quotas:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def bucket(self, name: str) -> datetime | None:
        return self._connection.execute(BUCKET, {"name": name}).scalar()

    def set_bucket(self, name: str, theoretical_arrival: datetime) -> None:
        self._connection.execute(SET_BUCKET, {"name": name, "theoretical_arrival": theoretical_arrival})

    def debit(self, scope: QuotaScope, key: str, at: datetime, day: date, amount: int) -> None:
        self._connection.execute(DEBIT, {"scope": scope, "key": key, "at": at, "day": day, "amount": amount})

    def used_on(self, scope: QuotaScope, key: str, day: date) -> int:
        used: int = self._connection.execute(USED_ON, {"scope": scope, "key": key, "day": day}).scalar_one()
        return used

    def used_since(self, scope: QuotaScope, key: str, since: datetime) -> Sequence[tuple[datetime, int]]:
        rows = self._connection.execute(USED_SINCE, {"scope": scope, "key": key, "since": since})
        return [(row.at, row.amount) for row in rows]
