"""Touches with their optimistic versions, and the previews that stand in for them in a dry run."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler reads it too

from camd.domain.facts import CampaignId, LeadId, TouchId
from camd.ports.records import Preview, Touch
from camd.ports.store import StaleWrite
from camd.store.rows import record, values
from camd.store.tables import previews, touches

_row = touches.c
_preview = previews.c

INSERT = insert(touches).on_conflict_do_nothing(index_elements=["lead_id", "step"])
GET = select(touches).where(_row.id == bindparam("touch_id"))
OF_LEAD = select(touches).where(_row.lead_id == bindparam("lead_id")).order_by(_row.step)
SAVE = update(touches).where(_row.id == bindparam("touch_id"), _row.version == bindparam("read_version"))

_arriving = insert(previews)
PUT_PREVIEW = _arriving.on_conflict_do_update(
    index_elements=["lead_id"],
    set_={column.name: _arriving.excluded[column.name] for column in previews.c if not column.primary_key},
)
PREVIEW_OF_LEAD = select(previews).where(_preview.lead_id == bindparam("lead_id"))
PREVIEWS_OF_CAMPAIGN = (
    select(previews)
    .where(_preview.campaign_id == bindparam("campaign_id"))
    .order_by(_preview.due_at, _preview.lead_id)
    .limit(bindparam("limit"))
)
PREVIEW_INSTANTS = (
    select(_preview.lead_id, _preview.due_at)
    .where(_preview.campaign_id == bindparam("campaign_id"), _preview.due_at >= bindparam("since"))
    .order_by(_preview.due_at, _preview.lead_id)
)
DROP_LEAD_PREVIEW = delete(previews).where(_preview.lead_id == bindparam("of_lead"))
DROP_CAMPAIGN_PREVIEWS = delete(previews).where(_preview.campaign_id == bindparam("of_campaign"))


class Touches:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def insert(self, touch: Touch) -> bool:
        return self._connection.execute(INSERT, values(touch)).rowcount == 1

    def get(self, touch_id: TouchId) -> Touch | None:
        row = self._connection.execute(GET, {"touch_id": touch_id}).first()
        return None if row is None else _touch(row)

    def of_lead(self, lead_id: LeadId) -> Sequence[Touch]:
        return [_touch(row) for row in self._connection.execute(OF_LEAD, {"lead_id": lead_id})]

    def save(self, before: Touch, after: Touch) -> Touch:
        after = replace(after, version=before.version + 1)
        named = {"touch_id": before.id, "read_version": before.version}
        if self._connection.execute(SAVE, values(after) | named).rowcount == 0:
            raise StaleWrite(f"touch {before.id} is no longer at version {before.version}")
        return after


class Previews:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, preview: Preview) -> None:
        self._connection.execute(PUT_PREVIEW, values(preview))

    def of_lead(self, lead_id: LeadId) -> Preview | None:
        row = self._connection.execute(PREVIEW_OF_LEAD, {"lead_id": lead_id}).first()
        return None if row is None else _as_preview(row)

    def of_campaign(self, campaign_id: CampaignId, limit: int) -> Sequence[Preview]:
        rows = self._connection.execute(PREVIEWS_OF_CAMPAIGN, {"campaign_id": campaign_id, "limit": limit})
        return [_as_preview(row) for row in rows]

    def instants(self, campaign_id: CampaignId, since: datetime) -> Sequence[tuple[LeadId, datetime]]:
        rows = self._connection.execute(PREVIEW_INSTANTS, {"campaign_id": campaign_id, "since": since})
        return [(row.lead_id, row.due_at) for row in rows]

    def drop_lead(self, lead_id: LeadId) -> None:
        self._connection.execute(DROP_LEAD_PREVIEW, {"of_lead": lead_id})

    def drop_campaign(self, campaign_id: CampaignId) -> None:
        self._connection.execute(DROP_CAMPAIGN_PREVIEWS, {"of_campaign": campaign_id})


def _touch(row: Row[Any]) -> Touch:
    return record(Touch, row)


def _as_preview(row: Row[Any]) -> Preview:
    return record(Preview, row)
