"""The mails of the days to come, as far as they are planned and the campaigns' own limits let them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from camd.domain import planned_days
from camd.domain.campaign import Campaign, CampaignStatus
from camd.domain.facts import CampaignId
from camd.domain.planned_days import Mails
from camd.domain.send_window import day_bounds, local_day, next_open
from camd.domain.zones import Evidence, ZoneEvidence
from camd.operations import campaign_views
from camd.operations.desk import Desk
from camd.ports.records import DueMails, Listing
from camd.ports.store import Tx
from camd.schema.outlook import OUTLOOK_DAYS, InstanceOutlook, PlannedDay

_AT_ONCE = 500


async def of_instance(desk: Desk) -> InstanceOutlook:
    return await desk.read(lambda tx: _instance(tx, desk))


@dataclass(frozen=True, slots=True)
class Days:
    """The local days of a zone that are told of, with the instants at which they end."""

    first: date
    start: datetime
    ends: tuple[datetime, ...]

    @classmethod
    def of(cls, zone: str, now: datetime) -> "Days":
        today = local_day(now, zone)
        ends = tuple(day_bounds(today + timedelta(days=place), zone)[1] for place in range(OUTLOOK_DAYS))
        return cls(today, day_bounds(today, zone)[0], ends)

    def day(self, place: int) -> date:
        return self.first + timedelta(days=place)


def due_of(tx: Tx, campaigns: Sequence[Campaign], days: Days) -> Mapping[CampaignId, list[Mails]]:
    """What is due on each of the days, of campaigns that live by the same ones: previews where a dry run planned."""
    counted: dict[CampaignId, list[Mails]] = defaultdict(lambda: [Mails()] * OUTLOOK_DAYS)
    for found in _found(tx, campaigns, days):
        counted[found.campaign_id][found.place] += Mails(found.mails - found.follow_ups, found.follow_ups)
    return counted


def _found(tx: Tx, campaigns: Sequence[Campaign], days: Days) -> Iterator[DueMails]:
    for ids in _some([campaign.id for campaign in campaigns if campaign.planned_dry]):
        yield from tx.previews.due_by_day(ids, days.start, days.ends)
    for ids in _some([campaign.id for campaign in campaigns if not campaign.planned_dry]):
        yield from tx.touches.due_by_day(ids, days.ends)


def _some(ids: Sequence[CampaignId]) -> Iterator[Sequence[CampaignId]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]


def room_of(campaign: Campaign, sent: int, days: Days, due: Sequence[Mails], now: datetime) -> list[int]:
    """What the campaign's own limit lets out on each day; none on a day off on which nothing is due."""
    definition, window = campaign.definition, campaign.definition.window
    is_over = next_open(now, window, zone_evidence(campaign)) >= days.ends[0]
    room = []
    for place, mails in enumerate(due):
        works = window.includes(days.day(place), None) or mails != Mails()
        left = definition.daily_email_limit if place else (0 if is_over else definition.daily_email_limit - sent)
        room.append(max(0, left) if works else 0)
    return room


def zone_evidence(campaign: Campaign) -> ZoneEvidence:
    return ZoneEvidence(campaign_views.zone_of(campaign), Evidence.CAMPAIGN)


def _instance(tx: Tx, desk: Desk) -> InstanceOutlook:
    now = desk.now()
    going: dict[date, Mails] = defaultdict(Mails)
    by_zone: dict[str, list[Campaign]] = defaultdict(list)
    for campaign in _active(tx):
        by_zone[campaign_views.zone_of(campaign)].append(campaign)
    for zone, campaigns in by_zone.items():
        days = Days.of(zone, now)
        due, sent = due_of(tx, campaigns, days), campaign_views.sent_today(tx, campaigns, now)
        for campaign in campaigns:
            if campaign.id in due:
                room = room_of(campaign, sent[campaign.id], days, due[campaign.id], now)
                for place, mails in enumerate(planned_days.spread(due[campaign.id], room)):
                    going[days.day(place)] += mails
    first = min(
        (local_day(now, zone) for zone in by_zone), default=local_day(now, desk.context.settings.engine.timezone)
    )
    every = (first + timedelta(days=place) for place in range(OUTLOOK_DAYS))
    return InstanceOutlook(at=now, planned=[planned_day(day, going[day]) for day in every])


def _active(tx: Tx) -> Iterator[Campaign]:
    before: str | None = None
    while found := tx.campaigns.page(Listing(_AT_ONCE, before), CampaignStatus.ACTIVE):
        yield from found
        before = str(found[-1].id)


def planned_day(day: date, mails: Mails) -> PlannedDay:
    return PlannedDay(day=day, first=mails.first, follow_ups=mails.follow_ups)
