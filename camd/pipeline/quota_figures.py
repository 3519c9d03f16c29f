"""What the quotas allow and what was taken of them, summed up by scope for the gauges.

Only mailboxes, the instance and providers: there are few of each, whatever the number of campaigns and leads.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from camd.domain.send_window import local_day
from camd.domain.token_bucket import LocalDay, QuotaScope, Rolling
from camd.pipeline import credit_budget, send_quota
from camd.pipeline.context import Context
from camd.ports.store import Tx

_ONE_DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class QuotaSum:
    """`limit` is 0 where none is set."""

    limit: float
    used: float


def quota_sums(tx: Tx, ctx: Context, now: datetime) -> Mapping[QuotaScope, QuotaSum]:
    """Of the days that `now` lies in, and of the 24 hours just gone."""
    boxes, scope = ctx.settings.mailboxes.values(), QuotaScope.MAILBOX_DAY
    volume = sum(send_quota.volume_of(tx, box, local_day(now, box.timezone)) for box in boxes)
    days = [(scope, box.name, LocalDay(box.timezone).since(now)) for box in boxes]
    rolling = [(scope, box.name, Rolling(_ONE_DAY).since(now)) for box in boxes]
    credits_spent = sum(credit_budget.spent_today(tx, ctx, name, now) for name in ctx.credits_per_day)
    return {
        QuotaScope.MAILBOX_DAY: QuotaSum(volume, sum(tx.quotas.used_of(days))),
        QuotaScope.MAILBOX_24H: QuotaSum(volume, sum(tx.quotas.used_of(rolling))),
        QuotaScope.INSTANCE: QuotaSum(
            ctx.settings.limits.instance_daily or 0, send_quota.used_by_instance(tx, ctx.settings, now)
        ),
        QuotaScope.PROVIDER_CREDITS: QuotaSum(float(sum(ctx.credits_per_day.values())), float(credits_spent)),
    }
