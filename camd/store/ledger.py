"""What happened, in the order it was committed; rows are added and never changed."""

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Connection, Select, bindparam, insert, select
from sqlalchemy import Text as TextType

from camd.domain.events import Event
from camd.ports.records import EventFilter, LedgerRow
from camd.store.column_types import Instant
from camd.store.rows import columns_of, values
from camd.store.tables import ledger

_row = ledger.c


def _after(of: Literal["campaign_id", "lead_id"] | None) -> Select[Any]:
    """One statement for each index; whatever else is asked for is compared on the way."""
    actor, kind = bindparam("actor", type_=TextType), bindparam("type", type_=_row.type.type)
    since, campaign = bindparam("since", type_=Instant), bindparam("campaign_id", type_=_row.campaign_id.type)
    page = select(_row.seq, *columns_of(ledger, Event)).where(
        _row.seq > bindparam("seq"),
        actor.is_(None) | (_row.actor == actor),
        kind.is_(None) | (_row.type == kind),
        since.is_(None) | (_row.at >= since),
    )
    match of:
        case "campaign_id":
            page = page.where(_row.campaign_id == campaign)
        case "lead_id":
            page = page.where(_row.lead_id == bindparam("lead_id"), campaign.is_(None) | (_row.campaign_id == campaign))
        case None:
            pass
    return page.order_by(_row.seq).limit(bindparam("limit"))


APPEND = insert(ledger)
AFTER = _after(None)
AFTER_OF_CAMPAIGN = _after("campaign_id")
AFTER_OF_LEAD = _after("lead_id")


class Ledger:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, event: Event) -> None:
        self._connection.execute(APPEND, values(event))

    def after(self, seq: int, limit: int, chosen: EventFilter) -> Sequence[LedgerRow]:
        if chosen.lead_id is not None:
            statement = AFTER_OF_LEAD
        elif chosen.campaign_id is not None:
            statement = AFTER_OF_CAMPAIGN
        else:
            statement = AFTER
        rows = self._connection.execute(statement, values(chosen) | {"seq": seq, "limit": limit})
        return [LedgerRow(seq, Event(*event)) for seq, *event in rows]
