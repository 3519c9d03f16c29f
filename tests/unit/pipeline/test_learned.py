"""What answers add up to."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from camd.domain.facts import CampaignId, Facts, LeadId, Verdict
from camd.domain.waterfall import LookupResult, LookupStatus, Operation
from camd.pipeline.learned import add_up, is_same_address, merged
from camd.ports.lookups import Lookup, LookupAnswer, LookupId

NOW = datetime(2026, 3, 2, tzinfo=UTC)
ANN = Facts(first_name="Ann", last_name="L***e", source="csv", source_ref="1")
FOUND = Facts(email="ann@acme.example", last_name="Lee", title="Dentist")


def answer(
    facts: Facts | None = None,
    verdict: Verdict | None = None,
    *,
    evidence: str | None = None,
    result: LookupResult = LookupResult.FOUND,
    status: LookupStatus = LookupStatus.DONE,
) -> Lookup:
    told = LookupAnswer(facts or Facts(), verdict, evidence)
    asked = Lookup(LookupId(1), "p", Operation.FIND, CampaignId(1), LeadId("ld_a"), None, status, Decimal(1), NOW, NOW)
    return replace(asked, result=result, answer=told)


def test_blanks_are_filled_and_what_was_known_stays() -> None:
    told = replace(
        FOUND, first_name="Anna", source="apollo", source_ref="9", tags=("hot",), custom={"a": "x", "b": "y"}
    )
    known = replace(ANN, tags=("warm",), custom={"a": "mine"})
    assert merged(known, told) == Facts(
        email="ann@acme.example",
        first_name="Ann",
        last_name="Lee",
        title="Dentist",
        tags=("warm", "hot"),
        custom={"a": "mine", "b": "y"},
        source="csv",
        source_ref="1",
    )


def test_what_is_not_answered_teaches_nothing() -> None:
    lookups = [answer(FOUND, status=LookupStatus.PENDING), replace(answer(FOUND), answer=None)]
    learned = add_up(ANN, None, None, lookups)
    assert (learned.facts, learned.verdict, learned.objected) == (ANN, None, False)


def test_an_address_that_its_finder_calls_unusable_is_not_taken() -> None:
    learned = add_up(ANN, Verdict.UNKNOWN, "no address", [answer(FOUND, Verdict.INVALID)])
    assert (learned.facts.email, learned.facts.title, learned.verdict) == (None, "Dentist", Verdict.UNKNOWN)


def test_the_verdict_on_a_new_address_is_that_of_who_found_it() -> None:
    learned = add_up(ANN, Verdict.UNKNOWN, "no address", [answer(FOUND, Verdict.VALID, evidence="score 9")])
    assert (learned.facts.email, learned.verdict, learned.evidence) == ("ann@acme.example", Verdict.VALID, "score 9")


def test_a_verdict_on_another_address_than_that_of_the_lead_says_nothing() -> None:
    known = replace(ANN, email="ann@home.example")
    learned = add_up(known, Verdict.UNKNOWN, "dns", [answer(FOUND, Verdict.VALID)])
    assert (learned.facts.email, learned.verdict, learned.evidence) == ("ann@home.example", Verdict.UNKNOWN, "dns")


def test_of_two_verdicts_the_one_to_be_trusted_counts_with_its_evidence() -> None:
    known = replace(ANN, email="ann@acme.example")
    judged = [answer(verdict=Verdict.CATCH_ALL, evidence="one"), answer(verdict=Verdict.INVALID, evidence="two")]
    learned = add_up(known, Verdict.UNKNOWN, "dns", judged)
    assert (learned.verdict, learned.evidence) == (Verdict.INVALID, "two")


def test_an_objection_is_remembered_whatever_else_was_told() -> None:
    assert add_up(ANN, None, None, [answer(result=LookupResult.OBJECTED), answer(FOUND)]).objected


def test_the_same_address_is_told_by_its_key() -> None:
    assert is_same_address("Ann+x@acme.example", "ann@ACME.example")
    assert not is_same_address("ann@acme.example", "bob@acme.example")
    assert not is_same_address(None, "ann@acme.example")
    assert not is_same_address("ann@acme.example", None)


def test_what_was_said_of_an_address_before_somebody_named_it_counts() -> None:
    learned = add_up(ANN, None, None, [answer(FOUND, Verdict.INVALID), answer(FOUND, Verdict.UNKNOWN)])
    assert (learned.facts.email, learned.verdict) == ("ann@acme.example", Verdict.INVALID)


def test_a_dead_address_makes_room_for_the_next_one() -> None:
    told = [answer(FOUND, Verdict.VALID), answer(replace(FOUND, email="lee@acme.example"), Verdict.CATCH_ALL)]
    learned = add_up(ANN, None, None, told, dead=["Ann@acme.example"])
    assert (learned.facts.email, learned.verdict) == ("lee@acme.example", Verdict.CATCH_ALL)


def test_ones_own_address_stays_though_it_is_dead() -> None:
    mine = replace(ANN, email="ann@acme.example")
    assert add_up(mine, None, None, [answer(FOUND)], dead=["ann@acme.example"]).facts.email == "ann@acme.example"
