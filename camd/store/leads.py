"""Leads with their holds and their campaign's tallies: whatever writes a lead writes the three together."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Select, bindparam, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert  # SQLite's compiler reads it too

from camd.domain.facts import CampaignId, ImportId, LeadId
from camd.domain.frozen import replace
from camd.domain.lead import Action, Hold, Lead, LeadStatus
from camd.domain.tally import difference, tally, waits_name
from camd.ports.records import Identity, LeadFilter, Listing, TouchStatus
from camd.ports.store import StaleWrite
from camd.store import tallies
from camd.store.instance import Instance
from camd.store.lead_columns import (
    HOLD,
    LEAD,
    address_of,
    changes,
    columns,
    hashed_key,
    lead_of,
    leads_of,
    search_pattern,
    tag_pattern,
    top_domain,
)
from camd.store.lookups import DROP_OF_LEAD
from camd.store.prepared import Memory
from camd.store.rows import NEWEST_ID, values
from camd.store.sending_tables import previews, touches
from camd.store.tables import lead_holds, leads

_row = leads.c
_hold = lead_holds.c
_of_campaign = _row.campaign_id == bindparam("in_campaign")
# A new one is written to as soon as it is enriched.
_OPEN = (LeadStatus.NEW, LeadStatus.ENRICHED, LeadStatus.CONTACTED)
_HANDED_OVER = (TouchStatus.ON_WIRE, TouchStatus.SENT, TouchStatus.UNKNOWN, TouchStatus.DONE)


def _page(of_campaign: bool, of_status: bool) -> Select[Any]:
    """One statement for each index; whatever else is asked for is compared on the way."""
    tag, search = bindparam("tag", type_=sa.Text), bindparam("search", type_=sa.Text)
    held = bindparam("held", type_=sa.Boolean)
    is_held = exists().where(_hold.lead_id == _row.id)
    page = select(*LEAD).where(
        _row.id < bindparam("before"),
        tag.is_(None) | _row.tags.like(tag, escape="\\"),
        search.is_(None) | _row.search.like(search, escape="\\"),
        held.is_(None) | (held & is_held) | (~held & ~is_held),
    )
    if of_campaign:
        page = page.where(_of_campaign)
    if of_status:
        page = page.where(_row.status == bindparam("status"))
    return page.order_by(_row.id.desc()).limit(bindparam("limit"))


INSERT = insert(leads).on_conflict_do_nothing(index_elements=["campaign_id", "key"])
# One statement, as a lead is read alone: a row for each of its holds, or one without.
GET = select(*LEAD, *HOLD).outerjoin_from(leads, lead_holds).where(_row.id == bindparam("lead_id"))
SAVE = update(leads).where(_row.id == bindparam("lead_id"), _row.version == bindparam("read_version"))
DELETE = delete(leads).where(_row.id == bindparam("lead_id"), _row.version == bindparam("read_version"))
_arriving = insert(lead_holds)
PUT_HOLDS = _arriving.on_conflict_do_update(
    index_elements=["lead_id", "reason"],
    set_={name: _arriving.excluded[name] for name in ("since", "until", "note")},
)
END_HOLD = delete(lead_holds).where(_hold.lead_id == bindparam("of_lead"), _hold.reason == bindparam("ended"))
DELETE_HOLDS = delete(lead_holds).where(_hold.lead_id == bindparam("of_lead"))
DELETE_PREVIEW = delete(previews).where(previews.c.lead_id == bindparam("of_lead"))
DELETE_TOUCHES = delete(touches).where(
    touches.c.lead_id == bindparam("of_lead"),
    touches.c.status.not_in(_HANDED_OVER),
    touches.c.on_wire_at.is_(None),
)

DUE = (
    select(*LEAD)
    .where(_of_campaign, _row.next_action == bindparam("action"), _row.next_action_at <= bindparam("now"))
    .order_by(_row.next_action_at, _row.id)
    .limit(bindparam("limit"))
)
NEXT_DUE = select(
    *(
        select(func.min(_row.next_action_at)).where(_of_campaign, _row.next_action == action).scalar_subquery()
        for action in Action
    )
)
_OLDEST = select(*LEAD).where(_of_campaign).order_by(_row.id).limit(1)
KNOWN_BY_SOURCE = _OLDEST.where(_row.source == bindparam("source"), _row.source_ref == bindparam("source_ref"))
KNOWN_BY_KEY = select(*LEAD).where(_of_campaign, _row.key == bindparam("key"))
KNOWN_BY_LINKEDIN = _OLDEST.where(_row.linkedin == bindparam("linkedin"))
KNOWN_BY_NAME = _OLDEST.where(_row.name == bindparam("name"))
KNOWN_BY_NAME_WITHOUT_ADDRESS = KNOWN_BY_NAME.where(_row.address_key.is_(None))
OF_PERSON = select(*LEAD).where(_row.address_key == bindparam("address_key")).order_by(_row.id)
OF_ADDRESS_HASH = select(*LEAD).where(_row.address_hash == bindparam("address_hash")).order_by(_row.id)
OF_DOMAIN = select(*LEAD).where(_row.address_domain == bindparam("address_domain")).order_by(_row.id)
OF_COMPANY = select(*LEAD).where(_row.company_key == bindparam("company"), _row.status.in_(_OPEN)).order_by(_row.id)
OF_IMPORT = (
    select(*LEAD)
    .where(_row.import_id == bindparam("of_import"), _row.id > bindparam("after"))
    .order_by(_row.id)
    .limit(bindparam("limit"))
)
PAGE = {
    (of_campaign, of_status): _page(of_campaign, of_status)
    for of_campaign in (False, True)
    for of_status in (False, True)
}
# A new version: whoever read the lead before must not write its old instant back.
WAKE = (
    update(leads)
    .where(_of_campaign, _row.next_action == bindparam("action"))
    .values(next_action=bindparam("then"), next_action_at=bindparam("at"), version=_row.version + 1)
)
_unreleased = (
    _row.import_id == bindparam("of_import"),
    _row.next_action.is_(None),
    _row.status == bindparam("fresh", LeadStatus.NEW),
)
UNRELEASED = (
    select(_row.campaign_id, _row.waits_for, func.count())
    .where(*_unreleased, _row.waits_for.is_not(None))
    .group_by(_row.campaign_id, _row.waits_for)
)
RELEASE = (
    update(leads)
    .where(*_unreleased)
    .values(
        next_action=bindparam("action"),
        next_action_at=bindparam("at"),
        waits_for=None,
        version=_row.version + 1,
    )
)
_REMEMBERED = 1024
KNOWN = Memory(leads, lead_holds, besides=[INSERT, SAVE, PUT_HOLDS, END_HOLD])


class Leads:
    def __init__(self, connection: Connection, instance: Instance) -> None:
        self._connection = connection
        self._instance = instance
        self._known: dict[LeadId, Lead] = KNOWN.of(connection)

    def insert(self, lead: Lead) -> bool:
        if self._connection.execute(INSERT, {"id": lead.id, **columns(lead, self._instance.key())}).rowcount == 0:
            return False
        self._put_holds(lead.id, lead.holds)
        tallies.add(self._connection, lead.campaign_id, tally(lead))
        return True

    def get(self, lead_id: LeadId) -> Lead | None:
        """Both marks of a mail and its outcome ask for the same lead."""
        if (known := self._known.get(lead_id)) is None:
            known = lead_of(self._connection.execute(GET, {"lead_id": lead_id}).all())
            if known is not None:
                self._remember(known)
        return known

    def save(self, before: Lead, after: Lead) -> Lead:
        """Writes what differs, so that the indexes of the rest are left alone."""
        assert (before.id, before.campaign_id) == (after.id, after.campaign_id), "a lead stays in its campaign"
        self._known.pop(before.id, None)
        after = replace(after, version=before.version + 1)
        named = {"lead_id": before.id, "read_version": before.version}
        if self._connection.execute(SAVE, changes(before, after, self._instance.key) | named).rowcount == 0:
            raise StaleWrite(f"lead {before.id} is no longer at version {before.version}")
        if before.holds != after.holds:
            self._change_holds(before, after)
        tallies.add(self._connection, before.campaign_id, difference(before, after))
        return after

    def delete(self, lead: Lead) -> None:
        for statement in (DELETE_HOLDS, DELETE_PREVIEW, DELETE_TOUCHES, DROP_OF_LEAD):
            self._connection.execute(statement, {"of_lead": lead.id})
        named = {"lead_id": lead.id, "read_version": lead.version}
        if self._connection.execute(DELETE, named).rowcount == 0:
            raise StaleWrite(f"lead {lead.id} is no longer at version {lead.version}")
        gone = {name: -amount for name, amount in tally(lead).items()}
        tallies.add(self._connection, lead.campaign_id, gone)

    def due(self, campaign_id: CampaignId, action: Action, now: datetime, limit: int) -> Sequence[Lead]:
        return self._all(DUE, in_campaign=campaign_id, action=action, now=now, limit=limit)

    def next_due(self, campaign_id: CampaignId) -> datetime | None:
        instants = self._connection.execute(NEXT_DUE, {"in_campaign": campaign_id}).one()
        return min((instant for instant in instants if instant is not None), default=None)

    def known(self, campaign_id: CampaignId, identity: Identity) -> Lead | None:
        by_name = KNOWN_BY_NAME_WITHOUT_ADDRESS if identity.has_address else KNOWN_BY_NAME
        lookups: tuple[tuple[Select[Any], dict[str, str | None]], ...] = (
            (KNOWN_BY_SOURCE, {"source": identity.source, "source_ref": identity.source_ref}),
            (KNOWN_BY_KEY, {"key": identity.key}),
            (KNOWN_BY_KEY, {"key": self._placeholder_key(identity)}),
            (KNOWN_BY_LINKEDIN, {"linkedin": identity.linkedin}),
            (by_name, {"name": identity.name}),
        )
        for statement, keys in lookups:
            if None not in keys.values() and (lead := self._first(statement, in_campaign=campaign_id, **keys)):
                return lead
        return None

    def _placeholder_key(self, identity: Identity) -> str | None:
        return hashed_key(identity.key, self._instance.key()) if identity.has_address else None

    def of_person(self, address_key: str) -> Sequence[Lead]:
        return self._all(OF_PERSON, address_key=address_key)

    def of_address_hash(self, address_hash: str) -> Sequence[Lead]:
        return self._all(OF_ADDRESS_HASH, address_hash=address_hash)

    def of_domain(self, domain: str) -> Sequence[Lead]:
        return [lead for lead in self._all(OF_DOMAIN, address_domain=top_domain(domain)) if _lies_in(lead, domain)]

    def of_company(self, company: str) -> Sequence[Lead]:
        return self._all(OF_COMPANY, company=company)

    def of_import(self, import_id: ImportId, limit: int, after: LeadId | None = None) -> Sequence[Lead]:
        return self._all(OF_IMPORT, of_import=import_id, limit=limit, after=after or "")

    def page(self, campaign_id: CampaignId | None, listing: Listing, chosen: LeadFilter) -> Sequence[Lead]:
        wanted = {
            "before": listing.before or NEWEST_ID,
            "limit": listing.limit,
            "tag": tag_pattern(chosen.tag) if chosen.tag is not None else None,
            "search": search_pattern(chosen.search) if chosen.search is not None else None,
            "held": chosen.held,
            "in_campaign": campaign_id,
            "status": chosen.status,
        }
        return self._all(PAGE[campaign_id is not None, chosen.status is not None], **wanted)

    def wake(self, campaign_id: CampaignId, action: Action, at: datetime, then: Action | None = None) -> int:
        values = {"in_campaign": campaign_id, "action": action, "then": then or action, "at": at}
        return self._connection.execute(WAKE, values).rowcount

    def release_import(self, import_id: ImportId, action: Action, at: datetime) -> int:
        waiting = self._connection.execute(UNRELEASED, {"of_import": import_id}).all()
        released = self._connection.execute(RELEASE, {"of_import": import_id, "action": action, "at": at}).rowcount
        for campaign_id, waits_for, count in waiting:
            tallies.add(self._connection, campaign_id, {waits_name(waits_for): -count})
        return released

    def tallies(self, campaign_id: CampaignId) -> Mapping[str, int]:
        return tallies.of_campaigns(self._connection, [campaign_id])[campaign_id]

    def all_tallies(self) -> Mapping[str, int]:
        return tallies.of_all(self._connection)

    def tallies_of(self, campaign_ids: Collection[CampaignId]) -> Mapping[CampaignId, Mapping[str, int]]:
        return tallies.of_campaigns(self._connection, campaign_ids)

    def _remember(self, lead: Lead) -> None:
        if len(self._known) == _REMEMBERED:
            self._known.clear()
        self._known[lead.id] = lead

    def _change_holds(self, before: Lead, after: Lead) -> None:
        ended = {hold.reason for hold in before.holds} - {hold.reason for hold in after.holds}
        for reason in sorted(ended):
            self._connection.execute(END_HOLD, {"of_lead": before.id, "ended": reason})
        self._put_holds(before.id, (hold for hold in after.holds if hold not in before.holds))

    def _put_holds(self, lead_id: LeadId, holds: Iterable[Hold]) -> None:
        if rows := [{"lead_id": lead_id, **values(hold)} for hold in holds]:
            self._connection.execute(PUT_HOLDS, rows)

    def _first(self, statement: Select[Any], **chosen: object) -> Lead | None:
        found = self._all(statement, **chosen)
        return found[0] if found else None

    def _all(self, statement: Select[Any], **chosen: object) -> list[Lead]:
        return leads_of(self._connection, self._connection.execute(statement, chosen).all())


def _lies_in(lead: Lead, domain: str) -> bool:
    address = address_of(lead.facts)
    return address is not None and (address.domain == domain or address.domain.endswith(f".{domain}"))
