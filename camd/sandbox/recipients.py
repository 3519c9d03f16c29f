"""How the mail servers of invented people treat a mail: the same seed and address, the same manner."""

from enum import StrEnum
from hashlib import blake2b

_THOUSAND = 1000


class Manner(StrEnum):
    """`greylists`: not yet at the first attempt, taken at the next. `bounces`: taken, and returned later."""

    ACCEPTS = "accepts"
    GREYLISTS = "greylists"
    REFUSES = "refuses"
    BOUNCES = "bounces"


# Refusals and bounces stay under the 5 % at which camd rests a mailbox.
_SHARES = ((Manner.GREYLISTS, 40), (Manner.REFUSES, 10), (Manner.BOUNCES, 10))
"""Of a thousand addresses; all others accept."""


def manner_of(seed: str, address: str) -> Manner:
    """The address counts as it was named in RCPT, in small letters."""
    digest = blake2b(f"{seed}:{address.lower()}".encode(), digest_size=8).digest()
    place = int.from_bytes(digest, "big") % _THOUSAND
    for manner, share in _SHARES:
        if place < share:
            return manner
        place -= share
    return Manner.ACCEPTS
