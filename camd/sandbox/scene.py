"""How far the demonstration is, asked of the API as any other caller would."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from camd.client import CamdClient
from camd.domain.campaign import AutonomyMode, CampaignStatus, Channel, StatusReason
from camd.domain.events import EventType
from camd.domain.lead import LeadStatus
from camd.ports.records import TouchStatus
from camd.sandbox.mail_world import MailFigures
from camd.schema.event import Event
from camd.schema.inbound import Inbound
from camd.schema.lead import Lead
from camd.schema.page import MAX_LIMIT
from camd.schema.status import MailboxState

HAPPENINGS_SHOWN = 6
ANSWERS_SHOWN = 6
SHOWN = frozenset(
    {
        EventType.CAMPAIGN_WENT_LIVE,
        EventType.CAMPAIGN_PAUSED,
        EventType.CAMPAIGN_COMPLETED,
        EventType.GOAL_REACHED,
        EventType.LEAD_QUALIFIED,
        EventType.LEAD_LOST,
        EventType.LEAD_HELD,
        EventType.TOUCH_SENT,
        EventType.TOUCH_REJECTED,
        EventType.TOUCH_DEFERRED,
        EventType.TOUCH_UNKNOWN,
        EventType.TOUCH_RESOLVED,
        EventType.MAILBOX_DEGRADED,
        EventType.MAILBOX_RECOVERED,
        EventType.QUOTA_EXHAUSTED,
        EventType.SUPPRESSION_ADDED,
        EventType.KILLSWITCH_ON,
        EventType.KILLSWITCH_OFF,
        EventType.ACTOR_CRASHED,
        EventType.ACTOR_PARKED,
    }
)
"""What is worth a line; the others come by the hundred."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look while it runs."""

    url: str
    socket: Path
    folder: Path
    config_file: Path
    arrivals: Path
    notices: Path


@dataclass(frozen=True, slots=True)
class Standing:
    """One campaign. `reason` says why it has its status, where a rule set it. `touches` counts what became of its
    mails, `waiting` those that a person has to approve. `clients` are the qualified and won of `target_clients`."""

    id: int
    name: str
    status: CampaignStatus
    reason: StatusReason | None
    is_dry: bool
    leads: Mapping[LeadStatus, int]
    held: int
    clients: int
    target_clients: int | None
    sent_today: int
    daily_limit: int
    touches: Mapping[EventType, int]
    waiting: int


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of the ledger; `person` is whom it happened to, who stands nowhere in the ledger itself."""

    event: Event
    person: str | None


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that came in, and whose."""

    inbound: Inbound
    person: str | None


@dataclass(frozen=True, slots=True)
class Scene:
    """`seconds` since the daemon was ready; `mail` is what the mail world says it got. `heard` are the last messages
    that came in, the newest last, and `for_review` is how many wait for a person to judge them."""

    standings: Sequence[Standing]
    mailboxes: Sequence[MailboxState]
    happenings: Sequence[Happening]
    heard: Sequence[Heard]
    for_review: int
    mail: MailFigures
    seconds: float


def _newest() -> deque[Event]:
    return deque(maxlen=HAPPENINGS_SHOWN)


@dataclass(slots=True)
class Watched:
    """The campaigns that are looked at, what became of their mails so far, and the last events worth a line."""

    campaign_ids: tuple[int, ...]
    touches: Mapping[int | None, Counter[EventType]]
    newest: deque[Event] = field(default_factory=_newest)
    seq: int = 0

    @classmethod
    def these(cls, campaign_ids: Sequence[int]) -> "Watched":
        return cls(tuple(campaign_ids), {campaign_id: Counter() for campaign_id in campaign_ids})

    def take(self, event: Event) -> None:
        self.seq = event.seq
        if event.touch_id is not None and event.campaign_id in self.touches:
            self.touches[event.campaign_id][event.type] += 1
        if event.type in SHOWN:
            self.newest.append(event)


async def look(client: CamdClient, watched: Watched, mail: MailFigures, seconds: float) -> Scene:
    async for event in client.events(after=watched.seq):
        watched.take(event)
    standings: list[Standing] = []
    people: dict[str, str] = {}
    for campaign_id in watched.campaign_ids:
        # Each campaign of the bundled list has fewer leads than one page holds.
        leads = (await client.leads(campaign_id, limit=MAX_LIMIT)).items
        people |= {lead.id: _name(lead) for lead in leads}
        standings.append(await _standing(client, campaign_id, leads, watched.touches[campaign_id]))
    status = await client.status()
    newest = (await client.inbox(limit=ANSWERS_SHOWN)).items
    return Scene(
        standings,
        status.mailboxes,
        [Happening(event, people.get(event.lead_id or "")) for event in watched.newest],
        [Heard(inbound, people.get(inbound.lead_id or "")) for inbound in reversed(newest)],
        status.waiting.inbox,
        mail,
        seconds,
    )


async def _standing(
    client: CamdClient, campaign_id: int, leads: Sequence[Lead], touches: Mapping[EventType, int]
) -> Standing:
    campaign = await client.campaign(campaign_id)
    waiting = 0
    if campaign.autonomy.mode is AutonomyMode.APPROVE:
        page = await client.touches(
            status=TouchStatus.PLANNED, campaign=campaign_id, channel=Channel.EMAIL, limit=MAX_LIMIT
        )
        waiting = len(page.items)
    return Standing(
        id=campaign.id,
        name=campaign.name,
        status=campaign.status,
        reason=campaign.status_reason,
        is_dry=campaign.dry_run,
        leads=Counter(lead.status for lead in leads),
        held=sum(bool(lead.holds) for lead in leads),
        clients=campaign.qualified_leads + campaign.won_leads,
        target_clients=campaign.target_clients,
        sent_today=campaign.sent_today,
        daily_limit=campaign.daily_email_limit,
        touches=dict(touches),
        waiting=waiting,
    )


def _name(lead: Lead) -> str:
    return " ".join(filter(None, (lead.first_name, lead.last_name))) or lead.email or lead.id
