"""Word to the operator: at once, once an hour of a kind at most, and once a day what there is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest

from camd.domain.campaign import Step
from camd.domain.errors import Misconfigured, Scope
from camd.domain.token_bucket import QuotaScope
from camd.pipeline.send_gate import GateReason
from camd.ports.channel import Handover
from camd.ports.records import Listing
from camd.ports.settings import Settings
from camd.sim import letters
from camd.sim.inbox import away
from camd.sim.world import World, mailbox, people, simulate

US = "sales@us.example"
EVER = datetime(2020, 1, 1, tzinfo=UTC)
ANN = "ann@operators.example"
BOB = "bob@operators.example"
STEPS = (Step(1, "For {{ company }}", "Hello {{ first_name }}"), Step(2, "Again", "Still?", wait_days=Decimal(3)))


def told(*addresses: str, digest: time = time(23, 59)) -> Callable[[Settings], Settings]:
    def changed(settings: Settings) -> Settings:
        quick = replace(mailbox("sales", daily_limit=900), min_gap_seconds=1, jitter_seconds=0)
        notify = replace(settings.notify, email=addresses, mailbox="sales", digest=digest)
        return replace(settings, mailboxes={"sales": quick}, notify=notify)

    return changed


def notices(world: World, to: str = ANN) -> list[Handover]:
    return [mail for mail in world.mail.delivered if mail.recipient == to]


def mails(world: World) -> list[Handover]:
    return [mail for mail in world.mail.delivered if not mail.recipient.endswith("operators.example")]


def answers(world: World, handover: Handover, text: str) -> None:
    world.inboxes.deliver("sales", letters.answer(handover, US, text, world.clock.now()))


async def written_to(world: World, count: int) -> list[Handover]:
    await world.start(notices=True)
    await world.live(*people(count), steps=STEPS, daily_email_limit=500)
    while len(mails(world)) < count:
        await world.run_for(minutes=5)
    return mails(world)


def test_one_positive_answer_is_one_notice_within_a_minute(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [handover] = await written_to(world, 1)
        answers(world, handover, "Yes, I am interested.\nPlease call me.")
        await world.run_for(minutes=1)
        [notice] = notices(world)
        assert "P0 L0, C0" in notice.subject
        assert "> Please call me." in notice.body
        assert "qualified" in notice.body
        await world.run_for(hours=5)
        assert len(notices(world)) == 1
        await world.check_invariants()

    simulate(tmp_path, scenario, settings=told(ANN))


@pytest.mark.nightly
def test_500_answers_in_an_hour_are_one_notice_with_the_count(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        handovers = await written_to(world, 500)
        before = len(notices(world))
        for handover in handovers:
            answers(world, handover, "Yes, I am interested.")
        await world.run_for(hours=3)
        [notice] = notices(world)[before:]
        assert "500 answers" in notice.subject
        assert "And 480 more." in notice.body

    simulate(tmp_path, scenario, settings=told(ANN))


def test_of_one_kind_there_is_at_most_one_notice_an_hour(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        handovers = await written_to(world, 3)
        sent_at: list[datetime] = []
        for handover in handovers:
            answers(world, handover, "Yes, I am interested.")
            before = len(notices(world))
            await world.run_for(minutes=10)
            sent_at += [world.clock.now()] * (len(notices(world)) - before)
        assert len(sent_at) == 1
        await world.run_for(hours=1)
        assert [notice.subject for notice in notices(world)][1:] == ["[camd] 2 answers"]

    simulate(tmp_path, scenario, settings=told(ANN))


def test_every_operator_is_told_and_a_failure_is_made_good(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [handover] = await written_to(world, 1)
        world.mail.answers[BOB] = [Misconfigured("log-in refused", scope=Scope.MAILBOX)]
        answers(world, handover, "Yes, I am interested.")
        await world.run_for(minutes=1)
        assert (len(notices(world, ANN)), len(notices(world, BOB))) == (1, 0)
        await world.run_for(minutes=10)
        assert (len(notices(world, ANN)), len(notices(world, BOB))) == (1, 1)

    simulate(tmp_path, scenario, settings=told(ANN, BOB))


def test_a_notice_that_a_restart_cut_short_is_told_after_it(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [handover] = await written_to(world, 1)
        answers(world, handover, "Yes, I am interested.")
        await world.run_for(seconds=5)
        assert notices(world) == []
        await world.restart()
        await world.start(notices=True)
        await world.run_for(minutes=2)
        assert len(notices(world)) == 1

    simulate(tmp_path, scenario, settings=told(ANN))


def test_notices_go_out_under_the_kill_switch_and_use_no_quota(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [handover] = await written_to(world, 1)
        await world.kill()
        answers(world, handover, "Yes, I am interested.")
        await world.run_for(minutes=2)
        assert len(notices(world)) == 1
        debits = await world.store.read(lambda tx: tx.quotas.used(QuotaScope.MAILBOX_DAY, "sales", EVER))
        assert debits == 1

    simulate(tmp_path, scenario, settings=told(ANN))


def test_a_pause_by_a_rule_is_told_with_its_figures(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.start(notices=True)
        await world.live(*people(1), steps=STEPS, target_clients=1, name="Dentists")
        while not mails(world):
            await world.run_for(minutes=1)
        answers(world, mails(world)[0], "Yes, I am interested.")
        await world.run_for(minutes=2)
        [paused] = [notice for notice in notices(world) if "Paused" in notice.subject]
        assert "Dentists (goal_reached)" in paused.subject

    simulate(tmp_path, scenario, settings=told(ANN))


def test_a_deaf_mailbox_and_a_closed_gate_are_told(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await written_to(world, 1)
        world.inboxes.trouble["sales"] = away()
        world.inboxes.wake("sales")
        world.context.gate.close(GateReason.DISK_FULL)
        await world.run_for(minutes=30)
        subjects = {notice.subject for notice in notices(world)}
        assert "[camd] Mailbox sales needs you" in subjects
        assert "[camd] Sending stopped: disk_full" in subjects

    simulate(tmp_path, scenario, settings=told(ANN))


def test_a_digest_comes_once_a_day_and_only_with_news(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [handover] = await written_to(world, 1)
        world.inboxes.deliver(
            "sales", letters.away_note(handover, US, "I am away until further notice.", world.clock.now())
        )
        await world.run_for(days=1)
        [digest] = notices(world)
        assert "sent +1" in digest.body
        before = len(notices(world))
        [campaign] = await world.store.read(lambda tx: tx.campaigns.page(Listing(5)))
        await world.pause(campaign)
        await world.run_for(days=3)
        assert len(notices(world)) == before

    simulate(tmp_path, scenario, settings=told(ANN, digest=time(8)))


def test_the_digest_says_what_waits_for_a_person(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        [handover] = await written_to(world, 1)
        answers(world, handover, "Who are you, and what is this about?")
        await world.run_for(days=1)
        digest = notices(world)[-1]
        assert "1 answers to judge" in digest.body

    simulate(tmp_path, scenario, settings=told(ANN, digest=time(8)))
