"""The CycleReport: what one pass of a campaign's pipeline did, and what it waits for."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class CycleError(BaseModel):
    """Something that went wrong in a stage; `scope` says how far it reaches (`domain.errors.Scope`)."""

    model_config = ConfigDict(frozen=True)

    stage: str
    scope: str
    message: str


class CycleReport(BaseModel):
    """One cycle. `would_spend` maps a provider to the credits that a live run would have used; `waiting_for` maps
    a reason to the number of leads it holds back, 1 for a reason of the whole campaign. `has_more` is for who runs
    cycles, and not told: a batch was full, so that another cycle has work at once."""

    campaign_id: int
    campaign_name: str
    dry_run: bool
    leads_discovered: int = 0
    duplicates_skipped: int = 0
    leads_enriched: int = 0
    leads_scored: int = 0
    touches_planned: int = 0
    outreach_sent: int = 0
    outreach_failed: int = 0
    outreach_skipped: int = 0
    outreach_unknown: int = 0
    replies_processed: int = 0
    campaign_paused: str | None = None
    next_wake_at: datetime | None = None
    would_spend: dict[str, float] = Field(default_factory=dict)
    waiting_for: dict[str, int] = Field(default_factory=dict)
    errors: list[CycleError] = Field(default_factory=list)
    duration_seconds: float = 0.0
    has_more: bool = Field(default=False, exclude=True)
