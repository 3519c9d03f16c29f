"""Whom to ask next, and by which names a question is known again."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.facts import Facts, Verdict
from camd.domain.waterfall import (
    REF,
    VERDICT,
    Offer,
    Operation,
    Wanted,
    fresh_days,
    known_facts,
    likeness_of,
    most_trusted,
    next_offer,
    subjects_of,
)

BY_NAME = frozenset({"first_name", "last_name", "domain"})
PERSON = Facts(first_name="Ann", last_name="Lee", domain="acme.example")
ADDRESSED = Facts(email="ann@acme.example", first_name="Ann", last_name="Lee", domain="acme.example")
ADDRESS_ONLY = Wanted()


def finder(name: str, price: str = "1", gives: tuple[str, ...] = ("email",)) -> Offer:
    return Offer(name, Operation.FIND, Decimal(price), (BY_NAME,), frozenset(gives))


def verifier(name: str, price: str = "1") -> Offer:
    return Offer(name, Operation.VERIFY, Decimal(price), (frozenset({"email"}),), frozenset({VERDICT}))


def test_the_cheapest_that_can_tell_is_asked_and_the_earlier_of_equals() -> None:
    offers = [finder("dear", "2"), finder("cheap", "0.5"), finder("as cheap", "0.5"), verifier("cheapest", "0.1")]
    assert next_offer(offers, PERSON, None, (), ADDRESS_ONLY) == offers[1]


def test_nobody_is_asked_twice_whatever_came_of_it() -> None:
    offers = [finder("first"), finder("second")]
    assert next_offer(offers, PERSON, None, {("first", Operation.FIND)}, ADDRESS_ONLY) == offers[1]
    asked = {("first", Operation.FIND), ("second", Operation.FIND)}
    assert next_offer(offers, PERSON, None, asked, ADDRESS_ONLY) is None


@pytest.mark.parametrize(
    "facts",
    [
        Facts(first_name="Ann", last_name="Lee"),
        Facts(first_name="Ann", last_name="L***e", domain="acme.example"),
    ],
)
def test_nobody_is_asked_by_too_little_or_by_a_masked_name(facts: Facts) -> None:
    assert next_offer([finder("first")], facts, None, (), ADDRESS_ONLY) is None


def test_only_the_provider_itself_is_asked_by_its_own_reference() -> None:
    stub = Facts(first_name="Ann", source="apollo", source_ref="17")
    offers = [
        Offer(name, Operation.MATCH, Decimal(1), (frozenset({REF}),), frozenset({"email"})) for name in ("h", "apollo")
    ]
    assert next_offer(offers, stub, None, (), ADDRESS_ONLY) == offers[1]
    assert next_offer(offers, Facts(source="apollo"), None, (), ADDRESS_ONLY) is None


@pytest.mark.parametrize(
    ("verdict", "recheck", "is_asked"),
    [
        (None, False, True),
        (Verdict.UNKNOWN, False, True),
        (Verdict.CATCH_ALL, False, False),
        (Verdict.CATCH_ALL, True, True),
        (Verdict.VALID, True, False),
        (Verdict.INVALID, True, False),
    ],
)
def test_an_address_is_judged_for_credits_where_nobody_could_tell(
    verdict: Verdict | None, recheck: bool, is_asked: bool
) -> None:
    offer = next_offer([verifier("v")], ADDRESSED, verdict, (), Wanted(recheck_catch_all=recheck))
    assert (offer is not None) == is_asked


def test_a_wanted_fact_is_asked_for_although_the_address_is_known() -> None:
    offers = [finder("first", gives=("email", "title"))]
    assert next_offer(offers, ADDRESSED, Verdict.VALID, (), ADDRESS_ONLY) is None
    assert next_offer(offers, ADDRESSED, Verdict.VALID, (), Wanted(frozenset({"title"}))) == offers[0]


def test_a_link_that_is_no_profile_is_no_question() -> None:
    assert known_facts(Facts(linkedin_url="https://www.linkedin.com/sales/lead/1")) == frozenset()
    assert known_facts(Facts(linkedin_url="linkedin.com/in/ann", company="Acme")) == {"linkedin_url", "company"}


def test_an_address_is_known_by_itself_alone() -> None:
    assert subjects_of("v", Operation.VERIFY, ADDRESSED) == ("address:ann@acme.example",)
    assert subjects_of("v", Operation.VERIFY, PERSON) == ()


def test_a_person_is_known_by_all_that_identifies_them() -> None:
    facts = Facts(
        email="Ann@Acme.example",
        first_name="Ánn",
        last_name="LEE",
        company="Acme, Inc.",
        domain="www.acme.example",
        linkedin_url="https://de.linkedin.com/in/Ann-Lee/",
        source="apollo",
        source_ref="17",
    )
    assert subjects_of("apollo", Operation.MATCH, facts) == (
        "ref:apollo:17",
        "address:ann@acme.example",
        "profile:https://www.linkedin.com/in/ann-lee",
        "name:ann|lee|acme.example",
        "name:ann|lee|acme inc",
    )


def test_a_reference_of_another_list_names_nobody() -> None:
    """Row 17 of two files is two people."""
    facts = Facts(source="csv", source_ref="id:17")
    assert subjects_of("apollo", Operation.MATCH, facts) == ()


@pytest.mark.parametrize(
    "facts",
    [
        Facts(first_name="Ann", last_name="Lee", domain="gmail.com"),
        Facts(first_name="Ann", last_name="Lee", domain="localhost"),
        Facts(first_name="Ann", last_name="Lee", company="---"),
        Facts(first_name="Ann", last_name=".", company="Acme"),
        Facts(first_name="Ann", last_name="L***e", company="Acme"),
        Facts(first_name="Ann", company="Acme"),
    ],
)
def test_a_name_without_a_company_of_its_own_is_shared_by_strangers(facts: Facts) -> None:
    assert subjects_of("finder", Operation.FIND, facts) == ()


def test_a_masked_name_is_like_the_whole_one() -> None:
    masked, whole = Facts(first_name="ann", last_name="Fe***n"), Facts(first_name="Ann", last_name="Feldman")
    assert likeness_of(masked) == likeness_of(whole)
    assert likeness_of(whole) != likeness_of(Facts(first_name="Ann", last_name="Field"))
    assert likeness_of(Facts(first_name="Ann")) is None


def test_an_answer_is_believed_for_a_month_and_one_that_could_not_tell_for_a_day() -> None:
    assert [fresh_days(each) for each in (None, Verdict.VALID, Verdict.INVALID, Verdict.UNKNOWN)] == [30, 30, 180, 1]


@given(st.lists(st.sampled_from(list(Verdict))))
def test_a_refusal_and_an_address_that_fails_outweigh_whatever_else_is_said(verdicts: list[Verdict]) -> None:
    best = most_trusted(verdicts)
    assert best in verdicts or (best is None and not verdicts)
    for worst in (Verdict.SUPPRESSED, Verdict.INVALID):
        if worst in verdicts:
            assert best == worst
            break
