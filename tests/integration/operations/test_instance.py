"""Suppressions, switches, status, events and runs, over the real store."""

from dataclasses import replace
from io import BytesIO

import anyio
import pytest

from camd.domain.campaign import CampaignStatus, Verb
from camd.domain.events import EventType
from camd.domain.facts import CampaignId
from camd.domain.lead import LeadStatus, LostReason
from camd.domain.suppression import SuppressionKind, SuppressionReason
from camd.operations import campaign_status, campaigns, events, leads, runs, status, suppressions, switches
from camd.operations.desk import Desk
from camd.operations.errors import Conflict, NotFound, Unprocessable
from camd.operations.registry import REMEMBERED, Registry, Run
from camd.pipeline.send_gate import GateReason
from camd.ports.records import EventFilter
from camd.schema.definition import CampaignBody
from camd.schema.lead import LeadBody
from camd.schema.report import CycleReport
from camd.schema.status import KillSwitchBody
from camd.schema.suppression import SuppressionBody

ANN = "os:ann"


async def make_campaign(desk: Desk, name: str = "Q1") -> CampaignId:
    return CampaignId((await campaigns.create(desk, CampaignBody(name=name), actor=ANN)).id)


async def test_a_suppressed_domain_loses_its_leads_in_every_campaign(desk: Desk) -> None:
    for name in ("Q1", "Q2"):
        await make_campaign(desk, name)
        await leads.add(desk, name, LeadBody(email="ann@mail.firm.example"), actor=ANN)
    added = await suppressions.add(desk, SuppressionBody(value="@Firm.example", note="asked by phone"), actor=ANN)
    again = await suppressions.add(desk, SuppressionBody(value="firm.example"), actor="os:bob")
    assert (added.created, again.created, again.suppression) == (True, False, added.suppression)
    assert (added.suppression.kind, added.suppression.value) == (SuppressionKind.DOMAIN, "firm.example")
    counted = (await status.status(desk)).leads
    assert (counted[LeadStatus.LOST], counted[LeadStatus.NEW]) == (2, 0)
    event = (await events.page(desk, EventFilter(type=EventType.LEAD_LOST))).items[0]
    assert event.data["reason"] == LostReason.DO_NOT_CONTACT


async def test_a_suppression_that_is_neither_address_nor_domain_names_the_field(desk: Desk) -> None:
    with pytest.raises(Unprocessable) as refused:
        await suppressions.add(desk, SuppressionBody(value="two words"), actor=ANN)
    assert [problem.field for problem in refused.value.fields] == ["value"]


async def test_a_removed_suppression_is_gone_and_stands_in_the_ledger(desk: Desk) -> None:
    added = await suppressions.add(desk, SuppressionBody(value="ann@firm.example"), actor=ANN)
    await suppressions.remove(desk, added.suppression.id, actor="os:bob")
    assert (await suppressions.page(desk)).items == []
    [event] = (await events.page(desk, EventFilter(type=EventType.SUPPRESSION_REMOVED))).items
    assert (event.actor, event.data["suppression_id"]) == ("os:bob", added.suppression.id)
    with pytest.raises(NotFound):
        await suppressions.remove(desk, added.suppression.id, actor=ANN)


@pytest.mark.parametrize("search", ["ann", "FIRM", " ann@firm ", "ann@firm.example"])
async def test_a_suppression_is_found_by_a_part_of_its_value(desk: Desk, search: str) -> None:
    await suppressions.add(desk, SuppressionBody(value="Ann@Firm.example"), actor=ANN)
    await suppressions.add(desk, SuppressionBody(value="other.example"), actor=ANN)
    found = await suppressions.page(desk, search=search)
    assert [one.value for one in found.items] == ["ann@firm.example"]


@pytest.mark.parametrize(("search", "found"), [("ANN@firm.example", 1), ("ann@", 0), ("firm.example", 0), ("  ", 2)])
async def test_a_suppression_of_which_only_the_hash_is_kept_is_found_by_the_whole_value(
    desk: Desk, search: str, found: int
) -> None:
    erased = SuppressionBody(value="ann@firm.example", reason=SuppressionReason.ERASED)
    await suppressions.add(desk, erased, actor=ANN)
    await suppressions.add(desk, SuppressionBody(value="other.example"), actor=ANN)
    assert len((await suppressions.page(desk, search=search)).items) == found


async def test_a_file_of_suppressions_names_its_bad_lines_and_repeats_without_effect(desk: Desk) -> None:
    text = "\ufeffEmail;Name\nann@firm.example;Ann\n\nnonsense here\nbob.example\nANN+x@firm.example\n"
    first = await suppressions.import_csv(desk, BytesIO(text.encode()), actor=ANN)
    again = await suppressions.import_csv(desk, BytesIO(text.encode()), actor=ANN)
    assert (first.rows, first.added, first.known, [bad.line for bad in first.rejected]) == (4, 2, 1, [4])
    assert (again.added, again.known) == (0, 3)
    assert {one.reason for one in (await suppressions.page(desk)).items} == {SuppressionReason.OPERATOR}


async def test_the_kill_switch_says_who_and_when_and_is_not_thrown_twice(desk: Desk) -> None:
    on = await switches.set_kill_switch(desk, KillSwitchBody(on=True, reason="wrong list"), actor=ANN)
    again = await switches.set_kill_switch(desk, KillSwitchBody(on=True, reason="other"), actor="os:bob")
    assert again == on == await switches.kill_switch(desk)
    assert (on.on, on.reason, on.by, on.since) == (True, "wrong list", ANN, desk.now())
    off = await switches.set_kill_switch(desk, KillSwitchBody(on=False), actor="os:bob")
    assert (off.on, off.by) == (False, "os:bob")
    types = [event.type for event in (await events.page(desk, EventFilter())).items]
    assert types == [EventType.KILLSWITCH_ON, EventType.KILLSWITCH_OFF]


async def test_a_person_opens_the_gate(desk: Desk) -> None:
    assert switches.gate(desk).open
    desk.context.gate.close(GateReason.COMMON_CAUSE)
    closed = switches.gate(desk)
    assert (closed.open, closed.reason, closed.since) == (False, "common_cause", desk.now())
    assert switches.open_gate(desk).open


async def test_status_counts_campaigns_and_leads_in_every_status(desk: Desk) -> None:
    await make_campaign(desk)
    await leads.add(desk, "Q1", LeadBody(email="ann@firm.example"), actor=ANN)
    told = await status.status(desk)
    assert (told.ready, told.dry_run, told.gate.open, told.recovery.hold) == (True, True, True, False)
    assert told.campaigns == dict.fromkeys(CampaignStatus, 0) | {CampaignStatus.DRAFT: 1}
    assert told.leads[LeadStatus.NEW] == 1
    assert [(one.name, one.roles) for one in told.providers] == [("csv", ["source"]), ("dns", ["verifier"])]


async def test_events_ascend_and_go_on_after_the_last_one(desk: Desk) -> None:
    for name in ("A1", "A2", "A3"):
        await make_campaign(desk, name)
    first = await events.page(desk, EventFilter(), limit=2)
    rest = await events.page(desk, EventFilter(), after=first.next or 0)
    assert [event.campaign_id for event in (*first.items, *rest.items)] == [1, 2, 3]
    assert (await events.page(desk, EventFilter(), after=rest.next or 0)).next is None
    only = await events.page(desk, EventFilter(campaign_id=CampaignId(2)))
    assert [event.campaign_id for event in only.items] == [2]


async def test_a_run_tells_its_reports_when_it_is_done(desk: Desk) -> None:
    await make_campaign(desk, "A1")
    await make_campaign(desk, "A2")
    await make_campaign(desk, "A3")
    await campaign_status.move(desk, "A2", Verb.ARCHIVE, actor=ANN)
    async with anyio.create_task_group() as tasks:
        at_work = replace(desk, tasks=tasks)
        run = await runs.run_all(at_work, dry=True)
        assert runs.view(run).reports is None
        await run.wait()
        told = runs.view(runs.get(at_work, run.id))
    assert told.reports is not None
    assert [(report.campaign_name, report.dry_run) for report in told.reports] == [("A1", True), ("A3", True)]
    with pytest.raises(NotFound):
        runs.get(desk, "ru_none")


async def test_a_cycle_of_an_archived_campaign_is_a_conflict(desk: Desk) -> None:
    await make_campaign(desk)
    await campaign_status.move(desk, "Q1", Verb.ARCHIVE, actor=ANN)
    with pytest.raises(Conflict):
        await runs.run_cycle(desk, "Q1", dry=True)


async def test_a_crash_in_one_cycle_is_told_and_ends_no_other(desk: Desk) -> None:
    first = await make_campaign(desk, "A1")
    await make_campaign(desk, "A2")

    async def crashing(campaign_id: CampaignId, dry: bool) -> CycleReport:
        if campaign_id == first:
            raise ZeroDivisionError
        return await desk.run(campaign_id, dry)

    async with anyio.create_task_group() as tasks:
        run = await runs.run_all(replace(desk, run=crashing, tasks=tasks), dry=True)
        await run.wait()
    assert run.reports is not None
    assert [[error.message for error in report.errors] for report in run.reports] == [["ZeroDivisionError"], []]


def test_the_registry_forgets_the_oldest_finished_runs_alone(desk: Desk) -> None:
    registry, now = Registry(), desk.now()
    going_on = Run("ru_first", (), True, answers_one=False, started_at=now)
    registry.add(going_on)
    for number in range(REMEMBERED + 5):
        run = Run(f"ru_{number}", (), True, answers_one=False, started_at=now)
        registry.add(run)
        run.end(now)
    assert registry.get("ru_first") is going_on
    assert registry.get("ru_0") is None
    assert registry.get(f"ru_{REMEMBERED + 4}") is not None
