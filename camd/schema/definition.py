"""The campaign definition as JSON: the body of POST and PUT, the content of a definition file, and PATCH of it."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, JsonValue, RootModel, StringConstraints

from camd.domain.campaign import Channel, Definition, GoalCounts
from camd.domain.zones import UnknownZone, zone_info
from camd.schema.definition_parts import (
    AutonomyBody,
    EnrichmentBody,
    IcpBody,
    Lines,
    PauseRulesBody,
    ScoringBody,
    SourceBody,
    StepBody,
    Steps,
    WindowBody,
)
from camd.schema.values import Body, Line, Money, Note, not_empty


def _is_name(name: str) -> str:
    if not name.isprintable() or "/" in name:
        raise ValueError("use printable characters without /")
    if name.isdecimal():
        raise ValueError("digits alone are a campaign's number: add a letter")
    return name


def _is_zone(name: str) -> str:
    try:
        return zone_info(name).key
    except UnknownZone as error:
        raise ValueError(str(error)) from error


CampaignName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_is_name),
    Field(description="Printable characters without `/`, not digits alone."),
]
TimeZone = Annotated[str, AfterValidator(_is_zone), Field(description="As in `Europe/Vienna`.")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217, as in `EUR`.")]
Language = Annotated[
    str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="BCP 47, as in `de` or `de-AT`.")
]


class CampaignBody(Body):
    """Every field but the name is optional. Without `currency` and `timezone` those of the instance count."""

    name: CampaignName
    description: Note | None = None
    target_niche: Line | None = None
    service_key: Line | None = None
    target_clients: Annotated[int, Field(ge=1, le=100_000)] | None = None
    target_mrr: Money | None = None
    mrr_per_client: Money | None = None
    currency: Currency | None = None
    goal_counts: GoalCounts = GoalCounts.QUALIFIED
    daily_email_limit: Annotated[int, Field(ge=1, le=500)] = 20
    timezone: TimeZone | None = None
    language: Language = "en"
    channels: Annotated[tuple[Channel, ...], AfterValidator(not_empty)] = (Channel.EMAIL,)
    mailboxes: Lines = ()
    dry_run: bool = True
    first_touch_spread_hours: Annotated[float, Field(ge=0, le=24 * 30)] = 6.0
    no_reply_days: Annotated[int, Field(ge=1, le=3650)] = 30
    icp: IcpBody = IcpBody()
    window: WindowBody = WindowBody()
    sources: Annotated[tuple[SourceBody, ...], Field(max_length=100)] = ()
    enrichment: EnrichmentBody = EnrichmentBody()
    scoring: ScoringBody = ScoringBody()
    steps: Steps = ()
    pause_rules: PauseRulesBody = PauseRulesBody()
    autonomy: AutonomyBody = AutonomyBody()

    def to_definition(self, *, currency: str, timezone: str) -> Definition:
        """`currency` and `timezone` are the instance's, for a body that names none."""
        parts: dict[str, Any] = dict(self)
        return Definition(
            **parts
            | {
                "currency": self.currency or currency,
                "timezone": self.timezone or timezone,
                "icp": self.icp.to_domain(),
                "window": self.window.to_domain(),
                "sources": tuple(source.to_domain() for source in self.sources),
                "enrichment": self.enrichment.to_domain(),
                "scoring": self.scoring.to_domain(),
                "steps": tuple(step.to_domain(number) for number, step in enumerate(self.steps, 1)),
                "pause_rules": self.pause_rules.to_domain(),
                "autonomy": self.autonomy.to_domain(),
            }
        )


def definition_fields(definition: Definition) -> dict[str, Any]:
    """The JSON's fields of a stored definition as values for `model_construct`; nothing is checked again."""
    plain = {name: getattr(definition, name) for name in CampaignBody.model_fields}
    return plain | {
        "icp": IcpBody.build(definition.icp),
        "window": WindowBody.build(definition.window),
        "sources": tuple(map(SourceBody.build, definition.sources)),
        "enrichment": EnrichmentBody.build(definition.enrichment),
        "scoring": ScoringBody.build(definition.scoring),
        "steps": tuple(map(StepBody.build, definition.steps)),
        "pause_rules": PauseRulesBody.build(definition.pause_rules),
        "autonomy": AutonomyBody.build(definition.autonomy),
    }


class CampaignPatch(RootModel[dict[str, JsonValue]]):
    """A JSON merge patch (RFC 7396): objects are merged, lists replaced, null gives the default back."""

    def merged_into(self, definition: Definition) -> CampaignBody:
        """Raises pydantic's `ValidationError` for what the whole would be."""
        stored = CampaignBody.model_construct(**definition_fields(definition)).model_dump(mode="json")
        return CampaignBody.model_validate(_merged(stored, self.root))


def _merged(target: JsonValue, patch: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    result: dict[str, JsonValue] = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            result[name] = _merged(result.get(name), value)
        else:
            result[name] = value
    return result
