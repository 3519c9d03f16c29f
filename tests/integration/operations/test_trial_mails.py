"""Test mails and log-ins, over the real store and a door in memory."""

from dataclasses import replace
from typing import Any, cast

import pytest

from camd.domain.errors import Misconfigured, Scope, Transient
from camd.domain.facts import LeadId
from camd.operations import campaigns, leads, mailboxes, switches, trial_mails
from camd.operations.desk import Desk
from camd.operations.errors import Conflict, NotFound, Unprocessable
from camd.ports.records import LeadFilter
from camd.ports.settings import NotifySettings, PublicSettings, Settings
from camd.schema.definition import CampaignBody
from camd.schema.lead import LeadBody
from camd.schema.mailbox import TrialBody, TrialOutcome
from camd.schema.status import KillSwitchBody
from camd.sim.mail import MemoryMail

ANN = "os:ann"
STEPS = [
    {"subject": "For {{ company }}", "body": "Hello {{ first_name }}"},
    {"channel": "task", "subject": "Call", "body": "Call {{ first_name }}"},
    {"subject": "", "body": "Still there, {{ first_name }}?"},
]
OPERATOR = "Op@Acme.example"
TO_OPERATOR = TrialBody()


def with_settings(desk: Desk, **changes: Any) -> Desk:
    """`Any`: fields of `Settings`."""
    settings: Settings = replace(
        desk.context.settings, **({"notify": NotifySettings((OPERATOR, "b@x.example"))} | changes)
    )
    return replace(desk, context=replace(desk.context, settings=settings))


def door(desk: Desk) -> MemoryMail:
    return cast("MemoryMail", desk.context.mail)


async def campaign(desk: Desk, **fields: object) -> None:
    body = CampaignBody.model_validate({"name": "Q1", "steps": STEPS} | fields)
    await campaigns.create(desk, body, actor=ANN)


async def lead(desk: Desk, email: str = "bob@firm.example", **facts: Any) -> None:
    known = {"first_name": "Bob", "company": "Firm"} | facts
    await leads.add(desk, "Q1", LeadBody.model_validate({"email": email} | known), actor=ANN)


async def test_every_mail_goes_once_to_the_operator_as_a_lead_would_get_it(desk: Desk) -> None:
    desk = with_settings(desk)
    await campaign(desk, language="de")
    await lead(desk)
    report = await trial_mails.send(desk, "Q1", TO_OPERATOR)
    assert [(mail.step, mail.subject, mail.outcome) for mail in report.mails] == [
        (1, "[test] For Firm", TrialOutcome.ACCEPTED),
        (3, "[test] Re: For Firm", TrialOutcome.ACCEPTED),
    ]
    sent = door(desk).delivered
    assert {mail.recipient for mail in sent} == {OPERATOR}
    assert sent[0].body.startswith("Hello Bob\n\n-- \nAnn, Acme\n1 High Street\n")
    assert "abmelden" in sent[0].body
    assert len({mail.message_id for mail in sent}) == 2


async def test_a_test_mail_leaves_no_trace_at_the_lead(desk: Desk) -> None:
    desk = with_settings(desk)
    await campaign(desk)
    await lead(desk)
    everybody = LeadFilter()
    before = (await leads.page(desk, "Q1", everybody)).items
    await trial_mails.send(desk, "Q1", TO_OPERATOR)
    assert (await leads.page(desk, "Q1", everybody)).items == before
    assert await desk.read(lambda tx: tx.touches.of_lead(LeadId(before[0].id))) == []


async def test_where_there_is_a_page_to_opt_out_the_mail_names_it(desk: Desk) -> None:
    desk = with_settings(desk, public=PublicSettings(enabled=True, base_url="https://mail.acme.example"))
    await campaign(desk)
    await lead(desk)
    await trial_mails.send(desk, "Q1", TO_OPERATOR)
    assert {mail.opt_out_url for mail in door(desk).delivered} == {"https://mail.acme.example/u/test"}
    assert "https://mail.acme.example/u/test" in door(desk).delivered[0].body


@pytest.mark.parametrize("to", ["bob@firm.example", "x", "op@acme.example\r\nBcc: x@x.example"])
async def test_a_test_mail_goes_to_nobody_but_the_operator(desk: Desk, to: str) -> None:
    desk = with_settings(desk)
    await campaign(desk)
    await lead(desk)
    with pytest.raises(Unprocessable) as refused:
        await trial_mails.send(desk, "Q1", TrialBody.model_construct(to=to))
    assert [problem.field for problem in refused.value.fields] == ["to"]
    assert door(desk).delivered == []


async def test_another_address_of_the_operator_can_be_chosen(desk: Desk) -> None:
    desk = with_settings(desk)
    await campaign(desk)
    await lead(desk)
    assert (await trial_mails.send(desk, "Q1", TrialBody(to=" B@x.example"))).to == "b@x.example"


async def test_a_lead_that_lacks_a_fact_is_passed_over(desk: Desk) -> None:
    desk = with_settings(desk)
    await campaign(desk)
    await lead(desk)
    await lead(desk, "newer@other.example", first_name=None)
    report = await trial_mails.send(desk, "Q1", TO_OPERATOR)
    assert report.mails[0].subject == "[test] For Firm"


async def refusal(desk: Desk) -> Conflict:
    with pytest.raises(Conflict) as refused:
        await trial_mails.send(desk, "Q1", TO_OPERATOR)
    assert door(desk).delivered == []
    return refused.value


async def test_without_an_address_of_the_operator_nothing_is_sent(desk: Desk) -> None:
    await campaign(desk)
    await lead(desk)
    assert (await refusal(desk)).slug == "no-notify-email"


async def test_without_steps_or_leads_or_mailboxes_the_reason_is_told(desk: Desk) -> None:
    desk = with_settings(desk)
    await campaign(desk, steps=[])
    assert (await refusal(desk)).slug == "no-steps"
    await campaigns.replace_definition(
        desk, "Q1", CampaignBody.model_validate({"name": "Q1", "steps": STEPS}), actor=ANN
    )
    assert (await refusal(desk)).slug == "no-lead"
    await lead(desk, first_name=None)
    assert "first_name is missing" in (await refusal(desk)).detail
    await lead(desk, "c@c.example")
    assert (await refusal(with_settings(desk, mailboxes={}))).slug == "no-mailbox"


async def test_under_the_kill_switch_not_even_a_test_mail_goes(desk: Desk) -> None:
    desk = with_settings(desk)
    await campaign(desk)
    await lead(desk)
    await switches.set_kill_switch(desk, KillSwitchBody(on=True), actor=ANN)
    assert (await refusal(desk)).slug == "kill-switch"


async def test_a_mailbox_that_cannot_send_says_why(desk: Desk) -> None:
    desk = with_settings(desk)
    await campaign(desk)
    await lead(desk)
    door(desk).trouble["sales"] = Transient("mail.acme.example:587 is busy", scope=Scope.MAILBOX)
    assert "is busy" in (await refusal(desk)).detail


async def test_a_refused_test_mail_is_told(desk: Desk) -> None:
    desk = with_settings(desk)
    await campaign(desk)
    await lead(desk)
    door(desk).refused.add(OPERATOR)
    report = await trial_mails.send(desk, "Q1", TO_OPERATOR)
    assert {(mail.outcome, mail.reply[:9]) for mail in report.mails} == {(TrialOutcome.REFUSED, "550 550 5")}


async def test_a_log_in_is_tried_and_its_mend_told(desk: Desk) -> None:
    assert (await mailboxes.check(desk, "sales")).ok
    door(desk).trouble["sales"] = Misconfigured("535 no; correct the password", scope=Scope.MAILBOX)
    tried = await mailboxes.check(desk, "sales")
    assert not tried.ok
    assert tried.message.startswith("535 no; correct the password; ")
    with pytest.raises(NotFound):
        await mailboxes.check(desk, "gone")


async def test_the_mailboxes_are_listed(desk: Desk) -> None:
    listed = await mailboxes.page(desk)
    assert [(box.name, box.address) for box in listed.items] == [("sales", "sales@us.example")]
