"""One campaign over a file of addresses, one of names, LinkedIn, Hunter and Apollo, which asks Apollo, Dropcontact,
Hunter and ZeroBounce for what is missing: how everybody ends, and that everybody is paid for once."""

import random  # noqa: TID251 - seeded: a run can be repeated
from pathlib import Path

import pytest

from tests.proof import paid_judge as judge
from tests.proof.paid_people import everybody
from tests.proof.paid_site import Site
from tests.proof.paid_vendors import Vendors

VERY_FEW, FEW, MANY = 60, 150, 2_000
KILLS_OF_FEW, KILLS_OF_MANY = 3, 20
CALLS = 0.02
"""For each person: a life ends at one of so many calls that must not be repeated, or else at any instant."""
ANSWER_SECONDS = 0.02
"""So that calls are in flight whenever a process is killed."""
LONGEST_SECONDS = 0.1, 0.0004
"""The longest life that ends at any instant: the first, and the second for each person."""
TOLD = {200, 451}
"""Nobody was asked too fast or for too much; 451 is Hunter's word for somebody who objected."""


def test_everybody_ends_by_the_rules_and_is_paid_for_once(quick_folder: Path) -> None:
    undisturbed(quick_folder, FEW, seed=1)


@pytest.mark.nightly
def test_two_thousand_people_end_by_the_rules_and_are_paid_for_once(quick_folder: Path) -> None:
    undisturbed(quick_folder, MANY, seed=2)


def test_nobody_is_paid_for_twice_whenever_the_process_is_killed(quick_folder: Path) -> None:
    disturbed(quick_folder, FEW, KILLS_OF_FEW, seed=3)


@pytest.mark.nightly
def test_two_thousand_people_are_paid_for_once_whenever_the_process_is_killed(quick_folder: Path) -> None:
    disturbed(quick_folder, MANY, KILLS_OF_MANY, seed=4)


def test_the_proof_sees_a_lost_answer_that_is_asked_for_again(quick_folder: Path) -> None:
    vendors = Vendors.of(everybody(VERY_FEW, seed=5), ANSWER_SECONDS)
    with vendors.serving():
        site = Site(quick_folder, vendors, asks_again=True)
        site.go_live()
        kill_on_the_way(site, 1, random.Random(5))
        assert list(judge.charged_twice(vendors.charges()))


def undisturbed(folder: Path, count: int, seed: int) -> None:
    people = everybody(count, seed)
    vendors = Vendors.of(people)
    with vendors.serving():
        site = Site(folder, vendors)
        go_live_after_a_dry_run(site)
        assert site.start().came_to_its_end(), "nobody killed it"
        books, charges = site.books(), vendors.charges()
    assert [*books.broken, *judge.wrong_ends(people, books), *judge.not_suppressed(people, books)] == []
    assert judge.counted(books, people) == judge.expected(people)
    assert [*judge.charged_twice(charges), *judge.unaccounted(charges, books)] == []
    assert list(judge.needless(people, charges)) == []
    assert judge.uncertain(books) == {}
    for name, vendor in vendors.paid.items():
        assert books.spent(name) == vendor.spent > 0
        assert vendor.told.keys() <= TOLD


def disturbed(folder: Path, count: int, kills: int, seed: int) -> None:
    people = everybody(count, seed)
    vendors = Vendors.of(people, ANSWER_SECONDS)
    with vendors.serving():
        site = Site(folder, vendors)
        go_live_after_a_dry_run(site)
        kill_on_the_way(site, kills, random.Random(seed))
        books, charges = site.books(), vendors.charges()
    assert [*books.broken, *judge.wrong_ends(people, books), *judge.not_suppressed(people, books)] == []
    assert [*judge.charged_twice(charges), *judge.unaccounted(charges, books)] == []
    # Else none of the instants was one that matters.
    assert judge.uncertain(books)
    for name, vendor in vendors.paid.items():
        assert vendor.spent == books.spent(name) + judge.charged_for_lost_answers(charges, books, name)
        assert vendor.told.keys() <= TOLD


def go_live_after_a_dry_run(site: Site) -> None:
    vendors = site.vendors
    assert site.dry_run().would_spend == judge.would_spend(vendors.everybody)
    # Only Apollo's search is free.
    assert not any(vendor.requests for name, vendor in vendors.paid.items() if name != "apollo")
    assert not vendors.charges()
    site.go_live()


def kill_on_the_way(site: Site, kills: int, dice: random.Random) -> None:
    """Now while somebody who was paid has not answered, now at any instant; then it works to the end."""
    people = len(site.vendors.everybody)
    least, more = LONGEST_SECONDS
    for number in range(kills):
        child = site.start()
        if (kills - number) % 4 != 1:
            child.wait_until_begun()
            child.kill_after(dice.uniform(0, least + more * people))
        else:
            site.vendors.heard.call(child.kill, at=dice.randint(1, round(CALLS * people)))
        assert not child.came_to_its_end(), f"it had nothing more to do before kill {number + 1}"
    assert site.start().came_to_its_end(), "nobody killed it"
