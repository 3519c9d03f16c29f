"""What a message does, by its class, in the caller's transaction: lead, suppression, holds and figures together.

It applies whatever the campaign's status is. What it did, so far as another class can take it back, is its `Effects`.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from camd.domain.contact import company_of, parse_address
from camd.domain.events import ENGINE, PERSON
from camd.domain.facts import CampaignId, LeadId, Verdict
from camd.domain.inbound import CONSEQUENCES, PERSONAL, BounceKind, InboundClass
from camd.domain.lead import (
    Action,
    Hold,
    HoldReason,
    Lead,
    LeadStatus,
    LostReason,
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
from camd.pipeline.opt_out import opt_out
from camd.pipeline.owners import campaign_of
from camd.ports.channel import Refused, Stage
from camd.ports.records import DeliveryFact, Effects, MatchedBy
from camd.ports.store import Tx
from camd.telemetry.logs import get_log

log = get_log()

SOFT_BOUNCES = 3
SOFT_BOUNCES_WITHIN = timedelta(days=14)
AWAY_FOR = timedelta(days=14)
"""How long an out-of-office note holds that states no day."""
_PERMANENT_FAILURE = 550
_ANSWERED = frozenset({LeadStatus.ENRICHED, LeadStatus.CONTACTED})
"""From these a rule may follow a person's answer; of any other status a person has to look at it."""


@dataclass(frozen=True, slots=True)
class Case:
    """A message of a class, and whom it concerns. `by_hand` is who decided the class where no rule did: then nothing
    about it is forged or doubtful."""

    kind: InboundClass
    match: Match
    mailbox: str
    sender: str | None
    arrived_at: datetime
    until: date | None = None
    has_left: bool = False
    is_doubtful: bool = False
    by_hand: str | None = None

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
    effects = Effects(now, work.moved_to, tuple(work.held), tuple(work.counted))
    return Applied(waits and case.by_hand is None, effects, frozenset(work.campaigns))


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
                self._hold(lead, HoldReason.OUT_OF_OFFICE, until=self._back_at(lead))
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
        fact = CONSEQUENCES[answer].fact
        assert fact is not None, "an answer says something of its lead"
        was_waited_for = lead.status in _ANSWERED or lead.state.lost_reason is LostReason.NO_REPLY
        after = self._move(proved, OutsideFact(fact, qualifies=self._qualifies(proved)), before=lead)
        for colleague in self._colleagues(lead):
            self._hold(colleague, HoldReason.COMPANY_REPLIED, note="somebody at this company answered")
        if self.case.match.by is MatchedBy.SENDER and lead.facts.email:
            for other in self.tx.leads.of_person(parse_address(lead.facts.email).key):
                if other.id != lead.id:
                    self._hold(other, HoldReason.NEEDS_REVIEW, note="answered another campaign")
        is_settled = answer is InboundClass.HUMAN_NEGATIVE or after.status is LeadStatus.QUALIFIED
        return self.case.is_doubtful or not was_waited_for or not is_settled

    def _proved(self, lead: Lead, *, positive: bool) -> Lead:
        """A human answer proves the address, and a positive one is an intent: the score is made anew."""
        if lead.facts.email is None:
            return lead
        definition = campaign_of(self.tx, lead).definition
        value = score(lead.facts, Verdict.VALID, definition.icp, definition.scoring, answered_positively=positive).value
        return replace(lead, verdict=Verdict.VALID, verdict_evidence="a person answered", score=value)

    def _qualifies(self, lead: Lead) -> bool:
        scoring = campaign_of(self.tx, lead).definition.scoring
        return scoring.auto_qualify and (lead.score or 0.0) >= scoring.auto_qualify_score

    def _colleagues(self, lead: Lead) -> list[Lead]:
        email = parse_address(lead.facts.email) if lead.facts.email else None
        company = company_of(email, lead.facts.domain)
        return [other for other in self.tx.leads.of_company(company) if other.id != lead.id] if company else []

    def _opted_out(self, lead: Lead) -> bool:
        """Whoever asks is written to no more, and whose mail it answers: only one of them may be the lead."""
        self._refuse(lead, SuppressionReason.OPTED_OUT, self.case.sender)
        return False

    def _complained(self, lead: Lead) -> bool:
        if not self.case.is_proved:
            return self._suspect(lead)
        self._refuse(lead, SuppressionReason.COMPLAINED)
        self._count(DeliveryFact.COMPLAINTS)
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
            self._count(DeliveryFact.HARD_BOUNCES)
            mailbox_health.look_at_bounces(self.tx, self.ctx, self.case.mailbox, self.now)
            lose_bounced(self.tx, self.ctx, lead, self.now)
            self._note_move(lead)
        return False

    def _bounced_softly(self, lead: Lead) -> bool:
        if not self.case.is_proved:
            return False
        report = self.case.match.report
        match report.kind if report else BounceKind.SOFT:
            case BounceKind.SENDER_TROUBLE if report is not None:
                refusal = Refused(Stage.DOT, _PERMANENT_FAILURE, report.code, report.diagnostic)
                mailbox_health.refused(self.tx, self.ctx, self.case.mailbox, refusal, self.now)
            case BounceKind.OTHER:
                self._hold(lead, HoldReason.NEEDS_REVIEW, note="bounced, and not for the address alone")
                return True
            case _:
                since = self.case.arrived_at - SOFT_BOUNCES_WITHIN
                earlier = self.tx.inbox.of_lead(lead.id, [InboundClass.SOFT_BOUNCE], since)
                if len(earlier) + 1 >= SOFT_BOUNCES:
                    self._hold(lead, HoldReason.SOFT_BOUNCES, note=f"{SOFT_BOUNCES} within 14 days")
        return False

    def _suspect(self, lead: Lead) -> bool:
        """Anybody can write such a message: it stops what it is about, and a person looks at it."""
        self._hold(lead, HoldReason.NEEDS_REVIEW, note="a report without one of our Message-IDs")
        return True

    def _back_at(self, lead: Lead) -> datetime:
        """The start of the working day after the stated one, by the clock that the lead lives by."""
        timing = outreach.timing_of(campaign_of(self.tx, lead), lead)
        zone = timing.zone.zone
        if self.case.until is None or self.case.until < local_day(self.case.arrived_at, zone):
            return self.case.arrived_at + AWAY_FOR
        stated = day_bounds(self.case.until, zone)[0]
        try:
            returned = add_working_days(stated, 1, timing.window, timing.zone)
        except NeverOpens:
            return self.case.arrived_at + AWAY_FOR
        return day_bounds(local_day(returned, zone), zone)[0].astimezone(UTC)

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
        standing = next((hold for hold in lead.holds if hold.reason is reason), None)
        is_over = not (lead.is_open or lead.status is LeadStatus.NEW)
        if is_over or (standing and (standing.until is None or (until and standing.until >= until))):
            return
        held = replace(lead, holds=lead.holds_with(Hold(reason, self.now, until, note)), waits_for=None)
        if held.next_action is Action.OUTREACH:
            held = replace(held, next_action_at=self.now)
        record.apply(self.tx, lead, (), actor=self.case.by_hand or ENGINE, now=self.now, after=held)
        log.warning("lead.held", campaign_id=lead.campaign_id, reason=reason)
        self.held.append((lead.id, reason))
        self.campaigns.add(lead.campaign_id)

    def _count(self, fact: DeliveryFact) -> None:
        """Once for the campaign and the mailbox that wrote."""
        if self.case.match.touch is not None and self.case.match.touch.mailbox is not None:
            settle.count(self.tx, self.ctx, self.case.match.touch, fact, self.now)
            self.counted.append(fact)
