"""Live or dry: a cycle is live only if instance, campaign and call all say so and the campaign is active."""

from dataclasses import dataclass
from enum import StrEnum

from camd.domain.campaign import Campaign, CampaignStatus


class DryReason(StrEnum):
    INSTANCE = "dry_run_instance"
    CAMPAIGN = "dry_run_campaign"
    CALL = "dry_run_call"
    NOT_ACTIVE = "not_active"


@dataclass(frozen=True, slots=True)
class RunMode:
    """`discovers` is false where a cycle asked for by a person leaves the sources alone."""

    dry_reasons: tuple[DryReason, ...]
    discovers: bool

    @property
    def dry(self) -> bool:
        return bool(self.dry_reasons)


def run_mode(campaign: Campaign, *, instance_dry: bool, call_dry: bool) -> RunMode:
    """A flag can make a run drier, never wetter. In `paused` and `completed` nothing is discovered."""
    reasons = (
        (DryReason.INSTANCE, instance_dry),
        (DryReason.CAMPAIGN, campaign.definition.dry_run),
        (DryReason.CALL, call_dry),
        (DryReason.NOT_ACTIVE, not campaign.is_active),
    )
    discovering = campaign.status.status in (CampaignStatus.DRAFT, CampaignStatus.ACTIVE)
    return RunMode(tuple(reason for reason, holds in reasons if holds), discovering)
