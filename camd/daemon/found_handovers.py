"""Handovers of the journal that the database does not know, and those that a lost journal can no longer tell.

Each becomes the outcome of the touch that it was, or of one that is made for it: `sent` where the journal says so,
`rejected` where a server refused it, else `unknown`, which nobody sends again by himself.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from camd.daemon.journal_lines import JournalContents, Recorded
from camd.domain.campaign import Campaign, Channel
from camd.domain.contact import company_of, parse_address
from camd.domain.events import ENGINE, Event, EventType
from camd.domain.facts import Facts, LeadId, TouchId
from camd.domain.lead import Action, Enriched, Hold, HoldReason, Lead, LeadState, LeadStatus
from camd.domain.placeholder import placeholder_hash, placeholder_key
from camd.domain.token_bucket import QuotaScope, Taken
from camd.pipeline import record, touch_moves
from camd.pipeline.context import Context
from camd.pipeline.owners import lead_of
from camd.pipeline.settle import IN_FLIGHT, settle
from camd.ports.channel import Accepted, Refused, Stage, Unknown
from camd.ports.journal import HandoverLine, HandoverOutcomeWord, JournalMark
from camd.ports.records import Debit, Debits, Touch, TouchStatus
from camd.ports.store import Tx

_RESTORED = "restored"
_ENDED = frozenset({TouchStatus.SENT, TouchStatus.REJECTED, TouchStatus.DONE, TouchStatus.SKIPPED})


def outcomes(contents: JournalContents) -> Mapping[str, HandoverOutcomeWord]:
    """By Message-ID, where the last handover has one: a mail that was put off goes out again under the same one."""
    last = {each.line.message_id: each.outcome for each in contents.handovers}
    return {message_id: outcome.outcome for message_id, outcome in last.items() if outcome}


def apply(tx: Tx, ctx: Context, contents: JournalContents, mark: JournalMark, now: datetime) -> Counter[str]:
    """Takes every handover of the journal that the database at `mark` does not know; answers what was found."""
    figures: Counter[str] = Counter()
    for recorded in contents.handovers:
        figures.update(_take(tx, ctx, recorded, mark, now))
    return figures


def _take(tx: Tx, ctx: Context, recorded: Recorded, mark: JournalMark, now: datetime) -> Iterator[str]:
    """Answers the names of the figures that it counts for."""
    line = recorded.line
    touch = tx.touches.of_message(line.message_id)
    if touch is not None and line.mark <= mark:
        return
    yield "handovers"
    word = recorded.outcome.outcome if recorded.outcome else None
    if word is HandoverOutcomeWord.RELEASED:
        return
    if word is HandoverOutcomeWord.DEFERRED:
        tx.quotas.debit(QuotaScope.MAILBOX_DAY, line.mailbox, line.at, 1)
        return
    campaign = tx.campaigns.get(line.campaign_id)
    if campaign is None:
        _debit(tx, _caps(ctx, line, None, None), line.at)
        yield "of_unknown_campaigns"
        return
    lead = _lead_of(tx, line, touch)
    if lead is None:
        lead = _placeholder(tx, ctx, campaign, line)
        yield "people_made"
    touch = touch or _touch_of_step(tx, lead, line.step) or touch_made(tx, ctx, campaign, lead, line.step, line.at)
    if touch.status in _ENDED:
        return
    _settle(tx, ctx, campaign, touch, recorded, now)
    if placeholder_hash(lead.key):
        _let_rest(tx, lead)
    yield word or "unknown"


def _lead_of(tx: Tx, line: HandoverLine, touch: Touch | None) -> Lead | None:
    if touch is not None:
        return tx.leads.get(touch.lead_id)
    own = (lead for lead in tx.leads.of_address_hash(line.recipient_hash) if lead.campaign_id == line.campaign_id)
    return next(own, None)


def _touch_of_step(tx: Tx, lead: Lead, step: int) -> Touch | None:
    return next((touch for touch in tx.touches.of_lead(lead.id) if touch.step == step), None)


def _settle(tx: Tx, ctx: Context, campaign: Campaign, touch: Touch, recorded: Recorded, now: datetime) -> None:
    line, outcome = recorded.line, recorded.outcome
    if outcome is None:
        if touch.status is not TouchStatus.UNKNOWN:
            put_on_wire(tx, ctx, campaign, touch, line)
            settle(tx, ctx, touch.id, Unknown(_RESTORED), now)
    elif outcome.outcome is HandoverOutcomeWord.REJECTED:
        put_on_wire(tx, ctx, campaign, touch, line)
        settle(tx, ctx, touch.id, Refused(Stage.RCPT, 550, None, ""), outcome.at)
    elif touch.status is TouchStatus.UNKNOWN:
        touch_moves.resolve(tx, ctx, touch, sent=True, actor=ENGINE, now=now)
    else:
        put_on_wire(tx, ctx, campaign, touch, line)
        settle(tx, ctx, touch.id, Accepted(""), outcome.at)


def put_on_wire(tx: Tx, ctx: Context, campaign: Campaign, touch: Touch, line: HandoverLine) -> None:
    """Where the line says that it was, so that its outcome is settled as any other's."""
    lead = _known_to_the_engine(tx, touch, line.at)
    debits = touch.debits
    if debits is None or touch.status not in IN_FLIGHT:
        debits = _debit(tx, _caps(ctx, line, campaign, lead), line.at)
    on_wire = replace(
        touch,
        status=TouchStatus.ON_WIRE,
        reason=None,
        ready_at=None,
        message_id=line.message_id,
        mailbox=line.mailbox,
        recipient_hash=line.recipient_hash,
        intent_at=line.at,
        on_wire_at=line.at,
        first_attempt_at=touch.first_attempt_at or line.at,
        debits=debits,
    )
    tx.touches.save(touch, on_wire)


def _known_to_the_engine(tx: Tx, touch: Touch, at: datetime) -> Lead:
    """Who was written to was enriched, even where the database remembers nothing of it."""
    lead = lead_of(tx, touch)
    if lead.status is not LeadStatus.NEW:
        return lead
    enriched = replace(lead, enriched_at=at, next_action=Action.SCORE, next_action_at=at, waits_for=None)
    return record.apply(tx, lead, (Enriched(),), actor=ENGINE, now=at, after=enriched)


def _caps(ctx: Context, line: HandoverLine, campaign: Campaign | None, lead: Lead | None) -> Iterator[Debit]:
    """What the mail took, as far as it is known; without a campaign only the mailbox and the person are."""
    settings = ctx.settings
    zone = settings.engine.timezone
    box = settings.mailboxes.get(line.mailbox)
    yield Debit(QuotaScope.MAILBOX_DAY, line.mailbox, box.timezone if box else None)
    yield Debit(QuotaScope.PERSON, line.recipient_hash)
    if campaign is None:
        return
    yield Debit(QuotaScope.CAMPAIGN, str(campaign.id), campaign.definition.timezone)
    if settings.limits.instance_daily:
        yield Debit(QuotaScope.INSTANCE, ENGINE, zone)
    address = parse_address(lead.facts.email) if lead and lead.facts.email else None
    if company := company_of(address, lead.facts.domain if lead else None):
        yield Debit(QuotaScope.COMPANY, company, zone)
        if line.step == 1:
            yield Debit(QuotaScope.COMPANY_NEW, company, zone)


def _debit(tx: Tx, caps: Iterator[Debit], at: datetime) -> Debits:
    taken = Debits(at, tuple(caps), Taken(at, at))
    for cap in taken.caps:
        tx.quotas.debit(cap.scope, cap.key, at, 1)
    return taken


def _placeholder(tx: Tx, ctx: Context, campaign: Campaign, line: HandoverLine) -> Lead:
    """Somebody of whom only the keyed hash of the address is left: held, until the person comes again or is freed."""
    lead = Lead(
        id=LeadId(ctx.ids.new("ld")),
        campaign_id=campaign.id,
        key=placeholder_key(line.recipient_hash),
        state=LeadState(LeadStatus.CONTACTED, ever_enriched=True, ever_handed_over=True),
        facts=Facts(),
        created_at=line.at,
        updated_at=line.at,
        enriched_at=line.at,
        holds=(Hold(HoldReason.SEND_UNKNOWN, line.at, note="only a keyed hash of the address is left"),),
        steps_version=campaign.steps_version,
        next_action=Action.OUTREACH,
    )
    inserted = tx.leads.insert(lead)
    assert inserted, "nobody with this hash was known a moment ago in the same transaction"
    tx.ledger.append(
        Event(EventType.LEAD_DISCOVERED, line.at, ENGINE, campaign.id, lead.id, data={"source": "journal"})
    )
    return lead


def _let_rest(tx: Tx, lead: Lead) -> None:
    """A cycle that looked at somebody without an address would lose the lead."""
    settled = tx.leads.get(lead.id)
    assert settled is not None, "it was read a moment ago in the same transaction"
    if settled.is_open and settled.next_action_at is not None:
        tx.leads.save(settled, replace(settled, next_action_at=None))


def touch_made(tx: Tx, ctx: Context, campaign: Campaign, lead: Lead, step: int, at: datetime) -> Touch:
    """A mail without its text, and without the mailbox that could send it."""
    made = Touch(
        id=TouchId(ctx.ids.new("to")),
        campaign_id=campaign.id,
        lead_id=lead.id,
        step=step,
        channel=Channel.EMAIL,
        status=TouchStatus.PLANNED,
        due_at=at,
        steps_version=lead.steps_version or campaign.steps_version,
        created_at=at,
        follow_up=step > 1,
        score=lead.score or 0.0,
    )
    inserted = tx.touches.insert(made)
    assert inserted, "the lead had no touch of this step a moment ago in the same transaction"
    return made
