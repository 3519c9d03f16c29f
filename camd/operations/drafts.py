"""A campaign tried out before it exists: its mails for one person, and its arithmetic. Nothing is stored."""

from collections.abc import Iterator
from datetime import datetime

from camd.domain.campaign import Channel, Definition, Step
from camd.domain.contact import parse_address
from camd.domain.facts import CampaignId, Facts, LeadId
from camd.domain.lead import Lead, LeadState, LeadStatus
from camd.operations.campaign_checks import require_usable
from camd.operations.campaigns import definition_of
from camd.operations.desk import Desk, refusals
from camd.operations.pace import accounts_of, capacity_of
from camd.pipeline import recognise
from camd.pipeline.mail_text import compose, opt_out_url
from camd.ports.mail import Missing, Rendered, TemplateProblem
from camd.schema.draft import Capacity, DraftBody, DraftMail, DraftReport
from camd.schema.lead import LeadBody


async def check(desk: Desk, body: DraftBody) -> DraftReport:
    """Raises `Unprocessable` with what creating the campaign, or adding the person, would name; whether a live one is
    ready is the preflight's to say."""
    definition = definition_of(desk, body.campaign)
    await require_usable(desk, definition, None)
    accounts = await desk.read(lambda tx: accounts_of(tx, desk, definition))
    reckoned = capacity_of(desk, definition, accounts, body.leads)
    return DraftReport(
        mails=await _mails(desk, definition, body.lead) if body.lead else [],
        capacity=None
        if reckoned is None
        else Capacity(
            day_1=reckoned.day_1,
            week_1=reckoned.week_1,
            working_days=reckoned.working_days,
            binding=reckoned.binding,
        ),
    )


async def _mails(desk: Desk, definition: Definition, person: LeadBody) -> list[DraftMail]:
    key = await desk.read(lambda tx: tx.instance.key())
    with refusals():
        lead = _lead(Facts(**person.changes()), desk.now())
        email = lead.facts.email
        url = opt_out_url(desk.context.settings, key, parse_address(email).given) if email else None
    return list(_texts(desk, definition, lead, url))


def _lead(facts: Facts, now: datetime) -> Lead:
    state = LeadState(LeadStatus.NEW)
    return Lead(LeadId("draft"), CampaignId(0), "", state, recognise.usable(facts), created_at=now, updated_at=now)


def _texts(desk: Desk, definition: Definition, lead: Lead, url: str | None) -> Iterator[DraftMail]:
    thread: str | None = None
    for step in definition.steps:
        match compose(desk.context, definition, lead, step, thread=thread, opt_out_url=url, preview=True):
            case Rendered(subject, body):
                yield _mail(step, subject, body)
                if step.channel is Channel.EMAIL:
                    thread = thread or subject
            case found:
                yield _mail(step, problem=_problem(found))


def _mail(step: Step, subject: str | None = None, body: str | None = None, problem: str | None = None) -> DraftMail:
    return DraftMail(step=step.number, channel=step.channel, subject=subject, body=body, problem=problem)


def _problem(found: Missing | TemplateProblem) -> str:
    match found:
        case Missing(variable):
            mend = f"{{{{ {variable} | default('…', true) }}}}"
            return f"{variable} is missing: add the fact, or write the text with a default, as in {mend}"
        case TemplateProblem(step=0, line=line, message=message):
            return f"the footer, line {line}: {message}"
        case TemplateProblem(line=line, message=message):
            return f"line {line}: {message}"
