"""What is believed of a person as Apollo shows one."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camd.domain.contact import linkedin_key, parse_address
from camd.domain.facts import Facts, Verdict
from camd.providers.apollo_person import LEARNED, facts_of, verdict_of

# The documentation's example.
EXAMPLE = json.loads("""
  {"id":"66f0c1a2b3d4e5f601020304","first_name":"Mara","last_name":"Linden","name":"Mara Linden",
   "linkedin_url":"http://www.linkedin.com/in/mara-linden-example","title":"Head of Operations",
   "headline":"Head of Operations at Nordwind Logistik","email":"mara.linden@nordwind.example",
   "email_status":"verified","extrapolated_email_confidence":null,"photo_url":null,"twitter_url":null,
   "github_url":null,"facebook_url":null,"city":"Bremen","state":"Bremen","country":"Germany",
   "organization_id":"5e66b6381e05b4008c000001","seniority":"head","departments":["master_operations"],
   "subdepartments":["operations"],"functions":["operations"],"revealed_for_current_team":true,
   "is_likely_to_engage":false,"show_intent":false,"employment_history":[{"_id":"66d7","id":"66d7","key":"66d7",
     "current":true,"organization_id":"5e66b6381e05b4008c000001","organization_name":"Nordwind Logistik",
     "title":"Head of Operations","start_date":"2022-03-01","end_date":null}],
   "organization":{"id":"5e66b6381e05b4008c000001","name":"Nordwind Logistik",
     "website_url":"http://www.nordwind.example","primary_domain":"nordwind.example",
     "linkedin_url":"http://www.linkedin.com/company/nordwind-example","industry":"logistics & supply chain",
     "estimated_num_employees":140,"founded_year":1998,"city":"Bremen","state":"Bremen","country":"Germany",
     "phone":null,"primary_phone":{},"keywords":["freight"],"annual_revenue":null}}
""")
MARA = Facts(
    email="mara.linden@nordwind.example",
    first_name="Mara",
    last_name="Linden",
    title="Head of Operations",
    seniority="head",
    company="Nordwind Logistik",
    domain="nordwind.example",
    industry="logistics & supply chain",
    employee_count=140,
    country="DE",
    city="Bremen",
    linkedin_url="https://www.linkedin.com/in/mara-linden-example",
    tags=("master_operations", "operations"),
)


def example(**changed: Any) -> dict[str, Any]:
    return {**EXAMPLE, **changed}


def company(**changed: Any) -> dict[str, Any]:
    return {**EXAMPLE, "organization": {**EXAMPLE["organization"], **changed}}


def test_the_documented_example_becomes_facts() -> None:
    assert facts_of(EXAMPLE) == MARA


def test_nothing_else_is_ever_learned() -> None:
    everything = facts_of(example(contact={"time_zone": "Europe/Berlin"}))
    learned = {field.name for field in fields(Facts) if getattr(everything, field.name) not in (None, (), {})}
    assert learned == LEARNED


@pytest.mark.parametrize(
    "email",
    [
        "email_not_unlocked@domain.com",
        "Email_Not_Unlocked@nordwind.example",
        "m***n@nordwind.example",
        "mara at nordwind",
        "mara@nordwind.example\r\nBcc: all@nordwind.example",
        "",
        None,
        7,
    ],
)
def test_what_is_no_address_is_no_address(email: object) -> None:
    assert facts_of(example(email=email)) == replace(MARA, email=None)


def test_an_address_that_is_unavailable_is_none() -> None:
    assert facts_of(example(email_status="unavailable")).email is None


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("verified", Verdict.VALID),
        ("Verified", Verdict.VALID),
        ("likely to engage", Verdict.VALID),
        ("likely_to_engage", Verdict.VALID),
        ("unverified", Verdict.UNKNOWN),
        ("user_managed", Verdict.UNKNOWN),
        ("needs_verification", Verdict.UNKNOWN),
        ("update_required", Verdict.UNKNOWN),
        ("guessed", Verdict.UNKNOWN),
        ("extrapolated", Verdict.UNKNOWN),
        ("pending_manual_fulfillment", Verdict.UNKNOWN),
        ("bounced", Verdict.INVALID),
        ("as_of_tomorrow", Verdict.UNKNOWN),
        ("", Verdict.UNKNOWN),
        (None, Verdict.UNKNOWN),
        (["verified"], Verdict.UNKNOWN),
    ],
)
def test_each_status_of_an_address_has_its_verdict(status: object, verdict: Verdict) -> None:
    assert verdict_of(example(email_status=status))[0] is verdict


def test_the_evidence_is_apollos_word_and_no_text_of_unknown_origin() -> None:
    assert verdict_of(EXAMPLE)[1] == "apollo: verified"
    assert "mara" not in verdict_of(example(email_status="mara@nordwind.example"))[1]


def test_a_masked_name_is_left_out() -> None:
    assert facts_of(example(last_name="Li***n")).last_name is None


def test_the_whole_name_stands_in_for_its_parts() -> None:
    facts = facts_of(example(first_name=None, last_name=None, name="Mara Linden"))
    assert (facts.first_name, facts.last_name) == ("Mara", "Linden")


def test_the_copy_of_a_workspace_never_wins_over_the_person() -> None:
    copy = {"first_name": "Maria", "title": "Boss", "email": "private@free.example", "time_zone": "Europe/Berlin"}
    assert facts_of(example(contact=copy)) == replace(MARA, timezone="Europe/Berlin")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", None, 3])
def test_a_time_zone_that_does_not_exist_is_left_out(zone: object) -> None:
    assert facts_of(example(contact={"time_zone": zone})) == MARA


def test_a_second_current_employment_changes_nothing() -> None:
    other = {"current": True, "organization_name": "Another", "title": "Adviser"}
    assert facts_of(example(employment_history=[other, *EXAMPLE["employment_history"]])) == MARA


def test_personal_addresses_are_not_taken() -> None:
    assert facts_of(example(email=None, personal_emails=["mara@free.example"])).email is None


def test_the_headline_is_no_title() -> None:
    assert facts_of(example(title=None)).title is None


@pytest.mark.parametrize(
    ("website", "domain"),
    [
        ("http://www.nordwind.example", "nordwind.example"),
        ("https://linkedin.com/company/nordwind", None),
        ("http://[", None),
        (None, None),
    ],
)
def test_the_host_of_the_site_stands_in_for_the_domain(website: object, domain: str | None) -> None:
    assert facts_of(company(primary_domain=None, website_url=website)).domain == domain


@pytest.mark.parametrize("count", [0, -3, "many", 10**12, True, None])
def test_a_head_count_that_cannot_be_is_left_out(count: object) -> None:
    assert facts_of(company(estimated_num_employees=count)).employee_count is None


def test_a_level_that_apollo_does_not_document_is_left_out() -> None:
    assert facts_of(example(seniority="emperor")).seniority is None


def test_a_person_without_a_company_is_still_a_person() -> None:
    assert facts_of(example(organization=None)).first_name == "Mara"


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["a@b.example", "http://[", "https://www.linkedin.com/in/%00", "\ud800\r\n", "xn--", "1e999"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "time_zone", "primary_domain", "website_url"]), inner)
    ),
    max_leaves=5,
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(list(EXAMPLE)), VALUES))
def test_no_rubbish_is_an_error_or_a_fact_that_the_engine_could_not_keep(rubbish: dict[str, Any]) -> None:
    facts = facts_of(example(**rubbish))
    verdict_of(example(**rubbish))
    texts = [getattr(facts, field.name) for field in fields(Facts) if field.name not in {"tags", "custom"}]
    for text in (*texts, *facts.tags):
        if isinstance(text, str):
            assert len(text.encode()) <= 1_000
            assert not set(text) & set("\r\n\0")
    assert facts.email is None or parse_address(facts.email).given == facts.email
    assert facts.linkedin_url is None or linkedin_key(facts.linkedin_url) == facts.linkedin_url
