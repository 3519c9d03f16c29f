"""Token buckets kept as one instant each, the debits that caps count, and the zones whose days they count."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler reads it too

from camd.domain.token_bucket import QuotaScope
from camd.ports.records import Debit, ZoneChange
from camd.store.prepared import Memory
from camd.store.rows import values
from camd.store.sending_tables import quota_buckets, quota_debits, quota_zones

_debit = quota_debits.c
_zone = quota_zones.c
_MOST_WINDOWS = 16
"""More than one mail is counted in."""
_NAMES = [f"{part}{place}" for place in range(_MOST_WINDOWS) for part in ("scope", "key", "since")]
_NONE: dict[datetime, int] = {}


def _counted(place: object = "") -> tuple[ColumnElement[bool], ...]:
    return (
        _debit.scope == bindparam(f"scope{place}"),
        _debit.key == bindparam(f"key{place}"),
        _debit.at >= bindparam(f"since{place}"),
    )


def _sums(windows: int) -> Select[Any]:
    used = select(func.coalesce(func.sum(_debit.amount), sa.literal_column("0")))
    return select(*(used.where(*_counted(place)).scalar_subquery() for place in range(windows)))


BUCKET = select(quota_buckets.c.theoretical_arrival).where(quota_buckets.c.name == bindparam("name"))
_arriving = insert(quota_buckets)
SET_BUCKET = _arriving.on_conflict_do_update(
    index_elements=["name"], set_={"theoretical_arrival": _arriving.excluded.theoretical_arrival}
)
DEBIT = insert(quota_debits)
USED = {windows: _sums(windows) for windows in range(1, _MOST_WINDOWS + 1)}
ADDED = select(_debit.id, _debit.scope, _debit.key, _debit.at, _debit.amount).where(_debit.id > bindparam("last"))
USED_SINCE = select(_debit.at, _debit.amount).where(*_counted()).order_by(_debit.at, _debit.id)
ZONE = select(_zone.zone, _zone.before, _zone.changed_at).where(_zone.name == bindparam("of_name"))
_change = insert(quota_zones)
SET_ZONE = _change.on_conflict_do_update(
    index_elements=["name"], set_={name: _change.excluded[name] for name in ("zone", "before", "changed_at")}
)
ZONES = Memory(quota_zones)
BUCKETS = Memory(quota_buckets, besides=[SET_BUCKET])
_KEYS = 1024
_WINDOWS_OF_A_KEY = 4
SUMS = Memory(quota_debits, besides=[DEBIT])
LAST = Memory(quota_debits, besides=[DEBIT])

Window = tuple[QuotaScope, str, datetime]


class Quotas:
    """Once it has debited, it remembers the sums that are asked for and reads the debits that come after, whoever
    writes them: each mail asks for those of the same days, and to count one anew takes the longer the more mails the
    day has seen."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._zones: dict[str, ZoneChange | None] = ZONES.of(connection)
        self._buckets: dict[str, datetime | None] = BUCKETS.of(connection)
        self._sums: dict[tuple[QuotaScope, str], dict[datetime, int]] = SUMS.of(connection)
        self._last: dict[str, int] = LAST.of(connection)

    def bucket(self, name: str) -> datetime | None:
        if name not in self._buckets:
            self._buckets[name] = self._connection.execute(BUCKET, {"name": name}).scalar()
        return self._buckets[name]

    def set_bucket(self, name: str, theoretical_arrival: datetime) -> None:
        self._connection.execute(SET_BUCKET, {"name": name, "theoretical_arrival": theoretical_arrival})
        self._buckets[name] = theoretical_arrival

    def debit(self, scope: QuotaScope, key: str, at: datetime, amount: int) -> None:
        self.debit_all([Debit(scope, key)], at, amount)

    def debit_all(self, caps: Sequence[Debit], at: datetime, amount: int) -> None:
        rows = [{"scope": cap.scope, "key": cap.key, "at": at, "amount": amount} for cap in caps]
        if rows and (last := self._connection.execute(DEBIT, rows).lastrowid) is not None:
            self._last.setdefault("id", last)

    def used(self, scope: QuotaScope, key: str, since: datetime) -> int:
        [amount] = self.used_of([(scope, key, since)])
        return amount

    def used_of(self, windows: Sequence[Window]) -> Sequence[int]:
        if self._last:
            self._count_on()
        known = [self._sums.get((scope, key), _NONE).get(since.astimezone(UTC)) for scope, key, since in windows]
        unknown = [window for window, amount in zip(windows, known, strict=True) if amount is None]
        counted = self._counted(unknown)
        if self._last:
            for window, amount in zip(unknown, counted, strict=True):
                self._remember(window, amount)
        fresh = iter(counted)
        return [next(fresh) if amount is None else amount for amount in known]

    def _count_on(self) -> None:
        """What is remembered has counted the rows up to the last number, and no other."""
        for number, scope, key, at, amount in self._connection.execute(ADDED, {"last": self._last["id"]}):
            self._last["id"] = max(number, self._last["id"])
            of_key = self._sums.get((scope, key), _NONE)
            for since in of_key:
                if at >= since:
                    of_key[since] += amount

    def _counted(self, windows: Sequence[Window]) -> list[int]:
        sums: list[int] = []
        for start in range(0, len(windows), _MOST_WINDOWS):
            batch = windows[start : start + _MOST_WINDOWS]
            asked = dict(zip(_NAMES, chain.from_iterable(batch), strict=False))
            sums += self._connection.execute(USED[len(batch)], asked).one()
        return sums

    def _remember(self, window: Window, amount: int) -> None:
        """In UTC: of one zone, the two instants of an hour that comes twice would be equal."""
        scope, key, since = window
        if len(self._sums) == _KEYS:
            self._sums.clear()
        of_key = self._sums.setdefault((scope, key), {})
        if len(of_key) == _WINDOWS_OF_A_KEY:
            del of_key[next(iter(of_key))]
        of_key[since.astimezone(UTC)] = amount

    def used_since(self, scope: QuotaScope, key: str, since: datetime) -> Sequence[tuple[datetime, int]]:
        rows = self._connection.execute(USED_SINCE, {"scope": scope, "key": key, "since": since})
        return [(row.at, row.amount) for row in rows]

    def zone(self, name: str) -> ZoneChange | None:
        if name not in self._zones:
            row = self._connection.execute(ZONE, {"of_name": name}).first()
            self._zones[name] = None if row is None else ZoneChange(*row)
        return self._zones[name]

    def set_zone(self, name: str, change: ZoneChange) -> None:
        self._connection.execute(SET_ZONE, {"name": name, **values(change)})
