"""What the outboxes did for each campaign since somebody was last told; lost with the process, as a report is."""

from collections import Counter

from camd.domain.facts import CampaignId
from camd.ports.records import TouchStatus


class SendCounts:
    def __init__(self) -> None:
        self._counts: dict[CampaignId, Counter[TouchStatus]] = {}

    def add(self, campaign_id: CampaignId, status: TouchStatus) -> None:
        self._counts.setdefault(campaign_id, Counter())[status] += 1

    def take(self, campaign_id: CampaignId) -> Counter[TouchStatus]:
        """They count from nothing afterwards."""
        return self._counts.pop(campaign_id, Counter())
