"""What came in: list, read, take out as CSV, and say what a message is; `pipeline.reclassify` does what follows."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from camd.domain.csv_export import csv_line
from camd.domain.events import Event, EventType
from camd.domain.facts import CampaignId, InboundId
from camd.domain.send_window import local_day
from camd.operations.desk import Desk, find_campaign
from camd.operations.errors import NotFound, invalid
from camd.pipeline.reclassify import reclassify
from camd.ports.records import Inbound, InboundFilter, Listing
from camd.ports.store import Tx
from camd.schema.inbound import ClassifyBody
from camd.schema.inbound import Inbound as InboundView
from camd.schema.page import DEFAULT_LIMIT, Page, checked_limit, cut, decode_cursor

_KIND = "inbound"
LONGEST_ABSENCE = timedelta(days=3653)
LISTED_CHARACTERS = 10_000
"""Of a text in a list."""
_BATCH = 50
"""Rows read at once: a stranger decides how long each one is."""
COLUMNS = (
    "id",
    "received_at",
    "class",
    "evidence",
    "waiting",
    "mailbox",
    "lead_id",
    "email",
    "touch_id",
    "step",
    "sender",
    "subject",
    "text",
    "until",
    "note",
)


async def page(
    desk: Desk,
    chosen: InboundFilter,
    *,
    ref: str | int | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[InboundView]:
    """`ref` narrows the list to a campaign, by number or name."""

    def query(tx: Tx) -> Page[InboundView]:
        wanted = chosen if ref is None else replace(chosen, campaign_id=find_campaign(tx, ref).id)
        before = decode_cursor(_KIND, cursor) if cursor else None
        found = _newest(tx, wanted, before, checked_limit(limit) + 1)
        return cut([(inbound.id, _listed(inbound)) for inbound in found], limit, _KIND)

    return await desk.read(query)


def _newest(tx: Tx, chosen: InboundFilter, before: str | None, limit: int) -> Iterator[Inbound]:
    left = limit
    while left > 0 and (found := tx.inbox.page(Listing(min(left, _BATCH), before), chosen)):
        yield from found
        before, left = found[-1].id, left - len(found)


def _listed(inbound: Inbound) -> InboundView:
    return _view(replace(inbound, text=inbound.text and inbound.text[:LISTED_CHARACTERS]))


async def get(desk: Desk, inbound_id: str) -> InboundView:
    return await desk.read(lambda tx: _view(_find(tx, inbound_id)))


async def classify(desk: Desk, inbound_id: str, body: ClassifyBody, *, actor: str) -> InboundView:
    """Undoes what its class did, a suppression apart, and does what this one does; the class that it has already is
    confirmed. Either way it leaves the review list. One that belongs to no lead is only recorded, except that whoever
    asks for no more mail gets none."""

    def unit(tx: Tx) -> tuple[Inbound, frozenset[CampaignId]]:
        inbound, now = _find(tx, inbound_id), desk.now()
        until = _day_of_return(body.until, _zone(tx, desk, inbound), now)
        saved, campaigns = reclassify(
            tx, desk.context, inbound, body.kind, until=until, note=body.note, actor=actor, now=now
        )
        for campaign_id in campaigns:
            tx.campaigns.sleep_until(campaign_id, now)
        return saved, campaigns

    saved, campaigns = await desk.write(unit)
    for campaign_id in campaigns:
        desk.doorbells.ring(campaign_id)
    desk.doorbells.ring_outboxes()
    return _view(saved)


def _find(tx: Tx, inbound_id: str) -> Inbound:
    inbound = tx.inbox.get(InboundId(inbound_id))
    if inbound is None:
        raise NotFound("message", inbound_id)
    return inbound


def _zone(tx: Tx, desk: Desk, inbound: Inbound) -> str:
    campaign = tx.campaigns.get(inbound.campaign_id) if inbound.campaign_id is not None else None
    return campaign.definition.timezone if campaign else desk.context.settings.engine.timezone


def _day_of_return(until: date | None, zone: str, now: datetime) -> date | None:
    """Raises `Unprocessable` for one that is past, or years away."""
    if until is None:
        return None
    today = local_day(now, zone)
    is_past = until <= now if isinstance(until, datetime) else until < today
    if is_past:
        raise invalid("until", "give a day or an instant that is still to come")
    if until.toordinal() > (today + LONGEST_ABSENCE).toordinal():
        raise invalid("until", "give a day within the next ten years")
    return local_day(until, zone) if isinstance(until, datetime) else until


async def csv(desk: Desk, ref: str | int, *, actor: str) -> AsyncIterator[str]:
    """The lines of a file with a campaign's messages, newest first, its header before them; they are read in pages
    while the caller writes. The export itself stands in the ledger."""

    def opening(tx: Tx) -> tuple[InboundFilter, _Batch]:
        campaign = find_campaign(tx, ref)
        tx.ledger.append(Event(EventType.EXPORT_MADE, desk.now(), actor, campaign.id))
        chosen = InboundFilter(campaign_id=campaign.id)
        return chosen, _batch(tx, chosen, None)

    chosen, first = await desk.write(opening)
    return _lines(desk, chosen, first)


_Batch = tuple[InboundId | None, Sequence[str]]
"""The last message of a page, none behind the end, and the lines."""


async def _lines(desk: Desk, chosen: InboundFilter, batch: _Batch) -> AsyncIterator[str]:
    yield csv_line(COLUMNS)
    last, lines = batch
    while last is not None:
        for line in lines:
            yield line
        last, lines = await desk.read(_before(chosen, last))


def _before(chosen: InboundFilter, last: InboundId) -> Callable[[Tx], _Batch]:
    return lambda tx: _batch(tx, chosen, last)


def _batch(tx: Tx, chosen: InboundFilter, before: InboundId | None) -> _Batch:
    found = tx.inbox.page(Listing(_BATCH, before), chosen)
    return (found[-1].id if found else None), [csv_line(_cells(tx, inbound)) for inbound in found]


def _cells(tx: Tx, inbound: Inbound) -> list[str]:
    lead = tx.leads.get(inbound.lead_id) if inbound.lead_id is not None else None
    touch = tx.touches.get(inbound.touch_id) if inbound.touch_id is not None else None
    row = _view(inbound).model_dump(mode="json")
    row |= {"email": lead and lead.facts.email, "step": touch and touch.step, "waiting": str(inbound.waiting).lower()}
    return ["" if row[name] is None else str(row[name]) for name in COLUMNS]


def _view(inbound: Inbound) -> InboundView:
    shown = {
        "id": inbound.id,
        "mailbox": inbound.mailbox,
        "lead_id": inbound.lead_id,
        "touch_id": inbound.touch_id,
        "class": inbound.kind,
        "evidence": inbound.evidence,
        "waiting": inbound.waiting,
        "subject": inbound.subject,
        "text": inbound.text,
        "received_at": inbound.arrived_at,
        "sender": inbound.sender,
        "until": inbound.until,
        "note": inbound.note,
    }
    return InboundView.model_validate(shown)
