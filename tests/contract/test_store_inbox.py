"""What every store promises of the messages that came in, of the folders they lay in and of the notices."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from camd.domain.campaign import Campaign
from camd.domain.events import Value
from camd.domain.facts import CampaignId, Facts, InboundId, LeadId, TouchId
from camd.domain.inbound import InboundClass
from camd.domain.lead import HoldReason, Lead, LeadState, LeadStatus
from camd.ports.records import (
    DeliveryFact,
    Effects,
    Inbound,
    InboundFilter,
    Listing,
    MatchedBy,
    Notice,
    NoticeKind,
    Touch,
    TouchStatus,
)
from camd.ports.store import StaleWrite, Store, Tx

NOW = datetime(2026, 3, 2, 9, 30, 0, 123_456, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EVERYTHING = Listing(limit=500)
OF_ANY_KIND = InboundFilter()
ANN = LeadId("ld_ann")
DATA: Mapping[str, Value] = {"class": "human_positive", "count": 2, "rate": 0.5, "is_late": True, "left": None}


def message(number: int, **changes: object) -> Inbound:
    """A neutral answer of Ann's, which arrived that many hours after NOW."""
    answer = Inbound(
        id=InboundId(f"in_{number}"),
        mailbox="sales",
        identity=f"identity {number}",
        kind=InboundClass.HUMAN_NEUTRAL,
        evidence="no rule",
        waiting=False,
        arrived_at=NOW + number * HOUR,
        created_at=NOW + number * HOUR,
        by="engine",
        lead_id=ANN,
        text="Let me think",
    )
    return replace(answer, **changes)  # type: ignore[arg-type]  # fields by name


WHOLE = message(
    1,
    waiting=True,
    campaign_id=CampaignId(7),
    touch_id=TouchId("to_1"),
    matched_by=MatchedBy.MESSAGE_ID,
    message_id="1@acme.com",
    sender_hash="hash of ann",
    sender="ann@acme.com",
    subject="Re: Hello",
    raw=b"From: \xff\x00\r\n",
    until=date(2026, 3, 9),
    note="asked for a call",
    effects=Effects(
        NOW, LeadStatus.REPLIED, ((LeadId("ld_bob"), HoldReason.COMPANY_REPLIED),), (DeliveryFact.HARD_BOUNCES,)
    ),
)


def add(*messages: Inbound) -> Callable[[Tx], None]:
    def unit(tx: Tx) -> None:
        for each in messages:
            assert tx.inbox.add(each)

    return unit


async def page(store: Store, listing: Listing = EVERYTHING, chosen: InboundFilter = OF_ANY_KIND) -> list[str]:
    return [each.id for each in await store.read(lambda tx: tx.inbox.page(listing, chosen))]


async def kept(store: Store, number: int) -> Inbound:
    found = await store.read(lambda tx: tx.inbox.get(InboundId(f"in_{number}")))
    assert found is not None
    return found


def is_emptied(found: Inbound) -> bool:
    return (found.sender, found.subject, found.text, found.note, found.raw) == (None,) * 5


async def test_a_message_is_read_as_it_was_written(store: Store) -> None:
    await store.write(add(WHOLE))
    assert await kept(store, 1) == WHOLE


async def test_a_message_that_nobody_wrote_is_none(store: Store) -> None:
    assert await store.read(lambda tx: tx.inbox.get(InboundId("in_1"))) is None


async def test_a_message_is_added_once_to_its_mailbox(store: Store) -> None:
    await store.write(add(message(1)))
    again = message(2, identity="identity 1", text="Other")
    assert not await store.write(lambda tx: tx.inbox.add(again))
    assert await page(store) == ["in_1"]


async def test_the_same_message_in_two_mailboxes_is_two(store: Store) -> None:
    await store.write(add(message(1), message(2, identity="identity 1", mailbox="other")))
    assert await page(store) == ["in_2", "in_1"]


async def test_a_message_is_known_by_its_mailbox_and_identity(store: Store) -> None:
    await store.write(add(message(1)))
    assert await store.read(lambda tx: tx.inbox.knows("sales", "identity 1"))
    assert not await store.read(lambda tx: tx.inbox.knows("other", "identity 1"))
    assert not await store.read(lambda tx: tx.inbox.knows("sales", "identity 2"))


async def test_a_saved_message_has_a_new_version(store: Store) -> None:
    await store.write(add(message(1, waiting=True)))
    after = message(1, waiting=False, kind=InboundClass.HUMAN_POSITIVE, note="a call", by="os:ann")
    saved = await store.write(lambda tx: tx.inbox.save(message(1, waiting=True), after))
    assert saved == replace(after, version=2) == await kept(store, 1)


async def test_a_message_saved_from_an_old_version_is_refused(store: Store) -> None:
    await store.write(add(message(1)))
    await store.write(lambda tx: tx.inbox.save(message(1), message(1, note="first")))
    with pytest.raises(StaleWrite, match="in_1"):
        await store.write(lambda tx: tx.inbox.save(message(1), message(1, note="second")))
    assert (await kept(store, 1)).note == "first"


async def test_a_message_keeps_what_it_is_known_by(store: Store) -> None:
    await store.write(add(message(1)))
    with pytest.raises(AssertionError, match="identity"):
        await store.write(lambda tx: tx.inbox.save(message(1), message(1, identity="other")))


async def test_a_page_of_messages_is_newest_first_and_goes_on_before_its_last(store: Store) -> None:
    await store.write(add(*(message(number) for number in range(1, 6))))
    assert await page(store, Listing(limit=2)) == ["in_5", "in_4"]
    assert await page(store, Listing(limit=2, before="in_4")) == ["in_3", "in_2"]


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        (InboundFilter(waiting=True), ["in_6", "in_2"]),
        (InboundFilter(waiting=False), ["in_5", "in_4", "in_3", "in_1"]),
        (InboundFilter(kind=InboundClass.OUT_OF_OFFICE), ["in_6", "in_3"]),
        (InboundFilter(campaign_id=CampaignId(7)), ["in_6", "in_4"]),
        (InboundFilter(lead_id=LeadId("ld_bob")), ["in_6", "in_5"]),
        (InboundFilter(mailbox="other"), ["in_6", "in_1"]),
        (InboundFilter(mailbox="other", waiting=False), ["in_1"]),
        (InboundFilter(kind=InboundClass.OUT_OF_OFFICE, waiting=True), ["in_6"]),
        (InboundFilter(campaign_id=CampaignId(7), lead_id=LeadId("ld_bob"), mailbox="other"), ["in_6"]),
        (InboundFilter(campaign_id=CampaignId(8)), []),
    ],
)
async def test_a_page_holds_the_messages_that_were_asked_for(
    store: Store, chosen: InboundFilter, found: list[str]
) -> None:
    out_of_office = InboundClass.OUT_OF_OFFICE
    bob = LeadId("ld_bob")
    odd = message(
        6, waiting=True, kind=out_of_office, campaign_id=CampaignId(7), lead_id=bob, mailbox="other", touch_id="to_6"
    )
    await store.write(
        add(
            message(1, mailbox="other"),
            message(2, waiting=True),
            message(3, kind=out_of_office),
            message(4, campaign_id=CampaignId(7)),
            message(5, lead_id=bob),
            odd,
        )
    )
    assert await page(store, chosen=chosen) == found


async def test_those_on_the_review_list_are_counted_and_the_first_of_them_dated(store: Store) -> None:
    assert await store.read(lambda tx: (tx.inbox.count_waiting(), tx.inbox.oldest_waiting())) == (0, None)
    late = message(2, waiting=True, arrived_at=NOW - DAY)
    await store.write(add(message(1), late, message(3, waiting=True)))
    assert await store.read(lambda tx: (tx.inbox.count_waiting(), tx.inbox.oldest_waiting())) == (2, late.created_at)
    await store.write(lambda tx: tx.inbox.save(late, replace(late, waiting=False)))
    assert await store.read(lambda tx: tx.inbox.count_waiting()) == 1


async def test_a_copy_of_ours_is_found_in_the_mailbox_that_sent_it(store: Store) -> None:
    await store.write(
        add(
            message(1, kind=InboundClass.OWN_COPY, message_id="1@acme.com", lead_id=None),
            message(2, message_id="2@acme.com"),
        )
    )
    assert await store.read(lambda tx: tx.inbox.has_own_copy("sales", "1@acme.com"))
    assert not await store.read(lambda tx: tx.inbox.has_own_copy("other", "1@acme.com"))
    assert not await store.read(lambda tx: tx.inbox.has_own_copy("sales", "2@acme.com"))


async def test_forgetting_a_person_empties_their_messages_and_those_of_their_address(store: Store) -> None:
    from_her = message(2, lead_id=None, sender_hash="hash of ann", subject="Hello again")
    of_others = message(3, lead_id=LeadId("ld_bob"), sender_hash="hash of bob")
    await store.write(add(WHOLE, from_her, of_others))
    assert await store.write(lambda tx: tx.inbox.forget_person(ANN, "hash of ann")) == 2
    assert is_emptied(await kept(store, 1))
    assert is_emptied(await kept(store, 2))
    assert await kept(store, 3) == of_others
    assert await store.write(lambda tx: tx.inbox.forget_person(ANN, "hash of ann")) == 0


async def test_a_person_without_an_address_is_forgotten_by_the_lead_alone(store: Store) -> None:
    unknown_sender = message(2, lead_id=None, sender_hash=None)
    await store.write(add(WHOLE, unknown_sender))
    assert await store.write(lambda tx: tx.inbox.forget_person(ANN, None)) == 1
    assert await kept(store, 2) == unknown_sender


async def test_an_emptied_message_keeps_its_class_and_whose_it_is(store: Store) -> None:
    await store.write(add(WHOLE))
    await store.write(lambda tx: tx.inbox.forget_person(ANN, None))
    silent = replace(WHOLE, sender=None, subject=None, text=None, note=None, raw=None)
    bare = replace(silent, evidence="forgotten", version=2)
    assert await kept(store, 1) == bare


async def test_who_read_a_message_before_it_was_emptied_cannot_write_it_back(store: Store) -> None:
    await store.write(add(WHOLE))
    await store.write(lambda tx: tx.inbox.forget_person(ANN, None))
    with pytest.raises(StaleWrite):
        await store.write(lambda tx: tx.inbox.save(WHOLE, replace(WHOLE, note="other")))


async def test_texts_are_forgotten_from_the_oldest_on_and_no_more_than_asked(store: Store) -> None:
    await store.write(add(*(message(number) for number in (3, 1, 2, 4))))
    assert await store.write(lambda tx: tx.inbox.forget_texts(NOW + 4 * HOUR, 2)) == 2
    assert [is_emptied(await kept(store, number)) for number in (1, 2, 3, 4)] == [True, True, False, False]
    assert await store.write(lambda tx: tx.inbox.forget_texts(NOW + 4 * HOUR, 2)) == 1
    assert await store.write(lambda tx: tx.inbox.forget_texts(NOW + 4 * HOUR, 2)) == 0
    assert not is_emptied(await kept(store, 4))


@pytest.mark.parametrize("part", ["sender", "subject", "text", "note", "raw"])
async def test_each_part_of_an_old_message_is_forgotten(store: Store, part: str) -> None:
    await store.write(add(message(1, **{"text": None, part: b"x" if part == "raw" else "x"})))
    assert await store.write(lambda tx: tx.inbox.forget_texts(NOW + DAY, 500)) == 1
    assert is_emptied(await kept(store, 1))


async def test_a_message_without_a_text_is_not_emptied_again(store: Store) -> None:
    await store.write(add(message(1, text=None)))
    assert await store.write(lambda tx: tx.inbox.forget_texts(NOW + DAY, 500)) == 0
    assert (await kept(store, 1)).version == 1


async def test_each_folder_has_its_position(store: Store) -> None:
    def unit(tx: Tx) -> None:
        tx.inbox.set_position("sales", "INBOX", "1:100")
        tx.inbox.set_position("sales", "Junk", "1:5")
        tx.inbox.set_position("other", "INBOX", "2:7")
        tx.inbox.set_position("sales", "INBOX", "1:101")

    await store.write(unit)
    assert await store.read(lambda tx: tx.inbox.position("sales", "INBOX")) == "1:101"
    assert await store.read(lambda tx: tx.inbox.position("sales", "Junk")) == "1:5"
    assert await store.read(lambda tx: tx.inbox.position("other", "INBOX")) == "2:7"
    assert await store.read(lambda tx: tx.inbox.position("other", "Junk")) is None


async def test_a_notice_is_read_as_it_was_written(store: Store) -> None:
    def unit(tx: Tx) -> None:
        tx.notices.add(
            NoticeKind.ANSWER,
            NOW,
            campaign_id=CampaignId(7),
            inbound_id=InboundId("in_1"),
            mailbox="sales",
            data=DATA,
        )

    await store.write(unit)
    [found] = await store.read(lambda tx: tx.notices.waiting(NoticeKind.ANSWER, 10))
    assert found == Notice(found.id, NoticeKind.ANSWER, NOW, CampaignId(7), InboundId("in_1"), "sales", DATA)


async def test_a_notice_may_concern_nothing_but_its_kind(store: Store) -> None:
    await store.write(lambda tx: tx.notices.add(NoticeKind.GATE_CLOSED, NOW))
    [found] = await store.read(lambda tx: tx.notices.waiting(NoticeKind.GATE_CLOSED, 10))
    assert found == Notice(found.id, NoticeKind.GATE_CLOSED, NOW)


def add_notices(*kinds: NoticeKind) -> Callable[[Tx], None]:
    def unit(tx: Tx) -> None:
        for number, kind in enumerate(kinds):
            tx.notices.add(kind, NOW + number * HOUR)

    return unit


async def test_notices_of_a_kind_wait_oldest_first(store: Store) -> None:
    await store.write(add_notices(NoticeKind.ANSWER, NoticeKind.MAILBOX, NoticeKind.ANSWER, NoticeKind.ANSWER))
    found = await store.read(lambda tx: tx.notices.waiting(NoticeKind.ANSWER, 2))
    assert [notice.at for notice in found] == [NOW, NOW + 2 * HOUR]
    assert await store.read(lambda tx: tx.notices.count_waiting()) == {NoticeKind.ANSWER: 3, NoticeKind.MAILBOX: 1}


async def test_what_was_told_waits_no_longer_and_is_remembered(store: Store) -> None:
    await store.write(add_notices(NoticeKind.ANSWER, NoticeKind.MAILBOX, NoticeKind.ANSWER, NoticeKind.ANSWER))
    told = (await store.read(lambda tx: tx.notices.waiting(NoticeKind.ANSWER, 2)))[-1]
    assert await store.read(lambda tx: tx.notices.last_told(NoticeKind.ANSWER)) is None
    await store.write(lambda tx: tx.notices.told(NoticeKind.ANSWER, told.id, NOW + DAY))
    assert await store.read(lambda tx: tx.notices.count_waiting()) == {NoticeKind.ANSWER: 1, NoticeKind.MAILBOX: 1}
    assert await store.read(lambda tx: tx.notices.last_told(NoticeKind.ANSWER)) == NOW + DAY
    assert await store.read(lambda tx: tx.notices.last_told(NoticeKind.MAILBOX)) is None
    await store.write(lambda tx: tx.notices.told(NoticeKind.ANSWER, told.id, NOW + 2 * DAY))
    assert await store.read(lambda tx: tx.notices.last_told(NoticeKind.ANSWER)) == NOW + 2 * DAY


async def test_a_notice_never_bears_the_number_of_one_that_was_told(store: Store) -> None:
    await store.write(add_notices(NoticeKind.ANSWER))
    [told] = await store.read(lambda tx: tx.notices.waiting(NoticeKind.ANSWER, 1))
    await store.write(lambda tx: tx.notices.told(NoticeKind.ANSWER, told.id, NOW))
    await store.write(add_notices(NoticeKind.ANSWER))
    [later] = await store.read(lambda tx: tx.notices.waiting(NoticeKind.ANSWER, 1))
    assert later.id > told.id


def lead(campaign: Campaign, name: str, email: str | None, status: LeadStatus, domain: str | None = None) -> Lead:
    facts = Facts(email=email, domain=domain)
    return Lead(LeadId(f"ld_{name}"), campaign.id, f"source:csv:{name}", LeadState(status), facts, NOW, NOW)


def insert_leads(*leads: Lead) -> Callable[[Tx], None]:
    def unit(tx: Tx) -> None:
        for each in leads:
            assert tx.leads.insert(each)

    return unit


async def at_company(store: Store, company: str) -> list[str]:
    return [each.id for each in await store.read(lambda tx: tx.leads.of_company(company))]


async def test_the_leads_of_a_company_are_found_in_every_campaign(
    store: Store, campaign: Campaign, other: Campaign
) -> None:
    await store.write(
        insert_leads(
            lead(campaign, "1", "ann@sales.acme.co.uk", LeadStatus.CONTACTED),
            lead(other, "2", "bob@acme.co.uk", LeadStatus.ENRICHED),
            lead(campaign, "3", "eve@gmail.com", LeadStatus.NEW, domain="acme.co.uk"),
            lead(campaign, "4", "joe@gmail.com", LeadStatus.NEW),
            lead(campaign, "5", "max@other.co.uk", LeadStatus.NEW, domain="acme.co.uk"),
            lead(campaign, "6", None, LeadStatus.NEW, domain="www.acme.co.uk"),
        )
    )
    assert await at_company(store, "acme.co.uk") == ["ld_1", "ld_2", "ld_3", "ld_6"]
    assert await at_company(store, "gmail.com") == []


@pytest.mark.parametrize("status", LeadStatus)
async def test_a_companys_leads_are_those_that_may_still_be_written_to(
    store: Store, campaign: Campaign, status: LeadStatus
) -> None:
    await store.write(insert_leads(lead(campaign, "1", "ann@acme.com", status)))
    is_open = status in {LeadStatus.NEW, LeadStatus.ENRICHED, LeadStatus.CONTACTED}
    assert await at_company(store, "acme.com") == (["ld_1"] if is_open else [])


async def test_a_lead_moves_to_another_company_with_its_facts(store: Store, campaign: Campaign) -> None:
    before = lead(campaign, "1", "ann@acme.com", LeadStatus.NEW)
    await store.write(insert_leads(before))
    await store.write(lambda tx: tx.leads.save(before, replace(before, facts=Facts(email="ann@other.com"))))
    assert await at_company(store, "acme.com") == []
    assert await at_company(store, "other.com") == ["ld_1"]


def touch(campaign: Campaign, number: int, **changes: object) -> Touch:
    """Sent through `sales` at NOW."""
    sent = Touch(
        id=TouchId(f"to_{number}"),
        campaign_id=campaign.id,
        lead_id=LeadId(f"ld_{number}"),
        step=1,
        channel="email",
        status=TouchStatus.SENT,
        due_at=NOW,
        mailbox="sales",
        subject="Hello",
        body="Text",
        settled_at=NOW,
    )
    return replace(sent, **changes)  # type: ignore[arg-type]  # fields by name


async def put(store: Store, campaign: Campaign, *touches: Touch) -> None:
    def unit(tx: Tx) -> None:
        for each in touches:
            number = each.lead_id.removeprefix("ld_")
            tx.leads.insert(lead(campaign, number, None, LeadStatus.CONTACTED))
            assert tx.touches.insert(each)

    await store.write(unit)


async def test_a_mailbox_first_had_a_mail_to_hand_over_at_its_earliest_intent(store: Store, campaign: Campaign) -> None:
    await put(
        store,
        campaign,
        touch(campaign, 1, intent_at=NOW + HOUR),
        touch(campaign, 2, intent_at=NOW),
        touch(campaign, 3, intent_at=None),
        touch(campaign, 4, intent_at=NOW - DAY, mailbox="other"),
    )
    assert await store.read(lambda tx: tx.touches.first_intent_at("sales")) == NOW
    assert await store.read(lambda tx: tx.touches.first_intent_at("none")) is None


async def test_the_unknown_touches_of_a_mailbox_are_its_own(store: Store, campaign: Campaign) -> None:
    unknown = TouchStatus.UNKNOWN
    await put(
        store,
        campaign,
        touch(campaign, 1, status=unknown),
        touch(campaign, 2),
        touch(campaign, 3, status=unknown, mailbox="other"),
        touch(campaign, 4, status=unknown),
    )
    assert [each.id for each in await store.read(lambda tx: tx.touches.unknown_of("sales"))] == ["to_1", "to_4"]


async def test_a_touch_that_was_passed_on_under_another_message_id_is_found_by_it(
    store: Store, campaign: Campaign
) -> None:
    passed_on = touch(campaign, 1, message_id="1@acme.com")
    await put(store, campaign, passed_on)
    await store.write(lambda tx: tx.touches.add_alias("alias@provider", passed_on.id))
    await store.write(lambda tx: tx.touches.add_alias("alias@provider", passed_on.id))
    assert await store.read(lambda tx: tx.touches.of_alias("alias@provider")) == passed_on
    assert await store.read(lambda tx: tx.touches.of_alias("1@acme.com")) is None


async def bodies(store: Store, *numbers: int) -> list[str | None]:
    def query(tx: Tx) -> list[str | None]:
        found = (tx.touches.get(TouchId(f"to_{number}")) for number in numbers)
        return [each.body for each in found if each]

    return await store.read(query)


async def test_bodies_are_forgotten_from_the_oldest_on_and_no_more_than_asked(store: Store, campaign: Campaign) -> None:
    touches = [touch(campaign, number, settled_at=NOW + number * HOUR) for number in (3, 1, 2, 4)]
    await put(store, campaign, *touches)
    assert await store.write(lambda tx: tx.touches.forget_texts(NOW + 4 * HOUR, 2)) == 2
    assert await bodies(store, 1, 2, 3, 4) == [None, None, "Text", "Text"]
    assert await store.write(lambda tx: tx.touches.forget_texts(NOW + 4 * HOUR, 2)) == 1
    assert await store.write(lambda tx: tx.touches.forget_texts(NOW + 4 * HOUR, 2)) == 0
    assert await bodies(store, 4) == ["Text"]


_MAY_STILL_GO = {
    TouchStatus.PLANNED,
    TouchStatus.APPROVED,
    TouchStatus.INTENT,
    TouchStatus.ON_WIRE,
    TouchStatus.DEFERRED,
    TouchStatus.UNKNOWN,
}


@pytest.mark.parametrize("status", TouchStatus)
async def test_a_touch_that_may_still_go_keeps_its_body(store: Store, campaign: Campaign, status: TouchStatus) -> None:
    await put(store, campaign, touch(campaign, 1, status=status))
    assert await store.write(lambda tx: tx.touches.forget_texts(NOW + DAY, 500)) == (status not in _MAY_STILL_GO)


async def test_a_touch_that_nothing_settled_is_as_old_as_its_plan(store: Store, campaign: Campaign) -> None:
    await put(store, campaign, touch(campaign, 1, status=TouchStatus.CANCELLED, settled_at=None))
    assert await store.write(lambda tx: tx.touches.forget_texts(NOW, 500)) == 0
    assert await store.write(lambda tx: tx.touches.forget_texts(NOW + HOUR, 500)) == 1


async def test_a_touch_whose_body_is_forgotten_keeps_the_rest_in_a_new_version(
    store: Store, campaign: Campaign
) -> None:
    await put(store, campaign, touch(campaign, 1))
    await store.write(lambda tx: tx.touches.forget_texts(NOW + DAY, 500))
    found = await store.read(lambda tx: tx.touches.get(TouchId("to_1")))
    assert found == touch(campaign, 1, body=None, version=2)
