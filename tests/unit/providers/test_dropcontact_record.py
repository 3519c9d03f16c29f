"""What becomes of a question on its way to Dropcontact, and of an enriched record on its way back."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from camd.domain.facts import Facts, Verdict
from camd.domain.waterfall import LookupResult
from camd.ports.lookups import Finding, Question, Reply, Unfinished
from camd.providers.dropcontact_record import record_of, replies, reply

MARA = Facts(first_name="Mara", last_name="Linden", company="Nordwind Logistik", domain="nordwind.example")
RECORD: Mapping[str, Any] = {
    "first_name": "Mara",
    "last_name": "Linden",
    "full_name": "Mara Linden",
    "civility": "Mrs",
    "email": [{"email": "mara.linden@nordwind.example", "qualification": "nominative@pro"}],
    "linkedin": "www.linkedin.com/in/mara-linden-example",
    "company": "Nordwind Logistik",
    "website": "www.nordwind.example",
    "nb_employees": "51-200",
    "country": "DE",
    "job": "Head of Operations",
    "custom_fields": {"camd_lead": "ld_01J9"},
}


def found(**changes: object) -> Finding:
    answer = reply({**RECORD, **changes})
    assert isinstance(answer, Finding)
    return answer


def qualified(qualification: object, address: str = "mara.linden@nordwind.example") -> dict[str, object]:
    return {"email": address, "qualification": qualification}


def asked(number: int, **facts: str) -> Question:
    known = {"first_name": "Mara", "last_name": f"Linden-{'abcdefgh'[number]}", "domain": f"c{number}.example"}
    return Question(f"q{number}", Facts(**(facts or known)))  # type: ignore[arg-type]  # texts only


def record(number: int, **changes: object) -> dict[str, object]:
    """Of the person that `asked` with this number is about."""
    address = f"p{number}@c{number}.example"
    told = {
        "first_name": "Mara",
        "last_name": f"LINDEN-{'abcdefgh'[number]}",
        "website": f"www.c{number}.example",
        "email": [qualified("nominative@pro", address)],
        "custom_fields": {"camd_lead": f"q{number}"},
    }
    return {name: value for name, value in {**told, **changes}.items() if value is not None}


def addresses(answers: list[Reply]) -> list[str | None]:
    return [answer.facts.email if isinstance(answer, Finding) else None for answer in answers]


def test_the_record_of_the_documentation_becomes_facts() -> None:
    assert found() == Finding(
        LookupResult.FOUND,
        credits=Decimal(1),
        facts=Facts(
            email="mara.linden@nordwind.example",
            first_name="Mara",
            last_name="Linden",
            title="Head of Operations",
            company="Nordwind Logistik",
            domain="nordwind.example",
            employee_count=51,
            country="DE",
            linkedin_url="https://www.linkedin.com/in/mara-linden-example",
        ),
        verdict=Verdict.VALID,
        evidence="dropcontact: nominative@pro",
        raw=json.dumps(RECORD, separators=(",", ":")),
    )


def test_further_attributes_of_richer_plans_become_facts() -> None:
    facts = found(industry="Logistics", employee_count=87, phone="030 901820", job_level="Director").facts
    assert (facts.industry, facts.employee_count, facts.phone, facts.seniority) == (
        "Logistics",
        87,
        "+4930901820",
        "director",
    )
    assert found(mobile_phone="+49 30 901820").facts.phone == "+4930901820"


def test_null_is_as_good_as_absent() -> None:
    nulls = found(**dict.fromkeys(("linkedin", "website", "nb_employees", "country", "job", "phone")))
    assert nulls.facts == Facts(
        email="mara.linden@nordwind.example", first_name="Mara", last_name="Linden", company="Nordwind Logistik"
    )


def test_an_exact_number_of_employees_outranks_the_range() -> None:
    assert found(employee_count=None).facts.employee_count == 51
    assert found(employee_count=0).facts.employee_count == 51
    assert found(employee_count=10**12).facts.employee_count is None


@pytest.mark.parametrize(
    ("qualification", "verdict", "cost"),
    [
        ("nominative@pro", Verdict.VALID, 1),
        ("Nominatif@pro", Verdict.VALID, 1),
        ("catch_all@pro", Verdict.CATCH_ALL, 1),
        ("catch-all@pro", Verdict.CATCH_ALL, 1),
        ("Catch All@PRO", Verdict.CATCH_ALL, 1),
        ("non_confirm@pro", Verdict.CATCH_ALL, 1),
        ("generic@pro", Verdict.ROLE, 1),
        ("générique@pro", Verdict.ROLE, 1),
        ("non_validated@pro", Verdict.UNKNOWN, 0),
        ("non_validé@pro", Verdict.UNKNOWN, 0),
        ("no_validated@pro", Verdict.UNKNOWN, 0),
        ("nominative@perso", Verdict.FREEMAIL, 1),
        ("generic@perso", Verdict.ROLE, 1),
        ("nominative@school", Verdict.VALID, 1),
        ("nominative", Verdict.VALID, 1),
        ("nominative@unheard_of", Verdict.VALID, 1),
        ("unheard of@pro", Verdict.UNKNOWN, 0),
        ("", Verdict.UNKNOWN, 0),
        (None, Verdict.UNKNOWN, 0),
        (7, Verdict.UNKNOWN, 0),
    ],
)
def test_a_qualification_in_every_spelling_is_a_verdict_and_a_cost(
    qualification: object, verdict: Verdict, cost: int
) -> None:
    answer = found(email=[qualified(qualification)])
    assert (answer.result, answer.verdict, answer.credits) == (LookupResult.FOUND, verdict, Decimal(cost))


@pytest.mark.parametrize(
    "qualification",
    [
        "random@pro",
        "invalid@pro",
        "invalide@pro",
        "invalid",
        "nominative@disposable",
        "nominatif@jetable",
        "nominative@invalid_domain",
        "nominatif@domaine-invalide",
        "catch_all@invalid",
    ],
)
def test_an_address_that_cannot_work_is_told_as_such_and_costs_nothing(qualification: str) -> None:
    answer = found(email=[qualified(qualification)])
    assert (answer.facts.email, answer.verdict) == ("mara.linden@nordwind.example", Verdict.INVALID)
    assert answer.credits == 0


def test_only_the_last_at_sign_parts_the_mailbox_from_its_domain() -> None:
    assert found(email=[qualified("nominative@pro@perso")]).evidence == "dropcontact: other@perso"


def test_evidence_repeats_no_word_that_is_not_of_the_documentation() -> None:
    evidence = found(email=[qualified("mara.linden@nordwind.example")]).evidence
    assert evidence == "dropcontact: other@other"


@pytest.mark.parametrize("qualification", ["do_not_contact@pro", "Ne pas contacter@pro", "ne-pas-contacter@jetable"])
def test_of_somebody_who_objected_only_the_address_is_kept_and_nobody_pays(qualification: str) -> None:
    assert found(email=[qualified(qualification)]) == Finding(
        LookupResult.OBJECTED,
        facts=Facts(email="mara.linden@nordwind.example"),
        verdict=Verdict.SUPPRESSED,
        evidence=f"dropcontact: {qualification.lower().replace(' ', '_').replace('-', '_')}",
    )


def test_an_objection_to_one_address_outranks_another_good_one() -> None:
    answer = found(email=[qualified("nominative@pro"), qualified("do_not_contact@pro", "mara@old.example")])
    assert (answer.result, answer.facts) == (LookupResult.OBJECTED, Facts(email="mara@old.example"))


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        (["nominative@perso", "catch_all@pro", "nominative@pro", "nominative@pro"], 2),
        (["nominative@perso", "non_validated@pro"], 1),
        (["generic@pro", "non_validated@pro"], 1),
        (["nominative@school", "nominative@perso"], 0),
        (["nominative@school", "generic@pro"], 1),
        (["nominative@perso", "nominative@school"], 1),
        (["invalid@pro", "nominative@perso"], 1),
        (["nominative@disposable", "generic@pro"], 1),
        (["nominative@disposable", "nominative@invalid", "generic@pro"], 2),
    ],
)
def test_of_several_addresses_the_best_of_the_company_is_taken(offered: list[str], taken: int) -> None:
    answer = found(email=[qualified(each, f"m{place}@nordwind.example") for place, each in enumerate(offered)])
    assert answer.facts.email == f"m{taken}@nordwind.example"
    assert answer.credits == 1


def test_free_mail_and_schools_are_tagged() -> None:
    tags = [found(email=[qualified(f"nominative@{domain}")]).facts.tags for domain in ("perso", "school", "pro")]
    assert tags == [("freemail",), ("school",), ()]


@pytest.mark.parametrize("email", [None, [], [None], "absent", 7, {}])
def test_a_record_without_an_address_is_no_match_that_costs_nothing(email: object) -> None:
    told = {name: value for name, value in RECORD.items() if name != "email"}
    answer = reply(told if email == "absent" else {**told, "email": email})
    assert isinstance(answer, Finding)
    assert (answer.result, answer.credits) == (LookupResult.NO_MATCH, Decimal(0))
    assert answer.facts.linkedin_url == "https://www.linkedin.com/in/mara-linden-example"


def test_an_address_that_cannot_be_read_is_none_although_it_was_paid_for() -> None:
    answer = found(email=[qualified("nominative@pro", "mara linden@@nordwind")])
    assert (answer.result, answer.facts.email, answer.credits) == (LookupResult.NO_MATCH, None, Decimal(1))


def test_a_forced_record_that_was_not_worked_on_is_unfinished() -> None:
    sent = {name: RECORD[name] for name in ("first_name", "last_name", "website", "custom_fields")}
    assert reply(sent, is_forced=True) == Unfinished()
    assert reply({**sent, "email": "mara@nordwind.example"}, is_forced=True) == Unfinished()
    assert isinstance(reply({**sent, "email": []}, is_forced=True), Finding)
    assert isinstance(reply(RECORD, is_forced=True), Finding)


def test_an_address_as_it_was_sent_proves_that_nobody_worked_on_it() -> None:
    assert reply({**RECORD, "email": "mara.linden@nordwind.example"}) == Unfinished()


@pytest.mark.parametrize("is_forced", [False, True])
@pytest.mark.parametrize(
    ("errors", "evidence"),
    [
        ({"only_contact_data": True}, "dropcontact: only_contact_data"),
        (["unexpected_field"], "dropcontact: unexpected_field"),
        ("mara.linden@nordwind.example", "dropcontact: an error"),
    ],
)
def test_an_error_of_a_record_refuses_its_question_for_good(errors: object, evidence: str, is_forced: bool) -> None:
    answer = reply({"first_name": "Mara", "errors": errors}, is_forced=is_forced)
    assert isinstance(answer, Finding)
    assert (answer.result, answer.evidence, answer.credits) == (LookupResult.REFUSED, evidence, Decimal(0))


def test_an_error_beside_an_address_does_not_spoil_it() -> None:
    assert found(errors={"unexpected_field": ["fax"]}).result is LookupResult.FOUND


def test_a_question_is_sent_with_documented_fields_and_our_mark() -> None:
    facts = Facts(
        first_name="Mara",
        last_name="Linden",
        company="Nordwind Logistik",
        domain="nordwind.example",
        linkedin_url="http://de.linkedin.com/in/Mara-Linden/",
        title="Head of Operations",
        country="DE",
        phone="+4930901820",
    )
    assert record_of(Question("ld_01J9", facts)) == {
        "first_name": "Mara",
        "last_name": "Linden",
        "company": "Nordwind Logistik",
        "website": "nordwind.example",
        "linkedin": "https://www.linkedin.com/in/mara-linden",
        "custom_fields": {"camd_lead": "ld_01J9"},
    }


def test_neither_a_known_address_nor_anything_masked_is_ever_sent() -> None:
    facts = Facts(
        email="mara@nordwind.example",
        first_name="Mara",
        last_name="Li***n",
        company="Nordwind",
        domain="no***d.example",
    )
    assert record_of(Question("q", facts)) == {
        "first_name": "Mara",
        "company": "Nordwind",
        "custom_fields": {"camd_lead": "q"},
    }


@settings(max_examples=50)
@given(text=st.text(min_size=1, max_size=40), times=st.integers(1, 2_000))
@example(text="\N{GRINNING FACE}", times=10_000)
def test_no_record_is_larger_than_15_kb(text: str, times: int) -> None:
    long = text * times
    facts = Facts(
        first_name=long,
        last_name=long,
        company=long,
        domain=f"{long}.example",
        linkedin_url=f"https://www.linkedin.com/in/{long}",
    )
    assert len(json.dumps(record_of(Question("ld_01J9", facts))).encode()) < 15_000


def test_records_are_known_by_our_mark_whatever_their_order() -> None:
    questions = [asked(number) for number in range(3)]
    records = [record(2), None, record(0), record(1)]
    assert addresses(replies(questions, records, is_forced=False)) == [f"p{n}@c{n}.example" for n in range(3)]


def test_of_two_records_with_one_mark_the_first_counts() -> None:
    records = [record(0), record(0, email=[qualified("nominative@pro", "second@c0.example")])]
    assert addresses(replies([asked(0), asked(1)], records, is_forced=False)) == ["p0@c0.example", None]


def test_without_our_mark_the_place_counts_where_the_lengths_agree() -> None:
    questions = [asked(0, linkedin_url="https://www.linkedin.com/in/one"), asked(1)]
    records = [record(0, custom_fields=None), record(1, custom_fields=None, website=None)]
    assert addresses(replies(questions, records, is_forced=False)) == ["p0@c0.example", "p1@c1.example"]


def test_without_our_mark_name_and_company_count_where_the_lengths_differ() -> None:
    questions = [asked(number) for number in range(3)]
    records = [record(2, custom_fields=None), record(1, custom_fields={"camd_lead": "another"})]
    answers = replies(questions, records, is_forced=False)
    assert addresses(answers) == [None, "p1@c1.example", "p2@c2.example"]
    assert answers[0] == Unfinished()


def test_without_our_mark_nobody_gets_the_address_of_another_person_at_their_place() -> None:
    questions = [asked(number) for number in range(3)]
    records = [record(number, custom_fields=None) for number in (2, 0, 1)]
    assert addresses(replies(questions, records, is_forced=False)) == [f"p{n}@c{n}.example" for n in range(3)]


def test_without_our_mark_a_profile_tells_people_apart_too() -> None:
    questions = [Question(f"q{n}", Facts(linkedin_url=f"https://www.linkedin.com/in/p{n}")) for n in range(2)]
    records = [record(n, custom_fields=None, linkedin=f"www.linkedin.com/in/p{n}") for n in (1, 0)]
    assert addresses(replies(questions, records, is_forced=False)) == ["p0@c0.example", "p1@c1.example"]


def test_first_and_last_name_may_come_back_in_the_other_order() -> None:
    turned = record(0, custom_fields=None, first_name="Linden-A", last_name="Mara")
    assert addresses(replies([asked(0), asked(1)], [turned, None], is_forced=False)) == ["p0@c0.example", None]


def test_two_people_of_one_name_at_one_company_are_not_guessed_at() -> None:
    questions = [asked(0), Question("twin", asked(0).facts), asked(1)]
    assert addresses(replies(questions, [record(0, custom_fields=None)], is_forced=False)) == [None] * 3


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_NAMES = [*RECORD, "phone", "mobile_phone", "employee_count", "industry", "job_level", "errors"]
_EMAILS = st.lists(
    st.fixed_dictionaries({}, optional={"email": _JSON | st.just("a@b.example"), "qualification": _JSON}) | _JSON,
    max_size=3,
)
_RECORDS = st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=6) | st.builds(
    lambda email, rest: {**rest, "email": email}, _EMAILS, st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=4)
)


@settings(max_examples=150)
@given(records=st.lists(_RECORDS | st.none(), max_size=4), is_forced=st.booleans())
def test_rubbish_is_answered_and_never_an_exception(records: list[dict[str, Any] | None], is_forced: bool) -> None:
    answers = replies([asked(number) for number in range(3)], records, is_forced=is_forced)
    assert len(answers) == 3
    for answer in answers:
        if isinstance(answer, Finding):
            assert answer.credits in (0, 1)
            assert (answer.facts.email is None) == (answer.result is not LookupResult.FOUND) or (
                answer.result is LookupResult.OBJECTED
            )
            assert len(answer.raw or "") <= 4_000
