"""The ledger as the API prints it."""

from camd.domain.events import EventType
from camd.schema.values import Instant, View


class Event(View):
    """`data` carries ids, reasons and figures, never an address, name or text."""

    seq: int
    at: Instant
    type: EventType
    campaign_id: int | None
    lead_id: str | None
    touch_id: str | None
    actor: str
    data: dict[str, str | int | float | bool | None]


class EventPage(View):
    """Ascending; `next` is the last `seq` of the page, to be asked for with `after`; null on an empty page."""

    items: list[Event]
    next: int | None = None
