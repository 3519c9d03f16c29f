from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.domain.errors import Invalid
from camd.domain.facts import Verdict
from camd.providers import csv_values


@pytest.mark.parametrize(
    ("cell", "given_forms"),
    [
        ("Anna.Berg@Praxis.EXAMPLE", ["Anna.Berg@praxis.example"]),
        ("mailto:anna@praxis.example?subject=x", ["anna@praxis.example"]),
        ("Anna Berg <anna@praxis.example>", ["anna@praxis.example"]),
        ("anna@zähne.example", ["anna@xn--zhne-loa.example"]),
        ("broken@, anna@a.example; bob@b.example", ["anna@a.example", "bob@b.example"]),
        ("email_not_unlocked@domain.com", []),
        ("Email_Not_Unlocked@praxis.example", []),
        ("email_not_unlocked@domain.com, anna@a.example", ["anna@a.example"]),
        ("anna@a.example email_not_unlocked@domain.com", ["anna@a.example"]),
        ("broken@ email_not_unlocked@domain.com", []),
    ],
)
def test_the_addresses_of_a_cell(cell: str, given_forms: list[str]) -> None:
    assert [address.given for address in csv_values.addresses(cell)] == given_forms


@pytest.mark.parametrize(
    "cell", ["anna", "anna@", "@praxis.example", "a@b@c.example", "a@b.example\r\nBcc: c@d.example"]
)
def test_a_cell_without_a_readable_address_is_refused(cell: str) -> None:
    with pytest.raises(Invalid) as refusal:
        csv_values.addresses(cell)
    assert refusal.value.field == "email"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ANNA", "Anna"),
        ("jean-luc", "Jean-Luc"),
        ("O'BRIEN", "O'Brien"),
        ("VAN DER BERG", "van der Berg"),
        ("van", "Van"),
        ("McDonald", "McDonald"),
        ("Müller, PhD, M.D.", "Müller"),
        ("Anna 🦷 (she/her)", "Anna"),
        ("Mu\u0308ller", "Müller"),
        ("🦷", None),
    ],
)
def test_a_name_is_cleaned_of_what_is_no_name(text: str, name: str | None) -> None:
    assert csv_values.person_name(text) == name


@pytest.mark.parametrize(
    ("full", "first", "last"),
    [
        ("Anna Berg", "Anna", "Berg"),
        ("Anna Maria van Dijk", "Anna", "Maria van Dijk"),
        ("Berg, Anna", "Anna", "Berg"),
        ("García López, María José", "María José", "García López"),
        ("Anna Berg, PhD", "Anna", "Berg"),
        ("Dr. med. dent. Anna Berg", "Anna", "Berg"),
        ("Berg, Dr. Anna", "Anna", "Berg"),
        ("ANNA BERG", "Anna", "Berg"),
        ("Cher", "Cher", None),
        ("🦷", None, None),
    ],
)
def test_a_full_name_is_split(full: str, first: str | None, last: str | None) -> None:
    assert csv_values.split_name(full) == (first, last)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://www.Praxis.example:8080/team?x=1", "praxis.example"),
        ("praxis.example/", "praxis.example"),
        ("zähne.example", "xn--zhne-loa.example"),
        ("https://de.linkedin.com/company/x", None),
        ("facebook.com/praxis", None),
        ("linktr.ee/praxis", None),
        ("gmail.com", None),
        ("none yet", None),
        ("http://[", None),
        ("localhost", None),
    ],
)
def test_the_domain_of_a_company(text: str, host: str | None) -> None:
    assert csv_values.company_host(text) == host


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("12", 12),
        ("1,600", 1600),
        ("1.600", 1600),
        ("10 001+ employees", 10001),
        ("51-200", 51),
        ("51 to 200", 51),
        ("201+", 201),
        ("1K-5K", 1000),
        ("1.5K", 1500),
        ("0", None),
        ("10-Nov", None),
        ("Nov-50", None),
        ("many", None),
    ],
)
def test_a_head_count_is_the_lower_bound_and_never_a_date(text: str, count: int | None) -> None:
    assert csv_values.headcount(text) == count


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("C suite", "c_suite"),
        ("C-Level", "c_suite"),
        ("Vice President Sales", "vp"),
        ("Founder & CEO", "founder"),
        ("Geschäftsführer", "c_suite"),
        ("Inhaberin", "owner"),
        ("Product Owner", "manager"),
        ("Managing Director", "c_suite"),
        ("Assistant to the CEO", "entry"),
        ("Senior Manager", "manager"),
        ("Entry Level Manager", "manager"),
        ("Non-Manager", "entry"),
        ("Dentist", None),
    ],
)
def test_the_longest_known_phrase_decides_the_seniority(text: str, level: str | None) -> None:
    assert csv_values.seniority_of(text) == level


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("europe/berlin", "Europe/Berlin"),
        ("america_slash_new_york", "America/New_York"),
        ("CET", "Europe/Berlin"),
        ("GMT+1", "Etc/GMT-1"),
        ("UTC-03:00", "Etc/GMT+3"),
        ("GMT+0", "Etc/UTC"),
        ("GMT+15", None),
        ("UTC+05:30", None),
        ("Berlin time", None),
    ],
)
def test_a_time_zone_is_an_iana_name_or_nothing(text: str, zone: str | None) -> None:
    assert csv_values.zone_name(text) == zone
    assert zone is None or ZoneInfo(zone).key == zone


def test_a_number_becomes_e164_only_where_it_is_valid() -> None:
    assert csv_values.phone_number("(030) 901820", "DE") == "+4930901820"
    assert csv_values.phone_number("+44 20 7946 0958", None) == "+442079460958"
    assert csv_values.phone_number("030 901820", None) == "030 901820"
    assert csv_values.phone_number("call me", "DE") == "call me"
    assert csv_values.phone_number("12", "DE") == "12"


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,200.50", Decimal("1200.50")),
        ("1.200,50 €", Decimal("1200.50")),
        ("$300", Decimal(300)),
        ("1.200", Decimal(1200)),
        ("-5", None),
        ("much", None),
    ],
)
def test_money_is_read_in_both_notations(text: str, amount: Decimal | None) -> None:
    assert csv_values.money(text) == amount


@pytest.mark.parametrize(
    ("text", "city", "country"),
    [
        ("Berlin, Germany", "Berlin", "DE"),
        ("Lyon, Auvergne-Rhône-Alpes, France", "Lyon", "FR"),
        ("Japan", None, "JP"),
        ("Greater London", None, None),
        ("Springfield, Somewhere", None, None),
    ],
)
def test_a_place_is_split_only_where_its_country_is_known(text: str, city: str | None, country: str | None) -> None:
    assert csv_values.place(text) == (city, country)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Verified", Verdict.VALID),
        ("Likely to engage", Verdict.VALID),
        ("User Managed", Verdict.UNKNOWN),
        ("catch-all@pro", Verdict.CATCH_ALL),
        ("non_validé@pro", Verdict.UNKNOWN),
        ("Nominative@Perso", Verdict.FREEMAIL),
        ("générique@perso", Verdict.ROLE),
        ("nominative@domaine invalide", Verdict.INVALID),
        ("do_not_contact@disposable", Verdict.SUPPRESSED),
        ("no such word@pro", None),
        ("no such word@perso", Verdict.FREEMAIL),
        ("invalid", Verdict.INVALID),
        ("perso", None),
        ("webmail", Verdict.FREEMAIL),
        ("disposable", Verdict.INVALID),
        ("Not Catch-all", None),
        ("Unavailable", None),
        ("", None),
    ],
)
def test_what_a_tool_says_of_an_address(text: str, verdict: Verdict | None) -> None:
    assert csv_values.status_verdict(text) is verdict


@given(st.text())
def test_no_cell_is_too_strange_to_be_answered(text: str) -> None:
    csv_values.person_name(text)
    csv_values.split_name(text)
    csv_values.company_host(text)
    csv_values.headcount(text)
    csv_values.seniority_of(text)
    csv_values.zone_name(text)
    csv_values.phone_number(text, "DE")
    csv_values.money(text)
    csv_values.place(text)
    csv_values.status_verdict(text)
    try:
        csv_values.addresses(text)
    except Invalid as refusal:
        assert refusal.field == "email"  # noqa: PT017 - a readable address is as good an answer
