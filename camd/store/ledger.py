"""What happened, in the order it was committed; rows are added and never changed.

What an event counts for (`domain.day_facts`) is counted with its row, on its campaign's local day.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from sqlalchemy import Connection, Select, bindparam, func, insert, select
from sqlalchemy import Text as TextType

from camd.domain.day_facts import counted
from camd.domain.events import Event, EventType
from camd.domain.facts import CampaignId
from camd.domain.send_window import local_day
from camd.domain.zones import UnknownZone
from camd.ports.records import EventFilter, LedgerRow
from camd.store.campaigns import Campaigns
from camd.store.column_types import Instant
from camd.store.days import Days
from camd.store.rows import columns_of, values
from camd.store.tables import ledger

_row = ledger.c
_ALL = select(_row.seq, _row.is_dry, *columns_of(ledger, Event))


_Of = Literal["campaign_id", "lead_id"] | None


def _after(of: _Of, *, newest: bool = False) -> Select[Any]:
    """One statement for each index; whatever else is asked for is compared on the way."""
    actor, kind = bindparam("actor", type_=TextType), bindparam("type", type_=_row.type.type)
    since, campaign = bindparam("since", type_=Instant), bindparam("campaign_id", type_=_row.campaign_id.type)
    page = _ALL.where(
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
    return page.order_by(_row.seq.desc() if newest else _row.seq).limit(bindparam("limit"))


APPEND = insert(ledger)
AFTER = _after(None)
AFTER_OF_CAMPAIGN = _after("campaign_id")
AFTER_OF_LEAD = _after("lead_id")
NEWEST = _after(None, newest=True)
NEWEST_OF_CAMPAIGN = _after("campaign_id", newest=True)
NEWEST_OF_LEAD = _after("lead_id", newest=True)
GET = _ALL.where(_row.seq == bindparam("of_seq"))
LAST_SEQ = select(func.max(_row.seq))
NEXT_OF = (
    select(_row.type)
    .where(
        _row.campaign_id == bindparam("of_campaign"),
        _row.seq > bindparam("seq"),
        _row.type.in_(bindparam("kinds", expanding=True)),
    )
    .order_by(_row.seq)
    .limit(1)
)


class Ledger:
    def __init__(self, connection: Connection, campaigns: Campaigns, days: Days) -> None:
        self._connection = connection
        self._is_dry = False
        self._campaigns = campaigns
        self._days = days

    def append(self, event: Event) -> None:
        self._connection.execute(APPEND, values(event) | {"is_dry": self._is_dry})
        if event.campaign_id is not None and (facts := counted(event)):
            campaign = self._campaigns.get(event.campaign_id)
            assert campaign is not None, "a campaign is never removed"
            try:
                day = local_day(event.at, campaign.definition.timezone)
            except UnknownZone:
                day = event.at.date()  # the zone data lost it: until a person mends that, the days are those of UTC
            self._days.add(campaign.id, day, Counter(facts))

    def after(self, seq: int, limit: int, chosen: EventFilter, *, newest: bool = False) -> Sequence[LedgerRow]:
        if chosen.lead_id is not None:
            statement = NEWEST_OF_LEAD if newest else AFTER_OF_LEAD
        elif chosen.campaign_id is not None:
            statement = NEWEST_OF_CAMPAIGN if newest else AFTER_OF_CAMPAIGN
        else:
            statement = NEWEST if newest else AFTER
        rows = self._connection.execute(statement, values(chosen) | {"seq": seq, "limit": limit})
        found = [_ledger_row(row) for row in rows]
        return found[::-1] if newest else found

    def get(self, seq: int) -> LedgerRow | None:
        row = self._connection.execute(GET, {"of_seq": seq}).first()
        return None if row is None else _ledger_row(row)

    def last_seq(self) -> int:
        last: int | None = self._connection.execute(LAST_SEQ).scalar()
        return last or 0

    def next_of(self, campaign_id: CampaignId, seq: int, kinds: Collection[EventType]) -> EventType | None:
        chosen = {"of_campaign": campaign_id, "seq": seq, "kinds": sorted(kinds)}
        return self._connection.execute(NEXT_OF, chosen).scalar()

    @contextmanager
    def in_dry_run(self) -> Iterator[None]:
        self._is_dry = True
        try:
            yield
        finally:
            self._is_dry = False


def _ledger_row(row: Sequence[Any]) -> LedgerRow:
    """`Any`: each column has its own type."""
    seq, is_dry, *event = row
    return LedgerRow(seq, Event(*event), is_dry)
