"""Leads taken out: one person's data whole, or a campaign's leads as CSV that no spreadsheet runs as formulas."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, replace
from itertools import islice
from typing import Any

from pydantic_core import to_jsonable_python

from camd.domain.csv_export import csv_line
from camd.domain.events import Event, EventType
from camd.domain.lead import Lead
from camd.operations import lead_views
from camd.operations.desk import Desk, find_campaign, find_lead
from camd.operations.events import view as event_view
from camd.operations.inbound import LISTED_CHARACTERS
from camd.pipeline.messages import messages_of
from camd.ports.records import EventFilter, Inbound, LeadFilter, Listing
from camd.ports.store import Tx
from camd.schema.lead import Lead as LeadView
from camd.schema.lead import LeadExport

_BATCH = 500
_EVENTS = 10_000
_MESSAGES = 1_000
"""The newest; more of one person are a machine's."""
COLUMNS = tuple(LeadView.model_fields)


async def one(desk: Desk, lead_id: str, *, actor: str) -> LeadExport:
    """Everything that is kept of one lead, each of its messages as far as a list shows it: a stranger decides how long
    they are. The export itself stands in the ledger."""

    def unit(tx: Tx) -> LeadExport:
        lead = find_lead(tx, lead_id)
        export = exported(tx, lead)
        tx.ledger.append(Event(EventType.EXPORT_MADE, desk.now(), actor, lead.campaign_id, lead.id))
        return export

    return await desk.write(unit)


def exported(tx: Tx, lead: Lead) -> LeadExport:
    preview = tx.previews.of_lead(lead.id)
    rows = tx.ledger.after(0, _EVENTS, EventFilter(lead_id=lead.id))
    messages = [message(each) for each in islice(messages_of(tx, lead.id), _MESSAGES)]
    return LeadExport(
        lead=lead_views.view(lead),
        verdict_evidence=lead.verdict_evidence,
        lookups=[to_jsonable_python(lookup, fallback=dict) for lookup in tx.lookups.of_lead(lead.id)],
        previews=[to_jsonable_python(asdict(preview))] if preview else [],
        touches=[to_jsonable_python(asdict(touch)) for touch in tx.touches.of_lead(lead.id)],
        inbound=messages[::-1],
        events=[event_view(row).model_dump(mode="json") for row in rows],
    )


def message(stored: Inbound) -> dict[str, Any]:
    """`Any`: JSON of the row."""
    shown = replace(stored, text=stored.text and stored.text[:LISTED_CHARACTERS])
    row: dict[str, Any] = to_jsonable_python(asdict(shown), bytes_mode="base64")
    return row


async def csv(desk: Desk, ref: str | int, chosen: LeadFilter, *, actor: str) -> AsyncIterator[str]:
    """The lines of a file, its header first; the leads are read in pages while the caller writes."""

    def opening(tx: Tx) -> Sequence[Lead]:
        campaign = find_campaign(tx, ref)
        tx.ledger.append(Event(EventType.EXPORT_MADE, desk.now(), actor, campaign.id))
        return tx.leads.page(campaign.id, Listing(_BATCH), chosen)

    return _lines(desk, ref, await desk.write(opening), chosen)


async def _lines(desk: Desk, ref: str | int, leads: Sequence[Lead], chosen: LeadFilter) -> AsyncIterator[str]:
    yield csv_line(COLUMNS)
    while leads:
        for lead in leads:
            yield csv_line(_cells(lead))
        leads = await desk.read(_page_before(ref, leads[-1], chosen))


def _page_before(ref: str | int, last: Lead, chosen: LeadFilter) -> Callable[[Tx], Sequence[Lead]]:
    return lambda tx: tx.leads.page(find_campaign(tx, ref).id, Listing(_BATCH, last.id), chosen)


def _cells(lead: Lead) -> list[str]:
    row = lead_views.view(lead).model_dump(mode="json")
    row["tags"] = "; ".join(row["tags"])
    row["holds"] = "; ".join(hold["reason"] for hold in row["holds"])
    row["custom"] = json.dumps(row["custom"], ensure_ascii=False) if row["custom"] else None
    return ["" if row[name] is None else str(row[name]) for name in COLUMNS]
