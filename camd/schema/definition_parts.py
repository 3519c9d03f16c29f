"""The parts of a campaign definition as JSON, each with its way to and from the domain's value.

`build` makes a part of a stored value without checking it again, so that a definition can be read after a rule
became stricter, or a time zone left the machine's data.
"""

from dataclasses import fields
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationInfo,
    field_validator,
    model_validator,
)

from camd.domain.campaign import (
    DEFAULT_WAITS,
    Autonomy,
    AutonomyMode,
    Channel,
    Enrichment,
    Icp,
    PauseRules,
    Scoring,
    SourceEntry,
    Step,
    Weights,
)
from camd.domain.countries import COUNTRIES
from camd.domain.errors import Invalid
from camd.domain.send_window import DAY_NAMES, MINUTES_A_DAY, Window, parse_window
from camd.domain.waterfall import LEARNABLE
from camd.schema.values import AS_NUMBER, EXACT, Body, Line, Share, not_empty

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WORKING_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri")
Lines = Annotated[tuple[Line, ...], Field(max_length=500)]
WaitDays = Annotated[Decimal, Field(ge=0, le=365, max_digits=12), EXACT, AS_NUMBER]


def _upper(code: object) -> object:
    return code.strip().upper() if isinstance(code, str) else code


def _known_country(code: str) -> str:
    if code not in COUNTRIES:
        raise ValueError("give an ISO 3166-1 alpha-2 code, such as DE")
    return code


def _same_names(part: Icp | Enrichment | Weights | PauseRules | Autonomy) -> dict[str, Any]:
    """Values for `model_construct`, whose types the domain has already."""
    return {field.name: getattr(part, field.name) for field in fields(part)}


CountryCode = Annotated[
    str,
    BeforeValidator(_upper),
    AfterValidator(_known_country),
    Field(description="ISO 3166-1 alpha-2, as in `AT`."),
]
Headcount = Annotated[int, Field(ge=0, le=10_000_000)]


class IcpBody(Body):
    titles: Lines = ()
    seniorities: Lines = ()
    industries: Lines = ()
    employee_min: Headcount | None = None
    employee_max: Headcount | None = None
    countries: tuple[CountryCode, ...] = ()

    @field_validator("employee_max")
    @classmethod
    def _in_order(cls, most: int | None, info: ValidationInfo) -> int | None:
        least = info.data.get("employee_min")
        if most is not None and least is not None and most < least:
            raise ValueError("must not be less than employee_min")
        return most

    @classmethod
    def build(cls, icp: Icp) -> Self:
        return cls.model_construct(**_same_names(icp))

    def to_domain(self) -> Icp:
        return Icp(**dict(self))


class WindowBody(Body):
    days: Annotated[tuple[Day, ...], AfterValidator(not_empty)] = WORKING_DAYS
    start: Annotated[str, Field(description="As in `09:00`, in the campaign's zone.")] = "09:00"
    end: Annotated[str, Field(validate_default=True, description="Later than `start`, at most `24:00`.")] = "17:00"
    holidays: bool = True

    @field_validator("start")
    @classmethod
    def _is_a_time(cls, start: str) -> str:
        return _checked(start, start=start, end="24:00")

    @field_validator("end")
    @classmethod
    def _is_later(cls, end: str, info: ValidationInfo) -> str:
        return _checked(end, start=info.data.get("start", "00:00"), end=end)

    @classmethod
    def build(cls, window: Window) -> Self:
        return cls.model_construct(
            days=tuple(DAY_NAMES[day] for day in sorted(window.days)),
            start=_clock_time(window.start_minute),
            end=_clock_time(window.end_minute),
            holidays=window.holidays,
        )

    def to_domain(self) -> Window:
        return parse_window(days=self.days, start=self.start, end=self.end, holidays=self.holidays)


def _checked(value: str, *, start: str, end: str) -> str:
    try:
        parse_window(start=start, end=end)
    except Invalid as error:
        raise ValueError(str(error)) from error
    return value


def _clock_time(minute: int) -> str:
    assert 0 <= minute <= MINUTES_A_DAY, "a window lies within one day"
    return f"{minute // 60:02}:{minute % 60:02}"


class SourceBody(Body):
    """A source's own fields stand beside `type`; which they are its provider declares."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    type: Line

    @classmethod
    def build(cls, entry: SourceEntry) -> Self:
        own: dict[str, Any] = dict(entry.settings)
        return cls.model_construct(type=entry.type, **own)

    def to_domain(self) -> SourceEntry:
        return SourceEntry(self.type, dict(self.__pydantic_extra__))


class EnrichmentBody(Body):
    providers: Lines = ()
    credits_per_day: Annotated[Decimal, Field(ge=0, le=1_000_000), EXACT, AS_NUMBER] | None = None
    facts: Lines = ()
    recheck_catch_all: bool = False

    @field_validator("facts")
    @classmethod
    def _can_be_learned(cls, facts: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(set(facts) - LEARNABLE):
            raise ValueError(f"no such fact: {', '.join(unknown)}; known: {', '.join(sorted(LEARNABLE))}")
        return facts

    @classmethod
    def build(cls, enrichment: Enrichment) -> Self:
        return cls.model_construct(**_same_names(enrichment))

    def to_domain(self) -> Enrichment:
        return Enrichment(**dict(self))


class WeightsBody(Body):
    address: Share = 0.30
    role_fit: Share = 0.25
    company_fit: Share = 0.25
    completeness: Share = 0.10
    intent: Share = 0.10

    @model_validator(mode="after")
    def _weigh_something(self) -> Self:
        # Role and company are asked for only by some campaigns; the others always are.
        if not self.address + self.completeness + self.intent > 0:
            raise ValueError("at least one of address, completeness and intent must weigh more than 0")
        return self

    def to_domain(self) -> Weights:
        return Weights(**dict(self))


class ScoringBody(Body):
    weights: WeightsBody = WeightsBody()
    min_score: Share = 0.0
    auto_qualify: bool = True
    auto_qualify_score: Share = 0.7

    @classmethod
    def build(cls, scoring: Scoring) -> Self:
        return cls.model_construct(
            weights=WeightsBody.model_construct(**_same_names(scoring.weights)),
            min_score=scoring.min_score,
            auto_qualify=scoring.auto_qualify,
            auto_qualify_score=scoring.auto_qualify_score,
        )

    def to_domain(self) -> Scoring:
        return Scoring(self.weights.to_domain(), self.min_score, self.auto_qualify, self.auto_qualify_score)


class StepBody(Body):
    """Without `wait_days` a step waits as the default sequence does: 0, 3, 6, 12 working days."""

    channel: Channel = Channel.EMAIL
    wait_days: WaitDays | None = None
    subject: Annotated[str, Field(max_length=500)] = ""
    body: Annotated[str, Field(max_length=100_000, validate_default=True)] = ""

    @field_validator("subject")
    @classmethod
    def _is_one_line(cls, subject: str) -> str:
        if len(subject.splitlines()) > 1 or "\0" in subject:
            raise ValueError("a subject is one line: remove line breaks")
        return subject.strip()

    @field_validator("body")
    @classmethod
    def _says_something(cls, body: str, info: ValidationInfo) -> str:
        if "\0" in body:
            raise ValueError("remove NUL characters")
        if info.data.get("channel") is Channel.EMAIL and not body.strip():
            raise ValueError("write the text of the mail")
        return body

    @classmethod
    def build(cls, step: Step) -> Self:
        return cls.model_construct(channel=step.channel, wait_days=step.wait_days, subject=step.subject, body=step.body)

    def to_domain(self, number: int) -> Step:
        wait = self.wait_days if self.wait_days is not None else default_wait(number)
        return Step(number, self.subject, self.body, self.channel, wait)


def default_wait(number: int) -> Decimal:
    """Working days before a step whose wait is not given; the last default repeats."""
    return DEFAULT_WAITS[min(number, len(DEFAULT_WAITS)) - 1]


def _begins_a_thread(steps: tuple[StepBody, ...]) -> tuple[StepBody, ...]:
    mails = [step for step in steps if step.channel is Channel.EMAIL]
    if mails and not mails[0].subject:
        raise ValueError("the first mail needs a subject; a later one without a subject answers in its thread")
    return steps


Steps = Annotated[tuple[StepBody, ...], Field(max_length=50), AfterValidator(_begins_a_thread)]


class PauseRulesBody(Body):
    loss_rate: Share = 0.50
    loss_min_contacted: Annotated[int, Field(ge=1, le=100_000)] = 10
    loss_counts_no_reply: bool = False
    age_days: Annotated[int, Field(ge=1, le=3650)] = 90
    bounce_slow: Share = 0.05
    bounce_pause: Share = 0.08
    bounce_min_sent: Annotated[int, Field(ge=1, le=100_000)] = 20
    complaint_rate: Share = 0.003

    @classmethod
    def build(cls, rules: PauseRules) -> Self:
        return cls.model_construct(**_same_names(rules))

    def to_domain(self) -> PauseRules:
        return PauseRules(**dict(self))


class AutonomyBody(Body):
    mode: AutonomyMode = AutonomyMode.APPROVE
    approve_first: Annotated[int, Field(ge=0, le=100_000)] = 10

    @classmethod
    def build(cls, autonomy: Autonomy) -> Self:
        return cls.model_construct(**_same_names(autonomy))

    def to_domain(self) -> Autonomy:
        return Autonomy(**dict(self))
