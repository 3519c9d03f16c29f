"""Campaigns as the API prints them; the figures come from tallies, nothing is counted."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from camd.domain import hooks, tally
from camd.domain.campaign import Campaign, CampaignStatus, StatusReason
from camd.domain.facts import CampaignId
from camd.domain.goals import goal_progress
from camd.domain.lead import LeadStatus
from camd.domain.token_bucket import LocalDay, QuotaScope
from camd.domain.zones import UnknownZone, zone_info
from camd.operations.desk import Desk
from camd.pipeline.evaluate import goal_figures
from camd.ports.records import Preview, Touch
from camd.ports.settings import PublicSettings
from camd.ports.store import Tx
from camd.schema.campaign import CampaignDetail, CampaignSummary, Crash
from camd.schema.definition import definition_fields
from camd.schema.preview import Preview as PreviewView

NOT_PUBLIC = "Nothing reaches a hook yet: set public.enabled and public.base_url in camd.toml, and start camd again."


def summary(campaign: Campaign, tallies: Mapping[str, int], sent: int) -> CampaignSummary:
    """`sent` is its `sent_today`."""
    definition, figures = campaign.definition, goal_figures(campaign, tallies)
    contacted = figures.contacted
    return CampaignSummary(
        id=campaign.id,
        name=definition.name,
        status=campaign.status.status,
        status_reason=campaign.status.reason,
        dry_run=definition.dry_run,
        target_niche=definition.target_niche,
        service_key=definition.service_key,
        target_clients=definition.target_clients,
        target_mrr=definition.target_mrr,
        current_leads=sum(tallies.get(tally.status_name(status), 0) for status in LeadStatus),
        contacted_leads=contacted,
        replied_leads=tallies.get(tally.CONTACTED_REPLIED, 0),
        qualified_leads=figures.qualified,
        won_leads=figures.won,
        won_mrr=figures.won_mrr,
        currency=definition.currency,
        goal_counts=definition.goal_counts,
        conversion_rate=tallies.get(tally.CONTACTED_CONVERTED, 0) / contacted if contacted else 0.0,
        goal_progress=goal_progress(definition, figures),
        sent_today=sent,
        daily_email_limit=definition.daily_email_limit,
    )


def sent_today(tx: Tx, campaigns: Sequence[Campaign], now: datetime) -> Mapping[CampaignId, int]:
    """Of each campaign on its own local day."""
    windows = [
        (QuotaScope.CAMPAIGN, str(campaign.id), LocalDay(zone_of(campaign)).since(now)) for campaign in campaigns
    ]
    return dict(zip((campaign.id for campaign in campaigns), tx.quotas.used_of(windows), strict=True))


def zone_of(campaign: Campaign) -> str:
    """UTC where the zone data lost its zone: nothing is sent until a person mends it, and this can still be read."""
    try:
        zone_info(campaign.definition.timezone)
    except UnknownZone:
        return "UTC"
    return campaign.definition.timezone


def detail(tx: Tx, desk: Desk, campaign: Campaign) -> CampaignDetail:
    status, public = campaign.status, desk.context.settings.public
    sent = sent_today(tx, [campaign], desk.now())[campaign.id]
    short = summary(campaign, tx.leads.tallies(campaign.id), sent)
    hook_urls = _hook_urls(tx, campaign, public)
    return CampaignDetail.of_stored(
        definition_fields(campaign.definition)
        | dict(short)
        | {
            "status_by": status.by,
            "status_at": status.at,
            "status_figures": dict(status.figures),
            "status_detail": status.detail,
            "steps_version": campaign.steps_version,
            "created_at": campaign.created_at,
            "updated_at": campaign.updated_at,
            "first_live_at": campaign.first_live_at,
            "next_cycle_at": campaign.next_cycle_at,
            "crash": _parked_by(tx, campaign),
            "hook_urls": hook_urls,
            "hook_hint": NOT_PUBLIC if hook_urls and not (public.enabled and public.base_url) else None,
        }
    )


def _hook_urls(tx: Tx, campaign: Campaign, public: PublicSettings) -> dict[str, str | None]:
    """An archived campaign is told nothing any more."""
    if campaign.status.status is CampaignStatus.ARCHIVED:
        return {}
    base, key = public.base_url, tx.instance.key()
    names = hooks.places(campaign.definition)
    return {name: f"{base}{hooks.path(key, campaign.id, name)}" if base else None for name in names}


def _parked_by(tx: Tx, campaign: Campaign) -> Crash | None:
    if campaign.status.reason is not StatusReason.PARKED:
        return None
    crashes = tx.campaigns.crashes(campaign.id, 1)
    return Crash(at=crashes[0].at, error=crashes[0].error, traceback=crashes[0].traceback) if crashes else None


def preview(tx: Tx, stored: Preview | Touch) -> PreviewView:
    lead = tx.leads.get(stored.lead_id)
    return PreviewView(
        campaign_id=stored.campaign_id,
        lead_id=stored.lead_id,
        step=stored.step,
        due_at=stored.due_at,
        mailbox=stored.mailbox,
        email=lead.facts.email if lead else None,
        subject=stored.subject or "",
        body=stored.body or "",
    )
