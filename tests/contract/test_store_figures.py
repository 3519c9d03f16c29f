"""What every store promises of a campaign's days, and of answers that are kept for a day."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from camd.domain.campaign import Campaign, CampaignStatus, Definition, StatusChange
from camd.domain.day_facts import DayFact
from camd.domain.events import Event, EventType
from camd.ports.answer_store import KEPT_FOR, KeptAnswer
from camd.ports.records import DeliveryFact, DeliveryScope
from camd.ports.store import Store, Tx

EVENING = datetime(2026, 3, 2, 20, tzinfo=UTC)
ANSWER = KeptAnswer("a" * 64, "f" * 64, 201, "/leads/1", b"{}", True, EVENING)
SHORT = timedelta(microseconds=1)


async def test_the_ledger_counts_on_the_campaign_s_local_day(store: Store) -> None:
    draft = StatusChange(CampaignStatus.DRAFT, None, "os:ann", EVENING)

    def unit(tx: Tx) -> Campaign:
        campaign = tx.campaigns.add(Definition("Far", timezone="Asia/Tokyo"), draft)
        for at in (EVENING - timedelta(hours=6), EVENING, EVENING):
            tx.ledger.append(Event(EventType.LEAD_QUALIFIED, at, "os:ann", campaign.id))
        return campaign

    campaign = await store.write(unit)
    found = await store.read(lambda tx: tx.days.since(campaign.id, date(2026, 3, 1)))
    none = dict.fromkeys(DayFact, 0)
    assert list(found) == [
        (date(2026, 3, 2), none | {DayFact.QUALIFIED: 1}),
        (date(2026, 3, 3), none | {DayFact.QUALIFIED: 2}),
    ]
    assert len(await store.read(lambda tx: tx.days.since(campaign.id, date(2026, 3, 3)))) == 1


async def test_where_the_zone_is_lost_the_days_are_those_of_utc(store: Store) -> None:
    draft = StatusChange(CampaignStatus.DRAFT, None, "os:ann", EVENING)

    def unit(tx: Tx) -> Campaign:
        campaign = tx.campaigns.add(Definition("Gone", timezone="Europe/Atlantis"), draft)
        tx.ledger.append(Event(EventType.LEAD_WON, EVENING, "os:ann", campaign.id))
        return campaign

    campaign = await store.write(unit)
    [(day, _)] = await store.read(lambda tx: tx.days.since(campaign.id, date(2026, 3, 1)))
    assert day == date(2026, 3, 2)


async def test_an_event_that_is_undone_counts_for_nothing(store: Store, campaign: Campaign) -> None:
    def unit(tx: Tx) -> None:
        tx.ledger.append(Event(EventType.LEAD_WON, EVENING, "os:ann", campaign.id))
        raise RuntimeError("undone")

    with pytest.raises(RuntimeError):
        await store.write(unit)
    assert await store.read(lambda tx: tx.days.since(campaign.id, date(2026, 1, 1))) == []


async def test_the_days_of_a_campaign_are_its_own(store: Store, campaign: Campaign, other: Campaign) -> None:
    await store.write(lambda tx: tx.days.add(campaign.id, date(2026, 3, 2), {DayFact.ANSWERS: 2}))
    await store.write(lambda tx: tx.days.add(campaign.id, date(2026, 3, 2), {DayFact.ANSWERS: -1, DayFact.WON: 1}))
    [(_, amounts)] = await store.read(lambda tx: tx.days.since(campaign.id, date(2026, 3, 2)))
    assert (amounts[DayFact.ANSWERS], amounts[DayFact.WON]) == (1, 1)
    assert await store.read(lambda tx: tx.days.since(other.id, date(2026, 3, 2))) == []


async def test_what_became_of_mails_is_told_by_day(store: Store) -> None:
    campaign = DeliveryScope.CAMPAIGN

    def unit(tx: Tx) -> None:
        for day in (1, 3, 3):
            tx.deliveries.add(campaign, "1", date(2026, 3, day), DeliveryFact.SENT)
        tx.deliveries.add(campaign, "2", date(2026, 3, 3), DeliveryFact.SENT)

    await store.write(unit)
    found = await store.read(lambda tx: tx.deliveries.days(campaign, "1", date(2026, 3, 1)))
    assert [(day, amounts[DeliveryFact.SENT]) for day, amounts in found] == [
        (date(2026, 3, 1), 1),
        (date(2026, 3, 3), 2),
    ]


async def test_an_answer_is_kept_for_a_day(store: Store) -> None:
    await store.write(lambda tx: tx.answers.add(ANSWER))
    assert await store.read(lambda tx: tx.answers.get(ANSWER.id, EVENING + KEPT_FOR - SHORT)) == ANSWER
    assert await store.read(lambda tx: tx.answers.get(ANSWER.id, EVENING + KEPT_FOR)) is None
    assert await store.read(lambda tx: tx.answers.get("b", EVENING)) is None


async def test_the_next_answer_forgets_what_is_too_old(store: Store) -> None:
    await store.write(lambda tx: tx.answers.add(ANSWER))
    await store.write(lambda tx: tx.answers.add(replace(ANSWER, id="b", at=EVENING + KEPT_FOR)))
    assert await store.read(lambda tx: tx.answers.get(ANSWER.id, EVENING)) is None
    await store.write(lambda tx: tx.answers.add(replace(ANSWER, at=EVENING + KEPT_FOR)))
    assert await store.read(lambda tx: tx.answers.get("b", EVENING + KEPT_FOR)) is not None


async def test_answers_about_people_are_forgotten_alone(store: Store) -> None:
    for answer in (ANSWER, replace(ANSWER, id="b", is_personal=False)):
        await store.write(lambda tx, answer=answer: tx.answers.add(answer))  # type: ignore[misc]  # bound at once
    assert await store.write(lambda tx: tx.answers.forget_personal()) == 1
    assert await store.read(lambda tx: tx.answers.get(ANSWER.id, EVENING)) is None
    assert await store.read(lambda tx: tx.answers.get("b", EVENING)) is not None


async def test_the_days_of_all_campaigns_are_summed(store: Store, campaign: Campaign, other: Campaign) -> None:
    first, second = date(2026, 3, 2), date(2026, 3, 3)

    def unit(tx: Tx) -> None:
        for each, day, number in (
            (campaign, first, 1),
            (other, first, 2),
            (other, second, 4),
            (other, date(2026, 3, 1), 8),
        ):
            tx.days.add(each.id, day, {DayFact.WON: number})
            tx.deliveries.add(DeliveryScope.CAMPAIGN, str(each.id), day, DeliveryFact.SENT, number)
        tx.deliveries.add(DeliveryScope.MAILBOX, str(campaign.id), first, DeliveryFact.SENT, 99)

    await store.write(unit)
    days = await store.read(lambda tx: tx.days.since_of_all(first))
    mails = await store.read(lambda tx: tx.deliveries.days_of_all(first))
    assert [(day, facts[DayFact.WON], facts[DayFact.LOST]) for day, facts in days] == [(first, 3, 0), (second, 4, 0)]
    assert [(day, facts[DeliveryFact.SENT]) for day, facts in mails] == [(first, 3), (second, 4)]
