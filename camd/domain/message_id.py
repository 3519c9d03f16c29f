"""The Message-ID of a touch: the same one however often it is asked for, made by nobody without the instance key.

Without angle brackets, as everywhere inside.
"""

import hmac
from base64 import b32encode
from functools import lru_cache

import idna

from camd.domain.errors import Invalid
from camd.domain.facts import CampaignId, LeadId

_NONCE_BYTES = 15
_MARK_BYTES = 10


def message_id(
    instance_key: bytes, *, campaign_id: CampaignId, lead_id: LeadId, step: int, steps_version: int, sender: str
) -> str:
    """120 keyed bits, a dot, 80 bits that mark them as ours, and the domain of the address `sender`: unique for ever
    (RFC 5322, 3.6.4). Raises `Invalid` for field `address`."""
    what = f"{campaign_id}\0{lead_id}\0{step}\0{steps_version}".encode()
    nonce = _letters(_keyed(instance_key, b"message-id", what)[:_NONCE_BYTES])
    return with_domain_of(sender, f"{nonce}.{_mark(instance_key, nonce)}")


def with_domain_of(sender: str, token: str) -> str:
    """A Message-ID of this token, its domain an A-label. Raises `Invalid` for field `address`."""
    try:
        return f"{token}@{_alabel(sender.rpartition('@')[2])}"
    except UnicodeError as error:
        raise Invalid(f"Correct the domain of {sender}: {error}", field="address") from error


@lru_cache(maxsize=256)  # of our own mailboxes, asked for with every mail
def _alabel(domain: str) -> str:
    return idna.encode(domain, uts46=True).decode("ascii").lower()


def is_ours(instance_key: bytes, found: str) -> bool:
    """Whether the Message-ID was made with this key, by whatever process holds it."""
    nonce, dot, mark = found.partition("@")[0].partition(".")
    return bool(dot) and hmac.compare_digest(_mark(instance_key, nonce).encode(), mark.encode())


def _mark(instance_key: bytes, nonce: str) -> str:
    return _letters(_keyed(instance_key, b"message-id mark", nonce.encode())[:_MARK_BYTES])


def _keyed(instance_key: bytes, purpose: bytes, what: bytes) -> bytes:
    return hmac.digest(_key_for(instance_key, purpose), what, "sha256")


@lru_cache(maxsize=16)
def _key_for(instance_key: bytes, purpose: bytes) -> bytes:
    return hmac.digest(instance_key, purpose, "sha256")


def _letters(raw: bytes) -> str:
    """Lengths here are multiples of 5 bytes, so that base 32 needs no padding."""
    return b32encode(raw).decode().lower()
