import pytest

from camd.domain.countries import COUNTRIES, GENERIC_COUNTRY_DOMAINS
from camd.domain.errors import CamdError
from camd.domain.facts import Facts
from camd.domain.zones import (
    Evidence,
    UnknownZone,
    ZoneEvidence,
    country_code,
    country_of,
    recipient_zone,
    zone_info,
)

HOME = "Europe/Vienna"
US_EDGES = ("America/New_York", "America/Los_Angeles")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (
            Facts(timezone="Asia/Tokyo", country="DE", phone="+4930123456"),
            ZoneEvidence("Asia/Tokyo", Evidence.EXPLICIT, "DE"),
        ),
        (
            Facts(phone="+33142685300", email="a@clinic.de"),
            ZoneEvidence("Europe/Paris", Evidence.PHONE, "FR"),
        ),
        (
            Facts(country="Spain", email="a@clinic.de"),
            ZoneEvidence("Europe/Madrid", Evidence.COUNTRY, "ES"),
        ),
        (
            Facts(country="US", phone="+442079460000"),
            ZoneEvidence("Europe/London", Evidence.PHONE, "US"),
        ),
        (
            Facts(country="FR", phone="+12122345678"),
            ZoneEvidence("Europe/Paris", Evidence.COUNTRY, "FR"),
        ),
        (
            Facts(country="US", email="a@clinic.de"),
            ZoneEvidence("America/New_York", Evidence.COUNTRY, "US", US_EDGES),
        ),
        (Facts(email="a@clinic.de"), ZoneEvidence("Europe/Berlin", Evidence.DOMAIN, "DE")),
        (Facts(email="a@clinic.example"), ZoneEvidence(HOME, Evidence.CAMPAIGN)),
        (Facts(country="AQ"), ZoneEvidence(HOME, Evidence.CAMPAIGN, "AQ")),
    ],
)
def test_the_best_evidence_decides_the_zone(facts: Facts, expected: ZoneEvidence) -> None:
    assert recipient_zone(facts, HOME) == expected


@pytest.mark.parametrize(
    "name", ["", "Nowhere/City", "Europe", "../etc/passwd", "a\0b", "Factory", "localtime", "right/UTC", "x" * 5000]
)
def test_fault_43_an_unknown_zone_is_an_error_never_utc_by_guess(name: str) -> None:
    with pytest.raises(UnknownZone) as refusal:
        zone_info(name)
    assert refusal.value.zone == name
    assert isinstance(refusal.value, CamdError)


def test_fault_43_a_zone_that_the_data_lost_is_an_error_for_lead_and_campaign() -> None:
    with pytest.raises(UnknownZone):
        recipient_zone(Facts(timezone="Asia/Atlantis"), HOME)
    with pytest.raises(UnknownZone):
        recipient_zone(Facts(), "Europe/Atlantis")


@pytest.mark.parametrize(
    ("facts", "country"),
    [
        (Facts(country="Deutschland", phone="+33142685300"), "DE"),
        (Facts(country="Atlantis", phone="+33142685300"), "FR"),
        (Facts(phone="0033 1 42 68 53 00", email="a@clinic.de"), "FR"),
        (Facts(phone="+498001234567"), "DE"),
        (Facts(phone="+12122345678"), "US"),
        (Facts(phone="+14165550123"), "CA"),
        (Facts(phone="+77012345678"), "KZ"),
        (Facts(phone="+79161234567"), "RU"),
        (Facts(email="a@clinic.co.uk"), "GB"),
        (Facts(email="a@gmx.de", domain="clinic.it"), "IT"),
        (Facts(email="no address", domain="clinic.it"), "IT"),
        (Facts(domain="clinic.it"), "IT"),
    ],
)
def test_the_country_is_the_fact_then_the_phone_then_the_domain(facts: Facts, country: str) -> None:
    assert country_of(facts) == country


@pytest.mark.parametrize(
    "facts",
    [
        Facts(),
        Facts(email="a@gmx.de"),
        Facts(email="a@clinic.com"),
        Facts(email="a@startup.io"),
        Facts(email="a@startup.ai"),
        Facts(phone="030 123456"),
        Facts(phone="call me"),
        Facts(phone="+18002345678"),
        Facts(phone="+7800"),
        Facts(phone="+80012345678"),
        Facts(phone="+24721234"),
    ],
)
def test_what_proves_no_country_is_no_country(facts: Facts) -> None:
    assert country_of(facts) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("de", "DE"),
        ("DEU", "DE"),
        (" Germany ", "DE"),
        ("deutschland", "DE"),
        ("ÖSTERREICH", "AT"),
        ("Osterreich", "AT"),
        ("U.S.A.", "US"),
        ("UK", "GB"),
        ("el", "GR"),
        ("cote d\u2019ivoire", "CI"),
        ("Россия", "RU"),
        ("日本", "JP"),
        ("भारत", "IN"),
        ("Kosovo", "XK"),
        ("Atlantis", None),
        ("", None),
    ],
)
def test_a_country_is_read_in_codes_and_names(text: str, code: str | None) -> None:
    assert country_code(text) == code


def test_no_two_countries_share_a_spelling() -> None:
    for country in COUNTRIES.values():
        for text in (country.code, country.alpha_3, *country.names):
            assert country_code(text) == country.code, text


def test_every_zone_of_the_table_exists() -> None:
    assert len(COUNTRIES) == 250
    for country in COUNTRIES.values():
        for zone in (country.zone, *(country.edges or ())):
            assert zone is None or zone_info(zone).key == zone


def test_generic_domains_are_those_of_countries_and_ascension() -> None:
    assert {domain.upper() for domain in GENERIC_COUNTRY_DOMAINS} - COUNTRIES.keys() == {"AC"}
