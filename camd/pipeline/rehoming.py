"""First mails that were planned for a mailbox which cannot be used go to another one of their campaign."""

from dataclasses import replace
from datetime import datetime

from camd.domain.facts import TouchId
from camd.pipeline.context import Context
from camd.pipeline.mailboxes import choose_mailbox, volumes_left
from camd.pipeline.owners import campaign_of, lead_of
from camd.ports.records import Touch
from camd.ports.store import Tx

BATCH = 200


def give_away(tx: Tx, ctx: Context, mailbox: str, after: TouchId | None, now: datetime) -> tuple[int, TouchId | None]:
    """Moves a batch of them, in the order of their ids from `after` on; answers how many could be moved, and where to
    go on, none at the end. What no other mailbox may take stays where it is."""
    touches = tx.touches.unbound(mailbox, after, BATCH)
    left = volumes_left(tx, ctx.settings.mailboxes, now)
    left.pop(mailbox, None)
    moved = sum(_move(tx, ctx, touch, left) for touch in touches)
    return moved, touches[-1].id if len(touches) == BATCH else None


def _move(tx: Tx, ctx: Context, touch: Touch, left: dict[str, int]) -> bool:
    chosen = choose_mailbox(ctx.settings.mailboxes, left, campaign_of(tx, touch), lead_of(tx, touch), ())
    if chosen not in left:
        return False
    left[chosen] -= 1
    tx.touches.save(touch, replace(touch, mailbox=chosen))
    return True
