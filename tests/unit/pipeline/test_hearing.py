"""When a mailbox counts as deaf, and when somebody has to look at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from camd.daemon.wiring import make_metrics
from camd.pipeline.hearing import DEAF_AFTER, Hearing
from camd.sim.world import mailbox, plain_settings

_MOMENT = timedelta(seconds=1)


@dataclass
class Clocks:
    """A wall clock and a steady one that move apart when a test says so."""

    wall: datetime = datetime(2026, 3, 2, tzinfo=UTC)
    steady: float = 0.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.steady

    @contextmanager
    def real_work(self) -> Iterator[None]:
        yield

    def pass_by(self, length: timedelta) -> None:
        self.wall += length
        self.steady += length.total_seconds()


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def hearing(clocks: Clocks, tmp_path: Path) -> Hearing:
    mute = replace(mailbox("mute"), imap_host=None)
    settings = plain_settings(tmp_path, mailbox("sales"), mute)
    return Hearing(settings.mailboxes, clocks, make_metrics(clocks, settings))


def test_a_mailbox_is_deaf_until_it_was_read_once(hearing: Hearing) -> None:
    assert hearing.is_deaf("sales")
    hearing.heard("sales")
    assert not hearing.is_deaf("sales")


def test_it_is_deaf_again_a_quarter_of_an_hour_later(hearing: Hearing, clocks: Clocks) -> None:
    hearing.heard("sales")
    clocks.pass_by(DEAF_AFTER)
    assert not hearing.is_deaf("sales")
    clocks.pass_by(_MOMENT)
    assert hearing.is_deaf("sales")


def test_a_start_is_given_as_long_before_anybody_has_to_look(hearing: Hearing, clocks: Clocks) -> None:
    assert not hearing.is_stale("sales")
    clocks.pass_by(DEAF_AFTER + _MOMENT)
    assert hearing.is_stale("sales")
    hearing.heard("sales")
    assert not hearing.is_stale("sales")


def test_a_mailbox_without_an_inbox_is_deaf_and_nobodys_worry(hearing: Hearing, clocks: Clocks) -> None:
    clocks.pass_by(timedelta(days=1))
    assert (hearing.is_deaf("mute"), hearing.is_stale("mute")) == (True, False)


def test_a_machine_that_slept_is_deaf_by_its_wall_clock(hearing: Hearing, clocks: Clocks) -> None:
    hearing.heard("sales")
    clocks.wall += timedelta(hours=8)
    assert hearing.is_deaf("sales")


def test_a_wall_clock_that_was_set_back_hides_no_silence(hearing: Hearing, clocks: Clocks) -> None:
    hearing.heard("sales")
    clocks.pass_by(DEAF_AFTER + _MOMENT)
    clocks.wall -= DEAF_AFTER
    assert hearing.is_deaf("sales")


def test_the_problem_lasts_until_it_is_heard(hearing: Hearing, clocks: Clocks) -> None:
    hearing.failed("sales", "the server is away")
    assert (hearing.problem("sales"), hearing.last_heard("sales")) == ("the server is away", None)
    hearing.heard("sales")
    assert (hearing.problem("sales"), hearing.last_heard("sales")) == (None, clocks.wall)
