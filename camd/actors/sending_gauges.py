"""The gauges of what is to be sent and may be: quotas, mailboxes, mails that are due."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from camd.domain.token_bucket import QuotaScope
from camd.pipeline.context import Context
from camd.pipeline.mailboxes import unusable
from camd.pipeline.quota_figures import QuotaSum, quota_sums
from camd.ports.store import Tx


@dataclass(frozen=True, slots=True)
class _Figures:
    """What one read of the store gives."""

    quotas: Mapping[QuotaScope, QuotaSum]
    usable: Mapping[str, bool]
    due: int


async def set_sending_gauges(ctx: Context) -> None:
    """Raises `StoreUnavailable`."""
    metrics = ctx.metrics
    figures = await ctx.store.read(partial(_figures, ctx=ctx))
    for scope, quota in figures.quotas.items():
        metrics.quota_limit.labels(scope).set(quota.limit)
        metrics.quota_used.labels(scope).set(quota.used)
    for mailbox, is_usable in figures.usable.items():
        metrics.mailbox_usable.labels(mailbox).set(is_usable)
    metrics.touches_due.set(figures.due)


def _figures(tx: Tx, ctx: Context) -> _Figures:
    now, boxes = ctx.clock.now(), ctx.settings.mailboxes
    return _Figures(
        quotas=quota_sums(tx, ctx, now),
        usable={name: unusable(tx, boxes, name, now) is None for name in boxes},
        due=sum(tx.touches.count_due(name, now) for name in tx.touches.waiting_mailboxes()),
    )
