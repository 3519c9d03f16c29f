"""Preflight: gathers what there is to know of a definition and its leads, and asks the one pure function.

It tries the log-in of each mailbox and looks up the records of its domain. Going live is refused whatever it finds:
this version has no part that sends to leads.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from camd.domain.campaign import Campaign, Definition
from camd.domain.lead import Lead, LeadStatus
from camd.domain.preflight import (
    UNKNOWN_COUNTRY,
    Capacity,
    CountryPolicy,
    Level,
    MailboxCheck,
    MailboxPace,
    PreflightInput,
    capacity,
    preflight,
)
from camd.domain.zones import country_of
from camd.operations.desk import Desk, find_campaign
from camd.operations.errors import Conflict
from camd.operations.mailboxes import checks_of
from camd.pipeline.template_variables import template_variables
from camd.ports.mail import Missing, Rendered
from camd.ports.records import LeadFilter, Listing
from camd.ports.settings import MailboxSettings
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
    checks = await checks_of(desk, _mailboxes_of(desk, definition))
    return [
        Finding(level=found.level, name=found.name, message=found.message, mend=found.mend)
        for found in preflight(_input(desk, definition, seen, checks))
    ]


def _input(desk: Desk, definition: Definition, seen: "_Seen", checks: tuple[MailboxCheck, ...]) -> PreflightInput:
    settings = desk.context.settings
    mailboxes = _mailboxes_of(desk, definition)
    return PreflightInput(
        instance_dry_run=settings.engine.dry_run,
        steps=len(definition.steps),
        language=definition.language,
        can_send=False,
        mailboxes=checks,
        config_file=str(settings.file) if settings.file else None,
        sender_name=settings.sender.name,
        sender_company=settings.sender.company,
        sender_postal_address=settings.sender.postal_address,
        public_enabled=settings.public.enabled,
        public_base_url=settings.public.base_url,
        reply_opt_out=settings.sender.reply_opt_out,
        unrenderable_steps=seen.unrenderable(definition),
        recipient_countries=seen.countries,
        decisions={code: CountryPolicy(rule) for code, rule in settings.countries.items()},
        missing_variables=seen.missing,
        notify_email=settings.notify.email,
        capacity=_capacity(desk, definition, mailboxes, seen.leads),
    )


def _mailboxes_of(desk: Desk, definition: Definition) -> list[MailboxSettings]:
    configured = desk.context.settings.mailboxes
    return [configured[name] for name in definition.mailboxes or sorted(configured) if name in configured]


def _capacity(desk: Desk, definition: Definition, mailboxes: Sequence[MailboxSettings], leads: int) -> Capacity | None:
    if not (definition.steps and mailboxes and leads):
        return None
    window = definition.window
    return capacity(
        leads=leads,
        waits=tuple(max(1, int(step.wait_days)) for step in definition.steps[1:]),
        campaign_limit=definition.daily_email_limit,
        mailboxes=tuple(
            MailboxPace(box.daily_limit, timedelta(seconds=box.min_gap_seconds + box.jitter_seconds / 2), box.ramp)
            for box in mailboxes
        ),
        window_length=timedelta(minutes=window.end_minute - window.start_minute),
        days_per_week=len(window.days),
        instance_limit=desk.context.settings.limits.instance_daily,
    )


@dataclass(slots=True)
class _Seen:
    """What the recipients showed; `rendered` are the steps that made a text for somebody."""

    leads: int = 0
    tried: int = 0
    countries: Counter[str] = field(default_factory=Counter)
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
            seen.countries[country_of(lead.facts) or UNKNOWN_COUNTRY] += 1
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


def _try_steps(desk: Desk, definition: Definition, lead: Lead, seen: _Seen) -> None:
    variables = template_variables(desk.context.settings.sender, definition, lead)
    lacking = set()
    for step in definition.steps:
        match desk.context.renderer.render(step, variables):
            case Rendered():
                seen.rendered.add(step.number)
            case Missing(variable):
                lacking.add(variable)
            case _:
                pass
    seen.missing.update(lacking)
