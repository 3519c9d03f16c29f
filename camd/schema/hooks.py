"""What a hook is told, one object for each person, and what it answers."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import Field, JsonValue, RootModel, ValidationInfo, field_validator

from camd.domain.lead import LostReason
from camd.domain.suppression import SuppressionReason
from camd.schema.definition import Currency
from camd.schema.values import Body, Money, View

MAX_OBJECTS = 100


class HookAction(StrEnum):
    LEAD = "lead"
    QUALIFY = "qualify"
    WON = "won"
    LOST = "lost"
    SUPPRESS = "suppress"


_TAKES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {HookAction.WON: ("mrr", "currency"), HookAction.LOST: ("reason",), HookAction.SUPPRESS: ("reason",)}
)
# An erasure empties the lead too, which a reason alone would not do.
_REASONS: Mapping[HookAction, frozenset[str]] = MappingProxyType(
    {
        HookAction.LOST: frozenset(LostReason) - {LostReason.ERASED},
        HookAction.SUPPRESS: frozenset(SuppressionReason) - {SuppressionReason.ERASED},
    }
)


class HookOrder(Body):
    """`mrr` is in the campaign's currency; `currency` may confirm that. `reason` is one of the action's own."""

    action: HookAction = HookAction.LEAD
    mrr: Money | None = None
    currency: Currency | None = None
    reason: str = "operator"

    @classmethod
    def of(cls, told: Mapping[str, str]) -> Self:
        """Passes over what the action does not take. Raises pydantic's `ValidationError`."""
        names = ("action", *_TAKES.get(told.get("action", ""), ()))
        return cls.model_validate({name: told[name] for name in names if name in told})

    @field_validator("reason")
    @classmethod
    def _of_its_action(cls, reason: str, info: ValidationInfo) -> str:
        known = _REASONS.get(info.data.get("action", HookAction.LEAD), frozenset())
        if reason not in known:
            raise ValueError(f"give one of {', '.join(sorted(known))}")
        return reason


class HookCall(RootModel[dict[str, JsonValue] | Annotated[list[dict[str, JsonValue]], Field(min_length=1)]]):
    """What a hook is sent: one object for each person, at most 100, as JSON or as a form.

    `action` is `lead` (the default), `qualify`, `won` with `mrr`, `lost` or `suppress` with a `reason`; every other
    field is a fact of the person under its own name, under a usual name of a form, or by the `map` of the source."""


class HookOutcome(StrEnum):
    """What became of one object. `known`: the person was a lead before; `unchanged`: it was so already, or the lead's
    status does not allow it; `waiting`: nobody has this address, so the review list asks; `full`: the source has given
    its `max_candidates`."""

    ADDED = "added"
    KNOWN = "known"
    FULL = "full"
    QUALIFIED = "qualified"
    WON = "won"
    LOST = "lost"
    SUPPRESSED = "suppressed"
    UNCHANGED = "unchanged"
    WAITING = "waiting"


class HookResult(View):
    """`notes` name what was understood only in part, never its value."""

    lead_id: str | None
    result: HookOutcome
    notes: list[str] = Field(default_factory=list)


class HookAnswer(View):
    """One result for each object, in their order."""

    results: list[HookResult]

    @property
    def is_settled(self) -> bool:
        """Whether nothing of it waits for a person."""
        return all(each.result is not HookOutcome.WAITING for each in self.results)
