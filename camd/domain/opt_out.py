"""The token in an opt-out address: an address's keyed hash with a MAC. It names a person without any stored row.

Everything derives from the instance key, so a restored or cloned database still reads the tokens it made before, and
nobody else can make one that reads.
"""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from camd.domain.suppression import SuppressionKind, keyed_hash

_PURPOSE = b"opt-out token"
_MAC_BYTES = 16
# 48 bytes fill 64 letters to the last bit: no two texts mean the same token.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{64}")


def make_token(instance_key: bytes, address_key: str) -> str:
    """64 URL-safe letters for the person with this address key (`EmailAddress.key`)."""
    hashed = bytes.fromhex(keyed_hash(instance_key, SuppressionKind.ADDRESS, address_key))
    return urlsafe_b64encode(hashed + _mac(instance_key, hashed)).decode()


def read_token(instance_key: bytes, token: str) -> str | None:
    """The keyed hash of the address, as suppressions keep it; None for a token that was not made with this key."""
    if not _TOKEN.fullmatch(token):
        return None
    raw = urlsafe_b64decode(token)
    hashed, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    return hashed.hex() if hmac.compare_digest(mac, _mac(instance_key, hashed)) else None


def _mac(instance_key: bytes, hashed: bytes) -> bytes:
    """A key of its own, so that no other use of the instance key can be made to sign a token."""
    key = hmac.digest(instance_key, _PURPOSE, "sha256")
    return hmac.digest(key, hashed, "sha256")[:_MAC_BYTES]
