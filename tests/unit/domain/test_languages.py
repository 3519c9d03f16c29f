import pytest

from camd.domain.countries import COUNTRIES
from camd.domain.languages import is_used_in


@pytest.mark.parametrize(
    ("language", "country", "used"),
    [
        ("de", "AT", True),
        ("de", "FR", False),
        ("fr", "BE", True),
        ("nl", "BE", True),
        ("pt-br", "BR", True),
        ("PT-BR", "PT", True),
        ("nb", "NO", True),
        ("no", "NO", True),
        ("en", "US", True),
        ("en", "DE", False),
        ("zh", "TW", True),
        ("ru", "UA", False),
    ],
)
def test_a_language_is_used_where_the_country_does_its_business_in_it(language: str, country: str, used: bool) -> None:
    assert is_used_in(language, country) is used


@pytest.mark.parametrize("country", ["AQ", "unknown", "XX"])
def test_where_nothing_is_known_no_language_is_foreign(country: str) -> None:
    assert is_used_in("xx", country)


def test_most_countries_are_known_and_none_that_does_not_exist() -> None:
    known = [country for country in COUNTRIES if not is_used_in("xx", country)]
    assert len(known) > 0.95 * len(COUNTRIES)
    capitals = (first + second for first in map(chr, range(65, 91)) for second in map(chr, range(65, 91)))
    assert {code for code in capitals if not is_used_in("xx", code)} == set(known)
