"""Exactly what an intent took is given back, or exactly what of it may be."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from camd.domain.token_bucket import QuotaScope, Taken
from camd.pipeline import debits
from camd.ports.records import Debit, Debits
from camd.ports.store import Tx
from camd.sim.clock import START
from camd.sim.world import World, simulate

DAY = Debit(QuotaScope.MAILBOX_DAY, "sales", "UTC")
CAMPAIGN = Debit(QuotaScope.CAMPAIGN, "1", "Europe/Paris")
PERSON = Debit(QuotaScope.PERSON, "somebody")
CAPS = (CAMPAIGN, DAY, PERSON)
PACE = Taken(START + timedelta(minutes=10), START)


def taken(tx: Tx) -> Debits:
    return debits.take(tx, CAPS, "sales", PACE, START)


def used(tx: Tx) -> list[int]:
    return [tx.quotas.used(cap.scope, cap.key, START) for cap in CAPS]


def bucket(tx: Tx) -> datetime | None:
    return tx.quotas.bucket(debits.pace_bucket("sales"))


def test_an_intent_takes_one_of_each_and_keeps_what_it_took(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        kept = await world.store.write(taken)
        assert kept == Debits(START, CAPS, PACE)
        assert await world.store.read(used) == [1, 1, 1]
        assert await world.store.read(bucket) == PACE.tat

    simulate(tmp_path, scenario)


def test_a_refund_leaves_the_quotas_as_if_nothing_had_been_taken(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        kept = await world.store.write(taken)
        await world.store.write(lambda tx: debits.refund(tx, kept, "sales"))
        assert await world.store.read(used) == [0, 0, 0]
        assert await world.store.read(bucket) == PACE.before

    simulate(tmp_path, scenario)


def test_a_refund_bears_the_instant_of_its_debit(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        kept = await world.store.write(taken)
        await world.store.write(lambda tx: debits.refund(tx, kept, "sales"))
        rows = await world.store.read(lambda tx: tx.quotas.used_since(PERSON.scope, PERSON.key, START))
        assert sorted(rows) == [(START, -1), (START, 1)]

    simulate(tmp_path, scenario)


def test_the_pace_that_another_mail_has_taken_since_stays_taken(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        kept = await world.store.write(taken)
        later = Taken(PACE.tat + timedelta(minutes=10), PACE.tat)
        await world.store.write(lambda tx: debits.take(tx, (), "sales", later, START))
        await world.store.write(lambda tx: debits.refund(tx, kept, "sales"))
        assert await world.store.read(bucket) == later.tat

    simulate(tmp_path, scenario)


def test_a_mailbox_whose_pace_is_not_known_gets_none_back(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.store.write(lambda tx: debits.refund(tx, Debits(START, CAPS, PACE), "sales"))
        assert await world.store.read(bucket) is None

    simulate(tmp_path, scenario)


def test_a_refused_mail_leaves_the_mailboxs_volume_and_pace_taken(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        kept = await world.store.write(taken)
        await world.store.write(lambda tx: debits.refund_refused(tx, kept))
        assert await world.store.read(used) == [0, 1, 0]
        assert await world.store.read(bucket) == PACE.tat

    simulate(tmp_path, scenario)


@pytest.mark.parametrize(
    ("now", "same"),
    [
        (datetime(2026, 1, 5, 22, 59, tzinfo=UTC), True),
        (datetime(2026, 1, 5, 23, 0, tzinfo=UTC), False),
        (datetime(2026, 1, 6, 0, 0, tzinfo=UTC), False),
    ],
)
def test_debits_belong_to_today_while_every_local_day_of_theirs_lasts(now: datetime, same: bool) -> None:
    assert debits.belong_to_today(Debits(START, CAPS, PACE), now) is same


def test_debits_of_rolling_windows_alone_belong_to_every_day() -> None:
    assert debits.belong_to_today(Debits(START, (PERSON,), PACE), START + timedelta(days=3))
