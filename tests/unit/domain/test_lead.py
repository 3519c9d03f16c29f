from datetime import UTC, datetime
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.facts import CampaignId, Facts, LeadId
from camd.domain.lead import (
    MOVES,
    AnswerTakenBack,
    Authority,
    Discovered,
    Enriched,
    Erased,
    Hold,
    HoldReason,
    Lead,
    LeadEvent,
    LeadState,
    LeadStatus,
    Lost,
    LostReason,
    Outside,
    OutsideFact,
    Qualified,
    Reopened,
    Replied,
    To,
    TouchAccepted,
    Won,
    diagram,
    find_move,
    react,
    transition,
)

RULE, OPERATOR = Authority.RULE, Authority.OPERATOR
NEW, ENRICHED, CONTACTED, REPLIED, QUALIFIED, WON, LOST = LeadStatus

REASONS = {
    "negative_reply",
    "no_reply",
    "bounced",
    "opted_out",
    "complained",
    "invalid_address",
    "no_address",
    "do_not_contact",
    "disqualified",
    "duplicate",
    "operator",
    "erased",
}

# Each row of the rules: event, the places it may start from, and where it ends ("=" is unchanged). A place
# is a status or "lost:reason".
LOST_PLACES = {f"lost:{reason}" for reason in REASONS}
OPEN = {"new", "enriched", "contacted", "replied"}
RULES: list[tuple[str, set[str], str]] = [
    ("discovered", {"-"}, "new"),
    ("enriched", {"new"}, "enriched"),
    ("touch accepted", {"enriched", "contacted"}, "contacted"),
    ("touch accepted", {"replied", "qualified", "won"} | LOST_PLACES, "="),
    ("replied", {"enriched", "contacted", "lost:no_reply"}, "replied"),
    ("replied", {"new", "replied", "qualified", "won"} | (LOST_PLACES - {"lost:no_reply"}), "="),
    ("qualified by rule", {"replied"}, "qualified"),
    (
        "qualified by operator",
        OPEN | (LOST_PLACES - {"lost:opted_out", "lost:complained", "lost:erased"}),
        "qualified",
    ),
    ("won", OPEN | {"qualified"} | (LOST_PLACES - {"lost:erased"}), "won"),
    ("erased", OPEN | {"qualified", "won"} | (LOST_PLACES - {"lost:erased"}), "lost:erased"),
    (
        "reopened",
        LOST_PLACES - {"lost:opted_out", "lost:complained", "lost:erased"},
        "where it was",
    ),
    ("reopened", {"won"}, "qualified"),
    ("answer taken back", {"replied", "qualified", "lost:negative_reply"}, "where it was"),
]
for reason in REASONS:
    RULES += [
        (f"lost by rule: {reason}", OPEN, f"lost:{reason}"),
        (f"lost by rule: {reason}", {"qualified", "won"}, "="),
        (f"lost by operator: {reason}", OPEN | {"qualified", "won"}, f"lost:{reason}"),
    ]
    if reason in {"opted_out", "complained", "bounced"}:
        RULES.append((f"lost by rule: {reason}", LOST_PLACES - {"lost:erased"}, f"lost:{reason}"))
        RULES.append((f"lost by rule: {reason}", {"lost:erased"}, "="))
    else:
        RULES.append((f"lost by rule: {reason}", LOST_PLACES, "="))

EVENTS: dict[str, LeadEvent] = {
    "discovered": Discovered(),
    "enriched": Enriched(),
    "touch accepted": TouchAccepted(),
    "replied": Replied(),
    "qualified by rule": Qualified(RULE),
    "qualified by operator": Qualified(OPERATOR),
    "won": Won(Decimal(900)),
    "erased": Erased(),
    "reopened": Reopened(),
    "answer taken back": AnswerTakenBack(still_answered=False),
    **{f"lost by rule: {reason}": Lost(LostReason(reason), RULE) for reason in REASONS},
    **{f"lost by operator: {reason}": Lost(LostReason(reason), OPERATOR) for reason in REASONS},
}
PLACES = ["-", "new", "enriched", "contacted", "replied", "qualified", "won", *sorted(LOST_PLACES)]


def state_at(place: str) -> LeadState | None:
    if place == "-":
        return None
    status, _, reason = place.partition(":")
    return LeadState(LeadStatus(status), LostReason(reason) if reason else None)


def place_of(state: LeadState) -> str:
    return f"lost:{state.lost_reason}" if state.status is LOST else state.status.value


def lost(reason: LostReason, *, handed_over: bool = False, replied: bool = False) -> LeadState:
    return LeadState(LOST, reason, ever_handed_over=handed_over, ever_replied=replied)


def expected(place: str, event: str) -> str | None:
    rows = [target for name, places, target in RULES if name == event and place in places]
    assert len(rows) <= 1
    match rows:
        case ["="]:
            return place
        case ["where it was"]:
            return "new"
        case [target]:
            return target
        case _:
            return None


@pytest.mark.parametrize("event", sorted(EVENTS))
@pytest.mark.parametrize("place", PLACES)
def test_every_combination_moves_as_the_rules_say(place: str, event: str) -> None:
    target = expected(place, event)
    if target is None:
        assert find_move(state_at(place), EVENTS[event]) is None
        with pytest.raises(AssertionError, match="illegal"):
            transition(state_at(place), EVENTS[event])
    else:
        assert place_of(transition(state_at(place), EVENTS[event])) == target


def test_the_lost_reasons_are_those_of_the_rules() -> None:
    assert set(LostReason) == REASONS


def test_at_most_one_row_fits() -> None:
    for place, event in product(PLACES, EVENTS.values()):
        assert sum(move.fits(state_at(place), event) for move in MOVES) <= 1


def test_every_row_can_be_used() -> None:
    used = {find_move(state_at(place), event) for place, event in product(PLACES, EVENTS.values())}
    assert set(MOVES) <= used


def test_no_status_but_lost_carries_a_lost_reason() -> None:
    for place, event in product(PLACES, EVENTS.values()):
        if find_move(state_at(place), event):
            after = transition(state_at(place), event)
            assert (after.status is LOST) == (after.lost_reason is not None)


def test_an_answer_taken_back_leaves_the_lead_as_if_it_had_not_come() -> None:
    written_to = LeadState(CONTACTED, ever_enriched=True, ever_handed_over=True)
    answered = transition(transition(written_to, Replied()), Qualified(RULE))
    assert transition(answered, AnswerTakenBack(still_answered=False)) == written_to


def test_of_two_answers_the_other_one_stays() -> None:
    answered = transition(LeadState(CONTACTED, ever_handed_over=True), Replied())
    assert transition(answered, AnswerTakenBack(still_answered=True)).status is REPLIED


def test_sending_a_mail_never_qualifies_anybody() -> None:
    for place in PLACES[1:]:
        if find_move(state_at(place), TouchAccepted()):
            after = transition(state_at(place), TouchAccepted())
            assert (after.status is QUALIFIED) == (place == "qualified")


def test_a_touch_that_lands_after_an_answer_is_remembered_without_a_move() -> None:
    assert transition(LeadState(REPLIED), TouchAccepted()) == LeadState(REPLIED, ever_handed_over=True)


def test_a_late_opt_out_of_a_won_lead_changes_nothing() -> None:
    won = LeadState(WON, ever_replied=True)
    assert transition(won, Lost(LostReason.OPTED_OUT, RULE)) == won


def test_an_erased_lead_keeps_its_reason_whatever_comes() -> None:
    erased = lost(LostReason.ERASED)
    for fact in Outside:
        for event in react(erased, OutsideFact(fact, qualifies=True)):
            assert place_of(transition(erased, event)) == "lost:erased"


@pytest.mark.parametrize(
    ("before", "status"),
    [
        (
            LeadState(LOST, LostReason.OPERATOR, ever_enriched=True, ever_handed_over=True, ever_replied=True),
            REPLIED,
        ),
        (LeadState(LOST, LostReason.NO_REPLY, ever_enriched=True, ever_handed_over=True), CONTACTED),
        (LeadState(LOST, LostReason.NO_ADDRESS, ever_enriched=True), ENRICHED),
        (LeadState(LOST, LostReason.DUPLICATE), NEW),
    ],
)
def test_a_reopened_lead_goes_back_to_where_it_was(before: LeadState, status: LeadStatus) -> None:
    after = transition(before, Reopened())
    assert (after.status, after.lost_reason) == (status, None)


def test_a_lead_remembers_what_happened_to_it_through_a_loss() -> None:
    state = transition(None, Discovered())
    for event in (Enriched(), TouchAccepted(), Lost(LostReason.NO_REPLY, RULE), Replied()):
        state = transition(state, event)
    assert state == LeadState(REPLIED, ever_enriched=True, ever_handed_over=True, ever_replied=True)


POSITIVE = OutsideFact(Outside.POSITIVE_ANSWER)
QUALIFYING = OutsideFact(Outside.POSITIVE_ANSWER, qualifies=True)


def test_a_positive_answer_that_qualifies_is_a_reply_first() -> None:
    assert react(LeadState(CONTACTED), QUALIFYING) == (Replied(), Qualified(RULE))


def test_a_positive_answer_below_the_bar_is_only_a_reply() -> None:
    assert react(LeadState(CONTACTED), POSITIVE) == (Replied(),)


def test_a_positive_answer_after_a_neutral_one_qualifies() -> None:
    assert react(LeadState(REPLIED), QUALIFYING) == (Replied(), Qualified(RULE))


@pytest.mark.parametrize("place", ["new", "qualified", "won", "lost:operator", "lost:opted_out"])
def test_a_positive_answer_that_moves_nothing_is_left_to_a_person(place: str) -> None:
    state = state_at(place)
    assert state is not None
    assert react(state, QUALIFYING) == (Replied(),)


def test_an_answer_after_silence_brings_the_lead_back() -> None:
    assert react(lost(LostReason.NO_REPLY), QUALIFYING) == (Replied(), Qualified(RULE))


@pytest.mark.parametrize(
    ("kind", "events"),
    [
        (Outside.NEGATIVE_ANSWER, (Replied(), Lost(LostReason.NEGATIVE_REPLY, RULE))),
        (Outside.NEUTRAL_ANSWER, (Replied(),)),
        (Outside.OPT_OUT, (Lost(LostReason.OPTED_OUT, RULE),)),
        (Outside.COMPLAINT, (Lost(LostReason.COMPLAINED, RULE),)),
        (Outside.HARD_BOUNCE, (Lost(LostReason.BOUNCED, RULE),)),
        (Outside.OBJECTED, (Lost(LostReason.DO_NOT_CONTACT, RULE),)),
        (Outside.HANDED_OVER, (TouchAccepted(),)),
    ],
)
def test_each_outside_fact_has_its_events(kind: Outside, events: tuple[LeadEvent, ...]) -> None:
    assert react(LeadState(CONTACTED), OutsideFact(kind)) == events


@pytest.mark.parametrize("kind", sorted(set(Outside) - {Outside.POSITIVE_ANSWER}))
def test_only_a_positive_answer_qualifies(kind: Outside) -> None:
    replied = LeadState(REPLIED)
    assert react(replied, OutsideFact(kind, qualifies=True)) == react(replied, OutsideFact(kind))


def test_a_handover_nobody_planned_is_no_event() -> None:
    assert react(LeadState(NEW), OutsideFact(Outside.HANDED_OVER)) == ()


states = st.builds(
    LeadState,
    st.sampled_from([status for status in LeadStatus if status is not LOST]),
    st.none(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
) | st.builds(LeadState, st.just(LOST), st.sampled_from(LostReason), st.booleans(), st.booleans(), st.booleans())


@given(state=states, facts=st.lists(st.builds(OutsideFact, st.sampled_from(Outside), st.booleans()), max_size=6))
def test_whatever_the_outside_reports_every_event_is_legal(state: LeadState, facts: list[OutsideFact]) -> None:
    for fact in facts:
        for event in react(state, fact):
            state = transition(state, event)


@given(state=states, fact=st.builds(OutsideFact, st.sampled_from(Outside), st.booleans()))
def test_the_outside_never_wins_erases_or_reopens(state: LeadState, fact: OutsideFact) -> None:
    assert not [event for event in react(state, fact) if isinstance(event, Won | Erased | Reopened | Discovered)]


def test_the_diagram_lists_every_move_that_changes_a_status() -> None:
    lines = diagram().splitlines()
    assert lines[0] == "stateDiagram-v2"
    assert "    [*] --> new: Discovered" in lines
    for back in ("replied", "contacted", "enriched", "new"):
        assert f"    lost --> {back}: Reopened" in lines
    for move in MOVES:
        if isinstance(move.target, LeadStatus) and move.source:
            assert f"    {move.source} --> {move.target}: {move.event.__name__}" in lines


def test_the_diagram_draws_nothing_for_a_move_that_stays() -> None:
    stays = {
        (move.source, move.event.__name__)
        for move in MOVES
        if move.target in (To.UNCHANGED, To.REASON_MAY_CHANGE) and move.source
    }
    for source, name in stays:
        assert f"    {source} --> {source}: {name}" not in diagram().splitlines()


@pytest.mark.parametrize("status", LeadStatus)
def test_only_enriched_and_contacted_leads_are_written_to(status: LeadStatus) -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    lead = Lead(LeadId("ld_1"), CampaignId(1), "key", LeadState(status), Facts(), at, at)
    assert lead.status is status
    assert lead.is_open == (status in {ENRICHED, CONTACTED})


def test_a_hold_takes_the_place_of_one_for_the_same_reason() -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    old, other, new = (
        Hold(HoldReason.OPERATOR, at),
        Hold(HoldReason.POISON, at),
        Hold(HoldReason.OPERATOR, at, note="again"),
    )
    lead = Lead(LeadId("ld_1"), CampaignId(1), "k", LeadState(LeadStatus.ENRICHED), Facts(), at, at, holds=(old, other))
    assert lead.holds_with(new) == (other, new)
