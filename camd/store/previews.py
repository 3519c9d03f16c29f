"""The mails that a dry run shows: one at most for each lead."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, delete, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler reads it too

from camd.domain.facts import CampaignId, LeadId
from camd.ports.records import DueMails, Preview
from camd.store.due_days import ends_named, is_before_the_end, place_of
from camd.store.rows import columns_of, values
from camd.store.sending_tables import previews

_row = previews.c
_ALL = select(*columns_of(previews, Preview))

_arriving = insert(previews)
PUT = _arriving.on_conflict_do_update(
    index_elements=["lead_id"],
    set_={column.name: _arriving.excluded[column.name] for column in previews.c if not column.primary_key},
)
OF_LEAD = _ALL.where(_row.lead_id == bindparam("lead_id"))
OF_CAMPAIGN = (
    _ALL.where(_row.campaign_id == bindparam("campaign_id"))
    .order_by(_row.due_at, _row.lead_id)
    .limit(bindparam("limit"))
)
INSTANTS = (
    select(_row.lead_id, _row.due_at)
    .where(_row.campaign_id == bindparam("campaign_id"), _row.due_at >= bindparam("since"))
    .order_by(_row.due_at, _row.lead_id)
)
_place = place_of(_row.due_at).label("place")
BY_DAY = (
    select(
        _row.campaign_id,
        _place,
        func.count(),
        func.sum(case((_row.step > literal_column("1"), literal_column("1")), else_=literal_column("0"))),
    )
    .where(
        _row.campaign_id.in_(bindparam("campaign_ids", expanding=True)),
        _row.due_at >= bindparam("since"),
        is_before_the_end(_row.due_at),
    )
    .group_by(_row.campaign_id, _place)
)
DROP_LEAD = delete(previews).where(_row.lead_id == bindparam("of_lead"))
DROP_CAMPAIGN = delete(previews).where(_row.campaign_id == bindparam("of_campaign"))


class Previews:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, preview: Preview) -> None:
        self._connection.execute(PUT, values(preview))

    def of_lead(self, lead_id: LeadId) -> Preview | None:
        row = self._connection.execute(OF_LEAD, {"lead_id": lead_id}).first()
        return None if row is None else Preview(*row)

    def of_campaign(self, campaign_id: CampaignId, limit: int) -> Sequence[Preview]:
        rows = self._connection.execute(OF_CAMPAIGN, {"campaign_id": campaign_id, "limit": limit})
        return [Preview(*row) for row in rows]

    def due_by_day(
        self, campaign_ids: Collection[CampaignId], since: datetime, ends: Sequence[datetime]
    ) -> Sequence[DueMails]:
        chosen = {"campaign_ids": list(campaign_ids), "since": since, **ends_named(ends)}
        return [DueMails(*row) for row in self._connection.execute(BY_DAY, chosen)]

    def instants(self, campaign_id: CampaignId, since: datetime) -> Sequence[tuple[LeadId, datetime]]:
        rows = self._connection.execute(INSTANTS, {"campaign_id": campaign_id, "since": since})
        return [(row.lead_id, row.due_at) for row in rows]

    def drop_lead(self, lead_id: LeadId) -> None:
        self.drop_leads([lead_id])

    def drop_leads(self, lead_ids: Collection[LeadId]) -> None:
        if rows := [{"of_lead": lead_id} for lead_id in lead_ids]:
            self._connection.execute(DROP_LEAD, rows)

    def drop_campaign(self, campaign_id: CampaignId) -> None:
        self._connection.execute(DROP_CAMPAIGN, {"of_campaign": campaign_id})
