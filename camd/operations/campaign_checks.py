"""What a definition must fulfil beyond its form: sources, mailboxes and templates that this instance can use."""

from collections.abc import Iterator

from camd.domain.campaign import Channel, Definition
from camd.domain.zones import UnknownZone, zone_info
from camd.operations.desk import Desk
from camd.operations.errors import Conflict, Unprocessable
from camd.schema.problem import FieldProblem


async def require_usable(desk: Desk, definition: Definition) -> None:
    """Raises `Unprocessable` with every problem of the definition."""
    templates = await _templates(desk, definition)
    if problems := [*_sources(desk, definition), *_mailboxes(desk, definition), *templates]:
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
