import pytest

from camd.domain.facts import Facts, Verdict
from camd.providers.csv_vocabulary import column_name, vocabulary


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("# Employees", "#_employees"),
        ("Person Linkedin Url", "person_linkedin_url"),
        ("LinkedIn URL", "linkedin_url"),
        ("firstName", "first_name"),
        ("linkedInProfileUrl", "linked_in_profile_url"),
        ("\ufeffE-Mail ", "e_mail"),
        ("Company Revenue Min (Millions USD)", "company_revenue_min_millions_usd"),
        ("EMAIL", "email"),
        ("名前", ""),
    ],
)
def test_a_header_cell_has_one_normal_form(header: str, name: str) -> None:
    assert column_name(header) == name


def test_every_alias_is_written_in_its_normal_form_and_means_one_field() -> None:
    aliases = [alias for names in vocabulary().columns.values() for alias in names]
    assert [alias for alias in aliases if column_name(alias) != alias] == []
    assert len(aliases) == len(set(aliases))


def test_every_fact_that_a_file_can_hold_has_a_column() -> None:
    own = {"custom", "source"}
    assert set(Facts.__dataclass_fields__) - own <= set(vocabulary().columns)


@pytest.mark.parametrize("column", ["secondary_email", "tertiary_email", "personal_email", "keywords"])
def test_second_addresses_and_keywords_are_not_read_unasked(column: str) -> None:
    assert all(column not in aliases for aliases in vocabulary().columns.values())


def test_the_seniorities_are_those_of_the_facts() -> None:
    levels = "owner founder c_suite partner vp head director manager senior entry intern"
    assert set(vocabulary().seniority) == set(levels.split())


def test_a_file_never_calls_an_address_better_than_a_known_verdict() -> None:
    assert set(vocabulary().email_statuses.values()) <= set(Verdict)
