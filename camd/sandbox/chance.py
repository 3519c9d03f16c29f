"""The dice of the mail world: the same words, the same throw, also after a new start."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

Option = TypeVar("Option")

_BYTES = 6
"""48 bits, which a float holds exactly."""


def fraction(*words: str) -> float:
    """From 0 to below 1; addresses count in small letters."""
    digest = blake2b(":".join(words).lower().encode(), digest_size=_BYTES).digest()
    return int.from_bytes(digest, "big") / (1 << 8 * _BYTES)


def one_of(options: Sequence[Option], *words: str) -> Option:
    return options[int(fraction(*words) * len(options))]


def by_share(shares: Sequence[tuple[Option, int]], rest: Option, *words: str) -> Option:
    """`shares` are of a thousand; `rest` is what is left."""
    place = fraction(*words) * 1000
    for option, share in shares:
        if place < share:
            return option
        place -= share
    return rest
