"""What is to come in a campaign: why it waits, in words, and how many mails its limits still allow today."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from camd.domain import planned_days, wait_words
from camd.domain.campaign import Campaign
from camd.domain.lead import HoldReason
from camd.domain.planned_days import Mails
from camd.domain.run_mode import DryReason, RunMode, run_mode
from camd.domain.send_window import next_day_start, next_open
from camd.domain.tally import HOLD
from camd.domain.token_bucket import LocalDay, QuotaScope
from camd.operations import campaign_views, mailboxes
from camd.operations.desk import Desk, find_campaign
from camd.operations.planned_mails import Days, due_of, planned_day, room_of, zone_evidence
from camd.pipeline.outreach import APPROVAL
from camd.pipeline.send_quota import used_by_instance
from camd.pipeline.waiting import NOTHING_DUE, standing, waiting_for
from camd.ports.store import Tx
from camd.schema.outlook import OUTLOOK_DAYS, CampaignOutlook, Wait
from camd.schema.status import MailboxState, MailboxStatus


async def of_campaign(desk: Desk, ref: str | int) -> CampaignOutlook:
    return await desk.read(lambda tx: _View.of(tx, desk, find_campaign(tx, ref)).told())


@dataclass(frozen=True, slots=True)
class _View:
    """A campaign with all that decides whether a mail of it may go now. `boxes` are its mailboxes by name."""

    tx: Tx
    desk: Desk
    campaign: Campaign
    now: datetime
    zone: str
    mode: RunMode
    sent: int
    boxes: Mapping[str, MailboxState]
    instance_used: int
    days: Days
    room: Sequence[int]
    going: Sequence[Mails]

    @classmethod
    def of(cls, tx: Tx, desk: Desk, campaign: Campaign) -> "_View":
        now, zone, names = desk.now(), campaign_views.zone_of(campaign), campaign.definition.mailboxes
        days = Days.of(zone, now)
        sent = campaign_views.sent_today(tx, [campaign], now)[campaign.id]
        due = due_of(tx, [campaign], days).get(campaign.id) or [Mails()] * OUTLOOK_DAYS
        room = room_of(campaign, sent, days, due, now)
        return cls(
            tx=tx,
            desk=desk,
            campaign=campaign,
            now=now,
            zone=zone,
            mode=run_mode(campaign, instance_dry=desk.context.settings.engine.dry_run, call_dry=False),
            sent=sent,
            boxes={box.name: box for box in mailboxes.states(tx, desk) if not names or box.name in names},
            instance_used=used_by_instance(tx, desk.context.settings, now),
            days=days,
            room=room,
            going=planned_days.spread(due, room),
        )

    @property
    def limit(self) -> int:
        return self.campaign.definition.daily_email_limit

    @property
    def instance_limit(self) -> int:
        """0 for none."""
        return self.desk.context.settings.limits.instance_daily

    @property
    def is_instance_full(self) -> bool:
        return bool(self.instance_limit) and self.instance_used >= self.instance_limit

    @property
    def opens_at(self) -> datetime:
        return next_open(self.now, self.campaign.definition.window, zone_evidence(self.campaign))

    def left_today(self) -> int:
        usable = (box for box in self.boxes.values() if box.status is MailboxStatus.USABLE)
        left = min(self.limit - self.sent, sum(max(0, box.limit_today - box.used_today) for box in usable))
        return max(0, min(left, self.instance_limit - self.instance_used) if self.instance_limit else left)

    def told(self) -> CampaignOutlook:
        waits = self._waits()
        is_stopped = self.mode.dry or any(wait.reason in _STOPS for wait in waits)
        return CampaignOutlook(
            campaign_id=self.campaign.id,
            at=self.now,
            timezone=self.zone,
            waits=waits,
            left_today=self.left_today(),
            next_mail_at=None if is_stopped else self._next_mail_at(),
            planned=[planned_day(self.days.day(place), mails) for place, mails in enumerate(self.going)],
        )

    def _next_mail_at(self) -> datetime | None:
        """When the soonest mail may go as far as window and limits tell."""
        ready_at = self.tx.touches.next_of(self.campaign.id)
        if ready_at is None or not self.boxes:
            return None
        at = max(ready_at, self.now)
        if at < self.days.ends[0] and not self.left_today():
            at = next_day_start(self.now, self.zone)
        if at == self.now or at > ready_at:
            at = next_open(at, self.campaign.definition.window, zone_evidence(self.campaign))
        return at

    def _waits(self) -> list[Wait]:
        found = standing(self.tx, self.campaign.id)
        waiting = waiting_for(found, self.mode, gate_closed=bool(self.desk.context.gate.closures()))
        told = [Wait(reason=reason, leads=count, text=self._text(reason, count)) for reason, count in waiting.items()]
        if not self.mode.dry and _STOPS.isdisjoint(waiting):
            told += self._mail_waits()
        if not told:
            text = wait_words.nothing_due(self._next_mail_at(), self.zone)
            told.append(Wait(reason=NOTHING_DUE, leads=1, text=text))
        return told

    def _text(self, reason: str, count: int) -> str:
        kind, _, name = reason.partition(":")
        match kind:
            case DryReason.INSTANCE:
                return wait_words.DRY_INSTANCE
            case DryReason.CAMPAIGN:
                return wait_words.DRY_CAMPAIGN
            case DryReason.NOT_ACTIVE:
                return wait_words.not_active(self.campaign.status.status, self.campaign.status.reason)
            case "kill_switch":
                return wait_words.stopped("the kill switch is on", self.tx.instance.kill_switch().reason)
            case "recovery_hold":
                return wait_words.RECOVERY
            case "gate_closed":
                reasons = sorted(closure.reason.replace("_", " ") for closure in self.desk.context.gate.closures())
                return wait_words.stopped("the send gate is closed", ", ".join(reasons))
            case "provider":
                rest = self.desk.context.providers.degraded().get(name)
                return wait_words.provider(name, count, rest.until if rest else None, self.zone)
            case "hold":
                return wait_words.held(HoldReason(name), count)
            case _ if reason == APPROVAL:
                return wait_words.approval(count)
            case _ if reason == f"quota:{QuotaScope.PROVIDER_CREDITS}":
                return wait_words.credits_used_up(count)
            case _:
                return wait_words.other(reason, count, "lead")

    def _mail_waits(self) -> Iterator[Wait]:
        """What keeps the mails that are ready, and why others were put off."""
        put_off: dict[str, tuple[int, datetime | None]] = {}
        ready: dict[str, int] = {}
        for mails in self.tx.touches.standing_of(self.campaign.id, self.now):
            if mails.is_ready:
                ready[mails.mailbox] = ready.get(mails.mailbox, 0) + mails.mails
            elif mails.reason is not None:
                number, at = put_off.get(mails.reason, (0, None))
                put_off[mails.reason] = number + mails.mails, _sooner(at, mails.first_at)
        if self.sent >= self.limit and self.tx.touches.next_of(self.campaign.id) is not None:
            number = max(1, sum(ready.values()))
            yield Wait(reason=f"quota:{QuotaScope.CAMPAIGN}", leads=number, text=self._campaign_limit())
        elif ready:
            yield from self._of_ready(ready)
        for reason, (number, at) in sorted(put_off.items()):
            if not reason.startswith(HOLD):  # told of with the leads that are held
                yield Wait(reason=reason, leads=number, text=self._put_off(reason, number, at))

    def _put_off(self, reason: str, number: int, at: datetime | None) -> str:
        match reason:
            case "deferred":
                return wait_words.deferred(number, at, self.zone)
            case "window" if at is not None:
                return wait_words.window(at, self.zone)
            case _ if reason.startswith("mailbox:"):
                return self._mailbox(reason.removeprefix("mailbox:"))
            case _:
                return wait_words.other(reason, number, "mail")

    def _of_ready(self, ready: Mapping[str, int]) -> Iterator[Wait]:
        everything = sum(ready.values())
        if self.opens_at > self.now:
            yield Wait(reason="window", leads=everything, text=wait_words.window(self.opens_at, self.zone))
        elif self.is_instance_full:
            text = wait_words.instance_limit(self.instance_used, self.instance_limit)
            yield Wait(reason=f"quota:{QuotaScope.INSTANCE}", leads=everything, text=text)
        else:
            yield from self._of_mailboxes(ready)

    def _of_mailboxes(self, ready: Mapping[str, int]) -> Iterator[Wait]:
        paced = 0
        for name, mails in sorted(ready.items()):
            box = self.boxes.get(name)
            if box is None or box.status is not MailboxStatus.USABLE:
                yield Wait(reason=f"mailbox:{name}", leads=mails, text=self._mailbox(name))
            elif box.used_today >= box.limit_today:
                text = wait_words.mailbox_limit(
                    name,
                    box.used_today,
                    box.limit_today,
                    box.limit_tomorrow,
                    is_in_ramp=box.limit_today < box.daily_limit,
                )
                yield Wait(reason=f"quota:{QuotaScope.MAILBOX_DAY}", leads=mails, text=text)
            else:
                paced += mails
        if paced:
            yield Wait(reason=f"quota:{QuotaScope.MAILBOX_PACE}", leads=paced, text=wait_words.mailbox_pace(paced))

    def _mailbox(self, name: str) -> str:
        box = self.boxes.get(name)
        detail = (box.detail or box.inbox_detail) if box else "it is not configured any more"
        return wait_words.mailbox_unusable(name, detail)

    def _campaign_limit(self) -> str:
        since = LocalDay(self.zone).since(self.now)
        begun = (self.tx.touches.begun_since(self.campaign.id, name, since) for name in self.boxes)
        follow_ups = min(self.limit, sum(of_them for _, of_them in begun))
        place = planned_days.next_with_room(self.going, self.room)
        return wait_words.campaign_limit(self.limit, follow_ups, None if place is None else self.days.day(place))


_STOPS = frozenset({"kill_switch", "recovery_hold", "gate_closed"})


def _sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at is not None), default=None)
