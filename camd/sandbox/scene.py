"""How far the demonstration is, asked of the API as any other caller would."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from camd.client import CamdClient
from camd.domain.lead import LeadStatus
from camd.schema.event import Event
from camd.schema.lead import Lead
from camd.schema.page import MAX_LIMIT

EVENTS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look while it runs."""

    url: str
    socket: Path
    folder: Path
    config_file: Path


@dataclass(frozen=True, slots=True)
class Standing:
    """One campaign; `worked` counts the leads that have a mail to come, or a reason why not."""

    name: str
    status: str
    leads: Mapping[LeadStatus, int]
    scored: int
    previewed: int
    worked: int
    next_wake_at: datetime | None

    @property
    def total(self) -> int:
        return sum(self.leads.values())


@dataclass(frozen=True, slots=True)
class Scene:
    """`seconds` since the daemon was ready."""

    standings: tuple[Standing, ...]
    events: tuple[Event, ...]
    seconds: float

    @property
    def is_worked(self) -> bool:
        """Every lead that was imported is verified, scored and previewed, or says why not."""
        return all(standing.worked == standing.total for standing in self.standings)


@dataclass(slots=True)
class Watched:
    """The campaigns that are looked at, and the last events seen."""

    campaign_ids: tuple[int, ...]
    events: deque[Event]
    seq: int = 0


async def look(client: CamdClient, watched: Watched, seconds: float) -> Scene:
    async for event in client.events(after=watched.seq):
        watched.events.append(event)
        watched.seq = event.seq
    standings = [await _standing(client, campaign_id) for campaign_id in watched.campaign_ids]
    return Scene(tuple(standings), tuple(watched.events), seconds)


async def _standing(client: CamdClient, campaign_id: int) -> Standing:
    # Each campaign of the bundled list has fewer leads than one page holds.
    campaign = await client.campaign(campaign_id)
    leads = (await client.leads(campaign_id, limit=MAX_LIMIT)).items
    mails = {preview.lead_id for preview in (await client.preview(campaign_id, limit=MAX_LIMIT)).items}
    return Standing(
        name=campaign.name,
        status=campaign.status,
        leads=Counter(lead.status for lead in leads),
        scored=sum(lead.score is not None for lead in leads),
        previewed=len(mails),
        worked=sum(_is_worked(lead, mails) for lead in leads),
        next_wake_at=campaign.next_cycle_at,
    )


def _is_worked(lead: Lead, mails: set[str]) -> bool:
    """Who has no mail to come and no instant at which to look again waits for a person: `why` says for what."""
    if lead.id in mails or lead.status is LeadStatus.LOST:
        return True
    return lead.score is not None and lead.next_action_at is None
