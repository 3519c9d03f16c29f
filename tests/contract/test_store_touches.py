"""What every store promises of the touches in work: which comes next, which wait, which are on their way."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from camd.domain.campaign import Campaign
from camd.domain.facts import CampaignId, Facts, LeadId, TouchId
from camd.domain.lead import Lead, LeadState, LeadStatus
from camd.domain.token_bucket import QuotaScope, Taken
from camd.ports.records import Debit, Debits, Listing, Preview, Touch, TouchFilter, TouchStatus
from camd.ports.store import StaleWrite, Store, Tx

NOW = datetime(2026, 3, 2, 9, 30, 0, 123_456, tzinfo=UTC)
HOUR = timedelta(hours=1)
LONG_AGO = NOW - timedelta(days=30)
NONE = CampaignId(0)
EVERYTHING = Listing(limit=500)


def ready(campaign: Campaign, number: int, **changes: object) -> Touch:
    """Approved and due at NOW through `sales`, the first touch of a lead of its own."""
    touch = Touch(
        id=TouchId(f"to_{number}"),
        campaign_id=campaign.id,
        lead_id=LeadId(f"ld_{number}"),
        step=1,
        channel="email",
        status=TouchStatus.APPROVED,
        due_at=NOW,
        mailbox="sales",
        ready_at=NOW,
        created_at=NOW,
    )
    return replace(touch, **changes)  # type: ignore[arg-type]  # fields by name


def insert(*touches: Touch) -> Callable[[Tx], None]:
    """With the leads they belong to."""

    def unit(tx: Tx) -> None:
        for touch in touches:
            tx.leads.insert(lead_of(touch))
            assert tx.touches.insert(touch)

    return unit


def lead_of(touch: Touch) -> Lead:
    state = LeadState(LeadStatus.ENRICHED)
    return Lead(touch.lead_id, touch.campaign_id, f"source:csv:{touch.lead_id}", state, Facts(), NOW, NOW)


def next_ready(mailbox: str = "sales", above: CampaignId = NONE, now: datetime = NOW) -> Callable[[Tx], str | None]:
    def query(tx: Tx) -> str | None:
        touch = tx.touches.next_ready(mailbox, above, now, LONG_AGO)
        return None if touch is None else touch.id

    return query


async def ids(store: Store, query: Callable[[Tx], object]) -> list[str]:
    found = await store.read(query)
    assert isinstance(found, list)
    return [touch.id for touch in found]


async def test_a_touch_is_read_as_it_was_written(store: Store, campaign: Campaign) -> None:
    caps = (Debit(QuotaScope.CAMPAIGN, "1", "Europe/Paris"), Debit(QuotaScope.PERSON, "hash"))
    touch = ready(
        campaign,
        1,
        status=TouchStatus.SENT,
        subject="Hello",
        body="Text",
        reason="quota:campaign",
        message_id="<1@acme.com>",
        sent_at=NOW,
        steps_version=3,
        follow_up=True,
        score=0.1 + 0.2,
        approved_by="os:ann",
        attempts=2,
        first_attempt_at=NOW,
        intent_at=NOW + HOUR,
        on_wire_at=NOW + 2 * HOUR,
        settled_at=NOW + 3 * HOUR,
        text_hash="text",
        recipient_hash="recipient",
        debits=Debits(NOW, caps, Taken(NOW + HOUR, NOW)),
    )
    await store.write(insert(touch))
    assert await store.read(lambda tx: tx.touches.get(touch.id)) == touch
    emptied = replace(touch, debits=None, subject=None, ready_at=None, follow_up=False, attempts=0)
    saved = await store.write(lambda tx: tx.touches.save(touch, emptied))
    assert await store.read(lambda tx: tx.touches.get(touch.id)) == saved == replace(emptied, version=2)


async def test_a_touch_that_is_saved_unchanged_is_a_new_version_all_the_same(store: Store, campaign: Campaign) -> None:
    touch = ready(campaign, 1)
    await store.write(insert(touch))
    await store.write(lambda tx: tx.touches.save(touch, touch))
    with pytest.raises(StaleWrite):
        await store.write(lambda tx: tx.touches.save(touch, touch))


async def test_a_touch_stays_with_its_lead(store: Store, campaign: Campaign) -> None:
    touch = ready(campaign, 1)
    await store.write(insert(touch))
    with pytest.raises(AssertionError, match="keeps its"):
        await store.write(lambda tx: tx.touches.save(touch, replace(touch, lead_id=LeadId("ld_9"))))


async def test_follow_ups_go_before_first_mails_then_the_best_score_then_the_oldest(
    store: Store, campaign: Campaign
) -> None:
    best_first = [
        ready(campaign, 5, follow_up=True, score=0.1),
        ready(campaign, 4, score=0.9),
        ready(campaign, 3, score=0.5, due_at=NOW - HOUR),
        ready(campaign, 1, score=0.5),
        ready(campaign, 2, score=0.5),
    ]
    await store.write(insert(*best_first))
    order = []
    for _ in best_first:
        touch = await store.read(lambda tx: tx.touches.next_ready("sales", NONE, NOW, LONG_AGO))
        assert touch is not None
        order.append(touch)
        sent = replace(touch, status=TouchStatus.SENT)
        await store.write(lambda tx, touch=touch, sent=sent: tx.touches.save(touch, sent))  # type: ignore[misc]
    assert order == best_first
    assert await store.read(next_ready()) is None


async def test_campaigns_take_turns_by_their_numbers(store: Store, campaign: Campaign, other: Campaign) -> None:
    await store.write(insert(ready(campaign, 1), ready(other, 2, follow_up=True, score=1.0)))
    assert await store.read(next_ready()) == "to_1"
    assert await store.read(next_ready(above=campaign.id)) == "to_2"
    assert await store.read(next_ready(above=other.id)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"status": TouchStatus.PLANNED},
        {"status": TouchStatus.INTENT},
        {"status": TouchStatus.SENT},
        {"status": TouchStatus.UNKNOWN},
        {"status": TouchStatus.CANCELLED},
        {"mailbox": None},
        {"mailbox": "other"},
        {"ready_at": None},
        {"ready_at": NOW + timedelta.resolution},
        {"ready_at": NOW + timedelta.resolution, "status": TouchStatus.DEFERRED},
        {"ready_at": LONG_AGO - timedelta.resolution},
    ],
)
async def test_what_is_not_ready_is_not_next(store: Store, campaign: Campaign, changes: dict[str, object]) -> None:
    await store.write(insert(ready(campaign, 1, **changes)))
    assert await store.read(next_ready()) is None
    await store.write(insert(ready(campaign, 2)))
    assert await store.read(next_ready()) == "to_2"


async def test_a_touch_that_was_put_off_is_never_overdue(store: Store, campaign: Campaign) -> None:
    put_off = ready(campaign, 1, status=TouchStatus.DEFERRED, ready_at=LONG_AGO - HOUR)
    await store.write(
        insert(put_off, ready(campaign, 2, ready_at=LONG_AGO - HOUR), ready(campaign, 3, ready_at=LONG_AGO))
    )
    assert await store.read(next_ready()) == "to_1"
    await store.write(lambda tx: tx.touches.save(put_off, replace(put_off, status=TouchStatus.SENT)))
    assert await store.read(next_ready()) == "to_3"
    assert await ids(store, lambda tx: tx.touches.approved(campaign.id, LONG_AGO, 9)) == ["to_2"]


async def test_an_outbox_sleeps_until_the_soonest_of_its_own(store: Store, campaign: Campaign, other: Campaign) -> None:
    later = ready(other, 2, ready_at=NOW + HOUR, status=TouchStatus.DEFERRED)
    far, elsewhere = ready(campaign, 3, ready_at=NOW + 2 * HOUR), ready(campaign, 4, mailbox="x", ready_at=NOW)
    sent = ready(campaign, 5, status=TouchStatus.SENT, ready_at=NOW + timedelta.resolution)
    await store.write(insert(ready(campaign, 1), later, far, elsewhere, sent))
    assert await store.read(lambda tx: tx.touches.next_ready_at("sales", NOW)) == NOW + HOUR
    assert await store.read(lambda tx: tx.touches.next_ready_at("sales", NOW + HOUR)) == NOW + 2 * HOUR
    assert await store.read(lambda tx: tx.touches.next_ready_at("sales", NOW + 2 * HOUR)) is None
    assert await store.read(lambda tx: tx.touches.next_ready_at("other", NOW)) is None


async def test_the_ready_ones_of_a_campaign_come_soonest_first(
    store: Store, campaign: Campaign, other: Campaign
) -> None:
    soonest = ready(campaign, 3, ready_at=NOW - HOUR, mailbox="x", status=TouchStatus.DEFERRED)
    task = ready(campaign, 6, mailbox=None)
    await store.write(
        insert(ready(campaign, 1), ready(campaign, 2, ready_at=NOW + HOUR), soonest, ready(other, 4), task)
    )
    assert await ids(store, lambda tx: tx.touches.ready_of(campaign.id, NOW, 9)) == ["to_3", "to_1"]
    assert await ids(store, lambda tx: tx.touches.ready_of(campaign.id, NOW, 1)) == ["to_3"]


async def test_what_is_in_flight_is_known_by_mailbox_and_as_a_whole(store: Store, campaign: Campaign) -> None:
    await store.write(
        insert(
            ready(campaign, 1, status=TouchStatus.INTENT),
            ready(campaign, 2, status=TouchStatus.ON_WIRE, mailbox="x"),
            ready(campaign, 3),
            ready(campaign, 4, status=TouchStatus.UNKNOWN),
        )
    )
    assert await ids(store, lambda tx: tx.touches.in_flight()) == ["to_1", "to_2"]
    assert await ids(store, lambda tx: tx.touches.in_flight("x")) == ["to_2"]
    assert await ids(store, lambda tx: tx.touches.in_flight("y")) == []


async def test_planned_ones_wait_by_channel_soonest_first(store: Store, campaign: Campaign, other: Campaign) -> None:
    planned = {"status": TouchStatus.PLANNED}
    await store.write(
        insert(
            ready(campaign, 1, **planned),
            ready(campaign, 2, **planned, due_at=NOW - HOUR),
            ready(campaign, 3, **planned, channel="task", mailbox=None),
            ready(other, 4, **planned),
            ready(campaign, 5),
        )
    )
    assert await ids(store, lambda tx: tx.touches.planned(campaign.id, "email", 9)) == ["to_2", "to_1"]
    assert await ids(store, lambda tx: tx.touches.planned(campaign.id, "email", 1)) == ["to_2"]
    assert await ids(store, lambda tx: tx.touches.planned(campaign.id, "task", 9)) == ["to_3"]


async def test_approved_ones_come_by_when_they_are_ready(store: Store, campaign: Campaign, other: Campaign) -> None:
    await store.write(
        insert(
            ready(campaign, 1, ready_at=NOW - HOUR),
            ready(campaign, 2, ready_at=NOW - 2 * HOUR),
            ready(campaign, 3),
            ready(campaign, 4, ready_at=NOW - HOUR, status=TouchStatus.PLANNED),
            ready(campaign, 5, ready_at=NOW - HOUR, mailbox=None),
            ready(campaign, 7, due_at=NOW - HOUR, ready_at=None),
            ready(other, 6, ready_at=NOW - HOUR),
        )
    )
    assert await ids(store, lambda tx: tx.touches.approved(campaign.id, NOW, 9)) == ["to_2", "to_1"]
    assert await ids(store, lambda tx: tx.touches.approved(campaign.id, NOW, 1)) == ["to_2"]
    instants = await store.read(lambda tx: tx.touches.ready_instants(campaign.id, NOW - HOUR))
    assert instants == [NOW - HOUR, NOW]


async def test_first_mails_without_an_intent_are_bound_to_no_mailbox(
    store: Store, campaign: Campaign, other: Campaign
) -> None:
    await store.write(
        insert(
            ready(campaign, 1),
            ready(campaign, 2, status=TouchStatus.PLANNED, ready_at=None),
            ready(campaign, 3, follow_up=True),
            ready(campaign, 4, message_id="<4@acme.com>"),
            ready(campaign, 5, status=TouchStatus.DEFERRED),
            ready(campaign, 6, mailbox="x"),
            ready(campaign, 7, status=TouchStatus.SENT),
            ready(other, 8),
        )
    )
    assert await ids(store, lambda tx: tx.touches.unbound("sales", None, 9)) == ["to_1", "to_2", "to_8"]
    assert await ids(store, lambda tx: tx.touches.unbound("sales", TouchId("to_1"), 1)) == ["to_2"]
    assert await store.read(lambda tx: tx.touches.queued("sales")) == 6
    assert await store.read(lambda tx: tx.touches.queued("y")) == 0
    assert await store.read(lambda tx: tx.touches.waiting_mailboxes()) == ["sales", "x"]


async def test_a_lead_that_is_free_again_makes_its_touches_ready(store: Store, campaign: Campaign) -> None:
    waiting = ready(campaign, 1, ready_at=None)
    await store.write(insert(waiting, ready(campaign, 2, ready_at=None)))
    follow_up = ready(campaign, 3, lead_id=waiting.lead_id, step=2, status=TouchStatus.DEFERRED, ready_at=NOW + HOUR)
    planned = ready(campaign, 4, lead_id=waiting.lead_id, step=3, status=TouchStatus.PLANNED, ready_at=None)
    await store.write(lambda tx: [tx.touches.insert(touch) for touch in (follow_up, planned)])
    assert await store.write(lambda tx: tx.touches.rearm(waiting.lead_id, NOW - HOUR)) == 1
    rearmed = replace(waiting, ready_at=NOW - HOUR, version=2)
    assert await store.read(lambda tx: tx.touches.of_lead(waiting.lead_id)) == [rearmed, follow_up, planned]
    with pytest.raises(StaleWrite):
        await store.write(lambda tx: tx.touches.save(waiting, waiting))


async def test_a_touch_is_found_by_its_message(store: Store, campaign: Campaign) -> None:
    numbered = [ready(campaign, number, message_id=f"<{number}@acme.com>") for number in (1, 2)]
    await store.write(insert(*numbered, ready(campaign, 3)))
    found = await store.read(lambda tx: tx.touches.of_message("<2@acme.com>"))
    assert found is not None
    assert found.id == "to_2"
    assert await store.read(lambda tx: tx.touches.of_message("<9@acme.com>")) is None


@pytest.mark.parametrize(
    ("chosen", "numbers"),
    [
        (TouchFilter(), [5, 4, 3, 2, 1]),
        (TouchFilter(campaign_id=CampaignId(1)), [4, 3, 2, 1]),
        (TouchFilter(status=TouchStatus.UNKNOWN), [5, 2]),
        (TouchFilter(campaign_id=CampaignId(1), status=TouchStatus.UNKNOWN), [2]),
        (TouchFilter(lead_id=LeadId("ld_3")), [3]),
        (TouchFilter(lead_id=LeadId("ld_3"), status=TouchStatus.UNKNOWN), []),
        (TouchFilter(mailbox="x"), [5, 4]),
        (TouchFilter(mailbox="x", status=TouchStatus.UNKNOWN), [5]),
        (TouchFilter(channel="task"), [3]),
        (TouchFilter(channel="email", campaign_id=CampaignId(1), mailbox="sales"), [2, 1]),
    ],
)
async def test_a_list_of_touches_shows_what_was_chosen(
    store: Store, campaign: Campaign, other: Campaign, chosen: TouchFilter, numbers: list[int]
) -> None:
    await store.write(
        insert(
            ready(campaign, 1),
            ready(campaign, 2, status=TouchStatus.UNKNOWN),
            ready(campaign, 3, channel="task", mailbox=None),
            ready(campaign, 4, mailbox="x"),
            ready(other, 5, mailbox="x", status=TouchStatus.UNKNOWN),
        )
    )
    expected = [f"to_{number}" for number in numbers]
    assert await ids(store, lambda tx: tx.touches.page(EVERYTHING, chosen)) == expected
    assert await ids(store, lambda tx: tx.touches.page(Listing(limit=1), chosen)) == expected[:1]
    rest = [touch_id for touch_id in expected if touch_id < "to_4"]
    assert await ids(store, lambda tx: tx.touches.page(Listing(before="to_4"), chosen)) == rest


async def test_touches_are_counted_by_status_and_channel(store: Store, campaign: Campaign) -> None:
    planned = {"status": TouchStatus.PLANNED}
    await store.write(
        insert(ready(campaign, 1, **planned), ready(campaign, 2, **planned, channel="task"), ready(campaign, 3))
    )
    assert await store.read(lambda tx: tx.touches.count(TouchStatus.PLANNED)) == 2
    assert await store.read(lambda tx: tx.touches.count(TouchStatus.PLANNED, "task")) == 1
    assert await store.read(lambda tx: tx.touches.count(TouchStatus.UNKNOWN)) == 0


async def test_the_oldest_unknown_is_the_one_that_went_on_the_wire_first(store: Store, campaign: Campaign) -> None:
    assert await store.read(lambda tx: tx.touches.oldest_unknown()) is None
    unknown = {"status": TouchStatus.UNKNOWN}
    sent = ready(campaign, 3, status=TouchStatus.SENT, on_wire_at=NOW - 2 * HOUR)
    first = ready(campaign, 2, **unknown, on_wire_at=NOW - HOUR)
    await store.write(insert(ready(campaign, 1, **unknown, on_wire_at=NOW), first, sent))
    assert await store.read(lambda tx: tx.touches.oldest_unknown()) == NOW - HOUR


async def test_a_lead_whose_touch_was_on_the_wire_cannot_be_deleted(store: Store, campaign: Campaign) -> None:
    rejected = ready(campaign, 1, status=TouchStatus.REJECTED)
    await store.write(insert(rejected))
    refused = await store.write(lambda tx: tx.touches.save(rejected, replace(rejected, on_wire_at=NOW)))
    with pytest.raises(Exception, match="FOREIGN KEY"):
        await store.write(lambda tx: tx.leads.delete(lead_of(rejected)))
    assert await store.read(lambda tx: tx.touches.get(rejected.id)) == refused


async def by_day(store: Store, *campaigns: Campaign, days: int = 14) -> list[tuple[int, int, int, int]]:
    ends = [NOW + timedelta(days=place + 1) for place in range(days)]
    found = await store.read(lambda tx: tx.touches.due_by_day([each.id for each in campaigns], ends))
    return sorted((due.campaign_id, due.place, due.mails, due.follow_ups) for due in found)


async def test_mails_are_counted_by_the_day_on_which_they_are_due(
    store: Store, campaign: Campaign, other: Campaign
) -> None:
    day = timedelta(days=1)
    await store.write(
        insert(
            ready(campaign, 1, ready_at=NOW - 40 * day),
            ready(campaign, 2, ready_at=NOW + day - timedelta(microseconds=1), follow_up=True),
            ready(campaign, 3, ready_at=NOW + day, status=TouchStatus.DEFERRED),
            ready(campaign, 4, due_at=NOW + 14 * day - HOUR, ready_at=None, status=TouchStatus.PLANNED),
            ready(other, 5, ready_at=NOW),
        )
    )
    assert await by_day(store, campaign) == [(campaign.id, 0, 2, 1), (campaign.id, 1, 1, 0), (campaign.id, 13, 1, 0)]
    assert await by_day(store, campaign, other) == [*await by_day(store, campaign), (other.id, 0, 1, 0)]
    assert await by_day(store) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"status": TouchStatus.SENT},
        {"status": TouchStatus.CANCELLED},
        {"ready_at": None},
        {"ready_at": NOW + timedelta(days=14)},
        {"status": TouchStatus.PLANNED, "channel": "task", "mailbox": None},
        {"status": TouchStatus.PLANNED, "due_at": NOW + timedelta(days=14)},
    ],
    ids=str,
)
async def test_what_is_no_mail_to_come_is_counted_on_no_day(
    store: Store, campaign: Campaign, changes: dict[str, object]
) -> None:
    await store.write(insert(ready(campaign, 1, **changes)))
    assert await by_day(store, campaign) == []


async def test_the_next_mail_of_a_campaign_is_its_soonest_one(
    store: Store, campaign: Campaign, other: Campaign
) -> None:
    assert await store.read(lambda tx: tx.touches.next_of(campaign.id)) is None
    await store.write(
        insert(
            ready(campaign, 1, ready_at=NOW + HOUR),
            ready(campaign, 2, ready_at=NOW + 2 * HOUR),
            ready(campaign, 3, ready_at=None),
            ready(campaign, 4, status=TouchStatus.SENT),
            ready(other, 5),
        )
    )
    assert await store.read(lambda tx: tx.touches.next_of(campaign.id)) == NOW + HOUR


async def test_what_stands_still_is_counted_by_mailbox_and_reason(store: Store, campaign: Campaign) -> None:
    later = NOW + HOUR
    await store.write(
        insert(
            ready(campaign, 1),
            ready(campaign, 2, reason="window", ready_at=NOW - HOUR),
            ready(campaign, 3, mailbox="team"),
            ready(campaign, 4, reason="window", ready_at=later),
            ready(campaign, 5, reason="window", ready_at=later + HOUR),
            ready(campaign, 6, reason="450 busy", ready_at=later, status=TouchStatus.DEFERRED),
            ready(campaign, 7, reason="hold:operator", ready_at=None),
            ready(campaign, 8, ready_at=later),
        )
    )
    found = await store.read(lambda tx: tx.touches.standing_of(campaign.id, NOW))
    assert {(each.mailbox, each.reason, bool(each.is_ready), each.mails, each.first_at) for each in found} == {
        ("sales", None, True, 1, NOW),
        ("sales", "window", True, 1, NOW - HOUR),
        ("team", None, True, 1, NOW),
        ("sales", "window", False, 2, later),
        ("sales", "deferred", False, 1, later),
        ("sales", "hold:operator", False, 1, None),
    }


async def test_handovers_that_began_are_counted_by_mailbox_and_campaign(
    store: Store, campaign: Campaign, other: Campaign
) -> None:
    await store.write(
        insert(
            ready(campaign, 1, intent_at=NOW, status=TouchStatus.SENT),
            ready(campaign, 2, intent_at=NOW + HOUR, status=TouchStatus.UNKNOWN, follow_up=True),
            ready(campaign, 3, intent_at=NOW - HOUR, status=TouchStatus.SENT),
            ready(campaign, 4, intent_at=NOW, mailbox="team", status=TouchStatus.SENT),
            ready(other, 5, intent_at=NOW, status=TouchStatus.SENT),
            ready(campaign, 6),
        )
    )
    assert await store.read(lambda tx: tx.touches.begun_since(campaign.id, "sales", NOW)) == (2, 1)
    assert await store.read(lambda tx: tx.touches.begun_since(other.id, "team", NOW)) == (0, 0)


async def test_previews_are_counted_by_their_day(store: Store, campaign: Campaign, other: Campaign) -> None:
    day = timedelta(days=1)

    def preview(of: Campaign, number: int, at: datetime, step: int = 1) -> Preview:
        return Preview(of.id, LeadId(f"ld_{number}"), step, at, None, "", "")

    def unit(tx: Tx) -> None:
        for number in range(1, 6):
            tx.leads.insert(lead_of(ready(campaign, number)))
        for each in (
            preview(campaign, 1, NOW - timedelta(microseconds=1)),
            preview(campaign, 2, NOW),
            preview(campaign, 3, NOW + HOUR, step=2),
            preview(campaign, 4, NOW + 13 * day),
            preview(other, 5, NOW),
        ):
            tx.previews.put(each)

    await store.write(unit)
    ends = [NOW + (place + 1) * day for place in range(14)]
    found = await store.read(lambda tx: tx.previews.due_by_day([campaign.id], NOW, ends))
    assert sorted((due.place, due.mails, due.follow_ups) for due in found) == [(0, 2, 1), (13, 1, 0)]
