"""Apollo answers an unknown or empty filter with about everybody, so none goes out."""

from collections.abc import Mapping

import pytest

from camd.providers.apollo_fields import Entry, problems_of

EVERY_FIELD: Mapping[str, object] = {
    "person_titles": ["head of operations"],
    "include_similar_titles": False,
    "person_seniorities": ["head", "director"],
    "person_locations": ["france"],
    "organization_locations": ["germany"],
    "q_organization_domains_list": ["nordwind.example", "acme.example"],
    "contact_email_status": ["verified", "likely to engage"],
    "organization_ids": ["5e66b6381e05b4008c000001"],
    "organization_num_employees_ranges": ["51,200", "201,500"],
    "revenue_range": {"min": 300_000, "max": 50_000_000},
    "currently_using_all_of_technology_uids": ["salesforce"],
    "currently_using_any_of_technology_uids": ["google_analytics"],
    "currently_not_using_any_of_technology_uids": ["wordpress_org"],
    "q_organization_job_titles": ["fleet manager"],
    "organization_job_locations": ["bremen"],
    "organization_num_jobs_range": {"min": 1},
    "organization_job_posted_at_range": {"min": "2026-07-01", "max": "2026-09-30"},
    "q_keywords": "freight",
    "include_without_email": True,
    "max_candidates": 500,
}


def test_every_documented_field_is_usable() -> None:
    assert problems_of(EVERY_FIELD) == []


def test_only_the_fields_of_apollo_go_out() -> None:
    assert Entry.read(EVERY_FIELD).filters == {
        name: value for name, value in EVERY_FIELD.items() if name not in {"include_without_email", "max_candidates"}
    }


@pytest.mark.parametrize("name", ["titles", "q_organization_domains", "page", "per_page", "api_key", "revenue_min"])
def test_an_unknown_field_is_told_with_the_known_ones(name: str) -> None:
    [problem] = problems_of({"person_titles": ["ceo"], name: ["x"]})
    assert problem.startswith(f"{name}: unknown field; known are person_titles, include_similar_titles, ")
    assert "revenue_range" in problem


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("person_titles[]", "person_titles[]: unknown field, write person_titles = [...]; known are "),
        ("revenue_range[min]", "revenue_range[min]: unknown field, write revenue_range = { min = ... }; known are "),
    ],
)
def test_the_way_apollos_pages_write_a_name_is_translated(name: str, mend: str) -> None:
    [problem] = problems_of({"person_titles": ["ceo"], name: ["x"]})
    assert problem.startswith(mend)


@pytest.mark.parametrize("entry", [{}, {"include_similar_titles": True}, {"max_candidates": 10}])
def test_a_search_without_a_filter_is_refused(entry: Mapping[str, object]) -> None:
    [problem] = problems_of(entry)
    assert problem.startswith("person_titles: give this or another filter")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("person_titles", "ceo"),
        ("person_titles", []),
        ("person_titles", ["ceo", ""]),
        ("person_titles", ["ceo", 7]),
        ("person_titles", ["ceo\r\nx"]),
        ("person_titles", ["x"] * 1_001),
        ("person_titles", None),
        ("include_similar_titles", "no"),
        ("person_seniorities", ["boss"]),
        ("person_seniorities", "head"),
        ("person_seniorities", []),
        ("person_seniorities", [["head"]]),
        ("q_organization_domains_list", ["www.nordwind.example"]),
        ("q_organization_domains_list", ["https://nordwind.example"]),
        ("q_organization_domains_list", ["mara@nordwind.example"]),
        ("q_organization_domains_list", ["nordwind"]),
        ("q_organization_domains_list", [f"c{number}.example" for number in range(1_001)]),
        ("contact_email_status", ["guessed"]),
        ("organization_num_employees_ranges", ["51-200"]),
        ("organization_num_employees_ranges", ["200,51"]),
        ("organization_num_employees_ranges", [51, 200]),
        ("organization_num_employees_ranges", "51,200"),
        ("organization_num_employees_ranges", []),
        ("revenue_range", [1, 2]),
        ("revenue_range", {}),
        ("revenue_range", {"least": 1}),
        ("revenue_range", {"min": "1"}),
        ("revenue_range", {"min": True}),
        ("revenue_range", {"min": -1}),
        ("revenue_range", {"min": 2, "max": 1}),
        ("organization_num_jobs_range", 3),
        ("organization_job_posted_at_range", {"min": "July"}),
        ("organization_job_posted_at_range", {"min": "20260701"}),
        ("organization_job_posted_at_range", {"min": 20260701}),
        ("q_keywords", ["freight"]),
        ("q_keywords", "  "),
        ("include_without_email", 1),
        ("max_candidates", 0),
        ("max_candidates", True),
        ("max_candidates", "5"),
    ],
)
def test_a_value_that_cannot_be_meant_is_told_by_its_field(name: str, value: object) -> None:
    [problem] = problems_of({"organization_ids": ["5e66b6381e05b4008c000001"], name: value})
    assert problem.startswith(f"{name}: give ")


def test_a_thousand_domains_are_as_many_as_apollo_takes() -> None:
    assert problems_of({"q_organization_domains_list": [f"c{number}.example" for number in range(1_000)]}) == []


@pytest.mark.parametrize(
    ("entry", "is_included"),
    [
        ({"person_titles": ["ceo"]}, False),
        ({"contact_email_status": ["verified"]}, False),
        ({"contact_email_status": ["verified", "unverified"]}, True),
        ({"contact_email_status": ["unavailable"]}, True),
        ({"contact_email_status": ["unavailable"], "include_without_email": False}, False),
        ({"person_titles": ["ceo"], "include_without_email": True}, True),
    ],
)
def test_people_without_an_address_are_taken_where_the_entry_asks_for_them(
    entry: Mapping[str, object], is_included: bool
) -> None:
    assert Entry.read(entry).include_without_email is is_included


def test_spaces_around_a_text_and_the_kind_of_a_list_make_no_other_search() -> None:
    one, other = Entry.read({"person_titles": [" ceo "]}), Entry.read({"person_titles": ("ceo",)})
    assert one.digest == other.digest


def test_another_filter_is_another_search_and_another_end_is_not() -> None:
    entry = Entry.read({"person_titles": ["ceo"]})
    assert Entry.read({"person_titles": ["cfo"]}).digest != entry.digest
    assert Entry.read({"person_titles": ["ceo"], "max_candidates": 5}).digest == entry.digest
