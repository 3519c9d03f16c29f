"""What a person does with leads, over the real store."""

from datetime import timedelta
from decimal import Decimal

import pytest

from camd.domain.campaign import Verb
from camd.domain.events import EventType
from camd.domain.facts import CampaignId, LeadId, TouchId, Verdict
from camd.domain.lead import Action, HoldReason, Lead, LeadStatus, LostReason, TouchAccepted
from camd.domain.suppression import SuppressionReason
from camd.operations import campaign_status, campaigns, erasure, events, lead_export, lead_moves, leads, suppressions
from camd.operations.desk import Desk, find_lead
from camd.operations.errors import Conflict, NotFound, Unprocessable
from camd.pipeline import record
from camd.ports.records import EventFilter, LeadFilter, Touch, TouchStatus
from camd.ports.store import Tx
from camd.schema.definition import CampaignBody, CampaignPatch
from camd.schema.lead import HoldBody, LeadBody, LeadPatch, LostBody, NoteBody, ReleaseBody, WonBody
from camd.schema.lead import Lead as LeadView
from camd.schema.suppression import SuppressionBody

ANN = "os:ann"
BOB = "bob@firm.example"


async def make_campaign(desk: Desk, name: str = "Q1", **more: object) -> CampaignId:
    steps = [{"subject": "Hello {{ first_name }}", "body": "A word?"}]
    body = CampaignBody.model_validate({"name": name, "steps": steps} | more)
    return CampaignId((await campaigns.create(desk, body, actor=ANN)).id)


async def add(desk: Desk, ref: str = "Q1", /, **facts: object) -> leads.Added:
    body = LeadBody.model_validate({"email": BOB, "first_name": "Bob"} | facts)
    return await leads.add(desk, ref, body, actor=ANN)


async def make_enriched(desk: Desk, **facts: object) -> LeadView:
    """A campaign with one lead after a dry cycle."""
    campaign_id = await make_campaign(desk)
    lead = (await add(desk, "Q1", **facts)).lead
    await desk.run(campaign_id, True)
    return await leads.get(desk, lead.id)


async def make_contacted(desk: Desk) -> LeadView:
    """Its first touch was sent."""
    lead = await make_enriched(desk)

    def unit(tx: Tx) -> None:
        stored = find_lead(tx, lead.id)
        touch = Touch(
            TouchId(desk.context.ids.new("to")),
            stored.campaign_id,
            stored.id,
            1,
            "email",
            TouchStatus.SENT,
            desk.now(),
            subject="Hello Bob",
            body="A word?",
            created_at=desk.now(),
        )
        tx.touches.insert(touch)
        record.apply(tx, stored, (TouchAccepted(),), actor="engine", now=desk.now())

    await desk.write(unit)
    return await leads.get(desk, lead.id)


async def stored(desk: Desk, lead: LeadView) -> Lead:
    return await desk.read(lambda tx: find_lead(tx, lead.id))


async def types_of(desk: Desk, lead: LeadView) -> list[EventType]:
    found = await events.page(desk, EventFilter(lead_id=LeadId(lead.id)), limit=500)
    return [event.type for event in found.items]


async def test_a_known_person_is_answered_and_not_added_again(desk: Desk) -> None:
    await make_campaign(desk)
    first, again = await add(desk), await add(desk, email="BOB+news@FIRM.example")
    assert (first.created, again.created, again.lead.id) == (True, False, first.lead.id)
    assert (await campaigns.get(desk, "Q1")).current_leads == 1


async def test_a_person_without_an_address_is_known_by_name_and_company(desk: Desk) -> None:
    await make_campaign(desk)
    person = {"email": None, "last_name": "Lee", "company": "Firm"}
    first, again = await add(desk, "Q1", **person), await add(desk, "Q1", **person)
    assert (first.created, again.created) == (True, False)
    with pytest.raises(Unprocessable, match="give an address"):
        await add(desk, email=None)


async def test_a_person_is_added_in_every_status_but_archived(desk: Desk) -> None:
    await make_campaign(desk)
    for number, verb in enumerate((Verb.ACTIVATE, Verb.PAUSE, Verb.RESUME)):
        await campaign_status.move(desk, "Q1", verb, actor=ANN)
        assert (await add(desk, email=f"p{number}@firm.example")).created
    await campaign_status.move(desk, "Q1", Verb.ARCHIVE, actor=ANN)
    with pytest.raises(Conflict) as refused:
        await add(desk)
    assert refused.value.slug == "archived"


async def test_somebody_tagged_do_not_contact_is_suppressed_instead_of_added(desk: Desk) -> None:
    await make_campaign(desk)
    for tags in (["Do-Not-Contact"], []):
        with pytest.raises(Conflict) as refused:
            await add(desk, tags=tags)
        assert refused.value.slug == "suppressed"
    [kept] = (await suppressions.page(desk)).items
    assert (kept.value, kept.reason) == (BOB, SuppressionReason.DO_NOT_CONTACT)


async def test_changed_facts_are_merged_and_scored_anew(desk: Desk) -> None:
    before = await make_enriched(desk, custom={"plan": "gold"})
    after = await leads.change(desk, before.id, LeadPatch(last_name="Lee", company="Firm"), actor=ANN)
    assert (after.first_name, after.last_name, after.custom) == ("Bob", "Lee", {"plan": "gold"})
    assert before.score is not None
    assert after.score is not None
    assert after.score > before.score
    assert (after.next_action, after.next_action_at) == (Action.OUTREACH, desk.now())


async def test_null_empties_a_fact_and_an_absent_one_stays(desk: Desk) -> None:
    before = await make_enriched(desk, title="CEO", tags=["hot"])
    after = await leads.change(desk, before.id, LeadPatch.model_validate({"title": None, "tags": None}), actor=ANN)
    assert (after.title, after.tags, after.first_name) == (None, (), "Bob")


async def test_a_new_address_is_verified_before_it_counts(desk: Desk) -> None:
    before = await make_enriched(desk)
    after = await leads.change(desk, before.id, LeadPatch(email="gone@firm.example"), actor=ANN)
    assert (before.verdict, after.verdict) == (Verdict.VALID, Verdict.INVALID)
    assert (await add(desk)).created, "the old address is nobody's any more"


async def test_a_new_address_that_is_none_is_refused_before_it_is_verified(desk: Desk) -> None:
    before = await make_enriched(desk)
    with pytest.raises(Unprocessable) as refused:
        await leads.change(desk, before.id, LeadPatch(email="no address"), actor=ANN)
    assert [problem.field for problem in refused.value.fields] == ["email"]


async def test_facts_that_make_two_leads_one_person_are_a_conflict(desk: Desk) -> None:
    before = await make_enriched(desk)
    await add(desk, email="eve@firm.example")
    with pytest.raises(Conflict) as refused:
        await leads.change(desk, before.id, LeadPatch(email="EVE@firm.example"), actor=ANN)
    assert refused.value.slug == "identity"


async def test_an_unreadable_address_names_the_field(desk: Desk) -> None:
    await make_campaign(desk)
    with pytest.raises(Unprocessable) as refused:
        await add(desk, email="bob")
    assert [problem.field for problem in refused.value.fields] == ["email"]


async def test_won_takes_the_expected_revenue_where_none_is_given(desk: Desk) -> None:
    lead = await make_enriched(desk, expected_mrr=150)
    won = await lead_moves.won(desk, lead.id, WonBody(note="signed"), actor=ANN)
    assert (won.status, won.won_mrr, won.custom["won_note"]) == (LeadStatus.WON, Decimal(150), "signed")
    assert (await types_of(desk, lead))[-2:] == [EventType.LEAD_QUALIFIED, EventType.LEAD_WON]


async def test_won_falls_back_on_the_campaigns_revenue_for_each_client(desk: Desk) -> None:
    await make_campaign(desk, mrr_per_client=80)
    lead = (await add(desk)).lead
    assert (await lead_moves.won(desk, lead.id, WonBody(), actor=ANN)).won_mrr == Decimal(80)


async def test_a_move_that_the_table_does_not_hold_is_a_conflict(desk: Desk) -> None:
    lead = await make_enriched(desk)
    await lead_moves.lost(desk, lead.id, LostBody(), actor=ANN)
    with pytest.raises(Conflict) as refused:
        await lead_moves.lost(desk, lead.id, LostBody(), actor=ANN)
    assert refused.value.slug == "illegal-move"


async def test_an_opt_out_told_by_a_person_suppresses_the_address_everywhere(desk: Desk) -> None:
    lead = await make_enriched(desk)
    await make_campaign(desk, "Q2")
    other = (await add(desk, "Q2")).lead
    await lead_moves.lost(desk, lead.id, LostBody(reason=LostReason.OPTED_OUT), actor=ANN)
    assert (await leads.get(desk, lead.id)).status_reason is LostReason.OPTED_OUT
    assert (await leads.get(desk, other.id)).status_reason is LostReason.DO_NOT_CONTACT
    with pytest.raises(Conflict):
        await lead_moves.reopen(desk, lead.id, actor=ANN)


async def test_a_reopened_lead_is_worked_on_again(desk: Desk) -> None:
    lead = await make_enriched(desk)
    await lead_moves.lost(desk, lead.id, LostBody(), actor=ANN)
    reopened = await lead_moves.reopen(desk, lead.id, actor=ANN)
    assert (reopened.status, reopened.next_action_at) == (LeadStatus.ENRICHED, desk.now())


async def test_a_lead_lost_before_it_was_enriched_is_enriched_when_reopened(desk: Desk) -> None:
    campaign_id = await make_campaign(desk)
    lead = (await add(desk)).lead
    await lead_moves.lost(desk, lead.id, LostBody(), actor=ANN)
    assert (await lead_moves.reopen(desk, lead.id, actor=ANN)).next_action is Action.ENRICH
    await desk.run(campaign_id, True)
    assert (await leads.get(desk, lead.id)).status is LeadStatus.ENRICHED


async def test_a_hold_stops_writing_until_it_is_released(desk: Desk) -> None:
    lead = await make_enriched(desk)
    held = await lead_moves.hold(desk, lead.id, HoldBody(reason="on leave"), actor=ANN)
    assert [(hold.reason, hold.note) for hold in held.holds] == [(HoldReason.OPERATOR, "on leave")]
    why = await leads.why(desk, lead.id)
    assert "hold:operator" in [check.reason for check in why.checks if not check.passed]
    kept = await lead_moves.release(desk, lead.id, ReleaseBody(reason=HoldReason.POISON), actor=ANN)
    freed = await lead_moves.release(desk, lead.id, ReleaseBody(), actor=ANN)
    assert (len(kept.holds), freed.holds) == (1, [])
    assert (await types_of(desk, lead))[-2:] == [EventType.LEAD_HELD, EventType.LEAD_RELEASED]


async def test_a_hold_cannot_end_in_the_past(desk: Desk) -> None:
    lead = await make_enriched(desk)
    with pytest.raises(Unprocessable, match="until"):
        await lead_moves.hold(desk, lead.id, HoldBody(until=desk.now() - timedelta(hours=1)), actor=ANN)


async def test_qualifying_by_hand_ends_the_sequence(desk: Desk) -> None:
    lead = await make_enriched(desk)
    qualified = await lead_moves.qualify(desk, lead.id, NoteBody(), actor=ANN)
    assert (qualified.status, qualified.next_action) == (LeadStatus.QUALIFIED, None)
    assert (await campaigns.previews(desk, "Q1")).items == []


async def test_why_names_every_check_and_the_next_instant(desk: Desk) -> None:
    lead = await make_enriched(desk)
    why = await leads.why(desk, lead.id)
    assert (why.lead_id, why.allowed, why.next_action_at) == (lead.id, False, lead.next_action_at)
    refused = {check.name: check.reason for check in why.checks if not check.passed}
    assert refused["live"] == "dry_run_instance"
    assert "not_suppressed" not in refused


async def test_erasing_leaves_a_hash_and_no_trace_of_the_person(desk: Desk) -> None:
    lead = await make_contacted(desk)
    erased = await erasure.erase(desk, lead.id, actor=ANN)
    assert (erased.status_reason, erased.email, erased.first_name) == (LostReason.ERASED, None, None)
    [kept] = (await suppressions.page(desk)).items
    assert (kept.value, kept.reason) == (None, SuppressionReason.ERASED)
    [touch] = await desk.read(lambda tx: tx.touches.of_lead(LeadId(lead.id)))
    assert (touch.status, touch.subject, touch.body) == (TouchStatus.SENT, None, None)
    everything = (await lead_export.one(desk, lead.id, actor=ANN)).model_dump_json() + repr(await stored(desk, lead))
    assert "bob" not in everything.lower()
    with pytest.raises(Conflict):
        await add(desk)


async def test_erasing_replaces_a_suppression_that_kept_the_address(desk: Desk) -> None:
    lead = await make_enriched(desk)
    await suppressions.add(desk, SuppressionBody(value=BOB), actor=ANN)
    await erasure.erase(desk, lead.id, actor=ANN)
    [kept] = (await suppressions.page(desk)).items
    assert (kept.value, kept.reason) == (None, SuppressionReason.ERASED)
    with pytest.raises(Conflict):
        await suppressions.remove(desk, kept.id, actor=ANN)


async def test_erasing_twice_changes_nothing(desk: Desk) -> None:
    lead = await make_enriched(desk)
    first = await erasure.erase(desk, lead.id, actor=ANN)
    before = await types_of(desk, lead)
    assert await erasure.erase(desk, lead.id, actor=ANN) == first
    assert await types_of(desk, lead) == before
    with pytest.raises(Conflict):
        await leads.change(desk, lead.id, LeadPatch(first_name="Bob"), actor=ANN)


async def test_fault_79_no_cell_of_an_export_is_a_formula(desk: Desk) -> None:
    await make_campaign(desk)
    await add(desk, first_name="=cmd|' /C calc'!A0", tags=["a", "b"])
    lines = [line async for line in await lead_export.csv(desk, "Q1", LeadFilter(), actor=ANN)]
    assert lines[0].startswith("id,campaign_id,status,")
    assert ",'=cmd|' /C calc'!A0," in lines[1]
    assert ",a; b," in lines[1]
    assert len(lines) == 2


async def test_lists_are_filtered_and_go_on_where_the_cursor_stands(desk: Desk) -> None:
    await make_campaign(desk)
    for number in range(3):
        await add(desk, email=f"p{number}@firm.example", tags=["hot"] if number else [])
    first = await leads.page(desk, "Q1", LeadFilter(tag="hot"), limit=1)
    rest = await leads.page(desk, "Q1", LeadFilter(tag="hot"), limit=1, cursor=first.next)
    assert [lead.email for lead in (*first.items, *rest.items)] == ["p2@firm.example", "p1@firm.example"]
    assert rest.next is None
    with pytest.raises(Unprocessable, match="limit"):
        await leads.page(desk, "Q1", LeadFilter(), limit=501)


async def test_an_unknown_lead_is_not_found(desk: Desk) -> None:
    for ask in (leads.get, leads.why):
        with pytest.raises(NotFound):
            await ask(desk, "ld_nobody")


async def test_a_changed_profile_scores_every_open_lead_anew(desk: Desk) -> None:
    before = await make_enriched(desk, title="CEO")
    await campaigns.change(desk, before.campaign_id, CampaignPatch({"icp": {"titles": ["dentist"]}}), actor=ANN)
    await desk.run(CampaignId(before.campaign_id), False)
    after = await leads.get(desk, before.id)
    assert before.score is not None
    assert after.score is not None
    assert after.score < before.score
