"""The faults of a killed process by their numbers, each at the very instant it is about."""

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from camd.daemon.wiring import Engine
from camd.domain.lead import HoldReason
from camd.operations import touches
from camd.ports.records import TouchStatus
from camd.ports.store import Tx
from camd.schema.touch import Resolution, ResolveBody
from tests.proof.campaigns import FIRST, FOLLOW_UP, Plan, addresses, box, prepare, send_to_the_end
from tests.proof.child import Tell
from tests.proof.judge import Sink, problems, sink
from tests.proof.site import Site

ADA, BO = PEOPLE = addresses(2)
TORN = {
    "cut within its last page": lambda wal: os.truncate(wal, wal.stat().st_size - 100),
    "cut before its last page": lambda wal: os.truncate(wal, wal.stat().st_size - 4096 - 24),
    "last page garbled": lambda wal: _overwrite(wal, wal.stat().st_size - 512),
    "last frame's header garbled": lambda wal: _overwrite(wal, wal.stat().st_size - 4096 - 16),
}


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    with sink(tmp_path_factory.mktemp("judge")) as running:
        yield running


@pytest.fixture
def base(quick_folder: Path) -> Path:
    path = quick_folder / "base.db"
    anyio.run(prepare, path, Plan([PEOPLE]))
    return path


@pytest.fixture
def site(quick_folder: Path, base: Path, judge: Sink) -> Site:
    judge.forget()
    return Site(quick_folder / "site", base, box("sales", judge.port))


def test_fault_01_a_kill_before_the_intent_leaves_the_mail_due(site: Site, judge: Sink) -> None:
    assert site.is_killed_at(("intent before_commit", 1))
    crash = site.crash()
    assert judge.mails() == []
    assert [(it.status, it.message_id) for it in crash.books.touches] == [(TouchStatus.APPROVED, None)] * 2
    after = site.finish()
    assert problems(judge.mails(), after, steps=2) == []
    assert after.count(TouchStatus.SENT) == 4


@pytest.mark.parametrize("place", ["intent after_commit", "await Session.command RCPT", "on_wire before_commit"])
def test_fault_02_a_kill_between_the_two_marks_makes_it_ready_again_with_its_message_id(
    site: Site, judge: Sink, place: str
) -> None:
    assert site.is_killed_at((place, 1))
    crash = site.crash()
    assert judge.mails() == []
    promised = crash.books.touch(ADA)
    assert promised.status is TouchStatus.INTENT
    assert crash.books.debits == 1
    after = site.finish()
    assert problems(judge.mails(), after, steps=2) == []
    assert after.touch(ADA) == replace(promised, status=TouchStatus.SENT)
    assert after.debits == after.count(TouchStatus.SENT) == 4


def test_fault_03_a_kill_between_the_dot_and_the_reply_is_unknown_and_held(quick_folder: Path, base: Path) -> None:
    with sink(quick_folder, {ADA: "hang"}) as judge:
        site = Site(quick_folder / "site", base, box("sales", judge.port))
        child = site.start(send_to_the_end)
        judge.wait_for(1)
        child.kill()
        assert not child.came_to_its_end()
        after = site.finish()
        mails = judge.mails()
    assert problems(mails, after, steps=2) == []
    assert after.touch(ADA).status is TouchStatus.UNKNOWN
    assert after.holds(ADA) == (HoldReason.SEND_UNKNOWN,)
    assert [mail.recipient for mail in mails] == [ADA, BO, BO]


def test_fault_04_a_kill_between_the_reply_and_the_outcome_is_unknown_until_a_person_knows(
    site: Site, judge: Sink
) -> None:
    assert site.is_killed_at(("outcome line before_write", 1))
    [arrived] = judge.mails()
    unknown = site.finish()
    assert unknown.touch(ADA).status is TouchStatus.UNKNOWN
    assert unknown.touch(ADA).message_id == arrived.message_id

    async def resolve(engine: Engine, _: Tell) -> None:
        def find(tx: Tx) -> str:
            touch = tx.touches.of_message(arrived.message_id)
            assert touch is not None
            return touch.id

        touch_id = await engine.context.store.read(find)
        body = ResolveBody.model_validate({"as": Resolution.SENT})
        await touches.resolve(engine.desk, touch_id, body, actor="os:ann")

    assert site.start(resolve).came_to_its_end()
    resolved = site.finish()
    assert problems(judge.mails(), resolved, steps=2) == []
    assert resolved.count(TouchStatus.SENT) == 4


@pytest.mark.parametrize("tear", TORN)
@pytest.mark.parametrize("place", ["intent after_commit", "on_wire after_commit", "outcome after_commit"])
def test_fault_05_a_commit_that_was_torn_is_undone_and_the_rest_goes_on(
    site: Site, judge: Sink, place: str, tear: str
) -> None:
    assert site.is_killed_at((place, 1))
    whole = site.crash().books.touch(ADA)
    TORN[tear](Path(f"{site.settings.database.path}-wal"))
    torn = site.crash().books.touch(ADA)
    assert torn.status is not whole.status
    after = site.finish()
    assert problems(judge.mails(), after, steps=2) == []
    assert after.count(TouchStatus.SENT) == 4
    with sqlite3.connect(site.settings.database.path) as database:
        assert database.execute("PRAGMA quick_check").fetchall() == [("ok",)]
    database.close()


def _overwrite(file: Path, start: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(start)
        opened.write(b"\xa5" * 8)


def test_fault_25_an_outcome_that_only_the_journal_has_is_stored_at_the_next_start(site: Site, judge: Sink) -> None:
    assert site.is_killed_at(("outcome before_commit", 1))
    assert site.crash().books.touch(ADA).status is TouchStatus.ON_WIRE
    after = site.finish()
    assert problems(judge.mails(), after, steps=2) == []
    assert after.count(TouchStatus.SENT) == 4


def test_a_kill_in_the_middle_of_the_message_is_unknown(quick_folder: Path) -> None:
    base = quick_folder / "base.db"
    # More than the sockets of both ends take.
    long = replace(FIRST, body=FIRST.body + "\n" + ("x" * 70 + "\n") * 7_000)
    anyio.run(prepare, base, Plan([[ADA]], steps=(long, FOLLOW_UP)))
    with sink(quick_folder, {ADA: "half"}) as judge:
        site = Site(quick_folder / "site", base, box("sales", judge.port))
        assert site.is_killed_at(("await Session.send", 1))
        after = site.finish()
        assert judge.mails_now() == []
    assert after.touch(ADA).status is TouchStatus.UNKNOWN
    assert after.holds(ADA) == (HoldReason.SEND_UNKNOWN,)
