"""What every store promises of outgoing webhooks, and of the ledger for their sake."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from camd.domain.campaign import Campaign
from camd.domain.events import ENGINE, Event, EventType
from camd.domain.webhooks import DeliveryStatus, PauseReason
from camd.ports.records import EventFilter, LedgerRow, Listing
from camd.ports.store import StaleWrite, Store, Tx
from camd.ports.webhooks import Backlog, Delivery, DeliveryId, Endpoint

NOW = datetime(2026, 3, 2, 9, 30, 0, 123_456, tzinfo=UTC)
HOUR = timedelta(hours=1)
WENT = (EventType.CAMPAIGN_WENT_LIVE, EventType.CAMPAIGN_WENT_DRY)


async def add(store: Store, *seqs: int, endpoint: str = "make", at: datetime = NOW) -> None:
    def unit(tx: Tx) -> None:
        for seq in seqs:
            tx.webhooks.add(endpoint, seq, f"ev_{seq}", at)

    await store.write(unit)


async def every(store: Store, status: DeliveryStatus | None = None) -> list[Delivery]:
    found = await store.read(lambda tx: tx.webhooks.page(Listing(500), status))
    return sorted(found, key=lambda delivery: delivery.id)


async def change(store: Store, before: Delivery, **changes: object) -> Delivery:
    after = replace(before, **changes)  # type: ignore[arg-type]  # fields by name
    return await store.write(lambda tx: tx.webhooks.save(before, after))


async def due(store: Store, now: datetime, limit: int = 9) -> list[int]:
    return [delivery.seq for delivery in await store.read(lambda tx: tx.webhooks.due("make", now, limit))]


async def test_an_endpoint_is_read_as_it_was_put_and_forgotten_when_it_is_dropped(store: Store) -> None:
    fresh = Endpoint("make", 7)
    whole = Endpoint("make", 9, PauseReason.GONE, NOW, NOW, 3, NOW + HOUR, NOW - HOUR)
    for endpoint in (fresh, whole):
        await store.write(lambda tx, endpoint=endpoint: tx.webhooks.put(endpoint))  # type: ignore[misc]  # bound now
        assert await store.read(lambda tx: tx.webhooks.endpoint("make")) == endpoint
    assert await store.read(lambda tx: tx.webhooks.endpoints()) == {"make": whole}
    await store.write(lambda tx: tx.webhooks.drop("make"))
    assert await store.read(lambda tx: tx.webhooks.endpoint("make")) is None


async def test_an_event_is_given_to_an_endpoint_once(store: Store) -> None:
    await add(store, 1)
    await store.write(lambda tx: tx.webhooks.add("make", 1, "ev_other", NOW))
    [delivery] = await every(store)
    assert delivery == Delivery(delivery.id, "make", 1, "ev_1", DeliveryStatus.PENDING, NOW, NOW)
    assert await store.read(lambda tx: tx.webhooks.get(delivery.id)) == delivery
    assert await store.read(lambda tx: tx.webhooks.get(DeliveryId(99))) is None


async def test_the_id_of_an_event_is_known_to_the_next_endpoint(store: Store) -> None:
    await add(store, 1)
    await add(store, 1, endpoint="slack")
    assert await store.read(lambda tx: tx.webhooks.event_id(1)) == "ev_1"
    assert await store.read(lambda tx: tx.webhooks.event_id(2)) is None
    assert len(await every(store)) == 2


async def test_a_delivery_is_read_as_it_was_saved(store: Store) -> None:
    await add(store, 1)
    [delivery] = await every(store)
    over = DeliveryStatus.DELIVERED
    after = await change(
        store,
        delivery,
        status=over,
        attempts=2,
        first_attempt_at=NOW,
        attempted_at=NOW + HOUR,
        settled_at=NOW + HOUR,
        status_code=200,
        reason="failed",
    )
    assert await every(store) == [after]
    assert await every(store, over) == [after]
    assert await every(store, DeliveryStatus.PENDING) == []


@pytest.mark.parametrize("meanwhile", [{"attempts": 1}, {"status": DeliveryStatus.DEAD, "settled_at": NOW}])
async def test_what_was_tried_or_settled_meanwhile_is_not_overwritten(
    store: Store, meanwhile: dict[str, object]
) -> None:
    await add(store, 1)
    [delivery] = await every(store)
    await change(store, delivery, **meanwhile)
    with pytest.raises(StaleWrite):
        await change(store, delivery, attempts=1)


async def test_what_is_due_comes_longest_due_first_and_in_the_order_of_the_ledger(store: Store) -> None:
    await add(store, 5, 4, at=NOW)
    await add(store, 3, at=NOW + HOUR)
    await add(store, 6, at=NOW - HOUR)
    await add(store, 1, endpoint="slack")
    assert await due(store, NOW) == [6, 4, 5]
    assert await due(store, NOW + HOUR) == [6, 4, 5, 3]
    assert await due(store, NOW + HOUR, limit=2) == [6, 4]
    assert await store.read(lambda tx: tx.webhooks.next_at("make")) == NOW - HOUR
    assert await store.read(lambda tx: tx.webhooks.next_at("none")) is None


async def test_the_oldest_is_the_first_of_the_ledger_whether_it_is_due_or_not(store: Store) -> None:
    await add(store, 2, at=NOW)
    await add(store, 1, at=NOW + HOUR)
    oldest = await store.read(lambda tx: tx.webhooks.oldest("make"))
    assert oldest is not None
    assert oldest.seq == 1
    assert await store.read(lambda tx: tx.webhooks.oldest("slack")) is None


async def test_what_is_hurried_is_due_and_keeps_its_attempts(store: Store) -> None:
    await add(store, 1, at=NOW - HOUR)
    await add(store, 2)
    [first, second] = await every(store)
    await change(store, second, attempts=3, first_attempt_at=NOW, next_at=NOW + HOUR)
    await store.write(lambda tx: tx.webhooks.hurry("make", NOW))
    [first_now, second_now] = await every(store)
    assert first_now == first
    assert (second_now.next_at, second_now.attempts) == (NOW, 3)


async def test_what_is_renewed_is_due_as_if_it_had_never_been_tried(store: Store) -> None:
    await add(store, 1, 2)
    await add(store, 1, endpoint="slack", at=NOW + HOUR)
    [first, second, other] = await every(store)
    await change(store, first, status=DeliveryStatus.DEAD, attempts=12, settled_at=NOW)
    await change(store, second, attempts=3, first_attempt_at=NOW, next_at=NOW + HOUR)
    await store.write(lambda tx: tx.webhooks.renew("make", NOW))
    [first_now, second_now, other_now] = await every(store)
    assert first_now.attempts == 12
    assert second_now == second
    assert other_now == other


async def test_what_was_kept_too_long_is_buried(store: Store) -> None:
    await add(store, 1, at=NOW - HOUR)
    await add(store, 2, at=NOW)
    await add(store, 1, endpoint="slack", at=NOW - HOUR)
    buried = await store.write(lambda tx: tx.webhooks.bury("make", NOW, NOW + HOUR, "kept_too_long"))
    [dead] = await every(store, DeliveryStatus.DEAD)
    assert buried == 1
    assert (dead.seq, dead.reason, dead.settled_at) == (1, "kept_too_long", NOW + HOUR)
    assert await store.read(lambda tx: tx.webhooks.count_dead("make")) == 1


async def test_the_backlog_counts_what_waits_and_since_when(store: Store) -> None:
    assert await store.read(lambda tx: tx.webhooks.backlog("make")) == Backlog(0, None)
    await add(store, 1, 2, at=NOW)
    await add(store, 3, at=NOW - HOUR)
    [*_, last] = await every(store)
    assert await store.read(lambda tx: tx.webhooks.backlog("make")) == Backlog(3, NOW - HOUR)
    await change(store, last, status=DeliveryStatus.DELIVERED, settled_at=NOW)
    assert await store.read(lambda tx: tx.webhooks.backlog("make")) == Backlog(2, NOW)


async def test_deliveries_are_listed_newest_first_in_pages(store: Store) -> None:
    await add(store, 1, 2, 3)
    newest = await store.read(lambda tx: tx.webhooks.page(Listing(2)))
    rest = await store.read(lambda tx: tx.webhooks.page(Listing(2, str(newest[-1].id))))
    assert [[delivery.seq for delivery in page] for page in (newest, rest)] == [[3, 2], [1]]


async def test_those_that_are_over_are_forgotten_after_a_while_and_pending_ones_never(store: Store) -> None:
    await add(store, 1, 2, 3, at=NOW - HOUR)
    [first, second, third] = await every(store)
    await change(store, first, status=DeliveryStatus.DELIVERED, settled_at=NOW - HOUR)
    await change(store, second, status=DeliveryStatus.DEAD, settled_at=NOW)
    assert await store.write(lambda tx: tx.webhooks.forget(NOW, 10)) == 1
    assert [delivery.seq for delivery in await every(store)] == [2, 3]
    assert await store.write(lambda tx: tx.webhooks.forget(NOW + HOUR, 10)) == 1
    assert await every(store) == [third]


async def appended(store: Store, campaign: Campaign, *kinds: EventType, dry: bool = False) -> Sequence[LedgerRow]:
    def unit(tx: Tx) -> Sequence[LedgerRow]:
        before = tx.ledger.last_seq()
        for kind in kinds:
            if dry:
                with tx.ledger.in_dry_run():
                    tx.ledger.append(Event(kind, NOW, ENGINE, campaign.id))
            else:
                tx.ledger.append(Event(kind, NOW, ENGINE, campaign.id))
        return tx.ledger.after(before, 100, EventFilter())

    return await store.write(unit)


async def test_a_row_of_the_ledger_says_that_a_dry_cycle_wrote_it(store: Store, campaign: Campaign) -> None:
    [dry] = await appended(store, campaign, EventType.CAMPAIGN_PAUSED, dry=True)
    [live] = await appended(store, campaign, EventType.CAMPAIGN_PAUSED)
    assert (dry.is_dry, live.is_dry) == (True, False)
    assert await store.read(lambda tx: tx.ledger.get(dry.seq)) == dry
    assert await store.read(lambda tx: tx.ledger.get(99)) is None
    assert await store.read(lambda tx: tx.ledger.last_seq()) == live.seq


async def test_a_unit_that_fails_leaves_nothing_dry_behind(store: Store, campaign: Campaign) -> None:
    def failing(tx: Tx) -> None:
        with tx.ledger.in_dry_run():
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.write(failing)
    [row] = await appended(store, campaign, EventType.CAMPAIGN_PAUSED)
    assert not row.is_dry


async def test_the_next_event_of_some_kinds_is_found(store: Store, campaign: Campaign, other: Campaign) -> None:
    [start] = await appended(store, campaign, EventType.CAMPAIGN_PAUSED)
    await appended(store, other, EventType.CAMPAIGN_WENT_DRY)
    assert await store.read(lambda tx: tx.ledger.next_of(campaign.id, start.seq, WENT)) is None
    rows = await appended(
        store,
        campaign,
        EventType.CAMPAIGN_UPDATED,
        EventType.CAMPAIGN_WENT_LIVE,
        EventType.CAMPAIGN_WENT_DRY,
    )
    assert await store.read(lambda tx: tx.ledger.next_of(campaign.id, start.seq, WENT)) == EventType.CAMPAIGN_WENT_LIVE
    went_live = rows[1].seq
    assert await store.read(lambda tx: tx.ledger.next_of(campaign.id, went_live, WENT)) == EventType.CAMPAIGN_WENT_DRY
