"""Touches with their optimistic versions, and the queues of those that are in work."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import BindParameter, ColumnElement, Connection, Select, bindparam, case, func, null, select, update
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler reads it too

from camd.domain.facts import CampaignId, LeadId, TouchId
from camd.domain.frozen import replace
from camd.ports.records import DueMails, Listing, StandingMails, Touch, TouchFilter, TouchStatus
from camd.ports.store import StaleWrite
from camd.store.due_days import ends_named, is_before_the_end, place_of
from camd.store.inbox_tables import touch_aliases
from camd.store.prepared import Memory
from camd.store.rows import NEWEST_ID, changed, columns_of, values
from camd.store.sending_tables import APPROVED, KEPT_TEXT, PLANNED, QUEUED, WAITS, over_at, touches
from camd.store.tables import campaigns

_row = touches.c
_ALL = select(*columns_of(touches, Touch)).execution_options(record=Touch)
_of_campaign = _row.campaign_id == bindparam("in_campaign")
_of_mailbox = _row.mailbox == bindparam("on_mailbox")
_limit: BindParameter[int] = bindparam("limit")

_FILTERS = ("lead_id", "campaign_id", "status", "mailbox", "channel")
_UNDER_WAY = (TouchStatus.INTENT, TouchStatus.ON_WIRE)
_INDEXED = (("lead_id",), ("campaign_id", "status"), ("status",), ("campaign_id",), ("mailbox",), ("channel",), ())


def _page(by: tuple[str, ...]) -> Select[Any]:
    """One statement for each index; whatever else is asked for is compared on the way."""
    page = _ALL.where(_row.id < bindparam("before"))
    for name in _FILTERS:
        wanted = bindparam(name, type_=_row[name].type)
        page = page.where(_row[name] == wanted if name in by else wanted.is_(None) | (_row[name] == wanted))
    return page.order_by(_row.id.desc()).limit(_limit)


INSERT = insert(touches).on_conflict_do_nothing(index_elements=["lead_id", "step"])
GET = _ALL.where(_row.id == bindparam("touch_id"))
OF_LEAD = _ALL.where(_row.lead_id == bindparam("lead_id")).order_by(_row.step)
SENT_BESIDES = select(_row.id).where(
    _row.lead_id == bindparam("lead_id"),
    _row.step == bindparam("step"),
    _row.id != bindparam("besides"),
    _row.status.in_((TouchStatus.ON_WIRE, TouchStatus.SENT, TouchStatus.UNKNOWN)),
)
SAVE = update(touches).where(_row.id == bindparam("touch_id"), _row.version == bindparam("read_version"))
NEXT_READY = (
    _ALL.where(
        WAITS,
        _of_mailbox,
        _row.campaign_id > bindparam("above"),
        _row.ready_at <= bindparam("now"),
        (_row.status == sa.literal_column("'deferred'")) | (_row.ready_at >= bindparam("overdue_before")),
    )
    .order_by(_row.campaign_id, _row.follow_up.desc(), _row.score.desc(), _row.due_at, _row.id)
    .limit(1)
)
NEXT_READY_AT = select(func.min(_row.ready_at)).where(WAITS, _of_mailbox, _row.ready_at > bindparam("after"))
READY_OF = (
    _ALL.where(WAITS, _of_campaign, _row.ready_at <= bindparam("now")).order_by(_row.ready_at, _row.id).limit(_limit)
)
IN_FLIGHT = _ALL.where(_row.status.in_(_UNDER_WAY)).order_by(_row.id)
PLANNED_OF = (
    _ALL.where(PLANNED, _of_campaign, _row.channel == bindparam("of_channel"))
    .order_by(_row.due_at, _row.id)
    .limit(_limit)
)
APPROVED_BEFORE = (
    _ALL.where(APPROVED, _of_campaign, _row.ready_at < bindparam("before"))
    .order_by(_row.ready_at, _row.id)
    .limit(_limit)
)
READY_INSTANTS = (
    select(_row.ready_at).where(APPROVED, _of_campaign, _row.ready_at >= bindparam("since")).order_by(_row.ready_at)
)
_follow_ups = func.sum(case((_row.follow_up, sa.literal_column("1")), else_=sa.literal_column("0")))


def _by_day(at: ColumnElement[datetime], *wanted: ColumnElement[bool]) -> Select[Any]:
    place = place_of(at).label("place")
    in_campaigns = _row.campaign_id.in_(bindparam("campaign_ids", expanding=True))
    counted = select(_row.campaign_id, place, func.count(), _follow_ups)
    return counted.where(*wanted, in_campaigns, is_before_the_end(at)).group_by(_row.campaign_id, place)


PLANNED_BY_DAY = _by_day(_row.due_at, PLANNED, _row.channel == sa.literal_column("'email'"))
READY_BY_DAY = _by_day(_row.ready_at, WAITS)
NEXT_OF = select(func.min(_row.ready_at)).where(WAITS, _of_campaign)
_is_ready = (_row.ready_at <= bindparam("now")).label("is_ready")
_deferred = sa.literal_column("'deferred'", sa.Text)
_put_off_for = case((_row.status == _deferred, _deferred), else_=_row.reason).label("put_off_for")
STANDING = (
    select(_row.mailbox, _put_off_for, _is_ready, func.count(), func.min(_row.ready_at))
    .where(WAITS, _of_campaign, _is_ready | _row.reason.is_not(None))
    .group_by(_row.mailbox, _put_off_for, _is_ready)
)
BEGUN_SINCE = select(func.count(), _follow_ups).where(
    _row.intent_at.is_not(None), _of_mailbox, _row.intent_at >= bindparam("since"), _of_campaign
)
UNBOUND = (
    _ALL.where(
        QUEUED,
        _of_mailbox,
        ~_row.follow_up,
        _row.id > bindparam("after"),
        _row.status != TouchStatus.DEFERRED,
        _row.message_id.is_(None),
    )
    .order_by(_row.id)
    .limit(_limit)
)
NEXT_WAITING_MAILBOX = select(func.min(_row.mailbox)).where(QUEUED, _row.mailbox > bindparam("after"))
COUNT_QUEUED = select(func.count()).select_from(touches).where(QUEUED, _of_mailbox)
COUNT_DUE = (
    select(func.count())
    .select_from(touches.join(campaigns, campaigns.c.id == _row.campaign_id))
    .where(WAITS, _of_mailbox, _row.ready_at <= bindparam("now"), campaigns.c.status == sa.literal_column("'active'"))
)
# A new version: whoever read the touch before must not write its old instant back.
REARM = (
    update(touches)
    .where(WAITS, _row.lead_id == bindparam("of_lead"), _row.ready_at.is_(None))
    .values(ready_at=bindparam("at"), version=_row.version + 1)
)
OF_MESSAGE = _ALL.where(_row.message_id == bindparam("message"))
OF_ALIAS = _ALL.join(touch_aliases, touch_aliases.c.touch_id == _row.id).where(
    touch_aliases.c.message_id == bindparam("message")
)
ADD_ALIAS = insert(touch_aliases).on_conflict_do_nothing(index_elements=["message_id"])
COUNT = select(func.count()).where(_row.status == bindparam("status"))
COUNT_OF_CHANNEL = COUNT.where(_row.channel == bindparam("of_channel"))
OLDEST_UNKNOWN = select(func.min(_row.on_wire_at)).where(_row.status == TouchStatus.UNKNOWN)
FIRST_INTENT_AT = select(func.min(_row.intent_at)).where(_of_mailbox, _row.intent_at.is_not(None))
UNKNOWN = _ALL.where(_row.status == TouchStatus.UNKNOWN).order_by(_row.id)
# A new version: whoever read the touch before must not write its old text back.
FORGET_TEXTS = (
    update(touches)
    .where(_row.id.in_(select(_row.id).where(KEPT_TEXT, over_at < bindparam("before")).order_by(over_at).limit(_limit)))
    .values(body=null(), version=_row.version + 1)
)
PAGE = {by: _page(by) for by in _INDEXED}
KNOWN = Memory(touches, besides=[INSERT, SAVE])


class Touches:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._in_flight: dict[TouchId, Touch] = KNOWN.of(connection)

    def insert(self, touch: Touch) -> bool:
        return self._connection.execute(INSERT, values(touch)).rowcount == 1

    def get(self, touch_id: TouchId) -> Touch | None:
        return self._in_flight.get(touch_id) or self._first(GET, touch_id=touch_id)

    def of_lead(self, lead_id: LeadId) -> Sequence[Touch]:
        return self._all(OF_LEAD, lead_id=lead_id)

    def is_sent_besides(self, touch: Touch) -> bool:
        chosen = {"lead_id": touch.lead_id, "step": touch.step, "besides": touch.id}
        return self._connection.execute(SENT_BESIDES, chosen).first() is not None

    def save(self, before: Touch, after: Touch) -> Touch:
        """Writes what differs, so that the indexes of the rest are left alone."""
        after = replace(after, version=before.version + 1)
        written = changed(before, after)
        assert _FIXED.isdisjoint(written), f"a touch keeps its {', '.join(sorted(_FIXED))}"
        named = {"touch_id": before.id, "read_version": before.version}
        self._in_flight.pop(before.id, None)
        if self._connection.execute(SAVE, written | named).rowcount == 0:
            raise StaleWrite(f"touch {before.id} is no longer at version {before.version}")
        if after.status in _UNDER_WAY:
            # The second mark and the outcome ask for it again.
            self._in_flight[after.id] = after
        return after

    def next_ready(self, mailbox: str, above: CampaignId, now: datetime, overdue_before: datetime) -> Touch | None:
        return self._first(NEXT_READY, on_mailbox=mailbox, above=above, now=now, overdue_before=overdue_before)

    def next_ready_at(self, mailbox: str, after: datetime) -> datetime | None:
        return self._connection.execute(NEXT_READY_AT, {"on_mailbox": mailbox, "after": after}).scalar()

    def ready_of(self, campaign_id: CampaignId, now: datetime, limit: int) -> Sequence[Touch]:
        return self._all(READY_OF, in_campaign=campaign_id, now=now, limit=limit)

    def in_flight(self, mailbox: str | None = None) -> Sequence[Touch]:
        return [touch for touch in self._all(IN_FLIGHT) if mailbox in (None, touch.mailbox)]

    def planned(self, campaign_id: CampaignId, channel: str, limit: int) -> Sequence[Touch]:
        return self._all(PLANNED_OF, in_campaign=campaign_id, of_channel=channel, limit=limit)

    def approved(self, campaign_id: CampaignId, before: datetime, limit: int) -> Sequence[Touch]:
        return self._all(APPROVED_BEFORE, in_campaign=campaign_id, before=before, limit=limit)

    def ready_instants(self, campaign_id: CampaignId, since: datetime) -> Sequence[datetime]:
        return self._connection.execute(READY_INSTANTS, {"in_campaign": campaign_id, "since": since}).scalars().all()

    def due_by_day(self, campaign_ids: Collection[CampaignId], ends: Sequence[datetime]) -> Sequence[DueMails]:
        chosen = {"campaign_ids": list(campaign_ids), **ends_named(ends)}
        both = (self._connection.execute(statement, chosen) for statement in (PLANNED_BY_DAY, READY_BY_DAY))
        return [DueMails(*row) for rows in both for row in rows]

    def next_of(self, campaign_id: CampaignId) -> datetime | None:
        return self._connection.execute(NEXT_OF, {"in_campaign": campaign_id}).scalar()

    def standing_of(self, campaign_id: CampaignId, now: datetime) -> Sequence[StandingMails]:
        rows = self._connection.execute(STANDING, {"in_campaign": campaign_id, "now": now})
        return [StandingMails(box, reason, bool(is_ready), mails, at) for box, reason, is_ready, mails, at in rows]

    def begun_since(self, campaign_id: CampaignId, mailbox: str, since: datetime) -> tuple[int, int]:
        chosen = {"in_campaign": campaign_id, "on_mailbox": mailbox, "since": since}
        begun, follow_ups = self._connection.execute(BEGUN_SINCE, chosen).one()
        return begun, follow_ups or 0

    def unbound(self, mailbox: str, after: TouchId | None, limit: int) -> Sequence[Touch]:
        return self._all(UNBOUND, on_mailbox=mailbox, after=after or "", limit=limit)

    def waiting_mailboxes(self) -> Sequence[str]:
        """One look at the index for each of them, however many touches wait there."""
        found: list[str] = []
        while name := self._connection.execute(NEXT_WAITING_MAILBOX, {"after": found[-1] if found else ""}).scalar():
            found.append(name)
        return found

    def queued(self, mailbox: str) -> int:
        return self._count(COUNT_QUEUED, on_mailbox=mailbox)

    def count_due(self, mailbox: str, now: datetime) -> int:
        return self._count(COUNT_DUE, on_mailbox=mailbox, now=now)

    def rearm(self, lead_id: LeadId, at: datetime) -> int:
        return self._connection.execute(REARM, {"of_lead": lead_id, "at": at}).rowcount

    def of_message(self, message_id: str) -> Touch | None:
        return self._first(OF_MESSAGE, message=message_id)

    def first_intent_at(self, mailbox: str) -> datetime | None:
        return self._connection.execute(FIRST_INTENT_AT, {"on_mailbox": mailbox}).scalar()

    def unknown_of(self, mailbox: str) -> Sequence[Touch]:
        return [touch for touch in self._all(UNKNOWN) if touch.mailbox == mailbox]

    def forget_texts(self, before: datetime, limit: int) -> int:
        return self._connection.execute(FORGET_TEXTS, {"before": before, "limit": limit}).rowcount

    def of_alias(self, message_id: str) -> Touch | None:
        return self._first(OF_ALIAS, message=message_id)

    def add_alias(self, message_id: str, touch_id: TouchId) -> None:
        self._connection.execute(ADD_ALIAS, {"message_id": message_id, "touch_id": touch_id})

    def page(self, listing: Listing, chosen: TouchFilter) -> Sequence[Touch]:
        wanted = values(chosen)
        by = next(names for names in _INDEXED if all(wanted[name] is not None for name in names))
        return self._all(PAGE[by], before=listing.before or NEWEST_ID, limit=listing.limit, **wanted)

    def count(self, status: TouchStatus, channel: str | None = None) -> int:
        if channel is None:
            return self._count(COUNT, status=status)
        return self._count(COUNT_OF_CHANNEL, status=status, of_channel=channel)

    def oldest_unknown(self) -> datetime | None:
        return self._connection.execute(OLDEST_UNKNOWN).scalar()

    def _first(self, statement: Select[Any], **chosen: object) -> Touch | None:
        return cast("Touch | None", self._connection.execute(statement, chosen).first())

    def _all(self, statement: Select[Any], **chosen: object) -> list[Touch]:
        return cast("list[Touch]", self._connection.execute(statement, chosen).all())

    def _count(self, statement: Select[Any], **chosen: object) -> int:
        count: int = self._connection.execute(statement, chosen).scalar_one()
        return count


_FIXED = frozenset({"id", "campaign_id", "lead_id", "step"})
