"""Preflight: gathers what there is to know of a definition and its leads, and asks the one pure function.

It tries the log-in of each mailbox that is not disabled and looks up the records of its domain; nothing is stored.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace

from camd.domain.campaign import Campaign, Channel, Definition
from camd.domain.languages import is_used_in
from camd.domain.lead import Lead, LeadStatus
from camd.domain.preflight import (
    UNKNOWN_COUNTRY,
    CountryPolicy,
    Level,
    LogIn,
    MailboxCheck,
    PreflightInput,
    preflight,
)
from camd.domain.zones import country_of
from camd.operations.desk import Desk, find_campaign
from camd.operations.errors import Conflict
from camd.operations.mailboxes import checks_of
from camd.operations.pace import Account, accounts_of, capacity_of
from camd.operations.trial_mails import TESTED_STEPS_VERSION
from camd.pipeline.mail_text import compose
from camd.ports.mail import Missing, Rendered, TemplateProblem
from camd.ports.records import LeadFilter, Listing
from camd.ports.store import Tx
from camd.schema.preflight import Finding, PreflightReport

_BATCH = 500
LEADS_LOOKED_AT = 20_000
LEADS_RENDERED = 1_000
_RECIPIENTS = (LeadStatus.NEW, LeadStatus.ENRICHED, LeadStatus.CONTACTED)


async def report(desk: Desk, ref: str | int) -> PreflightReport:
    """What stands against going live now."""
    campaign = await desk.read(lambda tx: find_campaign(tx, ref))
    findings = await _findings(desk, campaign.definition, campaign)
    return PreflightReport(
        campaign_id=campaign.id, ready=all(found.level is not Level.STOP for found in findings), findings=findings
    )


async def require_ready(desk: Desk, definition: Definition, campaign: Campaign | None) -> None:
    """Raises `Conflict` with the findings when one stops; `campaign` is none for one that is not stored yet."""
    findings = await _findings(desk, definition, campaign)
    stops = [found.message for found in findings if found.level is Level.STOP]
    if stops:
        raise Conflict("preflight", "The campaign cannot go live", "; ".join(stops), findings)


async def _findings(desk: Desk, definition: Definition, campaign: Campaign | None) -> list[Finding]:
    seen = await _look(desk, definition, campaign) if campaign else _Seen()
    accounts = await desk.read(lambda tx: accounts_of(tx, desk, definition))
    usable = [account.box for account in accounts if account.is_usable]
    checks = {check.name: check for check in await checks_of(desk, usable)}
    found = replace(
        _input(desk, definition, seen),
        mailboxes=tuple(checks.get(account.box.name) or _untried(account) for account in accounts),
        tested_since_edit=campaign is not None and await desk.read(lambda tx: _is_tested(tx, definition, campaign)),
        capacity=capacity_of(desk, definition, accounts, seen.leads),
    )
    return [
        Finding(level=finding.level, name=finding.name, message=finding.message, mend=finding.mend)
        for finding in preflight(found)
    ]


def _input(desk: Desk, definition: Definition, seen: "_Seen") -> PreflightInput:
    settings = desk.context.settings
    return PreflightInput(
        instance_dry_run=settings.engine.dry_run,
        steps=len(definition.steps),
        language=definition.language,
        config_file=str(settings.file) if settings.file else None,
        sender_name=settings.sender.name,
        sender_company=settings.sender.company,
        sender_postal_address=settings.sender.postal_address,
        public_enabled=settings.public.enabled,
        public_base_url=settings.public.base_url,
        reply_opt_out=settings.sender.reply_opt_out,
        footer_problem=_footer_problem(desk, definition),
        unrenderable_steps=seen.unrenderable(definition),
        recipient_countries=seen.countries,
        decisions={code: CountryPolicy(rule) for code, rule in settings.countries.items()},
        missing_variables=seen.missing,
        other_language_leads=seen.foreign,
        notify_email=settings.notify.email,
    )


def _footer_problem(desk: Desk, definition: Definition) -> str | None:
    match desk.context.renderer.footer(definition.language, desk.context.settings.sender, None):
        case TemplateProblem(line=line, message=message):
            return f"line {line}: {message}"
        case _:
            return None


def _is_tested(tx: Tx, definition: Definition, campaign: Campaign) -> bool:
    tested = tx.counters.get(campaign.id, TESTED_STEPS_VERSION)
    return tested == campaign.steps_version and definition.steps == campaign.definition.steps


def _untried(account: Account) -> MailboxCheck:
    why = account.state.detail or account.state.disabled
    return MailboxCheck(account.box.name, LogIn.NOT_TRIED, account.box.has_inbox, detail=why)


@dataclass(slots=True)
class _Seen:
    """What the recipients showed; `rendered` are the steps that made a text for somebody."""

    leads: int = 0
    tried: int = 0
    countries: Counter[str] = field(default_factory=Counter)
    foreign: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    rendered: set[int] = field(default_factory=set)

    def unrenderable(self, definition: Definition) -> tuple[int, ...]:
        if not self.tried:
            return ()
        return tuple(step.number for step in definition.steps if step.number not in self.rendered)


async def _look(desk: Desk, definition: Definition, campaign: Campaign) -> _Seen:
    seen = _Seen()
    async for leads in _recipients(desk, campaign):
        for lead in leads:
            seen.leads += 1
            country = country_of(lead.facts) or UNKNOWN_COUNTRY
            seen.countries[country] += 1
            if not _understands(lead, country, definition.language):
                seen.foreign[country] += 1
            if seen.tried < LEADS_RENDERED:
                seen.tried += 1
                _try_steps(desk, definition, lead, seen)
    return seen


async def _recipients(desk: Desk, campaign: Campaign) -> AsyncIterator[Sequence[Lead]]:
    """The newest leads that may yet be written to, in bounded reads."""
    for status in _RECIPIENTS:
        before: str | None = None
        for _ in range(LEADS_LOOKED_AT // _BATCH):
            leads = await desk.read(_page_of(campaign, Listing(_BATCH, before), LeadFilter(status=status)))
            if not leads:
                break
            yield leads
            before = leads[-1].id


def _page_of(campaign: Campaign, listing: Listing, chosen: LeadFilter) -> Callable[[Tx], Sequence[Lead]]:
    return lambda tx: tx.leads.page(campaign.id, listing, chosen)


def _understands(lead: Lead, country: str, language: str) -> bool:
    stated = (lead.facts.language or "").lower().partition("-")[0]
    return stated == language.partition("-")[0] or is_used_in(language, country)


def _try_steps(desk: Desk, definition: Definition, lead: Lead, seen: _Seen) -> None:
    lacking = set()
    thread: str | None = None
    for step in definition.steps:
        match compose(desk.context, definition, lead, step, thread=thread, opt_out_url=None, preview=True):
            case Rendered() | TemplateProblem(step=0):  # the footer's trouble is told by itself
                seen.rendered.add(step.number)
            case Missing(variable):
                lacking.add(variable)
            case _:
                pass
        if step.channel is Channel.EMAIL:
            thread = thread or step.subject
    seen.missing.update(lacking)
