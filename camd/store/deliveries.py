"""What became of mails, counted for each local day of a campaign or mailbox."""

from collections.abc import Mapping, Sequence
from datetime import date

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler reads it too

from camd.ports.records import DeliveryFact, DeliveryScope
from camd.store.prepared import Memory
from camd.store.sending_tables import deliveries
from camd.store.tables import campaigns

_row = deliveries.c
_of_key = (_row.scope == bindparam("scope"), _row.key == bindparam("key"))
_BLEMISHES = (
    DeliveryFact.HARD_BOUNCES,
    DeliveryFact.HARD_5XX_RCPT,
    DeliveryFact.REFUSALS,
    DeliveryFact.REFUSED_LOG_INS,
)
_NOTHING: dict[str, object] = {fact.value: 0 for fact in DeliveryFact}

_arriving = insert(deliveries)
ADD = _arriving.on_conflict_do_update(
    index_elements=["scope", "key", "day"],
    set_={fact.value: _row[fact] + _arriving.excluded[fact] for fact in DeliveryFact},
)
SINCE = select(*(func.coalesce(func.sum(_row[fact]), sa.literal_column("0")) for fact in DeliveryFact)).where(
    *_of_key, _row.day >= bindparam("day")
)
DAYS = (
    select(_row.day, *(_row[fact] for fact in DeliveryFact))
    .where(*_of_key, _row.day >= bindparam("first"))
    .order_by(_row.day)
)
DAYS_OF_ALL = (
    select(_row.day, *(func.sum(_row[fact]) for fact in DeliveryFact))
    # Named one by one: the key of the table begins with the campaign.
    .where(
        _row.scope == DeliveryScope.CAMPAIGN,
        _row.key.in_(select(sa.cast(campaigns.c.id, sa.Text))),
        _row.day >= bindparam("first"),
    )
    .group_by(_row.day)
    .order_by(_row.day)
)
CLEAN_DAYS = select(func.count()).where(
    *_of_key, _row.day < bindparam("before"), _row.sent > 0, *(_row[fact] == 0 for fact in _BLEMISHES)
)
KNOWN = Memory(deliveries, besides=[ADD])


class Deliveries:
    """Remembers the last sums that were asked for, of each campaign and mailbox, and counts them on."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sums: dict[tuple[DeliveryScope, str], tuple[date, dict[DeliveryFact, int]]] = KNOWN.of(connection)

    def add(self, scope: DeliveryScope, key: str, day: date, fact: DeliveryFact, amount: int = 1) -> None:
        if (known := self._sums.get((scope, key))) and day >= known[0]:
            known[1][fact] += amount
        self._connection.execute(ADD, _NOTHING | {"scope": scope, "key": key, "day": day, fact.value: amount})

    def since(self, scope: DeliveryScope, key: str, day: date) -> Mapping[DeliveryFact, int]:
        first, sums = self._sums.get((scope, key), (None, {}))
        if first != day:
            row = self._connection.execute(SINCE, {"scope": scope, "key": key, "day": day}).one()
            sums = dict(zip(DeliveryFact, row, strict=True))
            self._sums[scope, key] = day, sums
        return sums.copy()

    def days(self, scope: DeliveryScope, key: str, day: date) -> Sequence[tuple[date, Mapping[DeliveryFact, int]]]:
        rows = self._connection.execute(DAYS, {"scope": scope, "key": key, "first": day})
        return [(each, dict(zip(DeliveryFact, amounts, strict=True))) for each, *amounts in rows]

    def days_of_all(self, day: date) -> Sequence[tuple[date, Mapping[DeliveryFact, int]]]:
        rows = self._connection.execute(DAYS_OF_ALL, {"first": day})
        return [(each, dict(zip(DeliveryFact, amounts, strict=True))) for each, *amounts in rows]

    def clean_days(self, mailbox: str, before: date) -> int:
        chosen = {"scope": DeliveryScope.MAILBOX, "key": mailbox, "before": before}
        days: int = self._connection.execute(CLEAN_DAYS, chosen).scalar_one()
        return days
