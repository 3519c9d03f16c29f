"""All campaigns, and what each is called where one chooses among them."""

from collections.abc import Iterator

from camd.schema.campaign import CampaignSummary
from camd.schema.page import MAX_LIMIT
from camd.ui.visitor import ConsoleClient


def every_campaign(client: ConsoleClient) -> Iterator[CampaignSummary]:
    """One request for each 500 campaigns."""
    page = client.campaigns(limit=MAX_LIMIT)
    yield from page.items
    while page.next is not None:
        page = client.campaigns(limit=MAX_LIMIT, cursor=page.next)
        yield from page.items


def label(campaign: CampaignSummary) -> str:
    """Nothing in it changes while it is chosen, or the choice would be lost."""
    return f"{campaign.name} (no. {campaign.id})"
