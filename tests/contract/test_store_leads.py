"""What every store promises of leads, touches and previews."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import pytest

from camd.domain.campaign import (
    Campaign,
)
from camd.domain.contact import lead_key, linkedin_key, name_key
from camd.domain.facts import CampaignId, Facts, ImportId, LeadId, TouchId, Verdict
from camd.domain.lead import Action, Hold, HoldReason, Lead, LeadState, LeadStatus, LostReason
from camd.domain.suppression import SuppressionKind, keyed_hash
from camd.domain.tally import tally
from camd.ports.records import Identity, Import, LeadFilter, Listing, Preview, Touch, TouchStatus
from camd.ports.store import StaleWrite, Store, Tx

T = TypeVar("T")

NOW = datetime(2026, 3, 2, 9, 30, 0, 123_456, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = date(2026, 3, 2)
EVERYTHING = Listing(limit=500)


def lead_in(campaign: Campaign, number: int = 1, facts: Facts | None = None, **changes: object) -> Lead:
    facts = facts or Facts(email=f"ann{number}@acme{number}.com")
    lead = Lead(
        id=LeadId(f"ld_{number:04}"),
        campaign_id=campaign.id,
        key=lead_key(facts),
        state=LeadState(LeadStatus.NEW),
        facts=facts,
        created_at=NOW,
        updated_at=NOW,
        next_action=Action.ENRICH,
        next_action_at=NOW,
    )
    return replace(lead, **changes)  # type: ignore[arg-type]  # fields by name


def insert(*leads: Lead) -> Callable[[Tx], list[bool]]:
    return lambda tx: [tx.leads.insert(lead) for lead in leads]


async def ids(store: Store, query: Callable[[Tx], object]) -> list[str]:
    found = await store.read(query)
    assert isinstance(found, list)
    return [lead.id for lead in found]


async def assert_tallies_are_a_recount(store: Store, campaign: Campaign) -> None:
    leads = await store.read(lambda tx: tx.leads.page(campaign.id, EVERYTHING, LeadFilter()))
    recount = sum((Counter(tally(lead)) for lead in leads), Counter())
    assert await store.read(lambda tx: tx.leads.tallies(campaign.id)) == dict(recount)


async def test_a_unit_that_raises_leaves_nothing_behind(store: Store, campaign: Campaign) -> None:
    def unit(tx: Tx) -> None:
        tx.leads.insert(lead_in(campaign))
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(unit)
    assert await store.read(lambda tx: tx.leads.get(LeadId("ld_0001"))) is None
    assert await store.read(lambda tx: tx.leads.tallies(campaign.id)) == {}


async def test_a_query_cannot_write(store: Store, campaign: Campaign) -> None:
    with pytest.raises(Exception, match="readonly"):
        await store.read(lambda tx: tx.leads.insert(lead_in(campaign)))
    assert await store.read(lambda tx: tx.leads.get(LeadId("ld_0001"))) is None


async def test_a_lead_is_read_as_it_was_written(store: Store, campaign: Campaign) -> None:
    facts = Facts(
        email="Änn.Lee+x@Exämple.com",
        employee_count=12,
        tags=("hot", "Q1"),
        custom={"floor": "3"},
        expected_mrr=Decimal("99.95"),
        source="csv",
        source_ref="7",
    )
    brought = Import(ImportId("im_1"), campaign.id, "list.csv", 1, {}, NOW, "os:ann")
    lead = lead_in(
        campaign,
        facts=facts,
        state=LeadState(LeadStatus.LOST, LostReason.NO_REPLY, ever_enriched=True, ever_handed_over=True),
        verdict=Verdict.CATCH_ALL,
        verdict_evidence="mx: mail.example.com",
        score=0.1 + 0.2,
        enriched_at=NOW,
        holds=(Hold(HoldReason.OPERATOR, NOW, NOW + HOUR, "later"), Hold(HoldReason.POISON, NOW + HOUR)),
        steps_version=2,
        waits_for="window",
        won_mrr=Decimal("1200.10"),
        strikes=2,
        import_id=brought.id,
    )
    await store.write(lambda tx: tx.imports.add(brought))
    assert await store.write(insert(lead)) == [True]
    assert await store.read(lambda tx: tx.leads.get(lead.id)) == lead


async def test_the_same_key_enters_a_campaign_once(store: Store, campaign: Campaign, other: Campaign) -> None:
    facts = Facts(email="ann@acme.com")
    twin, elsewhere = lead_in(campaign, 2, facts), lead_in(other, 3, facts)
    assert await store.write(insert(lead_in(campaign, 1, facts), twin, elsewhere)) == [True, False, True]
    assert await ids(store, lambda tx: tx.leads.of_person("ann@acme.com")) == ["ld_0001", "ld_0003"]
    await assert_tallies_are_a_recount(store, campaign)


async def test_a_lead_changed_in_between_is_not_overwritten(store: Store, campaign: Campaign) -> None:
    lead = lead_in(campaign)
    await store.write(insert(lead))
    await store.write(lambda tx: tx.leads.save(lead, replace(lead, score=0.5)))
    with pytest.raises(StaleWrite):
        await store.write(lambda tx: tx.leads.save(lead, replace(lead, score=0.9)))
    with pytest.raises(StaleWrite):
        await store.write(lambda tx: tx.leads.delete(lead))
    assert (await store.read(lambda tx: tx.leads.get(lead.id)) or lead).score == 0.5


async def test_holds_come_change_and_go_with_their_lead(store: Store, campaign: Campaign) -> None:
    first = lead_in(campaign, holds=(Hold(HoldReason.OPERATOR, NOW), Hold(HoldReason.POISON, NOW + HOUR)))
    await store.write(insert(first))
    extended = replace(first.holds[0], until=NOW + HOUR)
    second = replace(first, holds=(extended, Hold(HoldReason.SEND_FAILED, NOW + 2 * HOUR)))
    saved = await store.write(lambda tx: tx.leads.save(first, second))
    assert await store.read(lambda tx: tx.leads.get(first.id)) == saved == replace(second, version=2)
    await assert_tallies_are_a_recount(store, campaign)


async def test_many_leads_come_each_with_its_own_holds(store: Store, campaign: Campaign) -> None:
    leads = [
        lead_in(campaign, number, holds=(Hold(HoldReason.OPERATOR, NOW, note=str(number)),)) for number in range(501)
    ]
    await store.write(insert(*leads))
    assert await store.read(lambda tx: tx.leads.due(campaign.id, Action.ENRICH, NOW, 1000)) == leads


async def test_tallies_follow_every_write_of_a_lead(store: Store, campaign: Campaign, other: Campaign) -> None:
    leads = [lead_in(campaign, number) for number in range(4)]
    won = replace(leads[0], state=LeadState(LeadStatus.WON, ever_handed_over=True), won_mrr=Decimal("10.50"))
    await store.write(insert(*leads, lead_in(other, 9)))
    await store.write(lambda tx: tx.leads.save(leads[0], won))
    await store.write(lambda tx: tx.leads.save(leads[1], replace(leads[1], waits_for="window")))
    await store.write(lambda tx: tx.leads.delete(leads[2]))
    await assert_tallies_are_a_recount(store, campaign)
    both = await store.read(lambda tx: tx.leads.tallies_of([campaign.id, other.id, CampaignId(77)]))
    assert both[other.id] == {"status:new": 1}
    assert both[CampaignId(77)] == {}
    everywhere = await store.read(lambda tx: tx.leads.all_tallies())
    assert everywhere["status:new"] == 3
    assert everywhere["won_cents"] == 1050


async def test_due_leads_come_earliest_first_and_none_before_its_instant(store: Store, campaign: Campaign) -> None:
    late, early, future, waiting = (lead_in(campaign, number) for number in range(4))
    early = replace(early, next_action_at=NOW - HOUR)
    future = replace(future, next_action_at=NOW + timedelta(microseconds=1))
    waiting = replace(waiting, next_action_at=None)
    scored = lead_in(campaign, 5, next_action=Action.SCORE)
    await store.write(insert(late, early, future, waiting, scored))
    assert await ids(store, lambda tx: tx.leads.due(campaign.id, Action.ENRICH, NOW, 9)) == [early.id, late.id]
    assert await ids(store, lambda tx: tx.leads.due(campaign.id, Action.ENRICH, NOW, 1)) == [early.id]


async def test_the_next_due_instant_is_the_earliest_of_all_actions(
    store: Store, campaign: Campaign, other: Campaign
) -> None:
    assert await store.read(lambda tx: tx.leads.next_due(campaign.id)) is None
    actions = [(Action.ENRICH, None), (Action.SCORE, NOW + HOUR), (Action.OUTREACH, NOW), (None, NOW - HOUR)]
    for number, (action, at) in enumerate(actions):
        await store.write(insert(lead_in(campaign, number, next_action=action, next_action_at=at)))
    await store.write(insert(lead_in(other, 9, next_action_at=NOW - HOUR)))
    assert await store.read(lambda tx: tx.leads.next_due(campaign.id)) == NOW


async def test_leads_woken_are_due_and_a_stale_sleeper_cannot_undo_it(store: Store, campaign: Campaign) -> None:
    asleep = lead_in(campaign, next_action=Action.OUTREACH, next_action_at=None)
    await store.write(insert(asleep, lead_in(campaign, 2)))
    assert await store.write(lambda tx: tx.leads.wake(campaign.id, Action.OUTREACH, NOW)) == 1
    with pytest.raises(StaleWrite):
        await store.write(lambda tx: tx.leads.save(asleep, asleep))
    assert await ids(store, lambda tx: tx.leads.due(campaign.id, Action.OUTREACH, NOW, 9)) == [asleep.id]


async def test_leads_can_be_woken_for_an_earlier_action(store: Store, campaign: Campaign) -> None:
    asleep = lead_in(campaign, next_action=Action.OUTREACH, next_action_at=None)
    await store.write(insert(asleep))
    await store.write(lambda tx: tx.leads.wake(campaign.id, Action.OUTREACH, NOW, then=Action.SCORE))
    assert await ids(store, lambda tx: tx.leads.due(campaign.id, Action.SCORE, NOW, 9)) == [asleep.id]


ANN = Facts(
    email="ann@acme.com",
    first_name="Ann",
    last_name="Lee",
    domain="acme.com",
    linkedin_url="https://www.linkedin.com/in/annlee",
    source="csv",
    source_ref="7",
)
ANN_BY_NAME = name_key("ann", "LEE", "www.acme.com")


@pytest.mark.parametrize(
    ("identity", "is_known"),
    [
        (Identity("address:x@y.com", source="csv", source_ref="7"), True),
        (Identity("address:x@y.com", source="crm", source_ref="7"), False),
        (Identity(lead_key(ANN)), True),
        (Identity("address:x@y.com", linkedin=linkedin_key("linkedin.com/in/AnnLee/")), True),
        (Identity("source:x:1", name=ANN_BY_NAME), True),
        (Identity("address:x@y.com", name=ANN_BY_NAME, has_address=True), False),
        (Identity("address:x@y.com"), False),
    ],
)
async def test_a_person_is_known_by_any_of_the_keys(
    store: Store, campaign: Campaign, other: Campaign, identity: Identity, is_known: bool
) -> None:
    await store.write(insert(lead_in(campaign, facts=ANN)))
    assert bool(await store.read(lambda tx: tx.leads.known(campaign.id, identity))) is is_known
    assert await store.read(lambda tx: tx.leads.known(other.id, identity)) is None


async def test_an_address_meets_the_same_name_that_has_none(store: Store, campaign: Campaign) -> None:
    await store.write(insert(lead_in(campaign, 1, facts=ANN), lead_in(campaign, 2, replace(ANN, email=None))))
    met = Identity("address:x@y.com", name=ANN_BY_NAME, has_address=True)
    assert getattr(await store.read(lambda tx: tx.leads.known(campaign.id, met)), "id", None) == "ld_0002"


async def test_a_source_reference_outranks_an_address(store: Store, campaign: Campaign) -> None:
    by_source, by_key = Facts(email="a@acme.com", source="csv", source_ref="1"), Facts(email="b@acme.com")
    await store.write(insert(lead_in(campaign, 2, by_source), lead_in(campaign, 1, by_key)))
    both = Identity(lead_key(by_key), source="csv", source_ref="1")
    assert getattr(await store.read(lambda tx: tx.leads.known(campaign.id, both)), "id", None) == "ld_0002"


async def test_a_domain_covers_the_hosts_under_it_and_no_other(store: Store, campaign: Campaign) -> None:
    hosts = ("acme.co.uk", "mail.acme.co.uk", "notacme.co.uk", "acme.com")
    leads = [lead_in(campaign, number, Facts(email=f"ann@{host}")) for number, host in enumerate(hosts)]
    await store.write(insert(*leads))
    assert await ids(store, lambda tx: tx.leads.of_domain("acme.co.uk")) == ["ld_0000", "ld_0001"]
    assert await ids(store, lambda tx: tx.leads.of_domain("mail.acme.co.uk")) == ["ld_0001"]


async def test_an_import_is_walked_in_batches_and_released_at_its_end(store: Store, campaign: Campaign) -> None:
    brought = Import(ImportId("im_1"), campaign.id, "list.csv", 3, {}, NOW, "os:ann")
    waiting = lead_in(campaign, import_id=brought.id, next_action=None, next_action_at=None, waits_for="import")
    leads = [replace(waiting, id=LeadId(f"ld_{number:04}"), key=f"source:csv:{number}") for number in range(3)]
    lost = replace(leads[2], state=LeadState(LeadStatus.LOST, LostReason.DO_NOT_CONTACT), waits_for=None)
    await store.write(lambda tx: tx.imports.add(brought))
    await store.write(insert(*leads))
    await store.write(lambda tx: tx.leads.save(leads[2], lost))
    assert await ids(store, lambda tx: tx.leads.of_import(brought.id, 2)) == ["ld_0000", "ld_0001"]
    assert await ids(store, lambda tx: tx.leads.of_import(brought.id, 2, leads[1].id)) == ["ld_0002"]
    assert await store.write(lambda tx: tx.leads.release_import(brought.id, Action.ENRICH, NOW)) == 2
    assert await store.write(lambda tx: tx.leads.release_import(brought.id, Action.ENRICH, NOW)) == 0
    assert await ids(store, lambda tx: tx.leads.due(campaign.id, Action.ENRICH, NOW, 9)) == ["ld_0000", "ld_0001"]
    await assert_tallies_are_a_recount(store, campaign)


@pytest.mark.parametrize(
    ("chosen", "numbers"),
    [
        (LeadFilter(), [4, 3, 2, 1]),
        (LeadFilter(status=LeadStatus.LOST), [2]),
        (LeadFilter(tag="HOT"), [3]),
        (LeadFilter(tag="ho%"), []),
        (LeadFilter(held=True), [4]),
        (LeadFilter(held=False, status=LeadStatus.NEW), [3, 1]),
        (LeadFilter(search="ann1@ACME1"), [1]),
        (LeadFilter(search="zoe"), [3]),
    ],
)
async def test_a_list_of_leads_shows_what_was_chosen(
    store: Store, campaign: Campaign, other: Campaign, chosen: LeadFilter, numbers: list[int]
) -> None:
    lost = lead_in(campaign, 2, state=LeadState(LeadStatus.LOST, LostReason.OPERATOR))
    tagged = lead_in(campaign, 3, Facts(email="b@x.com", first_name="Zoë", tags=("warm", "Hot")))
    held = lead_in(campaign, 4, holds=(Hold(HoldReason.OPERATOR, NOW),))
    await store.write(insert(lead_in(campaign, 1), lost, tagged, held, lead_in(other, 5)))
    expected = [f"ld_{number:04}" for number in numbers]
    assert await ids(store, lambda tx: tx.leads.page(campaign.id, EVERYTHING, chosen)) == expected
    everywhere = await ids(store, lambda tx: tx.leads.page(None, Listing(limit=9, before="ld_0005"), chosen))
    assert everywhere == expected


async def test_a_deleted_lead_takes_its_holds_preview_and_unsent_touches_along(
    store: Store, campaign: Campaign
) -> None:
    lead = lead_in(campaign, holds=(Hold(HoldReason.OPERATOR, NOW),))
    await store.write(insert(lead))
    await store.write(lambda tx: tx.touches.insert(touch_of(lead)))
    await store.write(lambda tx: tx.previews.put(preview_of(lead)))
    await store.write(lambda tx: tx.leads.delete(lead))
    assert await store.read(lambda tx: tx.leads.get(lead.id)) is None
    assert await store.read(lambda tx: tx.touches.of_lead(lead.id)) == []
    assert await store.read(lambda tx: tx.previews.of_lead(lead.id)) is None
    assert await store.read(lambda tx: tx.leads.tallies(campaign.id)) == {}


async def test_a_lead_that_was_written_to_cannot_be_deleted(store: Store, campaign: Campaign) -> None:
    lead = lead_in(campaign)
    await store.write(insert(lead))
    await store.write(lambda tx: tx.touches.insert(replace(touch_of(lead), status=TouchStatus.SENT)))
    with pytest.raises(Exception, match="FOREIGN KEY"):
        await store.write(lambda tx: tx.leads.delete(lead))
    assert await store.read(lambda tx: tx.leads.get(lead.id)) == lead


def touch_of(lead: Lead, step: int = 1) -> Touch:
    return Touch(
        TouchId(f"to_{lead.id}_{step}"),
        lead.campaign_id,
        lead.id,
        step,
        "email",
        TouchStatus.PLANNED,
        NOW,
        created_at=NOW,
    )


def preview_of(lead: Lead, due_at: datetime = NOW) -> Preview:
    return Preview(lead.campaign_id, lead.id, 1, due_at, "sales", "Hello", "Text")


async def test_a_step_is_planned_once_for_a_lead(store: Store, campaign: Campaign) -> None:
    lead = lead_in(campaign)
    first, second = touch_of(lead), touch_of(lead, 2)
    await store.write(insert(lead))
    assert await store.write(lambda tx: tx.touches.insert(second))
    assert await store.write(lambda tx: tx.touches.insert(first))
    assert not await store.write(lambda tx: tx.touches.insert(replace(first, id=TouchId("to_other"))))
    assert await store.read(lambda tx: tx.touches.of_lead(lead.id)) == [first, second]


async def test_a_touch_changed_in_between_is_not_overwritten(store: Store, campaign: Campaign) -> None:
    lead = lead_in(campaign)
    planned = touch_of(lead)
    await store.write(insert(lead))
    await store.write(lambda tx: tx.touches.insert(planned))
    sent = replace(planned, status=TouchStatus.SENT, sent_at=NOW, message_id="<1@acme.com>")
    saved = await store.write(lambda tx: tx.touches.save(planned, sent))
    assert await store.read(lambda tx: tx.touches.get(planned.id)) == saved == replace(sent, version=2)
    with pytest.raises(StaleWrite):
        await store.write(lambda tx: tx.touches.save(planned, replace(planned, status=TouchStatus.CANCELLED)))


async def test_a_lead_has_one_preview_and_the_soonest_come_first(store: Store, campaign: Campaign) -> None:
    leads = [lead_in(campaign, number) for number in range(3)]
    await store.write(insert(*leads))
    previews = [preview_of(lead, NOW - number * HOUR) for number, lead in enumerate(leads)]
    for preview in (*previews, replace(previews[0], subject="Better")):
        await store.write(lambda tx, preview=preview: tx.previews.put(preview))  # type: ignore[misc]
    assert await store.read(lambda tx: tx.previews.of_campaign(campaign.id, 2)) == [previews[2], previews[1]]
    assert await store.read(lambda tx: tx.previews.instants(campaign.id, NOW - HOUR)) == [
        (leads[1].id, NOW - HOUR),
        (leads[0].id, NOW),
    ]
    await store.write(lambda tx: tx.previews.drop_lead(leads[2].id))
    better = replace(previews[0], subject="Better")
    assert await store.read(lambda tx: tx.previews.of_campaign(campaign.id, 9)) == [previews[1], better]
    await store.write(lambda tx: tx.previews.drop_campaign(campaign.id))
    assert await store.read(lambda tx: tx.previews.of_campaign(campaign.id, 9)) == []


async def test_the_leads_of_every_campaign_are_found_by_the_keyed_hash_of_their_address(
    store: Store, campaign: Campaign, other: Campaign
) -> None:
    ann, bob = Facts(email="Ann+x@acme.com"), Facts(email="bob@acme.com")
    leads = [lead_in(campaign, 1, ann), lead_in(campaign, 2, bob), lead_in(other, 3, ann)]
    await store.write(insert(*leads))
    key = await store.read(lambda tx: tx.instance.key())
    hashes = [keyed_hash(key, SuppressionKind.ADDRESS, f"{name}@acme.com") for name in ("ann", "bob", "eve")]
    assert await ids(store, lambda tx: tx.leads.of_address_hash(hashes[0])) == ["ld_0001", "ld_0003"]
    await store.write(lambda tx: tx.leads.save(leads[0], replace(leads[0], facts=bob)))
    await store.write(lambda tx: tx.leads.save(leads[2], replace(leads[2], facts=Facts())))
    assert await ids(store, lambda tx: tx.leads.of_address_hash(hashes[0])) == []
    assert await ids(store, lambda tx: tx.leads.of_address_hash(hashes[1])) == ["ld_0001", "ld_0002"]
    assert await ids(store, lambda tx: tx.leads.of_address_hash(hashes[2])) == []


async def test_a_person_known_only_by_the_hash_of_an_address_is_found_by_the_address(
    store: Store, campaign: Campaign, other: Campaign
) -> None:
    key = await store.read(lambda tx: tx.instance.key())
    hashed = keyed_hash(key, SuppressionKind.ADDRESS, "ann@acme.com")
    placeholder = lead_in(campaign, 1, Facts(source="recovery", source_ref="1"), key=f"hash:{hashed}")
    await store.write(insert(placeholder))
    assert await ids(store, lambda tx: tx.leads.of_address_hash(hashed)) == ["ld_0001"]
    ann = Identity("address:ann@acme.com", has_address=True)
    assert await store.read(lambda tx: tx.leads.known(campaign.id, ann)) == placeholder
    assert await store.read(lambda tx: tx.leads.known(other.id, ann)) is None
    for nobody in (replace(ann, key="address:bob@acme.com"), replace(ann, has_address=False)):
        assert await store.read(lambda tx, nobody=nobody: tx.leads.known(campaign.id, nobody)) is None  # type: ignore[misc]
    named = lead_in(campaign, 2, Facts(email="ann@acme.com"))
    await store.write(insert(named))
    assert await store.read(lambda tx: tx.leads.known(campaign.id, ann)) == named
