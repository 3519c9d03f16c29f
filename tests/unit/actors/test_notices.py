"""The operator hears of everything once, at their pace, whatever one address, the database or the clock does."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import anyio
import pytest

from camd.actors.notices import Notices
from camd.actors.wake import Doorbells
from camd.domain.errors import Misconfigured, Scope
from camd.pipeline.send_gate import GateReason
from camd.ports.channel import Refused, Stage
from camd.ports.records import DeliveryFact, DeliveryScope, NoticeKind
from camd.ports.settings import Settings
from camd.ports.store import Tx
from camd.ports.store_errors import StoreUnavailable
from camd.sim.clock import START
from camd.sim.world import World, people, simulate

ANN, BOB = "ann@operators.example", "bob@operators.example"
PAUSED, MAILBOX, DIGEST = NoticeKind.CAMPAIGN_PAUSED, NoticeKind.MAILBOX, NoticeKind.DIGEST
NEVER = time(23, 59)
TROUBLE = Misconfigured("log-in refused", scope=Scope.MAILBOX)
UNKNOWN_USER = Refused(Stage.RCPT, 550, "5.1.1", "550 5.1.1 no such user")


def told(*addresses: str, digest: time = NEVER, timezone: str = "UTC") -> Callable[[Settings], Settings]:
    def changed(settings: Settings) -> Settings:
        notify = replace(settings.notify, email=addresses, digest=digest, timezone=timezone)
        return replace(settings, notify=notify)

    return changed


@asynccontextmanager
async def telling(world: World) -> AsyncIterator[Doorbells]:
    bells = Doorbells()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Notices(world.context, bells).run)
        yield bells
        tasks.cancel_scope.cancel()


async def noted(
    world: World, reason: str = "age_limit", kind: NoticeKind = PAUSED, *, at: datetime | None = None
) -> None:
    now = at or world.clock.now()
    await world.store.write(lambda tx: tx.notices.add(kind, now, mailbox="sales", data={"reason": reason}))


async def pass_by(**length: float) -> None:
    await anyio.sleep(timedelta(**length).total_seconds())


async def waiting(world: World) -> dict[NoticeKind, int]:
    return dict(await world.store.read(lambda tx: tx.notices.count_waiting()))


def mails(world: World, to: str = ANN) -> list[str]:
    """What they were told, by its subject."""
    return [mail.subject.removeprefix("[camd] ") for mail in world.mail.delivered if mail.recipient == to]


def test_what_comes_together_is_told_together_within_a_minute(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        async with telling(world) as bells:
            for _ in range(2):
                await noted(world)
                bells.notices.ring()
                await pass_by(seconds=10)
            assert mails(world) == []
            await pass_by(seconds=50)
            assert mails(world) == ["2 campaigns were paused"]

    simulate(tmp_path, scenario, settings=told(ANN))


def test_of_a_kind_there_is_one_mail_an_hour_also_over_a_restart(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await noted(world)
        async with telling(world):
            await pass_by(minutes=2)
        await noted(world)
        await noted(world, kind=MAILBOX)
        await world.restart()
        async with telling(world):
            await pass_by(minutes=50)
            assert mails(world) == ["Paused: a campaign (age_limit)", "Mailbox sales needs you"]
            await pass_by(minutes=15)
        assert mails(world)[2:] == ["Paused: a campaign (age_limit)"]

    simulate(tmp_path, scenario, settings=told(ANN))


def test_where_nobody_is_to_be_told_nothing_is_kept(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await noted(world)
        async with telling(world):
            await pass_by(minutes=2)
        assert (await waiting(world), world.mail.delivered) == ({}, [])

    simulate(tmp_path, scenario, settings=told())


def test_without_a_mailbox_a_notice_waits_for_one(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await noted(world)
        async with telling(world):
            await pass_by(hours=2)
        assert await waiting(world) == {PAUSED: 1}

    simulate(tmp_path, scenario, settings=lambda settings: told(ANN)(replace(settings, mailboxes={})))


@pytest.mark.parametrize("trouble", [TROUBLE, UNKNOWN_USER])
@pytest.mark.parametrize("order", [(ANN, BOB), (BOB, ANN)])
def test_one_address_that_is_refused_keeps_nothing_from_the_other(
    tmp_path: Path, order: tuple[str, str], trouble: Misconfigured | Refused
) -> None:
    async def scenario(world: World) -> None:
        world.mail.answers[BOB] = [trouble] * 1_000
        await noted(world)
        async with telling(world):
            await pass_by(minutes=30)
            await noted(world)
            await noted(world, kind=MAILBOX)
            await pass_by(minutes=5)
            assert mails(world) == ["Paused: a campaign (age_limit)", "Mailbox sales needs you"]
            await pass_by(hours=2, minutes=10)
        assert mails(world)[2:] == ["Paused: a campaign (age_limit)"]
        assert mails(world, BOB) == []

    simulate(tmp_path, scenario, settings=told(*order))


def test_who_had_the_first_half_gets_what_came_while_the_other_was_tried_again(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.answers[BOB] = [TROUBLE, TROUBLE]
        await noted(world)
        async with telling(world):
            await pass_by(minutes=2)
            await noted(world)
            await pass_by(hours=3)
        for address in (ANN, BOB):
            assert mails(world, address) == ["Paused: a campaign (age_limit)"] * 2
        assert await waiting(world) == {}

    simulate(tmp_path, scenario, settings=told(ANN, BOB))


def test_a_mail_server_that_is_away_is_tried_again_and_nothing_is_lost(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        world.mail.trouble["sales"] = TROUBLE
        await noted(world)
        async with telling(world):
            await pass_by(hours=5)
            assert await waiting(world) == {PAUSED: 1}
            del world.mail.trouble["sales"]
            await pass_by(minutes=7)
        assert mails(world) == ["Paused: a campaign (age_limit)"]

    simulate(tmp_path, scenario, settings=told(ANN))


def test_while_the_database_is_away_nothing_ends(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await noted(world)
        async with telling(world):
            world.store.trouble = StoreUnavailable("the database is away")
            world.context.gate.close(GateReason.DISK_FULL)
            await pass_by(minutes=10)
            assert mails(world) == []
            world.store.trouble = None
            world.context.gate.open()
            await pass_by(minutes=2)
        assert mails(world) == ["Paused: a campaign (age_limit)"]

    simulate(tmp_path, scenario, settings=told(ANN))


def test_what_could_not_be_noted_as_told_is_not_told_again(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await with_campaign(world)
        await noted(world)
        async with telling(world):
            world.store.trouble = StoreUnavailable("the database is away")
            await pass_by(minutes=12)
            assert await waiting(world) == {PAUSED: 1}
            world.store.trouble = None
            await pass_by(minutes=12)
        assert sorted(mails(world)) == ["Paused: a campaign (age_limit)", "The day so far"]
        assert await waiting(world) == {}

    simulate(tmp_path, scenario, settings=told(ANN, digest=time(8)))


def test_a_clock_that_was_set_back_silences_nobody(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        later = world.clock.now() + timedelta(days=300)
        await world.store.write(lambda tx: tx.notices.told(PAUSED, 0, later))
        await noted(world, at=later)
        async with telling(world):
            await pass_by(minutes=2)
        assert mails(world) == ["Paused: a campaign (age_limit)"]

    simulate(tmp_path, scenario, settings=told(ANN))


def test_a_gate_that_closes_is_told_once_for_each_time(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        async with telling(world):
            for _ in range(2):
                world.context.gate.close(GateReason.DISK_FULL)
                await pass_by(minutes=61)
                world.context.gate.open(GateReason.DISK_FULL)
                await pass_by(minutes=2)
        assert mails(world) == ["Sending stopped: disk_full"] * 2

    simulate(tmp_path, scenario, settings=told(ANN))


async def news(world: World) -> None:
    def unit(tx: Tx) -> None:
        tx.deliveries.add(DeliveryScope.CAMPAIGN, "1", START.date(), DeliveryFact.SENT, 1)

    await world.store.write(unit)


async def with_campaign(world: World) -> None:
    await world.campaign(*people(1), active=False)
    await news(world)


def digests(world: World, to: str = ANN) -> int:
    return mails(world, to).count("The day so far")


def test_a_digest_comes_at_its_local_time_once_a_day_and_only_with_news(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await with_campaign(world)
        async with telling(world):
            await pass_by(minutes=59)
            assert digests(world) == 0
            await pass_by(minutes=3)
            assert digests(world) == 1
            await news(world)
            await pass_by(hours=22)
            assert digests(world) == 1
            await pass_by(hours=2)
            assert digests(world) == 2
            await pass_by(days=3)
        assert digests(world) == 2

    # It is ten o'clock in Paris an hour after the start.
    simulate(tmp_path, scenario, settings=told(ANN, digest=time(10), timezone="Europe/Paris"))


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(datetime(2026, 3, 28, 12, tzinfo=UTC), id="half past two does not exist"),
        pytest.param(datetime(2026, 10, 24, 12, tzinfo=UTC), id="half past two exists twice"),
    ],
)
def test_on_the_days_when_the_clocks_change_there_is_one_digest(tmp_path: Path, start: datetime) -> None:
    async def scenario(world: World) -> None:
        await with_campaign(world)
        await world.store.write(lambda tx: tx.notices.told(DIGEST, 0, start))
        async with telling(world):
            await pass_by(hours=14)
            await news(world)
            await pass_by(hours=10)
        assert digests(world) == 1

    simulate(tmp_path, scenario, start=start, settings=told(ANN, digest=time(2, 30), timezone="Europe/Paris"))


def test_a_digest_that_one_address_gets_later_is_the_same_and_of_that_day(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await with_campaign(world)
        world.mail.answers[BOB] = [TROUBLE]
        async with telling(world):
            await pass_by(minutes=2)
            await news(world)
            await pass_by(minutes=10)
            assert [digests(world, address) for address in (ANN, BOB)] == [1, 1]
            await pass_by(hours=24)
        assert [digests(world, address) for address in (ANN, BOB)] == [2, 2]
        bodies = [mail.body for mail in world.mail.delivered if mail.recipient == BOB]
        assert all("sent +1" in body for body in bodies)

    simulate(tmp_path, scenario, settings=told(ANN, BOB, digest=time(8)))


def test_without_anybody_to_tell_there_is_no_digest(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await with_campaign(world)
        async with telling(world):
            await pass_by(days=1)
        assert await world.store.read(lambda tx: tx.notices.last_told(DIGEST)) is None

    simulate(tmp_path, scenario, settings=told(digest=time(8)))
