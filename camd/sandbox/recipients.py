"""How the mail servers of invented people treat a mail: the same seed and address, the same manner."""

from enum import StrEnum

from camd.sandbox.chance import by_share

SEED = "lotus pear"
"""Of the bundled people: by it one campaign fills its goal while another gets a complaint."""


class Manner(StrEnum):
    """`greylists`: not yet at the first attempt, taken at the next. `bounces`: taken, and returned later."""

    ACCEPTS = "accepts"
    GREYLISTS = "greylists"
    REFUSES = "refuses"
    BOUNCES = "bounces"


# Refusals and bounces stay under the 5 % at which camd rests a mailbox.
_SHARES = ((Manner.GREYLISTS, 40), (Manner.REFUSES, 10), (Manner.BOUNCES, 10))


def manner_of(seed: str, address: str) -> Manner:
    """The address counts as it was named in RCPT, in small letters."""
    return by_share(_SHARES, Manner.ACCEPTS, seed, address)
