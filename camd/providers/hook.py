"""The source `hook`: people and outcomes that forms and Make send to an address of this campaign.

There is nothing to fetch, and never an end: what comes is stored when it comes (`operations.hooks`).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

from camd.domain.errors import Misconfigured, Scope
from camd.domain.hooks import TYPE, is_name
from camd.ports.clock import Clock
from camd.ports.providers import MAX_CANDIDATES, Cursor, Found, NotYet, RateLimit, SourceField
from camd.providers.hook_person import hook_fields, is_field, person, told
from camd.schema.status import FieldKind

LATER = timedelta(days=365)
"""Nobody has to look before; a lead that comes rings the campaign's doorbell."""
FIELDS = (
    SourceField("name", FieldKind.TEXT, "Part of the address that people are sent to", required=True),
    SourceField("map", FieldKind.TABLE, "Fields of other names: incoming field = fact, or custom.<name>"),
    MAX_CANDIDATES,
)
_FIELDS = tuple(field.name for field in FIELDS)


class HookSource:
    """`[[sources]]` of type `hook`: `name` (part of its address, unique over all campaigns), `map` = {incoming field =
    fact} and `max_candidates`, the most leads it makes."""

    name = TYPE
    fields: Sequence[SourceField] = FIELDS
    limits: Sequence[RateLimit] = ()
    price = Decimal(0)

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def check(self, settings: Mapping[str, object]) -> Sequence[str]:
        return _problems(settings)

    async def fetch(self, settings: Mapping[str, object], cursor: Cursor | None, limit: int) -> NotYet:  # noqa: ARG002 - the port's
        """Raises `Misconfigured` for the campaign."""
        if problems := _problems(settings):
            raise Misconfigured("; ".join(problems), scope=Scope.CAMPAIGN)
        return NotYet(self._clock.now() + LATER)

    def told(self, settings: Mapping[str, object], given: Mapping[str, object]) -> Mapping[str, str]:
        return told(hook_fields(_map(settings), given))

    def person(self, settings: Mapping[str, object], given: Mapping[str, object]) -> Found:
        return person(hook_fields(_map(settings), given), str(settings["name"]))


def _map(settings: Mapping[str, object]) -> Mapping[str, str]:
    mapping = settings.get("map", {})
    assert isinstance(mapping, Mapping), "a definition is checked before it is stored"
    return mapping


def _problems(settings: Mapping[str, object]) -> list[str]:
    problems = [f"{name}: unknown field; known are {', '.join(_FIELDS)}" for name in settings if name not in _FIELDS]
    if not is_name(settings.get("name")):
        problems.append("name: give up to 50 of the letters a-z and A-Z, digits, . _ and -, first a letter or a digit")
    mapping = settings.get("map", {})
    if not isinstance(mapping, Mapping):
        problems.append("map: give a table of incoming field = fact")
    else:
        others = "action, mrr, currency, reason or custom.<name>"
        problems += [
            f"map: {field!r} for {given!r} is no fact; use a fact's name, {others}"
            for given, field in mapping.items()
            if not isinstance(field, str) or not is_field(field)
        ]
    most = settings.get("max_candidates")
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 1):
        problems.append("max_candidates: give a whole number of at least 1")
    return problems
