"""Campaigns, their versions of steps, and the crashes of their actors."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    type_coerce,
    update,
)

from camd.domain.campaign import Campaign, CampaignStatus, Definition, StatusChange, StatusReason, Step
from camd.domain.facts import CampaignId, LeadId
from camd.ports.records import Crash, Listing
from camd.ports.store import NameTaken, StaleWrite
from camd.store.column_types import seal
from camd.store.prepared import Memory
from camd.store.rows import NEWEST_NUMBER, values
from camd.store.tables import DEFINITION_TYPE, STEPS_TYPE, campaign_crashes, campaign_steps, campaigns

_row = campaigns.c
_crash = campaign_crashes.c
_STATUS = (
    _row.status,
    _row.status_reason,
    _row.status_by,
    _row.status_at,
    _row.status_figures,
    _row.status_detail,
)
_OTHERS = (
    _row.created_at,
    _row.updated_at,
    _row.steps_version,
    _row.planned_dry,
    _row.first_live_at,
    _row.next_cycle_at,
    _row.mutes,
    _row.version,
)
_TEXTS = (type_coerce(_row.definition, Text), type_coerce(campaign_steps.c.steps, Text))
_CURRENT = select(_row.id, *_TEXTS, *_STATUS, *_OTHERS).join(
    campaign_steps,
    and_(campaign_steps.c.campaign_id == _row.id, campaign_steps.c.version == _row.steps_version),
)


def _page(of_status: bool) -> Select[Any]:
    page = _CURRENT.where(_row.id < bindparam("before")).order_by(_row.id.desc()).limit(bindparam("limit"))
    return page.where(_row.status == bindparam("status")) if of_status else page


INSERT = insert(campaigns)
GET = _CURRENT.where(_row.id == bindparam("campaign_id"))
NAMED = (
    _CURRENT.where(_row.name == bindparam("name"))
    .order_by(case((_row.status == CampaignStatus.ARCHIVED, 1), else_=0), _row.id.desc())
    .limit(1)
)
TAKEN = select(_row.id).where(_row.name == bindparam("name"), _row.status != CampaignStatus.ARCHIVED)
PAGE = {of_status: _page(of_status) for of_status in (False, True)}
SAVE = update(campaigns).where(_row.id == bindparam("campaign_id"), _row.version == bindparam("read_version"))
STEPS = select(campaign_steps.c.steps).where(
    campaign_steps.c.campaign_id == bindparam("campaign_id"), campaign_steps.c.version == bindparam("version")
)
INSERT_STEPS = insert(campaign_steps)
ACTIVE = select(_row.id, _row.next_cycle_at).where(_row.status == CampaignStatus.ACTIVE).order_by(_row.id)
SLEEP = update(campaigns).where(_row.id == bindparam("campaign_id")).values(next_cycle_at=bindparam("at"))
BY_STATUS = select(_row.status, func.count().label("number")).group_by(_row.status)
INSERT_CRASH = insert(campaign_crashes)
CRASHES = (
    select(campaign_crashes)
    .where(_crash.campaign_id == bindparam("campaign_id"))
    .order_by(_crash.id.desc())
    .limit(bindparam("limit"))
)

FORGET_CRASHES = delete(campaign_crashes).where(_crash.at < bindparam("before"))
FORGET_CRASHES_OF = delete(campaign_crashes).where(_crash.lead_id == bindparam("of_lead"))
COUNT_PAUSED = select(func.count()).where(
    _row.status == CampaignStatus.PAUSED, _row.status_reason == bindparam("reason")
)
KNOWN = Memory(campaigns, campaign_steps)


class Campaigns:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # The row alone where somebody could change a part of the campaign.
        self._known: dict[CampaignId, Campaign | Sequence[Any]] = KNOWN.of(connection)

    def add(self, definition: Definition, status: StatusChange) -> Campaign:
        self._require_free_name(definition.name)
        campaign = Campaign(CampaignId(0), definition, status, created_at=status.at, updated_at=status.at)
        inserted = self._connection.execute(INSERT, _columns(campaign)).inserted_primary_key
        assert inserted is not None
        campaign = replace(campaign, id=CampaignId(inserted[0]))
        self._keep_steps(campaign)
        return campaign

    def get(self, campaign_id: CampaignId) -> Campaign | None:
        """Every claim and every mark of a mail reads its campaign."""
        known = self._known.get(campaign_id)
        if isinstance(known, Campaign):
            return known
        row = known or self._connection.execute(GET, {"campaign_id": campaign_id}).first()
        if row is None:
            return None
        campaign = _made(row)
        self._known[campaign_id] = campaign if _is_shared(row) else row
        return campaign

    def named(self, name: str) -> Campaign | None:
        return _campaign(self._connection.execute(NAMED, {"name": name}).first())

    def page(self, listing: Listing, status: CampaignStatus | None = None) -> Sequence[Campaign]:
        chosen: dict[str, object] = {"before": int(listing.before or NEWEST_NUMBER), "limit": listing.limit}
        if status is not None:
            chosen["status"] = status
        rows = self._connection.execute(PAGE[status is not None], chosen)
        return [_made(row) for row in rows]

    def save(self, campaign: Campaign) -> Campaign:
        if campaign.status.status is not CampaignStatus.ARCHIVED:
            self._require_free_name(campaign.definition.name, campaign.id)
        after = replace(campaign, version=campaign.version + 1)
        named = {"campaign_id": campaign.id, "read_version": campaign.version}
        if self._connection.execute(SAVE, _columns(after) | named).rowcount == 0:
            raise StaleWrite(f"campaign {campaign.id} is no longer at version {campaign.version}")
        self._keep_steps(after)
        return after

    def steps(self, campaign_id: CampaignId, version: int) -> tuple[Step, ...]:
        chosen = {"campaign_id": campaign_id, "version": version}
        steps: tuple[Step, ...] = self._connection.execute(STEPS, chosen).scalar_one()
        return steps

    def active(self) -> Sequence[tuple[CampaignId, datetime | None]]:
        return [(CampaignId(row.id), row.next_cycle_at) for row in self._connection.execute(ACTIVE)]

    def sleep_until(self, campaign_id: CampaignId, at: datetime) -> None:
        self._connection.execute(SLEEP, {"campaign_id": campaign_id, "at": at})

    def by_status(self) -> Mapping[CampaignStatus, int]:
        return {row.status: row.number for row in self._connection.execute(BY_STATUS)}

    def add_crash(self, crash: Crash) -> None:
        self._connection.execute(INSERT_CRASH, values(crash))

    def crashes(self, campaign_id: CampaignId, limit: int) -> Sequence[Crash]:
        rows = self._connection.execute(CRASHES, {"campaign_id": campaign_id, "limit": limit})
        return [Crash(row.campaign_id, row.at, row.error, row.traceback, row.lead_id) for row in rows]

    def forget_crashes(self, before: datetime) -> None:
        self._connection.execute(FORGET_CRASHES, {"before": before})

    def forget_crashes_of(self, lead_id: LeadId) -> None:
        self._connection.execute(FORGET_CRASHES_OF, {"of_lead": lead_id})

    def count_paused(self, reason: StatusReason) -> int:
        return self._connection.execute(COUNT_PAUSED, {"reason": reason}).scalar_one()

    def _require_free_name(self, name: str, own: CampaignId | None = None) -> None:
        taken = self._connection.execute(TAKEN, {"name": name}).scalar()
        if taken not in (None, own):
            raise NameTaken(f"campaign {taken} is already called {name!r}")

    def _keep_steps(self, campaign: Campaign) -> None:
        chosen = {"campaign_id": campaign.id, "version": campaign.steps_version}
        kept = self._connection.execute(STEPS, chosen).scalar()
        if kept is None:
            self._connection.execute(INSERT_STEPS, chosen | {"steps": campaign.definition.steps})
        else:
            assert kept == campaign.definition.steps, f"steps changed without a version after {campaign.steps_version}"


def _columns(campaign: Campaign) -> dict[str, Any]:
    """All but the id; the steps have rows of their own."""
    status = campaign.status
    return {
        "name": campaign.definition.name,
        "definition": replace(campaign.definition, steps=()),
        "status": status.status,
        "status_reason": status.reason,
        "status_by": status.by,
        "status_at": status.at,
        "status_figures": status.figures,
        "status_detail": status.detail,
        "created_at": campaign.created_at,
        "updated_at": campaign.updated_at,
        "steps_version": campaign.steps_version,
        "planned_dry": campaign.planned_dry,
        "first_live_at": campaign.first_live_at,
        "next_cycle_at": campaign.next_cycle_at,
        "mutes": campaign.mutes,
        "version": campaign.version,
    }


def _campaign(row: Sequence[Any] | None) -> Campaign | None:
    return None if row is None else _made(row)


def _made(row: Sequence[Any]) -> Campaign:
    campaign_id, definition, steps, *rest = row
    status, others = rest[: len(_STATUS)], rest[len(_STATUS) :]
    return Campaign(campaign_id, _definition(definition, steps), StatusChange(*status), *others)


def _definition(definition: str, steps: str) -> Definition:
    """What was made of the same texts is given again."""
    known = _definitions.get((definition, steps))
    if known is not None:
        return known
    made = replace(DEFINITION_TYPE.read(definition), steps=STEPS_TYPE.read(steps))
    if seal(made):
        if len(_definitions) == _REMEMBERED:
            _definitions.clear()
        _definitions[definition, steps] = made
    return made


def _is_shared(row: Sequence[Any]) -> bool:
    _, definition, steps, *_ = row
    return (definition, steps) in _definitions


_REMEMBERED = 256
_definitions: dict[tuple[str, str], Definition] = {}
"""Only those that nobody can change: all who read one share it."""
