"""What a message does, by its class, in the caller's transaction: lead, suppression, holds and figures together.

It applies whatever the campaign's status is. What it did, so far as another class can take it back, is its `Effects`.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from camd.domain.contact import company_of, parse_address
from camd.domain.events import ENGINE, PERSON
from camd.domain.facts import CampaignId, InboundId, LeadId, Verdict
from camd.domain.inbound import CONSEQUENCES, PERSONAL, BounceKind, InboundClass
from camd.domain.lead import (
    Action,
    Hold,
    HoldReason,
    Lead,
    LeadStatus,
    LostReason,
    Outside,
    OutsideFact,
    react,
)
from camd.domain.scoring import score
from camd.domain.send_window import NeverOpens, add_working_days, day_bounds, local_day
from camd.domain.suppression import SuppressionKind, SuppressionReason, keyed_hash
from camd.pipeline import mailbox_health, outreach, record, settle
from camd.pipeline.bounced import lose_bounced
from camd.pipeline.context import Context
from camd.pipeline.matching import Match, address_key
from camd.pipeline.messages import messages_of
from camd.pipeline.opt_out import opt_out
from camd.pipeline.owners import campaign_of
from camd.ports.channel import Refused, Stage
from camd.ports.inbox import Report
from camd.ports.records import DeliveryFact, Effects, Inbound, MatchedBy
from camd.ports.store import Tx

SOFT_BOUNCES = 3
SOFT_BOUNCES_WITHIN = timedelta(days=14)
AWAY_FOR = timedelta(days=14)
"""How long an out-of-office note holds that states no day."""
_PERMANENT_FAILURE = 550
_LOOKED_AT = 50
"""Of a lead's earlier messages of a class."""
_ANSWERED = frozenset({LeadStatus.ENRICHED, LeadStatus.CONTACTED})
"""From these a rule may follow a person's answer; of any other status a person has to look at it."""


@dataclass(frozen=True, slots=True)
class Case:
    """A message of a class, and whom it concerns. `by_hand` is who decided the class where no rule did: then nothing
    about it is forged or doubtful. `inbound_id` is that of a message which is stored already."""

    kind: InboundClass
    match: Match
    mailbox: str
    sender: str | None
    arrived_at: datetime
    until: date | None = None
    has_left: bool = False
    is_doubtful: bool = False
    by_hand: str | None = None
    inbound_id: InboundId | None = None

    @property
    def sent_by(self) -> str:
        """The mailbox whose mail it is about: a report may come to another one."""
        touch = self.match.touch
        return (touch and touch.mailbox) or self.mailbox

    @property
    def is_proved(self) -> bool:
        """Whether it bears a Message-ID that only who had our mail can know."""
        return self.by_hand is not None or self.match.by is MatchedBy.MESSAGE_ID


@dataclass(frozen=True, slots=True)
class Applied:
    """`waits`: a person has to look at it. `campaigns` are those whose leads changed."""

    waits: bool
    effects: Effects
    campaigns: frozenset[CampaignId]


def apply_class(tx: Tx, ctx: Context, case: Case, now: datetime) -> Applied:
    """Of a message that concerns nobody known only an answer waits for a person."""
    work = _Work(tx, ctx, case, now)
    lead = case.match.lead
    waits = work.run(lead) if lead is not None else case.kind in PERSONAL
    effects = Effects(now, work.moved_to, tuple(work.held), tuple(work.counted), work.is_soft)
    return Applied(waits and case.by_hand is None, effects, frozenset(work.campaigns))


def away_until(tx: Tx, lead: Lead, until: date | None, arrived_at: datetime) -> datetime:
    """The start of the working day after the stated one, by the clock that the lead lives by."""
    timing = outreach.timing_of(campaign_of(tx, lead), lead)
    zone = timing.zone.zone
    if until is None or until < local_day(arrived_at, zone):
        return arrived_at + AWAY_FOR
    try:
        returned = add_working_days(day_bounds(until, zone)[0], 1, timing.window, timing.zone)
    except NeverOpens:
        return arrived_at + AWAY_FOR
    return day_bounds(local_day(returned, zone), zone)[0].astimezone(UTC)


def qualifies(tx: Tx, lead: Lead) -> bool:
    """Whether a positive answer qualifies the lead by rule."""
    scoring = campaign_of(tx, lead).definition.scoring
    return scoring.auto_qualify and (lead.score or 0.0) >= scoring.auto_qualify_score


def colleagues_at(lead: Lead) -> str | None:
    """The company whose other people an answer of this lead concerns."""
    email = parse_address(lead.facts.email) if lead.facts.email else None
    return company_of(email, lead.facts.domain)


@dataclass(slots=True)
class _Work:
    """One message's way through the leads that it concerns."""

    tx: Tx
    ctx: Context
    case: Case
    now: datetime
    moved_to: LeadStatus | None = None
    held: list[tuple[LeadId, HoldReason]] = field(default_factory=list)
    counted: list[DeliveryFact] = field(default_factory=list)
    campaigns: set[CampaignId] = field(default_factory=set)
    is_soft: bool = False

    def run(self, lead: Lead) -> bool:
        """Answers whether a person has to look at it."""
        self.campaigns.add(lead.campaign_id)
        match self.case.kind:
            case InboundClass.HUMAN_POSITIVE | InboundClass.HUMAN_NEGATIVE | InboundClass.HUMAN_NEUTRAL as answer:
                return self._answered(lead, answer)
            case InboundClass.OPT_OUT_REQUEST:
                return self._opted_out(lead)
            case InboundClass.COMPLAINT:
                return self._complained(lead)
            case InboundClass.HARD_BOUNCE:
                return self._bounced(lead)
            case InboundClass.SOFT_BOUNCE:
                return self._bounced_softly(lead)
            case InboundClass.OUT_OF_OFFICE:
                until = away_until(self.tx, lead, self.case.until, self.case.arrived_at)
                self._hold(lead, HoldReason.OUT_OF_OFFICE, until=until)
                return False
            case InboundClass.CHALLENGE:
                self._hold(lead, HoldReason.NEEDS_REVIEW, note="asks whether a person wrote")
                return True
            case InboundClass.AUTO_REPLY if self.case.has_left:
                self._hold(lead, HoldReason.NEEDS_REVIEW, note="has left the company")
                return True
            case _:
                return False

    def _answered(self, lead: Lead, answer: InboundClass) -> bool:
        proved = self._proved(lead, positive=answer is InboundClass.HUMAN_POSITIVE)
        # What is doubtful ends the sequence; whether somebody is won or lost a person says.
        fact = Outside.NEUTRAL_ANSWER if self.case.is_doubtful else CONSEQUENCES[answer].fact
        assert fact is not None, "an answer says something of its lead"
        was_waited_for = lead.status in _ANSWERED or lead.state.lost_reason is LostReason.NO_REPLY
        after = self._move(proved, OutsideFact(fact, qualifies=qualifies(self.tx, proved)), before=lead)
        if after.status is LeadStatus.NEW:
            self._hold(after, HoldReason.NEEDS_REVIEW, note="wrote before anything was sent")
        for colleague in self._colleagues(lead):
            self._hold(colleague, HoldReason.COMPANY_REPLIED, note="somebody at this company answered")
        for other in self._others(lead):
            self._hold(other, HoldReason.NEEDS_REVIEW, note="answered another mail")
        is_settled = answer is InboundClass.HUMAN_NEGATIVE or after.status is LeadStatus.QUALIFIED
        return self.case.is_doubtful or not was_waited_for or not is_settled

    def _proved(self, lead: Lead, *, positive: bool) -> Lead:
        """A human answer proves the address, and a positive one is an intent: the score is made anew."""
        if lead.facts.email is None:
            return lead
        definition = campaign_of(self.tx, lead).definition
        value = score(lead.facts, Verdict.VALID, definition.icp, definition.scoring, answered_positively=positive).value
        return replace(lead, verdict=Verdict.VALID, verdict_evidence="a person answered", score=value)

    def _colleagues(self, lead: Lead) -> list[Lead]:
        company = colleagues_at(lead)
        return [other for other in self.tx.leads.of_company(company) if other.id != lead.id] if company else []

    def _others(self, lead: Lead) -> list[Lead]:
        """Further leads of whoever wrote, where they answer for somebody else, or only their address says whom."""
        sender = self.case.sender
        is_told = address_key(sender) == address_key(lead.facts.email) and self.case.match.by is not MatchedBy.SENDER
        return [] if is_told else self._leads_of(sender, lead)

    def _leads_of(self, address: str | None, lead: Lead) -> list[Lead]:
        """Those of whoever has that address, but this one."""
        key = address_key(address)
        return [other for other in self.tx.leads.of_person(key) if other.id != lead.id] if key else []

    def _opted_out(self, lead: Lead) -> bool:
        """Whoever asks is written to no more, and whose mail it answers: only one of them may be the lead."""
        if self.case.is_doubtful:
            for each in (lead, *self._leads_of(lead.facts.email, lead), *self._leads_of(self.case.sender, lead)):
                self._hold(each, HoldReason.NEEDS_REVIEW, note="may ask for no more mail")
            return True
        self._refuse(lead, SuppressionReason.OPTED_OUT, self.case.sender)
        return False

    def _complained(self, lead: Lead) -> bool:
        if not self.case.is_proved:
            return self._suspect(lead)
        self._refuse(lead, SuppressionReason.COMPLAINED)
        self._count(lead, DeliveryFact.COMPLAINTS)
        return False

    def _refuse(self, lead: Lead, reason: SuppressionReason, *others: str | None) -> None:
        key = self.tx.instance.key()
        for address in {address_key(each) for each in (lead.facts.email, *others)} - {None}:
            hashed = keyed_hash(key, SuppressionKind.ADDRESS, address or "")
            self.campaigns |= opt_out(self.tx, self.ctx, hashed, now=self.now, reason=reason) or frozenset()
        self._note_move(lead)

    def _bounced(self, lead: Lead) -> bool:
        if not self.case.is_proved:
            return self._suspect(lead)
        if lead.state.lost_reason is not LostReason.BOUNCED:
            self._count(lead, DeliveryFact.HARD_BOUNCES)
            mailbox_health.look_at_bounces(self.tx, self.ctx, self.case.sent_by, self.now)
            lose_bounced(self.tx, self.ctx, lead, self.now)
            self._note_move(lead)
        return False

    def _bounced_softly(self, lead: Lead) -> bool:
        if not self.case.is_proved:
            return False
        report = self.case.match.report
        match report.kind if report else BounceKind.SOFT:
            case BounceKind.SENDER_TROUBLE if report is not None:
                self._refused_for_us(lead, report)
            case BounceKind.OTHER:
                self._hold(lead, HoldReason.NEEDS_REVIEW, note="bounced, and not for the address alone")
                return True
            case _:
                self.is_soft = True
                if 1 + sum(map(self._is_near, self._earlier(lead))) >= SOFT_BOUNCES:
                    self._hold(lead, HoldReason.SOFT_BOUNCES, note=f"{SOFT_BOUNCES} within 14 days")
        return False

    def _refused_for_us(self, lead: Lead, report: Report) -> None:
        """Once for each mail, however often it is told."""
        touch = self.case.match.touch
        if touch is not None and all(each.touch_id != touch.id for each in self._earlier(lead)):
            refusal = Refused(Stage.DOT, _PERMANENT_FAILURE, report.code, report.diagnostic)
            mailbox_health.refused(self.tx, self.ctx, self.case.sent_by, refusal, self.now)

    def _is_near(self, other: Inbound) -> bool:
        is_soft = other.effects is not None and other.effects.is_soft
        return is_soft and abs(other.arrived_at - self.case.arrived_at) <= SOFT_BOUNCES_WITHIN

    def _earlier(self, lead: Lead) -> list[Inbound]:
        """The lead's latest messages of this class."""
        latest = islice(messages_of(self.tx, lead.id, self.case.kind), _LOOKED_AT)
        return [each for each in latest if each.id != self.case.inbound_id]

    def _suspect(self, lead: Lead) -> bool:
        """Anybody can write such a message: it stops what it is about, and a person looks at it."""
        self._hold(lead, HoldReason.NEEDS_REVIEW, note="a report without one of our Message-IDs")
        return True

    def _move(self, lead: Lead, fact: OutsideFact, *, before: Lead) -> Lead:
        events = react(before.state, fact)
        saved = record.apply(self.tx, before, events, actor=self.case.by_hand or PERSON, now=self.now, after=lead)
        self._note_move(before)
        return saved

    def _note_move(self, before: Lead) -> None:
        after = self.tx.leads.get(before.id)
        if after is not None and after.state != before.state:
            self.moved_to = after.status

    def _hold(self, lead: Lead, reason: HoldReason, *, until: datetime | None = None, note: str | None = None) -> None:
        """Never shortens a hold that stands."""
        if not (lead.is_open or lead.status is LeadStatus.NEW):
            return
        self.held.append((lead.id, reason))
        standing = next((hold for hold in lead.holds if hold.reason is reason), None)
        if standing and (standing.until is None or (until and standing.until >= until)):
            return
        held = replace(lead, holds=lead.holds_with(Hold(reason, self.now, until, note)), waits_for=None)
        if held.next_action is Action.OUTREACH:
            held = replace(held, next_action_at=self.now)
        record.apply(self.tx, lead, (), actor=self.case.by_hand or ENGINE, now=self.now, after=held)
        self.campaigns.add(lead.campaign_id)

    def _count(self, lead: Lead, fact: DeliveryFact) -> None:
        """For the campaign and the mailbox that wrote, once for each lead."""
        touch = self.case.match.touch
        if touch is None or touch.mailbox is None:
            return
        if not any(each.effects and fact in each.effects.counted for each in self._earlier(lead)):
            settle.count(self.tx, self.ctx, touch, fact, self.now)
            self.counted.append(fact)
