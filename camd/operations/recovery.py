"""The recovery hold: nothing is sent while it stands. A start begins it, or a person; only a person ends it."""

from camd.domain.events import Event, EventType
from camd.operations.desk import Desk
from camd.ports.records import Recovery
from camd.ports.store import Tx
from camd.schema.status import Recovery as RecoveryView
from camd.telemetry.logs import get_log

log = get_log()

_BY_HAND = "A person asked for it."


async def status(desk: Desk) -> RecoveryView:
    return await desk.read(view)


async def hold(desk: Desk, *, actor: str) -> RecoveryView:
    """As before a snapshot of the machine is rolled back. A hold that stands stays as it is."""

    def unit(tx: Tx) -> bool:
        if tx.instance.recovery().hold:
            return False
        now = desk.now()
        tx.instance.set_recovery(Recovery(True, _BY_HAND, now, actor))
        tx.ledger.append(Event(EventType.RECOVERY_HELD, now, actor, data={"reason": "by_hand"}))
        return True

    if await desk.write(unit):
        desk.context.metrics.recovery_hold.set(1)
        log.error("recovery.hold_entered", reason="by_hand", actor=actor)
    return await status(desk)


async def release(desk: Desk, *, actor: str) -> RecoveryView:
    """Mails go out again. What is held lead by lead stays held; without a hold it changes nothing."""

    def unit(tx: Tx) -> bool:
        standing = tx.instance.recovery()
        if not standing.hold:
            return False
        tx.instance.set_recovery(Recovery())
        data = dict(standing.figures)
        tx.ledger.append(Event(EventType.RECOVERY_RELEASED, desk.now(), actor, data=data))
        return True

    if await desk.write(unit):
        desk.context.metrics.recovery_hold.set(0)
        log.info("recovery.hold_released", actor=actor)
        desk.doorbells.ring_all()
    return await status(desk)


def view(tx: Tx) -> RecoveryView:
    standing = tx.instance.recovery()
    return RecoveryView(
        hold=standing.hold, reason=standing.reason, since=standing.since, figures=dict(standing.figures)
    )
