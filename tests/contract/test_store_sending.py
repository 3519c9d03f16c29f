"""What every store promises of mailboxes, deliveries, counters, zones, the instance, and the journal's lines."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from camd.domain.campaign import Campaign
from camd.domain.suppression import SuppressionKind, SuppressionReason
from camd.domain.token_bucket import QuotaScope
from camd.ports.journal import ErasureLine, JournalMark, Line, SuppressionLine
from camd.ports.records import (
    Debit,
    DeliveryFact,
    DeliveryScope,
    MachineIdentity,
    MailboxReason,
    MailboxState,
    Recovery,
    Switch,
    ZoneChange,
)
from camd.ports.store import Store, Tx
from camd.ports.store_errors import StoreUnavailable
from camd.sim.journal import MemoryJournal

NOW = datetime(2026, 3, 2, 9, 30, 0, 123_456, tzinfo=UTC)
DAY = date(2026, 3, 2)
ONE_DAY = timedelta(days=1)
NOTHING = dict.fromkeys(DeliveryFact, 0)
LINES: list[Line] = [
    SuppressionLine(NOW, SuppressionKind.ADDRESS, "hash", SuppressionReason.OPTED_OUT),
    ErasureLine(NOW, "hash"),
]


async def test_a_mailbox_is_usable_until_something_else_is_written(store: Store) -> None:
    assert await store.read(lambda tx: tx.mailboxes.get("sales")) == MailboxState("sales")
    assert await store.read(lambda tx: tx.mailboxes.all()) == {}
    stopped = MailboxState(
        "sales",
        disabled=MailboxReason.LOG_IN_REFUSED,
        detail="535 5.7.8",
        since=NOW,
        by="engine",
        stopped_until=NOW + ONE_DAY,
        stopped_for="hard_bounces",
        refused_log_ins=3,
        refusals=2,
        rate=0.1 + 0.2,
    )
    enabled, other = replace(stopped, disabled=None, detail=None, refused_log_ins=0), MailboxState("ann")
    for state in (enabled, other, stopped):
        await store.write(lambda tx, state=state: tx.mailboxes.put(state))  # type: ignore[misc]
    assert await store.read(lambda tx: tx.mailboxes.get("sales")) == stopped
    assert await store.read(lambda tx: tx.mailboxes.all()) == {"ann": other, "sales": stopped}


async def test_what_became_of_mails_is_counted_by_day_and_summed_from_one_on(store: Store) -> None:
    def count(tx: Tx) -> None:
        for day, fact in (
            (DAY - ONE_DAY, DeliveryFact.SENT),
            (DAY, DeliveryFact.SENT),
            (DAY, DeliveryFact.SENT),
            (DAY, DeliveryFact.COMPLAINTS),
            (DAY + ONE_DAY, DeliveryFact.SENT),
        ):
            tx.deliveries.add(DeliveryScope.MAILBOX, "1", day, fact)
        tx.deliveries.add(DeliveryScope.CAMPAIGN, "1", DAY, DeliveryFact.REFUSALS)
        tx.deliveries.add(DeliveryScope.MAILBOX, "2", DAY, DeliveryFact.REFUSALS)

    await store.write(count)
    since = await store.read(lambda tx: tx.deliveries.since(DeliveryScope.MAILBOX, "1", DAY))
    assert since == NOTHING | {DeliveryFact.SENT: 3, DeliveryFact.COMPLAINTS: 1}
    assert await store.read(lambda tx: tx.deliveries.since(DeliveryScope.CAMPAIGN, "2", DAY)) == NOTHING


@pytest.mark.parametrize("fact", DeliveryFact)
async def test_each_kind_of_answer_is_counted_for_itself(store: Store, fact: DeliveryFact) -> None:
    await store.write(lambda tx: tx.deliveries.add(DeliveryScope.CAMPAIGN, "1", DAY, fact))
    assert await store.read(lambda tx: tx.deliveries.since(DeliveryScope.CAMPAIGN, "1", DAY)) == NOTHING | {fact: 1}


@pytest.mark.parametrize(
    ("fact", "clean"),
    [
        (DeliveryFact.SENT, 1),
        (DeliveryFact.COMPLAINTS, 1),
        (DeliveryFact.HARD_BOUNCES, 0),
        (DeliveryFact.HARD_5XX_RCPT, 0),
        (DeliveryFact.REFUSALS, 0),
        (DeliveryFact.REFUSED_LOG_INS, 0),
    ],
)
async def test_a_day_is_clean_where_mails_were_accepted_and_none_bounced_or_was_refused(
    store: Store, fact: DeliveryFact, clean: int
) -> None:
    def count(tx: Tx) -> None:
        tx.deliveries.add(DeliveryScope.MAILBOX, "sales", DAY, DeliveryFact.SENT)
        tx.deliveries.add(DeliveryScope.MAILBOX, "sales", DAY, fact)
        tx.deliveries.add(DeliveryScope.MAILBOX, "idle", DAY, fact)
        tx.deliveries.add(DeliveryScope.CAMPAIGN, "sales", DAY - ONE_DAY, DeliveryFact.SENT)

    await store.write(count)
    assert await store.read(lambda tx: tx.deliveries.clean_days("sales", DAY + ONE_DAY)) == clean
    assert await store.read(lambda tx: tx.deliveries.clean_days("sales", DAY)) == 0
    accepted = int(fact is DeliveryFact.SENT)
    assert await store.read(lambda tx: tx.deliveries.clean_days("idle", DAY + ONE_DAY)) == accepted


async def test_counters_are_kept_by_campaign_and_name(store: Store, campaign: Campaign, other: Campaign) -> None:
    def count(tx: Tx) -> None:
        tx.counters.add(campaign.id, "approvals:1", 2)
        tx.counters.add(campaign.id, "approvals:1", 3)
        tx.counters.put(campaign.id, "approvals:2", 9)
        tx.counters.put(campaign.id, "approvals:2", 7)
        tx.counters.add(other.id, "approvals:1", 1)

    await store.write(count)
    assert await store.read(lambda tx: tx.counters.get(campaign.id, "approvals:1")) == 5
    assert await store.read(lambda tx: tx.counters.get(campaign.id, "approvals:2")) == 7
    assert await store.read(lambda tx: tx.counters.get(other.id, "approvals:2")) == 0
    assert await store.read(lambda tx: tx.counters.total("approvals:1")) == 6
    assert await store.read(lambda tx: tx.counters.total("none")) == 0


async def test_the_zone_whose_days_are_counted_is_remembered_with_the_one_before(store: Store) -> None:
    assert await store.read(lambda tx: tx.quotas.zone("campaign:1")) is None
    first, changed = ZoneChange("Europe/Paris"), ZoneChange("Asia/Tokyo", "Europe/Paris", NOW)
    for change in (first, changed):
        await store.write(lambda tx, change=change: tx.quotas.set_zone("campaign:1", change))  # type: ignore[misc]
        assert await store.read(lambda tx: tx.quotas.zone("campaign:1")) == change
    assert await store.read(lambda tx: tx.quotas.zone("campaign:2")) is None


async def test_nothing_is_recovered_at_first_and_a_hold_stays_as_it_was_set(store: Store) -> None:
    assert await store.read(lambda tx: tx.instance.recovery()) == Recovery()
    recovery = Recovery(True, "journal_ahead", NOW, "engine", {"handovers": 3})
    await store.write(lambda tx: tx.instance.set_recovery(recovery))
    assert await store.read(lambda tx: tx.instance.recovery()) == recovery
    await store.write(lambda tx: tx.instance.set_recovery(Recovery()))
    assert await store.read(lambda tx: tx.instance.recovery()) == Recovery()


async def test_the_machine_is_remembered(store: Store) -> None:
    assert await store.read(lambda tx: tx.instance.identity()) == MachineIdentity()
    identity = MachineIdentity("machine", "hardware", "1:2")
    await store.write(lambda tx: tx.instance.set_identity(identity))
    assert await store.read(lambda tx: tx.instance.identity()) == identity


async def test_each_handover_has_a_mark_of_its_own_and_a_generation_begins_where_it_is_set(store: Store) -> None:
    assert await store.read(lambda tx: tx.instance.journal_mark()) == JournalMark(1, 0)
    for number in (1, 2):
        assert await store.write(lambda tx: tx.instance.next_journal_mark()) == JournalMark(1, number)
    assert await store.read(lambda tx: tx.instance.journal_mark()) == JournalMark(1, 2)
    await store.write(lambda tx: tx.instance.set_journal_mark(JournalMark(2, 7)))
    assert await store.write(lambda tx: tx.instance.next_journal_mark()) == JournalMark(2, 8)


def journalled(tx: Tx) -> str:
    tx.mailboxes.put(MailboxState("sales", refusals=1))
    for line in LINES:
        tx.journal.add(line)
    return "answer"


async def is_stored(store: Store) -> bool:
    return await store.read(lambda tx: tx.mailboxes.get("sales")) != MailboxState("sales")


async def test_the_lines_of_a_unit_are_in_the_journal_before_it_is_answered(
    store: Store, journal: MemoryJournal
) -> None:
    assert await store.write(journalled) == "answer"
    assert journal.lines == LINES


async def test_a_unit_that_raises_leaves_no_line(store: Store, journal: MemoryJournal) -> None:
    def unit(tx: Tx) -> None:
        journalled(tx)
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(unit)
    assert journal.lines == []
    assert not await is_stored(store)


async def test_where_the_journal_cannot_be_written_the_commit_stands_and_its_caller_is_told(
    store: Store, journal: MemoryJournal
) -> None:
    journal.broken = True
    with pytest.raises(StoreUnavailable):
        await store.write(journalled)
    assert await is_stored(store)
    await store.write(lambda tx: tx.mailboxes.put(MailboxState("ann")))


async def test_a_query_has_no_journal(store: Store, journal: MemoryJournal) -> None:
    with pytest.raises(AssertionError, match="journal"):
        await store.read(lambda tx: tx.journal.add(LINES[0]))
    assert journal.lines == []


async def test_a_unit_sees_at_once_what_it_has_set_itself(store: Store) -> None:
    on, hold, off = Switch(True, "stop", NOW, "os:ann"), Recovery(True, "copied", NOW), MailboxState("ann", refusals=1)

    def unit(tx: Tx) -> None:
        assert (tx.instance.kill_switch().on, tx.instance.recovery(), tx.mailboxes.get("ann").refusals) == (
            False,
            Recovery(),
            0,
        )
        tx.instance.set_kill_switch(on)
        tx.mailboxes.put(off)
        assert (tx.instance.kill_switch(), tx.instance.recovery()) == (on, Recovery())
        tx.instance.set_recovery(hold)
        assert (tx.instance.kill_switch(), tx.instance.recovery(), tx.mailboxes.get("ann")) == (on, hold, off)

    await store.write(unit)
    assert await store.read(lambda tx: tx.instance.kill_switch()) == on


async def test_what_a_unit_set_and_did_not_keep_is_seen_by_no_other(store: Store) -> None:
    def unit(tx: Tx) -> None:
        tx.instance.set_kill_switch(Switch(True, None, NOW, "os:ann"))
        tx.mailboxes.put(MailboxState("ann", refusals=1))
        assert tx.instance.kill_switch().on
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(unit)
    assert not await store.write(lambda tx: tx.instance.kill_switch().on)
    assert await store.write(lambda tx: tx.mailboxes.get("ann")) == MailboxState("ann")


async def test_several_debits_are_taken_and_given_back_at_once(store: Store) -> None:
    caps = (Debit(QuotaScope.CAMPAIGN, "1", "UTC"), Debit(QuotaScope.COMPANY, "acme.com"))

    async def used() -> list[int]:
        return await store.read(lambda tx: [tx.quotas.used(cap.scope, cap.key, NOW) for cap in caps])

    await store.write(lambda tx: tx.quotas.debit_all((), NOW, 1))
    assert await used() == [0, 0]
    await store.write(lambda tx: tx.quotas.debit_all(caps, NOW, 1))
    assert await used() == [1, 1]
    await store.write(lambda tx: tx.quotas.debit_all(caps[:1], NOW, -1))
    assert await used() == [0, 1]
