"""Test mails: every step of a campaign once, as a real lead would get it, to the operator alone.

They are no touches: nothing is debited or planned, and no lead is written to, whatever the campaign's mode. Kept is
only which version of the steps was seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from camd.domain.campaign import Campaign, Channel
from camd.domain.errors import Failure, Invalid
from camd.domain.lead import Lead, LeadStatus
from camd.domain.message_id import with_domain_of
from camd.operations.desk import Desk, find_campaign, refusals
from camd.operations.errors import Conflict, invalid
from camd.pipeline.mail_text import compose, opt_out_page
from camd.pipeline.mailboxes import choose_mailbox, volumes_left
from camd.ports.channel import Accepted, Handover, HandoverOutcome, Refused, Unknown, Withdrawn
from camd.ports.mail import Missing, Rendered, TemplateProblem
from camd.ports.records import LeadFilter, Listing
from camd.ports.store import Tx
from camd.schema.mailbox import TrialBody, TrialMail, TrialOutcome, TrialReport

MARK = "[test]"
LEADS_TRIED = 50
TESTED_STEPS_VERSION = "tested_steps_version"
"""The counter that holds the version of the steps whose mails the operator was last sent, every one accepted."""
NO_TOKEN = "test"  # noqa: S105 - a token that opts nobody out
_RECIPIENTS = (LeadStatus.ENRICHED, LeadStatus.CONTACTED, LeadStatus.NEW)


@dataclass(frozen=True, slots=True)
class _Text:
    step: int
    subject: str
    body: str


async def send(desk: Desk, ref: str | int, body: TrialBody) -> TrialReport:
    """Raises `Unprocessable` for an address that is not the operator's; `Conflict` without a step, a lead for whom
    every step renders, or a mailbox that works, and while the kill switch is on."""
    to = _operator(desk, body.to)
    boxes = desk.context.settings.mailboxes
    campaign, leads = await desk.read(lambda tx: _chosen(tx, ref))
    lead, texts = _rendered(desk, campaign, leads)
    left = await desk.read(lambda tx: volumes_left(tx, boxes, desk.now()))
    mailbox = choose_mailbox(boxes, left, campaign, lead, ())
    if mailbox is None:
        raise Conflict("no-mailbox", "There is no mailbox", "Add a section [mailboxes.<name>] to the configuration.")
    mails = [await _sent(desk, mailbox, to, text) for text in texts]
    if all(mail.outcome is TrialOutcome.ACCEPTED for mail in mails):
        await desk.write(lambda tx: tx.counters.put(campaign.id, TESTED_STEPS_VERSION, campaign.steps_version))
    return TrialReport(campaign_id=campaign.id, lead_id=lead.id, mailbox=mailbox, to=to, mails=mails)


def _operator(desk: Desk, wanted: str | None) -> str:
    known = desk.context.settings.notify.email
    if not known:
        detail = "Set email under [notify] in the configuration: test mails go there alone."
        raise Conflict("no-notify-email", "No address is the operator's", detail)
    if wanted is None:
        return known[0]
    found = next((address for address in known if address.lower() == wanted.strip().lower()), None)
    if found is None:
        raise invalid("to", f"test mails go to an address of notify.email alone: {', '.join(known)}")
    return found


def _chosen(tx: Tx, ref: str | int) -> tuple[Campaign, Sequence[Lead]]:
    """The campaign and the newest leads that it may yet write to."""
    campaign = find_campaign(tx, ref)
    pages = (tx.leads.page(campaign.id, Listing(LEADS_TRIED), LeadFilter(status=status)) for status in _RECIPIENTS)
    return campaign, [lead for page in pages for lead in page]


def _rendered(desk: Desk, campaign: Campaign, leads: Sequence[Lead]) -> tuple[Lead, Sequence[_Text]]:
    """The first lead for whom every step makes a text."""
    if not any(step.channel is Channel.EMAIL for step in campaign.definition.steps):
        raise Conflict("no-steps", "The campaign has no mails", "Add [[steps]] to its definition.")
    fault = "The campaign has no lead that could be written to: add one, or import a list."
    for lead in leads:
        try:
            return lead, _texts(desk, campaign, lead)
        except Invalid as error:
            fault = f"No lead has what every step needs: {error}."
    raise Conflict("no-lead", "There is nobody to show the mails for", fault)


def _texts(desk: Desk, campaign: Campaign, lead: Lead) -> Sequence[_Text]:
    """Raises `Invalid` with what is missing."""
    context, definition = desk.context, campaign.definition
    texts: list[_Text] = []
    thread: str | None = None
    for step in definition.steps:
        if step.channel is Channel.EMAIL:
            url = _opt_out_url(desk)
            made = _text_of(compose(context, definition, lead, step, thread=thread, opt_out_url=url))
            thread = thread or made.subject
            texts.append(_Text(step.number, f"{MARK} {made.subject}", made.body))
    return texts


def _text_of(rendered: Rendered | Missing | TemplateProblem) -> Rendered:
    match rendered:
        case Missing(variable):
            raise Invalid(f"{variable} is missing", field=variable)
        case TemplateProblem(step, part, line, message):
            where = f"step {step}, {part}" if step else "the footer"
            raise Invalid(f"{where}, line {line}: {message}", field=part)
        case Rendered():
            return rendered


def _opt_out_url(desk: Desk) -> str | None:
    return opt_out_page(desk.context.settings.public, NO_TOKEN)


async def _sent(desk: Desk, mailbox: str, to: str, text: _Text) -> TrialMail:
    sender = desk.context.settings.mailboxes[mailbox].address
    with refusals():
        # Not made with the instance key: in a Sent folder it is no message of another camd's.
        message_id = with_domain_of(sender, desk.context.ids.new("test"))
    handover = Handover(mailbox, to, message_id, text.subject, text.body, opt_out_url=_opt_out_url(desk))
    try:
        outcome = await desk.context.mail.hand_over(handover, lambda: _require_no_kill_switch(desk))
    except Failure as failure:
        raise Conflict("mailbox-failed", "The mailbox could not send", f"{failure}.") from failure
    except Withdrawn as withdrawn:
        raise Conflict("kill-switch", "The kill switch is on", f"{withdrawn}.") from withdrawn
    return _mail(text, outcome)


async def _require_no_kill_switch(desk: Desk) -> None:
    if (await desk.read(lambda tx: tx.instance.kill_switch())).on:
        raise Withdrawn("nothing at all is sent until `camd kill-switch off`")


def _mail(text: _Text, outcome: HandoverOutcome) -> TrialMail:
    match outcome:
        case Accepted(reply):
            told, said = TrialOutcome.ACCEPTED, reply
        case Refused(code=code, reply=reply):
            told, said = TrialOutcome.REFUSED, f"{code} {reply}"
        case Unknown(why):
            told, said = TrialOutcome.UNKNOWN, why
    return TrialMail(step=text.step, subject=text.subject, outcome=told, reply=said)
