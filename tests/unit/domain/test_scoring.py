from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.campaign import Icp, Scoring, Weights
from camd.domain.facts import Facts, Verdict
from camd.domain.scoring import Feature, score

DENTISTS = Icp(
    titles=("dentist", "practice owner"),
    seniorities=("owner", "c_suite"),
    industries=("dental",),
    employee_min=5,
    employee_max=50,
    countries=("DE", "AT"),
)
ADA = Facts(
    email="ada@clinic.example",
    first_name="Ada",
    title="Senior Dentist",
    seniority="owner",
    company="Clinic",
    domain="clinic.example",
    industry="Dental Care",
    employee_count=12,
    country="DE",
    linkedin_url="https://www.linkedin.com/in/ada",
    tags=("hot",),
)


def value_of(feature: Feature, facts: Facts, icp: Icp = DENTISTS, verdict: Verdict | None = None) -> float:
    found = [part.value for part in score(facts, verdict, icp, Scoring()).parts if part.feature is feature]
    assert len(found) == 1
    return found[0]


def features(icp: Icp) -> list[str]:
    return [part.feature.value for part in score(Facts(), None, icp, Scoring()).parts]


def test_a_lead_with_everything_scores_one() -> None:
    assert score(ADA, Verdict.VALID, DENTISTS, Scoring()).value == pytest.approx(1)


def test_a_lead_of_whom_nothing_is_known_keeps_a_role_that_may_fit() -> None:
    assert score(Facts(), None, DENTISTS, Scoring()).value == pytest.approx(0.25 * 0.3)


def test_a_campaign_that_asks_for_nothing_weighs_only_what_always_counts() -> None:
    result = score(Facts(email="ada@clinic.example"), Verdict.VALID, Icp(), Scoring())
    assert result.value == pytest.approx(0.30 / 0.50)


@pytest.mark.parametrize(
    ("icp", "asked"),
    [
        (Icp(), ["address", "completeness", "intent"]),
        (Icp(titles=("ceo",)), ["address", "role_fit", "completeness", "intent"]),
        (Icp(seniorities=("vp",)), ["address", "role_fit", "completeness", "intent"]),
        (Icp(industries=("dental",)), ["address", "company_fit", "completeness", "intent"]),
        (Icp(employee_min=5), ["address", "company_fit", "completeness", "intent"]),
        (Icp(employee_max=5), ["address", "company_fit", "completeness", "intent"]),
        (Icp(countries=("DE",)), ["address", "company_fit", "completeness", "intent"]),
    ],
)
def test_only_what_the_campaign_asks_for_is_weighed(icp: Icp, asked: list[str]) -> None:
    assert features(icp) == asked


@pytest.mark.parametrize(
    ("verdict", "value"),
    [
        (Verdict.VALID, 1),
        (Verdict.CATCH_ALL, 0.5),
        (Verdict.UNKNOWN, 0.4),
        (None, 0.4),
        (Verdict.FREEMAIL, 0.3),
        (Verdict.ROLE, 0.2),
        (Verdict.INVALID, 0),
        (Verdict.SUPPRESSED, 0),
    ],
)
def test_an_address_is_worth_its_verdict(verdict: Verdict | None, value: float) -> None:
    assert value_of(Feature.ADDRESS, ADA, verdict=verdict) == value


def test_no_address_is_worth_nothing_whatever_a_verdict_says() -> None:
    assert value_of(Feature.ADDRESS, replace(ADA, email=None), verdict=Verdict.VALID) == 0


@pytest.mark.parametrize("title", ["Senior Dentist", "DENTIST", "Déntist", "dentist/owner", "Owner of the practice"])
def test_a_title_matches_by_whole_words_without_case_and_accents(title: str) -> None:
    assert value_of(Feature.ROLE_FIT, replace(ADA, title=title, seniority=None)) == 1


@pytest.mark.parametrize("title", ["Dentistry lead", "Owner", "Practice manager", "", None])
def test_a_part_of_a_title_is_no_match(title: str | None) -> None:
    assert value_of(Feature.ROLE_FIT, replace(ADA, title=title, seniority="entry")) == 0.3


def test_a_wanted_title_without_words_matches_nobody() -> None:
    assert value_of(Feature.ROLE_FIT, ADA, Icp(titles=("-",))) == 0.3


@pytest.mark.parametrize("seniority", ["c_suite", "C-Suite", "Owner"])
def test_a_seniority_that_matches_is_second_best(seniority: str) -> None:
    assert value_of(Feature.ROLE_FIT, replace(ADA, title="Buyer", seniority=seniority)) == 0.7


@pytest.mark.parametrize(
    ("facts", "value"),
    [
        (Facts(), 0),
        (Facts(industry="dental"), 0.4),
        (Facts(employee_count=5), 0.4),
        (Facts(employee_count=50), 0.4),
        (Facts(employee_count=4), 0),
        (Facts(employee_count=51), 0),
        (Facts(country="at"), 0.2),
        (Facts(country="FR"), 0),
        (Facts(industry="Dental", country="DE"), 0.6),
    ],
)
def test_a_company_fits_by_the_parts_asked_for(facts: Facts, value: float) -> None:
    assert value_of(Feature.COMPANY_FIT, facts) == pytest.approx(value)


@pytest.mark.parametrize(
    ("icp", "value"),
    [
        (Icp(countries=("DE",)), 1),
        (Icp(industries=("dental",), countries=("FR",)), 0.4 / 0.6),
        (Icp(employee_min=10), 1),
        (Icp(employee_max=10), 0),
    ],
)
def test_a_company_is_not_measured_by_what_nobody_asked(icp: Icp, value: float) -> None:
    assert value_of(Feature.COMPANY_FIT, ADA, icp) == pytest.approx(value)


def test_completeness_is_the_share_of_five_facts() -> None:
    facts = Facts(first_name="Ada", company="Clinic", last_name="Byron", city="Bonn")
    assert value_of(Feature.COMPLETENESS, facts) == pytest.approx(2 / 5)


@pytest.mark.parametrize(
    ("facts", "value"),
    [
        (Facts(tags=("hot",)), 1),
        (Facts(tags=("Hot", "warm")), 1),
        (Facts(tags=("buying_signal",)), 1),
        (Facts(tags=("Buying Signal",)), 1),
        (Facts(custom={"buying_signal": "opened a second practice"}), 1),
        (Facts(custom={"buying_signal": "No"}), 0),
        (Facts(tags=("warm",)), 0.5),
        (Facts(tags=("hotel", "lukewarm")), 0),
        (Facts(), 0),
    ],
)
def test_intent_reads_tags_and_signals(facts: Facts, value: float) -> None:
    assert value_of(Feature.INTENT, facts) == value


def test_a_positive_answer_is_full_intent() -> None:
    cold = replace(ADA, tags=())
    answered = score(cold, Verdict.VALID, DENTISTS, Scoring(), answered_positively=True)
    assert answered.value == pytest.approx(1)


def test_weights_are_the_campaigns_own() -> None:
    address_only = Scoring(Weights(1, 0, 0, 0, 0))
    assert score(ADA, Verdict.CATCH_ALL, DENTISTS, address_only).value == 0.5


def test_weights_that_are_all_nothing_score_nothing() -> None:
    assert score(ADA, Verdict.VALID, DENTISTS, Scoring(Weights(0, 0, 0, 0, 0))).value == 0


def test_every_part_says_why() -> None:
    whys = {part.feature.value: part.why for part in score(ADA, Verdict.VALID, DENTISTS, Scoring()).parts}
    assert whys == {
        "address": "the address is valid",
        "role_fit": "the title matches 'dentist'",
        "company_fit": "of industry, size, country: industry, size, country fits",
        "completeness": "5 of 5 facts known",
        "intent": "tagged hot",
    }


weights = st.builds(Weights, *[st.floats(0, 10) for _ in range(5)])
scorings = st.builds(Scoring, weights)
words = st.sampled_from(["dentist", "owner", "Practice Owner", "dental", "x", "", "DE"])
icps = st.builds(
    Icp,
    titles=st.lists(words, max_size=2).map(tuple),
    seniorities=st.lists(words, max_size=2).map(tuple),
    industries=st.lists(words, max_size=2).map(tuple),
    employee_min=st.none() | st.integers(0, 60),
    employee_max=st.none() | st.integers(0, 60),
    countries=st.lists(words, max_size=2).map(tuple),
)
texts = st.none() | words
people = st.builds(
    Facts,
    email=st.none() | st.just("ada@clinic.example"),
    first_name=texts,
    title=texts,
    seniority=texts,
    company=texts,
    domain=texts,
    industry=texts,
    employee_count=st.none() | st.integers(0, 60),
    country=texts,
    linkedin_url=texts,
    tags=st.lists(st.sampled_from(["hot", "warm", "cold"]), max_size=2).map(tuple),
)
verdicts = st.none() | st.sampled_from(Verdict)


@given(people, verdicts, icps, scorings, st.booleans())
def test_a_score_lies_between_zero_and_one_and_is_the_sum_of_its_parts(
    facts: Facts, verdict: Verdict | None, icp: Icp, scoring: Scoring, answered: bool
) -> None:
    result = score(facts, verdict, icp, scoring, answered_positively=answered)
    assert 0 <= result.value <= 1
    assert abs(sum(part.points for part in result.parts) - result.value) <= 1e-9


@given(people, verdicts, icps, scorings)
def test_equal_facts_score_equally(facts: Facts, verdict: Verdict | None, icp: Icp, scoring: Scoring) -> None:
    assert score(facts, verdict, icp, scoring) == score(replace(facts), verdict, icp, scoring)


@given(people, people, verdicts, icps, scorings)
def test_learning_what_was_not_known_never_lowers_a_score(
    known: Facts, learned: Facts, verdict: Verdict | None, icp: Icp, scoring: Scoring
) -> None:
    news = {
        field.name: getattr(learned, field.name) for field in fields(known) if getattr(known, field.name) in (None, ())
    }
    before = score(known, verdict, icp, scoring).value
    assert score(replace(known, **news), verdict, icp, scoring).value >= before - 1e-12


@given(people, verdicts, icps, scorings)
def test_a_positive_answer_never_lowers_a_score(
    facts: Facts, verdict: Verdict | None, icp: Icp, scoring: Scoring
) -> None:
    before = score(facts, verdict, icp, scoring).value
    after = score(facts, Verdict.VALID, icp, scoring, answered_positively=True).value
    assert after >= before - 1e-12
