"""A person says what a message is: what its first class did is taken back, except a suppression; then the other one
applies, in the caller's transaction."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

from camd.domain.day_facts import DayFact
from camd.domain.events import Event, EventType
from camd.domain.facts import CampaignId, LeadId
from camd.domain.inbound import HUMAN, PERSONAL, InboundClass
from camd.domain.lead import (
    Action,
    AnswerTakenBack,
    Authority,
    Hold,
    HoldReason,
    Lead,
    LeadEvent,
    LeadStatus,
    Lost,
    LostReason,
    Qualified,
    Reopened,
    find_move,
)
from camd.domain.send_window import local_day
from camd.pipeline import record
from camd.pipeline.consequences import Case, apply_class, away_until, colleagues_at, qualifies
from camd.pipeline.context import Context
from camd.pipeline.matching import Match
from camd.pipeline.messages import messages_of
from camd.pipeline.opt_out import opt_out
from camd.pipeline.owners import campaign_of
from camd.pipeline.track import ANSWERS
from camd.ports.records import DeliveryScope, Effects, Inbound, Touch
from camd.ports.store import Tx

_Claim = tuple[LeadId, HoldReason]
_DATED = HoldReason.OUT_OF_OFFICE


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
    """Takes it from the review list; answers it and the campaigns whose leads changed. Of a class that is only
    confirmed what was in doubt is made good, and nothing else. One that belongs to no lead does nothing, except that
    who asks for no more mail gets none."""
    is_same = kind is inbound.kind
    until = until or (inbound.until if is_same else None)
    after = replace(inbound, kind=kind, waiting=False, until=until, note=note or inbound.note, by=actor)
    campaigns: frozenset[CampaignId] = frozenset()
    lead = tx.leads.get(inbound.lead_id) if inbound.lead_id else None
    if lead is None:
        if kind is InboundClass.OPT_OUT_REQUEST and inbound.sender_hash is not None:
            campaigns = opt_out(tx, ctx, inbound.sender_hash, now=now) or frozenset()
    elif is_same and kind in HUMAN:
        after, campaigns = _confirm(tx, inbound, after, lead, actor, now)
    elif not (is_same and not inbound.waiting and until == inbound.until):
        undone = _take_back(tx, ctx, inbound, lead, actor, now)
        applied = apply_class(tx, ctx, _case(tx, after, lead.id), now)
        after = replace(after, effects=applied.effects)
        campaigns = undone | applied.campaigns
    saved = tx.inbox.save(inbound, after)
    _note(tx, inbound, kind, actor, now)
    return saved, campaigns


def _case(tx: Tx, decided: Inbound, lead_id: LeadId) -> Case:
    touch = tx.touches.get(decided.touch_id) if decided.touch_id else None
    return Case(
        decided.kind,
        Match(tx.leads.get(lead_id), touch, decided.matched_by),
        decided.mailbox,
        decided.sender,
        decided.arrived_at,
        until=decided.until,
        by_hand=decided.by,
        inbound_id=decided.id,
    )


def _note(tx: Tx, inbound: Inbound, kind: InboundClass, actor: str, now: datetime) -> None:
    change = (kind in PERSONAL) - (inbound.kind in PERSONAL)
    if change and inbound.campaign_id is not None:
        tx.counters.add(inbound.campaign_id, ANSWERS, change)
        campaign = tx.campaigns.get(inbound.campaign_id)
        assert campaign is not None, "a campaign is never removed"
        day = local_day(inbound.created_at, campaign.definition.timezone)
        tx.days.add(campaign.id, day, {DayFact.ANSWERS: change})
    data = {"inbound_id": inbound.id, "from": inbound.kind.value, "to": kind.value}
    type_ = EventType.INBOUND_RECLASSIFIED
    tx.ledger.append(Event(type_, now, actor, inbound.campaign_id, inbound.lead_id, inbound.touch_id, data))


def _confirm(
    tx: Tx, inbound: Inbound, after: Inbound, lead: Lead, actor: str, now: datetime
) -> tuple[Inbound, frozenset[CampaignId]]:
    """What a doubt kept it from: only where the lead still is where it put it."""
    event: LeadEvent | None = None
    if inbound.waiting and inbound.effects and inbound.effects.moved_to is lead.status is LeadStatus.REPLIED:
        if after.kind is InboundClass.HUMAN_NEGATIVE:
            event = Lost(LostReason.NEGATIVE_REPLY, Authority.RULE)
        elif after.kind is InboundClass.HUMAN_POSITIVE and qualifies(tx, lead):
            event = Qualified(Authority.RULE)
    if event is None or inbound.effects is None:
        return after, frozenset()
    saved = record.apply(tx, lead, (event,), actor=actor, now=now)
    return replace(after, effects=replace(inbound.effects, moved_to=saved.status)), frozenset({lead.campaign_id})


def _take_back(tx: Tx, ctx: Context, inbound: Inbound, lead: Lead, actor: str, now: datetime) -> frozenset[CampaignId]:
    effects = inbound.effects
    if effects is None:
        return frozenset()
    campaigns = set(_release(tx, inbound, lead, effects, actor, now))
    present = tx.leads.get(lead.id)
    assert present is not None, "it was read in the same transaction"
    if event := _undoing(tx, inbound, present, effects):
        campaigns.add(record.apply(tx, present, (event,), actor=actor, now=now).campaign_id)
    touch = tx.touches.get(inbound.touch_id) if inbound.touch_id else None
    if touch is not None:
        _uncount(tx, ctx, effects, touch)
    return frozenset(campaigns)


def _undoing(tx: Tx, inbound: Inbound, lead: Lead, effects: Effects) -> LeadEvent | None:
    """What takes the lead back to where it was; none where somebody else, or a later answer, has moved it since."""
    event: LeadEvent = Reopened()
    if inbound.kind in HUMAN:
        answers = (each for each in messages_of(tx, lead.id) if each.kind in HUMAN and each.id != inbound.id)
        others = [each.effects for each in answers]
        if any(other and other.moved_to and other.at > effects.at for other in others):
            return None
        event = AnswerTakenBack(still_answered=bool(others))
    elif lead.state.lost_reason is not LostReason.BOUNCED:
        return None
    return event if lead.status is effects.moved_to and find_move(lead.state, event) else None


def _release(tx: Tx, inbound: Inbound, lead: Lead, effects: Effects, actor: str, now: datetime) -> Iterator[CampaignId]:
    """Ends the holds that it asked for, where they stand for its sake; what another message asked for too stays for
    that one's. Answers whose leads changed."""
    heirs = _heirs(tx, inbound, lead, effects, now) if effects.held else {}
    for lead_id, reason in effects.held:
        held = tx.leads.get(lead_id)
        standing = held.holds if held else ()
        own = next((hold for hold in standing if (hold.reason, hold.since) == (reason, effects.at)), None)
        if held is None or own is None:
            continue
        left = tuple(hold for hold in standing if hold is not own)
        if heir := heirs.get((lead_id, reason)):
            left = (*left, replace(heir, note=own.note))
        after = replace(held, holds=left)
        if after.is_open and after.next_action is Action.OUTREACH:
            after = replace(after, next_action_at=now)
        yield record.apply(tx, held, (), actor=actor, now=now, after=after).campaign_id


def _heirs(tx: Tx, inbound: Inbound, lead: Lead, effects: Effects, now: datetime) -> dict[_Claim, Hold]:
    """The holds that other messages asked for too: with a date the longest, else that of the first message which came
    while it stood, since before then a person may have ended it."""
    heirs: dict[_Claim, Hold] = {}
    for other in _others(tx, inbound, lead, effects):
        asked = other.effects or Effects(now)
        for claim in set(asked.held) & set(effects.held):
            until = away_until(tx, lead, other.until, other.arrived_at) if claim[1] is _DATED else None
            if asked.at >= effects.at if until is None else until > now:
                hold = Hold(claim[1], asked.at, until)
                heirs[claim] = max(heirs.get(claim, hold), hold, key=lambda it: (it.until or now, now - it.since))
    return heirs


def _others(tx: Tx, inbound: Inbound, lead: Lead, effects: Effects) -> Iterator[Inbound]:
    """Messages that may have asked for the same holds."""
    sources = {lead.id, *(held for held, reason in effects.held if reason is not HoldReason.COMPANY_REPLIED)}
    company = colleagues_at(lead)
    if company and any(reason is HoldReason.COMPANY_REPLIED for _, reason in effects.held):
        sources |= {each.id for each in tx.leads.of_domain(company) if each.state.ever_replied}
    for source in sorted(sources):
        yield from (each for each in messages_of(tx, source) if each.id != inbound.id)


def _uncount(tx: Tx, ctx: Context, effects: Effects, touch: Touch) -> None:
    campaign = campaign_of(tx, touch)
    box = ctx.settings.mailboxes.get(touch.mailbox or "")
    for fact in effects.counted:
        day = local_day(effects.at, campaign.definition.timezone)
        tx.deliveries.add(DeliveryScope.CAMPAIGN, str(campaign.id), day, fact, -1)
        if box is not None:
            tx.deliveries.add(DeliveryScope.MAILBOX, box.name, local_day(effects.at, box.timezone), fact, -1)
