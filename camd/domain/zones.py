"""Where a recipient is and which clock they live by, with the evidence for it. Nothing is guessed silently:
an unknown zone name raises `UnknownZone`, an unknown country is None."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import PhoneNumberType

from camd.domain.contact import company_of, folded, parse_address
from camd.domain.countries import COUNTRIES, GENERIC_COUNTRY_DOMAINS
from camd.domain.errors import CamdError, Invalid
from camd.domain.facts import Facts

# "Factory" and the files of a system's own choice would pass for a zone, and mean UTC or this machine's.
_NO_ZONES = frozenset({"Factory", "localtime", "posixrules"})
_LOCAL_NUMBERS = frozenset({PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


class UnknownZone(CamdError):
    """This is no time zone that the machine's zone data knows."""

    def __init__(self, zone: str) -> None:
        super().__init__(f"{zone!r} is no known time zone: use an IANA name such as Europe/Berlin")
        self.zone = zone


class Evidence(StrEnum):
    """What the recipient's zone was concluded from."""

    EXPLICIT = "explicit"
    PHONE = "phone prefix"
    COUNTRY = "country"
    DOMAIN = "company domain"
    CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True)
class ZoneEvidence:
    """The clock a recipient lives by.

    `zone` counts days and shows times: the recipient's, or that of the largest city where `edges` names the
    easternmost and westernmost zone of a country with several. `country` (alpha-2) decides the holidays.
    """

    zone: str
    evidence: Evidence
    country: str | None = None
    edges: tuple[str, str] | None = None


def zone_info(name: str) -> ZoneInfo:
    """Raises `UnknownZone`, also for a directory, a path or a name that the zone data lost."""
    if name in _NO_ZONES or name.startswith(("posix/", "right/")):
        raise UnknownZone(name)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise UnknownZone(name) from error


def recipient_zone(facts: Facts, campaign_zone: str) -> ZoneEvidence:
    """The best evidence wins: the fact, phone prefix or country, country of the company's domain, campaign.

    Of phone prefix and country the one with a single zone wins. Raises `UnknownZone` for a zone fact or
    campaign zone that does not exist.
    """
    country = country_of(facts)
    if facts.timezone is not None:
        return ZoneEvidence(zone_info(facts.timezone).key, Evidence.EXPLICIT, country)
    stated = (
        _zone_of(_phone_country(facts.phone), Evidence.PHONE, country),
        _zone_of(_stated_country(facts), Evidence.COUNTRY, country),
    )
    known = [zone for zone in stated if zone is not None]
    if known:
        return min(known, key=lambda zone: zone.edges is not None)
    by_domain = _zone_of(_company_country(facts), Evidence.DOMAIN, country)
    return by_domain or ZoneEvidence(zone_info(campaign_zone).key, Evidence.CAMPAIGN, country)


def country_of(facts: Facts) -> str | None:
    """Alpha-2 by the fact, else the phone prefix, else the country domain of the company; None if unknown."""
    return _stated_country(facts) or _phone_country(facts.phone) or _company_country(facts)


def country_code(text: str) -> str | None:
    """Alpha-2 of a code or a name (English and common local ones), whatever its case, accents and dots."""
    return _spellings().get(_spelling(text))


def _zone_of(code: str | None, evidence: Evidence, country: str | None) -> ZoneEvidence | None:
    found = COUNTRIES.get(code) if code is not None else None
    if found is None or found.zone is None:
        return None
    return ZoneEvidence(found.zone, evidence, country, found.edges)


def _stated_country(facts: Facts) -> str | None:
    return country_code(facts.country) if facts.country is not None else None


def _phone_country(phone: str | None) -> str | None:
    """The country of an international number; a prefix that countries share counts only for a number that
    belongs to a place (toll-free and incomplete numbers do not)."""
    if phone is None:
        return None
    text = phone.strip()
    try:
        number = phonenumbers.parse("+" + text[2:] if text.startswith("00") else text)
    except phonenumbers.NumberParseException:
        return None
    shared = len(phonenumbers.region_codes_for_country_code(number.country_code or 0)) > 1
    if shared and phonenumbers.number_type(number) not in _LOCAL_NUMBERS:
        return None
    region = phonenumbers.region_code_for_number(number)
    return region if region in COUNTRIES else None


def _company_country(facts: Facts) -> str | None:
    try:
        address = parse_address(facts.email) if facts.email is not None else None
    except Invalid:
        address = None
    company = company_of(address, facts.domain)
    if company is None:
        return None
    suffix = company.rpartition(".")[2]
    if suffix in GENERIC_COUNTRY_DOMAINS:
        return None
    code = "GB" if suffix == "uk" else suffix.upper()
    return code if code in COUNTRIES else None


@cache
def _spellings() -> dict[str, str]:
    return {
        _spelling(text): country.code
        for country in COUNTRIES.values()
        for text in (country.code, country.alpha_3, *country.names)
    }


def _spelling(text: str) -> str:
    return folded(text).replace(" ", "")
