"""What a token of the API is: its text, the hash that alone is kept of it, and what its scope allows."""

from enum import StrEnum
from hashlib import sha256
from typing import NewType

TokenId = NewType("TokenId", int)

SECRET_BYTES = 32
_PREFIX = "camd_"


class Scope(StrEnum):
    """What a token is for; each includes those before it."""

    READ = "read"
    OPERATE = "operate"
    ADMIN = "admin"

    def includes(self, needed: "Scope") -> bool:
        return _ORDER.index(self) >= _ORDER.index(needed)


_ORDER = tuple(Scope)


def token_text(secret: bytes) -> str:
    """What its holder sends; the prefix lets people and scanners of leaked secrets see what it is."""
    assert len(secret) >= SECRET_BYTES, "a shorter secret could be guessed"
    return f"{_PREFIX}{secret.hex()}"


def token_hash(text: str) -> str:
    """One SHA-256 is enough: slow hashes protect what people choose, and nobody tries out 256 random bits."""
    return sha256(text.encode()).hexdigest()
