"""Whom nobody writes to again, found by keyed hash."""

from collections.abc import Collection, Sequence
from typing import Any, cast

from sqlalchemy import Connection, Select, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler reads it too

from camd.domain.facts import SuppressionId
from camd.ports.records import Listing, Suppression, SuppressionFilter
from camd.store.prepared import Memory
from camd.store.rows import LIKE_SPECIAL, NEWEST_ID, columns_of, values
from camd.store.tables import suppressions

_row = suppressions.c
_ALL = select(*columns_of(suppressions, Suppression)).execution_options(record=Suppression)


def _page(*, of_reason: bool, of_part: bool) -> Select[Any]:
    page = _ALL.where(_row.id < bindparam("before")).order_by(_row.id.desc()).limit(bindparam("limit"))
    if of_part:
        has_part = func.lower(_row.value).like(bindparam("pattern"), escape="\\")
        page = page.where(has_part | _row.hash.in_(bindparam("hashes", expanding=True)))
    return page.where(_row.reason == bindparam("reason")) if of_reason else page


ADD = insert(suppressions).on_conflict_do_nothing(index_elements=["hash", "kind"])
GET = _ALL.where(_row.id == bindparam("suppression_id"))
COVERING = _ALL.where(_row.hash.in_(bindparam("hashes", expanding=True)))
REMOVE = delete(suppressions).where(_row.id == bindparam("suppression_id"))
PAGE = {
    (of_reason, of_part): _page(of_reason=of_reason, of_part=of_part)
    for of_reason in (False, True)
    for of_part in (False, True)
}
_REMEMBERED = 1024
KNOWN = Memory(suppressions)


class Suppressions:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, ...], Suppression | None] = KNOWN.of(connection)

    def add(self, suppression: Suppression) -> bool:
        return self._connection.execute(ADD, values(suppression)).rowcount == 1

    def get(self, suppression_id: SuppressionId) -> Suppression | None:
        return cast("Suppression | None", self._connection.execute(GET, {"suppression_id": suppression_id}).first())

    def covering(self, hashes: Collection[str]) -> Suppression | None:
        """Both marks of a mail ask for the same ones."""
        asked = tuple(hashes)
        if asked not in self._known:
            if len(self._known) == _REMEMBERED:
                self._known.clear()
            found = self._all(COVERING, {"hashes": asked})
            self._known[asked] = min(found, key=lambda one: (one.kind, one.id), default=None)
        return self._known[asked]

    def remove(self, suppression_id: SuppressionId) -> None:
        self._connection.execute(REMOVE, {"suppression_id": suppression_id})

    def page(self, listing: Listing, chosen: SuppressionFilter | None = None) -> Sequence[Suppression]:
        chosen = chosen or SuppressionFilter()
        wanted: dict[str, object] = {"before": listing.before or NEWEST_ID, "limit": listing.limit}
        if chosen.reason is not None:
            wanted["reason"] = chosen.reason
        if chosen.part is not None:
            wanted |= {"pattern": f"%{chosen.part.translate(LIKE_SPECIAL)}%", "hashes": chosen.hashes or ("",)}
        return self._all(PAGE[chosen.reason is not None, chosen.part is not None], wanted)

    def _all(self, statement: Select[Any], chosen: dict[str, object]) -> list[Suppression]:
        return cast("list[Suppression]", self._connection.execute(statement, chosen).all())
