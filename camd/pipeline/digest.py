"""The daily digest: what happened since the last one, what waits for a person, what goes out today."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from camd.domain.campaign import Campaign, CampaignStatus, Channel
from camd.domain.goals import goal_progress
from camd.domain.send_window import next_day_start
from camd.domain.token_bucket import LocalDay, QuotaScope
from camd.pipeline import evaluate
from camd.pipeline.context import Context
from camd.pipeline.mailboxes import unusable
from camd.pipeline.notices import Text, one_line
from camd.pipeline.send_quota import volume_left
from camd.pipeline.track import ANSWERS
from camd.ports.records import DeliveryFact, DeliveryScope, Listing, TouchStatus
from camd.ports.store import Tx

_TOLD = "told:"
_CAMPAIGNS = 500
_DUE_AT_MOST = 500
_FIRST_DAY = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Digest:
    """`seen` are the totals that the next digest subtracts, by campaign and name."""

    text: Text
    seen: Sequence[tuple[Campaign, Mapping[str, int]]]


def compose(tx: Tx, ctx: Context, now: datetime) -> Digest | None:
    """None on a day without news on which nobody has to do anything."""
    campaigns = [it for it in tx.campaigns.page(Listing(_CAMPAIGNS)) if it.status.status is not CampaignStatus.ARCHIVED]
    seen = [(campaign, _totals(tx, campaign)) for campaign in campaigns]
    news = [line for campaign, totals in seen if (line := _news(tx, campaign, totals))]
    waiting = list(_waiting(tx, campaigns))
    if not news and not waiting:
        return None
    today = [line for campaign in campaigns if (line := _today(tx, ctx, campaign, now))]
    chapters = (("Since the last digest", news), ("Waits for you", waiting), ("Goes out today", today))
    body = "\n\n".join("\n".join([f"{title}:", *lines]) for title, lines in chapters if lines)
    return Digest(Text("[camd] The day so far", f"{body}\n"), seen)


def remember(tx: Tx, digest: Digest) -> None:
    """The next digest tells what came after this one."""
    for campaign, totals in digest.seen:
        for name, total in totals.items():
            tx.counters.put(campaign.id, f"{_TOLD}{name}", total)


def _totals(tx: Tx, campaign: Campaign) -> Mapping[str, int]:
    figures = evaluate.goal_figures(campaign, tx.leads.tallies(campaign.id))
    delivered = tx.deliveries.since(DeliveryScope.CAMPAIGN, str(campaign.id), _FIRST_DAY)
    return {
        "sent": delivered[DeliveryFact.SENT],
        "answers": tx.counters.get(campaign.id, ANSWERS),
        "qualified": figures.qualified,
        "won": figures.won,
    }


def _news(tx: Tx, campaign: Campaign, totals: Mapping[str, int]) -> str | None:
    changes = {name: total - tx.counters.get(campaign.id, f"{_TOLD}{name}") for name, total in totals.items()}
    if not any(changes.values()):
        return None
    told = ", ".join(f"{name} {change:+d}" for name, change in changes.items() if change)
    figures = evaluate.goal_figures(campaign, tx.leads.tallies(campaign.id))
    progress = goal_progress(campaign.definition, figures)
    goal = f"; goal reached to {progress:.0%}" if progress is not None else ""
    return f"- {one_line(campaign.definition.name)}: {told}{goal}"


def _waiting(tx: Tx, campaigns: Sequence[Campaign]) -> Iterator[str]:
    for campaign in campaigns:
        for channel, what in ((Channel.EMAIL, "mails to approve"), (Channel.TASK, "tasks to do")):
            planned = tx.touches.planned(campaign.id, channel, _DUE_AT_MOST)
            if planned:
                first = min((touch.created_at for touch in planned if touch.created_at), default=None)
                yield f"- {one_line(campaign.definition.name)}: {len(planned)} {what}{_since(first)}"
    if count := tx.inbox.count_waiting():
        yield f"- {count} answers to judge{_since(tx.inbox.oldest_waiting())}: camd inbox list --waiting"
    if count := tx.touches.count(TouchStatus.UNKNOWN):
        since = _since(tx.touches.oldest_unknown())
        yield f"- {count} mails of which nobody knows{since}: camd touches list --status unknown"


def _today(tx: Tx, ctx: Context, campaign: Campaign, now: datetime) -> str | None:
    """How many at most, and what binds: arithmetic, not a forecast."""
    definition = campaign.definition
    if not campaign.is_active or definition.dry_run or ctx.settings.engine.dry_run:
        return None
    due = len(tx.touches.ready_of(campaign.id, next_day_start(now, definition.timezone), _DUE_AT_MOST))
    used = tx.quotas.used(QuotaScope.CAMPAIGN, str(campaign.id), LocalDay(definition.timezone).since(now))
    boxes = ctx.settings.mailboxes
    usable = [name for name in definition.mailboxes or boxes if name in boxes and not unusable(tx, boxes, name, now)]
    bounds = {
        "no more is due": due,
        f"the campaign's limit of {definition.daily_email_limit}": max(definition.daily_email_limit - used, 0),
        "the mailboxes' volume": sum(max(volume_left(tx, boxes[name], now), 0) for name in usable),
    }
    binding = min(bounds, key=lambda name: bounds[name])
    return f"- {one_line(definition.name)}: at most {bounds[binding]} ({binding})"


def _since(at: datetime | None) -> str:
    return f", the first since {at:%Y-%m-%d}" if at else ""
