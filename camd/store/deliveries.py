"""What became of mails, counted for each local day of a campaign or mailbox."""

from collections.abc import Mapping
from datetime import date

import sqlalchemy as sa
from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler reads it too

from camd.ports.records import DeliveryFact, DeliveryScope
from camd.store.sending_tables import deliveries

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
CLEAN_DAYS = select(func.count()).where(
    *_of_key, _row.day < bindparam("before"), _row.sent > 0, *(_row[fact] == 0 for fact in _BLEMISHES)
)


class Deliveries:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, scope: DeliveryScope, key: str, day: date, fact: DeliveryFact, amount: int = 1) -> None:
        self._connection.execute(ADD, _NOTHING | {"scope": scope, "key": key, "day": day, fact.value: amount})

    def since(self, scope: DeliveryScope, key: str, day: date) -> Mapping[DeliveryFact, int]:
        sums = self._connection.execute(SINCE, {"scope": scope, "key": key, "day": day}).one()
        return dict(zip(DeliveryFact, sums, strict=True))

    def clean_days(self, mailbox: str, before: date) -> int:
        chosen = {"scope": DeliveryScope.MAILBOX, "key": mailbox, "before": before}
        days: int = self._connection.execute(CLEAN_DAYS, chosen).scalar_one()
        return days
