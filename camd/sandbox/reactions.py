"""What an invented person does with a mail: the same seed, address and step, the same reaction after the same time."""

from collections.abc import Mapping
from enum import StrEnum

from camd.sandbox.chance import by_share, fraction


class Reaction(StrEnum):
    """`interested` to `wants_out` write back, each name being a part of `words.toml`; for `away` and `acknowledges`
    a machine does. `presses_link` opts out on the page that the mail leads to. `complains` tells the mail provider."""

    KEEPS_SILENT = "keeps_silent"
    INTERESTED = "interested"
    ASKS = "asks"
    DECLINES = "declines"
    WANTS_OUT = "wants_out"
    AWAY = "away"
    ACKNOWLEDGES = "acknowledges"
    PRESSES_LINK = "presses_link"
    COMPLAINS = "complains"


# More people are interested than anywhere on earth, so that a goal fills while one watches; and few complain, since a
# single complaint pauses a campaign of this size.
_SHARES = (
    (Reaction.INTERESTED, 150),
    (Reaction.ASKS, 40),
    (Reaction.DECLINES, 40),
    (Reaction.WANTS_OUT, 20),
    (Reaction.AWAY, 40),
    (Reaction.ACKNOWLEDGES, 30),
    (Reaction.PRESSES_LINK, 20),
    (Reaction.COMPLAINS, 3),
)
_AT_ONCE = (0.5, 1.5)
_SECONDS: Mapping[Reaction, tuple[float, float]] = {Reaction.AWAY: _AT_ONCE, Reaction.ACKNOWLEDGES: _AT_ONCE}
_AFTER_READING = (3.0, 14.0)
"""So that some answers cross with the next step and others come before it."""


def reaction_of(seed: str, address: str, step: int) -> Reaction:
    return by_share(_SHARES, Reaction.KEEPS_SILENT, seed, "reaction", address, str(step))


def seconds_until(reaction: Reaction, seed: str, address: str, step: int) -> float:
    least, most = _SECONDS.get(reaction, _AFTER_READING)
    return least + (most - least) * fraction(seed, "seconds", address, str(step))
