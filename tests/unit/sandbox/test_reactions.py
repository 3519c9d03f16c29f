"""Whoever of the bundled people answers, and when, is settled before the demonstration starts."""

import csv
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from io import StringIO

from camd.sandbox.people import split_list
from camd.sandbox.reactions import Reaction, reaction_of, seconds_until
from camd.sandbox.recipients import SEED, Manner, manner_of

PEOPLE = [f"person{number}@firm.example" for number in range(3_000)]
STEPS = 3


def addresses(niche: str) -> list[str]:
    part = split_list(files("camd.sandbox").joinpath("leads.csv").read_bytes())[niche].read().decode()
    return [row["Email"] for row in csv.DictReader(StringIO(part)) if row["Email"]]


def reactions(niche: str, steps: int) -> Iterator[Reaction]:
    for address in addresses(niche):
        if manner_of(SEED, address) in {Manner.ACCEPTS, Manner.GREYLISTS}:
            yield from (reaction_of(SEED, address, step) for step in range(1, steps + 1))


def test_most_people_keep_silent_and_each_reaction_comes() -> None:
    counted = Counter(reaction_of(SEED, address, 1) for address in PEOPLE)
    assert counted[Reaction.KEEPS_SILENT] > len(PEOPLE) / 2
    assert counted.keys() == set(Reaction)


def test_a_person_reacts_to_each_step_of_its_own() -> None:
    first, second = ([reaction_of(SEED, address, step) for address in PEOPLE] for step in (1, 2))
    assert first != second
    assert first == [reaction_of(SEED, address.upper(), 1) for address in PEOPLE]


def test_machines_answer_before_people() -> None:
    for address in PEOPLE:
        assert seconds_until(Reaction.AWAY, SEED, address, 1) < seconds_until(Reaction.ASKS, SEED, address, 1)


def test_losses_stay_far_below_the_rate_at_which_a_campaign_pauses() -> None:
    counted = Counter(reaction_of(SEED, address, 1) for address in PEOPLE)
    losses = (Reaction.DECLINES, Reaction.WANTS_OUT, Reaction.PRESSES_LINK, Reaction.COMPLAINS)
    assert sum(counted[loss] for loss in losses) < counted[Reaction.INTERESTED]


def test_the_dental_campaign_can_fill_its_goal_and_gets_no_complaint() -> None:
    counted = Counter(reactions("dental clinics", STEPS))
    assert counted[Reaction.INTERESTED] >= 20
    assert counted[Reaction.COMPLAINS] == 0


def test_the_physiotherapists_complain_and_so_show_the_other_pause() -> None:
    assert Counter(reactions("physiotherapists", 2))[Reaction.COMPLAINS] > 0
