"""The daemon, as `camd run` starts it, is told to stop while many mails are in flight."""

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from camd.domain.lead import HoldReason
from camd.ports.records import TouchStatus
from tests.proof.campaigns import FIRST, Plan, addresses, box, prepare
from tests.proof.daemon import Daemon, Shape
from tests.proof.judge import Books, Sink, duplicates, problems, sink
from tests.proof.site import Site

FEW = Shape()
IN_FLIGHT = FEW.in_flight
PEOPLE = addresses(20)
TWO_STEPS = Plan([PEOPLE])

Start = Callable[..., Daemon]
MakeSite = Callable[..., Site]


@pytest.fixture
def site(quick_folder: Path) -> Callable[..., Site]:
    """The same database and mailboxes as the daemon's."""

    def make(judge: Sink, shape: Shape = FEW, plan: Plan = TWO_STEPS) -> Site:
        base = quick_folder / "base.db"
        anyio.run(prepare, base, plan)
        boxes = (box(name, judge.port, shape.connections) for name in shape.mailboxes)
        return Site(quick_folder / "site", base, *boxes)

    return make


def figures(books: Books) -> dict[TouchStatus, int]:
    return {status: count for status in TouchStatus if (count := books.count(status))}


def test_fault_09_what_is_in_flight_ends_nothing_new_begins_and_the_rest_stays_due(
    quick_folder: Path, site: MakeSite, start: Start
) -> None:
    with sink(quick_folder, {"*": "held"}) as judge:
        place = site(judge)
        daemon = start(place, judge)
        judge.wait_for(IN_FLIGHT)
        daemon.tell(signal.SIGTERM)
        daemon.wait_for("daemon.stopping")
        judge.ask("XRELEASE")
        assert daemon.ends() == 0
        mails = judge.mails()
        stopped = place.books()
        assert len(mails) == IN_FLIGHT
        assert figures(stopped) == {TouchStatus.APPROVED: len(PEOPLE) - IN_FLIGHT, TouchStatus.SENT: IN_FLIGHT}
        after = place.finish()
        assert problems(judge.mails(), after, steps=2) == []


@pytest.mark.parametrize(
    ("first", "second"), [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGTERM)], ids=["term", "int"]
)
def test_fault_10_a_second_signal_ends_the_wait_and_every_mail_is_settled_as_far_as_is_known(
    quick_folder: Path, site: MakeSite, start: Start, first: signal.Signals, second: signal.Signals
) -> None:
    answered = PEOPLE[0]
    with sink(quick_folder, {"*": "hang", answered: "held"}) as judge:
        place = site(judge)
        daemon = start(place, judge)
        judge.wait_for(IN_FLIGHT)
        daemon.tell(first)
        daemon.wait_for("daemon.stopping")
        judge.ask("XRELEASE")
        daemon.wait_for("send.sent")
        daemon.tell(second)
        assert daemon.ends() == 0
        assert len(judge.mails()) == IN_FLIGHT
    stopped = place.books()
    rest = len(PEOPLE) - IN_FLIGHT
    assert figures(stopped) == {TouchStatus.APPROVED: rest, TouchStatus.SENT: 1, TouchStatus.UNKNOWN: IN_FLIGHT - 1}
    assert stopped.touch(answered).status is TouchStatus.SENT
    for touch in stopped.touches:
        if touch.status is TouchStatus.UNKNOWN:
            assert stopped.holds(touch.recipient) == (HoldReason.SEND_UNKNOWN,)
    assert stopped.debits == IN_FLIGHT


def test_what_has_no_answer_when_the_grace_is_over_is_unknown(quick_folder: Path, site: MakeSite, start: Start) -> None:
    with sink(quick_folder, {"*": "hang"}) as judge:
        place = site(judge)
        daemon = start(place, judge, Shape(grace_seconds=0))
        judge.wait_for(IN_FLIGHT)
        daemon.tell(signal.SIGTERM)
        assert daemon.ends() == 0
        mails = judge.mails()
    stopped = place.books()
    unknown = {touch.message_id for touch in stopped.touches if touch.status is TouchStatus.UNKNOWN}
    assert unknown == {mail.message_id for mail in mails}
    assert len(unknown) == IN_FLIGHT


MANY = Shape(connections=20, mailboxes=("m1", "m2", "m3", "m4", "m5"))


@pytest.mark.acceptance
@pytest.mark.parametrize("is_late", [False, True], ids=["all answered", "half never answered"])
def test_fault_09_of_a_hundred_mails_in_flight_none_is_lost_and_none_sent_twice(
    quick_folder: Path, site: MakeSite, start: Start, is_late: bool
) -> None:
    people = addresses(150)
    shape = replace(MANY, grace_seconds=3) if is_late else MANY
    silent = dict.fromkeys(people[::2], "hang") if is_late else {}
    with sink(quick_folder, {"*": "held", **silent}) as judge:
        place = site(judge, shape, Plan([people], steps=(FIRST,)))
        daemon = start(place, judge, shape)
        judge.wait_for(shape.in_flight)
        daemon.tell(signal.SIGTERM)
        daemon.wait_for("daemon.stopping")
        judge.ask("XRELEASE")
        assert daemon.ends() == 0
        mails = judge.mails()
        assert len(mails) == shape.in_flight == 100
        hung = sum(mail.recipient in silent for mail in mails)
        expected = {TouchStatus.APPROVED: 50, TouchStatus.SENT: 100 - hung, TouchStatus.UNKNOWN: hung}
        assert figures(place.books()) == {status: count for status, count in expected.items() if count}
        assert duplicates(mails) == []
        if not is_late:
            after = place.finish()
            assert problems(judge.mails(), after, steps=1) == []
