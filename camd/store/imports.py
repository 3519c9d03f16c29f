"""Files that a person brought in."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, insert, select, update

from camd.domain.facts import CampaignId, ImportId
from camd.ports.records import Import, Listing
from camd.store.rows import NEWEST_ID, columns_of, values
from camd.store.tables import imports

_row = imports.c
_ALL = select(*columns_of(imports, Import))


def _page(of_campaign: bool) -> Select[Any]:
    page = _ALL.where(_row.id < bindparam("before")).order_by(_row.id.desc()).limit(bindparam("limit"))
    return page.where(_row.campaign_id == bindparam("campaign_id")) if of_campaign else page


ADD = insert(imports)
GET = _ALL.where(_row.id == bindparam("import_id"))
SAVE = update(imports).where(_row.id == bindparam("import_id"))
UNFINISHED = _ALL.where(_row.finished_at.is_(None), _row.undone_at.is_(None)).order_by(_row.id)
PAGE = {of_campaign: _page(of_campaign) for of_campaign in (False, True)}


class Imports:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, brought: Import) -> None:
        self._connection.execute(ADD, values(brought))

    def get(self, import_id: ImportId) -> Import | None:
        row = self._connection.execute(GET, {"import_id": import_id}).first()
        return None if row is None else Import(*row)

    def save(self, brought: Import) -> None:
        self._connection.execute(SAVE, values(brought) | {"import_id": brought.id})

    def unfinished(self) -> Sequence[Import]:
        return [Import(*row) for row in self._connection.execute(UNFINISHED)]

    def page(self, listing: Listing, campaign_id: CampaignId | None = None) -> Sequence[Import]:
        chosen: dict[str, object] = {"before": listing.before or NEWEST_ID, "limit": listing.limit}
        if campaign_id is not None:
            chosen["campaign_id"] = campaign_id
        rows = self._connection.execute(PAGE[campaign_id is not None], chosen)
        return [Import(*row) for row in rows]
