"""What happened to a campaign's leads, counted for each of its local days."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler reads it too

from camd.domain.day_facts import DayFact
from camd.domain.facts import CampaignId
from camd.store.tables import campaign_days, campaigns

_row = campaign_days.c
_NOTHING: dict[str, object] = {fact.value: 0 for fact in DayFact}

_arriving = insert(campaign_days)
ADD = _arriving.on_conflict_do_update(
    index_elements=["campaign_id", "day"],
    set_={fact.value: _row[fact] + _arriving.excluded[fact] for fact in DayFact},
)
SINCE = (
    select(_row.day, *(_row[fact] for fact in DayFact))
    .where(_row.campaign_id == bindparam("in_campaign"), _row.day >= bindparam("first"))
    .order_by(_row.day)
)
SINCE_OF_ALL = (
    select(_row.day, *(func.sum(_row[fact]) for fact in DayFact))
    # Named one by one: the key of the table begins with the campaign.
    .where(_row.campaign_id.in_(select(campaigns.c.id)), _row.day >= bindparam("first"))
    .group_by(_row.day)
    .order_by(_row.day)
)


class Days:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, campaign_id: CampaignId, day: date, changes: Mapping[DayFact, int]) -> None:
        named = {fact.value: amount for fact, amount in changes.items()}
        self._connection.execute(ADD, _NOTHING | {"campaign_id": campaign_id, "day": day} | named)

    def since(self, campaign_id: CampaignId, day: date) -> Sequence[tuple[date, Mapping[DayFact, int]]]:
        rows = self._connection.execute(SINCE, {"in_campaign": campaign_id, "first": day})
        return [(each, dict(zip(DayFact, amounts, strict=True))) for each, *amounts in rows]

    def since_of_all(self, day: date) -> Sequence[tuple[date, Mapping[DayFact, int]]]:
        rows = self._connection.execute(SINCE_OF_ALL, {"first": day})
        return [(each, dict(zip(DayFact, amounts, strict=True))) for each, *amounts in rows]
