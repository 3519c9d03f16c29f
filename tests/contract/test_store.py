"""What every store promises of all that is no lead; leads, touches and previews have their own file."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

import anyio
import pytest

from camd.domain.campaign import (
    Campaign,
    CampaignStatus,
    Definition,
    SourceEntry,
    StatusChange,
    StatusReason,
    Step,
)
from camd.domain.events import Event, EventType
from camd.domain.facts import CampaignId, Facts, ImportId, LeadId, SuppressionId, TouchId, Verdict
from camd.domain.suppression import SuppressionKind, SuppressionReason
from camd.domain.token_bucket import QuotaScope
from camd.ports.providers import Cursor, Found
from camd.ports.records import (
    Crash,
    EventFilter,
    Import,
    Listing,
    SourceState,
    Suppression,
    SuppressionFilter,
    Switch,
)
from camd.ports.store import NameTaken, StaleWrite, Store, Tx

T = TypeVar("T")

NOW = datetime(2026, 3, 2, 9, 30, 0, 123_456, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVERYTHING = Listing(limit=500)


def status(kind: CampaignStatus = CampaignStatus.DRAFT, reason: StatusReason | None = None) -> StatusChange:
    return StatusChange(kind, reason, "os:ann", NOW, {"rate": 0.5}, "as asked")


async def test_a_campaign_is_read_as_it_was_written(store: Store) -> None:
    definition = Definition(
        "All of it",
        target_mrr=Decimal("1500.50"),
        sources=(SourceEntry("csv", {"path": "leads.csv", "map": {"Mail": "email"}}),),
        steps=(Step(1, "Hello", "Text"), Step(2, wait_days=Decimal("2.0001"))),
    )
    added = await store.write(lambda tx: tx.campaigns.add(definition, status()))
    changed = replace(added, first_live_at=NOW, next_cycle_at=NOW + HOUR, mutes={"loss_rate": 0.6}, updated_at=NOW)
    saved = await store.write(lambda tx: tx.campaigns.save(changed))
    assert saved == replace(changed, version=2)
    assert await store.read(lambda tx: tx.campaigns.get(added.id)) == saved
    assert await store.read(lambda tx: tx.campaigns.named("All of it")) == saved


@pytest.mark.parametrize("settings", [{"path": "/a"}, {"titles": ["CEO"]}, {"map": {"Mail": "email"}}])
async def test_what_one_reader_does_to_a_campaign_no_other_sees(store: Store, settings: dict[str, Any]) -> None:
    definition = Definition("Q9", sources=(SourceEntry("csv", settings),))
    added = await store.write(lambda tx: tx.campaigns.add(definition, status()))
    for ask in (store.read, store.write):
        found = await ask(lambda tx: tx.campaigns.get(added.id))
        assert found == added
        kept: Any = found.definition.sources[0].settings
        with suppress(TypeError):
            kept["path"] = "/b"
        for part in kept.values():
            with suppress(AttributeError):
                part.clear()
        assert await ask(lambda tx: tx.campaigns.get(added.id)) == added


async def test_a_campaign_changed_in_between_is_not_overwritten(store: Store, campaign: Campaign) -> None:
    await store.write(lambda tx: tx.campaigns.save(campaign))
    with pytest.raises(StaleWrite):
        await store.write(lambda tx: tx.campaigns.save(campaign))


async def test_a_name_is_free_again_once_its_campaign_is_archived(store: Store, campaign: Campaign) -> None:
    with pytest.raises(NameTaken):
        await store.write(lambda tx: tx.campaigns.add(Definition("Q1"), status()))
    await store.write(lambda tx: tx.campaigns.save(replace(campaign, status=status(CampaignStatus.ARCHIVED))))
    assert (await store.read(lambda tx: tx.campaigns.named("Q1")) or campaign).id == campaign.id
    second = await store.write(lambda tx: tx.campaigns.add(Definition("Q1"), status()))
    assert await store.read(lambda tx: tx.campaigns.named("Q1")) == second


async def test_a_campaign_cannot_be_renamed_to_a_name_in_use(store: Store, campaign: Campaign, other: Campaign) -> None:
    with pytest.raises(NameTaken):
        await store.write(lambda tx: tx.campaigns.save(replace(campaign, definition=other.definition)))


async def test_every_version_of_the_steps_is_kept(store: Store, campaign: Campaign) -> None:
    steps = (Step(1, "Hello", "Text"),)
    newer = replace(campaign, definition=replace(campaign.definition, steps=steps), steps_version=2)
    assert (await store.write(lambda tx: tx.campaigns.save(newer))).definition.steps == steps
    assert await store.read(lambda tx: tx.campaigns.steps(campaign.id, 1)) == ()
    assert await store.read(lambda tx: tx.campaigns.steps(campaign.id, 2)) == steps


async def test_steps_never_change_under_their_version(store: Store, campaign: Campaign) -> None:
    changed = replace(campaign, definition=replace(campaign.definition, steps=(Step(1, "Hello"),)))
    with pytest.raises(AssertionError, match="without a version"):
        await store.write(lambda tx: tx.campaigns.save(changed))


@pytest.mark.usefixtures("campaign")
async def test_only_active_campaigns_are_woken(store: Store, other: Campaign) -> None:
    active = await store.write(lambda tx: tx.campaigns.save(replace(other, status=status(CampaignStatus.ACTIVE))))
    assert await store.read(lambda tx: tx.campaigns.active()) == [(other.id, None)]
    await store.write(lambda tx: tx.campaigns.sleep_until(other.id, NOW + HOUR))
    assert await store.read(lambda tx: tx.campaigns.active()) == [(other.id, NOW + HOUR)]
    assert await store.read(lambda tx: tx.campaigns.get(other.id)) == replace(active, next_cycle_at=NOW + HOUR)
    by_status = await store.read(lambda tx: tx.campaigns.by_status())
    assert by_status == {CampaignStatus.DRAFT: 1, CampaignStatus.ACTIVE: 1}


async def test_campaigns_are_counted_by_why_they_are_paused(store: Store, campaign: Campaign) -> None:
    parked = replace(campaign, status=status(CampaignStatus.PAUSED, StatusReason.PARKED))
    await store.write(lambda tx: tx.campaigns.save(parked))
    assert await store.read(lambda tx: tx.campaigns.count_paused(StatusReason.PARKED)) == 1
    assert await store.read(lambda tx: tx.campaigns.count_paused(StatusReason.OPERATOR)) == 0


async def test_a_list_goes_on_after_its_last_row(store: Store, campaign: Campaign, other: Campaign) -> None:
    first = await store.read(lambda tx: tx.campaigns.page(Listing(limit=1)))
    rest = await store.read(lambda tx: tx.campaigns.page(Listing(limit=9, before=str(first[0].id))))
    assert [*first, *rest] == [other, campaign]
    drafts = await store.read(lambda tx: tx.campaigns.page(EVERYTHING, CampaignStatus.DRAFT))
    assert drafts == [other, campaign]
    assert await store.read(lambda tx: tx.campaigns.page(EVERYTHING, CampaignStatus.ACTIVE)) == []


async def test_crashes_are_kept_newest_first_until_they_are_forgotten(store: Store, campaign: Campaign) -> None:
    crashes = [Crash(campaign.id, NOW + n * HOUR, "boom", "lines", LeadId("ld_1")) for n in range(3)]
    for crash in crashes:
        await store.write(lambda tx, crash=crash: tx.campaigns.add_crash(crash))  # type: ignore[misc]
    assert await store.read(lambda tx: tx.campaigns.crashes(campaign.id, 2)) == [crashes[2], crashes[1]]
    await store.write(lambda tx: tx.campaigns.forget_crashes(NOW + 2 * HOUR))
    assert await store.read(lambda tx: tx.campaigns.crashes(campaign.id, 9)) == [crashes[2]]


async def test_a_check_and_its_debit_cannot_interleave(store: Store) -> None:
    cap = 7

    def debit_under_cap(tx: Tx) -> None:
        if tx.quotas.used(QuotaScope.CAMPAIGN, "1", NOW) < cap:
            tx.quotas.debit(QuotaScope.CAMPAIGN, "1", NOW, 1)

    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(store.write, debit_under_cap)
    assert await store.read(lambda tx: tx.quotas.used(QuotaScope.CAMPAIGN, "1", NOW)) == cap


async def test_buckets_are_kept_as_one_instant(store: Store) -> None:
    assert await store.read(lambda tx: tx.quotas.bucket("dns")) is None
    for at in (NOW, NOW + HOUR):
        await store.write(lambda tx, at=at: tx.quotas.set_bucket("dns", at))  # type: ignore[misc]
    assert await store.read(lambda tx: tx.quotas.bucket("dns")) == NOW + HOUR


async def test_debits_are_counted_and_listed_by_instant_with_their_refunds(store: Store) -> None:
    def debit(tx: Tx) -> None:
        tx.quotas.debit(QuotaScope.COMPANY, "acme.com", NOW - HOUR, 2)
        tx.quotas.debit(QuotaScope.COMPANY, "acme.com", NOW, 3)
        tx.quotas.debit(QuotaScope.COMPANY, "acme.com", NOW, -1)
        tx.quotas.debit(QuotaScope.COMPANY_NEW, "acme.com", NOW, 9)
        tx.quotas.debit(QuotaScope.COMPANY, "x.com", NOW, 9)

    def used(since: datetime) -> Callable[[Tx], int]:
        return lambda tx: tx.quotas.used(QuotaScope.COMPANY, "acme.com", since)

    await store.write(debit)
    assert await store.read(used(NOW - HOUR)) == 4
    assert await store.read(used(NOW)) == 2
    assert await store.read(used(NOW + HOUR)) == 0
    since = await store.read(lambda tx: tx.quotas.used_since(QuotaScope.COMPANY, "acme.com", NOW - HOUR))
    assert since == [(NOW - HOUR, 2), (NOW, 3), (NOW, -1)]


async def test_a_found_row_waits_once_until_it_is_removed(store: Store, campaign: Campaign, other: Campaign) -> None:
    found = [
        Found("1", Facts(email="ann@acme.com", tags=("hot",)), do_not_contact=True, verdict=Verdict.VALID),
        Found("2", Facts(first_name="Bo")),
    ]
    assert await store.write(lambda tx: tx.candidates.add(campaign.id, "csv", found)) == 2
    more = [*found, Found("3", Facts())]
    assert await store.write(lambda tx: tx.candidates.add(campaign.id, "csv", more)) == 1
    assert await store.write(lambda tx: tx.candidates.add(campaign.id, "csv", [])) == 0
    assert await store.write(lambda tx: tx.candidates.add(campaign.id, "hook", found)) == 2
    assert await store.write(lambda tx: tx.candidates.add(other.id, "csv", found)) == 2
    waiting = await store.read(lambda tx: tx.candidates.waiting(campaign.id, 2))
    expected = [(row.source_ref, row.facts, row.do_not_contact, row.verdict) for row in found]
    assert [(row.source_ref, row.facts, row.do_not_contact, row.verdict) for row in waiting] == expected
    await store.write(lambda tx: tx.candidates.remove([row.id for row in waiting]))
    rest = await store.read(lambda tx: tx.candidates.waiting(campaign.id, 9))
    assert [(row.source, row.source_ref) for row in rest] == [("csv", "3"), ("hook", "1"), ("hook", "2")]


async def test_a_source_goes_on_where_it_stood_until_it_is_forgotten(store: Store, campaign: Campaign) -> None:
    cursor: Cursor = {"page": 2, "token": "2", "done": False, "share": 0.5, "none": None}
    later, first = SourceState(1, "csv", None, False, 0), SourceState(0, "hook", cursor, False, 7)
    for state in (later, replace(first, found=1), first):
        await store.write(lambda tx, state=state: tx.sources.save(campaign.id, state))  # type: ignore[misc]
    assert await store.read(lambda tx: tx.sources.of(campaign.id)) == [first, later]
    await store.write(lambda tx: tx.sources.forget(campaign.id))
    assert await store.read(lambda tx: tx.sources.of(campaign.id)) == []


def suppression(number: int, reason: SuppressionReason = SuppressionReason.OPERATOR) -> Suppression:
    kind = SuppressionKind.ADDRESS
    return Suppression(SuppressionId(f"su_{number}"), kind, f"hash{number}", None, reason, "note", NOW, "os:ann")


async def test_a_suppression_stands_once_for_each_hash_and_covers_it(store: Store) -> None:
    one, two = suppression(1), suppression(2, SuppressionReason.OPTED_OUT)
    assert await store.write(lambda tx: tx.suppressions.add(one))
    assert await store.write(lambda tx: tx.suppressions.add(two))
    assert not await store.write(lambda tx: tx.suppressions.add(replace(one, id=SuppressionId("su_9"))))
    assert await store.read(lambda tx: tx.suppressions.covering(["x", two.hash])) == two
    assert await store.read(lambda tx: tx.suppressions.covering(["x"])) is None
    assert await store.read(lambda tx: tx.suppressions.covering([])) is None
    assert await store.read(lambda tx: tx.suppressions.page(EVERYTHING)) == [two, one]
    assert await store.read(lambda tx: tx.suppressions.page(Listing(before=two.id))) == [one]
    opted_out = SuppressionFilter(SuppressionReason.OPTED_OUT)
    assert await store.read(lambda tx: tx.suppressions.page(EVERYTHING, opted_out)) == [two]
    await store.write(lambda tx: tx.suppressions.remove(two.id))
    assert await store.read(lambda tx: tx.suppressions.get(two.id)) is None
    assert await store.read(lambda tx: tx.suppressions.get(one.id)) == one


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        (SuppressionFilter(part="firm"), ["su_2", "su_1"]),
        (SuppressionFilter(part="n@f"), ["su_1"]),
        (SuppressionFilter(part="%"), []),
        (SuppressionFilter(part="_"), ["su_4"]),
        (SuppressionFilter(part="nobody"), []),
        (SuppressionFilter(part="erased", hashes=("hash3",)), ["su_3"]),
        (SuppressionFilter(SuppressionReason.OPTED_OUT, "firm"), ["su_2"]),
        (SuppressionFilter(SuppressionReason.OPTED_OUT, "firm", ("hash3",)), ["su_2"]),
    ],
    ids=repr,
)
async def test_suppressions_are_found_by_a_part_of_what_is_kept_or_by_their_hash(
    store: Store, chosen: SuppressionFilter, found: list[str]
) -> None:
    kept = (
        replace(suppression(1), value="Ann@Firm.example"),
        replace(suppression(2, SuppressionReason.OPTED_OUT), value="firm.example"),
        suppression(3),
        replace(suppression(4), value="a_b@other.example"),
    )
    for each in kept:
        await store.write(partial(_added, each))
    page = await store.read(lambda tx: tx.suppressions.page(EVERYTHING, chosen))
    assert [each.id for each in page] == found


def _added(each: Suppression, tx: Tx) -> None:
    assert tx.suppressions.add(each)


async def test_an_import_is_unfinished_until_it_is_finished_or_undone(
    store: Store, campaign: Campaign, other: Campaign
) -> None:
    first, second = (Import(ImportId(f"im_{n}"), campaign.id, None, 5, {"added": 3}, NOW, "os:ann") for n in (1, 2))
    third = replace(first, id=ImportId("im_3"), campaign_id=other.id)
    for brought in (first, second, third):
        await store.write(lambda tx, brought=brought: tx.imports.add(brought))  # type: ignore[misc]
    assert await store.read(lambda tx: tx.imports.unfinished()) == [first, second, third]
    finished, undone = replace(first, finished_at=NOW, counts={"added": 4}), replace(second, undone_at=NOW)
    await store.write(lambda tx: tx.imports.save(finished))
    await store.write(lambda tx: tx.imports.save(undone))
    assert await store.read(lambda tx: tx.imports.unfinished()) == [third]
    assert await store.read(lambda tx: tx.imports.get(first.id)) == finished
    assert await store.read(lambda tx: tx.imports.page(EVERYTHING)) == [third, undone, finished]
    assert await store.read(lambda tx: tx.imports.page(Listing(before=second.id), campaign.id)) == [finished]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (EventFilter(), [1, 2, 3]),
        (EventFilter(campaign_id=CampaignId(1)), [1, 2]),
        (EventFilter(lead_id=LeadId("ld_1")), [2]),
        (EventFilter(campaign_id=CampaignId(2), lead_id=LeadId("ld_1")), []),
        (EventFilter(actor="engine"), [2, 3]),
        (EventFilter(type=EventType.LEAD_SCORED, campaign_id=CampaignId(1)), [2]),
        (EventFilter(since=NOW + HOUR), [3]),
    ],
)
async def test_the_ledger_is_read_in_the_order_of_its_commits(
    store: Store, chosen: EventFilter, expected: list[int]
) -> None:
    one, two = CampaignId(1), CampaignId(2)
    data = {"score": 0.5, "old": None, "reason": "0.5", "live": True, "count": 1}
    events = [
        Event(EventType.CAMPAIGN_CREATED, NOW, "os:ann", one),
        Event(EventType.LEAD_SCORED, NOW, "engine", one, LeadId("ld_1"), TouchId("to_1"), data),
        Event(EventType.LEAD_SCORED, NOW + HOUR, "engine", two, LeadId("ld_2")),
    ]
    for event in events:
        await store.write(lambda tx, event=event: tx.ledger.append(event))  # type: ignore[misc]
    rows = await store.read(lambda tx: tx.ledger.after(0, 9, chosen))
    assert [(row.seq, row.event) for row in rows] == [(seq, events[seq - 1]) for seq in expected]
    rest = await store.read(lambda tx: tx.ledger.after(1, 1, chosen))
    assert [row.seq for row in rest] == [seq for seq in expected if seq > 1][:1]


async def test_the_kill_switch_is_off_at_first_and_stays_as_it_was_set(store: Store) -> None:
    assert await store.read(lambda tx: tx.instance.kill_switch()) == Switch(False, None, None, None)
    switch = Switch(True, "wrong list", NOW, "os:ann")
    await store.write(lambda tx: tx.instance.set_kill_switch(switch))
    assert await store.read(lambda tx: tx.instance.kill_switch()) == switch


async def test_the_instance_has_a_key_of_32_bytes(store: Store) -> None:
    assert len(await store.read(lambda tx: tx.instance.key())) == 32
