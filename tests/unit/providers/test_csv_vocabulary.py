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
    words = vocabulary()
    assert {*words.email_statuses.values(), *words.email_domains.values()} <= set(Verdict)


# The order of the contract sheet; between two of its columns other ones may stand.
PRIORITY = {
    "email": "email work_email professional_email business_email email_address e_mail mail contact_email primary_email "
    "email_1",
    "first_name": "first_name firstname fname given_name preferred_first_name",
    "last_name": "last_name lastname lname surname family_name",
    "full_name": "full_name name contact_name contact",
    "title": "title job_title current_job current_title position job role occupation headline",
    "seniority": "seniority seniority_level management_level job_level",
    "company": "company_name_for_emails company company_name organization organization_name account_name "
    "current_company employer",
    "domain": "company_domain domain company_website_url website company_website company_url website_url "
    "regular_company_url email_domain",
    "industry": "industry company_industry sector",
    "employee_count": "#_employees employees number_of_employees employee_count company_employee_exact_count "
    "company_size headcount company_employee_range estimated_num_employees nb_employees",
    "country": "country country_region person_country contact_country",
    "city": "city person_city contact_city",
    "region": "state state_region person_state company_state",
    "location": "location prospect_location",
    "timezone": "timezone time_zone tz",
    "linkedin_url": "linkedin_url_public person_linkedin_url linkedin_url linkedin linkedin_profile "
    "linkedin_profile_url default_profile_url linked_in_profile_url profile_url url linkedin_url_unique_id",
    "phone": "work_direct_phone mobile_phone phone_number phone corporate_phone mobile telephone company_phone "
    "other_phone home_phone",
    "tags": "tags labels lists list",
    "email_status": "email_status email_verification_status verification_status qualification",
    "email_verified_at": "primary_email_last_verified_at",
    "source_ref": "apollo_contact_id vmid record_id lead_id id",
    "do_not_contact": "do_not_contact unsubscribed is_unsubscribed opted_out",
    "do_not_call": "do_not_call",
}


@pytest.mark.parametrize(("field", "names"), PRIORITY.items())
def test_of_two_columns_for_one_field_the_contract_says_which_wins(field: str, names: str) -> None:
    wanted = names.split()
    assert [alias for alias in vocabulary().columns[field] if alias in wanted] == wanted
