"""Preflight over the real store, with a door and records in memory, and every way from dry run to live."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import JsonValue

from camd.domain.errors import Misconfigured, Scope
from camd.domain.events import EventType
from camd.domain.preflight import FindingName, Level
from camd.mail.inboxes import Inboxes
from camd.operations import campaigns, events, going_live, leads, trial_mails
from camd.operations.desk import Desk
from camd.operations.errors import Conflict
from camd.ports.domain_records import SenderRecords
from camd.ports.records import DeliveryFact, DeliveryScope, EventFilter, MailboxReason, MailboxState
from camd.ports.settings import EngineSettings, NotifySettings, SenderSettings
from camd.schema.definition import CampaignBody, CampaignPatch
from camd.schema.lead import LeadBody
from camd.schema.mailbox import TrialBody
from camd.sim.mail import FixedRecords, MemoryMail
from camd.sim.world import mailbox

ANN = "os:ann"
OPERATOR = "op@acme.example"
STEPS: list[JsonValue] = [
    {"subject": "For {{ company }}", "body": "Hello {{ first_name }}"},
    {"channel": "task", "subject": "Call", "body": "Call {{ first_name }}"},
    {"subject": "", "body": "Still there, {{ first_name }}?"},
]


def with_settings(desk: Desk, **changes: Any) -> Desk:
    """`Any`: fields of `Settings`."""
    return replace(desk, context=replace(desk.context, settings=replace(desk.context.settings, **changes)))


def ready(desk: Desk, folder: Path, *names: str) -> Desk:
    """Every setting that going live asks for."""
    for place in ("new", "cur", "tmp"):
        (folder / "maildir" / place).mkdir(parents=True, exist_ok=True)
    boxes = {name: replace(mailbox(name), maildir=folder / "maildir") for name in names or ("sales",)}
    live = with_settings(
        desk, engine=EngineSettings(dry_run=False), mailboxes=boxes, notify=NotifySettings((OPERATOR,))
    )
    inboxes = Inboxes(boxes, desk.context.clock)
    return replace(live, context=replace(live.context, mail=MemoryMail(frozenset(boxes)), inboxes=inboxes))


def body(**fields: object) -> CampaignBody:
    return CampaignBody.model_validate({"name": "Q1", "steps": STEPS} | fields)


async def campaign(desk: Desk, **fields: object) -> None:
    await campaigns.create(desk, body(**fields), actor=ANN)


async def lead(desk: Desk, email: str = "bob@firm.example", **facts: Any) -> None:
    """`Any`: JSON of a lead's facts."""
    known = {"first_name": "Bob", "company": "Firm", "country": "US"} | facts
    await leads.add(desk, "Q1", LeadBody.model_validate({"email": email} | known), actor=ANN)


async def findings(desk: Desk) -> dict[FindingName, str]:
    return {finding.name: finding.message for finding in (await going_live.report(desk, "Q1")).findings}


async def disable(desk: Desk, name: str) -> None:
    state = MailboxState(name, disabled=MailboxReason.LOG_IN_REFUSED, detail="535 no")
    await desk.write(lambda tx: tx.mailboxes.put(state))


async def test_a_campaign_that_lacks_nothing_goes_live(desk: Desk, tmp_path: Path) -> None:
    desk = ready(desk, tmp_path)
    await campaign(desk)
    await lead(desk)
    await trial_mails.send(desk, "Q1", TrialBody())
    report = await going_live.report(desk, "Q1")
    assert report.ready
    assert [finding.name for finding in report.findings] == [FindingName.CAPACITY]
    assert not (await campaigns.live(desk, "Q1", actor=ANN)).campaign.dry_run
    logged = (await events.page(desk, EventFilter())).items
    assert EventType.CAMPAIGN_WENT_LIVE in [event.type for event in logged]


async def by_live(desk: Desk) -> object:
    return await campaigns.live(desk, "Q1", actor=ANN)


async def by_patch(desk: Desk) -> object:
    return await campaigns.change(desk, "Q1", CampaignPatch({"dry_run": False}), actor=ANN)


async def by_put(desk: Desk) -> object:
    return await campaigns.replace_definition(desk, "Q1", body(dry_run=False), actor=ANN)


async def by_apply(desk: Desk) -> object:
    return await campaigns.apply(desk, body(dry_run=False), actor=ANN)


async def by_a_new_one(desk: Desk) -> object:
    return await campaigns.create(desk, body(name="Q2", dry_run=False), actor=ANN)


async def by_applying_a_new_one(desk: Desk) -> object:
    return await campaigns.apply(desk, body(name="Q2", dry_run=False), actor=ANN)


@pytest.mark.parametrize("way", [by_live, by_patch, by_put, by_apply, by_a_new_one, by_applying_a_new_one])
async def test_every_way_to_go_live_is_refused_by_a_finding_that_stops(
    desk: Desk, tmp_path: Path, way: Callable[[Desk], Awaitable[object]]
) -> None:
    desk = ready(desk, tmp_path)
    await campaign(desk)
    cast("MemoryMail", desk.context.mail).trouble["sales"] = Misconfigured("535 no", scope=Scope.MAILBOX)
    with pytest.raises(Conflict) as refused:
        await way(desk)
    stops = [finding.name for finding in refused.value.findings if finding.level is Level.STOP]
    assert stops == [FindingName.LOGIN_FAILED]
    assert [(one.name, one.dry_run) for one in (await campaigns.page(desk)).items] == [("Q1", True)]


async def test_a_test_mail_counts_until_the_steps_are_edited(desk: Desk, tmp_path: Path) -> None:
    desk = ready(desk, tmp_path)
    await campaign(desk)
    await lead(desk)
    assert FindingName.NO_TEST_MAIL in await findings(desk)
    await trial_mails.send(desk, "Q1", TrialBody())
    await campaigns.change(desk, "Q1", CampaignPatch({"daily_email_limit": 7}), actor=ANN)
    assert FindingName.NO_TEST_MAIL not in await findings(desk)
    await campaigns.change(desk, "Q1", CampaignPatch({"steps": STEPS[:1]}), actor=ANN)
    assert FindingName.NO_TEST_MAIL in await findings(desk)


async def test_a_refused_test_mail_does_not_count(desk: Desk, tmp_path: Path) -> None:
    desk = ready(desk, tmp_path)
    await campaign(desk)
    await lead(desk)
    cast("MemoryMail", desk.context.mail).refused.add(OPERATOR)
    await trial_mails.send(desk, "Q1", TrialBody())
    assert FindingName.NO_TEST_MAIL in await findings(desk)


async def test_leads_whose_country_has_another_language_are_counted(desk: Desk, tmp_path: Path) -> None:
    desk = ready(desk, tmp_path)
    await campaign(desk)
    for number, country in enumerate(["FR", "FR", "GB", None]):
        await lead(desk, f"p{number}@c{number}.example", country=country)
    await lead(desk, "p@q.example", country="FR", language="en-GB")
    assert (await findings(desk))[FindingName.OTHER_LANGUAGE].startswith("2 leads in FR")


async def test_a_disabled_mailbox_is_not_logged_in_to_and_stops_unless_another_can_send(
    desk: Desk, tmp_path: Path
) -> None:
    desk = ready(desk, tmp_path, "old", "sales")
    cast("MemoryMail", desk.context.mail).trouble["old"] = Misconfigured("535 locked", scope=Scope.MAILBOX)
    await campaign(desk)
    await disable(desk, "old")
    told = await findings(desk)
    assert told[FindingName.MAILBOX_DISABLED] == "The mailbox old is disabled: 535 no"
    assert FindingName.LOGIN_FAILED not in told
    assert (await going_live.report(desk, "Q1")).ready
    await campaigns.change(desk, "Q1", CampaignPatch({"mailboxes": ["old"]}), actor=ANN)
    assert not (await going_live.report(desk, "Q1")).ready


async def test_preflight_tries_the_log_in(desk: Desk) -> None:
    await campaign(desk)
    assert FindingName.LOGIN_FAILED not in await findings(desk)
    cast("MemoryMail", desk.context.mail).trouble["sales"] = Misconfigured("535 no", scope=Scope.MAILBOX)
    assert "535 no" in (await findings(desk))[FindingName.LOGIN_FAILED]


async def test_preflight_looks_into_the_inbox_and_an_answer_that_cannot_be_seen_stops(
    desk: Desk, tmp_path: Path
) -> None:
    desk = ready(desk, tmp_path)
    await campaign(desk)
    assert FindingName.INBOX_FAILED not in await findings(desk)
    (tmp_path / "maildir").rename(tmp_path / "elsewhere")
    [found] = [each for each in (await going_live.report(desk, "Q1")).findings if each.level is Level.STOP]
    assert found.name is FindingName.INBOX_FAILED
    assert "[mailboxes.sales]" in found.mend


async def test_the_inbox_of_a_disabled_mailbox_is_not_tried(desk: Desk, tmp_path: Path) -> None:
    desk = ready(desk, tmp_path)
    await campaign(desk)
    await disable(desk, "sales")
    (tmp_path / "maildir").rename(tmp_path / "elsewhere")
    assert FindingName.INBOX_FAILED not in await findings(desk)


async def test_preflight_looks_up_the_records_of_the_domain(desk: Desk) -> None:
    await campaign(desk)
    assert not {FindingName.SPF, FindingName.DKIM, FindingName.DMARC} & (await findings(desk)).keys()
    records = FixedRecords(SenderRecords(spf=False, dkim=None, dmarc=True))
    told = await findings(replace(desk, context=replace(desk.context, domain_records=records)))
    assert "is missing" in told[FindingName.SPF]
    assert "could not be looked up" in told[FindingName.DKIM]
    assert FindingName.DMARC not in told


async def test_a_missing_sender_and_a_broken_footer_are_told_once_and_not_at_every_step(
    desk: Desk, tmp_path: Path
) -> None:
    sender = SenderSettings("Ann", postal_address="1 High Street", footers={"en": "a\n{{ 1 // 0 }}"})
    desk = with_settings(ready(desk, tmp_path), sender=sender)
    await campaign(desk)
    await lead(desk)
    told = await findings(desk)
    assert "ZeroDivisionError" in told[FindingName.FOOTER]
    assert FindingName.SENDER_COMPANY in told
    assert not {FindingName.STEP_RENDERS_FOR_NOBODY, FindingName.MISSING_VARIABLE} & told.keys()


async def test_a_step_that_no_lead_has_the_facts_for_stops(desk: Desk, tmp_path: Path) -> None:
    desk = ready(desk, tmp_path)
    await campaign(desk, steps=[*STEPS, {"subject": "{{ gone }}", "body": "{{ title }}"}])
    await lead(desk)
    told = await findings(desk)
    assert told[FindingName.STEP_RENDERS_FOR_NOBODY] == "Step 4 renders for no lead"
    assert told[FindingName.MISSING_VARIABLE] == "1 lead would be held: title is missing"


async def test_the_pace_counts_mails_alone_and_the_ramp_where_it_stands(desk: Desk, tmp_path: Path) -> None:
    desk = ready(desk, tmp_path)
    ramping = {"sales": replace(desk.context.settings.mailboxes["sales"], ramp=True)}
    desk = with_settings(desk, mailboxes=ramping)
    await campaign(desk, steps=STEPS[:2])
    for number in range(8):
        await lead(desk, f"p{number}@c{number}.example")
    day = desk.now().date() - timedelta(days=3)
    await desk.write(lambda tx: tx.deliveries.add(DeliveryScope.MAILBOX, "sales", day, DeliveryFact.SENT))
    assert (await findings(desk))[FindingName.CAPACITY].startswith("7 mails on day 1, 8 in week 1,")
