"""The process is killed at every commit, every line of the journal and every await of the send path, and started again:
no mail arrives twice, nobody is lost, and of what is in doubt a person is told."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import anyio
import pytest

from camd.ports.records import TouchStatus
from tests.proof.bugs import Forgetful, SendFirst
from tests.proof.campaigns import Plan, addresses, box, prepare
from tests.proof.fault_points import Point
from tests.proof.judge import Books, Mail, Sink, duplicates, problems, sink
from tests.proof.site import NO_BUG, Bug, Crash, Site

FIRST, LAST = 1, 4
"""The first handover opens its connection; the last one is a follow-up over a kept one."""
MOST_PASSES = 20
"""More than the run makes at any place."""
MARKED = [
    "intent before_commit",
    "intent after_commit",
    "on_wire before_commit",
    "on_wire after_commit",
    "handover line before_write",
    "handover line before_sync",
    "handover line after_sync",
    "outcome line before_write",
    "outcome line after_write",
    "outcome before_commit",
    "outcome after_commit",
]
WAITED_FOR = [
    "await Outbox._claim Writer._ask",
    "await Pool.prepared",
    "await _connected",
    "await Session.open",
    "await Session._greet",
    "await Session.command MAIL",
    "await Session.command RCPT",
    "await _OnWire.mark Writer._ask",
    "await _OnWire.mark FileJournal._ask",
    "await Session.command DATA",
    "await Session.send",
    "await Outbox._store_outcome FileJournal._ask",
    "await Outbox._store_outcome Writer._ask",
]
STARTED = [
    "recovery before_commit",
    "recovery after_commit",
    "start of the outbox before_commit",
    "start of the outbox after_commit",
]
IN_DOUBT = {
    "on_wire after_commit",
    "handover line before_write",
    "handover line before_sync",
    "handover line after_sync",
    "await _OnWire.mark FileJournal._ask",
    "await Session.command DATA",
    "await Session.send",
    "outcome line before_write",
}
"""From the second mark on, until the journal has the outcome."""
MAY_BE_IN_DOUBT = IN_DOUBT | {"await _OnWire.mark Writer._ask", "await Outbox._store_outcome FileJournal._ask"}
"""A thread may have done there what the task still waits for."""


@dataclass(frozen=True, slots=True)
class Killed:
    point: Point
    crash: Crash
    mails: list[Mail]
    books: Books

    @property
    def broken(self) -> list[str]:
        found = problems(self.mails, self.books, steps=2)
        if self.books.count(TouchStatus.UNKNOWN) != len(self.crash.in_doubt):
            found.append(f"unknown are {self.books.count(TouchStatus.UNKNOWN)}, in doubt {self.crash.in_doubt}")
        if len(self.crash.in_doubt) > 1:
            found.append(f"one connection left {len(self.crash.in_doubt)} in doubt")
        return [*found, *(f"{message_id} is gone" for message_id in self.crash.changed_ids(self.books))]


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    with sink(tmp_path_factory.mktemp("judge")) as running:
        yield running


@pytest.fixture
def make(quick_folder: Path, judge: Sink) -> Callable[[], Site]:
    base = quick_folder / "base.db"
    anyio.run(prepare, base, Plan([addresses(2)]))
    numbers = count()
    return lambda: Site(quick_folder / f"site {next(numbers)}", base, box("sales", judge.port))


def kill_everywhere(
    make: Callable[[], Site], judge: Sink, is_chosen: Callable[[Point], bool], bug: Bug = NO_BUG
) -> Iterator[Killed]:
    """Once at each chosen one of the points that a run which nobody disturbs passes."""
    for point in filter(is_chosen, make().points(bug)):
        judge.forget()
        site = make()
        if site.is_killed_at(point, bug):
            crash = site.crash()
            books = site.finish()
            yield Killed(point, crash, judge.mails(), books)


def held_to_account(killed: Iterator[Killed]) -> list[Killed]:
    """All of them, each without anything broken, and each place of the send path among them."""
    found = list(killed)
    assert {each.point: each.broken for each in found if each.broken} == {}
    missed = {*MARKED, *WAITED_FOR, *STARTED}.difference(each.point[0] for each in found)
    assert missed == set()
    return found


def test_a_kill_at_any_commit_line_or_await_of_the_send_path_doubles_and_loses_nothing(
    make: Callable[[], Site], judge: Sink
) -> None:
    def is_chosen(point: Point) -> bool:
        place, number = point
        return number == FIRST or (number == LAST and place.startswith("await"))

    found = held_to_account(kill_everywhere(make, judge, is_chosen))
    assert IN_DOUBT <= {each.point[0] for each in found if each.crash.in_doubt} <= MAY_BE_IN_DOUBT


@pytest.mark.nightly
def test_a_kill_at_every_single_pass_of_them_doubles_and_loses_nothing(
    make: Callable[[], Site], judge: Sink, nightly_share: float
) -> None:
    held_to_account(kill_everywhere(make, judge, lambda point: point[1] <= max(1, round(MOST_PASSES * nightly_share))))


def test_a_kill_while_a_start_settles_what_a_kill_left_changes_nothing(make: Callable[[], Site], judge: Sink) -> None:
    make().points()
    broken, reached = {}, set()
    for place in STARTED:
        judge.forget()
        site = make()
        assert site.is_killed_at(("await Session.send", 1))
        if site.is_killed_at((place, 1)):
            reached.add(place)
        books = site.finish()
        if books.count(TouchStatus.UNKNOWN) != 1 or problems(judge.mails(), books, steps=2):
            broken[place] = books
    assert broken == {}
    assert reached == set(STARTED)


@pytest.mark.parametrize("bug", [Bug(mail=SendFirst), Bug(store=Forgetful)], ids=["send first", "forgetful store"])
def test_the_proof_sees_a_mail_that_goes_out_before_its_mark_is_stored(
    make: Callable[[], Site], judge: Sink, bug: Bug
) -> None:
    killed = kill_everywhere(make, judge, lambda point: point[0] in {*IN_DOUBT, "on_wire before_commit"}, bug)
    assert any(duplicates(each.mails) for each in killed)
