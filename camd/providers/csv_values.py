"""One cell of a CSV file -> one value as the engine keeps it. What is not understood is None, never a guess;
only an address that cannot be read raises `Invalid`."""

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import idna
import phonenumbers

from camd.domain.contact import (
    EmailAddress,
    folded,
    is_free_mail,
    parse_address,
    refuse_header_break,
    registrable_domain,
)
from camd.domain.errors import Invalid
from camd.domain.facts import Verdict
from camd.domain.suppression import is_do_not_contact_tag
from camd.domain.zones import country_code
from camd.providers.csv_vocabulary import vocabulary

# Apollo writes this local part, at any domain, where an address exists but has not been paid for.
_LOCKED = "email_not_unlocked"
_NUMBER = r"(?:\d{1,3}(?:[.,'\u00a0\u202f ]\d{3})+|\d+(?:\.\d+)?)"
_HEADCOUNT = re.compile(
    rf"[~<>]?\s*(?P<low>{_NUMBER})\s*(?P<unit>[km]?)"
    rf"(?:\s*(?:-|\u2013|\u2014|to|bis)\s*{_NUMBER}\s*[km]?|\s*\+)?\s*(?:employees|people|staff|mitarbeiter)?",
    re.IGNORECASE,
)
_UNITS = {"": 1, "k": 1_000, "m": 1_000_000}
_OFFSET = re.compile(r"(?:gmt|utc)\s*(?P<sign>[+-])\s*0?(?P<hours>\d{1,2})(?::?00)?", re.IGNORECASE)
_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}")
_LETTERS = re.compile(r"[^\W\d_]+")
_NO_NAME = frozenset({"So", "Sk", "Cc", "Cf", "Co", "Cn", "Cs", "Me"})
_VARIATION_SELECTOR = "\ufe0f"
_ZERO = re.compile(r"0+(?:[.,]0+)?(?: \w+)?")
# Whatever else is said of an address, these count more, the first of them most.
_OUTRANKING = (Verdict.SUPPRESSED, Verdict.INVALID, Verdict.ROLE, Verdict.FREEMAIL)
_MAX_ZONE_WEST = 12
_MAX_ZONE_EAST = 14


def addresses(cell: str) -> list[EmailAddress]:
    """The readable addresses of a cell; Apollo's placeholder for a locked one is passed over.

    Raises `Invalid("email")` where there is text and nothing in it is an address.
    """
    refuse_header_break(cell, "email")
    candidates = [part.strip("<>\"'()") for part in re.split(r"[;,\s]+", cell) if "@" in part]
    found: list[EmailAddress] = []
    is_locked = False
    problem = Invalid("there is no @ in it", field="email")
    for candidate in candidates:
        if candidate.lower().startswith("mailto:"):
            candidate = candidate[len("mailto:") :].partition("?")[0]
        if candidate.lower().partition("@")[0] == _LOCKED:
            is_locked = True
            continue
        try:
            found.append(parse_address(candidate))
        except Invalid as error:
            problem = error
    if not found and not is_locked:
        raise problem
    return found


def person_name(text: str) -> str | None:
    """A first or last name without emoji, brackets and degrees; ALL CAPS and all lower become title case."""
    return _cased(_without_degrees(_bare(text))) or None


def split_name(full: str) -> tuple[str | None, str | None]:
    """First and last name of `First Last` or `Last, First`: the first space divides, honorifics are left out."""
    text = _cased(_without_degrees(_bare(full)))
    last, comma, first = text.partition(",")
    if not comma:
        first, _, last = _without_honorifics(text).partition(" ")
    return _without_honorifics(first.strip()) or None, last.strip() or None


def _without_honorifics(name: str) -> str:
    words = name.split(" ")
    while len(words) > 1 and words[0].lower().replace(".", "") in vocabulary().honorifics:
        words = words[1:]
    return " ".join(words)


def _bare(text: str) -> str:
    plain = _BRACKETED.sub(" ", unicodedata.normalize("NFC", text))
    kept = (" " if unicodedata.category(char) in _NO_NAME or char == _VARIATION_SELECTOR else char for char in plain)
    return " ".join("".join(kept).split()).strip(" ,")


def _without_degrees(name: str) -> str:
    head, *tails = [part.strip() for part in name.split(",")]
    return ", ".join([head, *(tail for tail in tails if not _is_degree(tail))])


def _is_degree(text: str) -> bool:
    return all(word in vocabulary().degrees for word in text.lower().replace(".", "").split())


def _cased(name: str) -> str:
    if not (name.isupper() or name.islower()):
        return name
    words = name.lower().split(" ")
    return " ".join(
        word
        if len(words) > 1 and word in vocabulary().particles
        else _LETTERS.sub(lambda match: match[0].capitalize(), word)
        for word in words
    )


def company_host(text: str) -> str | None:
    """The host of a URL as a lower-case A-label without `www.`; None for networks and free-mail hosts."""
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname or ""
        host = idna.encode(host.rstrip("."), uts46=True).decode().removeprefix("www.")
    except (UnicodeError, ValueError):
        return None
    company = registrable_domain(host)
    if company is None or company in vocabulary().shared_hosts or is_free_mail(host):
        return None
    return host


def headcount(text: str) -> int | None:
    """`1,600` is 1600; of a range or `201+` the lower bound. What Excel made a date of ("10-Nov") is None."""
    match = _HEADCOUNT.fullmatch(text.strip())
    if match is None:
        return None
    digits = match["low"]
    if re.fullmatch(r"\d+\.\d{1,2}", digits):
        return int(Decimal(digits) * _UNITS[match["unit"].lower()]) or None
    return int(re.sub(r"\D", "", digits)) * _UNITS[match["unit"].lower()] or None


@lru_cache(maxsize=10_000)
def seniority_of(text: str) -> str | None:
    """Apollo's level for a level's name or a job title: the longest known phrase in it decides."""
    words = f" {folded(text)} "
    if (level := words.strip().replace(" ", "_")) in vocabulary().seniority:
        return level
    found = [
        (len(phrase), -rank, level)
        for rank, (level, phrases) in enumerate(vocabulary().seniority.items())
        for phrase in phrases
        if f" {phrase} " in words
    ]
    return max(found)[2] if found else None


def zone_name(text: str) -> str | None:
    """An IANA name for an IANA name in any case (HubSpot's `_slash_` too), a known abbreviation, `GMT+1`."""
    name = text.strip().lower().replace("_slash_", "/")
    if (zone := vocabulary().timezones.get(name)) is not None:
        return zone
    if match := _OFFSET.fullmatch(name):
        hours, east = int(match["hours"]), match["sign"] == "+"
        if hours == 0:
            return "Etc/UTC"
        if hours > (_MAX_ZONE_EAST if east else _MAX_ZONE_WEST):
            return None
        return f"Etc/GMT{'-' if east else '+'}{hours}"  # POSIX counts westwards
    return _iana_names().get(name.replace(" ", "_"))


@cache
def _iana_names() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones() if "/" in name}


def phone_number(text: str, country: str | None) -> str:
    """E.164 where the number is valid in `country` (alpha-2) or says its country itself, else the raw text."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return text
    if not phonenumbers.is_valid_number(number):
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def money(text: str) -> Decimal | None:
    """An amount a month, at least 0, with the point or the comma of its country; the currency is not read."""
    digits = re.sub(r"[^\d.,-]", "", text)
    if match := re.fullmatch(r"(.*)[.,](\d{1,2})", digits):
        digits = f"{re.sub(r'[.,]', '', match[1])}.{match[2]}"
    else:
        digits = re.sub(r"[.,]", "", digits)
    try:
        amount = Decimal(digits)
    except InvalidOperation:
        return None
    return amount if amount >= 0 else None


def place(text: str) -> tuple[str | None, str | None]:
    """City and country (alpha-2) of `City, Region, Country`, each only where it is sure."""
    parts = [part.strip() for part in text.split(",")]
    country = country_code(parts[-1])
    return (parts[0] or None if len(parts) > 1 and country else None), country


def tag_list(text: str) -> list[str]:
    return [tag for part in re.split(r"[,;|\n]", text) if (tag := " ".join(part.split()))]


def says_yes(text: str) -> bool:
    return text.lower() in vocabulary().true


def says_no(text: str) -> bool:
    return text.lower() in vocabulary().false


def opts_out(stage: str) -> bool:
    return is_do_not_contact_tag(stage) or _word(stage) in vocabulary().opted_out


def is_unknown_zero(column: str, text: str) -> bool:
    """Whether the tool writes this nought (Evaboot's revenue has a unit behind it) where it knows nothing."""
    return column in vocabulary().zero_is_unknown and _ZERO.fullmatch(text) is not None


def status_verdict(text: str) -> Verdict | None:
    """What a tool's word for an address means. Dropcontact's `catch_all@perso` judges the mailbox and its domain."""
    mailbox, _, domain = text.rpartition("@")
    verdict = vocabulary().email_statuses.get(_word(mailbox or domain))
    said = {verdict, vocabulary().email_domains.get(_word(domain)) if mailbox else None}
    return next((worse for worse in _OUTRANKING if worse in said), verdict)


def _word(text: str) -> str:
    return folded(text).replace(" ", "_")
