"""A campaign as the API prints it: the summary of lists, and the whole with its definition."""

from typing import Any

from pydantic import Field

from camd.domain.campaign import CampaignStatus, Channel, GoalCounts, StatusReason
from camd.schema.definition_parts import (
    AutonomyBody,
    EnrichmentBody,
    IcpBody,
    PauseRulesBody,
    ScoringBody,
    SourceBody,
    StepBody,
    WindowBody,
)
from camd.schema.values import Instant, Number, View


class CampaignSummary(View):
    """All rates are fractions from 0 to 1. `current_leads` counts every status, `contacted_leads` those ever handed
    a touch, `replied_leads` those of them who ever answered, `qualified_leads` and `won_leads` those in exactly that
    status now. `won_mrr` is what the won leads bring a month, in `currency`."""

    id: int
    name: str
    status: CampaignStatus
    status_reason: StatusReason | None
    dry_run: bool
    target_niche: str | None
    service_key: str | None
    target_clients: int | None
    target_mrr: Number | None
    current_leads: int
    contacted_leads: int
    replied_leads: int
    qualified_leads: int
    won_leads: int
    won_mrr: Number
    currency: str
    goal_counts: GoalCounts
    conversion_rate: float
    goal_progress: float | None
    sent_today: int
    daily_email_limit: int


class Crash(View):
    """The last crash of the campaign's actor."""

    at: Instant
    error: str
    traceback: str


class CampaignDetail(CampaignSummary):
    """The summary with the whole definition beside it, and who set the status, when, and by which figures.

    `hook_urls` are the whole addresses of its hooks by their names, each as secret as a key; null, and `hook_hint` says
    why, while it is not known where the public listener is reached, and to who may only read."""

    description: str | None
    mrr_per_client: Number | None
    timezone: str
    language: str
    channels: tuple[Channel, ...]
    mailboxes: tuple[str, ...]
    first_touch_spread_hours: float
    no_reply_days: int
    icp: IcpBody
    window: WindowBody
    sources: tuple[SourceBody, ...]
    enrichment: EnrichmentBody
    scoring: ScoringBody
    steps: tuple[StepBody, ...]
    pause_rules: PauseRulesBody
    autonomy: AutonomyBody
    status_by: str
    status_at: Instant
    status_figures: dict[str, float] = Field(default_factory=dict)
    status_detail: str | None
    steps_version: int
    created_at: Instant
    updated_at: Instant
    first_live_at: Instant | None
    next_cycle_at: Instant | None
    crash: Crash | None
    hook_urls: dict[str, str | None] = Field(default_factory=dict)
    hook_hint: str | None = None

    @classmethod
    def of_stored(cls, values: dict[str, Any]) -> "CampaignDetail":
        """Made of what is stored without checking it again (see `definition_parts`)."""
        return cls.model_construct(**values)
