"""Campaigns: list, read, create, define anew, go live and dry again.

Every write is one unit with its ledger events. A definition equal to the stored one changes nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from camd.domain.campaign import Campaign, CampaignStatus, Channel, Definition, StatusChange
from camd.domain.events import Event, EventType
from camd.domain.lead import Action
from camd.operations import campaign_views, going_live
from camd.operations.campaign_checks import require_usable
from camd.operations.desk import Desk, find_campaign, find_open_campaign
from camd.operations.once import Keep, no_keeping
from camd.pipeline import send_quota
from camd.ports.records import Listing
from camd.ports.store import StaleWrite, Tx
from camd.schema.campaign import CampaignDetail, CampaignSummary
from camd.schema.definition import CampaignBody, CampaignPatch
from camd.schema.page import DEFAULT_LIMIT, Page, checked_limit, cut, decode_number
from camd.schema.preview import Preview

_KIND = "campaigns"
_AHEAD = timedelta(days=3650)
"""Nothing is planned for later."""
_SCORED_BY = frozenset({"icp", "scoring"})
_RULES_ALONE = frozenset(
    {
        "target_clients",
        "target_mrr",
        "mrr_per_client",
        "currency",
        "goal_counts",
        "pause_rules",
        "sources",
        "enrichment",
        "dry_run",
    }
)
"""Fields that change neither a text nor the time of a mail; the first cycle after going live or dry plans anew."""


@dataclass(frozen=True, slots=True)
class Stored:
    """`created` and `changed` say what the request did."""

    campaign: CampaignDetail
    created: bool = False
    changed: bool = False


async def page(
    desk: Desk, *, status: CampaignStatus | None = None, limit: int = DEFAULT_LIMIT, cursor: str | None = None
) -> Page[CampaignSummary]:
    def query(tx: Tx) -> Page[CampaignSummary]:
        before = decode_number(_KIND, cursor) if cursor else None
        found = tx.campaigns.page(Listing(checked_limit(limit) + 1, before), status)
        tallies = tx.leads.tallies_of([campaign.id for campaign in found])
        sent = campaign_views.sent_today(tx, found, desk.now())
        rows = [
            (str(campaign.id), campaign_views.summary(campaign, tallies.get(campaign.id, {}), sent[campaign.id]))
            for campaign in found
        ]
        return cut(rows, limit, _KIND)

    return await desk.read(query)


async def get(desk: Desk, ref: str | int) -> CampaignDetail:
    return await desk.read(lambda tx: campaign_views.detail(tx, desk, find_campaign(tx, ref)))


async def create(
    desk: Desk, body: CampaignBody, *, actor: str, keep: Keep[CampaignDetail] = no_keeping
) -> CampaignDetail:
    """A new `draft`. Raises `Unprocessable`, `Conflict` (name taken, or live against a finding that stops)."""
    definition = definition_of(desk, body)
    await require_usable(desk, definition, None)
    if not definition.dry_run:
        await going_live.require_ready(desk, definition, None)

    def unit(tx: Tx) -> CampaignDetail:
        now = desk.now()
        campaign = tx.campaigns.add(definition, StatusChange(CampaignStatus.DRAFT, None, actor, now))
        tx.ledger.append(Event(EventType.CAMPAIGN_CREATED, now, actor, campaign.id))
        if not definition.dry_run:
            tx.ledger.append(Event(EventType.CAMPAIGN_WENT_LIVE, now, actor, campaign.id))
        made = campaign_views.detail(tx, desk, campaign)
        keep(tx, made)
        return made

    return await desk.write(unit)


async def replace_definition(desk: Desk, ref: str | int, body: CampaignBody, *, actor: str) -> Stored:
    """PUT: the body is the whole definition."""
    definition = definition_of(desk, body)
    return await _define(desk, ref, lambda _: definition, actor)


async def change(desk: Desk, ref: str | int, patch: CampaignPatch, *, actor: str) -> Stored:
    """PATCH. Raises pydantic's `ValidationError` for what the whole would be."""
    return await _define(desk, ref, lambda stored: definition_of(desk, patch.merged_into(stored)), actor)


async def apply(desk: Desk, body: CampaignBody, *, actor: str) -> Stored:
    """Creates the campaign of that name, or makes its definition equal to `body`."""
    named = await desk.read(lambda tx: tx.campaigns.named(body.name))
    if named is None or named.status.status is CampaignStatus.ARCHIVED:
        return Stored(await create(desk, body, actor=actor), created=True, changed=True)
    return await replace_definition(desk, named.id, body, actor=actor)


async def live(desk: Desk, ref: str | int, *, actor: str) -> Stored:
    """Ends the campaign's dry run. Raises `Conflict` with the findings when one stops."""
    return await _define(desk, ref, lambda stored: replace(stored, dry_run=False), actor)


async def dry(desk: Desk, ref: str | int, *, actor: str) -> Stored:
    return await _define(desk, ref, lambda stored: replace(stored, dry_run=True), actor)


async def previews(desk: Desk, ref: str | int, *, limit: int = DEFAULT_LIMIT) -> Page[Preview]:
    """The mails to come, soonest first: the previews of a dry run, what is planned of a live campaign."""

    def query(tx: Tx) -> Page[Preview]:
        campaign, most = find_campaign(tx, ref), checked_limit(limit)
        previews = [campaign_views.preview(tx, one) for one in tx.previews.of_campaign(campaign.id, most)]
        planned = tx.touches.planned(campaign.id, Channel.EMAIL, most)
        approved = tx.touches.approved(campaign.id, desk.now() + _AHEAD, most)
        to_come = [campaign_views.preview(tx, touch) for touch in (*planned, *approved)]
        return Page(items=sorted([*previews, *to_come], key=lambda mail: mail.due_at)[:most])

    return await desk.read(query)


def definition_of(desk: Desk, body: CampaignBody) -> Definition:
    engine = desk.context.settings.engine
    return body.to_definition(currency=engine.currency, timezone=engine.timezone)


async def _define(desk: Desk, ref: str | int, wish: Callable[[Definition], Definition], actor: str) -> Stored:
    read = await desk.read(lambda tx: find_open_campaign(tx, ref))
    before, after = read.definition, wish(read.definition)
    changed = changed_fields(before, after)
    if not changed:
        return Stored(await get(desk, read.id))
    if changed != {"dry_run"}:
        await require_usable(desk, after, read.id)
    if before.dry_run and not after.dry_run:
        await going_live.require_ready(desk, after, read)

    def unit(tx: Tx) -> CampaignDetail:
        campaign = find_open_campaign(tx, read.id)
        if campaign.definition != before:
            raise StaleWrite("the definition was changed since it was read")
        now = desk.now()
        saved = tx.campaigns.save(_with(campaign, after, now))
        send_quota.note_campaign_zone(tx, saved, now)
        for event in _events(saved, changed, actor, now):
            tx.ledger.append(event)
        _wake_leads(tx, saved, changed, now)
        return campaign_views.detail(tx, desk, saved)

    stored = await desk.write(unit)
    desk.doorbells.ring(read.id)
    desk.doorbells.ring_outboxes()
    return Stored(stored, changed=True)


def changed_fields(before: Definition, after: Definition) -> set[str]:
    names = (field.name for field in fields(Definition))
    return {name for name in names if getattr(before, name) != getattr(after, name)}


def _with(campaign: Campaign, definition: Definition, now: datetime) -> Campaign:
    has_other_steps = campaign.definition.steps != definition.steps
    return replace(
        campaign,
        definition=definition,
        steps_version=campaign.steps_version + has_other_steps,
        updated_at=now,
        next_cycle_at=now if campaign.is_active else campaign.next_cycle_at,
    )


def _events(campaign: Campaign, changed: set[str], actor: str, now: datetime) -> Iterator[Event]:
    others = sorted(changed - {"dry_run"})
    if others:
        data = {"fields": len(others), "steps_version": campaign.steps_version}
        yield Event(EventType.CAMPAIGN_UPDATED, now, actor, campaign.id, data=data)
    if "dry_run" in changed:
        kind = EventType.CAMPAIGN_WENT_DRY if campaign.definition.dry_run else EventType.CAMPAIGN_WENT_LIVE
        yield Event(kind, now, actor, campaign.id)


def _wake_leads(tx: Tx, campaign: Campaign, changed: set[str], now: datetime) -> None:
    """What was planned from the old definition is planned anew; sources that changed are read from their start."""
    if "sources" in changed:
        tx.sources.forget(campaign.id)
    if changed - _RULES_ALONE:
        first = Action.SCORE if changed & _SCORED_BY else Action.OUTREACH
        tx.leads.wake(campaign.id, Action.OUTREACH, now, then=first)
        tx.previews.drop_campaign(campaign.id)
