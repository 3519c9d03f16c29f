"""What the leads of a campaign count for (`domain.tally`), kept beside them and never counted anew."""

from collections import Counter
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler reads it too

from camd.domain.facts import CampaignId
from camd.store.tables import tallies

_row = tallies.c
_change = insert(tallies)
ADD = _change.on_conflict_do_update(
    index_elements=["campaign_id", "name"], set_={"amount": _row.amount + _change.excluded.amount}
)
OF_CAMPAIGNS = select(tallies).where(_row.campaign_id.in_(bindparam("campaign_ids", expanding=True)), _row.amount != 0)
OF_ALL = select(_row.name, func.sum(_row.amount)).group_by(_row.name)


def add(connection: Connection, campaign_id: CampaignId, change: Mapping[str, int]) -> None:
    if change:
        rows = [{"campaign_id": campaign_id, "name": name, "amount": amount} for name, amount in change.items()]
        connection.execute(ADD, rows)


def of_campaigns(connection: Connection, campaign_ids: Collection[CampaignId]) -> dict[CampaignId, Counter[str]]:
    """Without names whose amount is 0; every campaign asked for is in the answer."""
    amounts: dict[CampaignId, Counter[str]] = {campaign_id: Counter() for campaign_id in campaign_ids}
    for row in connection.execute(OF_CAMPAIGNS, {"campaign_ids": list(campaign_ids)}):
        amounts[row.campaign_id][row.name] = row.amount
    return amounts


def of_all(connection: Connection) -> dict[str, int]:
    return {name: int(amount) for name, amount in connection.execute(OF_ALL) if amount}
