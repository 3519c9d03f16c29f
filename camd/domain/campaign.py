"""A campaign: its definition with the defaults of the product, its statuses, and the moves between them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from camd.domain.facts import CampaignId
from camd.domain.send_window import Window


class CampaignStatus(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    ARCHIVED = "archived"


class StatusReason(StrEnum):
    """Why a campaign is paused, or (the last) completed."""

    OPERATOR = "operator"
    GOAL_REACHED = "goal_reached"
    HIGH_LOSS_RATE = "high_loss_rate"
    AGE_LIMIT = "age_limit"
    BOUNCE_RATE = "bounce_rate"
    COMPLAINT_RATE = "complaint_rate"
    MISCONFIGURED = "misconfigured"
    PARKED = "parked"
    ALL_FINISHED = "all_finished"


class Verb(StrEnum):
    """What a person can ask of a campaign's status."""

    ACTIVATE = "activate"
    PAUSE = "pause"
    RESUME = "resume"
    ARCHIVE = "archive"


_TARGETS: Mapping[Verb, CampaignStatus] = MappingProxyType(
    {
        Verb.ACTIVATE: CampaignStatus.ACTIVE,
        Verb.PAUSE: CampaignStatus.PAUSED,
        Verb.RESUME: CampaignStatus.ACTIVE,
        Verb.ARCHIVE: CampaignStatus.ARCHIVED,
    }
)
_SOURCES: Mapping[Verb, frozenset[CampaignStatus]] = MappingProxyType(
    {
        Verb.ACTIVATE: frozenset({CampaignStatus.DRAFT, CampaignStatus.COMPLETED, CampaignStatus.PAUSED}),
        Verb.PAUSE: frozenset({CampaignStatus.ACTIVE}),
        Verb.RESUME: frozenset({CampaignStatus.PAUSED}),
        Verb.ARCHIVE: frozenset(CampaignStatus),
    }
)


class IllegalMove(Exception):
    """The campaign's status does not allow this."""


def moved(status: CampaignStatus, verb: Verb) -> CampaignStatus:
    """The status after `verb`; the same one where it is asked for again. Raises `IllegalMove`."""
    target = _TARGETS[verb]
    if status is target or status in _SOURCES[verb]:
        return target
    allowed = ", ".join(sorted(_SOURCES[verb]))
    raise IllegalMove(f"a campaign that is {status} cannot {verb}; it must be one of: {allowed}")


class Channel(StrEnum):
    EMAIL = "email"
    TASK = "task"


class GoalCounts(StrEnum):
    QUALIFIED = "qualified"
    WON = "won"


class AutonomyMode(StrEnum):
    APPROVE = "approve"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Icp:
    """The ideal customer profile; an empty field asks for nothing. Countries are alpha-2 codes."""

    titles: tuple[str, ...] = ()
    seniorities: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    employee_min: int | None = None
    employee_max: int | None = None
    countries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One `[[sources]]` entry: the provider's name and the fields it declares."""

    type: str
    settings: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Enrichment:
    """Whom to ask, for credits, about what is missing; none of `providers` means that nothing is paid for. `facts` are
    worth asking for beside an address that works; `recheck_catch_all`: a second provider judges what the first calls
    catch-all."""

    providers: tuple[str, ...] = ()
    credits_per_day: Decimal | None = None
    facts: tuple[str, ...] = ()
    recheck_catch_all: bool = False


@dataclass(frozen=True, slots=True)
class Weights:
    address: float = 0.30
    role_fit: float = 0.25
    company_fit: float = 0.25
    completeness: float = 0.10
    intent: float = 0.10


@dataclass(frozen=True, slots=True)
class Scoring:
    weights: Weights = field(default_factory=Weights)
    min_score: float = 0.0
    auto_qualify: bool = True
    auto_qualify_score: float = 0.7


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a sequence. The whole part of `wait_days` counts working days after the step before."""

    number: int
    subject: str = ""
    body: str = ""
    channel: Channel = Channel.EMAIL
    wait_days: Decimal = Decimal(0)


DEFAULT_WAITS: tuple[Decimal, ...] = (Decimal(0), Decimal(3), Decimal(6), Decimal(12))
"""Working days before each step where the definition names none; the last one repeats."""


@dataclass(frozen=True, slots=True)
class PauseRules:
    """Rates are fractions from 0 to 1."""

    loss_rate: float = 0.50
    loss_min_contacted: int = 10
    loss_counts_no_reply: bool = False
    age_days: int = 90
    bounce_slow: float = 0.05
    bounce_pause: float = 0.08
    bounce_min_sent: int = 20
    complaint_rate: float = 0.003


@dataclass(frozen=True, slots=True)
class Autonomy:
    mode: AutonomyMode = AutonomyMode.APPROVE
    approve_first: int = 10


@dataclass(frozen=True, slots=True)
class Definition:
    """What a person says of a campaign; every field but the name has a default.

    Money is a month's in `currency`; `timezone` is an IANA name; `steps` are numbered from 1.
    """

    name: str
    description: str | None = None
    target_niche: str | None = None
    service_key: str | None = None
    target_clients: int | None = None
    target_mrr: Decimal | None = None
    mrr_per_client: Decimal | None = None
    currency: str = "EUR"
    goal_counts: GoalCounts = GoalCounts.QUALIFIED
    daily_email_limit: int = 20
    timezone: str = "UTC"
    language: str = "en"
    channels: tuple[Channel, ...] = (Channel.EMAIL,)
    mailboxes: tuple[str, ...] = ()
    dry_run: bool = True
    first_touch_spread_hours: float = 6.0
    no_reply_days: int = 30
    icp: Icp = field(default_factory=Icp)
    window: Window = field(default_factory=Window)
    sources: tuple[SourceEntry, ...] = ()
    enrichment: Enrichment = field(default_factory=Enrichment)
    scoring: Scoring = field(default_factory=Scoring)
    steps: tuple[Step, ...] = ()
    pause_rules: PauseRules = field(default_factory=PauseRules)
    autonomy: Autonomy = field(default_factory=Autonomy)


@dataclass(frozen=True, slots=True)
class StatusChange:
    """Who changed the status, when, why, and the figures that decided it."""

    status: CampaignStatus
    reason: StatusReason | None
    by: str
    at: datetime
    figures: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as it is stored. `mutes` holds, for each rule a person overruled, the figure or instant until
    which it stays silent; `next_cycle_at` is when its actor has to look again."""

    id: CampaignId
    definition: Definition
    status: StatusChange
    created_at: datetime
    updated_at: datetime
    steps_version: int = 1
    planned_dry: bool = True
    first_live_at: datetime | None = None
    next_cycle_at: datetime | None = None
    mutes: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    version: int = 1

    @property
    def is_active(self) -> bool:
        return self.status.status is CampaignStatus.ACTIVE
