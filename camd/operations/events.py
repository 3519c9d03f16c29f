"""The ledger, read in the order in which it was written."""

from camd.operations.desk import Desk
from camd.ports.records import EventFilter, LedgerRow
from camd.ports.store import Tx
from camd.schema.event import Event, EventPage
from camd.schema.page import DEFAULT_LIMIT, checked_limit


async def page(
    desk: Desk, chosen: EventFilter, *, after: int = 0, limit: int = DEFAULT_LIMIT, newest: bool = False
) -> EventPage:
    """The first events with a `seq` above `after`, or with `newest` the last ones, ascending."""

    def query(tx: Tx) -> EventPage:
        rows = tx.ledger.after(after, checked_limit(limit), chosen, newest=newest)
        return EventPage(items=[view(row) for row in rows], next=rows[-1].seq if rows else None)

    return await desk.read(query)


def view(row: LedgerRow) -> Event:
    event = row.event
    return Event(
        seq=row.seq,
        at=event.at,
        type=event.type,
        campaign_id=event.campaign_id,
        lead_id=event.lead_id,
        touch_id=event.touch_id,
        actor=event.actor,
        data=dict(event.data),
    )
