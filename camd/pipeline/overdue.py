"""What is more than a day late, as after an outage, is planned anew over the days to come and never sent in a burst."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from camd.domain.campaign import Campaign
from camd.domain.facts import TouchId
from camd.domain.send_window import local_day
from camd.domain.sequence import Due, send_order, spread_by_day
from camd.domain.token_bucket import LocalDay, QuotaScope
from camd.pipeline.gate import OVERDUE
from camd.pipeline.outreach import timing_of
from camd.pipeline.owners import lead_of
from camd.ports.records import Touch
from camd.ports.store import Tx

BATCH = 500
COUNTER = "overdue_replanned"


def plan_overdue_anew(tx: Tx, campaign: Campaign, now: datetime) -> Sequence[Touch]:
    """Spreads the late ones by the campaign's daily limit, the best first; answers them, a batch at most. All that
    were ever moved are counted for the campaign."""
    late = sorted(tx.touches.approved(campaign.id, now - OVERDUE, BATCH), key=_send_order)
    if not late:
        return ()
    definition = campaign.definition
    wanted = [_wanted(tx, campaign, touch, now) for touch in late]
    due = spread_by_day(wanted, definition.daily_email_limit, definition.timezone, _taken(tx, campaign, now))
    for touch in late:
        tx.touches.save(touch, replace(touch, due_at=due[touch.id], ready_at=due[touch.id]))
    tx.counters.add(campaign.id, COUNTER, len(late))
    return late


def _send_order(touch: Touch) -> tuple[bool, float, datetime]:
    return send_order(is_follow_up=touch.follow_up, score=touch.score, since=touch.due_at)


def _wanted(tx: Tx, campaign: Campaign, touch: Touch, now: datetime) -> Due[TouchId]:
    timing = timing_of(campaign, lead_of(tx, touch))
    return Due(touch.id, now, timing.window, timing.zone)


def _taken(tx: Tx, campaign: Campaign, now: datetime) -> Counter[date]:
    """Today's mails, and those that are planned for later."""
    zone = campaign.definition.timezone
    used = tx.quotas.used(QuotaScope.CAMPAIGN, str(campaign.id), LocalDay(zone).since(now))
    taken = Counter({local_day(now, zone): used})
    taken.update(local_day(at, zone) for at in tx.touches.ready_instants(campaign.id, now))
    return taken
