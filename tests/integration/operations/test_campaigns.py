"""Campaigns as a person handles them, over the real store."""

import pytest
from pydantic import ValidationError

from camd.domain.campaign import CampaignStatus, Definition, StatusChange, StatusReason, Step, Verb
from camd.domain.events import EventType
from camd.domain.facts import CampaignId
from camd.operations import campaign_status, campaigns, events, going_live, leads
from camd.operations.desk import Desk
from camd.operations.errors import Conflict, NotFound, Unprocessable
from camd.ports.records import EventFilter
from camd.ports.store import Tx
from camd.schema.definition import CampaignBody, CampaignPatch
from camd.schema.lead import LeadBody
from camd.schema.page import encode_cursor
from camd.store.sqlite import SqliteStore
from camd.store.writer import driver_connection

ANN = "os:ann"
DRAFT = CampaignStatus.DRAFT
STEP = {"subject": "Hello {{ first_name }}", "body": "A word?"}


def body(**fields: object) -> CampaignBody:
    return CampaignBody.model_validate({"name": "Q1"} | fields)


async def types_of(desk: Desk) -> list[EventType]:
    return [event.type for event in (await events.page(desk, EventFilter(), limit=500)).items]


async def test_a_new_campaign_is_a_dry_draft_with_the_products_defaults(desk: Desk) -> None:
    made = await campaigns.create(desk, body(target_clients=10), actor=ANN)
    assert (made.id, made.status, made.dry_run, made.daily_email_limit) == (1, CampaignStatus.DRAFT, True, 20)
    assert (made.current_leads, made.conversion_rate, made.goal_progress, made.sent_today) == (0, 0.0, 0.0, 0)
    assert await types_of(desk) == [EventType.CAMPAIGN_CREATED]


async def test_a_campaign_is_its_number_and_its_name(desk: Desk) -> None:
    made = await campaigns.create(desk, body(), actor=ANN)
    assert (await campaigns.get(desk, made.id)).name == (await campaigns.get(desk, "Q1")).name
    for ref in ("2", "Q2", "9" * 30):
        with pytest.raises(NotFound):
            await campaigns.get(desk, ref)


async def test_a_taken_name_is_a_conflict(desk: Desk) -> None:
    await campaigns.create(desk, body(), actor=ANN)
    with pytest.raises(Conflict) as refused:
        await campaigns.create(desk, body(), actor=ANN)
    assert refused.value.slug == "name-taken"


async def test_archiving_is_final_and_frees_the_name(desk: Desk) -> None:
    first = await campaigns.create(desk, body(), actor=ANN)
    await campaign_status.move(desk, first.id, Verb.ARCHIVE, actor=ANN)
    second = await campaigns.create(desk, body(), actor=ANN)
    assert (await campaigns.get(desk, "Q1")).id == second.id
    for verb in (Verb.ACTIVATE, Verb.PAUSE, Verb.RESUME):
        with pytest.raises(Conflict):
            await campaign_status.move(desk, first.id, verb, actor=ANN)
    with pytest.raises(Conflict):
        await campaigns.change(desk, first.id, CampaignPatch({"daily_email_limit": 5}), actor=ANN)


async def test_fault_80_a_broken_template_is_refused_with_its_part_and_line(desk: Desk) -> None:
    broken = {"subject": "Hello", "body": "one\n{% if %}"}
    with pytest.raises(Unprocessable) as refused:
        await campaigns.create(desk, body(steps=[STEP, broken]), actor=ANN)
    [problem] = refused.value.fields
    assert problem.field == "steps.1.body"
    assert problem.message.startswith("line 2: ")
    assert (await campaigns.page(desk)).items == []


async def test_fault_80_the_stored_definition_stays_when_an_edit_is_refused(desk: Desk) -> None:
    await campaigns.create(desk, body(steps=[STEP]), actor=ANN)
    with pytest.raises(Unprocessable):
        await campaigns.change(desk, "Q1", CampaignPatch({"steps": [{"subject": "x", "body": "{{"}]}), actor=ANN)
    assert (await campaigns.get(desk, "Q1")).steps[0].body == STEP["body"]


BOMB = "{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}"


async def require_refused_and_the_stored_text_kept(desk: Desk, text: str) -> None:
    await campaigns.create(desk, body(steps=[STEP]), actor=ANN)
    with pytest.raises(Unprocessable) as refused:
        await campaigns.change(desk, "Q1", CampaignPatch({"steps": [{"subject": "x", "body": text}]}), actor=ANN)
    assert [problem.field for problem in refused.value.fields] == ["steps.0.body"]
    assert (await campaigns.get(desk, "Q1")).steps[0].body == STEP["body"]


async def test_fault_82_a_template_bomb_is_refused_and_the_stored_text_stays(desk: Desk) -> None:
    await require_refused_and_the_stored_text_kept(desk, BOMB)


@pytest.mark.parametrize(
    "text",
    ["{{ ''.__class__.__mro__ }}", "{{ first_name | attr('__class__') }}", "{{ '{0.__class__}'.format(first_name) }}"],
)
async def test_fault_83_a_way_out_of_the_sandbox_is_refused_and_the_stored_text_stays(desk: Desk, text: str) -> None:
    await require_refused_and_the_stored_text_kept(desk, text)


async def test_unknown_sources_and_mailboxes_are_named_together(desk: Desk) -> None:
    with pytest.raises(Unprocessable) as refused:
        await campaigns.create(
            desk,
            body(sources=[{"type": "csv", "path": "/nowhere.csv"}, {"type": "moon"}], mailboxes=["sales", "x"]),
            actor=ANN,
        )
    assert [problem.field for problem in refused.value.fields] == ["sources.0.path", "sources.1.type", "mailboxes.1"]


async def test_going_live_is_refused_with_the_findings_and_stores_nothing(desk: Desk) -> None:
    await campaigns.create(desk, body(steps=[STEP]), actor=ANN)
    ways = (
        lambda: campaigns.live(desk, "Q1", actor=ANN),
        lambda: campaigns.change(desk, "Q1", CampaignPatch({"dry_run": False, "language": "de"}), actor=ANN),
        lambda: campaigns.replace_definition(desk, "Q1", body(dry_run=False), actor=ANN),
        lambda: campaigns.apply(desk, body(dry_run=False), actor=ANN),
        lambda: campaigns.create(desk, body(name="Q2", dry_run=False), actor=ANN),
    )
    for way in ways:
        with pytest.raises(Conflict) as refused:
            await way()
        assert "instance_dry_run" in [finding.name for finding in refused.value.findings]
    assert [(one.name, one.dry_run) for one in (await campaigns.page(desk)).items] == [("Q1", True)]
    assert await types_of(desk) == [EventType.CAMPAIGN_CREATED]


async def test_preflight_counts_the_leads_that_a_missing_variable_would_hold(desk: Desk) -> None:
    await campaigns.create(desk, body(steps=[STEP]), actor=ANN)
    await leads.add(desk, "Q1", LeadBody(email="a@firm.example", first_name="A", country="DE"), actor=ANN)
    await leads.add(desk, "Q1", LeadBody(email="b@firm.example"), actor=ANN)
    report = await going_live.report(desk, "Q1")
    told = {finding.name.value: finding.message for finding in report.findings}
    assert not report.ready
    assert told["missing_variable"].startswith("1 lead would be held: first_name")
    assert told["country_undecided"].startswith("1 lead in DE")
    assert "step_renders_for_nobody" not in told


async def test_an_equal_definition_changes_nothing(desk: Desk) -> None:
    first = await campaigns.apply(desk, body(steps=[STEP]), actor=ANN)
    again = await campaigns.apply(desk, body(steps=[STEP]), actor=ANN)
    assert (first.created, again.created, again.changed) == (True, False, False)
    assert again.campaign == first.campaign
    assert await types_of(desk) == [EventType.CAMPAIGN_CREATED]


async def test_a_change_of_steps_makes_a_new_version_and_another_change_does_not(desk: Desk) -> None:
    await campaigns.create(desk, body(steps=[STEP]), actor=ANN)
    limited = await campaigns.change(desk, "Q1", CampaignPatch({"daily_email_limit": 5}), actor=ANN)
    rewritten = await campaigns.change(
        desk, "Q1", CampaignPatch({"steps": [{"subject": "Hi", "body": "Other"}]}), actor=ANN
    )
    assert (limited.campaign.steps_version, rewritten.campaign.steps_version) == (1, 2)
    assert rewritten.campaign.daily_email_limit == 5


async def test_a_patch_that_makes_the_whole_invalid_names_the_field(desk: Desk) -> None:
    await campaigns.create(desk, body(), actor=ANN)
    with pytest.raises(ValidationError, match=r"window\.end"):
        await campaigns.change(desk, "Q1", CampaignPatch({"window": {"start": "18:00"}}), actor=ANN)


async def test_asking_for_the_status_it_has_changes_nothing(desk: Desk) -> None:
    await campaigns.create(desk, body(), actor=ANN)
    first = await campaign_status.move(desk, "Q1", Verb.ACTIVATE, actor=ANN)
    again = await campaign_status.move(desk, "Q1", Verb.ACTIVATE, actor="os:bob")
    assert (first.changed, again.changed, again.campaign.status_by) == (True, False, ANN)
    assert await types_of(desk) == [EventType.CAMPAIGN_CREATED, EventType.CAMPAIGN_ACTIVATED]


async def test_a_pause_says_who_and_why(desk: Desk) -> None:
    await campaigns.create(desk, body(), actor=ANN)
    await campaign_status.move(desk, "Q1", Verb.ACTIVATE, actor=ANN)
    paused = (await campaign_status.move(desk, "Q1", Verb.PAUSE, actor="os:bob")).campaign
    assert (paused.status, paused.status_reason, paused.status_by) == (
        CampaignStatus.PAUSED,
        StatusReason.OPERATOR,
        "os:bob",
    )


async def test_pages_go_on_where_the_cursor_stands_newest_first(desk: Desk) -> None:
    for name in ("A1", "A2", "A3"):
        await campaigns.create(desk, body(name=name), actor=ANN)
    first = await campaigns.page(desk, limit=2)
    rest = await campaigns.page(desk, limit=2, cursor=first.next)
    assert [one.name for one in (*first.items, *rest.items)] == ["A3", "A2", "A1"]
    assert rest.next is None
    forged = (encode_cursor("campaigns", row) for row in ("x", "-1", "9" * 30))
    for wrong in ("x", "!!", "YWJj", *forged):
        with pytest.raises(Unprocessable, match="cursor"):
            await campaigns.page(desk, cursor=wrong)


async def statements_of_a_page(desk: Desk, limit: int) -> int:
    store = desk.context.store
    assert isinstance(store, SqliteStore)
    ran: list[str] = []
    await store.writer.alone(lambda connection: driver_connection(connection).set_trace_callback(ran.append))
    assert len((await campaigns.page(desk, limit=limit)).items) == limit
    await store.writer.alone(lambda connection: driver_connection(connection).set_trace_callback(None))
    return sum(sql.startswith(("SELECT", "WITH")) for sql in ran)


async def add_campaigns(desk: Desk, first: int, last: int) -> None:
    def unit(tx: Tx) -> None:
        for number in range(first, last):
            zone = ("UTC", "Europe/Berlin", "Asia/Tokyo")[number % 3]
            tx.campaigns.add(
                Definition(f"Campaign {number}", timezone=zone), StatusChange(DRAFT, None, ANN, desk.now())
            )

    await desk.write(unit)


@pytest.mark.parametrize(("limit", "most"), [(10, 3), (50, 6), (500, 34)])
async def test_a_page_asks_the_database_as_often_however_many_campaigns_there_are(
    desk: Desk, limit: int, most: int
) -> None:
    await add_campaigns(desk, 0, limit + 1)
    asked = await statements_of_a_page(desk, limit)
    await add_campaigns(desk, limit + 1, 3 * limit)
    assert await statements_of_a_page(desk, limit) == asked <= most


async def test_an_edit_drops_the_previews_that_it_makes_untrue(desk: Desk) -> None:
    await campaigns.create(desk, body(steps=[STEP]), actor=ANN)
    await leads.add(desk, "Q1", LeadBody(email="a@firm.example", first_name="A"), actor=ANN)
    await desk.run(CampaignId(1), True)
    assert len((await campaigns.previews(desk, "Q1")).items) == 1
    await campaigns.change(desk, "Q1", CampaignPatch({"target_clients": 3}), actor=ANN)
    assert len((await campaigns.previews(desk, "Q1")).items) == 1
    await campaigns.change(desk, "Q1", CampaignPatch({"window": {"start": "10:00"}}), actor=ANN)
    assert (await campaigns.previews(desk, "Q1")).items == []
    await desk.run(CampaignId(1), True)
    [preview] = (await campaigns.previews(desk, "Q1")).items
    assert (preview.email, preview.subject, preview.mailbox) == ("a@firm.example", "Hello A", "sales")


async def test_fault_80_a_campaign_whose_stored_template_is_broken_does_not_start(desk: Desk) -> None:
    draft = StatusChange(CampaignStatus.DRAFT, None, ANN, desk.now())
    broken = Definition("Q1", steps=(Step(1, "Hello", "{% if %}"),), timezone="Mars/Olympus")
    await desk.write(lambda tx: tx.campaigns.add(broken, draft))
    with pytest.raises(Conflict) as refused:
        await campaign_status.move(desk, "Q1", Verb.ACTIVATE, actor=ANN)
    assert refused.value.slug == "not-startable"
    assert "timezone: " in refused.value.detail
    assert "steps.0.body: line 1: " in refused.value.detail
    assert (await campaigns.get(desk, "Q1")).status is CampaignStatus.DRAFT


async def test_resuming_by_hand_mutes_the_rule_that_paused(desk: Desk) -> None:
    paused = StatusChange(CampaignStatus.PAUSED, StatusReason.GOAL_REACHED, "rule:goal_reached", desk.now())
    stored = await desk.write(lambda tx: tx.campaigns.add(Definition("Q1", target_clients=1), paused))
    await campaign_status.move(desk, "Q1", Verb.RESUME, actor=ANN)
    resumed = await desk.read(lambda tx: tx.campaigns.get(stored.id))
    assert resumed is not None
    assert set(resumed.mutes) == {StatusReason.GOAL_REACHED}


async def test_going_dry_is_always_allowed_and_recorded(desk: Desk) -> None:
    active = StatusChange(CampaignStatus.ACTIVE, None, ANN, desk.now())
    await desk.write(lambda tx: tx.campaigns.add(Definition("Q1", dry_run=False), active))
    assert (await campaigns.dry(desk, "Q1", actor=ANN)).campaign.dry_run
    assert not (await campaigns.dry(desk, "Q1", actor=ANN)).changed
    assert await types_of(desk) == [EventType.CAMPAIGN_WENT_DRY]
