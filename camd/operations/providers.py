"""The providers that this version knows: what each does here, whether it may be asked, and what it has cost today."""

from camd.operations.desk import Desk
from camd.pipeline.credit_budget import spent_today
from camd.ports.providers import LeadSource
from camd.ports.store import Tx
from camd.schema.page import Page
from camd.schema.status import ProviderState, SourceField


async def page(desk: Desk) -> Page[ProviderState]:
    """All of them: they are few."""
    return Page(items=await desk.read(lambda tx: states(tx, desk)))


def states(tx: Tx, desk: Desk) -> list[ProviderState]:
    context = desk.context
    names = {*context.sources, *context.enrichers, context.verifier.name}
    return [_state(tx, desk, name) for name in sorted(names)]


def _state(tx: Tx, desk: Desk, name: str) -> ProviderState:
    context = desk.context
    resting = {key: rest for key, rest in context.providers.degraded().items() if key.split()[0] == name}
    is_paid = name in context.enrichers or (name in context.sources and context.sources[name].price > 0)
    return ProviderState(
        name=name,
        roles=_roles(desk, name),
        rests_until=max((rest.until for rest in resting.values()), default=None),
        problem="; ".join(rest.problem for rest in resting.values()) or None,
        credits_today=spent_today(tx, context, name, desk.now()) if is_paid else None,
        credits_per_day=context.credits_per_day.get(name),
        source_fields=_source_fields(context.sources.get(name)),
    )


def _source_fields(source: LeadSource | None) -> list[SourceField]:
    return [
        SourceField(name=field.name, kind=field.kind, required=field.required, about=field.about)
        for field in (source.fields if source else ())
    ]


def _roles(desk: Desk, name: str) -> list[str]:
    context = desk.context
    enricher = context.enrichers.get(name)
    return [
        *(["source"] if name in context.sources else []),
        *(["verifier"] if name == context.verifier.name else []),
        *(service.offer.operation for service in (enricher.services if enricher else ())),
    ]
