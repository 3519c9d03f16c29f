"""The process is killed at random instants, with many mails in flight, and started again until all are settled."""

import random  # noqa: TID251 - seeded: a run can be repeated
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import anyio
import pytest

from camd.ports.records import TouchStatus
from tests.proof.bugs import SendFirst
from tests.proof.campaigns import Plan, addresses, box, prepare, send_to_the_end
from tests.proof.judge import Books, Mail, Sink, duplicates, problems, sink
from tests.proof.site import NO_BUG, Bug, Site

CONNECTIONS = 4
MAILBOXES = ("sales", "office")
AT_ONCE = CONNECTIONS * len(MAILBOXES)
KILLS = 20
KILLS_AT_NIGHT = 200
ENOUGH_FOR_A_BUG = 8
BEFORE_IT_SENDS = 0.15
"""So many of the kills come at any instant from the start of the process on, the others while it sends."""
LONGEST_SECONDS = 0.15


@dataclass(frozen=True, slots=True)
class Run:
    """One campaign's life over all its crashes. `in_doubt` are Message-IDs, `fresh` how many each crash added."""

    mails: list[Mail]
    books: Books
    in_doubt: set[str | None]
    fresh: list[int]

    @property
    def broken(self) -> list[str]:
        found = problems(self.mails, self.books, steps=2)
        unknown = {touch.message_id for touch in self.books.touches if touch.status is TouchStatus.UNKNOWN}
        if unknown != self.in_doubt:
            found.append(f"unknown and in doubt differ by {unknown ^ self.in_doubt}")
        return [*found, *(f"a crash left {doubts} in doubt" for doubts in self.fresh if doubts > AT_ONCE)]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    with sink(tmp_path_factory.mktemp("judge"), {"*": "late 0.005"}) as running:
        yield running


@pytest.fixture
def make(quick_folder: Path, judge: Sink) -> Callable[[], Site]:
    base = quick_folder / "base.db"
    anyio.run(prepare, base, Plan([addresses(60), addresses(60, first=60)]))
    numbers = count()
    boxes = [box(name, judge.port, CONNECTIONS) for name in MAILBOXES]
    return lambda: Site(quick_folder / f"site {next(numbers)}", base, *boxes)


def kill_at_random(
    make: Callable[[], Site], judge: Sink, kills: int, dice: random.Random, bug: Bug = NO_BUG
) -> Iterator[Run]:
    """Campaigns one after the other, each to its end, until there were so many kills."""
    while kills:
        judge.forget()
        site, in_doubt, fresh = make(), set[str | None](), list[int]()
        while True:
            child = site.start(send_to_the_end, bug)
            if kills:
                if dice.random() > BEFORE_IT_SENDS:
                    child.wait_until_begun()
                child.kill_after(dice.uniform(0, LONGEST_SECONDS))
            if child.came_to_its_end():
                break
            kills -= 1
            found = {touch.message_id for touch in site.crash().in_doubt}
            fresh.append(len(found - in_doubt))
            in_doubt |= found
        yield Run(judge.mails(), site.books(), in_doubt, fresh)


def prove(make: Callable[[], Site], judge: Sink, kills: int, seed: int) -> None:
    runs = list(kill_at_random(make, judge, kills, random.Random(seed)))
    assert [(seed, run.broken) for run in runs if run.broken] == []
    assert sum(len(run.fresh) for run in runs) == kills
    # Else none of the instants was one that matters.
    assert any(doubts > 1 for run in runs for doubts in run.fresh)


def test_kills_at_random_instants_double_and_lose_nothing(make: Callable[[], Site], judge: Sink) -> None:
    prove(make, judge, KILLS, seed=1)


@pytest.mark.nightly
def test_many_kills_at_random_instants_double_and_lose_nothing(
    make: Callable[[], Site], judge: Sink, nightly_share: float
) -> None:
    prove(make, judge, max(KILLS, round(KILLS_AT_NIGHT * nightly_share)), seed=2)


def test_random_kills_see_a_mail_that_goes_out_before_its_mark_is_stored(make: Callable[[], Site], judge: Sink) -> None:
    runs = kill_at_random(make, judge, ENOUGH_FOR_A_BUG, random.Random(1), Bug(mail=SendFirst))
    assert any(duplicates(run.mails) for run in runs)
