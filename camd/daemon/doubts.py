"""What a lost journal can no longer deny: every mail that may have gone out since the database's last entry is unknown.

Whoever may have been written to is held until a person has looked; a second cold mail cannot be taken back.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from camd.daemon.found_handovers import put_on_wire, touch_made
from camd.domain.campaign import Campaign, Channel, Step
from camd.domain.contact import parse_address
from camd.domain.events import ENGINE
from camd.domain.lead import Hold, HoldReason, Lead, LeadStatus
from camd.domain.message_id import message_id
from camd.domain.send_window import NeverOpens
from camd.domain.sequence import PlannedTouch, Progress, next_touch
from camd.domain.suppression import SuppressionKind, keyed_hash
from camd.domain.token_bucket import QuotaScope
from camd.pipeline import outreach, record
from camd.pipeline.context import Context
from camd.pipeline.settle import settle
from camd.ports.channel import Unknown
from camd.ports.journal import HandoverLine, JournalMark
from camd.ports.records import LeadFilter, Listing, Touch, TouchStatus
from camd.ports.store import Tx

_LOST = "journal_lost"
_NO_MARK = JournalMark(0, 0)
_PAGE = 500


def doubt_all_due(tx: Tx, ctx: Context, now: datetime) -> Counter[str]:
    """Of every active live campaign; answers how many mails became unknown and how many leads were held."""
    figures: Counter[str] = Counter()
    for campaign_id, _ in tx.campaigns.active():
        campaign = tx.campaigns.get(campaign_id)
        if campaign is None or campaign.definition.dry_run:
            continue
        for status in (LeadStatus.CONTACTED, LeadStatus.ENRICHED):
            for lead in _leads(tx, campaign, status):
                figures["unknown"] += _doubt_lead(tx, ctx, campaign, lead, now)
        for lead in _leads(tx, campaign, LeadStatus.NEW):
            figures["new_leads_held"] += _hold_new(tx, lead, now)
    return figures


def _leads(tx: Tx, campaign: Campaign, status: LeadStatus) -> Iterator[Lead]:
    before: str | None = None
    while page := tx.leads.page(campaign.id, Listing(_PAGE, before), LeadFilter(status=status)):
        yield from page
        before = page[-1].id


def _doubt_lead(tx: Tx, ctx: Context, campaign: Campaign, lead: Lead, now: datetime) -> int:
    """Its waiting mail where that was due, then each step that may have followed since."""
    if lead.facts.email is None:
        return 0
    view = outreach.view_of(tx, campaign, lead)
    over = {touch.step: touch.settled_at or touch.due_at for touch in view.touches if touch.status in outreach.OVER}
    doubted = 0
    for touch in view.touches:
        if touch.channel == Channel.EMAIL and touch.status in record.CANCELLABLE and touch.due_at <= now:
            _doubt(tx, ctx, campaign, lead, touch, now)
            over[touch.step] = touch.due_at
            doubted += 1
    standing = {touch.step for touch in view.touches if touch.status is not TouchStatus.CANCELLED} - over.keys()
    while planned := _next(lead, campaign, view.steps, over, standing):
        if planned.step.channel is not Channel.EMAIL or planned.due_at > now:
            break
        number = planned.step.number
        made = view.touch_of(number) or touch_made(tx, ctx, campaign, lead, number, planned.due_at)
        _doubt(tx, ctx, campaign, lead, made, now)
        over[number] = planned.due_at
        doubted += 1
    return doubted


def _next(
    lead: Lead, campaign: Campaign, steps: tuple[Step, ...], over: dict[int, datetime], standing: set[int]
) -> PlannedTouch | None:
    """As if the step had been planned as soon as it could be."""
    assert lead.enriched_at is not None, "an open lead was enriched"
    progress = Progress(lead.enriched_at, lead.score or 0.0, over, frozenset(standing))
    try:
        found = next_touch(lead.id, progress, steps, outreach.timing_of(campaign, lead), lead.enriched_at)
    except NeverOpens:
        return None
    return found if isinstance(found, PlannedTouch) else None


def _doubt(tx: Tx, ctx: Context, campaign: Campaign, lead: Lead, touch: Touch, now: datetime) -> None:
    assert lead.facts.email is not None, "only mails are doubted"
    key = tx.instance.key()
    recipient = keyed_hash(key, SuppressionKind.ADDRESS, parse_address(lead.facts.email).key)
    at = touch.intent_at or touch.due_at
    box = ctx.settings.mailboxes.get(touch.mailbox or "")
    if box is not None and touch.body is not None:
        made = touch.message_id or message_id(
            key,
            campaign_id=campaign.id,
            lead_id=lead.id,
            step=touch.step,
            steps_version=touch.steps_version,
            sender=box.address,
        )
        line = HandoverLine(_NO_MARK, at, made, campaign.id, touch.step, box.name, recipient)
        put_on_wire(tx, ctx, campaign, touch, line)
    else:
        # Without mailbox and Message-ID: sent again on a person's word, it is rendered first.
        tx.quotas.debit(QuotaScope.PERSON, recipient, at, 1)
        on_wire = replace(
            touch, status=TouchStatus.ON_WIRE, ready_at=None, on_wire_at=at, recipient_hash=recipient, mailbox=None
        )
        tx.touches.save(touch, on_wire)
    settle(tx, ctx, touch.id, Unknown(_LOST), now)


def _hold_new(tx: Tx, lead: Lead, now: datetime) -> bool:
    """It may have been enriched and written to since."""
    if lead.facts.email is None or lead.waits_for:
        return False
    hold = Hold(HoldReason.SEND_UNKNOWN, now, note="it may have been written to before the journal was lost")
    held = replace(lead, holds=lead.holds_with(hold), next_action_at=None)
    record.apply(tx, lead, (), actor=ENGINE, now=now, after=held)
    return True
