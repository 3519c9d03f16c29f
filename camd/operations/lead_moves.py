"""What a person decides about a lead: qualified, won, lost, held, released, reopened.

Each is one unit that goes through the table of moves; a move that it does not hold is a `Conflict`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

from camd.domain.campaign import Campaign
from camd.domain.lead import (
    Action,
    Authority,
    Hold,
    HoldReason,
    Lead,
    LeadEvent,
    Lost,
    LostReason,
    Qualified,
    Reopened,
    Won,
    find_move,
)
from camd.domain.suppression import SuppressionReason, parse_value
from camd.operations import lead_views
from camd.operations.desk import Desk, find_lead
from camd.operations.errors import Conflict, invalid
from camd.pipeline import record
from camd.pipeline.owners import campaign_of
from camd.ports.store import Tx
from camd.schema.lead import HoldBody, LostBody, NoteBody, ReleaseBody, WonBody
from camd.schema.lead import Lead as LeadView

SUPPRESSES: Mapping[LostReason, SuppressionReason] = MappingProxyType(
    {
        LostReason.OPTED_OUT: SuppressionReason.OPTED_OUT,
        LostReason.COMPLAINED: SuppressionReason.COMPLAINED,
        LostReason.BOUNCED: SuppressionReason.HARD_BOUNCE,
        LostReason.DO_NOT_CONTACT: SuppressionReason.DO_NOT_CONTACT,
    }
)
"""What a lead is suppressed for that a person, or a hook for them, calls lost for that reason."""


async def qualify(desk: Desk, lead_id: str, body: NoteBody, *, actor: str) -> LeadView:
    def work(tx: Tx, _: Campaign, lead: Lead) -> Lead:
        after = _noted(lead, "qualified_note", body.note)
        return _moved(tx, desk, lead, Qualified(Authority.OPERATOR), after, actor)

    return await _write(desk, lead_id, work)


async def won(desk: Desk, lead_id: str, body: WonBody, *, actor: str) -> LeadView:
    def work(tx: Tx, campaign: Campaign, lead: Lead) -> Lead:
        after = _noted(lead, "won_note", body.note)
        return _moved(tx, desk, lead, Won(revenue(body.mrr, campaign, lead)), after, actor)

    return await _write(desk, lead_id, work)


def revenue(told: Decimal | None, campaign: Campaign, lead: Lead) -> Decimal:
    """A month's, in the campaign's currency: as it was told, else as it was expected."""
    offered = (told, lead.facts.expected_mrr, campaign.definition.mrr_per_client)
    return next((amount for amount in offered if amount is not None), Decimal(0))


async def lost(desk: Desk, lead_id: str, body: LostBody, *, actor: str) -> LeadView:
    """An opt-out, complaint, bounce or `do_not_contact` told by a person adds the suppression, as a rule's does."""
    if body.reason is LostReason.ERASED:
        raise invalid("reason", "erase the lead instead, so that its facts are emptied too")

    def work(tx: Tx, _: Campaign, lead: Lead) -> Lead:
        after = _noted(lead, "lost_note", body.note)
        saved = _moved(tx, desk, lead, Lost(body.reason, Authority.OPERATOR), after, actor)
        if lead.facts.email and (reason := SUPPRESSES.get(body.reason)):
            value = parse_value(lead.facts.email)
            record.suppress(tx, desk.context, value, reason, actor=actor, now=desk.now(), note=body.note)
        return saved

    return await _write(desk, lead_id, work)


async def hold(desk: Desk, lead_id: str, body: HoldBody, *, actor: str) -> LeadView:
    """Stops writing to the lead until `until`, or until it is released."""

    def work(tx: Tx, _: Campaign, lead: Lead) -> Lead:
        now = desk.now()
        if body.until is not None and body.until <= now:
            raise invalid("until", "give an instant that is still to come")
        own = Hold(HoldReason.OPERATOR, now, body.until, body.reason)
        return _with_holds(tx, desk, lead, lead.holds_with(own), actor)

    return await _write(desk, lead_id, work)


async def release(desk: Desk, lead_id: str, body: ReleaseBody, *, actor: str) -> LeadView:
    """Ends the hold of that reason, or all; a lead that had none stays as it is."""

    def work(tx: Tx, _: Campaign, lead: Lead) -> Lead:
        kept = tuple(hold for hold in lead.holds if body.reason not in (None, hold.reason))
        return lead if kept == lead.holds else _with_holds(tx, desk, lead, kept, actor)

    return await _write(desk, lead_id, work)


async def reopen(desk: Desk, lead_id: str, *, actor: str) -> LeadView:
    def work(tx: Tx, _: Campaign, lead: Lead) -> Lead:
        return _moved(tx, desk, lead, Reopened(), lead, actor)

    return await _write(desk, lead_id, work)


async def _write(desk: Desk, lead_id: str, work: Callable[[Tx, Campaign, Lead], Lead]) -> LeadView:
    def unit(tx: Tx) -> Lead:
        lead = find_lead(tx, lead_id)
        saved = work(tx, campaign_of(tx, lead), lead)
        tx.campaigns.sleep_until(lead.campaign_id, desk.now())
        return saved

    saved = await desk.write(unit)
    desk.doorbells.ring(saved.campaign_id)
    return lead_views.view(saved)


def _moved(tx: Tx, desk: Desk, lead: Lead, event: LeadEvent, after: Lead, actor: str) -> Lead:
    if find_move(lead.state, event) is None:
        reason = f" ({lead.state.lost_reason})" if lead.state.lost_reason else ""
        detail = f"A lead that is {lead.status}{reason} cannot become this."
        raise Conflict("illegal-move", "Its status does not allow this", detail)
    return record.apply(tx, lead, (event,), actor=actor, now=desk.now(), after=after)


def _noted(lead: Lead, name: str, note: str | None) -> Lead:
    """A note is a fact of the person: it is exported with them and erased with them."""
    if note is None:
        return lead
    return replace(lead, facts=replace(lead.facts, custom={**lead.facts.custom, name: note}))


def _with_holds(tx: Tx, desk: Desk, lead: Lead, holds: tuple[Hold, ...], actor: str) -> Lead:
    now = desk.now()
    is_freed = any(hold.reason is HoldReason.POISON for hold in lead.holds) and not any(
        hold.reason is HoldReason.POISON for hold in holds
    )
    after = replace(lead, holds=holds, strikes=0 if is_freed else lead.strikes)
    if after.is_open and after.next_action is Action.OUTREACH:
        after = replace(after, next_action_at=now)
    return record.apply(tx, lead, (), actor=actor, now=now, after=after)
