"""A person says what a message is: what its first class did is taken back, except a suppression; then the other one
applies, in the caller's transaction."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from camd.domain.events import Event, EventType
from camd.domain.facts import CampaignId
from camd.domain.inbound import HUMAN, InboundClass
from camd.domain.lead import Action, AnswerTakenBack, Lead, find_move
from camd.domain.send_window import local_day
from camd.pipeline import record
from camd.pipeline.consequences import Case, apply_class
from camd.pipeline.context import Context
from camd.pipeline.matching import Match
from camd.pipeline.owners import campaign_of
from camd.ports.records import DeliveryScope, Effects, Inbound, Touch
from camd.ports.store import Tx

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


def reclassify(
    tx: Tx,
    ctx: Context,
    inbound: Inbound,
    kind: InboundClass,
    *,
    until: date | None,
    note: str | None,
    actor: str,
    now: datetime,
) -> tuple[Inbound, frozenset[CampaignId]]:
    """Takes it from the review list; answers it and the campaigns whose leads changed. An answer that is only
    confirmed stays as it was applied."""
    after = replace(inbound, kind=kind, waiting=False, until=until, note=note or inbound.note, by=actor)
    campaigns: frozenset[CampaignId] = frozenset()
    if inbound.lead_id is not None and not (kind is inbound.kind and kind in HUMAN):
        undone = _take_back(tx, ctx, inbound, actor, now)
        touch = tx.touches.get(inbound.touch_id) if inbound.touch_id else None
        match = Match(tx.leads.get(inbound.lead_id), touch, inbound.matched_by)
        case = Case(kind, match, inbound.mailbox, inbound.sender, inbound.arrived_at, until=until, by_hand=actor)
        applied = apply_class(tx, ctx, case, now)
        after = replace(after, effects=applied.effects)
        campaigns = undone | applied.campaigns
    saved = tx.inbox.save(inbound, after)
    data = {"inbound_id": inbound.id, "from": inbound.kind.value, "to": kind.value}
    kinds = EventType.INBOUND_RECLASSIFIED
    tx.ledger.append(Event(kinds, now, actor, inbound.campaign_id, inbound.lead_id, inbound.touch_id, data))
    return saved, campaigns


def _take_back(tx: Tx, ctx: Context, inbound: Inbound, actor: str, now: datetime) -> frozenset[CampaignId]:
    effects = inbound.effects
    if effects is None:
        return frozenset()
    campaigns = {lead.campaign_id for lead in _release(tx, effects, actor, now)}
    lead = tx.leads.get(inbound.lead_id) if inbound.lead_id else None
    if lead is not None and inbound.kind in HUMAN and lead.status is effects.moved_to:
        campaigns.add(_unanswer(tx, inbound, lead, actor, now).campaign_id)
    touch = tx.touches.get(inbound.touch_id) if inbound.touch_id else None
    if touch is not None:
        _uncount(tx, ctx, effects, touch)
    return frozenset(campaigns)


def _release(tx: Tx, effects: Effects, actor: str, now: datetime) -> Sequence[Lead]:
    """Ends the holds that it added, where they stand as it added them."""
    released: list[Lead] = []
    for lead_id, reason in effects.held:
        lead = tx.leads.get(lead_id)
        kept = tuple(hold for hold in lead.holds if (hold.reason, hold.since) != (reason, effects.at)) if lead else ()
        if lead is None or kept == lead.holds:
            continue
        after = replace(lead, holds=kept)
        if after.is_open and after.next_action is Action.OUTREACH:
            after = replace(after, next_action_at=now)
        released.append(record.apply(tx, lead, (), actor=actor, now=now, after=after))
    return released


def _unanswer(tx: Tx, inbound: Inbound, lead: Lead, actor: str, now: datetime) -> Lead:
    others = [other for other in tx.inbox.of_lead(lead.id, HUMAN, _EVER) if other.id != inbound.id]
    event = AnswerTakenBack(still_answered=bool(others))
    return record.apply(tx, lead, (event,) if find_move(lead.state, event) else (), actor=actor, now=now)


def _uncount(tx: Tx, ctx: Context, effects: Effects, touch: Touch) -> None:
    campaign = campaign_of(tx, touch)
    box = ctx.settings.mailboxes.get(touch.mailbox or "")
    for fact in effects.counted:
        day = local_day(effects.at, campaign.definition.timezone)
        tx.deliveries.add(DeliveryScope.CAMPAIGN, str(campaign.id), day, fact, -1)
        if box is not None:
            tx.deliveries.add(DeliveryScope.MAILBOX, box.name, local_day(effects.at, box.timezone), fact, -1)
