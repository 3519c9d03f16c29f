"""What a live run asks first: how many mails may go out, and which campaigns stay dry all the same."""

from collections.abc import Iterator

from camd.domain.campaign import CampaignStatus
from camd.schema.campaign import CampaignSummary
from camd.schema.status import Status
from camd.ui.visitor import ConsoleClient
from camd.ui.words import STATUS, count, plain

LOOKED_AT = 20
"""Campaigns whose outlook is asked for; of more only their own limits are known at once."""
_NAMED = 5


def ask(client: ConsoleClient, chosen: list[CampaignSummary]) -> str:
    """As markdown."""
    able = [campaign for campaign in chosen if _is_live(campaign)]
    lines = [*_against(client.status()), _how_many(client, able), *_dry_ones(chosen)]
    return "\n\n".join(lines)


def _is_live(campaign: CampaignSummary) -> bool:
    return campaign.status is CampaignStatus.ACTIVE and not campaign.dry_run


def _how_many(client: ConsoleClient, able: list[CampaignSummary]) -> str:
    if not able:
        return "**No mail may go out**: none of the campaigns is active and live."
    if len(able) > LOOKED_AT:
        left = sum(max(0, campaign.daily_email_limit - campaign.sent_today) for campaign in able)
        return f"**At most {count(left, 'mail')} may go out** of {len(able):,} campaigns, by their own limits of today."
    outlooks = [client.outlook(campaign.id) for campaign in able]
    left = sum(outlook.left_today for outlook in outlooks)
    ready = sum(day.first + day.follow_ups for outlook in outlooks for day in outlook.planned[:1])
    return (
        f"**At most {count(left, 'mail')} may go out** by today's limits, to real people; "
        f"{count(ready, 'mail is', 'mails are')} planned for today, and those that are due go now."
    )


def _against(status: Status) -> Iterator[str]:
    """What keeps everything from going out."""
    if status.dry_run:
        yield "camd itself is in dry run: nothing goes out, whatever you answer here."
    if status.kill_switch.on:
        yield "The kill switch is on: nothing goes out until it is off."
    if status.recovery.hold:
        yield "The recovery hold stands: nothing goes out until it is released."
    if not status.gate.open:
        yield "The send gate is closed: nothing goes out until it is open."


def _dry_ones(chosen: list[CampaignSummary]) -> Iterator[str]:
    dry = [campaign for campaign in chosen if not _is_live(campaign)]
    if dry:
        named = ", ".join(f"{plain(campaign.name)} ({_why_dry(campaign)})" for campaign in dry[:_NAMED])
        more = f" and {len(dry) - _NAMED:,} more" if len(dry) > _NAMED else ""
        yield f"These make a dry cycle all the same: {named}{more}."


def _why_dry(campaign: CampaignSummary) -> str:
    return "in dry run" if campaign.status is CampaignStatus.ACTIVE else STATUS[campaign.status]
