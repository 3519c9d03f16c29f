"""Small figures of a campaign, by name."""

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler reads it too

from camd.domain.facts import CampaignId
from camd.store.sending_tables import counters

_row = counters.c
_named = _row.name == bindparam("of_name")

GET = select(_row.amount).where(_named, _row.campaign_id == bindparam("in_campaign"))
TOTAL = select(func.coalesce(func.sum(_row.amount), 0)).where(_named)
_arriving = insert(counters)
PUT = _arriving.on_conflict_do_update(
    index_elements=["campaign_id", "name"], set_={"amount": _arriving.excluded.amount}
)
ADD = _arriving.on_conflict_do_update(
    index_elements=["campaign_id", "name"], set_={"amount": _row.amount + _arriving.excluded.amount}
)


class Counters:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, campaign_id: CampaignId, name: str) -> int:
        amount: int | None = self._connection.execute(GET, {"in_campaign": campaign_id, "of_name": name}).scalar()
        return amount or 0

    def put(self, campaign_id: CampaignId, name: str, amount: int) -> None:
        self._connection.execute(PUT, {"campaign_id": campaign_id, "name": name, "amount": amount})

    def add(self, campaign_id: CampaignId, name: str, amount: int) -> None:
        self._connection.execute(ADD, {"campaign_id": campaign_id, "name": name, "amount": amount})

    def total(self, name: str) -> int:
        return int(self._connection.execute(TOTAL, {"of_name": name}).scalar_one())
