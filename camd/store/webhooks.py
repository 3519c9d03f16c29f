"""Where each endpoint stands, and its deliveries from the ledger's event to their end."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler reads it too

from camd.domain.webhooks import DeliveryStatus
from camd.ports.records import Listing
from camd.ports.store import StaleWrite
from camd.ports.webhooks import Backlog, Delivery, DeliveryId, Endpoint
from camd.store.rows import NEWEST_NUMBER, changed, columns_of, values
from camd.store.webhook_tables import DEAD, OVER, PENDING, webhook_deliveries, webhook_endpoints

_point = webhook_endpoints.c
_row = webhook_deliveries.c
_ALL = select(*columns_of(webhook_deliveries, Delivery))
_POINTS = select(*columns_of(webhook_endpoints, Endpoint))
_of_endpoint = _row.endpoint == bindparam("of_endpoint")
_limit: BindParameter[int] = bindparam("limit")


def _page(of_status: bool) -> Select[Any]:
    page = _ALL.where(_row.id < bindparam("before")).order_by(_row.id.desc()).limit(_limit)
    return page.where(_row.status == bindparam("with_status")) if of_status else page


_arriving = insert(webhook_endpoints)
ENDPOINT = _POINTS.where(_point.name == bindparam("of_name"))
ENDPOINTS = _POINTS.order_by(_point.name)
PUT = _arriving.on_conflict_do_update(
    index_elements=["name"],
    set_={column.name: _arriving.excluded[column.name] for column in webhook_endpoints.c if column.name != "name"},
)
DROP = delete(webhook_endpoints).where(_point.name == bindparam("of_name"))
EVENT_ID = select(_row.event_id).where(_row.seq == bindparam("of_seq")).limit(1)
ADD = insert(webhook_deliveries).on_conflict_do_nothing(index_elements=["seq", "endpoint"])
GET = _ALL.where(_row.id == bindparam("delivery_id"))
SAVE = update(webhook_deliveries).where(
    _row.id == bindparam("delivery_id"),
    _row.status == bindparam("read_status"),
    _row.attempts == bindparam("read_attempts"),
)
DUE = _ALL.where(PENDING, _of_endpoint, _row.next_at <= bindparam("now")).order_by(_row.next_at, _row.seq).limit(_limit)
OLDEST = _ALL.where(PENDING, _of_endpoint).order_by(_row.seq).limit(1)
NEXT_AT = select(func.min(_row.next_at)).where(PENDING, _of_endpoint)
HURRY = update(webhook_deliveries).where(PENDING, _of_endpoint, _row.next_at > bindparam("now"))
RENEW = update(webhook_deliveries).where(PENDING, _of_endpoint)
BURY = update(webhook_deliveries).where(PENDING, _of_endpoint, _row.created_at < bindparam("before"))
BACKLOG = select(func.count(), func.min(_row.created_at)).where(PENDING, _of_endpoint)
COUNT_DEAD = select(func.count()).where(DEAD, _of_endpoint)
PAGE = {of_status: _page(of_status) for of_status in (False, True)}
FORGET = delete(webhook_deliveries).where(
    _row.id.in_(
        select(_row.id).where(OVER, _row.settled_at < bindparam("before")).order_by(_row.settled_at).limit(_limit)
    )
)


class Webhooks:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def endpoint(self, name: str) -> Endpoint | None:
        row = self._connection.execute(ENDPOINT, {"of_name": name}).first()
        return None if row is None else Endpoint(*row)

    def endpoints(self) -> Mapping[str, Endpoint]:
        found = [Endpoint(*row) for row in self._connection.execute(ENDPOINTS)]
        return {endpoint.name: endpoint for endpoint in found}

    def put(self, endpoint: Endpoint) -> None:
        self._connection.execute(PUT, values(endpoint))

    def drop(self, name: str) -> None:
        self._connection.execute(DROP, {"of_name": name})

    def event_id(self, seq: int) -> str | None:
        return self._connection.execute(EVENT_ID, {"of_seq": seq}).scalar()

    def add(self, endpoint: str, seq: int, event_id: str, at: datetime) -> None:
        row = {"endpoint": endpoint, "seq": seq, "event_id": event_id, "status": DeliveryStatus.PENDING}
        self._connection.execute(ADD, {**row, "created_at": at, "next_at": at, "attempts": 0})

    def get(self, delivery_id: DeliveryId) -> Delivery | None:
        return self._first(GET, delivery_id=delivery_id)

    def save(self, before: Delivery, after: Delivery) -> Delivery:
        written = {"status": after.status} | changed(before, after)
        assert written.keys().isdisjoint(_FIXED), f"a delivery keeps its {', '.join(sorted(_FIXED))}"
        named = {"delivery_id": before.id, "read_status": before.status, "read_attempts": before.attempts}
        if self._connection.execute(SAVE, written | named).rowcount == 0:
            raise StaleWrite(f"delivery {before.id} is no longer {before.status} after {before.attempts} attempts")
        return after

    def due(self, endpoint: str, now: datetime, limit: int) -> Sequence[Delivery]:
        return self._all(DUE, of_endpoint=endpoint, now=now, limit=limit)

    def oldest(self, endpoint: str) -> Delivery | None:
        return self._first(OLDEST, of_endpoint=endpoint)

    def next_at(self, endpoint: str) -> datetime | None:
        return self._connection.execute(NEXT_AT, {"of_endpoint": endpoint}).scalar()

    def hurry(self, endpoint: str, now: datetime) -> None:
        self._connection.execute(HURRY, {"of_endpoint": endpoint, "now": now, "next_at": now})

    def renew(self, endpoint: str, now: datetime) -> None:
        fresh = {"next_at": now, "attempts": 0, "first_attempt_at": None}
        self._connection.execute(RENEW, {"of_endpoint": endpoint, **fresh})

    def bury(self, endpoint: str, before: datetime, now: datetime, reason: str) -> int:
        over = {"status": DeliveryStatus.DEAD, "settled_at": now, "reason": reason}
        return self._connection.execute(BURY, {"of_endpoint": endpoint, "before": before, **over}).rowcount

    def backlog(self, endpoint: str) -> Backlog:
        count, oldest_at = self._connection.execute(BACKLOG, {"of_endpoint": endpoint}).one()
        return Backlog(count, oldest_at)

    def count_dead(self, endpoint: str) -> int:
        count: int = self._connection.execute(COUNT_DEAD, {"of_endpoint": endpoint}).scalar_one()
        return count

    def page(self, listing: Listing, status: DeliveryStatus | None = None) -> Sequence[Delivery]:
        before = NEWEST_NUMBER if listing.before is None else int(listing.before)
        chosen = {} if status is None else {"with_status": status}
        return self._all(PAGE[status is not None], before=before, limit=listing.limit, **chosen)

    def forget(self, before: datetime, limit: int) -> int:
        return self._connection.execute(FORGET, {"before": before, "limit": limit}).rowcount

    def _first(self, statement: Select[Any], **chosen: object) -> Delivery | None:
        found = self._all(statement, **chosen)
        return found[0] if found else None

    def _all(self, statement: Select[Any], **chosen: object) -> list[Delivery]:
        return [Delivery(*row) for row in self._connection.execute(statement, chosen)]


_FIXED = frozenset({"id", "endpoint", "seq", "event_id", "created_at"})
