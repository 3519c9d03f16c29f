"""What one mail needs, in which order, and whose days count while a zone changes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from camd.domain.campaign import Campaign
from camd.domain.contact import parse_address
from camd.domain.suppression import SuppressionKind, keyed_hash
from camd.domain.token_bucket import NotBefore, QuotaScope
from camd.pipeline import debits, send_quota
from camd.pipeline.send_quota import Granted, Mail
from camd.ports.records import Debits, ZoneChange
from camd.ports.settings import LimitSettings, MailboxSettings, Settings
from camd.ports.store import Tx
from camd.sim.world import INSTANCE_KEY, World, mailbox, people, simulate

TEN = datetime(2026, 1, 5, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
BOX = replace(mailbox("sales"), min_gap_seconds=0, jitter_seconds=0)
AUCKLAND = "Pacific/Auckland"
"""13 hours ahead: its days begin at eleven in the morning."""


def limited(**limits: Any) -> Callable[[Settings], Settings]:
    """`Any`: fields of the limits."""
    return lambda settings: replace(settings, limits=LimitSettings(**limits))


async def mail(world: World, *, box: MailboxSettings = BOX, follow_up: bool = False, **fields: Any) -> Mail:
    """`Any`: fields of the campaign's definition."""
    campaign = await world.campaign(*people(1), **fields)
    await world.cycle(campaign)
    [lead] = await world.leads(campaign)
    state = await world.store.read(lambda tx: tx.mailboxes.get(box.name))
    return Mail(campaign, lead, 1, follow_up, box, state)


async def take(world: World, wanted: Mail, at: datetime) -> Debits | tuple[QuotaScope, NotBefore]:
    taken = await world.store.write(lambda tx: send_quota.take(tx, world.settings, wanted, at))
    return taken.debits if isinstance(taken, Granted) else taken


async def fill(world: World, wanted: Mail, at: datetime, count: int) -> None:
    """So many mails to others."""
    await world.store.write(lambda tx: tx.quotas.debit(QuotaScope.CAMPAIGN, str(wanted.campaign.id), at, count))


async def moved(world: World, wanted: Mail, zone: str, at: datetime) -> Mail:
    """The campaign's zone is edited at that instant."""
    campaign = replace(wanted.campaign, definition=replace(wanted.campaign.definition, timezone=zone))
    await world.store.write(lambda tx: send_quota.note_campaign_zone(tx, campaign, at))
    return replace(wanted, campaign=campaign)


async def scopes(world: World, wanted: Mail) -> list[QuotaScope]:
    def query(tx: Tx) -> list[QuotaScope]:
        return [scope for scope, _ in send_quota.verdicts(tx, world.settings, wanted, TEN)]

    return await world.store.read(query)


def test_a_first_mail_is_a_new_contact_of_its_company_and_a_follow_up_is_not(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        first = await mail(world)
        assert await scopes(world, first) == list(QuotaScope)[:8]
        after = await scopes(world, replace(first, follow_up=True))
        assert after == [scope for scope in list(QuotaScope)[:8] if scope is not QuotaScope.COMPANY_NEW]

    simulate(tmp_path, scenario, start=TEN, settings=limited(instance_daily=5))


def test_a_freemail_address_has_no_company_and_a_gap_of_nothing_no_person(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        wanted = await mail(world)
        facts = replace(wanted.lead.facts, email="ann@gmail.com")
        assert await scopes(world, replace(wanted, lead=replace(wanted.lead, facts=facts))) == list(QuotaScope)[:4]

    simulate(tmp_path, scenario, start=TEN, settings=limited(person_gap_hours=0))


def test_the_volume_of_a_mailbox_is_debited_once_and_counted_in_both_windows(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        wanted = await mail(world)
        taken = await take(world, wanted, TEN)
        assert isinstance(taken, Debits)
        assert [debit.scope for debit in taken.caps].count(QuotaScope.MAILBOX_DAY) == 1
        assert QuotaScope.MAILBOX_24H not in {debit.scope for debit in taken.caps}

    simulate(tmp_path, scenario, start=TEN)


def test_a_denial_names_the_first_bucket_and_takes_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        wanted = await mail(world, daily_email_limit=3)
        await fill(world, wanted, TEN - HOUR, 3)
        assert await take(world, wanted, TEN) == (QuotaScope.CAMPAIGN, NotBefore(datetime(2026, 1, 6, tzinfo=UTC)))
        assert await world.store.read(lambda tx: tx.quotas.used(QuotaScope.MAILBOX_DAY, "sales", TEN)) == 0
        assert await world.store.read(lambda tx: tx.quotas.bucket(debits.pace_bucket("sales"))) is None

    simulate(tmp_path, scenario, start=TEN)


def test_a_rolling_window_says_when_its_oldest_debit_leaves_it_and_passes_over_what_was_given_back(
    tmp_path: Path,
) -> None:
    async def scenario(world: World) -> None:
        wanted = await mail(world)

        def unit(tx: Tx) -> None:
            for at, amount in ((TEN - 5 * HOUR, 1), (TEN - 5 * HOUR, -1), (TEN - 3 * HOUR, 30)):
                tx.quotas.debit(QuotaScope.MAILBOX_DAY, "sales", at, amount)

        await world.store.write(unit)
        late = datetime(2026, 1, 6, 1, tzinfo=UTC)
        until = TEN - 3 * HOUR + timedelta(hours=24, minutes=15)
        assert await take(world, wanted, late) == (QuotaScope.MAILBOX_24H, NotBefore(until))

    simulate(tmp_path, scenario, start=TEN)


def test_a_person_is_written_to_once_in_three_days_whatever_the_campaign(tmp_path: Path) -> None:
    person = keyed_hash(INSTANCE_KEY, SuppressionKind.ADDRESS, parse_address("p0@c0.example").key)

    async def scenario(world: World) -> None:
        one, other = await mail(world), await mail(world)
        assert isinstance(await take(world, one, TEN), Debits)
        assert await world.store.read(lambda tx: tx.quotas.used(QuotaScope.PERSON, person, TEN)) == 1
        until = TEN + timedelta(hours=72, minutes=15)
        follow_up = replace(other, follow_up=True)
        assert await take(world, follow_up, TEN + timedelta(hours=25)) == (QuotaScope.PERSON, NotBefore(until))
        assert isinstance(await take(world, follow_up, until), Debits)

    simulate(tmp_path, scenario, start=TEN)


def test_a_learned_rate_stretches_the_pace(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        wanted = await mail(world, box=replace(BOX, min_gap_seconds=600))
        slow = replace(wanted, state=replace(wanted.state, rate=0.25))
        taken = await take(world, slow, TEN)
        assert isinstance(taken, Debits)
        assert taken.pace.tat == TEN + timedelta(minutes=40)

    simulate(tmp_path, scenario, start=TEN)


@pytest.mark.parametrize(("ramp", "volume"), [(True, 5), (False, 30)])
def test_a_ramp_limits_the_volume_that_is_left(tmp_path: Path, ramp: bool, volume: int) -> None:
    async def scenario(world: World) -> None:
        box = replace(BOX, ramp=ramp)
        assert await world.store.read(lambda tx: send_quota.volume_left(tx, box, TEN)) == volume
        await take(world, await mail(world, box=box), TEN)
        assert await world.store.read(lambda tx: send_quota.volume_left(tx, box, TEN)) == volume - 1

    simulate(tmp_path, scenario, start=TEN)


def test_a_changed_zone_counts_from_its_next_day_and_the_old_one_until_both_days_are_over(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        wanted = await mail(world, daily_email_limit=3)
        assert isinstance(await take(world, wanted, TEN - HOUR), Debits)
        wanted = await moved(world, wanted, AUCKLAND, TEN)
        await fill(world, wanted, TEN, 2)
        # Until eleven only the old day counts, then both do: the old one is full.
        for at in (TEN, TEN + 2 * HOUR):
            assert await take(world, wanted, at) == (QuotaScope.CAMPAIGN, NotBefore(datetime(2026, 1, 6, tzinfo=UTC)))
        # After the old one's midnight only the new day counts, which began at eleven.
        after = datetime(2026, 1, 6, 1, tzinfo=UTC)
        await fill(world, wanted, TEN + 2 * HOUR, 3)
        assert await take(world, wanted, after) == (
            QuotaScope.CAMPAIGN,
            NotBefore(datetime(2026, 1, 6, 11, tzinfo=UTC)),
        )

    simulate(tmp_path, scenario, start=TEN)


def test_a_zone_counts_from_the_day_it_was_changed_though_nothing_was_sent_since(tmp_path: Path) -> None:
    """Two of the old zone's days meet in one of the new zone's."""

    async def scenario(world: World) -> None:
        wanted = await mail(world, daily_email_limit=3)
        assert isinstance(await take(world, wanted, TEN), Debits)
        wanted = await moved(world, wanted, AUCKLAND, TEN)
        late = datetime(2026, 1, 8, 23, tzinfo=UTC)
        await fill(world, wanted, late, 3)
        assert await take(world, wanted, late + 2 * HOUR) == (
            QuotaScope.CAMPAIGN,
            NotBefore(datetime(2026, 1, 9, 11, tzinfo=UTC)),
        )

    simulate(tmp_path, scenario, start=TEN)


def test_a_zone_that_changes_again_before_it_counted_gives_way_to_the_newest(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        wanted = await moved(world, await mail(world), "UTC", TEN - HOUR)
        wanted = await moved(world, wanted, AUCKLAND, TEN)
        wanted = await moved(world, wanted, "America/New_York", TEN + timedelta(minutes=1))
        name = f"{QuotaScope.CAMPAIGN}:{wanted.campaign.id}"
        change = await world.store.read(lambda tx: tx.quotas.zone(name))
        assert change == ZoneChange("America/New_York", "UTC", TEN + timedelta(minutes=1))

    simulate(tmp_path, scenario, start=TEN)


def test_a_zone_that_nobody_noted_counts_as_changed_at_the_next_mail(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        wanted = await mail(world)
        assert isinstance(await take(world, wanted, TEN), Debits)
        box = replace(BOX, timezone=AUCKLAND)
        other = await mail(world, box=box, follow_up=True)
        late = TEN + timedelta(days=4)
        assert isinstance(await take(world, other, late), Debits)
        change = await world.store.read(lambda tx: tx.quotas.zone(f"{QuotaScope.MAILBOX_DAY}:sales"))
        assert change == ZoneChange(AUCKLAND, "UTC", late)

    simulate(tmp_path, scenario, start=TEN)


def test_the_zones_of_mailboxes_and_instance_are_noted_when_settings_were_read(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        def noted(tx: Tx) -> tuple[ZoneChange | None, ZoneChange | None]:
            return tx.quotas.zone(f"{QuotaScope.MAILBOX_DAY}:sales"), tx.quotas.zone("engine")

        await world.store.write(lambda tx: send_quota.note_zones(tx, world.settings, TEN))
        assert await world.store.read(noted) == (ZoneChange("UTC"), ZoneChange("UTC"))
        engine = replace(world.settings.engine, timezone=AUCKLAND)
        changed = replace(world.settings, engine=engine)
        await world.store.write(lambda tx: send_quota.note_zones(tx, changed, TEN + HOUR))
        assert await world.store.read(noted) == (ZoneChange("UTC"), ZoneChange(AUCKLAND, "UTC", TEN + HOUR))

    simulate(tmp_path, scenario, start=TEN)


def test_an_edit_of_a_campaign_s_zone_is_noted_when_it_is_made(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        campaign: Campaign = await world.campaign(*people(1))
        await world.edit(campaign, daily_email_limit=5)
        await world.edit(campaign, timezone=AUCKLAND)
        change = await world.store.read(lambda tx: tx.quotas.zone(f"{QuotaScope.CAMPAIGN}:{campaign.id}"))
        assert change == ZoneChange(AUCKLAND, "UTC", TEN)

    simulate(tmp_path, scenario, start=TEN)
