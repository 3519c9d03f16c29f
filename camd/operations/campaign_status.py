"""Activate, pause, resume, archive. Asking for the status that a campaign has changes nothing."""

from dataclasses import replace
from datetime import datetime

from camd.domain.campaign import Campaign, CampaignStatus, StatusChange, StatusReason, Verb, moved
from camd.domain.events import Event, EventType
from camd.domain.goals import mute_for
from camd.operations import campaign_views
from camd.operations.campaign_checks import require_startable
from camd.operations.campaigns import Stored
from camd.operations.desk import Desk, find_campaign
from camd.pipeline.evaluate import delivered_lately, goal_figures
from camd.ports.store import StaleWrite, Tx
from camd.telemetry.logs import get_log

log = get_log()

_EVENTS = {
    Verb.ACTIVATE: EventType.CAMPAIGN_ACTIVATED,
    Verb.PAUSE: EventType.CAMPAIGN_PAUSED,
    Verb.RESUME: EventType.CAMPAIGN_RESUMED,
    Verb.ARCHIVE: EventType.CAMPAIGN_ARCHIVED,
}
_STARTS = frozenset({Verb.ACTIVATE, Verb.RESUME})


async def move(desk: Desk, ref: str | int, verb: Verb, *, actor: str) -> Stored:
    """Raises `Conflict` for a move that the status does not allow, and for a campaign that cannot be worked with.

    A rule that had paused the campaign is muted when a person starts it again (`domain.goals.mute_for`).
    """

    read = await desk.read(lambda tx: find_campaign(tx, ref))
    if verb in _STARTS and not read.is_active:
        await require_startable(desk, read.definition)

    def unit(tx: Tx) -> Stored:
        before, now = find_campaign(tx, read.id), desk.now()
        target = moved(before.status.status, verb)
        if target is before.status.status:
            return Stored(campaign_views.detail(tx, desk, before))
        if before.definition != read.definition:
            raise StaleWrite("the definition was changed since it was checked")
        saved = tx.campaigns.save(_after(tx, before, target, actor, now))
        reason = saved.status.reason
        data = {"from": before.status.status.value} | ({"reason": reason.value} if reason else {})
        tx.ledger.append(Event(_EVENTS[verb], now, actor, saved.id, data=data))
        if target is CampaignStatus.ARCHIVED:
            tx.previews.drop_campaign(saved.id)
        return Stored(campaign_views.detail(tx, desk, saved), changed=True)

    stored = await desk.write(unit)
    if stored.changed:
        after = stored.campaign
        log.info("campaign.status_changed", campaign_id=after.id, status=after.status, reason=after.status_reason)
        desk.doorbells.roster.ring()
        desk.doorbells.ring(read.id)
        desk.doorbells.ring_outboxes()
    return stored


def _after(tx: Tx, before: Campaign, target: CampaignStatus, actor: str, now: datetime) -> Campaign:
    reason = StatusReason.OPERATOR if target is CampaignStatus.PAUSED else None
    after = replace(before, status=StatusChange(target, reason, actor, now), updated_at=now)
    if target is not CampaignStatus.ACTIVE:
        return after
    return replace(after, next_cycle_at=now, mutes=_mutes(tx, before, now))


def _mutes(tx: Tx, paused: Campaign, now: datetime) -> dict[str, float]:
    mutes = dict(paused.mutes)
    if paused.status.status is CampaignStatus.PAUSED and paused.status.reason is not None:
        figures = goal_figures(paused, tx.leads.tallies(paused.id), delivered_lately(tx, paused, now))
        if muted := mute_for(paused.status.reason, paused.definition, figures, now):
            mutes[muted[0]] = muted[1]
    return mutes
