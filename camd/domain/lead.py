"""One person in one campaign: the statuses, the one table of legal moves, and the reduction of outside facts.

`transition` is for our own code: a move that the table does not hold is an `AssertionError`, that is, a bug.
`react` is for the outside (mail, hooks, providers, SMTP replies): it is total and answers only legal events.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from camd.domain.facts import CampaignId, Facts, ImportId, LeadId, Verdict


class LeadStatus(StrEnum):
    NEW = "new"
    ENRICHED = "enriched"
    CONTACTED = "contacted"
    REPLIED = "replied"
    QUALIFIED = "qualified"
    WON = "won"
    LOST = "lost"


class LostReason(StrEnum):
    NEGATIVE_REPLY = "negative_reply"
    NO_REPLY = "no_reply"
    BOUNCED = "bounced"
    OPTED_OUT = "opted_out"
    COMPLAINED = "complained"
    INVALID_ADDRESS = "invalid_address"
    NO_ADDRESS = "no_address"
    DO_NOT_CONTACT = "do_not_contact"
    DISQUALIFIED = "disqualified"
    DUPLICATE = "duplicate"
    OPERATOR = "operator"
    ERASED = "erased"


class HoldReason(StrEnum):
    NEEDS_REVIEW = "needs_review"
    SEND_UNKNOWN = "send_unknown"
    SEND_FAILED = "send_failed"
    MISSING_VARIABLE = "missing_variable"
    COMPANY_REPLIED = "company_replied"
    OUT_OF_OFFICE = "out_of_office"
    SOFT_BOUNCES = "soft_bounces"
    CONSENT_REQUIRED = "consent_required"
    OPERATOR_WROTE = "operator_wrote"
    POISON = "poison"
    OPERATOR = "operator"


class Authority(StrEnum):
    """Who decides: a rule of the engine, or a person (the operator, or a hook on their behalf)."""

    RULE = "rule"
    OPERATOR = "operator"


class Action(StrEnum):
    """What the engine does next with a lead, at `Lead.next_action_at`."""

    ENRICH = "enrich"
    SCORE = "score"
    OUTREACH = "outreach"


@dataclass(frozen=True, slots=True)
class Hold:
    """A reason not to write for now; `until` is none where it waits for a person or a fact."""

    reason: HoldReason
    since: datetime
    until: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class LeadState:
    """The part of a lead that the table of moves reads and writes."""

    status: LeadStatus
    lost_reason: LostReason | None = None
    ever_enriched: bool = False
    ever_handed_over: bool = False
    ever_replied: bool = False


@dataclass(frozen=True, slots=True)
class Discovered:
    pass


@dataclass(frozen=True, slots=True)
class Enriched:
    """The waterfall is finished, possibly with nothing found."""


@dataclass(frozen=True, slots=True)
class TouchAccepted:
    """A touch was handed over: the receiver's server accepted it, or a person did it."""


@dataclass(frozen=True, slots=True)
class Replied:
    """A person answered."""


@dataclass(frozen=True, slots=True)
class Qualified:
    """A rule qualifies only with a positive answer, so only out of `replied`."""

    by: Authority


@dataclass(frozen=True, slots=True)
class Won:
    """A signed client with its revenue a month in the campaign's currency."""

    mrr: Decimal


@dataclass(frozen=True, slots=True)
class Lost:
    reason: LostReason
    by: Authority


@dataclass(frozen=True, slots=True)
class Erased:
    pass


@dataclass(frozen=True, slots=True)
class Reopened:
    pass


@dataclass(frozen=True, slots=True)
class AnswerTakenBack:
    """A person says that what a rule took for an answer was none, or another one. `still_answered`: there is a
    further one of the same person."""

    still_answered: bool


LeadEvent = (
    Discovered | Enriched | TouchAccepted | Replied | Qualified | Won | Lost | Erased | Reopened | AnswerTakenBack
)


class To(StrEnum):
    """Where a move leads when that is not one fixed status."""

    UNCHANGED = "unchanged"
    REASON_MAY_CHANGE = "unchanged, but opted_out, complained and bounced replace the reason"
    WHERE_IT_WAS = "replied, contacted, enriched or new, by what happened before"


@dataclass(frozen=True, slots=True)
class Move:
    """One row of the table. `reasons` narrows `lost` to those reasons, `by` asks for that authority."""

    source: LeadStatus | None
    event: type[LeadEvent]
    target: LeadStatus | To
    reasons: frozenset[LostReason] = frozenset(LostReason)
    by: Authority | None = None

    def fits(self, state: LeadState | None, event: LeadEvent) -> bool:
        if not isinstance(event, self.event) or self.source != (state.status if state else None):
            return False
        if state and state.lost_reason and state.lost_reason not in self.reasons:
            return False
        return self.by is None or self.by == getattr(event, "by", None)


NEVER_AGAIN = frozenset({LostReason.OPTED_OUT, LostReason.COMPLAINED, LostReason.ERASED})
OVERRULING = frozenset({LostReason.OPTED_OUT, LostReason.COMPLAINED, LostReason.BOUNCED})
_MAY_RETURN = frozenset(LostReason) - NEVER_AGAIN
_NOT_ERASED = frozenset(LostReason) - {LostReason.ERASED}
_S = LeadStatus

MOVES: tuple[Move, ...] = (
    Move(None, Discovered, _S.NEW),
    Move(_S.NEW, Enriched, _S.ENRICHED),
    Move(_S.ENRICHED, TouchAccepted, _S.CONTACTED),
    Move(_S.CONTACTED, TouchAccepted, _S.CONTACTED),
    Move(_S.REPLIED, TouchAccepted, To.UNCHANGED),
    Move(_S.QUALIFIED, TouchAccepted, To.UNCHANGED),
    Move(_S.WON, TouchAccepted, To.UNCHANGED),
    Move(_S.LOST, TouchAccepted, To.UNCHANGED),
    Move(_S.ENRICHED, Replied, _S.REPLIED),
    Move(_S.CONTACTED, Replied, _S.REPLIED),
    Move(_S.LOST, Replied, _S.REPLIED, reasons=frozenset({LostReason.NO_REPLY})),
    Move(_S.NEW, Replied, To.UNCHANGED),
    Move(_S.REPLIED, Replied, To.UNCHANGED),
    Move(_S.QUALIFIED, Replied, To.UNCHANGED),
    Move(_S.WON, Replied, To.UNCHANGED),
    Move(_S.LOST, Replied, To.UNCHANGED, reasons=frozenset(LostReason) - {LostReason.NO_REPLY}),
    Move(_S.NEW, Qualified, _S.QUALIFIED, by=Authority.OPERATOR),
    Move(_S.ENRICHED, Qualified, _S.QUALIFIED, by=Authority.OPERATOR),
    Move(_S.CONTACTED, Qualified, _S.QUALIFIED, by=Authority.OPERATOR),
    Move(_S.REPLIED, Qualified, _S.QUALIFIED),
    Move(_S.LOST, Qualified, _S.QUALIFIED, reasons=_MAY_RETURN, by=Authority.OPERATOR),
    Move(_S.NEW, Won, _S.WON),
    Move(_S.ENRICHED, Won, _S.WON),
    Move(_S.CONTACTED, Won, _S.WON),
    Move(_S.REPLIED, Won, _S.WON),
    Move(_S.QUALIFIED, Won, _S.WON),
    Move(_S.LOST, Won, _S.WON, reasons=_NOT_ERASED),
    Move(_S.NEW, Lost, _S.LOST),
    Move(_S.ENRICHED, Lost, _S.LOST),
    Move(_S.CONTACTED, Lost, _S.LOST),
    Move(_S.REPLIED, Lost, _S.LOST),
    Move(_S.QUALIFIED, Lost, To.UNCHANGED, by=Authority.RULE),
    Move(_S.QUALIFIED, Lost, _S.LOST, by=Authority.OPERATOR),
    Move(_S.WON, Lost, To.UNCHANGED, by=Authority.RULE),
    Move(_S.WON, Lost, _S.LOST, by=Authority.OPERATOR),
    Move(_S.LOST, Lost, To.REASON_MAY_CHANGE, by=Authority.RULE),
    Move(_S.NEW, Erased, _S.LOST),
    Move(_S.ENRICHED, Erased, _S.LOST),
    Move(_S.CONTACTED, Erased, _S.LOST),
    Move(_S.REPLIED, Erased, _S.LOST),
    Move(_S.QUALIFIED, Erased, _S.LOST),
    Move(_S.WON, Erased, _S.LOST),
    Move(_S.LOST, Erased, _S.LOST, reasons=_NOT_ERASED),
    Move(_S.LOST, Reopened, To.WHERE_IT_WAS, reasons=_MAY_RETURN),
    Move(_S.WON, Reopened, _S.QUALIFIED),
    Move(_S.REPLIED, AnswerTakenBack, To.WHERE_IT_WAS),
    Move(_S.QUALIFIED, AnswerTakenBack, To.WHERE_IT_WAS),
    Move(_S.LOST, AnswerTakenBack, To.WHERE_IT_WAS, reasons=frozenset({LostReason.NEGATIVE_REPLY})),
)


def find_move(state: LeadState | None, event: LeadEvent) -> Move | None:
    """The row that allows `event` in `state`, or none where it is illegal. At most one row fits."""
    return next((move for move in MOVES if move.fits(state, event)), None)


# Few states and events are met, again and again: each handover asks for the same move.
@lru_cache(maxsize=1024)
def transition(state: LeadState | None, event: LeadEvent) -> LeadState:
    """The state after `event`; an illegal move is an `AssertionError`."""
    move = find_move(state, event)
    assert move is not None, f"{type(event).__name__} is illegal in {state}"
    after = _marked(state or LeadState(LeadStatus.NEW), event)
    match move.target:
        case To.UNCHANGED:
            return after
        case To.REASON_MAY_CHANGE:
            return _with_overruled_reason(after, event)
        case To.WHERE_IT_WAS:
            return replace(after, status=_where_it_was(after), lost_reason=None)
        case status:
            return replace(after, status=status, lost_reason=_lost_reason(event))


def _marked(state: LeadState, event: LeadEvent) -> LeadState:
    match event:
        case Enriched():
            return replace(state, ever_enriched=True)
        case TouchAccepted():
            return replace(state, ever_handed_over=True)
        case Replied():
            return replace(state, ever_replied=True)
        case AnswerTakenBack(still_answered):
            return replace(state, ever_replied=still_answered)
        case _:
            return state


def _lost_reason(event: LeadEvent) -> LostReason | None:
    match event:
        case Lost(reason):
            return reason
        case Erased():
            return LostReason.ERASED
        case _:
            return None


def _with_overruled_reason(state: LeadState, event: LeadEvent) -> LeadState:
    reason = _lost_reason(event)
    if reason in OVERRULING and state.lost_reason is not LostReason.ERASED:
        return replace(state, lost_reason=reason)
    return state


def _where_it_was(state: LeadState) -> LeadStatus:
    if state.ever_replied:
        return LeadStatus.REPLIED
    if state.ever_handed_over:
        return LeadStatus.CONTACTED
    return LeadStatus.ENRICHED if state.ever_enriched else LeadStatus.NEW


class Outside(StrEnum):
    """Facts that the outside reports of a lead, whatever its status is by then."""

    POSITIVE_ANSWER = "positive_answer"
    NEGATIVE_ANSWER = "negative_answer"
    NEUTRAL_ANSWER = "neutral_answer"
    OPT_OUT = "opt_out"
    COMPLAINT = "complaint"
    HARD_BOUNCE = "hard_bounce"
    HANDED_OVER = "handed_over"
    OBJECTED = "objected"


@dataclass(frozen=True, slots=True)
class OutsideFact:
    """`qualifies`: the campaign's `auto_qualify` holds for this lead's recomputed score."""

    kind: Outside
    qualifies: bool = False


_RULE = Authority.RULE
_WISHES: Mapping[Outside, tuple[LeadEvent, ...]] = MappingProxyType(
    {
        Outside.POSITIVE_ANSWER: (Replied(),),
        Outside.NEGATIVE_ANSWER: (Replied(), Lost(LostReason.NEGATIVE_REPLY, _RULE)),
        Outside.NEUTRAL_ANSWER: (Replied(),),
        Outside.OPT_OUT: (Lost(LostReason.OPTED_OUT, _RULE),),
        Outside.COMPLAINT: (Lost(LostReason.COMPLAINED, _RULE),),
        Outside.HARD_BOUNCE: (Lost(LostReason.BOUNCED, _RULE),),
        Outside.OBJECTED: (Lost(LostReason.DO_NOT_CONTACT, _RULE),),
        Outside.HANDED_OVER: (TouchAccepted(),),
    }
)


@lru_cache(maxsize=1024)
def react(state: LeadState, fact: OutsideFact) -> tuple[LeadEvent, ...]:
    """The legal events that `fact` causes in `state`, in order; none where it changes nothing."""
    wishes = _WISHES[fact.kind]
    if fact.kind is Outside.POSITIVE_ANSWER and fact.qualifies:
        wishes = (*wishes, Qualified(_RULE))
    return tuple(_legal_run(state, wishes))


def _legal_run(state: LeadState, wishes: tuple[LeadEvent, ...]) -> Iterator[LeadEvent]:
    for event in wishes:
        if find_move(state, event) is None:
            return
        state = transition(state, event)
        yield event


def diagram() -> str:
    """The table of moves as a Mermaid state diagram."""
    rows = ["stateDiagram-v2"]
    for move in MOVES:
        source = move.source.value if move.source else "[*]"
        targets = (
            [move.target.value]
            if isinstance(move.target, LeadStatus)
            else ["replied", "contacted", "enriched", "new"]
            if move.target is To.WHERE_IT_WAS
            else []
        )
        rows += [f"    {source} --> {target}: {move.event.__name__}" for target in targets]
    return "\n".join(dict.fromkeys(rows))


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead as it is stored. `version` counts its writes; a write names the version it has read."""

    id: LeadId
    campaign_id: CampaignId
    key: str
    state: LeadState
    facts: Facts
    created_at: datetime
    updated_at: datetime
    verdict: Verdict | None = None
    verdict_evidence: str | None = None
    score: float | None = None
    enriched_at: datetime | None = None
    holds: tuple[Hold, ...] = ()
    steps_version: int | None = None
    next_action: Action | None = None
    next_action_at: datetime | None = None
    waits_for: str | None = None
    won_mrr: Decimal | None = None
    strikes: int = 0
    import_id: ImportId | None = None
    version: int = 1

    @property
    def status(self) -> LeadStatus:
        return self.state.status

    def holds_with(self, hold: Hold) -> tuple[Hold, ...]:
        """Its holds and this one, which takes the place of one for the same reason."""
        return (*(other for other in self.holds if other.reason is not hold.reason), hold)

    @property
    def is_open(self) -> bool:
        """Touches are planned and sent only in these two statuses."""
        return self.status in (LeadStatus.ENRICHED, LeadStatus.CONTACTED)
