"""Whom nobody writes to again: an address or a whole domain, compared by keys and kept as keyed hashes.

A value that is neither an address nor a domain raises `Invalid` for field `value`.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from camd.domain.contact import EmailAddress, folded, parse_address, registrable_domain
from camd.domain.errors import Invalid
from camd.domain.lead import LostReason


class SuppressionKind(StrEnum):
    ADDRESS = "address"
    DOMAIN = "domain"


class SuppressionReason(StrEnum):
    OPERATOR = "operator"
    OPTED_OUT = "opted_out"
    COMPLAINED = "complained"
    HARD_BOUNCE = "hard_bounce"
    DO_NOT_CONTACT = "do_not_contact"
    OBJECTED = "objected"
    ERASED = "erased"


LOST_ELSEWHERE = LostReason.DO_NOT_CONTACT
"""What a suppression makes of the person's leads in other campaigns; no loss rate counts it."""

_DO_NOT_CONTACT_TAGS = frozenset({"donotcontact", "dnc"})


@dataclass(frozen=True, slots=True)
class SuppressionValue:
    """`key` is an address's key, or a domain as a lower-case A-label, which covers its subdomains too."""

    kind: SuppressionKind
    key: str


def parse_value(text: str) -> SuppressionValue:
    """An address, or a domain with or without an @ before it; raises `Invalid` for field `value`."""
    text = text.strip()
    try:
        if "@" in text[1:]:
            return SuppressionValue(SuppressionKind.ADDRESS, parse_address(text).key)
        domain = parse_address(f"postmaster@{text.removeprefix('@')}").domain
    except Invalid as error:
        raise Invalid(f"{text!r} is neither an address nor a domain", field="value") from error
    if registrable_domain(domain) is None:
        raise Invalid(f"{text!r} is a public suffix: name a domain under it", field="value")
    return SuppressionValue(SuppressionKind.DOMAIN, domain)


def covering(address: EmailAddress) -> tuple[SuppressionValue, ...]:
    """Every value whose suppression stops mail to `address`: its key, its domain, the domains above that."""
    domains = (SuppressionValue(SuppressionKind.DOMAIN, name) for name in _domains(address.domain))
    return (SuppressionValue(SuppressionKind.ADDRESS, address.key), *domains)


@lru_cache(maxsize=16_384)  # both marks of a mail and its outcome ask for those of its recipient
def covering_hashes(instance_key: bytes, email: str) -> tuple[str, ...]:
    """What is kept of each of these values of an address. Raises `Invalid` for what is none."""
    return tuple(keyed_hash(instance_key, value.kind, value.key) for value in covering(parse_address(email)))


def _domains(domain: str) -> Iterator[str]:
    """The domain and those above it, down to the registrable one."""
    labels = domain.split(".")
    shortest = (registrable_domain(domain) or domain).count(".") + 1
    for length in range(len(labels), shortest - 1, -1):
        yield ".".join(labels[-length:])


@lru_cache(maxsize=16_384)  # each mail asks several times for that of its recipient
def keyed_hash(instance_key: bytes, kind: SuppressionKind, key: str) -> str:
    """What is kept of a value when the value itself must go: HMAC-SHA256 (RFC 2104), in hexadecimal."""
    return hmac.digest(instance_key, f"{kind}:{key}".encode(), "sha256").hex()


def is_do_not_contact_tag(tag: str) -> bool:
    """Whatever its case, and with spaces, hyphens or underscores between the words."""
    return folded(tag).replace(" ", "") in _DO_NOT_CONTACT_TAGS


def removable(reason: SuppressionReason) -> bool:
    """A person may take back every suppression but an erasure's, which is all that remembers the erased."""
    return reason is not SuppressionReason.ERASED
