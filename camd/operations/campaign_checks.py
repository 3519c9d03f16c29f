"""What a definition must fulfil beyond its form: sources, mailboxes and templates that this instance can use."""

from collections.abc import Callable, Iterator, Sequence

from camd.domain import hooks
from camd.domain.campaign import Campaign, CampaignStatus, Channel, Definition
from camd.domain.facts import CampaignId
from camd.domain.zones import UnknownZone, zone_info
from camd.operations.desk import Desk
from camd.operations.errors import Conflict, Unprocessable
from camd.ports.records import Listing
from camd.ports.store import Tx
from camd.schema.problem import FieldProblem

_BATCH = 200


async def require_usable(desk: Desk, definition: Definition, campaign_id: CampaignId | None) -> None:
    """Raises `Unprocessable` with every problem of the definition; `campaign_id` is the campaign that has it, none
    for a new one."""
    templates = await _templates(desk, definition)
    taken = await _hooks(desk, definition, campaign_id)
    if problems := [
        *_sources(desk, definition),
        *taken,
        *_providers(desk, definition),
        *_mailboxes(desk, definition),
        *templates,
    ]:
        raise Unprocessable(problems)


async def require_startable(desk: Desk, definition: Definition) -> None:
    """Raises `Conflict` where the stored definition cannot be worked with as it is."""
    templates = await _templates(desk, definition)
    if problems := [*_zone(definition), *_sources(desk, definition), *templates]:
        told = "; ".join(f"{problem.field}: {problem.message}" for problem in problems)
        raise Conflict("not-startable", "The campaign cannot start", told)


def _zone(definition: Definition) -> Iterator[FieldProblem]:
    try:
        zone_info(definition.timezone)
    except UnknownZone as error:
        yield FieldProblem(field="timezone", message=str(error))


def _sources(desk: Desk, definition: Definition) -> Iterator[FieldProblem]:
    known = desk.context.sources
    for place, entry in enumerate(definition.sources):
        source = known.get(entry.type)
        if source is None:
            names = ", ".join(sorted(known)) or "none"
            yield FieldProblem(field=f"sources.{place}.type", message=f"no such source; known: {names}")
            continue
        for problem in source.check(entry.settings):
            name, colon, mend = problem.partition(": ")
            named = colon and name.isidentifier()
            field, message = (f"sources.{place}.{name}", mend) if named else (f"sources.{place}", problem)
            yield FieldProblem(field=field, message=message)


def _providers(desk: Desk, definition: Definition) -> Iterator[FieldProblem]:
    known = desk.context.enrichers
    for place, name in enumerate(definition.enrichment.providers):
        if name not in known:
            names = ", ".join(sorted(known)) or "none"
            yield FieldProblem(field=f"enrichment.providers.{place}", message=f"no such provider; known: {names}")


async def _hooks(desk: Desk, definition: Definition, campaign_id: CampaignId | None) -> list[FieldProblem]:
    """A person tells addresses apart by the hook's name, so it is used once in all campaigns that are not archived.
    Each address names its campaign: two that get the same name at the same instant do no harm."""
    named = hooks.named(definition)
    takers: dict[str, str] = {}
    before: str | None = None
    while named and (found := await desk.read(_older(before))):
        for campaign in found:
            if campaign.id != campaign_id and campaign.status.status is not CampaignStatus.ARCHIVED:
                takers |= dict.fromkeys(hooks.places(campaign.definition), campaign.definition.name)
        before = str(found[-1].id)
    first = hooks.places(definition)
    problems = [(place, f"campaign {takers[name]} has a hook of this name") for place, name in named if name in takers]
    problems += [(place, "another source has this name") for place, name in named if first[name] != place]
    return [
        FieldProblem(field=f"sources.{place}.name", message=f"{told}; give another one") for place, told in problems
    ]


def _older(before: str | None) -> Callable[[Tx], Sequence[Campaign]]:
    return lambda tx: tx.campaigns.page(Listing(_BATCH, before))


def _mailboxes(desk: Desk, definition: Definition) -> Iterator[FieldProblem]:
    known = desk.context.settings.mailboxes
    for place, name in enumerate(definition.mailboxes):
        if name not in known:
            names = ", ".join(sorted(known)) or "none"
            yield FieldProblem(field=f"mailboxes.{place}", message=f"no such mailbox; configured: {names}")


async def _templates(desk: Desk, definition: Definition) -> list[FieldProblem]:
    steps = [step for step in definition.steps if step.channel is Channel.EMAIL or step.body or step.subject]
    return [
        FieldProblem(
            field=f"steps.{problem.step - 1}.{problem.part}", message=f"line {problem.line}: {problem.message}"
        )
        for problem in await desk.context.renderer.check(steps)
    ]
